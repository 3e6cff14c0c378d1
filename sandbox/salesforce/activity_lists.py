"""OpenActivities and ActivityHistories: tasks and events below a record, what is to come and what has been.

They are asked for below a record alone. Who does not see all data asks for a single record, without a condition, in the
order in which the page shows them, and for at most 499.

Reference: https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_activityhistory.htm
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.salesforce.schema import OBJECTS, Child
from sandbox.salesforce.soql_parse import Path, Query, refuse
from sandbox.salesforce.store import Org, Row

if TYPE_CHECKING:
    from sandbox.salesforce.soql_names import Reader

OBJECT_NAMES = frozenset({"OpenActivity", "ActivityHistory"})
MOST = 499


def check(reader: Reader, query: Query, child: Child) -> None:
    """Raise `SalesforceError` MALFORMED_QUERY for what the caller may not ask of the list."""
    if reader.org.access.is_administrator(reader.user_id):
        return
    restriction = (
        f"There is an implementation restriction on {child.relationship_name}. When you query this relationship,"
    )
    at, down = query.source.at, child.child == "ActivityHistory"
    if query.where is not None:
        refuse(reader.text, at, f"{restriction} you can't use a WHERE clause")
    wanted = [("ActivityDate", down), ("LastModifiedDate", True)]
    given = [(one.operand.text, one.descending) for one in query.order if isinstance(one.operand, Path)]
    if [(name.casefold(), way) for name, way in given] != [(name.casefold(), way) for name, way in wanted]:
        order = f"ActivityDate {'DESC' if down else 'ASC'} NULLS LAST, LastModifiedDate DESC"
        refuse(
            reader.text,
            at,
            f"{restriction} security evaluation is implemented for users who don't have administrator permissions, and"
            f" you must use a specific sort order: {order}",
        )
    if query.limit is None or query.limit > MOST:
        refuse(reader.text, at, f"{restriction} you must specify a limit of {MOST} or fewer")


def rows(org: Org, user_id: str, child: Child, parent: Row) -> list[Row]:
    """The rows of the list below one record that the user sees."""
    wanted = child.child == "OpenActivity"
    record_id = parent["PersonContactId"] if (child.relationship_name or "").startswith("Person") else parent["Id"]
    found = OBJECTS[child.child]
    out = []
    for name in ("Task", "Event"):
        for row in org.live(name, child.field, record_id) if record_id else ():
            still_open = not row["IsClosed"] if name == "Task" else (row["EndDateTime"] or org.now()) > org.now()
            if still_open is wanted and org.access.can_see(user_id, name, row):
                copy = org.blank(found) | {field: row[field] for field in found.fields if field in row}
                copy["IsTask"] = name == "Task"
                copy["IsClosed"] = not still_open
                copy["ActivitySubtype"] = row["TaskSubtype"] if name == "Task" else "Event"
                out.append(copy)
    return out
