"""What stands between a user, or a whole organisation, and a provider. A connection:

(none) ──► active ──► needs_reconnect ──► active        the grant was refused upstream; tokens are kept
              │              │
              └──────────────┴──► disconnected ──► active      the person said so; tokens are forgotten
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from accounts.fields import EncryptedTextField
from accounts.models.organisations import Organisation, SalesforceOrg
from accounts.models.people import User
from permissions.isolated import Isolated
from permissions.models import Resource


class System(models.TextChoices):
    SALESFORCE = "salesforce"
    MICROSOFT = "microsoft"
    GOOGLE = "google"


class TokenRow(models.Model):
    """A row with an access token that the token broker renews."""

    class State(models.TextChoices):
        ACTIVE = "active"
        NEEDS_RECONNECT = "needs_reconnect"
        DISCONNECTED = "disconnected"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.CharField(max_length=16, choices=System.choices)
    access_token = EncryptedTextField()
    access_expires_at = models.DateTimeField(null=True, blank=True)  # Salesforce does not say
    token_number = models.PositiveIntegerField(default=0)  # grows with every token that is stored
    # Who is asking the provider for the next token, until when at most.
    renewal_claim = models.UUIDField(null=True, blank=True, editable=False)
    renewal_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True


class Connection(Isolated, TokenRow):
    """A user's grant to act as them in one system, or a mailbox that the organisation's own grant reaches.

    `kind` delegated: the person signed in, the tokens stand here. `kind` service: an administrator provisioned the
    mailbox (a `ProvisionedMailbox`), the tokens are those of the organisation's credential.
    """

    RESOURCE_FIELD = "resource"
    ROOT_FIELD = "organisation__resource"

    class Kind(models.TextChoices):
        DELEGATED = "delegated"
        SERVICE = "service"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="connections")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="connections")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.DELEGATED)
    state = models.CharField(max_length=16, choices=TokenRow.State.choices, default=TokenRow.State.DISCONNECTED)
    resource = models.OneToOneField(Resource, on_delete=models.PROTECT, related_name="connection")
    salesforce_org = models.ForeignKey(
        SalesforceOrg, null=True, blank=True, on_delete=models.PROTECT, related_name="connections"
    )
    external_user_id = models.CharField(max_length=255, blank=True)
    external_username = models.CharField(max_length=255, blank=True)
    instance_url = models.CharField(max_length=255, blank=True)
    granted_scopes = models.TextField(blank=True)  # separated by spaces; Google's, whose people may grant a part
    refresh_token = EncryptedTextField()
    token_cache = EncryptedTextField()  # MSAL's, as JSON
    connected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "system"], name="one_connection_for_a_user_and_system")
        ]

    def __str__(self) -> str:
        return f"{self.system} connection {self.id}"


class ServiceCredential(Isolated, TokenRow):
    """A grant for a whole organisation, which an administrator gave.

    `secret` is JSON: `private_key` as PEM, and for Microsoft `certificate`. `subject` is for whom tokens are asked: the
    tenant's id, or the username of Salesforce's integration user.
    """

    class Kind(models.TextChoices):
        SALESFORCE_JWT = "salesforce_jwt"
        MICROSOFT_CERTIFICATE = "microsoft_certificate"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="service_credentials")
    kind = models.CharField(max_length=32, choices=Kind.choices)
    state = models.CharField(max_length=16, choices=TokenRow.State.choices, default=TokenRow.State.ACTIVE)
    client_id = models.CharField(max_length=255, blank=True)
    subject = models.CharField(max_length=255, blank=True)
    secret = EncryptedTextField()
    salesforce_org = models.ForeignKey(SalesforceOrg, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    instance_url = models.CharField(max_length=255, blank=True)
    external_user_id = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "system", "kind"], name="service_credential_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} credential {self.id}"


class ProvisionedMailbox(Isolated):
    """A mailbox that the organisation's own grant may be used for. One that is not listed here is never asked for."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="provisioned_mailboxes")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="provisioned_mailboxes")
    system = models.CharField(max_length=16, choices=System.choices)
    external_id = models.CharField(max_length=255)
    address = models.CharField(max_length=254)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "system"], name="one_provisioned_mailbox_for_a_user_and_system"),
            models.UniqueConstraint(
                fields=["organisation", "system", "external_id"], name="provisioned_mailbox_of_one_user"
            ),
        ]

    def __str__(self) -> str:
        return f"provisioned mailbox {self.pk}"
