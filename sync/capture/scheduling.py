"""When what is due: hints, safety polls, what has been waiting; and waking whoever works.

    sweep, every second or so, safe in any number of processes:
        hints ──► their collections are due now       (a hint is worth nothing twice)
        collections, lanes, pressed intents, watches that are due ──► one message each, not again for a while

A row that was woken carries `woken_until`: the same row is not sent again before. Should the message be lost, it is
sent again then; nothing is ever due only in the broker.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from permissions import isolation
from sync.capture.candidates import whose_lanes_are_due
from sync.capture.claims import READABLE
from sync.models import Collection, Hint, Intent, Mailbox, Watch
from sync.services import background
from sync.services.wake import COLLECTION, LANE, LOOK, send

WOKEN_FOR = timedelta(seconds=30)
#: News of one mailbox within this time are read together.
COALESCE = timedelta(seconds=2)
MOST = 500
HINTS_AT_ONCE = 2_000
WATCH = "keep_watch"


@dataclass(frozen=True, slots=True)
class Swept:
    """How much was woken."""

    hints: int = 0
    collections: int = 0
    lanes: int = 0
    intents: int = 0
    watches: int = 0

    @property
    def all(self) -> int:
        return self.collections + self.lanes + self.intents + self.watches


def sweep() -> Swept:
    """One round. Cheap when nothing is due: five look-ups in indexes that hold what is due alone."""
    with isolation.every_organisation("what is due is woken, whosever it is"):
        hints = take_hints()
        return Swept(
            hints=hints,
            collections=_wake(COLLECTION, due_collections()),
            lanes=_wake_lanes(),
            intents=_wake(LOOK, background.due().filter(_asleep(timezone.now()))),
            watches=_wake_watches(),
        )


def take_hints() -> int:
    """Makes due what the hints speak of, and forgets them. Many hints of one mailbox are one."""
    now = timezone.now()
    hints = list(Hint.objects.order_by("pk").values_list("pk", "mailbox_id", "kind")[:HINTS_AT_ONCE])
    if not hints:
        return 0
    mailboxes = {mailbox_id for _, mailbox_id, _ in hints}
    whole = {mailbox_id for _, mailbox_id, kind in hints if kind in {Hint.Kind.MISSED, Hint.Kind.REMOVED}}
    updated = {mailbox_id for _, mailbox_id, kind in hints if kind == Hint.Kind.UPDATED}
    renewed = {mailbox_id for _, mailbox_id, kind in hints if kind in {Hint.Kind.REAUTHORIZE, Hint.Kind.REMOVED}}
    with transaction.atomic():
        news = Q(mailbox__in=mailboxes - whole) & (Q(in_scope=True) | Q(remote_id="", kind=Collection.Kind.MAIL))
        # A mark may have come or gone in a folder that is not filed from, or on old mail.
        news |= Q(mailbox__in=updated - whole, kind=Collection.Kind.MARKS)
        news |= Q(mailbox__in=whole)
        hinted = Collection.objects.filter(news, due_at__isnull=False)
        hinted.filter(due_at__gt=now).filter(_not_just_read(now)).update(due_at=now, woken_until=None)
        hinted.filter(due_at__gt=now + COALESCE).update(due_at=now + COALESCE, woken_until=None)
        # One that is being read is due again afterwards: its claim compares this moment with its own.
        hinted.filter(lease_until__gt=now, due_at__lte=now).update(due_at=timezone.now())
        Watch.objects.filter(mailbox__in=renewed).update(due_at=now)
        Mailbox.objects.filter(pk__in=mailboxes).update(last_hint_at=now)
        Hint.objects.filter(pk__in=[pk for pk, _, _ in hints]).delete()
    return len(hints)


def _not_just_read(now: datetime) -> Q:
    return Q(last_success_at__isnull=True) | Q(last_success_at__lt=now - COALESCE)


def due_collections() -> QuerySet[Collection]:
    """What is to be read now, or whose reader is gone."""
    now = timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    return Collection.objects.filter(READABLE, _asleep(now), free, due_at__lte=now).order_by("due_at")


def due_watches() -> QuerySet[Watch]:
    now = timezone.now()
    return Watch.objects.filter(
        mailbox__state=Mailbox.State.ACTIVE, mailbox__connection__state="active", due_at__lte=now
    ).order_by("due_at")


def _asleep(now: datetime) -> Q:
    return Q(woken_until__isnull=True) | Q(woken_until__lte=now)


def _wake(actor: str, due: QuerySet[Collection] | QuerySet[Intent]) -> int:
    """Sends one message for each row, and marks it as woken before: of two sweepers one does."""
    now = timezone.now()
    count = 0
    for pk, organisation_id in list(due.values_list("pk", "organisation_id")[:MOST]):
        if due.model.objects.filter(_asleep(now), pk=pk).update(woken_until=now + WOKEN_FOR):
            send(actor, pk, organisation_id)
            count += 1
    return count


def _wake_watches() -> int:
    """A watch that is woken is not due for a while, whatever becomes of the message."""
    now = timezone.now()
    count = 0
    for pk, organisation_id in list(due_watches().values_list("pk", "organisation_id")[:MOST]):
        if Watch.objects.filter(pk=pk, due_at__lte=now).update(due_at=now + WOKEN_FOR):
            send(WATCH, pk, organisation_id)
            count += 1
    return count


def _wake_lanes() -> int:
    """Lanes have no row of their own: a due intent of theirs carries the mark."""
    now = timezone.now()
    count = 0
    for user_id, organisation_id in whose_lanes_are_due():
        due = Q(state=Intent.State.WAITING, due_at__lte=now) | Q(state=Intent.State.CLAIMED, lease_until__lte=now)
        mine = Intent.objects.filter(due, user=user_id, automatic=True)
        if mine.filter(woken_until__gt=now).exists():
            continue
        # Asked again in the update itself: of two sweepers that saw it asleep, the second marks nothing.
        if mine.filter(_asleep(now)).update(woken_until=now + WOKEN_FOR):
            send(LANE, user_id, organisation_id)
            count += 1
    return count


def hurry(mailbox: Mailbox) -> int:
    """Everything of a mailbox is due now: a person asks for it. How many collections that are."""
    mine = Collection.objects.filter(mailbox=mailbox, due_at__isnull=False)
    return mine.update(due_at=timezone.now(), woken_until=None, idle_rounds=0, attempts=0)
