"""`/ui-api/related-list-records`: the records that hang on a record, a page at a time.

Reference: https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_resources_get_related_list_records.htm
"""

from __future__ import annotations

from sandbox.salesforce import activity_lists
from sandbox.salesforce.api import Answer, Call
from sandbox.salesforce.schema import OBJECTS, Child, SObject
from sandbox.salesforce.soql_order import sort
from sandbox.salesforce.soql_parse import Ordering, Path, Place
from sandbox.salesforce.store import Row
from sandbox.salesforce.uiapi import pages, record
from sandbox.salesforce.uiapi import parameters as given

MAX_PAGE = 1_999
_START = Place(1, 1)


def records(call: Call, parent_id: str, list_id: str) -> Answer:
    """The children of one relationship that the caller sees: `fields`, `sortBy`, `pageSize`, `pageToken`."""
    parent, row = given.record(call, parent_id)
    child = parent.child_relationships.get(list_id.casefold())
    if child is None or child.child in call.org.absent_objects:
        raise given.bad_parameter(f"Invalid related list {list_id} for object {parent.name}")
    found = OBJECTS[child.child]
    fields = given.names(call, "fields") or []
    optional = given.names(call, "optionalFields") or []
    tree = record.tree_of(call, found, fields, optional=False)
    record.merge(tree, record.tree_of(call, found, optional, optional=True))
    size = pages.number(call, "pageSize", 50, MAX_PAGE)
    start = pages.number(call, "pageToken", 0, 1_000_000, least=0)
    rows = [one for one in _below(call, child, row) if call.org.access.can_see(call.user_id, found.name, one)]
    sort_by = given.names(call, "sortBy") or []
    for name in reversed(sort_by):
        rows = _sorted(call, found, rows, name)
    shown = rows[start : start + size]
    return Answer(
        200,
        {
            "count": len(shown),
            "fields": fields,
            "listReference": {
                "id": None,
                "inContextOfRecordId": row["Id"],
                "listViewApiName": None,
                "parentObjectApiName": parent.name,
                "relatedListId": child.relationship_name,
                "type": "relatedList",
            },
            "optionalFields": optional,
            "pageSize": size,
            "records": [record.represent(call, found, one, tree or {"Id": None}) for one in shown],
            "sortBy": sort_by,
            **pages.tokens(call, "pageToken", start, size, len(rows)),
        },
    )


def _below(call: Call, child: Child, parent: Row) -> list[Row]:
    if child.child in activity_lists.OBJECT_NAMES:
        return activity_lists.rows(call.org, call.user_id, child, parent)
    return call.org.live(child.child, child.field, parent["Id"])


def _sorted(call: Call, found: SObject, rows: list[Row], name: str) -> list[Row]:
    plain = name.removeprefix("-").removeprefix(f"{found.name}.")
    known = found.field(plain)
    if (
        known is None
        or not known.can("sortable")
        or known.name in call.org.access.hidden_fields(call.user_id, found.name)
    ):
        raise given.bad_parameter(f"Invalid sort field {plain} for object {found.name}")
    ordering = Ordering(Path(known.name, _START), name.startswith("-"), False)
    return sort(rows, lambda row: row[known.name], ordering)
