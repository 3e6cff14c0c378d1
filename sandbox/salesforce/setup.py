"""What tests and the demo change in the org's setup: `POST /_sandbox/org`.

```
{"enhanced_email": false, "shared_activities": false, "storage_full": true, "email_links_locked": true,
 "convert_leads": false, "person_accounts": false,
 "duplicates_blocked": true,
 "hidden_fields": [{"who": user id or profile name, "object": "Opportunity", "fields": ["Amount"]}],
 "private": ["Opportunity", "Case"],
 "shares": [{"record": id, "user": id}],
 "read_only_fields": [{"who": user id or profile name, "object": "Account", "fields": ["SLA__c"]}],
 "public_read_only": ["Account"], "search_lag": 30,
 "grow": {"activities": true, "person_accounts": 12, "custom_object": true, "related_records": 200},
 "validation_rules": [{"object": "EmailMessage", "field": "Subject", "contains": "secret", "message": "…"}]}
```
Every key may be left out. Rules are added to those that are there.
"""

from __future__ import annotations

from typing import Any

from sandbox.salesforce import growth
from sandbox.salesforce.schema import OBJECTS
from sandbox.salesforce.store import Org
from sandbox.salesforce.validation import ValidationRule
from sandbox.seed.growth import Growth

_SWITCHES = (
    "duplicates_blocked",
    "enhanced_email",
    "shared_activities",
    "storage_full",
    "email_links_locked",
    "convert_leads",
    "person_accounts",
)
_SCHEMA = {"enhanced_email", "shared_activities", "hidden_fields", "read_only_fields", "person_accounts"}
_KEYS = {
    *_SWITCHES,
    "grow",
    "hidden_fields",
    "private",
    "public_read_only",
    "read_only_fields",
    "search_lag",
    "shares",
    "validation_rules",
}


def change(org: Org, given: dict[str, Any]) -> dict[str, Any]:
    """Apply the changes and answer with the switches as they now stand; raises ValueError for what is unknown."""
    unknown = given.keys() - _KEYS
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    for name in _SWITCHES:
        if name in given:
            if not isinstance(given[name], bool):
                raise ValueError(f"{name} must be true or false")
            setattr(org, name, given[name])
    if "grow" in given:
        growth.grow(org, Growth(**given["grow"]))
        org.schema_changed = org.now()
    for entry in given.get("hidden_fields", ()):
        org.access.hide(entry["who"], *_fields(entry))
    for entry in given.get("read_only_fields", ()):
        org.access.protect(entry["who"], *_fields(entry))
    if "private" in given:
        org.access.private = {OBJECTS[name].name for name in given["private"]}
    if "public_read_only" in given:
        org.access.public_read_only = {OBJECTS[name].name for name in given["public_read_only"]}
    if "search_lag" in given:
        if type(given["search_lag"]) is not int or given["search_lag"] < 0:
            raise ValueError("search_lag must be a number of seconds")
        org.search_lag = given["search_lag"]
    for entry in given.get("shares", ()):
        if org.find(entry["record"]) is None:
            raise ValueError(f"no record {entry['record']}")
        org.access.share(entry["record"], entry["user"])
    for entry in given.get("validation_rules", ()):
        org.validation_rules.append(
            ValidationRule(
                sobject=OBJECTS[entry["object"]].name,
                message=entry["message"],
                field=entry.get("field"),
                when=tuple(entry.get("when", {}).items()),
                empty=entry.get("empty", False),
                contains=entry.get("contains"),
            )
        )
    if given.keys() & _SCHEMA:
        org.schema_changed = org.now()
    return {name: getattr(org, name) for name in _SWITCHES}


def _fields(entry: dict[str, Any]) -> tuple[str, frozenset[str]]:
    """The object and the fields that an entry names; raises ValueError for what it has not."""
    found = OBJECTS[entry["object"]]
    wrong = set(entry["fields"]) - found.fields.keys()
    if wrong:
        raise ValueError(f"{found.name} has no field {', '.join(sorted(wrong))}")
    return found.name, frozenset(entry["fields"])
