"""/query, /queryAll, /search and the cursors behind `nextRecordsUrl`.

Reference: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.salesforce import ids, soql_run, sosl
from sandbox.salesforce.api import Answer, Call
from sandbox.salesforce.errors import SalesforceError

BATCH = 2_000
_LEAST = 200
_CURSORS = 10
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
    if len(result.records) <= size:
        return Answer(200, {"totalSize": result.size, "done": True, "records": result.records})
    cursors = call.org.cursors
    mine = [key for key, cursor in cursors.items() if cursor[0] == call.user_id]
    if len(mine) >= _CURSORS:
        del cursors[mine[0]]
    call.org.cursor_count += 1
    locator = ids.make("01g", call.org.cursor_count)
    cursors[locator] = (call.user_id, size, result.records)
    return Answer(200, _page(call, locator, size, result.records, 0))


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
