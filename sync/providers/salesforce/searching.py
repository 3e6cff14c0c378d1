"""Finding records: by words (SOSL), by what names exactly one (SOQL), and by ids. Each one call.

    what was typed ──► an id or a link, an address, a telephone number ──► one composite of queries, an object each
                  └──► words ──► one search across the objects

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_search.htm
https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_recentlyviewed.htm
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop
from simple_salesforce.format import format_soql

from sync import errors
from sync.providers.salesforce import sosl
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.ids import key_prefix, long_id
from sync.providers.salesforce.queries import run_queries
from sync.providers.salesforce.soql import field_name
from sync.providers.salesforce.sosl import Returning

#: Most records of one object in an answer.
MOST = 6
#: Which fields tell people which record it is, the name first; of parents too.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "Contact": ("Name", "Title", "Account.Name", "Email"),
    "Lead": ("Name", "Title", "Company", "Email"),
    "Account": ("Name", "Type", "BillingCity", "Website"),
    "Opportunity": ("Name", "StageName", "Account.Name"),
    "Case": ("CaseNumber", "Subject", "Status", "Account.Name"),
    "Task": ("Subject", "Status"),
    "Event": ("Subject",),
    "Contract": ("ContractNumber", "Status", "Account.Name"),
    "Order": ("OrderNumber", "Status", "Account.Name"),
    "Solution": ("SolutionName", "Status"),
}
_PHONES = {"Contact": ("Phone", "MobilePhone"), "Lead": ("Phone", "MobilePhone"), "Account": ("Phone",)}
_EMAILS = {"Contact": "Email", "Lead": "Email"}
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\Z")
_TELEPHONE = re.compile(r"\+?[0-9][0-9 ()./-]{5,}\Z")
_LEAST_DIGITS = 7
#: Telephone numbers are compared by so many of their last digits: how the country's code is written varies.
_LAST_DIGITS = 9
_LINK = re.compile(r"https?://[^\s/]+/(?:\S*?/)?([A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)(?=[/?#\s]|\Z)")


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record in a list: `name`, and `details` as they are worth telling. `id` has 18 characters."""

    object_name: str
    id: str
    name: str
    details: tuple[str, ...] = ()


def record_id_in(text: str) -> str:
    """The id (18 characters) that a text is, or that stands in it as a link to Salesforce; "" where there is none."""
    text = text.strip()
    link = _LINK.match(text)
    candidate = link.group(1) if link else text
    # A word of fifteen letters is a word: ids are numbers, and have digits.
    return long_id(candidate) if any(letter.isdigit() for letter in candidate) else ""


