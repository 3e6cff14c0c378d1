"""Records at hand: the pinned ones first, then what was opened here or looked at in Salesforce last.

Only ids are kept. Names are read when they are shown, as the person: what they may not see any more is not told.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic import TypeAdapter

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import SalesforceOrg, System
from sync import errors
from sync.models import KnownRecord
from sync.providers.salesforce import searching
from sync.providers.salesforce.ids import long_id
from sync.providers.salesforce.searching import FoundRecord
from sync.services import flight
from sync.services.choosing import BadChoice
from sync.services.clients import Crm, connection_of, crm_of
from sync.services.context import hidden_fields
from sync.services.records.caches import key_of, own_version
from sync.services.records.enabled import enabled_objects

MOST_PINNED = 30
MOST_OPENED = 30
SHOWN_RECENT = 12
FRESH_SECONDS = 60.0


class TooManyPinned(BadChoice):
    """There is no room for a further pinned record."""


@dataclass(frozen=True, slots=True)
class AtHand:
    pinned: tuple[FoundRecord, ...] = ()
    recent: tuple[FoundRecord, ...] = ()


_at_hand: TypeAdapter[AtHand] = TypeAdapter(AtHand)


def at_hand(actor: Actor) -> AtHand:
    """Pinned and recent records: one call, or none where it was asked a moment ago and nothing was opened since."""
    require_own(actor, "record.view")
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    known = list(_rows(actor, crm.org).order_by("-opened_at"))
    stamp = ",".join(f"{row.record_id}{'*' if row.pinned_at else ''}" for row in known)
    key = key_of(crm, "at-hand", own_version(crm), hashlib.sha256(stamp.encode()).hexdigest())

    def load() -> tuple[str, float]:
        return _at_hand.dump_json(_read(actor, crm, known)).decode(), FRESH_SECONDS

    return _at_hand.validate_json(flight.fetch(key, load).value)


def opened(actor: Actor, crm: Crm, object_name: str, record_id: str) -> bool:
    """Remembers that a record was opened here; says whether it is pinned."""
    row, _made = KnownRecord.objects.update_or_create(
        user=actor.user,
        salesforce_org=crm.org,
        record_id=record_id,
        defaults={"organisation": actor.organisation, "object_name": object_name, "opened_at": timezone.now()},
    )
    old = _rows(actor, crm.org).filter(pinned_at=None).order_by("-opened_at").values_list("pk", flat=True)
    KnownRecord.objects.filter(pk__in=list(old[MOST_OPENED : MOST_OPENED + 50])).delete()
    return row.pinned_at is not None


def pin_record(actor: Actor, record_id: str, *, pinned: bool) -> None:
    """Pins a record that was opened here, or lets it go. Raises Gone for another, TooManyPinned."""
    require_own(actor, "record.view")
    org = connection_of(actor, System.SALESFORCE).salesforce_org
    mine = KnownRecord.objects.none() if org is None else _rows(actor, org)
    if pinned and mine.exclude(pinned_at=None).count() >= MOST_PINNED:
        raise TooManyPinned(_("Only %(n)d records can be pinned. Let one go first.") % {"n": MOST_PINNED})
    moment = timezone.now() if pinned else None
    if not mine.filter(record_id=long_id(record_id)).update(pinned_at=moment):
        raise errors.Gone(gettext_noop("There is no such record."), code="NOT_OPENED")


def _rows(actor: Actor, org: SalesforceOrg) -> QuerySet[KnownRecord]:
    return KnownRecord.objects.filter(organisation=actor.organisation, user=actor.user, salesforce_org=org)


def _read(actor: Actor, crm: Crm, known: list[KnownRecord]) -> AtHand:
    names = enabled_objects(actor)
    ids: dict[str, list[str]] = {}
    for row in known:
        if row.object_name in names:
            ids.setdefault(row.object_name, []).append(row.record_id)
    found, viewed = searching.kept(crm.client, ids, recent=names, hidden=hidden_fields(crm))
    pinned = sorted((row for row in known if row.pinned_at), key=lambda row: str(row.pinned_at))
    mine = [row.record_id for row in known if row.opened_at]
    pinned_ids = [row.record_id for row in pinned]
    recent = [one for one in dict.fromkeys([*mine, *viewed]) if one in found and one not in pinned_ids]
    return AtHand(
        pinned=tuple(found[one] for one in pinned_ids if one in found),
        recent=tuple(found[one] for one in recent[:SHOWN_RECENT]),
    )
