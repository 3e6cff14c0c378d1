"""What fields, filters and actions are called. Fields of which only describe tells have the label that it gives."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sync.providers.salesforce.schema import FieldAbout

#: As Salesforce itself calls its standard fields.
FIELDS: dict[str, Promise] = {
    "AccountId": _("Account Name"),
    "Amount": _("Amount"),
    "BillingCountry": _("Billing Country"),
    "CaseNumber": _("Case Number"),
    "CloseDate": _("Close Date"),
    "Company": _("Company"),
    "ContactId": _("Contact Name"),
    "CreatedDate": _("Created Date"),
    "Department": _("Department"),
    "Email": _("Email"),
    "Industry": _("Industry"),
    "LastActivityDate": _("Last Activity"),
    "LeadSource": _("Lead Source"),
    "MobilePhone": _("Mobile Phone"),
    "Name": _("Name"),
    "OwnerId": _("Owner"),
    "Phone": _("Phone"),
    "Priority": _("Priority"),
    "Probability": _("Probability (%)"),
    "StageName": _("Stage"),
    "Status": _("Status"),
    "Subject": _("Subject"),
    "Title": _("Title"),
    "Type": _("Type"),
    "Website": _("Website"),
}
_LOOKUPS = frozenset({"AccountId", "ContactId", "OwnerId"})
ACTIONS: dict[str, Promise] = {
    "task": _("Add a task"),
    "call": _("Log a call"),
    "note": _("Write a note"),
    "follow-up": _("Follow up"),
    "edit": _("Edit"),
    "open": _("Open in Salesforce"),
    "create": _("New contact or opportunity"),
    "convert": _("Convert"),
}


def field_label(name: str, about: Iterable[FieldAbout] = ()) -> str:
    """A field's label as describe tells it, else as the product knows it, else its name made readable."""
    label = next((one.label for one in about if one.name == name), "")
    known = FIELDS.get(name)
    if known and name in _LOOKUPS:
        # Describe calls these "Account ID": what shows is the name behind it.
        return str(known)
    return label or (str(known) if known else name.removesuffix("__c").replace("_", " "))


def action_label(name: str) -> str:
    return str(ACTIONS[name])