def search(
    client: SalesforceClient,
    text: str,
    object_names: Sequence[str],
    *,
    hidden: Collection[str] = (),
    person_accounts: bool = False,
    limit: int = MOST,
) -> tuple[FoundRecord, ...]:
    """The records that a text finds, in the order of the objects: one call, or none for a text that names nothing.

    `hidden` are `Object.Field` names that the user may not read. Raises what the client raises.
    """
    queries = exact_queries(text, object_names, hidden=hidden, person_accounts=person_accounts, limit=limit)
    if queries:
        return _by_queries(client, queries)
    if not sosl.searchable(text):
        return ()
    conditions = sosl.conditions()
    returning = [
        Returning(name, ("Id", *fields_of(name, hidden)), conditions.get(name, ""), limit) for name in object_names
    ]
    answer = client.get("search", {"q": sosl.find(text, returning)})
    records = answer.get("searchRecords") if isinstance(answer, dict) else None
    if not isinstance(records, list):
        raise errors.Unavailable(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE")
    order = {name: place for place, name in enumerate(object_names)}
    found = [record for record in map(_found, records) if record is not None]
    return tuple(sorted(found, key=lambda record: order.get(record.object_name, len(order))))


def exact_queries(
    text: str,
    object_names: Sequence[str],
    *,
    hidden: Collection[str] = (),
    person_accounts: bool = False,
    limit: int = MOST,
) -> dict[str, str]:
    """The query of each object for a text that is an id, a link, an address or a telephone number; else none."""
    text = text.strip()
    record_id = record_id_in(text)
    if record_id:
        prefix = key_prefix(record_id)
        names = [name for name, known in PREFIXES.items() if known == prefix and name in object_names]
        # Prefixes of custom objects are the org's own: each of them is asked.
        names = names or [name for name in object_names if name not in PREFIXES]
        return {name: _query(name, format_soql("Id = {id}", id=record_id), hidden, limit) for name in names}
    if _ADDRESS.match(text) and len(text) <= 254:
        emails = {name: field for name, field in _EMAILS.items() if name in object_names}
        if person_accounts and "Account" in object_names:
            emails["Account"] = "PersonEmail"
        return {
            name: _query(
                name, format_soql("{field:literal} LIKE '{text:like}%'", field=field, text=text), hidden, limit
            )
            for name, field in emails.items()
            if name + "." + field not in hidden
        }
    digits = "".join(character for character in text if character in "0123456789")
    if _TELEPHONE.match(text) and len(digits) >= _LEAST_DIGITS and not (text.isdigit() and len(digits) <= 8):
        pattern = "%".join(digits[-_LAST_DIGITS:])
        queries = {}
        for name, fields in _PHONES.items():
            readable = [field for field in fields if name + "." + field not in hidden]
            if name in object_names and readable:
                tests = [format_soql("{f:literal} LIKE '%{p:literal}'", f=field, p=pattern) for field in readable]
                queries[name] = _query(name, " OR ".join(tests), hidden, limit)
        return queries
    return {}


def recently_viewed(object_names: Sequence[str], *, limit: int = 12) -> str:
    """What this user looked at last, in Salesforce or here."""
    return format_soql(
        "SELECT Id,Name,Type FROM RecentlyViewed WHERE Type IN {names} AND LastViewedDate != null"
        " ORDER BY LastViewedDate DESC LIMIT {limit}",
        names=[field_name(name) for name in object_names],
        limit=limit,
    )


def kept(
    client: SalesforceClient,
    ids: Mapping[str, Sequence[str]],
    *,
    recent: Sequence[str] = (),
    hidden: Collection[str] = (),
) -> tuple[dict[str, FoundRecord], tuple[str, ...]]:
    """The records with these ids (by object) that the user may see, and the ids that Salesforce knows as recent.

    One call for up to five objects. A part that fails is missing.
    """
    queries = {
        name: _query(name, format_soql("Id IN {ids}", ids=list(some)), hidden, len(some))
        for name, some in ids.items()
        if some
    }
    if recent:
        queries["RecentlyViewed"] = recently_viewed(recent)
    answers = run_queries(client, queries) if queries else {}
    found: dict[str, FoundRecord] = {}
    order: list[str] = []
    for name, records in answers.items():
        for record in records if isinstance(records, list) else ():
            if name == "RecentlyViewed":
                if record.get("Id") and record.get("Type"):
                    entry = FoundRecord(str(record["Type"]), long_id(record["Id"]), str(record.get("Name") or ""))
                    found.setdefault(entry.id, entry)
                    order.append(entry.id)
            else:
                known = _found(record)
                if known is not None:
                    found[known.id] = known
    return found, tuple(order)


def fields_of(object_name: str, hidden: Collection[str] = ()) -> tuple[str, ...]:
    """The fields that tell which record of an object it is, those that the user may read."""
    names = FIELDS.get(object_name, ("Name",))
    return names[:1] + tuple(
        name for name in names[1:] if object_name + "." + name not in hidden and name not in hidden
    )


def _query(object_name: str, where: str, hidden: Collection[str], limit: int) -> str:
    condition = sosl.conditions().get(object_name)
    by_id = where.startswith("Id ")
    return format_soql(
        "SELECT {fields:literal} FROM {name:literal} WHERE ({where:literal}){more:literal} LIMIT {limit}",
        fields=",".join(("Id", *(sosl.path(name) for name in fields_of(object_name, hidden)))),
        name=field_name(object_name),
        where=where,
        more=" AND " + condition if condition and not by_id else "",
        limit=limit,
    )


def _by_queries(client: SalesforceClient, queries: Mapping[str, str]) -> tuple[FoundRecord, ...]:
    answers = run_queries(client, queries)
    failed = [answer for answer in answers.values() if not isinstance(answer, list)]
    if failed and len(failed) == len(answers):
        raise failed[0]
    records = [record for answer in answers.values() if isinstance(answer, list) for record in answer]
    return tuple(found for found in map(_found, records) if found is not None)


def _found(record: Any) -> FoundRecord | None:
    if not isinstance(record, dict) or not isinstance(record.get("attributes"), dict) or not record.get("Id"):
        return None
    object_name = str(record["attributes"].get("type") or "")
    name, *details = (_value(record, field) for field in FIELDS.get(object_name, ("Name",)))
    if object_name == "Case" and details and details[0]:
        # People know a case by what it is about; its number stands before it.
        name, details = f"{name} {details[0]}", details[1:]
    return FoundRecord(object_name, long_id(str(record["Id"])), name, tuple(detail for detail in details if detail))


def _value(record: Mapping[str, Any], path: str) -> str:
    value: Any = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return str(value) if isinstance(value, str | int | float) else ""


#: Key prefixes of standard objects.
#: https://help.salesforce.com/s/articleView?id=000385203&type=1
PREFIXES: Mapping[str, str] = {
    "Account": "001",
    "Contact": "003",
    "Lead": "00Q",
    "Opportunity": "006",
    "Case": "500",
    "Task": "00T",
    "Event": "00U",
    "Contract": "800",
    "Order": "801",
    "Campaign": "701",
    "Product2": "01t",
    "Solution": "501",
}


def written_by(
    client: SalesforceClient, object_name: str, user_id: str, since: datetime, values: Mapping[str, str]
) -> str:
    """The newest record that this user created since then with exactly these values; "" where there is none.

    Without values it cannot be told from others, and nothing is looked for.
    """
    if not values:
        return ""
    tests = [
        format_soql("{name:literal} = {value}", name=field_name(name), value=value) for name, value in values.items()
    ]
    records = client.query(
        format_soql(
            "SELECT Id FROM {object:literal} WHERE CreatedById = {user} AND CreatedDate >= {since}"
            " AND {tests:literal} ORDER BY CreatedDate DESC LIMIT 1",
            object=field_name(object_name),
            user=user_id,
            since=since,
            tests=" AND ".join(tests),
        )
    )
    return long_id(str(records[0].get("Id") or "")) if records else ""
