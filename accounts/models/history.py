"""What was changed in an organisation's configuration (`accounts.history`)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.models.organisations import Organisation
from permissions.isolated import Isolated


class ConfigurationChange(Isolated):
    """One thing before and after one step. Written by `accounts.history.recording` alone, and never changed.

    `entry`: of the audit trail, says the same without the values. `step`: the same for all that was written together.
    `before`, `after`: as `accounts.history.kinds` reads it, null where it was or is not there. `user_id` is no foreign
    key: whose it was is known after they went, until they are erased.

    The changes of one thing are numbered in the order in which they happened, since each waits for the lock that the
    one before it holds on the row; those of two things may not be. What counts there is `at`.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="configuration_changes")
    entry = models.UUIDField(unique=True, editable=False)
    step = models.UUIDField(db_index=True, editable=False)
    at = models.DateTimeField(editable=False)
    actor = models.UUIDField(null=True, editable=False)
    actor_kind = models.CharField(max_length=16, editable=False)
    on_behalf = models.UUIDField(null=True, editable=False)
    kind = models.CharField(max_length=16, editable=False)
    object_id = models.CharField(max_length=300, editable=False)
    user_id = models.UUIDField(null=True, editable=False)
    before = models.JSONField(null=True, editable=False)
    after = models.JSONField(null=True, editable=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "at"], name="configuration_by_time"),
            models.Index(fields=["organisation", "kind", "object_id"], name="configuration_by_object"),
            models.Index(fields=["organisation", "user_id"], name="configuration_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind}"
