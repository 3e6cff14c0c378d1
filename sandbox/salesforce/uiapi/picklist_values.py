"""`/ui-api/object-info/{object}/picklist-values/{record type}`: what picklists offer, and on what that depends.

Reference: https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_responses_picklist_values.htm
"""

from __future__ import annotations

from typing import Any

from sandbox.salesforce import record_types
from sandbox.salesforce.api import Answer, Call
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.metadata import CLOSED_STATUS, CONVERTED_STATUS, STAGES
from sandbox.salesforce.schema import Field, SObject
from sandbox.salesforce.uiapi.etag import conditional, tagged
from sandbox.salesforce.uiapi.parameters import record_type, supported

_PICKLISTS = ("picklist", "multipicklist", "combobox")


def all_fields(call: Call, name: str, record_type_id: str) -> Answer:
    """The values of every picklist of a record type."""
    found = supported(call, name)
    kind = record_type(call, found, record_type_id)
    hidden = call.org.access.hidden_fields(call.user_id, found.name)
    fields = [f for f in found.fields.values() if f.type in _PICKLISTS and f.values and f.name not in hidden]
    values = {known.name: _values(call, found, known, kind) for known in fields}
    return conditional(call, tagged({"picklistFieldValues": values}))


def one_field(call: Call, name: str, record_type_id: str, field: str) -> Answer:
    found = supported(call, name)
    kind = record_type(call, found, record_type_id)
    known = found.field(field)
    if known is None or known.name in call.org.access.hidden_fields(call.user_id, found.name):
        raise SalesforceError("INVALID_FIELD", f"No such column '{field}' on entity '{found.name}'.")
    if known.type not in _PICKLISTS or not known.values:
        raise SalesforceError("INVALID_FIELD", f"Field {known.name} of object {found.name} is not a picklist")
    return conditional(call, _values(call, found, known, kind))


def offered(found: SObject, known: Field, record_type_id: str) -> tuple[tuple[str, str], ...]:
    kind = record_types.by_id(found.name, record_type_id)
    return known.values if kind is None else kind.offers(known)


def _values(call: Call, found: SObject, known: Field, record_type_id: str) -> dict[str, Any]:
    controller = found.fields[known.controller] if known.controller else None
    places = (
        {value: place for place, (value, _) in enumerate(offered(found, controller, record_type_id))}
        if controller is not None
        else {}
    )
    entries = [
        {
            "attributes": _attributes(found, known, value),
            "label": label,
            "validFor": [places[above] for above in known.valid_for.get(value, ()) if above in places],
            "value": value,
        }
        for value, label in offered(found, known, record_type_id)
    ]
    default = next((entry for entry in entries if entry["value"] == known.default), None)
    return tagged(
        {
            "controllerValues": places,
            "defaultValue": default,
            "url": f"{call.base}/ui-api/object-info/{found.name}/picklist-values/{record_type_id}/{known.name}",
            "values": entries,
        }
    )


def _attributes(found: SObject, known: Field, value: str) -> dict[str, Any] | None:
    """What some standard picklists say of their values beyond the label."""
    if (found.name, known.name) == ("Opportunity", "StageName"):
        closed, won, _, forecast, probability = STAGES[value]
        return {
            "closed": closed,
            "defaultProbability": float(probability),
            "forecastCategoryName": forecast,
            "picklistAttributesValueType": "OpportunityStage",
            "won": won,
        }
    if known.name == "Status" and found.name in CLOSED_STATUS:
        return {
            "closed": value == CLOSED_STATUS[found.name],
            "picklistAttributesValueType": f"{found.name}Status",
        }
    if (found.name, known.name) == ("Lead", "Status"):
        return {"converted": value == CONVERTED_STATUS, "picklistAttributesValueType": "LeadStatus"}
    return None
