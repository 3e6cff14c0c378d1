"""The ledger: what was seen in which mailbox, what stands for it in Salesforce, and what has yet to be written.

    Item (one message in one mailbox) ──Sighting──► Activity (one message per Salesforce org) ──Link──► record
      └─Decision (why it was or was not captured)       └─Intent (a write that is due, under way, or parked)

    Intent:   waiting ──claim──► claimed ──► done ──undo──► undone ──press again──► waiting
                 ▲                  │  ├──► parked(reason) ──press again──► waiting
                 └──── lease ends ──┘  └──► skipped(rule) ──press, mark, follow──► waiting

Organisation on every row. No subject, body or address stays here: what a person reads of a message comes from the
mailbox and from Salesforce, as that person. Only while an email waits to be filed by itself, its addresses are kept,
sealed, in `Item.envelope`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.fields import Box, EncryptedTextField
from accounts.models import SalesforceOrg
from sync.models.base import Row
from sync.models.mailboxes import Collection, Mailbox


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
    """One message in one user's mailbox, by the provider's immutable id.

    `in_scope` is settled when it is first seen. `cause` is what asks for its filing while it waits. `envelope` is the
    sealed JSON of `sync.services.envelopes`. `missing_since`: left its folder, and may turn up in another one.
    """

    RESOURCE_FIELD = "user__resource"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="items")
    provider = models.CharField(max_length=16)
    provider_id = models.CharField(max_length=512)
    conversation_id = models.CharField(max_length=512, blank=True)
    mailbox = models.ForeignKey(Mailbox, null=True, blank=True, on_delete=models.CASCADE, related_name="items")
    collection = models.ForeignKey(Collection, null=True, blank=True, on_delete=models.SET_NULL, related_name="items")
    generation = models.PositiveIntegerField(default=0)
    received_at = models.DateTimeField(null=True, blank=True)
    # SHA-256 of its Message-ID, by which the pane finds what was decided of an open email.
    identity_hash = models.CharField(max_length=64, blank=True)
    in_scope = models.BooleanField(default=False)
    marked = models.BooleanField(default=False)
    cause = models.CharField(max_length=20, blank=True)
    envelope = EncryptedTextField()
    vetoed_at = models.DateTimeField(null=True, blank=True)
    missing_since = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "provider", "provider_id"], name="one_item_per_mailbox_and_id")
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "conversation_id"], name="item_conversation"),
            models.Index(fields=["collection", "generation"], name="item_generation"),
            models.Index(fields=["user", "identity_hash"], name="item_identity"),
            models.Index(fields=["missing_since"], name="item_missing", condition=Q(missing_since__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"item {self.id}"

    @classmethod
    def forget_envelope(cls, ids: Iterable[object]) -> None:
        """Takes the sealed addresses away: what was decided needs them no more."""
        cls.objects.filter(pk__in=list(ids)).update(envelope=Box())


class Sighting(Row):
    """That an item is an activity: the same message in this mailbox."""

    RESOURCE_FIELD = "item__user__resource"

    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="sighting")
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="sightings")

    def __str__(self) -> str:
        return f"sighting of {self.activity_id}"


class Decision(Row):
    """Whether an item was captured, and by which rule. One row for every item; the latest word stands.

    `inputs` hold what the rule looked at: counts, names of folders' kinds, instants; no word of the message.
    """

    class Outcome(models.TextChoices):
        WAITING = "waiting"  # will be filed, unless something stops it first
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
        SKIPPED = "skipped"

    RESOURCE_FIELD = "user__resource"

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="intents")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="intents")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    key = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    # Nobody pressed: carried out in batches, as the user whose mailbox saw the email first.
    automatic = models.BooleanField(default=False)
    # What was chosen: ids and roles only.
    choice = models.JSONField(default=dict)
    reason = models.CharField(max_length=40, blank=True)
    words = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    woken_until = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["activity", "key"], name="one_intent_per_key")]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="intent_due", condition=Q(state__in=["waiting", "claimed"])),
            models.Index(
                fields=["user", "due_at"],
                name="intent_lane",
                condition=Q(state__in=["waiting", "claimed"], automatic=True),
            ),
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
    """A file that Salesforce holds: once per org for the same SHA-256 and name.

    While `document_id` is empty, the intent `claimed_by` stores it; others with the same file wait for it. A Salesforce
    user who cannot reach that document, in an org without an integration user, has a copy `for_user` (their id there).
    """

    salesforce_org = models.ForeignKey(SalesforceOrg, on_delete=models.CASCADE, related_name="files")
    sha256 = models.CharField(max_length=64)
    name_hash = models.CharField(max_length=64)
    for_user = models.CharField(max_length=18, blank=True)
    document_id = models.CharField(max_length=18, blank=True)
    claimed_by = models.ForeignKey(Intent, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["salesforce_org", "sha256", "name_hash", "for_user"], name="one_file_per_content"
            )
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
        MALFORMED = "malformed"
        UNKNOWN_PEOPLE = "unknown-people"  # marked for filing, and nothing to file it on
        WATCH_LAPSED = "watch-lapsed"
        MAILBOX_REFUSED = "mailbox-refused"

    class Settled(models.TextChoices):
        RETRIED = "retried"
        IGNORED = "ignored"
        SOLVED = "solved"

    RESOURCE_FIELD = "user__resource"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="issues")
    activity = models.ForeignKey(Activity, null=True, on_delete=models.CASCADE, related_name="issues")
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.CASCADE, related_name="issues")
    mailbox = models.ForeignKey(Mailbox, null=True, blank=True, on_delete=models.CASCADE, related_name="issues")
    reason = models.CharField(max_length=40, choices=Reason.choices)
    words = models.TextField(blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_how = models.CharField(max_length=8, choices=Settled.choices, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "activity", "item", "mailbox", "reason"],
                condition=Q(settled_at__isnull=True),
                nulls_distinct=False,
                name="one_open_issue",
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


class Follow(Row):
    """A conversation that a user follows: its mail is filed on the same record, in mode off too.

    `external_hashes` are `address_hash` of the people outside of its filed mail: a message joins with one of them.
    """

    RESOURCE_FIELD = "user__resource"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="follows")
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="follows")
    provider = models.CharField(max_length=16)
    conversation_id = models.CharField(max_length=512, blank=True)
    external_hashes = models.JSONField(default=list)
    until = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "provider", "conversation_id"],
                condition=Q(stopped_at__isnull=True),
                name="one_follow_per_conversation",
            )
        ]

    def __str__(self) -> str:
        return f"follow {self.id}"
