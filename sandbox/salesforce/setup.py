"""What tests and the demo change in the org's setup: `POST /_sandbox/org`.

```
{"enhanced_email": false, "shared_activities": false, "storage_full": true, "email_links_locked": true,
 "hidden_fields": [{"who": user id or profile name, "object": "Opportunity", "fields": ["Amount"]}],
 "private": ["Opportunity", "Case"],
 "shares": [{"record": id, "user": id}],
 "validation_rules": [{"object": "EmailMessage", "field": "Subject", "contains": "secret", "message": "…"}]}
```
Every key may be left out. Rules are added to those that are there.
"""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.schema import OBJECTS
from sandbox.salesforce.store import Org
from sandbox.salesforce.validation import ValidationRule

_SWITCHES = ("enhanced_email", "shared_activities", "storage_full", "email_links_locked")
_KEYS = {*_SWITCHES, "hidden_fields", "private", "shares", "validation_rules"}


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
    for entry in given.get("hidden_fields", ()):
        found = OBJECTS[entry["object"]]
        wrong = set(entry["fields"]) - found.fields.keys()
        if wrong:
            raise ValueError(f"{found.name} has no field {', '.join(sorted(wrong))}")
        org.access.hide(entry["who"], found.name, frozenset(entry["fields"]))
    if "private" in given:
        org.access.private = {OBJECTS[name].name for name in given["private"]}
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
    if given.keys() & {"enhanced_email", "shared_activities", "hidden_fields"}:
        org.schema_changed = org.now()
    return {name: getattr(org, name) for name in _SWITCHES}
