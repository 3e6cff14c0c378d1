"""Where mail is read, how far, and what woke us.

Mailbox (one user's, at one provider) ──► Collection (its list of folders; a folder's mail; its marks)
    ├─ Watch (the provider's push)             cursor, lease, due_at: read one page at a time
    └─ Hint (something may have changed) ──► the collections are due

Mailbox:     active ──► paused ──► active          a person, or the brake, said so; cursors are kept
                ├─────► needs_reconnect ──► active  the grant is gone; cursors are kept
                └─────► ended                       disconnected

Collection:  due ──claim──► leased ──page──► leased ──► … ──last page──► idle until due
              ▲               └── lease ends (its worker died) ──► due
              └── hint, safety poll, expired cursor (a full read of the next generation)
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Connection
from permissions.isolated import Isolated
from sync.mail import FolderKind
from sync.models.base import Row


class Mailbox(Row):
    """One user's mailbox. `address_hash` is the SHA-256 of its lower-case address: pushes name mailboxes by address."""

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        NEEDS_RECONNECT = "needs_reconnect"
        ENDED = "ended"

    RESOURCE_FIELD = "user__resource"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mailboxes")
    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="mailbox")
    provider = models.CharField(max_length=16)  # graph or gmail
    address_hash = models.CharField(max_length=64, blank=True, db_index=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    reason = models.CharField(max_length=40, blank=True)
    # What was received before is not filed by a mode.
    window_from = models.DateTimeField()
    initial_done_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_hint_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "provider"], name="one_mailbox_per_user_and_provider")
        ]

    def __str__(self) -> str:
        return f"{self.provider} mailbox {self.id}"


class Collection(Row):
    """One list of a mailbox that is read by a cursor.

    `generation` counts full reads: after a complete one, what it did not show is gone. `lease_token` grows with each
    claim (a fencing token): who comes back late stores no page.
    """

    class Kind(models.TextChoices):
        FOLDERS = "folders"
        MAIL = "mail"
        MARKS = "marks"

    RESOURCE_FIELD = "mailbox__user__resource"

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="collections")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    remote_id = models.CharField(max_length=512, blank=True)
    parent_remote_id = models.CharField(max_length=512, blank=True)
    name = models.CharField(max_length=255, blank=True)
    folder_kind = models.CharField(
        max_length=8, choices=[(kind.value, kind.value) for kind in FolderKind], default=FolderKind.OTHER.value
    )
    # Read for filing by mode; every other one that has a cursor is read for marks alone.
    in_scope = models.BooleanField(default=False)
    cursor = models.TextField(blank=True)
    generation = models.PositiveIntegerField(default=0)
    # The full read of the list of folders that showed it last.
    generation_seen = models.PositiveIntegerField(default=0)
    full_read = models.BooleanField(default=True)
    seen_count = models.PositiveIntegerField(default=0)
    expected_count = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    woken_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=40, blank=True)
    idle_rounds = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.PositiveIntegerField(default=0)
    last_success_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mailbox", "kind", "remote_id"], name="one_collection_per_list")
        ]
        indexes: ClassVar = [models.Index(fields=["due_at"], name="collection_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Watch(Row):
    """The push of one mailbox. `remote_id` is Graph's subscription id; Gmail's watch has none.

    `secret_hash` is the SHA-256 of Graph's clientState.
    """

    RESOURCE_FIELD = "mailbox__user__resource"

    mailbox = models.OneToOneField(Mailbox, on_delete=models.CASCADE, related_name="watch")
    remote_id = models.CharField(max_length=64, blank=True, db_index=True)
    secret_hash = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    lapsed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"watch of {self.mailbox_id}"


class Hint(Isolated):
    """Something may have changed in a mailbox. Inserted by a webhook, taken by the sweeper, worth nothing twice."""

    class Kind(models.TextChoices):
        CHANGED = "changed"
        UPDATED = "updated"
        MISSED = "missed"
        REAUTHORIZE = "reauthorize"
        REMOVED = "removed"

    RESOURCE_FIELD = "mailbox__user__resource"

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="hints")
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.CHANGED)
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.mailbox_id}"
