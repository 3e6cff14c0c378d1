"""What the resources of the User Interface API take of a request: objects, record types, choices and lists of names.

Reference: https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_resources.htm
"""

from __future__ import annotations

from sandbox.salesforce import ids, record_types
from sandbox.salesforce.api import Call
from sandbox.salesforce.errors import SalesforceError, not_found
from sandbox.salesforce.schema import BY_PREFIX, SObject, sobject
from sandbox.salesforce.store import Row

# What has no page layout and is known all the same.
_WITHOUT_LAYOUT = frozenset({"EmailMessage", "OpportunityContactRole", "ContentDocument", "ContentVersion"})


def bad_parameter(message: str) -> SalesforceError:
    return SalesforceError("ILLEGAL_QUERY_PARAMETER_VALUE", message)


def supported(call: Call, name: str) -> SObject:
    """The object, where the User Interface API knows it; raises `SalesforceError` INVALID_TYPE."""
    found = sobject(name)
    if found is None or not call.org.knows(found) or not (found.can("layoutable") or found.name in _WITHOUT_LAYOUT):
        raise SalesforceError("INVALID_TYPE", f"Object {name} is not supported in UI API")
    return found


def record(call: Call, record_id: str) -> tuple[SObject, Row]:
    """A record that the caller sees; raises `SalesforceError` ILLEGAL_QUERY_PARAMETER_VALUE, NOT_FOUND or
    INSUFFICIENT_ACCESS."""
    normal = ids.normalise(record_id)
    if normal is None:
        raise bad_parameter(f"Invalid record id: {record_id}")
    known = BY_PREFIX.get(normal[:3])
    if known is None:
        raise not_found()
    found = supported(call, known.name)
    row = call.org.get(found.name, normal)
    if row is None or row.get("IsDeleted"):
        raise not_found()
    if not call.org.access.can_see(call.user_id, found.name, row):
        raise SalesforceError(
            "INSUFFICIENT_ACCESS",
            "You don't have access to this record. Ask your administrator for help or to request access.",
        )
    return found, row


def record_type(call: Call, found: SObject, given: str | None) -> str:
    """The id of a record type of the object: the user's default where none is named."""
    if not given:
        return record_types.default_id(call.org, found.name, call.user_id)
    normal = ids.normalise(given)
    if normal == record_types.MASTER or (normal and record_types.by_id(found.name, normal)):
        return normal
    raise bad_parameter(f"Record type id {given} is invalid for object {found.name}")


def of_row(found: SObject, row: Row) -> str:
    """The record type under which a record's layout stands."""
    return row.get("RecordTypeId") or record_types.MASTER


def choices(call: Call, name: str, kind: str, allowed: tuple[str, ...], default: str) -> list[str]:
    """The values of a parameter that takes several of a few words."""
    given = [part.strip() for part in call.query.get(name, "").split(",") if part.strip()]
    return [choice(part, kind, allowed) for part in given] or [default]


def choice(value: str, kind: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise bad_parameter(f"Value: {value} could not be parsed into a valid enum value of type: {kind}")
    return value


def names(call: Call, name: str) -> list[str] | None:
    """A list of field names, None where the parameter is missing."""
    given = call.query.get(name)
    return None if given is None else [part.strip() for part in given.split(",") if part.strip()]


def flag(call: Call, name: str) -> bool:
    value = call.query.get(name, "false").lower()
    if value not in ("true", "false"):
        raise bad_parameter(f"Value: {value} could not be parsed into a valid Boolean")
    return value == "true"
