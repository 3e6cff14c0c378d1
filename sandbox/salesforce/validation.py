"""Validation rules: what the org's administrator demands of a record beyond Salesforce's own rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.errors import SalesforceError


@dataclass(frozen=True)
class ValidationRule:
    """Refuse a record of `sobject` whose fields all have the values of `when` and whose `field` is `empty` or
    contains `contains`. Without a field the message stands for the whole record."""

    sobject: str
    message: str
    field: str | None = None
    when: tuple[tuple[str, Any], ...] = ()
    empty: bool = False
    contains: str | None = None

    def refuses(self, row: dict[str, Any]) -> bool:
        if any(row.get(name) != value for name, value in self.when):
            return False
        value = row.get(self.field) if self.field else None
        if self.contains is not None:
            return self.contains.casefold() in str(value or "").casefold()
        return value is None if self.empty else True


SEED_RULES = (
    ValidationRule(
        sobject="Opportunity",
        when=(("StageName", "Closed Won"),),
        field="Amount",
        empty=True,
        message="An opportunity that is won needs an amount.",
    ),
    ValidationRule(
        sobject="EmailMessage",
        field="Subject",
        contains="[do not file]",
        message="Mail with this mark in its subject must not be kept in Salesforce.",
    ),
)


def check(rules: list[ValidationRule], sobject: str, row: dict[str, Any]) -> None:
    """Raise `SalesforceError` FIELD_CUSTOM_VALIDATION_EXCEPTION with what every rule says that refuses the row."""
    found = [
        SalesforceError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, [rule.field] if rule.field else [])
        for rule in rules
        if rule.sobject == sobject and rule.refuses(row)
    ]
    if found:
        found[0].others = tuple(found[1:])
        raise found[0]
