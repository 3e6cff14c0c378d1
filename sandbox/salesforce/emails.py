"""EmailMessage: its people, its immutability, and the Task that Salesforce makes for it.

```
 Draft (Status 5) ── any change ──► Draft
   └─ Status 0…4 ──► final: only IsExternallyVisible and custom fields change; a completed Task stands for it
 delete ──► the Task and the relations go along
```
Salesforce does not keep MessageIdentifier unique, and neither does the sandbox.

Reference: https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_emailmessage.htm
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.salesforce import activities
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import OBJECTS, SObject
from sandbox.salesforce.store import Org, Row

if TYPE_CHECKING:
    from sandbox.salesforce.records import Draft

DRAFT = "5"
_JUNCTIONS = {"ToIds": "ToAddress", "CcIds": "CcAddress", "BccIds": "BccAddress"}
_PEOPLE = {"003": "Contact", "00Q": "Lead", "005": "User"}
_DESCRIPTION = 32_000


def check(draft: Draft) -> None:
    """Raise `SalesforceError` for what an email or a relation of one cannot be."""
    if draft.sobject.name == "EmailMessageRelation":
        _check_relation(draft)
    if draft.sobject.name != "EmailMessage":
        return
    if draft.before is not None and draft.before["Status"] != DRAFT:
        _check_unchanged(draft)
        return
    row = draft.row
    if not draft.org.enhanced_email and row["ParentId"] is None:
        raise SalesforceError("REQUIRED_FIELD_MISSING", "Required fields are missing: [ParentId]", ["ParentId"])
    if row["ParentId"]:
        if row["RelatedToId"] not in (None, row["ParentId"]):
            raise SalesforceError(
                "FIELD_INTEGRITY_EXCEPTION",
                "Related To ID: must be the case of ParentId, or blank, where ParentId is set",
                ["RelatedToId"],
            )
        row["RelatedToId"] = row["ParentId"]
    elif "ActivityId" in draft.given and row["ActivityId"]:
        raise SalesforceError(
            "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", ["ActivityId"]
        )
    row["MessageDate"] = row["MessageDate"] or draft.org.now()
    for name, people in draft.junctions.items():
        for person in people:
            _check_person(draft, name, person)


def _check_unchanged(draft: Draft) -> None:
    allowed = {"IsExternallyVisible"} | {f.name for f in draft.sobject.fields.values() if f.can("custom")}
    refused = sorted((draft.given | set(draft.junctions)) - allowed)
    if refused:
        raise SalesforceError(
            "INSUFFICIENT_ACCESS_OR_READONLY", "You can't edit an email message that isn't a draft.", refused
        )


def _check_person(draft: Draft, name: str, person: str) -> None:
    kind = _PEOPLE.get(person[:3])
    if kind is None:
        raise SalesforceError("FIELD_INTEGRITY_EXCEPTION", f"{name}: id value of incorrect type: {person}", [name])
    row = draft.org.get(kind, person)
    if row is None or row.get("IsDeleted"):
        raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [name])
    if not draft.org.access.can_see(draft.caller.user_id, kind, row):
        raise SalesforceError(
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
            f"insufficient access rights on cross-reference id: {person}",
            [name],
        )


def _check_relation(draft: Draft) -> None:
    row = draft.row
    if row["RelationId"] is None and row["RelationAddress"] is None:
        raise SalesforceError(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [RelationId, RelationAddress]", ["RelationId"]
        )
    if row["RelationId"] is not None:
        kind = _PEOPLE[row["RelationId"][:3]]
        row["RelationObjectType"] = kind
        person = draft.org.get(kind, row["RelationId"])
        row["RelationAddress"] = row["RelationAddress"] or (person["Email"] if person else None)


def after_save(draft: Draft) -> None:
    """The relations of the id lists, and the Task."""
    org, row, user_id = draft.org, draft.row, draft.caller.user_id
    if draft.sobject.name == "EmailMessageRelation":
        email = org.get("EmailMessage", row["EmailMessageId"])
        if email is not None and email["ActivityId"]:
            org.change(OBJECTS["Task"], email["ActivityId"], _who_and_what(org, email), None)
        return
    if draft.sobject.name != "EmailMessage":
        return
    for name, people in draft.junctions.items():
        _relate(draft, _JUNCTIONS[name], people)
    stored = org.get("EmailMessage", row["Id"])
    if stored is not None and stored["Status"] != DRAFT and stored["ActivityId"] is None:
        task_id = _make_task(org, stored, user_id)
        org.change(draft.sobject, row["Id"], {"ActivityId": task_id}, None)


def _relate(draft: Draft, kind: str, people: list[str]) -> None:
    org, email_id = draft.org, draft.row["Id"]
    relation = OBJECTS["EmailMessageRelation"]
    for old in org.live("EmailMessageRelation", "EmailMessageId", email_id):
        if old["RelationType"] == kind and old["RelationId"] is not None:
            org.delete(relation, old["Id"])
    for person in dict.fromkeys(people):
        found = org.find(person)
        row = org.blank(relation)
        row.update(EmailMessageId=email_id, RelationId=person, RelationType=kind)
        row["RelationObjectType"] = _PEOPLE[person[:3]]
        row["RelationAddress"] = found[1]["Email"] if found else None
        org.insert(relation, row, draft.caller.user_id)


def _who_and_what(org: Org, email: Row) -> dict[str, Any]:
    """The Task's person (a contact before a lead) and record; a lead among the people leaves no record."""
    relations = org.live("EmailMessageRelation", "EmailMessageId", email["Id"])
    people = [r["RelationId"] for r in relations if r["RelationId"]]
    contact = next((person for person in people if person.startswith("003")), None)
    lead = next((person for person in people if person.startswith("00Q")), None)
    what = None if lead else email["RelatedToId"]
    who = org.find(contact or lead or "")
    related = org.find(what) if what else None
    account = None
    for found in (related, who):
        if found is not None and account is None:
            account = found[1]["Id"] if found[0].name == "Account" else found[1].get("AccountId")
    return {"WhoId": contact or lead, "WhatId": what, "AccountId": account}


def _make_task(org: Org, email: Row, user_id: str) -> str:
    task = OBJECTS["Task"]
    row = org.blank(task)
    row.update(_who_and_what(org, email))
    row.update(
        Subject=f"Email: {email['Subject'] or ''}".strip()[:255],
        Description=(email["TextBody"] or "")[:_DESCRIPTION] or None,
        Status="Completed",
        IsClosed=True,
        Priority="Normal",
        TaskSubtype="Email",
        OwnerId=user_id,
        ActivityDate=email["MessageDate"].date(),
        CompletedDateTime=org.now(),
    )
    task_id = org.insert(task, row, user_id)
    activities.roll_up(org, row)
    return task_id


def before_delete(org: Org, sobject: SObject, row: Row) -> None:
    """Take the Task of an email along."""
    if sobject.name != "EmailMessage" or not row["ActivityId"]:
        return
    task = org.get("Task", row["ActivityId"])
    if task is not None and not task["IsDeleted"]:
        org.delete(OBJECTS["Task"], task["Id"])
        activities.roll_up(org, task)
