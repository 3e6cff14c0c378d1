"""The org's duplicate rule: a new Contact or Lead with the address of one that is there already is reported.

Reference: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_duplicaterules.htm
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.salesforce.errors import Match, SalesforceError
from sandbox.salesforce.schema import OBJECTS

if TYPE_CHECKING:
    from sandbox.salesforce.records import Draft

_WATCHED = ("Contact", "Lead")


def check(draft: Draft) -> None:
    """Raise `SalesforceError` DUPLICATES_DETECTED unless the caller has said that the record is to be saved."""
    if draft.sobject.name not in _WATCHED or draft.before is not None:
        return
    email = draft.row["Email"]
    if email is None:
        return
    found = tuple(match for name in _WATCHED if (match := _match(draft, name, email)) is not None)
    if found and (draft.org.duplicates_blocked or not draft.caller.allow_save):
        error = SalesforceError("DUPLICATES_DETECTED", "Use one of these records?", [])
        error.matches = found
        raise error


def _match(draft: Draft, name: str, email: str) -> Match | None:
    rows = tuple(
        row["Id"]
        for row in draft.org.live(name, "Email", email)
        if row["Id"] != draft.caller.converting
        and not row.get("IsConverted")
        and draft.org.access.can_see(draft.caller.user_id, name, row)
    )
    return (
        Match(OBJECTS[name], rows, f"Standard_{name}_Match_Rule_v1_0", allow_save=not draft.org.duplicates_blocked)
        if rows
        else None
    )
