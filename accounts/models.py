"""Organisations, users, what they have connected, and the short-lived things of signing in and connecting.

Every row knows its organisation. Connection:

    (none) ──► active ──► needs_reconnect ──► active        the grant was refused upstream; tokens are kept
                  │              │
                  └──────────────┴──► disconnected ──► active      the person said so; tokens are forgotten
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower, Now

from accounts.fields import EncryptedTextField
from permissions.models import Principal, Resource
from permissions.services import create_principal


class System(models.TextChoices):
    SALESFORCE = "salesforce"
    MICROSOFT = "microsoft"


class Organisation(models.Model):
    """A customer: the root of its tree of resources, and the border that nothing crosses."""

    RESOURCE_FIELD = "resource"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    resource = models.OneToOneField(Resource, on_delete=models.PROTECT, related_name="organisation")
    provision_users = models.BooleanField(
        default=False, help_text="Give people of the organisation's Microsoft tenants a user at their first sign-in."
    )
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class MicrosoftTenant(models.Model):
    """A provisioned Entra tenant: tokens of no other are taken."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="microsoft_tenants")
    tenant_id = models.CharField(max_length=36, unique=True)

    def __str__(self) -> str:
        return self.tenant_id


class UserManager(BaseUserManager["User"]):
    """Finds users by address, whatever its case. Users of an organisation are made by `services.create_user`."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    @transaction.atomic
    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        """An operator: signs in to the administration pages, belongs to no organisation."""
        user = self.model(
            email=self.normalize_email(email),
            principal=create_principal(Principal.Kind.USER),
            is_staff=True,
            is_superuser=True,
            **extra,
        )
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person. `microsoft_tenant_id` and `microsoft_oid` are who Microsoft says it is; an address never is."""

    RESOURCE_FIELD = "resource"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.CASCADE, related_name="users"
    )
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True)
    principal = models.OneToOneField(Principal, on_delete=models.PROTECT, related_name="user")
    resource = models.OneToOneField(Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="user")
    microsoft_tenant_id = models.CharField(max_length=36, blank=True)
    microsoft_oid = models.CharField(max_length=36, blank=True)
    salesforce_username = models.CharField(
        max_length=255, blank=True, help_text="The one Salesforce user that may be connected; empty: any."
    )
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    is_superuser = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    objects = UserManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique_whatever_its_case"),
            models.UniqueConstraint(
                fields=["microsoft_tenant_id", "microsoft_oid"],
                condition=~Q(microsoft_oid=""),
                name="one_user_for_a_microsoft_identity",
            ),
            models.CheckConstraint(
                name="only_operators_have_no_organisation",
                condition=Q(organisation__isnull=False, resource__isnull=False)
                | Q(organisation__isnull=True, resource__isnull=True, is_staff=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """For the admin site alone: its pages are for superusers. Everything else asks `permissions.policy`."""
        return self.is_active and self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_superuser


class InternalDomain(models.Model):
    """A domain whose addresses, with those of its subdomains, are the organisation's own people."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="internal_domains")
    domain = models.CharField(max_length=253)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "domain"], name="internal_domain_once")
        ]

    def __str__(self) -> str:
        return self.domain


class AddressAlias(models.Model):
    """A further address of a user."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="address_aliases")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="aliases")
    address = models.CharField(max_length=254)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "address"], name="alias_once")]

    def __str__(self) -> str:
        return f"alias {self.pk}"


class BlockEntry(models.Model):
    """An address or a domain that is never matched: for the whole organisation, or for one user."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="block_entries")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="block_entries")
    value = models.CharField(max_length=254)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "user", "value"], nulls_distinct=False, name="block_entry_once"
            )
        ]

    def __str__(self) -> str:
        return f"block entry {self.pk}"


class SalesforceOrg(models.Model):
    """A Salesforce org that users of the organisation have connected. `shape`: what the org offers, read from it."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="salesforce_orgs")
    org_id = models.CharField(max_length=18)
    instance_url = models.CharField(max_length=255)
    shape = models.JSONField(default=dict, blank=True)
    shape_read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "org_id"], name="salesforce_org_once")]

    def __str__(self) -> str:
        return self.org_id


