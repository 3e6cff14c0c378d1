"""`/ui-api/object-info`: what an object is and what its fields are, as one user may use them.

Reference: https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_responses_object_info.htm
"""

from __future__ import annotations

from typing import Any

from sandbox.salesforce import record_types
from sandbox.salesforce.api import Answer, Call
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import OBJECTS, Field, SObject
from sandbox.salesforce.uiapi.etag import conditional, tagged
from sandbox.salesforce.uiapi.parameters import supported

MAX_BATCH = 100
_TYPES = {
    "id": "String",
    "datetime": "DateTime",
    "multipicklist": "MultiPicklist",
    "textarea": "TextArea",
    "combobox": "ComboBox",
    "base64": "Base64",
}
_EXTRA = {
    "personname": "PersonName",
    "plaintextarea": "PlainTextArea",
    "switchablepersonname": "SwitchablePersonName",
}
_COLOURS = {
    "Account": ("5867E8", "account"),
    "Case": ("FF538A", "case"),
    "Contact": ("9602C7", "contact"),
    "Event": ("CB65FF", "event"),
    "Lead": ("FF5D2D", "lead"),
    "Opportunity": ("FF5D2D", "opportunity"),
    "Task": ("3BA755", "task"),
    "User": ("0D9DDA", "user"),
    "EmailMessage": ("939393", "email"),
}
_PERSON_NAMES = ("FirstName", "LastName", "Name")


def directory(call: Call) -> Answer:
    """The objects that the API knows, without their fields."""
    found = [name for name in OBJECTS if _is_supported(call, name)]
    entries = {
        name: {
            "apiName": name,
            "keyPrefix": OBJECTS[name].key_prefix,
            "label": OBJECTS[name].label,
            "labelPlural": OBJECTS[name].label_plural,
            "nameFields": name_fields(OBJECTS[name]),
            "objectInfoUrl": f"{call.base}/ui-api/object-info/{name}",
        }
        for name in found
    }
    return Answer(200, tagged({"objects": entries}))


def _is_supported(call: Call, name: str) -> bool:
    try:
        supported(call, name)
    except SalesforceError:
        return False
    return True


def one(call: Call, name: str) -> Answer:
    return conditional(call, represent(call, supported(call, name)))


def batch(call: Call, names: str) -> Answer:
    """Several at once; each has its own status."""
    given = [name for name in names.split(",") if name]
    if not given or len(given) > MAX_BATCH:
        raise SalesforceError("LIMIT_EXCEEDED", f"A batch takes 1 to {MAX_BATCH} objects")
    results = []
    for name in given:
        try:
            results.append({"result": represent(call, supported(call, name)), "statusCode": 200})
        except SalesforceError as error:
            results.append({"result": [error.as_rest()], "statusCode": error.status})
    return Answer(200, {"results": results})


def represent(call: Call, found: SObject) -> dict[str, Any]:
    """The Object Info of one object as the caller may use it."""
    access = call.org.access
    hidden = access.hidden_fields(call.user_id, found.name)
    protected = access.read_only_fields(call.user_id, found.name)
    shown = {f.name: f for f in found.fields.values() if f.name not in hidden}
    infos = record_types.infos(call.org, found, call.user_id) if found.can("layoutable") else []
    body: dict[str, Any] = {
        flag: found.can(flag)
        for flag in ("compactLayoutable", "createable", "custom", "deletable", "feedEnabled", "layoutable")
    }
    body |= {flag: found.can(flag) for flag in ("mruEnabled", "queryable", "searchLayoutable", "searchable")}
    body |= {
        "apiName": found.name,
        "associateEntityType": None,
        "associateParentEntity": None,
        "childRelationships": [
            {
                "childObjectApiName": child.child,
                "fieldName": child.field,
                "junctionIdListNames": list(child.junction_names),
                "junctionReferenceTo": list(child.junction_to),
                "relationshipName": child.relationship_name,
            }
            for child in found.children
            if child.child not in call.org.absent_objects
        ],
        "defaultRecordTypeId": record_types.default_id(call.org, found.name, call.user_id) if infos else None,
        "dependentFields": {name: dependents(found, name, hidden) for name in shown if dependents(found, name, hidden)},
        "fields": {
            name: _field(call, found, known, name in protected, hidden) for name, known in sorted(shown.items())
        },
        "keyPrefix": found.key_prefix,
        "label": found.label,
        "labelPlural": found.label_plural,
        "nameFields": name_fields(found, hidden),
        "recordTypeInfos": {info["recordTypeId"]: record_type_info(info) for info in infos},
        "themeInfo": theme(call, found),
        "updateable": found.can("updateable"),
    }
    return tagged(body)


