"""The org's duplicate rule: a new Contact or Lead with the address of one that is there already is reported.

Reference: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_duplicaterules.htm
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.salesforce.errors import SalesforceError

if TYPE_CHECKING:
    from sandbox.salesforce.records import Draft

_WATCHED = ("Contact", "Lead")


def check(draft: Draft) -> None:
    """Raise `SalesforceError` DUPLICATES_DETECTED unless the caller has said that the record is to be saved."""
    if draft.sobject.name not in _WATCHED or draft.before is not None or draft.caller.allow_save:
        return
    email = draft.row["Email"]
    if email is None:
        return
    found = [
        row
        for name in _WATCHED
        for row in draft.org.live(name, "Email", email)
        if not row.get("IsConverted") and draft.org.access.can_see(draft.caller.user_id, name, row)
    ]
    if found:
        raise SalesforceError("DUPLICATES_DETECTED", "Use one of these records?", [])
