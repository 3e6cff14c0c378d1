"""The resources of the REST API that read and write single records, and those that describe the org.

Reference: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_list.htm
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from sandbox.salesforce import records, values
from sandbox.salesforce.api import Answer, Call
from sandbox.salesforce.errors import SalesforceError, not_found
from sandbox.salesforce.files import StoredFile
from sandbox.salesforce.schema import OBJECTS, Field, SObject
from sandbox.salesforce.store import Row

_WINDOW = timedelta(days=30)


def index(call: Call) -> Answer:
    names = (
        "composite",
        "limits",
        "parameterizedSearch",
        "query",
        "queryAll",
        "recent",
        "search",
        "sobjects",
        "ui-api",
    )
    return Answer(200, {name: f"{call.base}/{name}" for name in names})


def limits(call: Call) -> Answer:
    used, maximum = call.org.limits.used, call.org.limits.maximum
    return Answer(
        200,
        {
            "DailyApiRequests": {"Max": maximum, "Remaining": maximum - used},
            "DataStorageMB": {"Max": 5, "Remaining": 0 if call.org.storage_full else 4},
            "FileStorageMB": {"Max": 1024, "Remaining": 0 if call.org.storage_full else 1000},
            "SingleEmail": {"Max": 5000, "Remaining": 5000},
        },
    )


def describe_global(call: Call) -> Answer:
    fresh = _unless_modified(call)
    if fresh is None:
        return Answer(304)
    body = {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [o.summary(call.version) for o in OBJECTS.values() if call.org.knows(o)],
    }
    return Answer(200, body, fresh)


def basic(call: Call, name: str) -> Answer:
    found = call.sobject(name)
    recent = list(call.org.rows[found.name].values())[-5:]
    seen = [
        row for row in recent if not row.get("IsDeleted") and call.org.access.can_see(call.user_id, found.name, row)
    ]
    items = [{"attributes": _attributes(call, found, row), "Id": row["Id"]} for row in seen]
    return Answer(200, {"objectDescribe": found.summary(call.version), "recentItems": items})


def describe(call: Call, name: str) -> Answer:
    found = call.sobject(name)
    fresh = _unless_modified(call)
    if fresh is None:
        return Answer(304)
    hidden = call.org.access.hidden_fields(call.user_id, found.name)
    if not call.org.shared_activities:
        hidden |= {"TaskWhoIds"}
    types = records.record_type_infos(found, call.org, call.version, call.user_id)
    read_only = call.org.access.read_only_fields(call.user_id, found.name)
    own, absent = call.org.own_objects, call.org.absent_objects
    body = found.describe(call.version, hidden, types, read_only, own, absent)
    if found.name == "Account" and not call.org.person_accounts:
        # Only where an account may be a person can its name be made of others.
        next(field for field in body["fields"] if field["name"] == "Name")["nillable"] = False
    return Answer(200, body, fresh)


def _unless_modified(call: Call) -> dict[str, str] | None:
    """The header of a full answer, or None where the caller's copy is still good."""
    changed = call.org.schema_changed.replace(microsecond=0)
    since = call.headers.get("if-modified-since")
    if since is not None:
        try:
            moment = parsedate_to_datetime(since)
        except ValueError:
            raise SalesforceError("INVALID_HTTP_HEADER", f"invalid If-Modified-Since: {since}") from None
        if (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) >= changed:
            return None
    return {"Last-Modified": format_datetime(changed, usegmt=True)}


def _attributes(call: Call, found: SObject, row: Row) -> dict[str, str]:
    return {"type": found.name, "url": f"{call.base}/sobjects/{found.name}/{row['Id']}"}


def create(call: Call, name: str) -> Answer:
    found = call.sobject(name)
    record_id = records.create(call.org, call.caller, found, call.record_body(), call.upload)
    location = f"{call.base}/sobjects/{found.name}/{record_id}"
    return Answer(201, {"id": record_id, "success": True, "errors": []}, {"Location": location})


def as_json(call: Call, found: SObject, row: Row, fields: list[str] | None) -> dict[str, Any]:
    """A record with the named fields, or all; raises `SalesforceError` INVALID_FIELD."""
    hidden = call.org.access.hidden_fields(call.user_id, found.name)
    chosen: list[Field] = []
    for name in fields if fields is not None else list(found.fields):
        known = found.field(name)
        if known is None or known.name in hidden:
            if fields is None:
                continue
            raise SalesforceError(
                "INVALID_FIELD",
                f"\n{', '.join(fields)}\n^\nERROR at Row:1:Column:1\nNo such column '{name}' on entity"
                f" '{found.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the"
                " custom field name. Please reference your WSDL or the describe call for the appropriate names.",
            )
        chosen.append(known)
    out: dict[str, Any] = {"attributes": _attributes(call, found, row)}
    for known in chosen:
        value = row[known.name]
        if known.type == "address":
            value = values.address(found, known, row)
        elif isinstance(value, StoredFile):
            value = f"{call.base}/sobjects/{found.name}/{row['Id']}/{known.name}"
        out[known.name] = values.render(value)
    if fields is not None and "Id" not in out:
        out["Id"] = row["Id"]
    return out


def _fields(call: Call) -> list[str] | None:
    given = call.query.get("fields")
    return None if given is None else [name.strip() for name in given.split(",") if name.strip()]


