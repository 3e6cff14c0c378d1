"""Principals, resources and the authorizations that join them.

    Principal --has Role on--> Resource            (an Authorization: from, until, grantor, reason)
                                  |
                               parent ... root     (a grant covers what lies below)

A resource's `root` is its organisation; two resources with different roots never meet.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from permissions import registry


class Principal(models.Model):
    """Somebody or something that may be allowed to act."""

    class Kind(models.TextChoices):
        USER = "user"
        SERVICE = "service"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Resource(models.Model):
    """Something that may be acted on: a node in the tree of its organisation. The root is the organisation itself."""

    class Kind(models.TextChoices):
        ORGANISATION = "organisation"
        MAILBOX = "mailbox"
        CONNECTION = "connection"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")
    root = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="descendants")
    # The ids of all resources above this one and its own, joined by "/": a grant covers what lies below in one look.
    path = models.CharField(max_length=512, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="resource_root_has_no_parent",
                condition=Q(parent__isnull=True, root__isnull=True) | Q(parent__isnull=False, root__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def root_id_or_own(self) -> uuid.UUID:
        return self.root_id or self.id


class AuthorizationQuerySet(models.QuerySet["Authorization"]):
    def in_force(self) -> AuthorizationQuerySet:
        """Those that count at this moment, by the database's clock."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=Now()), since__lte=Now(), revoked_at__isnull=True)


class Authorization(models.Model):
    """A principal's role on a resource and all below it. Grants only add; it ends at its time or when revoked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    principal = models.ForeignKey(Principal, on_delete=models.CASCADE, related_name="authorizations")
    role = models.CharField(max_length=32)
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="authorizations")
    since = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    grantor = models.ForeignKey(Principal, null=True, blank=True, on_delete=models.SET_NULL, related_name="granted")
    reason = models.CharField(max_length=200)

    objects = AuthorizationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["principal", "role", "resource"],
                condition=Q(revoked_at__isnull=True),
                name="one_standing_grant",
            ),
            models.CheckConstraint(
                name="grant_ends_after_it_begins", condition=Q(until__isnull=True) | Q(until__gt=F("since"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} on {self.resource_id}"

    def save(self, *args: object, **kwargs: object) -> None:
        registry.role(self.role)
        super().save(*args, **kwargs)  # type: ignore[arg-type]
