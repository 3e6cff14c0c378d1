"""/composite/sobjects: up to 200 records of one request, all or as many as pass.

Reference: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections.htm
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.salesforce import ids, records
from sandbox.salesforce.api import Answer, Call
from sandbox.salesforce.errors import SalesforceError, malformed_id
from sandbox.salesforce.resources import as_json, upsert
from sandbox.salesforce.schema import BY_PREFIX, SObject, sobject

MAX_RECORDS = 200
MAX_CHUNKS = 10
_ROLLED_BACK = SalesforceError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)

Work = Callable[[Any], dict[str, Any]]


class _RollBack(Exception):
    """Leaves the transaction of a collection in which a record was refused."""


def _check_count(count: int) -> None:
    if count > MAX_RECORDS:
        raise SalesforceError(
            "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MAX_RECORDS} records into this call"
        )
    if count == 0:
        raise SalesforceError("INVALID_INPUT", "a collection needs at least one record")


def _check_chunks(given: list[Any]) -> None:
    """Records of one object that stand together are one chunk; a request of more chunks is refused whole."""
    names = [_type_name(record) for record in given]
    if sum(name != before for before, name in zip([None, *names], names, strict=False)) > MAX_CHUNKS:
        raise SalesforceError(
            "LIMIT_EXCEEDED",
            f"Cannot have more than {MAX_CHUNKS} chunks in a single operation. Please rearrange the data to reduce"
            " chunking.",
        )


def _type_name(record: Any) -> str:
    attributes = record.get("attributes") if isinstance(record, dict) else None
    name = attributes.get("type") if isinstance(attributes, dict) else None
    return name.casefold() if isinstance(name, str) else ""


def _failure(error: SalesforceError) -> dict[str, Any]:
    return {"success": False, "errors": [error.as_save_result()]}


def _each(call: Call, given: list[Any], work: Work, *, all_or_none: bool) -> Answer:
    """The save result of each; with `all_or_none` one refusal takes back all."""
    _check_count(len(given))
    results: list[dict[str, Any]] = []

    def run() -> None:
        for one in given:
            try:
                results.append(work(one))
            except SalesforceError as error:
                results.append(_failure(error))
        if all_or_none and not all(result["success"] for result in results):
            raise _RollBack

    try:
        with call.org.transaction():
            run()
    except _RollBack:
        results = [_failure(_ROLLED_BACK) if result["success"] else result for result in results]
    return Answer(200, results)


def _records(call: Call) -> tuple[list[Any], bool]:
    body = call.record_body()
    given = body.get("records")
    if not isinstance(given, list):
        raise SalesforceError("JSON_PARSER_ERROR", "records must be a list")
    _check_chunks(given)
    return given, body.get("allOrNone") is True


def _type(call: Call, record: Any) -> SObject:
    attributes = record.get("attributes") if isinstance(record, dict) else None
    name = attributes.get("type") if isinstance(attributes, dict) else None
    found = sobject(name) if isinstance(name, str) else None
    if found is None or not call.org.knows(found):
        raise SalesforceError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return found


def create(call: Call) -> Answer:
    given, all_or_none = _records(call)

    def work(record: dict[str, Any]) -> dict[str, Any]:
        record_id = records.create(call.org, call.caller, _type(call, record), record)
        return {"id": record_id, "success": True, "errors": []}

    return _each(call, given, work, all_or_none=all_or_none)


def update(call: Call) -> Answer:
    given, all_or_none = _records(call)

    def work(record: dict[str, Any]) -> dict[str, Any]:
        found = _type(call, record)
        key = next((name for name in record if name.casefold() == "id"), None)
        if key is None:
            raise SalesforceError("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
        rest = {name: value for name, value in record.items() if name != key}
        try:
            records.update(call.org, call.caller, found, str(record[key]), rest)
        except SalesforceError as error:
            raise _as_cross_reference(error) from None
        return {"id": ids.normalise(record[key]), "success": True, "errors": []}

    return _each(call, given, work, all_or_none=all_or_none)


def upsert_all(call: Call, name: str, field: str) -> Answer:
    given, all_or_none = _records(call)
    found = call.sobject(name)

    def work(record: dict[str, Any]) -> dict[str, Any]:
        key = next((k for k in record if k.casefold() == field.casefold()), None)
        if key is None:
            raise SalesforceError("MISSING_ARGUMENT", f"{field} not specified", [field])
        rest = {k: v for k, v in record.items() if k not in (key, "attributes")}
        answer = upsert(replace(call, body=rest), found.name, field, str(record[key]))
        if answer.status == 300:
            raise SalesforceError("DUPLICATE_EXTERNAL_ID", f"{field}: more than one record found for external id field")
        result: dict[str, Any] = answer.body
        return result

    return _each(call, given, work, all_or_none=all_or_none)


def delete(call: Call) -> Answer:
    given = [part.strip() for part in call.query.get("ids", "").split(",") if part.strip()]
    all_or_none = call.query.get("allOrNone", "false").lower() == "true"

    def work(record_id: str) -> dict[str, Any]:
        normal = ids.normalise(record_id)
        found = BY_PREFIX.get(normal[:3]) if normal else None
        if normal is None or found is None or not call.org.knows(found):
            raise malformed_id(record_id)
        try:
            records.delete(call.org, call.caller, found, normal)
        except SalesforceError as error:
            raise _as_cross_reference(error) from None
        return {"id": normal, "success": True, "errors": []}

    return _each(call, given, work, all_or_none=all_or_none)


def _as_cross_reference(error: SalesforceError) -> SalesforceError:
    """Inside a collection an unknown id is a wrong value, not a missing resource."""
    if error.code == "NOT_FOUND":
        return SalesforceError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    return error


def read(call: Call, name: str) -> Answer:
    """Records by id, null in the place of one that is unknown; ids and fields from the query or the body."""
    found = call.sobject(name)
    if call.method == "POST":
        body = call.record_body()
        wanted, fields = body.get("ids"), body.get("fields")
    else:
        wanted, fields = call.query.get("ids", "").split(","), call.query.get("fields", "").split(",")
    if not isinstance(wanted, list) or not isinstance(fields, list) or not any(fields):
        raise SalesforceError("INVALID_INPUT", "ids and fields must be given")
    limit = 2_000 if call.method == "POST" else 800
    if len(wanted) > limit:
        raise SalesforceError("EXCEEDED_ID_LIMIT", f"cannot retrieve more than {limit} records")
    results: list[dict[str, Any] | None] = []
    for record_id in wanted:
        try:
            row = records.visible(call.org, call.user_id, found, str(record_id).strip())
        except SalesforceError as error:
            if ids.normalise(str(record_id).strip()) is None:
                raise malformed_id(record_id) from error
            results.append(None)
            continue
        results.append(as_json(call, found, row, [str(name) for name in fields]))
    return Answer(200, results)
