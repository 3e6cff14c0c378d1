"""Tasks and events: whom and what they may name, the account they count for, and when a record was last dealt with.

Reference: https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_task.htm
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import OBJECTS, SObject
from sandbox.salesforce.store import Org, Row

if TYPE_CHECKING:
    from sandbox.salesforce.records import Draft

MAX_PEOPLE = 50
MAX_EVENT = timedelta(days=14)
_KINDS = ("Task", "Event")


def check(draft: Draft) -> None:
    """Raise `SalesforceError` for people or records that an activity cannot have; set its account."""
    if draft.sobject.name not in _KINDS:
        return
    row = draft.row
    people = draft.junctions.get(f"{draft.sobject.name}WhoIds")
    if people is not None:
        _check_people(draft, people)
        row["WhoId"] = row["WhoId"] or (people[0] if people else None)
    if row["WhoId"] and row["WhoId"].startswith("00Q") and row["WhatId"]:
        raise SalesforceError(
            "FIELD_INTEGRITY_EXCEPTION", "Related To ID: must be blank when the Name ID is a lead", ["WhatId"]
        )
    row["AccountId"] = _account_id(draft.org, row)
    if draft.sobject.name == "Event":
        _check_times(row)


def _check_people(draft: Draft, people: list[str]) -> None:
    leads = sum(person.startswith("00Q") for person in people)
    contacts = sum(person.startswith("003") for person in people)
    allowed = leads + contacts == len(people) and (leads == 0 or (leads == 1 and contacts == 0))
    if not allowed or contacts > MAX_PEOPLE or not draft.org.shared_activities:
        raise SalesforceError(
            "INVALID_EVENTWHOIDS",
            f"{draft.sobject.name}WhoIds takes up to {MAX_PEOPLE} contacts or one lead, with Shared Activities on",
            [f"{draft.sobject.name}WhoIds"],
        )
    for person in people:
        found = draft.org.find(person)
        if found is None or not draft.org.access.can_see(draft.caller.user_id, found[0].name, found[1]):
            raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])


def _check_times(row: Row) -> None:
    start, end, minutes = row["StartDateTime"] or row["ActivityDateTime"], row["EndDateTime"], row["DurationInMinutes"]
    if row["IsAllDayEvent"] and row["ActivityDate"] and start is None:
        return
    if start is None or (end is None and minutes is None):
        missing = ["ActivityDateTime" if start is None else "DurationInMinutes"]
        raise SalesforceError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{missing[0]}]", missing)
    length = end - start if end is not None else timedelta(minutes=minutes)
    if length < timedelta():
        raise SalesforceError("FIELD_INTEGRITY_EXCEPTION", "Event duration cannot be negative", ["DurationInMinutes"])
    if length > MAX_EVENT:
        raise SalesforceError(
            "FIELD_INTEGRITY_EXCEPTION", "Event duration cannot be longer than 14 days", ["EndDateTime"]
        )


def _account_id(org: Org, row: Row) -> str | None:
    for reference in (row["WhatId"], row["WhoId"]):
        found = org.find(reference) if reference else None
        if found is None:
            continue
        account = found[1]["Id"] if found[0].name == "Account" else found[1].get("AccountId")
        if account is not None:
            return str(account)
    return None


def after_save(draft: Draft) -> None:
    people = draft.junctions.get("TaskWhoIds")
    if draft.sobject.name == "Task" and (draft.before is None or people is not None):
        _relate(draft, people if people is not None else [draft.row["WhoId"]] if draft.row["WhoId"] else [])
    if draft.sobject.name in _KINDS:
        roll_up(draft.org, draft.row)
        if draft.before is not None:
            roll_up(draft.org, draft.before)


def _relate(draft: Draft, people: list[str]) -> None:
    """One relation for each person of a task."""
    relation = OBJECTS["TaskWhoRelation"]
    for old in draft.org.live("TaskWhoRelation", "TaskId", draft.row["Id"]):
        draft.org.delete(relation, old["Id"])
    for person in dict.fromkeys(people):
        row = draft.org.blank(relation)
        row.update(TaskId=draft.row["Id"], RelationId=person, Type="Lead" if person.startswith("00Q") else "Contact")
        draft.org.insert(relation, row, draft.caller.user_id)


def after_delete(org: Org, sobject: SObject, row: Row) -> None:
    if sobject.name in _KINDS:
        roll_up(org, row)


def roll_up(org: Org, row: Row) -> None:
    """Work out LastActivityDate anew for the people and records of an activity."""
    for reference in sorted({row[name] for name in ("WhoId", "WhatId", "AccountId") if row[name]}):
        found = org.find(reference)
        if found is None or "LastActivityDate" not in found[0].fields:
            continue
        latest = max(_days(org, reference), default=None)
        if found[1]["LastActivityDate"] != latest:
            org.change(found[0], reference, {"LastActivityDate": latest}, None)


def _days(org: Org, reference: str) -> list[date]:
    days: list[date] = [org.activity_floor[reference]] if reference in org.activity_floor else []
    today = org.now().date()
    for name in _KINDS:
        for field in ("WhoId", "WhatId", "AccountId"):
            for row in org.live(name, field, reference):
                done = name == "Event" or row["IsClosed"]
                if done and row["ActivityDate"] and row["ActivityDate"] <= today:
                    days.append(row["ActivityDate"])
    return days
