"""Customers, and what is theirs alone: tenants, domains, Salesforce orgs, the keys of their secrets."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from accounts.models.recorded import Recorded
from permissions.isolated import Isolated
from permissions.models import Resource


class Organisation(Recorded):
    """A customer: the root of its tree of resources, and the border that nothing crosses."""

    RESOURCE_FIELD = "resource"
    ISOLATED_BY = "id"

    #: The id of its root resource too: one id says whose a row is, on every floor.
    id = models.UUIDField(primary_key=True, editable=False)
    name = models.CharField(max_length=200)
    resource = models.OneToOneField(Resource, on_delete=models.PROTECT, related_name="organisation")
    provision_users = models.BooleanField(
        default=False,
        help_text="Give people of its Microsoft tenants and Google domains a user at their first sign-in.",
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="organisation_has_the_id_of_its_root", condition=Q(id=F("resource")))
        ]

    def __str__(self) -> str:
        return self.name


class Team(Recorded):
    """Users whose mailboxes stand below one resource, so that a role can be given on all of them."""

    RESOURCE_FIELD = "resource"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="teams")
    name = models.CharField(max_length=100)
    resource = models.OneToOneField(Resource, on_delete=models.PROTECT, related_name="team")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("organisation", Lower("name"), name="team_once")]

    def __str__(self) -> str:
        return self.name


class MicrosoftTenant(Recorded):
    """A provisioned Entra tenant: tokens of no other are taken."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="microsoft_tenants")
    tenant_id = models.CharField(max_length=36, unique=True)

    def __str__(self) -> str:
        return self.tenant_id


class GoogleDomain(Recorded):
    """The domain of a Google Workspace whose people may sign in: tokens of no other (`hd`) are taken."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="google_domains")
    domain = models.CharField(max_length=253, unique=True)

    def __str__(self) -> str:
        return self.domain


class InternalDomain(Recorded):
    """A domain whose addresses, with those of its subdomains, are the organisation's own people."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="internal_domains")
    domain = models.CharField(max_length=253)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "domain"], name="internal_domain_once")
        ]

    def __str__(self) -> str:
        return self.domain


class SalesforceOrg(Isolated):
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


class DataKey(Isolated):
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
