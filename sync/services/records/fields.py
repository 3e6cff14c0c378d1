"""What a layout means for one record: sections of items of fields, each with its value, and what may be done with it.

layout ──► section ──► item (a label) ──► field ── compound ──► its parts (a name, an address)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sync.providers.salesforce.ui_api_models import (
    FieldInfo,
    Layout,
    LayoutItem,
    ObjectInfo,
    Picklists,
    Record,
)

MODES: Final = ("View", "Edit", "Create")


class Kind(StrEnum):
    """How a field is shown and written."""

    TEXT = "text"
    TEXTAREA = "textarea"
    HTML = "html"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    CHECKBOX = "checkbox"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    NUMBER = "number"
    CURRENCY = "currency"
    PERCENT = "percent"
    PICKLIST = "picklist"
    MULTIPICKLIST = "multipicklist"
    COMBOBOX = "combobox"
    REFERENCE = "reference"
    OTHER = "other"


_KINDS: Final[Mapping[str, Kind]] = {
    "String": Kind.TEXT,
    "TextArea": Kind.TEXTAREA,
    "Email": Kind.EMAIL,
    "Phone": Kind.PHONE,
    "Url": Kind.URL,
    "Boolean": Kind.CHECKBOX,
    "Date": Kind.DATE,
    "DateTime": Kind.DATETIME,
    "Time": Kind.TIME,
    "Double": Kind.NUMBER,
    "Int": Kind.NUMBER,
    "Integer": Kind.NUMBER,
    "Long": Kind.NUMBER,
    "Currency": Kind.CURRENCY,
    "Percent": Kind.PERCENT,
    "Picklist": Kind.PICKLIST,
    "MultiPicklist": Kind.MULTIPICKLIST,
    "ComboBox": Kind.COMBOBOX,
    "Reference": Kind.REFERENCE,
}
NUMBERS: Final = frozenset({Kind.NUMBER, Kind.CURRENCY, Kind.PERCENT})


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a picklist. `valid_for`: values of the controlling field with which it may be chosen."""

    value: str
    label: str
    valid_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few things to choose: a record type by its id, a status by its name."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class RecordField:
    """A field of a record. `value` as Salesforce holds it, `display` as it formats it for the user.

    `controller`: the field that says which options may be chosen. `references`: objects that a lookup leads to, and
    `reference_name` what the record is called that it leads to.
    """

    name: str
    label: str
    kind: Kind
    value: Any = None
    display: str = ""
    editable: bool = False
    required: bool = False
    help: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    options: tuple[Option, ...] = ()
    controller: str = ""
    references: tuple[str, ...] = ()
    part_of: str = ""

    @property
    def is_empty(self) -> bool:
        return self.value in (None, "") or (self.kind is Kind.CHECKBOX and not self.value)