def read(call: Call, name: str, record_id: str) -> Answer:
    found = call.sobject(name)
    row = records.visible(call.org, call.user_id, found, record_id)
    return Answer(200, as_json(call, found, row, _fields(call)))


def update(call: Call, name: str, record_id: str) -> Answer:
    records.update(call.org, call.caller, call.sobject(name), record_id, call.record_body())
    return Answer(204)


def delete(call: Call, name: str, record_id: str) -> Answer:
    records.delete(call.org, call.caller, call.sobject(name), record_id)
    return Answer(204)


def blob(call: Call, name: str, record_id: str, field: str) -> Answer:
    """The bytes of a file."""
    if call.inside:
        raise SalesforceError("INVALID_INPUT", "A subrequest cannot answer with the bytes of a file")
    found = call.sobject(name)
    known = found.field(field)
    row = records.visible(call.org, call.user_id, found, record_id)
    if known is None or known.type != "base64" or not isinstance(row[known.name], StoredFile):
        raise not_found()
    return Answer(200, row[known.name].path)


def _external(call: Call, found: SObject, field: str, value: str) -> list[Row]:
    known = found.field(field)
    if known is None or not (known.can("externalId") or known.name == "Id"):
        raise SalesforceError("NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {field}")
    if known.name == "Id":
        return [records.visible(call.org, call.user_id, found, value)]
    rows = call.org.live(found.name, known.name, value)
    return [row for row in rows if call.org.access.can_see(call.user_id, found.name, row)]


def read_external(call: Call, name: str, field: str, value: str) -> Answer:
    found = call.sobject(name)
    rows = _external(call, found, field, value)
    if len(rows) > 1:
        return _choices(call, found, rows)
    if not rows:
        raise not_found()
    return Answer(200, as_json(call, found, rows[0], _fields(call)))


def upsert(call: Call, name: str, field: str, value: str) -> Answer:
    """Update the record that has this external id, or create it."""
    found = call.sobject(name)
    rows = _external(call, found, field, value)
    if len(rows) > 1:
        return _choices(call, found, rows)
    body = dict(call.record_body())
    known = found.field(field)
    if known is not None and known.name in body:
        raise SalesforceError(
            "INVALID_FIELD", f"The {known.name} field should not be specified in the sobject data.", [known.name]
        )
    if rows:
        records.update(call.org, call.caller, found, rows[0]["Id"], body)
        return Answer(200, {"id": rows[0]["Id"], "success": True, "errors": [], "created": False})
    record_id = records.create(call.org, call.caller, found, {**body, field: value})
    return Answer(201, {"id": record_id, "success": True, "errors": [], "created": True})


def delete_external(call: Call, name: str, field: str, value: str) -> Answer:
    found = call.sobject(name)
    rows = _external(call, found, field, value)
    if len(rows) > 1:
        return _choices(call, found, rows)
    if not rows:
        raise not_found()
    records.delete(call.org, call.caller, found, rows[0]["Id"])
    return Answer(204)


def _choices(call: Call, found: SObject, rows: list[Row]) -> Answer:
    return Answer(300, [_attributes(call, found, row)["url"] for row in rows])


def _span(call: Call, found: SObject) -> tuple[datetime, datetime]:
    if not found.can("replicateable"):
        raise SalesforceError("INVALID_TYPE", f"sObject type '{found.name}' is not replicateable")
    start, end = (values.parse_datetime(call.query.get(name, "").replace(" ", "+")) for name in ("start", "end"))
    if start is None or end is None:
        raise SalesforceError("INVALID_REPLICATION_DATE", "start and end must be dates with a time")
    if end <= start:
        raise SalesforceError("INVALID_REPLICATION_DATE", "startDate cannot be after or equal to endDate")
    if start < call.org.now() - _WINDOW:
        raise SalesforceError("INVALID_REPLICATION_DATE", "startDate before org replication enabled date")
    # Salesforce leaves the seconds out of account.
    return start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)


def _covered(call: Call, end: datetime) -> str:
    return str(values.render(min(end, call.org.now().replace(second=0))))


def updated(call: Call, name: str) -> Answer:
    found = call.sobject(name)
    start, end = _span(call, found)
    stamp = "SystemModstamp" if "SystemModstamp" in found.fields else "CreatedDate"
    rows = [
        row["Id"]
        for row in call.org.rows[found.name].values()
        if not row.get("IsDeleted")
        and start <= row[stamp] < end
        and call.org.access.can_see(call.user_id, found.name, row)
    ]
    return Answer(200, {"ids": rows, "latestDateCovered": _covered(call, end)})


def deleted(call: Call, name: str) -> Answer:
    found = call.sobject(name)
    start, end = _span(call, found)
    rows = [
        {"id": row["Id"], "deletedDate": values.render(row["SystemModstamp"])}
        for row in call.org.rows[found.name].values()
        if row.get("IsDeleted")
        and start <= row["SystemModstamp"] < end
        and call.org.access.can_see(call.user_id, found.name, row)
    ]
    earliest = values.render(call.org.now() - _WINDOW)
    return Answer(
        200,
        {"deletedRecords": rows, "earliestDateAvailable": earliest, "latestDateCovered": _covered(call, end)},
    )
