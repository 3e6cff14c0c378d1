"""What an org offers: versions, Enhanced Email, person accounts, further email fields, its closed Task status.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from sync import errors
from sync.providers.salesforce import soql
from sync.providers.salesforce.client import SalesforceClient, Subrequest, Subresponse
from sync.providers.salesforce.errors import error_for

_STANDARD_CLOSED = "Completed"
_STATUSES = "statuses"


@dataclass(frozen=True)
class OrgShape:
    """What an org offers. The same for all its users, as far as the one who asked may see it.

    `api_version` is the newest that the org offers; calls use the pinned one of the settings. `email_fields` are
    Contact's email fields besides Email. `shared_activities`: a Task may have several people.
    """

    api_version: str
    enhanced_email: bool
    person_accounts: bool
    email_fields: tuple[str, ...]
    closed_task_status: str
    multi_currency: bool
    shared_activities: bool = True


def read_shape(client: SalesforceClient) -> OrgShape:
    """Reads the shape in two calls: the describes and the closed status in one, and the list of versions.

    Raises what the client raises; keep the answer for a day.
    """
    described, statuses = _described(client, ("Contact", "Opportunity", "EmailMessage", "Task"), statuses=True)
    contact, email_message = _fields(described["Contact"]), _fields(described["EmailMessage"])
    return OrgShape(
        api_version=_newest_version(client),
        # Email-to-Case alone brings EmailMessage too, for cases only: what it stands on cannot be chosen then.
        enhanced_email=_createable(email_message, "RelatedToId") and _createable(email_message, "MessageIdentifier"),
        person_accounts="IsPersonAccount" in contact,
        email_fields=tuple(
            name
            for name, about in contact.items()
            if about.get("type") == "email" and name != "Email" and about.get("filterable")
        ),
        closed_task_status=str(statuses[0].get("ApiName") or _STANDARD_CLOSED) if statuses else _STANDARD_CLOSED,
        multi_currency="CurrencyIsoCode" in _fields(described["Opportunity"]),
        # Fields that hold lists of ids are told of by the relationship that they fill.
        shared_activities=any(
            "TaskWhoIds" in (child.get("junctionIdListNames") or ())
            for child in described["Task"].get("childRelationships") or ()
        ),
    )


@dataclass(frozen=True)
class FieldAbout:
    """A field as describe tells of it to one user. `label` is in that user's Salesforce language.

    `path` is what a query asks for so that people can read it: the name of the record that a lookup points at.
    """

    name: str
    label: str
    type: str
    path: str
    custom: bool = False


#: Types of fields that a card can show; compound ones, files and ids without a name are none.
# https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/field_types.htm
_SHOWABLE = frozenset(
    {
        *("string", "picklist", "multipicklist", "combobox", "phone", "email", "url", "currency", "double", "int"),
        *("long", "percent", "date", "datetime", "time", "boolean", "textarea", "encryptedstring", "reference"),
    }
)
# What is not called Name where it has a name at all; a lookup to another object than these has one called Name.
_NAME_FIELDS = {"Case": "CaseNumber", "Contract": "ContractNumber", "Order": "OrderNumber", "Solution": "SolutionName"}
_PARENTS = ("Account", "Contact")
_NAMELESS = frozenset({"Task", "Event", "Individual"})


def read_fields(client: SalesforceClient, object_names: Sequence[str]) -> dict[str, tuple[FieldAbout, ...]]:
    """What the client's user may read and a card can show, by object and label. One call for all of at most 25 objects.

    An object that is not there for this user has no fields.
    """
    described, _ = _described(client, tuple(object_names), statuses=False)
    return {name: fields_about(described[name]) for name in object_names}


@dataclass(frozen=True)
class CustomAbout:
    """An object of the org's own: its fields, and the lookups (parent, field, relationship) by which it hangs on
    accounts and contacts. `label` is in the plural.
    """

    name: str
    label: str
    fields: tuple[FieldAbout, ...]
    lookups: tuple[tuple[str, str, str], ...]


def read_custom(client: SalesforceClient, object_names: Sequence[str]) -> tuple[CustomAbout, ...]:
    """What these objects are to the client's user; those that are not there for them are left out. One call for all of
    at most 23 objects.
    """
    described, _ = _described(client, (*_PARENTS, *object_names), statuses=False)
    return tuple(
        CustomAbout(
            name=name,
            label=str(described[name].get("labelPlural") or described[name].get("label") or name),
            fields=fields_about(described[name]),
            lookups=tuple(
                (parent, str(child["field"]), str(child["relationshipName"]))
                for parent in _PARENTS
                for child in described[parent].get("childRelationships") or ()
                if child.get("childSObject") == name and child.get("relationshipName")
            ),
        )
        for name in object_names
        if described[name]
    )


def fields_about(described: Mapping[str, Any]) -> tuple[FieldAbout, ...]:
    """The same of an answer of describe."""
    found = []
    for name, about in _fields(described).items():
        kind = str(about.get("type") or "")
        path = _path(name, about) if kind == "reference" else name
        if kind in _SHOWABLE and path:
            label = str(about.get("label") or name)
            found.append(FieldAbout(name, label, kind, path, bool(about.get("custom"))))
    return tuple(sorted(found, key=lambda one: (one.label.casefold(), one.name)))


def _path(name: str, about: Mapping[str, Any]) -> str:
    """The name behind a lookup; "" where it has none. Of several targets (polymorphic) the name is called Name."""
    relationship, targets = about.get("relationshipName"), about.get("referenceTo")
    if not relationship or not isinstance(targets, list) or not targets or targets[0] in _NAMELESS:
        return ""
    return f"{relationship}.{_NAME_FIELDS.get(targets[0], 'Name') if len(targets) == 1 else 'Name'}"


def read_hidden_fields(client: SalesforceClient) -> tuple[str, ...]:
    """The `Object.Field` names of the pane that the client's user may not read: `ContextQuestion.hidden_fields`.

    One call for all objects. Ask after a context came back with a failed part, and keep it per user.
    """
    described, _ = _described(client, tuple(soql.FIELDS), statuses=False)
    hidden = []
    for object_name, names in soql.FIELDS.items():
        readable = _fields(described[object_name])
        hidden += [object_name + "." + name for name in names if name not in readable]
    return tuple(hidden)


def _described(
    client: SalesforceClient, object_names: Sequence[str], *, statuses: bool
) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """What is said of each object (nothing where it is not there for this user), and the closed Task statuses."""
    parts = [Subrequest(name, "GET", client.sobject_url(name) + "/describe") for name in object_names]
    if statuses:
        parts.append(Subrequest(_STATUSES, "GET", client.query_url(soql.closed_task_statuses())))
    answers = client.composite(parts, all_or_none=False, writes=False)
    described = {name: _about(answers.get(name)) for name in object_names}
    records = _about(answers.get(_STATUSES)).get("records") if statuses else []
    if not isinstance(records, list):
        raise _unreadable()
    return described, records


def _about(answer: Subresponse | None) -> dict[str, Any]:
    if answer is None:
        raise _unreadable()
    if not answer.ok:
        error = error_for(answer.status, answer.body)
        if isinstance(error, errors.Gone) or error.code == "INVALID_TYPE":
            return {}
        raise error
    if not isinstance(answer.body, dict):
        raise _unreadable()
    return answer.body


def _fields(described: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """An object's fields by name, those that this user may see."""
    fields = described.get("fields", [])
    if not isinstance(fields, list):
        raise _unreadable()
    return {str(about["name"]): about for about in fields}


def _unreadable() -> errors.Unavailable:
    return errors.Unavailable(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE")


def _createable(fields: Mapping[str, Mapping[str, Any]], name: str) -> bool:
    return bool(fields.get(name, {}).get("createable"))


def _newest_version(client: SalesforceClient) -> str:
    """The newest API version of the org. An org that lacks the pinned one is refused with both versions named."""
    versions = client.versions()
    if client.version not in versions:
        raise errors.Refused(
            "This Salesforce org does not offer version " + client.version + " of the API.",
            code="UNSUPPORTED_VERSION",
        )
    return max(versions, key=float)
