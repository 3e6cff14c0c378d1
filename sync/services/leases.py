"""Claiming an intent, and giving it back.

A claim is one conditional UPDATE whose row count says who won. It carries a fencing token: whoever comes back after
their lease ended holds an older token, and `still_held` refuses their result.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from sync.models import Activity, Intent
from sync.services.versions import changed, changed_all

LEASE = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class Lease:
    intent_id: UUID
    token: int
    activity: Activity


def claim(intent: Intent, *, at: datetime | None = None) -> Lease | None:
    """The lease, or None when another holds it, it is not due yet, or there is nothing left to do."""
    now = at or timezone.now()
    won = (
        Intent.objects.filter(pk=intent.pk)
        .filter(Q(state=Intent.State.WAITING, due_at__lte=now) | Q(state=Intent.State.CLAIMED, lease_until__lte=now))
        .update(
            state=Intent.State.CLAIMED,
            lease_until=now + LEASE,
            due_at=now + LEASE,
            lease_token=F("lease_token") + 1,
            attempts=F("attempts") + 1,
        )
    )
    if not won:
        return None
    intent.refresh_from_db()
    changed(intent.activity)
    return Lease(intent.pk, intent.lease_token, intent.activity)


def held(lease: Lease) -> Intent | None:
    """The intent, locked for the rest of the transaction, if the lease still counts."""
    return (
        Intent.objects.select_for_update()
        .filter(pk=lease.intent_id, lease_token=lease.token, state=Intent.State.CLAIMED)
        .first()
    )


def held_all(leases: Sequence[Lease]) -> set[UUID]:
    """The ids of those intents whose leases still count, locked for the rest of the transaction, in one order."""
    tokens = {lease.intent_id: lease.token for lease in leases}
    mine = Intent.objects.select_for_update().filter(pk__in=list(tokens), state=Intent.State.CLAIMED).order_by("pk")
    return {pk for pk, token in mine.values_list("pk", "lease_token") if tokens[pk] == token}


def is_held(lease: Lease) -> bool:
    """Whether the lease still counts, at this moment and without a lock."""
    mine = Intent.objects.filter(pk=lease.intent_id, lease_token=lease.token, state=Intent.State.CLAIMED)
    return mine.exists()


def prolong(lease: Lease) -> bool:
    """A whole lease from now on; False when it was lost. Asked for before a write, so that the write fits into it."""
    until = timezone.now() + LEASE
    mine = Intent.objects.filter(pk=lease.intent_id, lease_token=lease.token, state=Intent.State.CLAIMED)
    return bool(mine.update(lease_until=until, due_at=until))


@contextmanager
def kept(*leases: Lease) -> Iterator[None]:
    """Prolongs the leases while the work goes on: a large file, or a full batch, may take longer than one."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(LEASE.total_seconds() / 3):
            try:
                prolong_all(leases)
            finally:
                connection.close()

    heart = threading.Thread(target=contextvars.copy_context().run, args=(beat,), name="lease", daemon=True)
    heart.start()
    try:
        yield
    finally:
        ended.set()
        heart.join()


def prolong_all(leases: Sequence[Lease]) -> set[UUID]:
    """A whole lease from now on for those of them that still count; the ids of their intents."""
    until = timezone.now() + LEASE
    for mine in _by_token(leases):
        mine.update(lease_until=until, due_at=until)
    return {pk for mine in _by_token(leases) for pk in mine.values_list("pk", flat=True)}


def _by_token(leases: Sequence[Lease]) -> Iterator[QuerySet[Intent]]:
    """The intents that are still held, those of one fencing token together."""
    ids: dict[int, list[UUID]] = {}
    for lease in leases:
        ids.setdefault(lease.token, []).append(lease.intent_id)
    for token, some in ids.items():
        yield Intent.objects.filter(pk__in=some, lease_token=token, state=Intent.State.CLAIMED)


def release(lease: Lease, *, due_in: timedelta, reason: str, burn_attempt: bool = True) -> bool:
    """Back to waiting, due again after a while."""
    done = bool(
        Intent.objects.filter(pk=lease.intent_id, lease_token=lease.token, state=Intent.State.CLAIMED).update(
            state=Intent.State.WAITING,
            due_at=timezone.now() + due_in,
            reason=reason,
            lease_until=None,
            attempts=F("attempts") if burn_attempt else F("attempts") - 1,
        )
    )
    changed(lease.activity)
    return done


def finish(lease: Lease, state: Intent.State, *, reason: str = "", words: str = "") -> bool:
    """The end of the work: done, parked or undone."""
    done = bool(
        Intent.objects.filter(pk=lease.intent_id, lease_token=lease.token, state=Intent.State.CLAIMED).update(
            state=state, reason=reason, words=words[:2000], lease_until=None, finished_at=timezone.now()
        )
    )
    changed(lease.activity)
    return done


def finish_all(leases: Sequence[Lease], state: Intent.State, *, reason: str = "") -> None:
    """The end of the work of all of them that still count."""
    for mine in _by_token(leases):
        mine.update(state=state, reason=reason, words="", lease_until=None, finished_at=timezone.now())
    changed_all([lease.activity for lease in leases])
