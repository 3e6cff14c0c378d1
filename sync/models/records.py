"""What a person has opened and pinned of Salesforce's records, and what they are writing.

KnownRecord   opened in the pane, pinned, or both; ids alone, names are read as that person when they are shown

RecordWrite   sending ──answer──► done(record_id)
                 │  └──refused──► refused ──press again──► sending
                 └──no answer, or its process died──► unknown ──found──► done
                                                         └──not found──► sending
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from accounts.models import SalesforceOrg
from sync.models.base import Row


class KnownRecord(Row):
    """One record of an org that one person keeps at hand."""

    RESOURCE_FIELD = "user__resource"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="known_records")
    salesforce_org = models.ForeignKey(SalesforceOrg, on_delete=models.CASCADE, related_name="+")
    object_name = models.CharField(max_length=80)
    record_id = models.CharField(max_length=18)
    opened_at = models.DateTimeField(null=True, blank=True)
    pinned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "salesforce_org", "record_id"], name="one_known_record_per_user_and_id"
            )
        ]

    def __str__(self) -> str:
        return f"{self.object_name} {self.record_id}"


class RecordWrite(Row):
    """A record created, a lead converted, an activity written down: once for each form, by its key.

    `fields` are names of fields alone. `record_id` is the new record's; of a conversion the contact's.
    """

    class Kind(models.TextChoices):
        CREATE = "create"
        CONVERT = "convert"
        ACTIVITY = "activity"  # a note, a call or a task on a record

    class State(models.TextChoices):
        SENDING = "sending"
        DONE = "done"
        REFUSED = "refused"
        UNKNOWN = "unknown"

    RESOURCE_FIELD = "user__resource"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="record_writes")
    salesforce_org = models.ForeignKey(SalesforceOrg, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    key = models.CharField(max_length=64)
    object_name = models.CharField(max_length=80)
    state = models.CharField(max_length=8, choices=State.choices, default=State.SENDING)
    record_id = models.CharField(max_length=18, blank=True)
    fields = models.JSONField(default=list)
    begun_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="one_record_write_per_key")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_name}: {self.state}"
