"""How a person left their pane: what is folded, what is opened, and which tab was chosen."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from sync.models.base import Row


class PaneState(Row):
    """One row for each person. `tab` is an object's name or "" for all; the lists hold objects' names.

    `people` are the records chosen where several have one address, by the address's hash.
    """

    RESOURCE_FIELD = "user__resource"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="pane_state")
    tab = models.CharField(max_length=80, blank=True)
    folded = models.JSONField(default=list)
    expanded = models.JSONField(default=list)
    people = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"pane of {self.user_id}"
