"""One record beside an email: its activities and its related lists, read when somebody opens them.

Each is one call, kept per organisation, Salesforce org and Salesforce user: five minutes, a few seconds where a part
of it failed. Whatever the person writes, an activity, a record, an email that is filed or taken back, forgets all that
is kept for them.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import replace

from django.core.cache import cache
from django.utils import timezone
from pydantic import TypeAdapter

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import System
from sync.crm_beside import RelatedLists, Timeline
from sync.errors import Gone
from sync.providers.salesforce.related import read_related
from sync.providers.salesforce.timeline import read_timeline
from sync.services import flight
from sync.services.clients import Crm, connection_of, crm_of
from sync.services.records.caches import key_of, own_version

FRESH_SECONDS = 300.0
FAILED_SECONDS = 5.0
#: Longer than anything that is kept under it, an old answer shown for want of a new one included.
VERSION_SECONDS = 86_400
PAGE = 20

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_timelines: TypeAdapter[Timeline] = TypeAdapter(Timeline)
_lists: TypeAdapter[RelatedLists] = TypeAdapter(RelatedLists)


def record_id_of(text: str) -> str:
    """A Salesforce id as it stands in an address. Raises Gone: what is none names no record."""
    if not _ID.fullmatch(text):
        raise Gone(code="NOT_AN_ID")
    return text


def timeline_of(actor: Actor, record_id: str) -> Timeline:
    """A record's activities, as the actor's Salesforce user sees them. Raises sync.errors.*, NotConnected."""
    require_own(actor, "email.view")
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    record_id = record_id_of(record_id)

    def load() -> tuple[str, float]:
        read = read_timeline(
            crm.client,
            record_id,
            enhanced_email=crm.shape.enhanced_email,
            shared_activities=crm.shape.shared_activities,
            today=timezone.localdate(),
        )
        return _timelines.dump_json(read).decode(), FAILED_SECONDS if read.failed else FRESH_SECONDS

    return _timelines.validate_json(flight.fetch(_key("timeline", crm, record_id), load).value)


def page_of(timeline: Timeline, page: int) -> tuple[Timeline, bool]:
    """That page (from 0) of a timeline's past, and whether another follows; what is planned stands on the first."""
    start = page * PAGE
    shown = replace(
        timeline,
        planned=timeline.planned if page == 0 else (),
        past=timeline.past[start : start + PAGE],
    )
    return shown, start + PAGE < len(timeline.past)


def related_of(actor: Actor, record_id: str) -> RelatedLists:
    """A record's related lists, as the actor's Salesforce user sees them. Raises sync.errors.*, NotConnected."""
    require_own(actor, "email.view")
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    record_id = record_id_of(record_id)

    def load() -> tuple[str, float]:
        read = read_related(crm.client, record_id)
        failed = any(one.failed for one in read.lists)
        return _lists.dump_json(read).decode(), FAILED_SECONDS if failed else FRESH_SECONDS

    return _lists.validate_json(flight.fetch(_key("related", crm, record_id), load).value)


def forget(crm: Crm) -> None:
    """After a write: what is kept of any record counts no more, as an activity of a contact is its account's too."""
    cache.set(key_of(crm, "beside"), secrets.token_hex(8), VERSION_SECONDS)


def _key(part: str, crm: Crm, record_id: str) -> str:
    # Both spellings of an id name the same record; 15 characters tell it.
    version = cache.get(key_of(crm, "beside")) or ""
    return key_of(crm, part, own_version(crm), str(version), record_id[:15])
