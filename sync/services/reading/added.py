"""Records that a person looked up and chose for the open email, though none of its people leads to them.

Each is found as the person, by its id: what they may not see is none. One call for each, and none again for some
minutes, so that the filing that follows costs none more.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import TypeAdapter

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import System
from sync.crm import RelatedRecord
from sync.errors import Gone
from sync.providers.salesforce.ids import long_id
from sync.services import flight
from sync.services.clients import Crm, connection_of, crm_of
from sync.services.records.caches import key_of, own_version
from sync.services.records.enabled import PEOPLE_OBJECTS
from sync.services.records.search import search_records

FRESH_SECONDS = 300.0

_record: TypeAdapter[RelatedRecord] = TypeAdapter(RelatedRecord)


def added_record(actor: Actor, record_id: str) -> RelatedRecord:
    """A record that an email can stand on. Raises Gone for any other, sync.errors.*, NotConnected, policy.Denied."""
    require_own(actor, "record.view")
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    found = long_id(record_id)
    if not found:
        raise Gone(code="NOT_AN_ID")
    return _record.validate_json(flight.fetch(_key(crm, found), lambda: _read(actor, found)).value)


def added_records(actor: Actor, record_ids: Iterable[str]) -> dict[str, str]:
    """The objects of those that an email can stand on, by the ids asked for. Raises as `added_record`, but for Gone."""
    found = {}
    for record_id in record_ids:
        try:
            found[record_id] = added_record(actor, record_id).object_name
        except Gone:
            continue
    return found


def _read(actor: Actor, record_id: str) -> tuple[str, float]:
    for one in search_records(actor, record_id).records:
        if one.id == record_id and one.object_name not in PEOPLE_OBJECTS:
            return _record.dump_json(RelatedRecord(one.id, one.object_name, one.name)).decode(), FRESH_SECONDS
    raise Gone(code="NO_SUCH_RECORD")


def _key(crm: Crm, record_id: str) -> str:
    return key_of(crm, "added", own_version(crm), record_id)
