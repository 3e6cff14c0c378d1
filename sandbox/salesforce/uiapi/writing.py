"""Creating, changing and deleting records for pages, and how refusals are told: at their fields or at the page.

Reference: https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_resources_record_patch.htm
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from sandbox.salesforce import records, values
from sandbox.salesforce.api import Answer, Call
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import NUMBERS, SObject
from sandbox.salesforce.store import Row
from sandbox.salesforce.uiapi import object_info, reading, record
from sandbox.salesforce.uiapi import parameters as given

MESSAGE = "An error occurred while trying to update the record. Please try again."
_KEYS = {"allowSaveOnDuplicate", "apiName", "fields"}
# What is wrong with the request rather than with the record.
_OF_THE_REQUEST = frozenset(
    {"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND", "ENTITY_IS_DELETED", "INSUFFICIENT_ACCESS", "POST_BODY_PARSE_ERROR"}
)


def create(call: Call) -> Answer:
    body = _body(call, "POST")
    name = body.get("apiName")
    if not isinstance(name, str) or not name:
        raise given.bad_parameter("Record input with an apiName is required for POST.")
    found = given.supported(call, name)
    fields = _typed(found, body["fields"])

    def save() -> Answer:
        record_id = records.create(call.org, _caller(call, body), found, fields)
        return Answer(201, _stored(call, found, call.org.rows[found.name][record_id], fields))

    return _saved(call, found, save)


def update(call: Call, record_id: str) -> Answer:
    """Change a record, unless it has changed since the moment of `If-Unmodified-Since`."""
    found, row = given.record(call, record_id)
    body = _body(call, "PATCH")
    if body.get("apiName") is not None:
        raise given.bad_parameter("The apiName property can't be specified for PATCH.")
    fields = _typed(found, body["fields"])
    collision = _collision(call, row)
    if collision is not None:
        return collision

    def save() -> Answer:
        records.update(call.org, _caller(call, body), found, row["Id"], fields)
        after = call.org.rows[found.name][row["Id"]]
        if not call.org.access.can_see(call.user_id, found.name, after):
            # The change of owner took the record out of the caller's sight.
            if given.flag(call, "handleOwnerChange"):
                return Answer(204)
            raise SalesforceError("NOT_FOUND", "The requested resource does not exist")
        return Answer(200, _stored(call, found, after, fields))

    return _saved(call, found, save)


def delete(call: Call, record_id: str) -> Answer:
    found, row = given.record(call, record_id)

    def save() -> Answer:
        records.delete(call.org, call.caller, found, row["Id"])
        return Answer(204)

    return _saved(call, found, save)


def _caller(call: Call, body: dict[str, Any]) -> records.Caller:
    allowed = body.get("allowSaveOnDuplicate", False)
    if not isinstance(allowed, bool):
        raise SalesforceError("POST_BODY_PARSE_ERROR", "allowSaveOnDuplicate must be true or false")
    return replace(call.caller, allow_save=allowed or given.flag(call, "allowSaveOnDuplicate"))


def _body(call: Call, method: str) -> dict[str, Any]:
    body = call.body
    if not isinstance(body, dict) or not isinstance(body.get("fields"), dict):
        raise given.bad_parameter(f"Record input is required for {method}.")
    unknown = body.keys() - _KEYS
    if unknown:
        raise SalesforceError("POST_BODY_PARSE_ERROR", f'Unrecognized field "{min(unknown)}"')
    return body


def _typed(found: SObject, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields; raises `SalesforceError` POST_BODY_PARSE_ERROR for a value of another type.

    The User Interface API does not turn one type into another, as the other resources do.
    """
    for name, value in fields.items():
        known = found.field(name)
        if known is None or value is None:
            continue
        if known.type == "boolean":
            right = isinstance(value, bool)
        elif known.type in NUMBERS:
            right = isinstance(value, (int, float)) and not isinstance(value, bool)
        else:
            right = isinstance(value, str)
        if not right:
            wanted = {"boolean": "Boolean", **dict.fromkeys(NUMBERS, "Number")}.get(known.type, "String")
            actual = {bool: "Boolean", int: "Integer", float: "Double", str: "String", list: "ArrayList"}
            raise SalesforceError(
                "POST_BODY_PARSE_ERROR",
                f"Value for field '{known.name}' in object '{found.name}' with data type '{known.type.upper()}' should"
                f" be a {wanted} but instead is a {actual.get(type(value), 'LinkedHashMap')}.",
            )
    return fields


