"""Users, their further addresses, and whom they never want matched."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower, Now

from accounts.models.organisations import Organisation
from accounts.models.recorded import Recorded, RecordedManager
from permissions.models import Principal, Resource
from permissions.services import create_principal


class UserManager(RecordedManager["User"], BaseUserManager["User"]):
    """Finds users by address, whatever its case. Users of an organisation are made by `services.create_user`."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    @transaction.atomic
    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        """An operator, who is the vendor's staff: belongs to no organisation, and may nothing in any unless approved.

        Django's command calls it so; nobody is a superuser here.
        """
        user = self.model(
            email=self.normalize_email(email),
            principal=create_principal(Principal.Kind.STAFF),
            is_staff=True,
            **extra,
        )
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(Recorded, AbstractBaseUser):
    """A person. `microsoft_tenant_id` and `microsoft_oid` are who Microsoft says it is, `google_sub` who Google says it
    is; an address never is.
    """

    RESOURCE_FIELD = "resource"
    ROOT_FIELD = "organisation__resource"
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
    google_address = models.EmailField(
        max_length=254,
        blank=True,
        help_text="The one Google account that may be connected; empty: the one of the user's address or an alias.",
    )
    google_sub = models.CharField(max_length=255, blank=True)
    preset = models.ForeignKey(
        "accounts.Preset", null=True, blank=True, on_delete=models.RESTRICT, related_name="users"
    )
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique_whatever_its_case"),
            models.UniqueConstraint(
                fields=["microsoft_tenant_id", "microsoft_oid"],
                condition=~Q(microsoft_oid=""),
                name="one_user_for_a_microsoft_identity",
            ),
            models.UniqueConstraint(
                fields=["google_sub"], condition=~Q(google_sub=""), name="one_user_for_a_google_identity"
            ),
            models.CheckConstraint(
                name="only_operators_have_no_organisation",
                condition=Q(organisation__isnull=False, resource__isnull=False)
                | Q(organisation__isnull=True, resource__isnull=True, is_staff=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)

    def clean(self) -> None:
        super().clean()
        if self.preset is not None and self.preset.organisation_id != self.organisation_id:
            raise ValidationError({"preset": "The preset is another organisation's."})


class AddressAlias(Recorded):
    """A further address of a user."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="address_aliases")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="aliases")
    address = models.CharField(max_length=254)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "address"], name="alias_once")]

    def __str__(self) -> str:
        return f"alias {self.pk}"


class BlockEntry(Recorded):
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