@dataclass(frozen=True, slots=True)
class Item:
    """What stands under one label: one field, or the parts of a compound one. `name`: of the compound field."""

    label: str
    fields: tuple[RecordField, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    items: tuple[Item, ...] = field(default_factory=tuple)


def sections_of(
    info: ObjectInfo, layout: Layout, record: Record, *, mode: str, picklists: Picklists | None = None
) -> tuple[Section, ...]:
    """The layout filled with the record. `mode`: View gives every field that may be seen, Edit and Create those that
    may be written; each field once, where it stands first. Sections without one are left out.
    """
    seen: set[str] = set()
    sections = []
    for section in layout.sections:
        items = tuple(
            item
            for row in section.layout_rows
            for one in row.layout_items
            for item in _items(info, one, record, mode, picklists, seen)
        )
        if items:
            sections.append(Section(section.heading if section.use_heading else "", items))
    return tuple(sections)


def fields_in(sections: Iterable[Section]) -> Iterator[RecordField]:
    for section in sections:
        for item in section.items:
            yield from item.fields


def names_to_read(info: ObjectInfo, layout: Layout, mode: str) -> frozenset[str]:
    """The fields that a record has to be read with so that the layout can be filled: parents' names too."""
    names: set[str] = set(info.name_fields)
    for section in layout.sections:
        for row in section.layout_rows:
            for item in row.layout_items:
                for about in _fields(info, item, mode):
                    names.add(about.api_name)
                    parent = about.reference_to_infos[:1]
                    if about.reference and about.relationship_name and parent:
                        name = parent[0].name_fields[0] if parent[0].name_fields else "Name"
                        names.add(f"{about.relationship_name}.{name if name != 'FirstName' else 'Name'}")
    return frozenset(names)


def _items(
    info: ObjectInfo, item: LayoutItem, record: Record, mode: str, picklists: Picklists | None, seen: set[str]
) -> Iterator[Item]:
    fields = []
    compound = ""
    several = [about for about in _fields(info, item, mode) if about.api_name not in seen]
    for about in several:
        seen.add(about.api_name)
        if _kind(about) is Kind.OTHER and mode != "View":
            continue
        compound = compound or about.compound_field_name
        made = _field(info, about, item, record, mode, picklists, alone=len(several) == 1)
        if mode == "View" or made.editable:
            fields.append(made)
    if fields:
        whole = compound if compound in info.fields and len(several) > 1 else ""
        yield Item(item.label or fields[0].label, tuple(fields), whole)


def _fields(info: ObjectInfo, item: LayoutItem, mode: str) -> Iterator[FieldInfo]:
    """The fields of an item that the user may see; a compound one that is not written itself in its parts."""
    for component in item.layout_components:
        about = info.fields.get(component.api_name) if component.component_type == "Field" else None
        if about is None:
            continue
        whole = about.createable or about.updateable or (mode == "View" and about.name_field)
        if not about.compound or whole:
            yield about
        else:
            yield from (
                part for part in info.fields.values() if part.compound_field_name == about.api_name != part.api_name
            )


def _field(
    info: ObjectInfo,
    about: FieldInfo,
    item: LayoutItem,
    record: Record,
    mode: str,
    picklists: Picklists | None,
    *,
    alone: bool,
) -> RecordField:
    kind = _kind(about)
    may = (
        about.createable and item.editable_for_new
        if mode == "Create"
        else about.updateable and item.editable_for_update
    )
    given = record.fields.get(about.api_name)
    options, controller = _options(about, picklists)
    return RecordField(
        name=about.api_name,
        label=(item.label if alone else "") or about.label or item.label,
        kind=kind,
        value=given.value if given else None,
        display=_display(about, record),
        editable=may and kind not in (Kind.OTHER, Kind.HTML),
        # Of a name that is demanded it is the last one that has to be there.
        required=kind is not Kind.CHECKBOX
        and (about.required or (item.required and (alone or about.api_name == "LastName"))),
        help=about.inline_help_text,
        length=about.length,
        precision=about.precision,
        scale=about.scale,
        options=options,
        controller=controller,
        references=tuple(one.api_name for one in about.reference_to_infos),
        part_of=about.compound_field_name if about.compound_field_name != about.api_name else "",
    )


def _kind(about: FieldInfo) -> Kind:
    if about.html_formatted or about.extra_type_info in ("RichTextArea",):
        return Kind.HTML if about.data_type == "TextArea" else _KINDS.get(about.data_type, Kind.OTHER)
    return _KINDS.get(about.data_type, Kind.OTHER)


def _display(about: FieldInfo, record: Record) -> str:
    given = record.fields.get(about.api_name)
    if about.reference and about.relationship_name:
        parent = record.fields.get(about.relationship_name)
        if parent is not None:
            return parent.display_value or _name_in(parent.value)
    return given.display_value if given else ""


def _name_in(value: Any) -> str:
    """What a parent's record is called."""
    fields = value.get("fields") if isinstance(value, Mapping) else None
    if not isinstance(fields, Mapping):
        return ""
    for name in ("Name", "CaseNumber", "Subject", "Title"):
        found = fields.get(name)
        if isinstance(found, Mapping) and found.get("value"):
            return str(found.get("displayValue") or found["value"])
    return ""


def _options(about: FieldInfo, picklists: Picklists | None) -> tuple[tuple[Option, ...], str]:
    told = picklists.picklist_field_values.get(about.api_name) if picklists else None
    if told is None:
        return (), ""
    controller = about.controller_name or next(iter(about.controlling_fields), "")
    by_number: dict[int, list[str]] = {}
    for value, number in told.controller_values.items():
        by_number.setdefault(number, []).append(value)
    options = tuple(
        Option(
            one.value,
            one.label or one.value,
            tuple(value for number in one.valid_for for value in by_number.get(number, ())),
        )
        for one in told.values
    )
    return options, controller if told.controller_values else ""
