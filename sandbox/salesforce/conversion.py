"""Converting a lead: what it becomes, and what forbids it.

```
 lead ─► account (made, or its empty fields filled) ─► contact (the same) ─► opportunity with the contact in a role
      └─► tasks and events move to the contact ─► the lead is converted and can no longer be changed
```
Reference: https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_convertlead.htm
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from sandbox.salesforce import ids, metadata, records, values
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.records import Caller
from sandbox.salesforce.schema import OBJECTS, SObject
from sandbox.salesforce.store import Org, Row

_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")
_ACCOUNT = {
    "Name": "Company",
    "Phone": "Phone",
    "Fax": "Fax",
    "Website": "Website",
    "Industry": "Industry",
    "Rating": "Rating",
    "AnnualRevenue": "AnnualRevenue",
    "NumberOfEmployees": "NumberOfEmployees",
    "AccountSource": "LeadSource",
    **{f"Billing{part}": part for part in _ADDRESS},
}
_CONTACT = {
    "Salutation": "Salutation",
    "FirstName": "FirstName",
    "LastName": "LastName",
    "Title": "Title",
    "Phone": "Phone",
    "MobilePhone": "MobilePhone",
    "Fax": "Fax",
    "Email": "Email",
    "LeadSource": "LeadSource",
    "Description": "Description",
    **{f"Mailing{part}": part for part in _ADDRESS},
}


@dataclass(frozen=True)
class Wish:
    """One LeadConvert: ids as they were sent, empty where they were not."""

    lead_id: str
    converted_status: str
    account_id: str = ""
    contact_id: str = ""
    opportunity_id: str = ""
    opportunity_name: str = ""
    owner_id: str = ""
    without_opportunity: bool = False
    overwrite_source: bool = False
    bypass_contact_duplicates: bool = False


@dataclass(frozen=True)
class Made:
    """The records that a lead has become; no opportunity where none was wanted."""

    lead_id: str
    account_id: str
    contact_id: str
    opportunity_id: str | None


def convert(org: Org, caller: Caller, wish: Wish) -> Made:
    """Convert one lead, or leave all as it is; raises `SalesforceError`."""
    with org.transaction():
        return _Conversion(org, caller, wish).run()


class _Conversion:
    def __init__(self, org: Org, caller: Caller, wish: Wish) -> None:
        self.org = org
        self.wish = wish
        self._user_id = caller.user_id
        self.lead = self._record(OBJECTS["Lead"], wish.lead_id, "Lead Id")
        # The lead itself has the address of the contact that it becomes, and is no duplicate of it.
        allow = caller.allow_save or wish.bypass_contact_duplicates
        self.caller = replace(caller, allow_save=allow, converting=self.lead["Id"])
        self.owner = self._owner()

    def run(self) -> Made:
        self._check()
        account = self._account()
        contact = self._contact(account)
        opportunity = self._opportunity(account, contact)
        self._move_activities(contact, opportunity or account)
        changes: Row = {
            "Status": self.wish.converted_status,
            "IsConverted": True,
            "ConvertedDate": self.org.now().date(),
            "ConvertedAccountId": account,
            "ConvertedContactId": contact,
            "ConvertedOpportunityId": opportunity,
        }
        self.org.change(OBJECTS["Lead"], self.lead["Id"], changes, self._user_id)
        return Made(self.lead["Id"], account, contact, opportunity)

    def _record(self, found: SObject, given: str, label: str) -> Row:
        normal = ids.normalise(given)
        if normal is None:
            raise SalesforceError("MALFORMED_ID", f"bad id {given}")
        row = self.org.get(found.name, normal) if normal[:3] == found.key_prefix else None
        if row is not None and row.get("IsDeleted"):
            raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted")
        visible = row is not None and self.org.access.can_see(self._user_id, found.name, row)
        if row is None or not visible:
            raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", f"{label}: invalid cross reference id")
        return row

    def _owner(self) -> str:
        if not self.wish.owner_id:
            return str(self.lead["OwnerId"])
        user = self._record(OBJECTS["User"], self.wish.owner_id, "Owner Id")
        if not user["IsActive"]:
            raise SalesforceError("INACTIVE_OWNER_OR_USER", "operation performed with inactive user", ["OwnerId"])
        return str(user["Id"])

    def _check(self) -> None:
        if self.lead["IsConverted"]:
            raise SalesforceError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        if not self.org.access.can_change(self._user_id, "Lead", self.lead):
            raise SalesforceError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
        if self.wish.converted_status != metadata.CONVERTED_STATUS:
            raise SalesforceError("INVALID_STATUS", f"invalid convertedStatus: {self.wish.converted_status}")
        if self.wish.without_opportunity and (self.wish.opportunity_name or self.wish.opportunity_id):
            raise SalesforceError(
                "INVALID_ARGUMENT", "opportunityName must be null when doNotCreateOpportunity is true"
            )
        if self.wish.contact_id and not self.wish.account_id:
            raise SalesforceError("REQUIRED_FIELD_MISSING", "accountId is required when contactId is specified")

    def _fill(self, found: SObject, row: Row, mapping: dict[str, str]) -> None:
        """Give the empty fields of an existing record what the lead says; what stands there stays."""
        changes = {name: self.lead[source] for name, source in mapping.items() if row[name] is None}
        if found.name == "Contact" and self.wish.overwrite_source:
            changes["LeadSource"] = self.lead["LeadSource"]
        self.org.change(found, row["Id"], {k: v for k, v in changes.items() if v is not None}, self._user_id)

    def _made(self, found: SObject, fields: Row) -> str:
        body = {name: values.render(value) for name, value in fields.items() if value is not None}
        try:
            return records.create(self.org, self.caller, found, body)
        except SalesforceError as error:
            if error.code != "FIELD_CUSTOM_VALIDATION_EXCEPTION":
                raise
            message = f"Validation error on {found.label}: {error.message}"
            raise SalesforceError(error.code, message, error.fields) from None

    def _account(self) -> str:
        found = OBJECTS["Account"]
        if self.wish.account_id:
            row = self._record(found, self.wish.account_id, "Account Id")
            self._fill(found, row, _ACCOUNT)
            return str(row["Id"])
        return self._made(found, {**self._copied(found, _ACCOUNT), "OwnerId": self.owner})

    def _contact(self, account: str) -> str:
        found = OBJECTS["Contact"]
        if self.wish.contact_id:
            row = self._record(found, self.wish.contact_id, "Contact Id")
            if row["AccountId"] != account:
                raise SalesforceError("INVALID_ID_FIELD", "Contact's account does not match the specified account")
            self._fill(found, row, _CONTACT)
            return str(row["Id"])
        return self._made(found, {**self._copied(found, _CONTACT), "AccountId": account, "OwnerId": self.owner})

    def _copied(self, found: SObject, mapping: dict[str, str]) -> Row:
        """Of the lead, what the caller may write into the new record."""
        closed = self.org.access.hidden_fields(self._user_id, found.name)
        closed |= self.org.access.read_only_fields(self._user_id, found.name)
        return {name: self.lead[source] for name, source in mapping.items() if name not in closed}

    def _opportunity(self, account: str, contact: str) -> str | None:
        if self.wish.without_opportunity:
            return None
        if self.wish.opportunity_id:
            return str(self._record(OBJECTS["Opportunity"], self.wish.opportunity_id, "Opportunity Id")["Id"])
        fields = {
            "Name": self.wish.opportunity_name or self.lead["Company"],
            "AccountId": account,
            "StageName": next(iter(metadata.STAGES)),
            "CloseDate": _end_of_quarter(self.org.now().date()),
            "LeadSource": self.lead["LeadSource"],
            "OwnerId": self.owner,
        }
        opportunity = self._made(OBJECTS["Opportunity"], fields)
        role = {"OpportunityId": opportunity, "ContactId": contact, "IsPrimary": True}
        row = self.org.blank(OBJECTS["OpportunityContactRole"]) | role
        self.org.insert(OBJECTS["OpportunityContactRole"], row, self._user_id)
        return opportunity

    def _move_activities(self, contact: str, related: str) -> None:
        account = self.org.get("Contact", contact)
        for name in ("Task", "Event"):
            for row in self.org.live(name, "WhoId", self.lead["Id"]):
                changes = {
                    "WhoId": contact,
                    "WhatId": row["WhatId"] or related,
                    "AccountId": account["AccountId"] if account else None,
                }
                self.org.change(OBJECTS[name], row["Id"], changes, None)
        for row in self.org.live("TaskWhoRelation", "RelationId", self.lead["Id"]):
            self.org.change(OBJECTS["TaskWhoRelation"], row["Id"], {"RelationId": contact, "Type": "Contact"}, None)
        for row in self.org.live("EmailMessageRelation", "RelationId", self.lead["Id"]):
            self.org.change(OBJECTS["EmailMessageRelation"], row["Id"], {"RelationId": contact}, None)


def _end_of_quarter(day: date) -> date:
    month = ((day.month - 1) // 3 + 1) * 3
    following = date(day.year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)
