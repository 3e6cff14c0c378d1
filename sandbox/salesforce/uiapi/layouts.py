"""Page layouts: `../layouts/*.json`, and how the API tells them.

A file holds an object's layouts, the first of which fits wins: by profile and record type, where it names any. A row is
a line of items parted by `|`; an item is `Label: Field+Field` with `*` behind it where the layout demands a value and
`=` where it only shows it; the label is the field's own where none stands there. `PersonName` and the names of address
fields stand for the fields that they are made of.

Reference: https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_responses_record_layout.htm
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.salesforce import ids, record_types
from sandbox.salesforce.api import Call
from sandbox.salesforce.schema import OBJECTS, Field, SObject
from sandbox.salesforce.uiapi.etag import tagged

TYPES = ("Compact", "Full")
MODES = ("Create", "Edit", "View")
FORM_FACTORS = ("Large", "Medium", "Small")
_FOLDER = Path(__file__).parent.parent / "layouts"
_ITEM = re.compile(r"(?:(?P<label>[^:]+):\s*)?(?P<fields>[\w+]+)(?P<mark>[*=]?)\Z")
_ADDRESS_PARTS = ("Street", "City", "State", "PostalCode", "Country")
_PERSON_PARTS = ("Salutation", "FirstName", "LastName")


@dataclass(frozen=True)
class Item:
    """A place on a layout: its label, its fields in the order of the page; no fields for an empty one."""

    label: str
    fields: tuple[Field, ...]
    required: bool = False
    read_only: bool = False


@dataclass(frozen=True)
class Section:
    heading: str
    columns: int
    rows: tuple[tuple[Item, ...], ...]


@dataclass(frozen=True)
class Layout:
    """`profiles` and `record_types` are empty where the layout is for all of them."""

    name: str
    number: int
    profiles: tuple[str, ...]
    record_types: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def id(self) -> str:
        return ids.make("00h", self.number)

    def section_id(self, place: int) -> str:
        return ids.make("01B", self.number * 100 + place)

    def fits(self, profile: str, record_type: str) -> bool:
        return (not self.profiles or profile in self.profiles) and (
            not self.record_types or record_type in self.record_types
        )


@cache
def _of(name: str) -> tuple[tuple[Layout, ...], Layout | None]:
    """The full layouts and the compact one of an object."""
    path = _FOLDER / f"{name}.json"
    if not path.exists():
        return (), None
    data = json.loads(path.read_text(encoding="utf-8"))
    found = OBJECTS[name]
    full = tuple(
        Layout(
            name=given["name"],
            number=zlib.crc32(f"{name}/{given['name']}".encode()),
            profiles=tuple(given.get("profiles", ())),
            record_types=tuple(given.get("recordTypes", ())),
            sections=tuple(_section(found, section) for section in given["sections"]),
        )
        for given in data["layouts"]
    )
    rows = tuple((_item(found, name),) for name in data["compact"])
    compact = Layout("Compact", zlib.crc32(f"{name}/compact".encode()), (), (), (Section("", 1, rows),))
    return full, compact


def _section(found: SObject, given: dict[str, Any]) -> Section:
    rows = tuple(tuple(_item(found, text.strip()) for text in row.split("|")) for row in given["rows"])
    return Section(given["heading"], given.get("columns", 2), rows)


def _item(found: SObject, text: str) -> Item:
    if not text:
        return Item("", ())
    match = _ITEM.match(text)
    if match is None:
        raise ValueError(f"{found.name}: {text!r} is no item of a layout")
    names = [part for name in match["fields"].split("+") for part in _parts(found, name)]
    fields = tuple(found.fields[name] for name in names)
    label = match["label"] or re.sub(r" ID\Z", "", fields[0].label)
    return Item(label.strip(), fields, match["mark"] == "*", match["mark"] == "=")


def _parts(found: SObject, name: str) -> tuple[str, ...]:
    if name == "PersonName":
        return tuple(part for part in _PERSON_PARTS if part in found.fields)
    if found.fields[name].type == "address":
        prefix = name.removesuffix("Address")
        return tuple(prefix + part for part in _ADDRESS_PARTS)
    return (name,)


def has_layout(found: SObject) -> bool:
    return bool(_of(found.name)[0])


def assigned(call: Call, found: SObject, record_type_id: str, layout_type: str = "Full") -> Layout | None:
    """The layout that the caller's profile has for records of this record type."""
    full, compact = _of(found.name)
    if layout_type == "Compact":
        return compact
    kind = record_types.by_id(found.name, record_type_id)
    profile = call.org.access.profile(call.user_id)
    return next((one for one in full if one.fits(profile, kind.developer_name if kind else "")), None)


