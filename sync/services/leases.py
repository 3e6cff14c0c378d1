"""Claiming an intent, and giving it back.

A claim is one conditional UPDATE whose row count says who won. It carries a fencing token: whoever comes back after
their lease ended holds an older token, and `still_held` refuses their result.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from sync.models import Activity, Intent
from sync.services.versions import changed

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


def prolong(lease: Lease) -> bool:
    """A whole lease from now on; False when it was lost. Asked for before a write, so that the write fits into it."""
    until = timezone.now() + LEASE
    mine = Intent.objects.filter(pk=lease.intent_id, lease_token=lease.token, state=Intent.State.CLAIMED)
    return bool(mine.update(lease_until=until, due_at=until))


@contextmanager
def kept(lease: Lease) -> Iterator[None]:
    """Prolongs the lease while the work goes on: a large file may take longer than one."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(LEASE.total_seconds() / 3):
            try:
                prolong(lease)
            finally:
                connection.close()

    heart = threading.Thread(target=beat, name="lease", daemon=True)
    heart.start()
    try:
        yield
    finally:
        ended.set()
        heart.join()


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
