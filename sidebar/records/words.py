"""What objects are called where Salesforce's own label is not at hand."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_PLURAL: dict[str, Promise] = {
    "Contact": _("Contacts"),
    "Lead": _("Leads"),
    "Account": _("Accounts"),
    "Opportunity": _("Opportunities"),
    "Case": _("Cases"),
}
_SINGULAR: dict[str, Promise] = {
    "Contact": _("Contact"),
    "Lead": _("Lead"),
    "Account": _("Account"),
    "Opportunity": _("Opportunity"),
    "Case": _("Case"),
}


def plural(object_name: str) -> str:
    return str(_PLURAL.get(object_name) or _readable(object_name))


def singular(object_name: str) -> str:
    return str(_SINGULAR.get(object_name) or _readable(object_name))


def _readable(object_name: str) -> str:
    """A custom object's name as people read it: `Renewal_Plan__c` is Renewal Plan."""
    return object_name.removesuffix("__c").replace("_", " ")
