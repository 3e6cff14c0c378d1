"""A Task that a person writes down: a note, a call, a task. It carries a key by which it is found again.

The key stands in `CallObject` (docs/decisions/007): after a write without an answer the look-up tells.
https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_task.htm
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from simple_salesforce.format import format_soql

from sync import errors
from sync.providers.salesforce import limits
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.timeline import PERSON_PREFIXES

#: The fields that a person fills in, by the names of the forms.
FIELD_NAMES = {
    "Subject": "subject",
    "Description": "text",
    "ActivityDate": "due",
    "Priority": "priority",
    "CallType": "direction",
}


@dataclass(frozen=True, slots=True)
class TaskToWrite:
    """`record_id` is whom (a Contact or Lead) or what it is about; `done_status` is empty for what is yet to do."""

    key: str
    record_id: str
    subject: str
    text: str = ""
    subtype: str = "Task"
    done_status: str = ""
    due: date | None = None
    priority: str = ""
    direction: str = ""


def task_fields(task: TaskToWrite) -> dict[str, Any]:
    about = "WhoId" if task.record_id.startswith(PERSON_PREFIXES) else "WhatId"
    fields = {
        about: task.record_id,
        "Subject": limits.line_within(task.subject, limits.TASK_SUBJECT),
        "Description": limits.text_within(task.text, limits.TASK_DESCRIPTION),
        "TaskSubtype": task.subtype,
        "Status": task.done_status,
        "ActivityDate": task.due.isoformat() if task.due else "",
        "Priority": task.priority,
        "CallType": task.direction,
        "CallObject": task.key,
    }
    return {name: value for name, value in fields.items() if value}


def write_task(client: SalesforceClient, task: TaskToWrite) -> str:
    """Writes it and gives its id. One call. `Ambiguous` where no answer tells whether it was written."""
    answer = client.post("sobjects/Task", task_fields(task))
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        raise errors.Ambiguous("Salesforce's answer could not be read.", code="UNREADABLE")
    return str(answer["id"])


def find_task(client: SalesforceClient, key: str) -> str:
    """The id of the Task with this key, or "". One call."""
    query = "SELECT Id,CallObject FROM Task WHERE CallObject = {key} ORDER BY CreatedDate,Id LIMIT 5"
    found = client.query(format_soql(query, key=key))
    # `=` ignores case there.
    return next((str(row["Id"]) for row in found if row.get("CallObject") == key), "")
