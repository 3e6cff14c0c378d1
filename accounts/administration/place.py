"""Who looks, and at whose rows: found out once for each request, and asked of the policy with each question.

a user of an organisation     ─► that organisation
one of the vendor's staff     ─► the organisation of the staff session that they began, while it runs; else none
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext

from accounts import staff
from accounts.models import Organisation, StaffSession, User
from permissions import policy
from permissions.audit.recording import Doer
from permissions.models import Resource

#: What may be reached at all; each page asks for more.
ENTER: Final = "administration.enter"
#: Where the cookie session keeps the staff session that was begun.
STAFF_SESSION: Final = "staff_session"


@dataclass(frozen=True, slots=True)
class Place:
    user: User
    organisation: Organisation | None
    staff_session: StaffSession | None = None

    @property
    def principal_id(self) -> UUID:
        return self.user.principal_id

    @property
    def is_operator(self) -> bool:
        return self.user.organisation_id is None

    @property
    def doer(self) -> Doer:
        """As the audit trail names them."""
        if self.is_operator:
            return Doer("staff", self.principal_id, self.staff_session.pk if self.staff_session else None)
        return Doer.user(self.principal_id)

    @property
    def here(self) -> Organisation:
        """The organisation that is looked at. Raises policy.Denied where there is none."""
        if self.organisation is None:
            raise policy.Denied(gettext("Ask an organisation for access first."))
        return self.organisation

    def may(self, permission: str, resource: Resource | None = None) -> bool:
        """On a resource of the organisation, or, without one, on anything of it at all."""
        if self.organisation is None:
            return False
        root_id = self.organisation.resource_id
        if resource is None:
            return policy.somewhere(self.principal_id, permission, root_id)
        return resource.root_id_or_own == root_id and policy.allows(self.principal_id, permission, resource)

    def require(self, permission: str, resource: Resource | None = None) -> None:
        """Raises policy.Denied; policy.NotFound for what is another organisation's."""
        if resource is not None and resource.root_id_or_own != self.here.resource_id:
            raise policy.NotFound
        if not self.may(permission, resource):
            raise policy.Denied(permission)


def place_of(request: HttpRequest) -> Place | None:
    """None for somebody who has not signed in."""
    known: Place | None = getattr(request, "place", None)
    if known is None and request.user.is_authenticated:
        known = _find(request, request.user)
        request.place = known  # type: ignore[attr-defined]
    return known


def here_of(request: HttpRequest) -> Place:
    """Of a request that a guarded view is given. Raises policy.Denied."""
    place = place_of(request)
    if place is None:
        raise policy.Denied(gettext("Sign in first."))
    return place


def _find(request: HttpRequest, user: User) -> Place:
    if user.organisation_id is not None:
        return Place(user, user.organisation)
    begun = request.session.get(STAFF_SESSION)
    session = staff.running(UUID(begun), user) if begun and staff.is_operator(user) else None
    return Place(user, session.organisation if session else None, session)
