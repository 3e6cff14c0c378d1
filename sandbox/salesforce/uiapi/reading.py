"""Records for pages: `/ui-api/records`, `/ui-api/record-ui`, `/ui-api/layout` and the defaults of a new record.

Reference: https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_resources_record_ui.htm
"""

from __future__ import annotations

from typing import Any

from sandbox.salesforce import ids, recent
from sandbox.salesforce.api import Answer, Call
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import SObject
from sandbox.salesforce.store import Row
from sandbox.salesforce.uiapi import layouts, object_info, record
from sandbox.salesforce.uiapi import parameters as given
from sandbox.salesforce.uiapi.etag import conditional, tagged

MAX_RECORDS = 200
_NESTED = ("User",)


def layout(call: Call, name: str) -> Answer:
    """One layout: of a record type, a type of layout and a mode."""
    found = given.supported(call, name)
    layout_type = given.choice(call.query.get("layoutType", "Full"), "LayoutType", layouts.TYPES)
    mode = given.choice(call.query.get("mode", "View"), "Mode", layouts.MODES)
    given.choice(call.query.get("formFactor", "Large"), "FormFactor", layouts.FORM_FACTORS)
    kind = given.record_type(call, found, call.query.get("recordTypeId"))
    assigned = _assigned(call, found, kind, layout_type)
    return conditional(call, layouts.render(call, found, assigned, kind, layout_type, mode))


def _assigned(call: Call, found: SObject, record_type_id: str, layout_type: str) -> layouts.Layout:
    assigned = layouts.assigned(call, found, record_type_id, layout_type)
    if assigned is None:
        raise SalesforceError("INVALID_TYPE", f"Object {found.name} has no layout", status=400)
    return assigned


def one(call: Call, record_id: str) -> Answer:
    """A record with the fields that `fields` names, or that stand on layouts, and `optionalFields`."""
    found, row = given.record(call, record_id)
    tree = selection(call, found, row)
    _mark(call, found, row)
    return conditional(call, record.represent(call, found, row, tree))


def _mark(call: Call, found: SObject, row: Row) -> None:
    if given.flag(call, "updateMru"):
        recent.mark(call.org, call.user_id, found, row["Id"], viewed=True)


def batch(call: Call, record_ids: str) -> Answer:
    """Several records at once; each has its own status."""
    results = []
    for record_id in _ids(record_ids):
        try:
            found, row = given.record(call, record_id)
            tree = selection(call, found, row, own_names=True)
            results.append({"result": record.represent(call, found, row, tree), "statusCode": 200})
        except SalesforceError as error:
            results.append({"result": [error.as_rest()], "statusCode": error.status})
    return Answer(200, {"hasErrors": any(one["statusCode"] != 200 for one in results), "results": results})


def _ids(text: str) -> list[str]:
    found = [part for part in text.split(",") if part]
    if not found or len(found) > MAX_RECORDS:
        raise SalesforceError("LIMIT_EXCEEDED", f"A request takes 1 to {MAX_RECORDS} records")
    return found


def selection(call: Call, found: SObject, row: Row, own_names: bool = False) -> record.Tree:
    """What a request selects of a record; raises `SalesforceError` INVALID_INPUT_COMBINATION where it says nothing."""
    fields, optional = given.names(call, "fields"), given.names(call, "optionalFields")
    types = call.query.get("layoutTypes")
    if (fields is None) == (types is None) and (fields is not None or optional is None):
        raise SalesforceError("INVALID_INPUT_COMBINATION", "Must provide either 'fields' or 'layoutTypes'.")
    tree: record.Tree = {}
    if types is not None:
        chosen = given.choices(call, "layoutTypes", "LayoutType", layouts.TYPES, "Full")
        given.choices(call, "modes", "Mode", layouts.MODES, "View")
        for layout_type in chosen:
            record.merge(tree, layout_fields(call, found, row, layout_type))
    mine = [name for name in fields or () if not own_names or name.partition(".")[0] == found.name]
    record.merge(tree, record.tree_of(call, found, mine, optional=False))
    return record.merge(tree, record.tree_of(call, found, optional or [], optional=True))