def every_layout() -> dict[str, tuple[Layout, ...]]:
    """All layouts by object, the compact ones included."""
    names = sorted(path.stem for path in _FOLDER.glob("*.json"))
    return {name: (*_of(name)[0], *(one for one in (_of(name)[1],) if one)) for name in names}


def fields_of(call: Call, found: SObject, layout: Layout) -> list[str]:
    """The names of the fields on a layout that the caller may see."""
    hidden = call.org.access.hidden_fields(call.user_id, found.name)
    named = [f.name for s in layout.sections for row in s.rows for item in row for f in item.fields]
    return [name for name in dict.fromkeys(named) if name not in hidden]


def render(
    call: Call, found: SObject, layout: Layout, record_type_id: str, layout_type: str, mode: str
) -> dict[str, Any]:
    """The Record Layout of the API as the caller sees it: without the fields that are hidden from them."""
    sections = []
    for place, section in enumerate(layout.sections):
        rows = [row for given in section.rows if (row := _row(call, found, given))]
        sections.append(
            {
                "collapsible": False,
                "columns": section.columns,
                "heading": section.heading or None,
                "id": layout.section_id(place),
                "layoutRows": [{"layoutItems": items} for items in rows],
                "rows": len(rows),
                "tabOrder": "LeftRight",
                "useHeading": bool(section.heading),
            }
        )
    return tagged(
        {
            "id": layout.id,
            "layoutType": layout_type,
            "mode": mode,
            "objectApiName": found.name,
            "recordTypeId": record_type_id,
            "saveOptions": [],
            "sections": sections,
        }
    )


def _row(call: Call, found: SObject, given: tuple[Item, ...]) -> list[dict[str, Any]]:
    items = [_rendered(call, found, item) for item in given]
    return items if any(item["layoutComponents"][0]["componentType"] == "Field" for item in items) else []


def _rendered(call: Call, found: SObject, item: Item) -> dict[str, Any]:
    hidden = call.org.access.hidden_fields(call.user_id, found.name)
    protected = call.org.access.read_only_fields(call.user_id, found.name)
    shown = [known for known in item.fields if known.name not in hidden]
    if not shown:
        empty = {"apiName": None, "componentType": "EmptySpace"}
        return _item_body("", [empty], lookup=None)
    writable = [known for known in shown if not item.read_only and known.name not in protected]
    for_new = any(known.can("createable") for known in writable)
    for_update = any(known.can("updateable") for known in writable)
    return _item_body(
        item.label,
        [{"apiName": known.name, "componentType": "Field", "label": known.label} for known in shown],
        lookup=_lookup(shown[0]),
        for_new=for_new,
        for_update=for_update,
        required=item.required and (for_new or for_update),
    )


def _lookup(known: Field) -> str | None:
    if known.type == "reference":
        return known.name
    return "Id" if known.can("nameField") else None


def _item_body(
    label: str,
    components: list[dict[str, Any]],
    *,
    lookup: str | None,
    for_new: bool = False,
    for_update: bool = False,
    required: bool = False,
) -> dict[str, Any]:
    behaviour = "Required" if required else "Edit" if for_new or for_update else "Readonly"
    return {
        "editableForNew": for_new,
        "editableForUpdate": for_update,
        "label": label,
        "layoutComponents": components,
        "lookupIdApiName": lookup,
        "required": required,
        "sortable": False,
        "uiBehavior": behaviour if components[0]["apiName"] else None,
    }
