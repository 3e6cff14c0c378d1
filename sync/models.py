"""The ledger: what was seen in which mailbox, what stands for it in Salesforce, and what has yet to be written.

    Item (one message in one mailbox) ──Sighting──► Activity (one message per Salesforce org) ──Link──► record
      └─Decision (why it was or was not captured)       └─Intent (a write that is due, under way, or parked)

    Intent:   waiting ──claim──► claimed ──► done ──undo──► undone ──press again──► waiting
                 ▲                  │  └──► parked(reason) ──press again──► waiting
                 └──── lease ends ──┘

Organisation on every row. No subject, body or address is kept here: what a person reads of a message comes from the
mailbox and from Salesforce, as that person.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Organisation, SalesforceOrg


class Row(models.Model):
    """What every row of the ledger has."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    RESOURCE_FIELD = "organisation__resource"

    class Meta:
        abstract = True


class Activity(Row):
    """One email per Salesforce org, by its identity (`sync.rules.identity`).

    `fingerprint` is the hash of the parsed From and the instant of Date: a second message that claims the same
    Message-ID with another fingerprint is another message.
    """

    salesforce_org = models.ForeignKey(SalesforceOrg, on_delete=models.CASCADE, related_name="activities")
    identity = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["salesforce_org", "identity"], name="one_activity_per_org_and_identity")
        ]

    def __str__(self) -> str:
        return f"activity {self.id}"


class Item(Row):
    """One message in one user's mailbox, by the provider's immutable id."""

    RESOURCE_FIELD = "user__resource"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="items")
    provider = models.CharField(max_length=16)
    provider_id = models.CharField(max_length=512)
    conversation_id = models.CharField(max_length=512, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "provider", "provider_id"], name="one_item_per_mailbox_and_id")
        ]
        indexes: ClassVar = [models.Index(fields=["user", "conversation_id"], name="item_conversation")]

    def __str__(self) -> str:
        return f"item {self.id}"


class Sighting(Row):
    """That an item is an activity: the same message in this mailbox."""

    RESOURCE_FIELD = "item__user__resource"

    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="sighting")
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="sightings")

    def __str__(self) -> str:
        return f"sighting of {self.activity_id}"


class Decision(Row):
    """Whether an item was captured, and by which rule. One row for every item; the latest word stands."""

    class Outcome(models.TextChoices):
        CAPTURED = "captured"
        SKIPPED = "skipped"
        FAILED = "failed"

    RESOURCE_FIELD = "item__user__resource"

    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="decision")
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    rule = models.CharField(max_length=40)
    inputs = models.JSONField(default=dict)
    decided_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.outcome} by {self.rule}"


class Intent(Row):
    """A write that is due. `key` is deterministic: the same write is never queued twice.

    `lease_token` grows with each claim (a fencing token): who comes back late with an older one writes nothing.
    """

    class Kind(models.TextChoices):
        EMAIL = "email"
        FILE = "file"
        UNDO = "undo"

    class State(models.TextChoices):
        WAITING = "waiting"
        CLAIMED = "claimed"
        DONE = "done"
        PARKED = "parked"
        UNDONE = "undone"

    RESOURCE_FIELD = "user__resource"

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="intents")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="intents")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    key = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    # What was chosen: ids and roles only.
    choice = models.JSONField(default=dict)
    reason = models.CharField(max_length=40, blank=True)
    words = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["activity", "key"], name="one_intent_per_key")]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="intent_due", condition=Q(state__in=["waiting", "claimed"]))
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class Link(Row):
    """That a Salesforce record stands for an activity."""

    class Part(models.TextChoices):
        EMAIL = "email"  # the EmailMessage, or the Task where Enhanced Email is off
        TASK = "task"  # the completed Task of a further business record

    RESOURCE_FIELD = "activity__organisation__resource"

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="links")
    part = models.CharField(max_length=8, choices=Part.choices)
    object_name = models.CharField(max_length=40)
    record_id = models.CharField(max_length=18)
    # The records that it was filed to, as [object name, id]: names are read as whoever asks.
    related = models.JSONField(default=list)
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    found = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["activity", "record_id"], name="one_link_per_record"),
            models.UniqueConstraint(
                fields=["activity"], condition=Q(part="email"), name="one_email_record_per_activity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object_name} {self.record_id}"

    @property
    def undo_key(self) -> str:
        """The key of the intent that takes back the filing this link stands for."""
        return f"undo:{self.record_id}"


class StoredFile(Row):
    """A file that Salesforce holds: once per org for the same SHA-256 and name."""

    salesforce_org = models.ForeignKey(SalesforceOrg, on_delete=models.CASCADE, related_name="files")
    sha256 = models.CharField(max_length=64)
    name_hash = models.CharField(max_length=64)
    document_id = models.CharField(max_length=18)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["salesforce_org", "sha256", "name_hash"], name="one_file_per_content")
        ]

    def __str__(self) -> str:
        return f"file {self.document_id}"


class Issue(Row):
    """What a person must know or decide."""

    class Reason(models.TextChoices):
        SALESFORCE_REFUSED = "salesforce-refused"
        SAME_MESSAGE_ID = "same-message-id"
        FETCH_FAILED = "fetch-failed"
        FILE_REFUSED = "file-refused"
        NEEDS_RECONNECT = "needs-reconnect"

    RESOURCE_FIELD = "user__resource"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="issues")
    activity = models.ForeignKey(Activity, null=True, on_delete=models.CASCADE, related_name="issues")
    reason = models.CharField(max_length=40, choices=Reason.choices)
    words = models.TextField(blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "activity", "reason"], condition=Q(settled_at__isnull=True), name="one_open_issue"
            )
        ]

    def __str__(self) -> str:
        return self.reason


class Tombstone(Row):
    """Who removed what, and on which side: what was undone or deleted is not filed again by itself."""

    class Side(models.TextChoices):
        PANE = "pane"
        SALESFORCE = "salesforce"

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="tombstones")
    side = models.CharField(max_length=16, choices=Side.choices)
    record_id = models.CharField(max_length=18)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"{self.side} {self.record_id}"
