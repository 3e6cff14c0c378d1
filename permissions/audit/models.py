"""The entries of the audit trail, and the head of each chain."""

from __future__ import annotations

import uuid
from typing import ClassVar, Final

from django.db import models
from django.db.models import Q

from permissions.isolated import Isolated

#: The chain of events that belong to no organisation, such as an operator's sign-in.
NO_ORGANISATION: Final = uuid.UUID(int=0)


def chain_of(root_id: uuid.UUID | None) -> uuid.UUID:
    return root_id or NO_ORGANISATION


class AuditEntry(Isolated):
    """One thing that happened. Never changed, never deleted: the database refuses both (`permissions.audit.guards`).

    `actor`: a principal's id, null for the product itself or somebody unknown. It is no foreign key: who is erased
    leaves an id behind. `on_behalf`: the staff session in which it happened.
    """

    ISOLATED_BY = "root"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    root = models.ForeignKey(
        "permissions.Resource", null=True, editable=False, on_delete=models.PROTECT, related_name="audit_entries"
    )
    number = models.PositiveBigIntegerField(editable=False)
    at = models.DateTimeField(editable=False)
    actor = models.UUIDField(null=True, editable=False)
    actor_kind = models.CharField(max_length=16, editable=False)
    on_behalf = models.UUIDField(null=True, editable=False)
    action = models.CharField(max_length=32, editable=False)
    object_kind = models.CharField(max_length=16, editable=False)
    object_id = models.CharField(max_length=40, editable=False)
    detail = models.JSONField(default=dict, editable=False)
    previous = models.CharField(max_length=64, editable=False)
    hash = models.CharField(max_length=64, editable=False)

    class Meta:
        verbose_name_plural = "audit entries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["root", "number"], name="audit_number_once"),
            models.UniqueConstraint(
                fields=["number"], condition=Q(root__isnull=True), name="audit_number_once_without_root"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["root", "action", "at"], name="audit_by_action"),
            models.Index(fields=["root", "actor", "at"], name="audit_by_actor"),
            models.Index(fields=["root", "object_kind", "object_id"], name="audit_by_object"),
            models.Index(fields=["root", "at"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"


class AuditHead(Isolated):
    """How far a chain goes. Locked while an entry is appended; it only goes forward, to an entry that stands."""

    ISOLATED_BY = "root"

    chain = models.UUIDField(primary_key=True, editable=False)
    root = models.OneToOneField(
        "permissions.Resource", null=True, editable=False, on_delete=models.PROTECT, related_name="audit_head"
    )
    number = models.PositiveBigIntegerField(default=0, editable=False)
    hash = models.CharField(max_length=64, default="", editable=False)

    def __str__(self) -> str:
        return f"{self.chain}: {self.number}"
