"""Claiming a collection, keeping it, and giving it back: the leases of reading.

A claim is one conditional UPDATE whose row count says who won; it carries a fencing token, as `sync.services.leases`
has it for intents. A worker prolongs its lease with every page; one that died loses it, and the collection is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Connection
from sync.models import Collection, Mailbox

LEASE = timedelta(seconds=90)
#: A mailbox is read only while it is switched on and its grant stands.
READABLE = Q(mailbox__state=Mailbox.State.ACTIVE, mailbox__connection__state=Connection.State.ACTIVE)


@dataclass(frozen=True, slots=True)
class Claim:
    collection_id: UUID
    token: int
    at: datetime


def claim(collection_id: UUID, *, at: datetime | None = None) -> Claim | None:
    """The claim; None when another holds it, it is not due, or its mailbox is not to be read."""
    now = at or timezone.now()
    readable = Collection.objects.filter(READABLE, pk=collection_id).values("pk")
    won = (
        Collection.objects.filter(pk__in=readable, due_at__lte=now)
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now))
        .update(lease_until=now + LEASE, lease_token=F("lease_token") + 1, woken_until=None)
    )
    if not won:
        return None
    token = Collection.objects.filter(pk=collection_id).values_list("lease_token", flat=True).get()
    return Claim(collection_id, token, now)


def locked(claim: Claim) -> Collection | None:
    """The collection, locked for the rest of the transaction, if the claim still counts."""
    return (
        Collection.objects.select_for_update(of=("self",))
        .select_related("mailbox")
        .filter(pk=claim.collection_id, lease_token=claim.token, lease_until__isnull=False)
        .first()
    )


def prolong(claim: Claim) -> bool:
    """A whole lease from now on; False when it was lost."""
    mine = Collection.objects.filter(pk=claim.collection_id, lease_token=claim.token, lease_until__isnull=False)
    return bool(mine.update(lease_until=timezone.now() + LEASE))


def release(claim: Claim, **changes: object) -> bool:
    """Gives it back with what has to change on the row; False when the claim was lost, and then nothing changes."""
    mine = Collection.objects.filter(pk=claim.collection_id, lease_token=claim.token, lease_until__isnull=False)
    return bool(mine.update(lease_until=None, **changes))