def layout_fields(call: Call, found: SObject, row: Row, layout_type: str = "Full") -> record.Tree:
    """What stands on a record's layout; its name where it has none."""
    assigned = layouts.assigned(call, found, given.of_row(found, row), layout_type)
    if assigned is None:
        return {found.name_field.name: None} if found.name_field else {"Id": None}
    return record.layout_tree(found, layouts.fields_of(call, found, assigned))


def record_ui(call: Call, record_ids: str) -> Answer:
    """Layouts, metadata and data of records at once."""
    types = given.choices(call, "layoutTypes", "LayoutType", layouts.TYPES, "Full")
    modes = given.choices(call, "modes", "Mode", layouts.MODES, "View")
    given.choice(call.query.get("formFactor", "Large"), "FormFactor", layouts.FORM_FACTORS)
    optional = given.names(call, "optionalFields") or []
    out: dict[str, Any] = {"layoutUserStates": {}, "layouts": {}, "objectInfos": {}, "records": {}}
    for record_id in _ids(record_ids):
        found, row = given.record(call, record_id)
        kind = given.of_row(found, row)
        tree: record.Tree = {}
        for layout_type in types:
            assigned = _assigned(call, found, kind, layout_type)
            by_type = out["layouts"].setdefault(found.name, {}).setdefault(kind, {}).setdefault(layout_type, {})
            for mode in modes:
                by_type[mode] = layouts.render(call, found, assigned, kind, layout_type, mode)
            if layout_type == "Full":
                out["layoutUserStates"][assigned.id] = user_state(assigned)
            record.merge(tree, layout_fields(call, found, row, layout_type))
        record.merge(tree, record.tree_of(call, found, optional, optional=True))
        _mark(call, found, row)
        out["records"][row["Id"]] = record.represent(call, found, row, tree)
        for name in (found.name, *_NESTED):
            out["objectInfos"].setdefault(name, object_info.represent(call, given.supported(call, name)))
    return conditional(call, tagged(out))


def user_state(assigned: layouts.Layout) -> dict[str, Any]:
    """Which sections of a layout the user has folded: none."""
    places = [assigned.section_id(place) for place in range(len(assigned.sections))]
    return {
        "id": assigned.id,
        "sectionUserStates": {place: {"collapsed": False, "id": place} for place in places},
    }


def create_defaults(call: Call, name: str) -> Answer:
    """The layout, the metadata and the values with which the page of a new record begins."""
    found = given.supported(call, name)
    if not found.can("createable"):
        raise SalesforceError("INSUFFICIENT_ACCESS", f"You can't create records of type {found.name}")
    given.choice(call.query.get("formFactor", "Large"), "FormFactor", layouts.FORM_FACTORS)
    kind = given.record_type(call, found, call.query.get("recordTypeId"))
    assigned = _assigned(call, found, kind, "Full")
    optional = given.names(call, "optionalFields") or []
    tree = record.layout_tree(found, layouts.fields_of(call, found, assigned))
    record.merge(tree, record.tree_of(call, found, optional, optional=True))
    infos = {name: object_info.represent(call, given.supported(call, name)) for name in (found.name, *_NESTED)}
    return Answer(
        200,
        tagged(
            {
                "layout": layouts.render(call, found, assigned, kind, "Full", "Create"),
                "objectInfos": infos,
                "record": _blank(call, found, kind, tree),
            }
        ),
    )


def _blank(call: Call, found: SObject, record_type_id: str, tree: record.Tree) -> dict[str, Any]:
    row = call.org.blank(found)
    row.update({f.name: f.default for f in found.fields.values() if f.default is not None})
    row["Id"] = ids.make(found.key_prefix, 0)
    if "OwnerId" in row:
        row["OwnerId"] = call.user_id
    if "RecordTypeId" in row:
        row["RecordTypeId"] = record_type_id
    body = record.represent(call, found, row, tree)
    empty = dict.fromkeys(("eTag", "id", "lastModifiedById", "lastModifiedDate", "systemModstamp"))
    return {**body, **empty, "recordTypeId": record_type_id, "weakEtag": 0}
