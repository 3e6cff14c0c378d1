"""Person accounts: an account and the contact behind it, which is changed through the account alone.

```
 account with the person record type ─► its contact is made ─► each change of the account is one of the contact
```
An org may be without them (`Org.person_accounts`): then their fields and their record type do not exist.

Reference: https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_guidelines_personaccounts.htm
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.person_fields import is_of_persons
from sandbox.salesforce.schema import OBJECTS, SObject
from sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from sandbox.salesforce.records import Draft

# Fields of the account that are fields of its contact, by their names there.
_SHARED = {
    "FirstName": "FirstName",
    "LastName": "LastName",
    "Salutation": "Salutation",
    "Name": "Name",
    "PersonEmail": "Email",
    "PersonMobilePhone": "MobilePhone",
    "PersonTitle": "Title",
    "Phone": "Phone",
    "Fax": "Fax",
    "OwnerId": "OwnerId",
}


def check(draft: Draft) -> None:
    """Raise `SalesforceError` for what a person account, its contact or a company cannot have."""
    row, before = draft.row, draft.before
    if draft.sobject.name == "Contact":
        _check_contact(draft)
    if draft.sobject.name != "Account":
        return
    kind = draft.org.get("RecordType", row["RecordTypeId"]) if row["RecordTypeId"] else None
    person = bool(kind and kind["IsPersonType"])
    if before is not None and before["IsPersonAccount"] != person:
        raise SalesforceError(
            "INVALID_PERSON_ACCOUNT_OPERATION", "Record type can't be changed between business and person", []
        )
    wrong = sorted(name for name in draft.given if (name == "Name" if person else is_of_persons(name)) and row[name])
    if wrong:
        raise SalesforceError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {', '.join(wrong)}. Please check the security settings of this field"
            " and verify that it is read/write for your profile or permission set.",
            wrong,
        )


def _check_contact(draft: Draft) -> None:
    if draft.before is not None and draft.before["IsPersonAccount"]:
        refuse_change()
    account = draft.org.get("Account", draft.row["AccountId"]) if draft.row["AccountId"] else None
    if account is not None and account["IsPersonAccount"]:
        raise SalesforceError(
            "FIELD_INTEGRITY_EXCEPTION", "Account ID: a person account can't have contacts", ["AccountId"]
        )


def refuse_change() -> None:
    """Raise the refusal of a direct change to the contact behind a person account."""
    raise SalesforceError(
        "INVALID_PERSON_ACCOUNT_OPERATION", "Cannot modify a person account's contact; modify the account instead", []
    )


def before_delete(sobject: SObject, row: Row) -> None:
    if sobject.name == "Contact" and row["IsPersonAccount"]:
        refuse_change()


def after_save(draft: Draft) -> None:
    """Make the contact behind a new person account, or bring it in line with the changed one."""
    if draft.sobject.name != "Account" or not draft.row["IsPersonAccount"]:
        return
    row, org, contacts = draft.row, draft.org, OBJECTS["Contact"]
    shared = {theirs: row[ours] for ours, theirs in _SHARED.items()}
    if draft.before is None:
        contact = org.blank(contacts) | shared | {"AccountId": row["Id"], "IsPersonAccount": True}
        contact_id = org.insert(contacts, contact, draft.caller.user_id)
        org.change(draft.sobject, row["Id"], {"PersonContactId": contact_id}, None)
    elif row["PersonContactId"]:
        org.change(contacts, row["PersonContactId"], shared, draft.caller.user_id)
