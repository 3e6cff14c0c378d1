"""Searching records as one types, as one Salesforce user: one call for each text, none for one asked a moment ago."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pydantic import TypeAdapter

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import System
from sync import errors
from sync.providers.salesforce import searching, sosl
from sync.providers.salesforce.searching import FoundRecord
from sync.providers.salesforce.soql import is_name
from sync.services import flight
from sync.services.clients import Crm, connection_of, crm_of
from sync.services.context import hidden_fields
from sync.services.records.caches import key_of, own_version
from sync.services.records.enabled import enabled_objects

FRESH_SECONDS = 60.0
# Lookups lead to these too, but SOSL does not.
_NOT_SEARCHED = frozenset({"Group", "RecordType", "BusinessHours"})

_found: TypeAdapter[tuple[FoundRecord, ...]] = TypeAdapter(tuple[FoundRecord, ...])


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`too_short`: nothing was asked, as there was too little to ask for. `object_names`: what is searched, in turn."""

    records: tuple[FoundRecord, ...]
    object_names: tuple[str, ...]
    too_short: bool = False
    from_cache: bool = False


def search_records(actor: Actor, text: str, *, limit: int = searching.MOST) -> SearchResult:
    """The records that the text finds among the enabled objects: at most one call.

    Raises sync.errors.*, accounts.errors.NotConnected and policy.Denied.
    """
    require_own(actor, "record.view")
    return _searched(actor, text, enabled_objects(actor), limit)


def look_up(actor: Actor, text: str, object_names: tuple[str, ...], *, limit: int = 8) -> SearchResult:
    """The same among the objects that a lookup leads to, whichever they are: what Salesforce lets the person see."""
    require_own(actor, "record.view")
    names = tuple(name for name in object_names if is_name(name) and name not in _NOT_SEARCHED)
    return _searched(actor, text, names, limit) if names else SearchResult((), names, too_short=True)


def _searched(actor: Actor, text: str, names: tuple[str, ...], limit: int) -> SearchResult:
    text = text.strip()
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    if not sosl.searchable(text):
        return SearchResult((), names, too_short=True)
    asked = hashlib.sha256("\n".join((text.casefold(), *names, str(limit))).encode()).hexdigest()
    key = key_of(crm, "search", own_version(crm), asked)

    def load() -> tuple[str, float]:
        return _found.dump_json(_search(crm, text, names, limit)).decode(), FRESH_SECONDS

    answer = flight.fetch(key, load)
    return SearchResult(_found.validate_json(answer.value), names, from_cache=answer.from_cache)


def _search(crm: Crm, text: str, names: tuple[str, ...], limit: int) -> tuple[FoundRecord, ...]:
    """One call. Where it fails for a field that this person may not read, these are learnt once an hour."""
    hidden = hidden_fields(crm)
    try:
        return searching.search(
            crm.client, text, names, hidden=hidden, person_accounts=crm.shape.person_accounts, limit=limit
        )
    except errors.Refused as error:
        learnt = hidden_fields(crm, learn=True)
        if error.code != "INVALID_FIELD" or learnt == hidden:
            raise
    return searching.search(
        crm.client, text, names, hidden=learnt, person_accounts=crm.shape.person_accounts, limit=limit
    )
