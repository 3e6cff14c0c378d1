"""What an org offers: versions, Enhanced Email, person accounts, further email fields, its closed Task status.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sync import errors
from sync.providers.salesforce import soql
from sync.providers.salesforce.client import SalesforceClient

_STANDARD_CLOSED = "Completed"


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
    """Reads the shape in seven calls at most. Raises what the client raises; keep the answer for a day."""
    contact = _fields(client, "Contact")
    opportunity = _fields(client, "Opportunity")
    email_message = _fields(client, "EmailMessage")
    task = _describe(client, "Task")
    statuses = client.query(soql.closed_task_statuses())
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
        multi_currency="CurrencyIsoCode" in opportunity,
        # Fields that hold lists of ids are told of by the relationship that they fill.
        shared_activities=any(
            "TaskWhoIds" in (child.get("junctionIdListNames") or ()) for child in task.get("childRelationships") or ()
        ),
    )


def read_hidden_fields(client: SalesforceClient) -> tuple[str, ...]:
    """The `Object.Field` names of the pane that the client's user may not read: `ContextQuestion.hidden_fields`.

    One call for each of five objects. Ask after a context came back with a failed part, and keep it per user.
    """
    hidden = []
    for object_name in soql.FIELDS:
        readable = _fields(client, object_name)
        hidden += [object_name + "." + name for name in soql.FIELDS[object_name] if name not in readable]
    return tuple(hidden)


def _fields(client: SalesforceClient, object_name: str) -> dict[str, Mapping[str, Any]]:
    """An object's fields by name, those that this user may see."""
    fields = _describe(client, object_name).get("fields", [])
    if not isinstance(fields, list):
        raise _unreadable()
    return {str(about["name"]): about for about in fields}


def _describe(client: SalesforceClient, object_name: str) -> dict[str, Any]:
    """What is said of an object; nothing where it is not there for this user."""
    try:
        answer = client.get("sobjects/" + object_name + "/describe")
    except errors.Gone:
        return {}
    except errors.Refused as refused:
        if refused.code == "INVALID_TYPE":
            return {}
        raise
    if not isinstance(answer, dict):
        raise _unreadable()
    return answer


def _unreadable() -> errors.Unavailable:
    return errors.Unavailable("Salesforce's answer could not be read.", code="UNREADABLE")


def _createable(fields: Mapping[str, Mapping[str, Any]], name: str) -> bool:
    return bool(fields.get(name, {}).get("createable"))


def _newest_version(client: SalesforceClient) -> str:
    """The newest API version of the org. An org that lacks the pinned one is refused with both versions named."""
    versions = client.versions()
    if client.version not in versions:
        raise errors.Refused(
            "This Salesforce org does not offer version " + client.version + " of the API.", code="UNSUPPORTED_VERSION"
        )
    return max(versions, key=float)
