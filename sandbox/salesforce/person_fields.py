"""Which fields exist for the sake of person accounts alone."""

from __future__ import annotations

from sandbox.salesforce.schema import OBJECTS

_NAMES = ("FirstName", "LastName", "Salutation")


def is_of_persons(field: str) -> bool:
    """Whether a field of Account is one that person accounts alone have."""
    return field in _NAMES or field == "IsPersonAccount" or field.startswith("Person") or field.endswith("__pc")


def fields_without(sobject: str) -> frozenset[str]:
    """The fields that an object has not in an org without person accounts."""
    if sobject == "Account":
        return frozenset(name for name in OBJECTS["Account"].fields if is_of_persons(name))
    return frozenset(
        {"IsPersonAccount"} if sobject == "Contact" else {"IsPersonType"} if sobject == "RecordType" else ()
    )
