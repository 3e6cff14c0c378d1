"""What each user has looked at last: marked by `FOR VIEW` and `FOR REFERENCE`, read as RecentlyViewed and `/recent`.

Reading a record marks nothing by itself. A user's list holds 200 records at most, and none that they no longer see.

Reference: https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_recentlyviewed.htm
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.salesforce.api import Answer, Call
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import OBJECTS, SObject

if TYPE_CHECKING:
    from sandbox.salesforce.store import Org, Row

MOST = 200
FIELDS = ("LastViewedDate", "LastReferencedDate")
_COPIED = ("FirstName", "LastName", "Title", "Email", "Phone", "RecordTypeId")


def mark(org: Org, user_id: str, found: SObject, record_id: str, *, viewed: bool) -> None:
    """Note that a user looks at a record, or at something related to it."""
    if not found.can("mruEnabled"):
        return
    mine = org.views.setdefault(user_id, {})
    before = mine.pop(record_id, (None, None))
    now = org.now()
    mine[record_id] = (now if viewed else before[0], now)
    while len(mine) > MOST:
        del mine[next(iter(mine))]


def seen(org: Org, user_id: str, record_id: str) -> tuple[datetime | None, datetime | None]:
    """When the user viewed and referenced a record last."""
    return org.views.get(user_id, {}).get(record_id, (None, None))


def rows(org: Org, user_id: str) -> list[Row]:
    """The rows of RecentlyViewed as one user has them, the latest first."""
    out = []
    for record_id, (viewed, referenced) in reversed(org.views.get(user_id, {}).items()):
        target = org.find(record_id)
        if target is None or target[1].get("IsDeleted") or not org.access.can_see(user_id, target[0].name, target[1]):
            continue
        found, row = target
        name = found.name_field
        copy = org.blank(OBJECTS["RecentlyViewed"])
        copy.update({field: row.get(field) for field in _COPIED})
        copy.update(Id=record_id, Type=found.name, LastViewedDate=viewed, LastReferencedDate=referenced)
        copy["Name"] = row[name.name] if name is not None else row.get("Subject")
        out.append(copy)
    return out


def recent(call: Call) -> Answer:
    """`/recent`: the same as a list of records."""
    limit = call.query.get("limit", str(MOST))
    if not limit.isdecimal() or not 1 <= int(limit) <= MOST:
        raise SalesforceError("INVALID_QUERY_LIMIT", f"limit must be between 1 and {MOST}")
    entries: list[dict[str, Any]] = [
        {
            "attributes": {"type": row["Type"], "url": f"{call.base}/sobjects/{row['Type']}/{row['Id']}"},
            "Id": row["Id"],
            "Name": row["Name"],
        }
        for row in rows(call.org, call.user_id)
    ]
    return Answer(200, entries[: int(limit)])
