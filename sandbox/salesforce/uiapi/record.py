"""A record as a page shows it: each field with its value and the text that stands for it, related records inside.

Texts are written as the seed's users read them: pounds, day before month, London time.

Reference: https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_responses_record.htm
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.salesforce import record_types
from sandbox.salesforce.api import Call
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.files import StoredFile
from sandbox.salesforce.schema import OBJECTS, Field, SObject
from sandbox.salesforce.store import Row
from sandbox.salesforce.uiapi.etag import tagged
from sandbox.salesforce.uiapi.object_info import record_type_info

MAX_SPAN = 5
_ZONE = ZoneInfo("Europe/London")

Tree = dict[str, Any]


def moment(value: datetime | None) -> str | None:
    """`2026-11-23T21:00:00.000Z`"""
    return None if value is None else f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"


def tree_of(call: Call, found: SObject, names: list[str], *, optional: bool) -> Tree:
    """The fields that names such as `Account.Owner.Name` select; raises `SalesforceError` INVALID_FIELD.

    What an optional name does not find is left out.
    """
    tree: Tree = {}
    for name in names:
        path = name.split(".")
        if len(path) < 2 or path[0].casefold() != found.name.casefold():
            if optional:
                continue
            raise _unknown(name, found.name)
        try:
            _grow(call, found, tree, path[1:])
        except SalesforceError:
            if not optional:
                raise
    return tree


def _grow(call: Call, found: SObject, tree: Tree, path: list[str]) -> None:
    if len(path) > MAX_SPAN + 1:
        raise _unknown(".".join(path), found.name)
    hidden = call.org.access.hidden_fields(call.user_id, found.name)
    if len(path) == 1:
        known = found.field(path[0])
        if known is None or known.name in hidden:
            raise _unknown(path[0], found.name)
        tree.setdefault(known.name, None)
        return
    hop = found.by_relationship.get(path[0].casefold())
    if hop is None or hop.name in hidden:
        raise _unknown(path[0], found.name)
    target = OBJECTS.get(hop.reference_to[0]) if not hop.polymorphic else None
    below: Tree = {}
    if target is not None:
        _grow(call, target, below, path[1:])
    elif len(path) == 2 and path[1].casefold() in ("id", "name"):
        below[path[1].capitalize()] = None
    else:
        raise _unknown(".".join(path), found.name)
    merge(tree, {hop.relationship_name or "": below})


def _unknown(name: str, entity: str) -> SalesforceError:
    return SalesforceError(
        "INVALID_FIELD",
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append"
        " the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate"
        " names.",
    )


def merge(tree: Tree, other: Tree) -> Tree:
    for name, below in other.items():
        if isinstance(below, dict):
            tree[name] = merge(tree.get(name) or {}, below)
        else:
            tree.setdefault(name, None)
    return tree


def layout_tree(found: SObject, names: list[str]) -> Tree:
    """What a layout's fields select: references bring the name of what they point at along, parts their compound."""
    tree: Tree = {}
    for name in names:
        known = found.fields[name]
        tree.setdefault(name, None)
        if known.type == "reference" and known.relationship_name:
            tree.setdefault(known.relationship_name, {"Id": None, "Name": None})
        compound = found.fields.get(str(known.more.get("compoundFieldName") or ""))
        if compound is not None and compound.can("nameField"):
            tree.setdefault(compound.name, None)
    return tree


def represent(call: Call, found: SObject, row: Row, tree: Tree) -> dict[str, Any]:
    """The Record of the API."""
    stamp = row.get("SystemModstamp") or row.get("CreatedDate")
    kind = row.get("RecordTypeId")
    infos = {info["recordTypeId"]: info for info in record_types.infos(call.org, found, call.user_id)}
    return tagged(
        {
            "apiName": found.name,
            "childRelationships": {},
            "fields": _fields(call, found, row, tree),
            "id": row["Id"],
            "lastModifiedById": row.get("LastModifiedById"),
            "lastModifiedDate": moment(row.get("LastModifiedDate")),
            "recordTypeId": kind or (record_types.MASTER if found.can("layoutable") else None),
            "recordTypeInfo": record_type_info(infos[kind]) if kind in infos else None,
            "systemModstamp": moment(stamp),
            "weakEtag": int(stamp.timestamp() * 1000) if stamp else 0,
        }
    )


def _fields(call: Call, found: SObject, row: Row, tree: Tree) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, below in sorted(tree.items()):
        if isinstance(below, dict):
            out[name] = _related(call, found, row, name, below)
        else:
            known = found.field(name)
            if known is not None:
                out[known.name] = {"displayValue": shown(known, row[known.name]), "value": raw(known, row)}
    return out


def _related(call: Call, found: SObject, row: Row, name: str, below: Tree) -> dict[str, Any]:
    hop = found.by_relationship[name.casefold()]
    record_id = row.get(hop.name)
    target = call.org.find(record_id) if record_id else None
    if (
        target is None
        or target[1].get("IsDeleted")
        or not call.org.access.can_see(call.user_id, target[0].name, target[1])
    ):
        return {"displayValue": None, "value": None}
    above, other = target
    wanted = {_own_name(above, field): inner for field, inner in below.items()}
    return {"displayValue": title(call, above, other), "value": represent(call, above, other, wanted)}


def _own_name(found: SObject, field: str) -> str:
    """`Name` of an object whose name stands in another field, a case's number say."""
    return field if field != "Name" or "Name" in found.fields or found.name_field is None else found.name_field.name


def title(call: Call, found: SObject, row: Row) -> str | None:
    """What a record is called."""
    known = found.name_field
    value = row.get(known.name) if known is not None else row.get("Subject")
    return None if value is None else str(value)


def raw(known: Field, row: Row) -> Any:
    value = row[known.name]
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StoredFile):
        return None
    return value


def shown(known: Field, value: Any) -> str | None:
    """The text that stands for a value, None where the value is its own text."""
    if value is None:
        return None
    if known.type in ("picklist", "multipicklist"):
        labels = dict(known.values)
        parts = str(value).split(";") if known.type == "multipicklist" else [str(value)]
        return ";".join(labels.get(part, part) for part in parts)
    if known.type == "currency":
        scale = int(known.more.get("scale", 2))
        return f"{'-' if value < 0 else ''}£{abs(value):,.{scale}f}"
    if known.type == "percent":
        return f"{value:,.{int(known.more.get('scale', 0))}f}%"
    if known.type in ("int", "double"):
        return f"{value:,}" if value == int(value) else f"{value:,.2f}"
    if isinstance(value, datetime):
        return value.astimezone(_ZONE).strftime("%d/%m/%Y, %H:%M")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    return None
