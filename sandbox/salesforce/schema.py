"""The objects of the sandbox org, read from `objects/*.json`, and their `describe` answers.

A field stands there in one line: its name, type, label, length and the letters of the flags that hold (`FLAGS`);
what differs from the rule of its type stands under `more`. `describe` writes all keys of the real answer out of it.

Reference: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm
"""

import base64
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

FLAGS = {
    "n": "nillable",
    "c": "createable",
    "u": "updateable",
    "f": "filterable",
    "s": "sortable",
    "g": "groupable",
    "a": "aggregatable",
    "p": "permissionable",
    "d": "defaultedOnCreate",
    "r": "restrictedPicklist",
    "i": "idLookup",
    "N": "nameField",
    "t": "namePointing",
    "y": "polymorphicForeignKey",
    "k": "custom",
    "x": "externalId",
    "q": "unique",
    "z": "searchPrefilterable",
    "h": "autoNumber",
    "w": "caseSensitive",
}
_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
    "base64": "xsd:base64Binary",
}
TEXT = frozenset({"string", "textarea", "picklist", "email", "phone", "url", "combobox", "multipicklist"})
NUMBERS = frozenset({"int", "double", "currency", "percent"})
REFERENCES = frozenset({"id", "reference"})
JUNCTION_IDS = {"EmailMessage": ("ToIds", "CcIds", "BccIds"), "Task": ("TaskWhoIds",), "Event": ("EventWhoIds",)}


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    label: str
    flags: frozenset[str]
    length: int = 0
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    values: tuple[tuple[str, str], ...] = ()
    default: str | None = None
    more: dict[str, Any] = field(default_factory=dict, hash=False)
    controller: str | None = None
    valid_for: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def can(self, flag: str) -> bool:
        """Whether the flag of this describe name (`createable`, `filterable`, …) holds."""
        return flag in self.flags

    @cached_property
    def folded_values(self) -> dict[str, str]:
        return {value.casefold(): value for value, _ in self.values}

    @property
    def polymorphic(self) -> bool:
        return len(self.reference_to) > 1

    def allows(self, value: str, controlling: str | None) -> bool:
        """Whether a dependent picklist offers the value while the controlling one holds `controlling`."""
        return self.controller is None or controlling in self.valid_for.get(value, ())

    def describe(self, controller: "Field | None" = None, read_only: bool = False) -> dict[str, Any]:
        """As the REST API describes it. `controller` is the field that this picklist depends on."""
        out: dict[str, Any] = dict(_PLAIN)
        out.update(name=self.name, type=self.type, label=self.label, length=self.length)
        out["soapType"] = _SOAP.get(self.type, "xsd:string")
        out["referenceTo"] = list(self.reference_to)
        out["relationshipName"] = self.relationship_name
        out["picklistValues"] = [
            {"active": True, "defaultValue": value == self.default, "label": label, "validFor": None, "value": value}
            for value, label in self.values
        ]
        if controller is not None:
            out.update(controllerName=controller.name, dependentPicklist=True)
            for entry in out["picklistValues"]:
                entry["validFor"] = _bitmap(controller, self.valid_for.get(entry["value"], ()))
        out.update(_BY_TYPE.get(self.type, {}))
        if self.type in TEXT:
            out["byteLength"] = self.length * 3
        out.update({name: name in self.flags for name in FLAGS.values()})
        out.update(self.more)
        if read_only:
            out.update(createable=False, updateable=False)
        return dict(sorted(out.items()))


