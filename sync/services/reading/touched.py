"""What a person has just written down on records, shown on their cards at once, though no call reads them anew.

    a note, a call is written ─► the record and its day are kept ─► contexts read before that show it as last activity

An open task is no activity yet: Salesforce counts it once it is done.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from django.core.cache import cache
from django.utils import timezone

from sync.crm import Account, Case, CrmContext, CustomRecord, FieldValue, Opportunity, Person, Values
from sync.services.clients import Crm
from sync.services.records.caches import key_of

#: Longer than a context is fresh.
KEEP_SECONDS = 900
_LAST_ACTIVITY = "LastActivityDate"

RecordT = TypeVar("RecordT", Account, Opportunity, Case, CustomRecord)
Touched = dict[str, dt.date]


def touch(crm: Crm, record_id: str, day: dt.date) -> None:
    """After an activity that is done was written onto a record."""
    cache.set(_key(crm, record_id), [day.isoformat(), timezone.now().isoformat()], KEEP_SECONDS)


def with_touched(crm: Crm, context: CrmContext) -> CrmContext:
    """The context with the last activities that the person has written since it was read. No call."""
    ids = [person.id for person in context.people] + [account.id for account in context.accounts]
    ids += [one.id for one in context.opportunities] + [one.id for one in context.cases]
    ids += [one.id for one in context.custom]
    keys = {_key(crm, record_id): record_id for record_id in ids}
    found = {
        keys[key]: dt.date.fromisoformat(day)
        for key, (day, moment) in cache.get_many(keys).items()
        if context.read_at is None or dt.datetime.fromisoformat(moment) > context.read_at
    }
    if not found:
        return context
    # What is written on a person counts for their account too.
    above = {person.account_id: found[person.id] for person in context.people if person.id in found}
    return replace(
        context,
        people=tuple(_person(one, found) for one in context.people),
        accounts=_later(context.accounts, {**above, **found}),
        opportunities=_later(context.opportunities, found),
        cases=_later(context.cases, found),
        custom=_later(context.custom, found),
    )


def _person(person: Person, found: Touched) -> Person:
    day = found.get(person.id)
    if day is None or (person.last_activity is not None and person.last_activity >= day):
        return person
    return replace(person, last_activity=day, values=_without(person.values))


def _later(records: Iterable[RecordT], found: Touched) -> tuple[RecordT, ...]:
    return tuple(_with_day(record, found[record.id]) if record.id in found else record for record in records)


def _with_day(record: RecordT, day: dt.date) -> RecordT:
    known = next((str(value.value) for value in record.values if value.name == _LAST_ACTIVITY), "")
    if known[:10] >= day.isoformat():
        return record
    return replace(record, values=(*_without(record.values), FieldValue(_LAST_ACTIVITY, day.isoformat())))


def _without(values: Values) -> Values:
    return tuple(value for value in values if value.name != _LAST_ACTIVITY)


def _key(crm: Crm, record_id: str) -> str:
    return key_of(crm, "touched", record_id[:15])
