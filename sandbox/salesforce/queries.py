"""/query, /queryAll, /search and the cursors behind `nextRecordsUrl`.

Reference: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.salesforce import ids, soql_run, sosl
from sandbox.salesforce.api import Answer, Call
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import SObject

BATCH = 2_000
CHILDREN = 200
_LEAST = 200
_CURSORS = 10
_LEAST_SUGGESTED = 3
_LOCATOR = re.compile(r"(01g[0-9A-Za-z]{15})-(\d+)\Z")


def _batch_size(call: Call) -> int:
    found = re.search(r"batchsize\s*=\s*(\d+)", call.headers.get("sforce-query-options", ""), re.IGNORECASE)
    if not found:
        return BATCH
    size = int(found[1])
    if not _LEAST <= size <= BATCH:
        raise SalesforceError("INVALID_QUERY_FILTER_OPERATOR", f"batchSize must be between {_LEAST} and {BATCH}")
    return size


def query(call: Call) -> Answer:
    return _query(call, deleted=False)


def query_all(call: Call) -> Answer:
    return _query(call, deleted=True)


def _query(call: Call, *, deleted: bool) -> Answer:
    text = call.query.get("q")
    if text is None:
        raise SalesforceError("MALFORMED_QUERY", "unexpected token: '<EOF>'")
    size = _batch_size(call)
    result = soql_run.run(call.org, call.user_id, call.version, text, deleted=deleted)
    for record in result.records:
        _page_children(call, record)
    if len(result.records) <= size:
        return Answer(200, {"totalSize": result.size, "done": True, "records": result.records})
    cursors = call.org.cursors
    mine = [key for key, cursor in cursors.items() if cursor[0] == call.user_id]
    if len(mine) >= _CURSORS:
        del cursors[mine[0]]
    return Answer(200, _first_page(call, size, result.records))


def _page_children(call: Call, record: dict[str, Any]) -> None:
    """Leave a record so many children at once; the rest stands behind a cursor of their own."""
    for name, children in record.items():
        if isinstance(children, dict) and len(children.get("records") or ()) > CHILDREN:
            record[name] = _first_page(call, CHILDREN, children["records"])


def _first_page(call: Call, size: int, records: list[dict[str, Any]]) -> dict[str, Any]:
    call.org.cursor_count += 1
    locator = ids.make("01g", call.org.cursor_count)
    call.org.cursors[locator] = (call.user_id, size, records)
    return _page(call, locator, size, records, 0)


def more(call: Call, locator: str) -> Answer:
    found = _LOCATOR.match(locator)
    cursor = call.org.cursors.get(found[1]) if found else None
    if found is None or cursor is None or cursor[0] != call.user_id or int(found[2]) >= len(cursor[2]):
        raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator")
    return Answer(200, _page(call, found[1], cursor[1], cursor[2], int(found[2])))


def _page(call: Call, locator: str, size: int, records: list[dict[str, Any]], start: int) -> dict[str, Any]:
    end = start + size
    page: dict[str, Any] = {"totalSize": len(records), "done": end >= len(records)}
    if not page["done"]:
        page["nextRecordsUrl"] = f"{call.base}/query/{locator}-{end}"
    page["records"] = records[start:end]
    return page


def search(call: Call) -> Answer:
    text = call.query.get("q")
    if text is None:
        raise SalesforceError("MALFORMED_SEARCH", "No search string specified")
    return Answer(200, {"searchRecords": sosl.search(call.org, call.user_id, call.version, text)})


def parameterized_search(call: Call) -> Answer:
    given = call.record_body() if call.method == "POST" else dict(call.query)
    return Answer(200, {"searchRecords": sosl.parameterized(call.org, call.user_id, call.version, given)})


def suggestions(call: Call) -> Answer:
    """Records whose names begin with what somebody types.

    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_search_suggest_records.htm
    """
    text, names = call.query.get("q", "").strip(), call.query.get("sobject", "")
    if len(text) < _LEAST_SUGGESTED:
        raise SalesforceError("MALFORMED_SEARCH", f"q must have at least {_LEAST_SUGGESTED} characters")
    limit = call.query.get("limit", "10")
    if not names or not limit.isdecimal():
        raise SalesforceError("MALFORMED_SEARCH", "sobject and a limit that is a number are needed")
    kinds = [call.sobject(name.strip()) for name in names.split(",")]
    found = sosl.parameterized(
        call.org,
        call.user_id,
        call.version,
        {
            "q": text,
            "in": "NAME",
            "sobjects": [{"name": kind.name, "fields": _label(kind)} for kind in kinds],
        },
        prefix=True,
    )
    meta = [{"entityApiName": kind.name, "fieldApiName": _label(kind)} for kind in kinds]
    return Answer(
        200,
        {
            "autoSuggestResults": [{**record, "Id": _id_of(record)} for record in found[: int(limit)]],
            "hasMoreResults": len(found) > int(limit),
            "meta": {"nameFields": meta},
        },
    )


def _label(kind: SObject) -> str:
    return kind.name_field.name if kind.name_field is not None else "Id"


def _id_of(record: dict[str, Any]) -> str:
    return str(record["attributes"]["url"]).rpartition("/")[2]
