"""What Salesforce's User Interface API answers with, as far as the pane uses it.

Absent and null mean the same in these answers: the default stands for both. What is not listed here is ignored.

https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_responses.htm
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

#: The record type of objects that have none of their own.
MASTER = "012000000000000AAA"


class Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: part for name, part in value.items() if part is not None}
        return value


class ReferenceTo(Wire):
    api_name: str
    name_fields: tuple[str, ...] = ()


class FieldInfo(Wire):
    """A field that the user may see; one that they may not is not told of."""

    api_name: str
    label: str = ""
    data_type: str = "String"
    createable: bool = False
    updateable: bool = False
    required: bool = False
    length: int = 0
    precision: int = 0
    scale: int = 0
    reference: bool = False
    reference_to_infos: tuple[ReferenceTo, ...] = ()
    relationship_name: str = ""
    compound: bool = False
    compound_field_name: str = ""
    compound_component_name: str = ""
    controller_name: str = ""
    controlling_fields: tuple[str, ...] = ()
    inline_help_text: str = ""
    extra_type_info: str = ""
    html_formatted: bool = False
    name_field: bool = False
    filterable: bool = False


class RecordTypeInfo(Wire):
    record_type_id: str
    name: str = ""
    available: bool = False
    master: bool = False
    default_record_type_mapping: bool = False


class ObjectInfo(Wire):
    """`fields` by name, `record_type_infos` by id."""

    api_name: str
    label: str = ""
    label_plural: str = ""
    key_prefix: str = ""
    createable: bool = False
    updateable: bool = False
    custom: bool = False
    default_record_type_id: str = MASTER
    name_fields: tuple[str, ...] = ()
    fields: dict[str, FieldInfo] = {}
    record_type_infos: dict[str, RecordTypeInfo] = {}
    e_tag: str = ""


class LayoutComponent(Wire):
    """`component_type`: Field, EmptySpace, CustomLink, VisualforcePage, Canvas, ReportChart."""

    api_name: str = ""
    component_type: str = "Field"
    label: str = ""


class LayoutItem(Wire):
    label: str = ""
    required: bool = False
    editable_for_new: bool = False
    editable_for_update: bool = False
    layout_components: tuple[LayoutComponent, ...] = ()


class LayoutRow(Wire):
    layout_items: tuple[LayoutItem, ...] = ()


class LayoutSection(Wire):
    heading: str = ""
    use_heading: bool = False
    layout_rows: tuple[LayoutRow, ...] = ()


class Layout(Wire):
    sections: tuple[LayoutSection, ...] = ()
    e_tag: str = ""


class FieldValue(Wire):
    """`value`: JSON, or for a parent its record; `display_value` as Salesforce formats it for the user."""

    value: Any = None
    display_value: str = ""


class RecordTypeOfRecord(Wire):
    name: str = ""
    record_type_id: str = ""


class Record(Wire):
    api_name: str
    id: str = ""
    fields: dict[str, FieldValue] = {}
    record_type_id: str = MASTER
    record_type_info: RecordTypeOfRecord | None = None
    last_modified_date: str = ""
    e_tag: str = ""

    def value(self, name: str) -> Any:
        return self.fields[name].value if name in self.fields else None


class RecordUi(Wire):
    """`layouts`: object -> record type id -> layout type -> mode -> layout."""

    records: dict[str, Record] = {}
    object_infos: dict[str, ObjectInfo] = {}
    layouts: dict[str, dict[str, dict[str, dict[str, Layout]]]] = {}


class CreateDefaults(Wire):
    """What a new record begins with. Older versions give one layout, newer ones also a map."""

    record: Record
    layout: Layout | None = None
    object_infos: dict[str, ObjectInfo] = {}


class PicklistValue(Wire):
    label: str = ""
    value: str = ""
    valid_for: tuple[int, ...] = ()


class PicklistField(Wire):
    """`controller_values`: the controlling field's value -> the number that `valid_for` speaks of."""

    controller_values: dict[str, int] = {}
    default_value: PicklistValue | None = None
    values: tuple[PicklistValue, ...] = ()


class Picklists(Wire):
    picklist_field_values: dict[str, PicklistField] = {}
    e_tag: str = ""
