"""Onto which types of Salesforce records (Account, Opportunity, Case, …) somebody may file emails.

By default everybody may onto all: the group of everyone holds `record.relate` on the organisation. An administrator who
wants it narrower revokes that, and gives the role on single record types instead, to whom it should be.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext

from accounts.models import Organisation
from permissions import policy
from permissions.models import Resource
from permissions.services import create_resource


def record_type(organisation: Organisation, name: str) -> Resource:
    """The resource of a record type, by the object's API name in Salesforce; made at the first time."""
    found = Resource.objects.filter(root=organisation.resource_id, kind=Resource.Kind.RECORD_TYPE, name=name).first()
    return found or create_resource(Resource.Kind.RECORD_TYPE, organisation.resource, name=name)


def relatable(principal_id: UUID, organisation: Organisation, names: Collection[str]) -> frozenset[str]:
    """Those record types that the principal may file onto. One query for all of them; none if it is remembered."""
    return policy.named(principal_id, "record.relate", organisation.resource_id, Resource.Kind.RECORD_TYPE, names)


def require_relatable(principal_id: UUID, organisation: Organisation, names: Collection[str]) -> None:
    """Raises policy.Denied, with a sentence that names those that the principal may not file onto."""
    refused = set(names) - relatable(principal_id, organisation, names)
    if refused:
        sentence = gettext("You may not file emails onto records of this type: %(types)s.")
        raise policy.Denied(sentence % {"types": ", ".join(sorted(refused))})