class DataKey(models.Model):
    """A key that seals an organisation's secrets, itself wrapped by the key `key_id` of ALONGSIDE_KEYS."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="data_keys")
    number = models.PositiveIntegerField()
    wrapped = models.BinaryField()
    key_id = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "number"], name="data_key_number")]

    def __str__(self) -> str:
        return f"data key {self.number}"


class Connection(models.Model):
    """A user's grant to act as them in one system. Its secrets are opened by the token broker."""

    RESOURCE_FIELD = "resource"

    class State(models.TextChoices):
        ACTIVE = "active"
        NEEDS_RECONNECT = "needs_reconnect"
        DISCONNECTED = "disconnected"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="connections")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="connections")
    system = models.CharField(max_length=16, choices=System.choices)
    state = models.CharField(max_length=16, choices=State.choices, default=State.DISCONNECTED)
    resource = models.OneToOneField(Resource, on_delete=models.PROTECT, related_name="connection")
    salesforce_org = models.ForeignKey(
        SalesforceOrg, null=True, blank=True, on_delete=models.PROTECT, related_name="connections"
    )
    external_user_id = models.CharField(max_length=64, blank=True)
    external_username = models.CharField(max_length=255, blank=True)
    instance_url = models.CharField(max_length=255, blank=True)
    access_token = EncryptedTextField()
    access_expires_at = models.DateTimeField(null=True, blank=True)  # Salesforce does not say
    refresh_token = EncryptedTextField()
    token_cache = EncryptedTextField()  # MSAL's, as JSON
    token_number = models.PositiveIntegerField(default=0)  # grows with every token that is stored
    # Who is asking the provider for the next token, until when at most.
    renewal_claim = models.UUIDField(null=True, blank=True, editable=False)
    renewal_until = models.DateTimeField(null=True, blank=True, editable=False)
    connected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "system"], name="one_connection_for_a_user_and_system")
        ]

    def __str__(self) -> str:
        return f"{self.system} connection {self.id}"


class ServiceCredential(models.Model):
    """A grant for a whole organisation, which an administrator gave."""

    class Kind(models.TextChoices):
        SALESFORCE_JWT = "salesforce_jwt"
        MICROSOFT_CERTIFICATE = "microsoft_certificate"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="service_credentials")
    system = models.CharField(max_length=16, choices=System.choices)
    kind = models.CharField(max_length=32, choices=Kind.choices)
    client_id = models.CharField(max_length=255, blank=True)
    secret = EncryptedTextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "system", "kind"], name="service_credential_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} credential {self.id}"


class PaneSession(models.Model):
    """A pane's session: the client keeps the token in memory, here stands its SHA-256."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="pane_sessions")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="pane_sessions")
    token_hash = models.CharField(max_length=64, unique=True)
    client = models.CharField(max_length=16)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"session {self.id}"


class ConnectionAttempt(models.Model):
    """One walk through the connecting dialog. Each step happens once and within ten minutes of the first.

    asked (ticket) ──► sent to the provider (state) ──► back (used_at; tokens held, sealed)
        ──► confirmed by the person (confirm_hash ──► code_hash) ──► finished by the pane (finished_at)
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="connection_attempts")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="connection_attempts")
    system = models.CharField(max_length=16, choices=System.choices)
    ticket_hash = models.CharField(max_length=64, unique=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    state_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    verifier = EncryptedTextField()
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)
    pending_tokens = EncryptedTextField()  # JSON: access_token, refresh_token
    instance_url = models.CharField(max_length=255, blank=True)
    returned_org_id = models.CharField(max_length=18, blank=True)
    returned_user_id = models.CharField(max_length=18, blank=True)
    returned_username = models.CharField(max_length=255, blank=True)
    returned_name = models.CharField(max_length=255, blank=True)
    confirm_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    code_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"attempt {self.id}"