def _bitmap(controller: Field, allowed: tuple[str, ...]) -> str:
    """The controlling values that a value goes with, one bit each from the left, in base64."""
    bits = bytearray((len(controller.values) + 7) // 8)
    for place, (value, _) in enumerate(controller.values):
        if value in allowed:
            bits[place >> 3] |= 0x80 >> (place % 8)
    return base64.b64encode(bytes(bits)).decode("ascii")


_PLAIN: dict[str, Any] = {
    "aiPredictionField": False,
    "byteLength": 0,
    "calculated": False,
    "calculatedFormula": None,
    "cascadeDelete": False,
    "compoundFieldName": None,
    "controllerName": None,
    "defaultValue": None,
    "defaultValueFormula": None,
    "dependentPicklist": False,
    "deprecatedAndHidden": False,
    "digits": 0,
    "displayLocationInDecimal": False,
    "encrypted": False,
    "extraTypeInfo": None,
    "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False,
    "highScaleNumber": False,
    "htmlFormatted": False,
    "inlineHelpText": None,
    "mask": None,
    "maskType": None,
    "precision": 0,
    "queryByDistance": False,
    "referenceTargetField": None,
    "relationshipOrder": None,
    "restrictedDelete": False,
    "scale": 0,
    "writeRequiresMasterRead": False,
}
_BY_TYPE: dict[str, dict[str, Any]] = {
    "id": {"byteLength": 18},
    "reference": {"byteLength": 18},
    "boolean": {"defaultValue": False},
    "currency": {"precision": 18, "scale": 2},
    "double": {"precision": 18},
    "int": {"digits": 8},
    "address": {"queryByDistance": True},
}


@dataclass(frozen=True)
class Child:
    """A relationship seen from the parent: rows of `child` whose `field` names the parent."""

    relationship_name: str | None
    child: str
    field: str
    cascade_delete: bool
    restricted_delete: bool
    junction_names: tuple[str, ...]
    junction_to: tuple[str, ...]

    def describe(self) -> dict[str, Any]:
        return {
            "cascadeDelete": self.cascade_delete,
            "childSObject": self.child,
            "deprecatedAndHidden": False,
            "field": self.field,
            "junctionIdListNames": list(self.junction_names),
            "junctionReferenceTo": list(self.junction_to),
            "relationshipName": self.relationship_name,
            "restrictedDelete": self.restricted_delete,
        }


@dataclass(frozen=True, eq=False)
class SObject:
    name: str
    label: str
    label_plural: str
    key_prefix: str
    flags: frozenset[str]
    scopes: tuple[tuple[str, str], ...]
    children: tuple[Child, ...]
    fields: dict[str, Field]
    option: str | None = None

    @cached_property
    def by_folded_name(self) -> dict[str, Field]:
        return {name.casefold(): found for name, found in self.fields.items()}

    @cached_property
    def by_relationship(self) -> dict[str, Field]:
        return {f.relationship_name.casefold(): f for f in self.fields.values() if f.relationship_name}

    @cached_property
    def child_relationships(self) -> dict[str, Child]:
        return {c.relationship_name.casefold(): c for c in self.children if c.relationship_name}

    @cached_property
    def name_field(self) -> Field | None:
        return next((f for f in self.fields.values() if f.can("nameField")), None)

    @property
    def junction_ids(self) -> tuple[str, ...]:
        return JUNCTION_IDS.get(self.name, ())

    def field(self, name: str) -> Field | None:
        """The field of this name in any case, or None."""
        return self.by_folded_name.get(name.casefold())

    def can(self, flag: str) -> bool:
        return flag in self.flags

    def takes_any(self, field: str) -> bool:
        """Whether a reference field may also name records of the org's own objects."""
        return (self.name, field) in _OPEN_REFERENCES

    def summary(self, version: str) -> dict[str, Any]:
        """One entry of the global describe."""
        out: dict[str, Any] = {name: name in self.flags for name in _GLOBAL_FLAGS}
        out.update(associateEntityType=None, associateParentEntity=None, keyPrefix=self.key_prefix or None)
        out.update(label=self.label, labelPlural=self.label_plural, name=self.name)
        base = f"/services/data/v{version}/sobjects/{self.name}"
        out["urls"] = {"rowTemplate": f"{base}/{{ID}}", "describe": f"{base}/describe", "sobject": base}
        if self.can("layoutable"):
            out["urls"]["layouts"] = f"{base}/describe/layouts"
            out["urls"]["compactLayouts"] = f"{base}/describe/compactLayouts"
        return dict(sorted(out.items()))

    def describe(
        self,
        version: str,
        hidden: frozenset[str],
        record_types: list[dict[str, Any]],
        read_only: frozenset[str] = frozenset(),
        more_targets: tuple[str, ...] = (),
        absent: frozenset[str] = frozenset(),
    ) -> dict[str, Any]:
        """The whole describe for a user to whom the fields of `hidden` do not exist.

        `more_targets` are objects of the org that activities, emails and files can hang on, `absent` objects that it
        has not.
        """
        out = self.summary(version)
        out.update(dict.fromkeys(_DESCRIBE_NULLS))
        out["actionOverrides"] = []
        out["namedLayoutInfos"] = []
        out["compactLayoutable"] = self.can("compactLayoutable")
        out["searchLayoutable"] = self.can("searchLayoutable")
        out["sobjectDescribeOption"] = "FULL"
        out["supportedScopes"] = [{"label": label, "name": name} for name, label in self.scopes]
        out["childRelationships"] = [
            child.describe()
            for child in self.children
            if not hidden.intersection(child.junction_names) and child.child not in absent
        ]
        out["recordTypeInfos"] = record_types
        out["fields"] = [
            f.describe(self.fields.get(f.controller or ""), f.name in read_only)
            for f in self.fields.values()
            if f.name not in hidden
        ]
        for known in out["fields"]:
            if self.takes_any(known["name"]):
                known["referenceTo"] = sorted([*known["referenceTo"], *more_targets])
        host = "/services/data"
        out["urls"] = {**out["urls"], "uiDetailTemplate": f"{host}/{{ID}}", "uiEditTemplate": f"{host}/{{ID}}/e"}
        return dict(sorted(out.items()))


_OPEN_REFERENCES = frozenset(
    {
        ("Task", "WhatId"),
        ("Event", "WhatId"),
        ("EmailMessage", "RelatedToId"),
        ("ContentDocumentLink", "LinkedEntityId"),
        ("ContentVersion", "FirstPublishLocationId"),
    }
)
_GLOBAL_FLAGS = [
    "activateable",
    "createable",
    "custom",
    "customSetting",
    "deepCloneable",
    "deletable",
    "deprecatedAndHidden",
    "feedEnabled",
    "hasSubtypes",
    "isInterface",
    "isSubtype",
    "layoutable",
    "mergeable",
    "mruEnabled",
    "queryable",
    "replicateable",
    "retrieveable",
    "searchable",
    "triggerable",
    "undeletable",
    "updateable",
]
_DESCRIBE_NULLS = [
    "defaultImplementation",
    "extendedBy",
    "extendsInterfaces",
    "implementedBy",
    "implementsInterfaces",
    "listviewable",
    "lookupLayoutable",
    "networkScopeFieldName",
]


def _field(row: dict[str, Any]) -> Field:
    values = tuple((v, v) if isinstance(v, str) else (v[0], v[1]) for v in row.get("values", ()))
    return Field(
        name=row["name"],
        type=row["type"],
        label=row["label"],
        flags=frozenset(FLAGS[letter] for letter in row["flags"]),
        length=row.get("length", 0),
        reference_to=tuple(row.get("referenceTo", ())),
        relationship_name=row.get("relationshipName"),
        values=values,
        default=row.get("default"),
        more=row.get("more", {}),
        controller=row.get("controller"),
        valid_for={value: tuple(found) for value, found in row.get("validFor", {}).items()},
    )


def _child(row: dict[str, Any]) -> Child:
    return Child(
        relationship_name=row["relationshipName"],
        child=row["childSObject"],
        field=row["field"],
        cascade_delete=row.get("cascadeDelete", False),
        restricted_delete=row.get("restrictedDelete", False),
        junction_names=tuple(row.get("junctionIdListNames", ())),
        junction_to=tuple(row.get("junctionReferenceTo", ())),
    )


def _load(path: Path) -> SObject:
    data = json.loads(path.read_text(encoding="utf-8"))
    return SObject(
        name=data["name"],
        label=data["label"],
        label_plural=data["labelPlural"],
        key_prefix=data["keyPrefix"],
        flags=frozenset(data["flags"]),
        scopes=tuple((name, label) for name, label in data["supportedScopes"]),
        children=tuple(_child(row) for row in data["children"]),
        fields={row["name"]: _field(row) for row in data["fields"]},
        option=data.get("option"),
    )


OBJECTS: dict[str, SObject] = {
    loaded.name: loaded for loaded in map(_load, sorted((Path(__file__).parent / "objects").glob("*.json")))
}
_BY_FOLDED = {name.casefold(): found for name, found in OBJECTS.items()}
BY_PREFIX: dict[str, SObject] = {found.key_prefix: found for found in OBJECTS.values()}


def sobject(name: str) -> SObject | None:
    """The object of this name in any case, or None."""
    return _BY_FOLDED.get(name.casefold())