def record_type_info(info: dict[str, Any]) -> dict[str, Any]:
    return {name: info[name] for name in ("available", "defaultRecordTypeMapping", "master", "name", "recordTypeId")}


def theme(call: Call, found: SObject) -> dict[str, str]:
    colour, icon = _COLOURS.get(found.name, ("1B96FF", "record"))
    kind = "custom/custom57" if found.can("custom") else f"standard/{icon}"
    return {"color": colour, "iconUrl": f"{call.org.instance_url}/img/icon/t4v35/{kind}_120.png"}


def name_fields(found: SObject, hidden: frozenset[str] = frozenset()) -> list[str]:
    if found.name_field is None:
        return []
    people = [name for name in _PERSON_NAMES if name in found.fields and name not in hidden]
    return people if len(people) == len(_PERSON_NAMES) else [found.name_field.name]


def dependents(found: SObject, name: str, hidden: frozenset[str]) -> dict[str, Any]:
    """The picklists that depend on a field, with those that depend on them."""
    below = [f.name for f in found.fields.values() if f.controller == name and f.name not in hidden]
    return {one: dependents(found, one, hidden) for one in below}


def controlling(found: SObject, known: Field) -> list[str]:
    """The fields that a picklist depends on, the nearest first."""
    chain: list[str] = []
    above = known.controller
    while above is not None:
        chain.append(above)
        above = found.fields[above].controller
    return chain


def data_type(known: Field) -> str:
    return _TYPES.get(known.type, known.type.capitalize())


def _field(call: Call, found: SObject, known: Field, protected: bool, hidden: frozenset[str]) -> dict[str, Any]:
    more = known.describe()
    compound = more["compoundFieldName"]
    is_compound = known.type == "address" or (known.can("nameField") and more["extraTypeInfo"] is not None)
    chain = controlling(found, known)
    return {
        "apiName": known.name,
        "calculated": more["calculated"],
        "compound": is_compound,
        "compoundComponentName": _component(known, compound),
        "compoundFieldName": compound,
        "controllerName": known.controller,
        "controllingFields": chain if not hidden.intersection(chain) else [],
        "createable": known.can("createable") and not protected,
        "custom": known.can("custom"),
        "dataType": data_type(known),
        "extraTypeInfo": _EXTRA.get(more["extraTypeInfo"] or ""),
        "externalId": known.can("externalId"),
        "filterable": known.can("filterable"),
        "filteredLookupInfo": None,
        "highScaleNumber": more["highScaleNumber"],
        "htmlFormatted": more["htmlFormatted"],
        "inlineHelpText": more["inlineHelpText"],
        "label": known.label,
        "length": known.length,
        "maskType": more["maskType"],
        "nameField": known.can("nameField"),
        "polymorphicForeignKey": known.can("polymorphicForeignKey"),
        "precision": more["precision"],
        "reference": known.type == "reference",
        "referenceTargetField": None,
        "referenceToInfos": [
            {"apiName": name, "nameFields": name_fields(OBJECTS[name]) if name in OBJECTS else ["Name"]}
            for name in call.org.targets(found, known.name)
        ],
        "relationshipName": known.relationship_name,
        "required": not known.can("nillable"),
        "scale": more["scale"],
        "searchPrefilterable": known.can("searchPrefilterable"),
        "sortable": known.can("sortable"),
        "unique": known.can("unique"),
        "updateable": known.can("updateable") and not protected,
    }


def _component(known: Field, compound: str | None) -> str | None:
    if compound is None or compound == known.name:
        return None
    return known.name.removeprefix(compound.removesuffix("Address")) if compound.endswith("Address") else known.name