def _stored(call: Call, found: SObject, row: Row, fields: dict[str, Any]) -> dict[str, Any]:
    tree = reading.layout_fields(call, found, row)
    if given.flag(call, "includeFieldsInBody"):
        names = [f"{found.name}.{name}" for name in fields]
        record.merge(tree, record.tree_of(call, found, names, optional=True))
    return record.represent(call, found, row, tree)


def _saved(call: Call, found: SObject, save: Callable[[], Answer]) -> Answer:
    """The answer of a write, or the Error with Output that says why the record was refused."""
    try:
        return save()
    except SalesforceError as error:
        if error.code == "JSON_PARSER_ERROR":
            raise SalesforceError("POST_BODY_PARSE_ERROR", error.message) from None
        if error.code in _OF_THE_REQUEST:
            raise
        return Answer(error.status, refusal(call, found, error))


def refusal(call: Call, found: SObject, error: SalesforceError) -> dict[str, Any]:
    """The Error with Output of a refused record."""
    page: list[dict[str, Any]] = []
    at_fields: dict[str, list[dict[str, Any]]] = {}
    for one in (error, *error.others):
        if not one.fields:
            page.append(_exception(call, one))
        for name in one.fields or ():
            entry = _exception(call, one, found, name)
            at_fields.setdefault(entry["field"], []).append(entry)
    return {
        "enhancedErrorType": "RecordError",
        "message": MESSAGE,
        "output": {"errors": page, "fieldErrors": at_fields},
        "statusCode": error.status,
    }


def _exception(
    call: Call, error: SalesforceError, found: SObject | None = None, field: str | None = None
) -> dict[str, Any]:
    known = found.field(field) if found is not None and field is not None else None
    compound = known.more.get("compoundFieldName") if known is not None else None
    name = known.name if known is not None else field
    return {
        "constituentField": name if compound else None,
        "duplicateRecordError": _duplicates(call, error),
        "errorCode": error.code,
        "field": compound or name,
        "fieldLabel": known.label if known is not None else None,
        "message": error.message,
    }


def _duplicates(call: Call, error: SalesforceError) -> dict[str, Any] | None:
    if not error.matches:
        return None
    return {
        "matchResults": [
            {
                "apiName": match.sobject.name,
                "isAllowSave": match.allow_save,
                "matchRecordIds": list(match.record_ids),
                "matchRule": match.rule,
                "objectLabel": match.sobject.label,
                "objectLabelPlural": match.sobject.label_plural,
                "themeInfo": object_info.theme(call, match.sobject),
            }
            for match in error.matches
        ]
    }


def _collision(call: Call, row: Row) -> Answer | None:
    """The refusal of a change to a record that somebody changed after the moment that the header names."""
    since = call.headers.get("if-unmodified-since") or call.headers.get("if-modified-since")
    if since is None:
        return None
    modified: datetime | None = row.get("LastModifiedDate")
    if modified is None or _moment(since).replace(microsecond=0) >= modified.replace(microsecond=0):
        return None
    who = call.org.get("User", row["LastModifiedById"])
    message = (
        f"This record was modified by {who['Name'] if who else ''} during your edit session. Make a note of the data"
        " you entered, then reload the record and enter your updates again."
    )
    entry = {
        "constituentField": None,
        "duplicateRecordError": None,
        "errorCode": "CollisionDetectedException",
        "field": None,
        "fieldLabel": None,
        "message": message,
    }
    output = {"errors": [entry], "fieldErrors": {}}
    return Answer(400, {"enhancedErrorType": "RecordError", "message": MESSAGE, "output": output, "statusCode": 400})


def _moment(text: str) -> datetime:
    found = values.parse_datetime(text)
    if found is None:
        try:
            found = parsedate_to_datetime(text)
        except ValueError:
            raise SalesforceError("INVALID_HTTP_HEADER", f"invalid If-Unmodified-Since: {text}") from None
    return found
