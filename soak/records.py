"""Reads the org's emails, with their people and files, as an administrator sees them.

Where Enhanced Email is off they are Tasks, whose `CallObject` holds the identity.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from simple_salesforce.format import format_soql

from soak.compare import Email
from soak.wires import Salesforce

_CHUNK = 150
_EMAILS = (
    "SELECT Id, MessageIdentifier, Subject, TextBody, RelatedToId, ParentId, Incoming, FromAddress, CreatedById "
    "FROM EmailMessage"
)


def email_messages(org: Salesforce) -> list[Email]:
    """Every EmailMessage. Users among its people are left out: colleagues are not what was linked."""
    people: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in org.query("SELECT EmailMessageId, RelationId, RelationType FROM EmailMessageRelation"):
        if row["RelationId"] and not row["RelationId"].startswith("005"):
            people[row["EmailMessageId"]][row["RelationId"]].add(row["RelationType"])
    rows = org.query(_EMAILS)
    files = file_names(org, [row["Id"] for row in rows])
    return [
        Email(
            id=row["Id"],
            identity=row["MessageIdentifier"] or "",
            subject=row["Subject"] or "",
            text=row["TextBody"] or "",
            related=row["ParentId"] or row["RelatedToId"],
            incoming=bool(row["Incoming"]),
            from_address=row["FromAddress"] or "",
            created_by=row["CreatedById"],
            people={person: frozenset(kinds) for person, kinds in people[row["Id"]].items()},
            files=tuple(files[row["Id"]]),
        )
        for row in rows
    ]


def email_tasks(org: Salesforce) -> list[Email]:
    """Every Task that stands for an email; those that Salesforce makes itself for an EmailMessage have no identity."""
    people: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    for row in org.query("SELECT TaskId, RelationId FROM TaskWhoRelation"):
        people[row["TaskId"]][row["RelationId"]] = frozenset()
    soql = (
        "SELECT Id, CallObject, Subject, Description, WhoId, WhatId, CreatedById FROM Task WHERE TaskSubtype = 'Email'"
    )
    rows = [row for row in org.query(soql) if row["CallObject"]]
    files = file_names(org, [row["Id"] for row in rows])
    return [
        Email(
            id=row["Id"],
            identity=row["CallObject"],
            subject=row["Subject"] or "",
            text=row["Description"] or "",
            related=row["WhatId"],
            incoming=None,
            from_address=None,
            created_by=row["CreatedById"],
            people={**people[row["Id"]], **({row["WhoId"]: frozenset()} if row["WhoId"] else {})},
            files=tuple(files[row["Id"]]),
        )
        for row in rows
    ]


def file_names(org: Salesforce, records: Sequence[str]) -> dict[str, list[str]]:
    """The names of the files on each of these records."""
    names = {row["ContentDocumentId"]: row["PathOnClient"] for row in documents(org)}
    found: dict[str, list[str]] = defaultdict(list)
    for chunk in _chunks(records):
        soql = format_soql(
            "SELECT LinkedEntityId, ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId IN {records}",
            records=list(chunk),
        )
        for row in org.query(soql):
            found[row["LinkedEntityId"]].append(names.get(row["ContentDocumentId"], "?"))
    return found


def documents(org: Salesforce) -> list[dict[str, str]]:
    """Every stored file's present version."""
    return org.query("SELECT ContentDocumentId, PathOnClient FROM ContentVersion WHERE IsLatest = true")


def _chunks(records: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(records), _CHUNK):
        yield records[start : start + _CHUNK]
