"""Picklists: several values in one, values that depend on another field, and values that a record type leaves out.

An unrestricted picklist takes any text over the API; only restricted ones are held to what they offer.

Reference: https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/field_types.htm
"""

from __future__ import annotations

from typing import Any

from sandbox.salesforce import record_types
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import Field, SObject


def parts(known: Field, value: str) -> list[str]:
    """The single values of a picklist's stored text."""
    return [part.strip() for part in value.split(";")] if known.type == "multipicklist" else [value]


def bad_value(known: Field, value: str) -> SalesforceError:
    return SalesforceError(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"{known.label}: bad value for restricted picklist field: {value}",
        [known.name],
    )


def check(sobject: SObject, row: dict[str, Any], given: set[str]) -> None:
    """Raise `SalesforceError` for a restricted value that the record type or the controlling field does not offer."""
    kind = record_types.by_id(sobject.name, row.get("RecordTypeId"))
    for known in sobject.fields.values():
        value = row[known.name]
        if value is None or not known.can("restrictedPicklist") or not known.values:
            continue
        touched = known.name in given
        if kind is not None and touched:
            offered = {found for found, _ in kind.offers(known)}
            if not offered.issuperset(parts(known, value)):
                raise bad_value(known, value)
        if (touched or known.controller in given) and not known.allows(value, row.get(known.controller or "")):
            raise bad_value(known, value)
