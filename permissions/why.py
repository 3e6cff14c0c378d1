"""Why somebody may, or may not, do something: the grants that decide, or those that almost do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from permissions import registry
from permissions.holdings import counting, with_permission
from permissions.models import Authorization, GroupMembership, OwnRole, Principal, Resource

#: How people call a principal or a resource; the ground floor knows but their kinds.
NameOf = Callable[[Principal | Resource], str]


class Missing(StrEnum):
    """What a grant that almost decides lacks."""

    NOT_BEGUN = "not begun"
    ENDED = "ended"
    REVOKED = "revoked"
    NO_PROPER_END = "no proper end"
    ELSEWHERE = "elsewhere"
    PERMISSION = "permission"


@dataclass(frozen=True, slots=True)
class Line:
    """A grant, and what it lacks where it does not decide. `ended`: when it was revoked or came to its end."""

    role: str
    resource: Resource
    group: Principal | None
    since: datetime
    until: datetime | None
    grantor: Principal | None
    approver: Principal | None
    reason: str
    missing: Missing | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """`grants` decide where it is allowed. `near` are grants that lack one thing each. `roles` hold the permission."""

    allowed: bool
    permission: registry.Permission
    resource: Resource
    grants: tuple[Line, ...]
    near: tuple[Line, ...]
    roles: tuple[str, ...]

    def sentences(self, name_of: NameOf = str) -> list[str]:
        """For people, the answer first."""
        place = name_of(self.resource)
        told = {"permission": self.permission.name, "place": place, "allows": gettext(self.permission.allows)}
        yes, no = (
            gettext("Yes. %(permission)s on %(place)s: %(allows)s"),
            gettext("No. %(permission)s on %(place)s: %(allows)s"),
        )
        answer = (yes if self.allowed else no) % told
        if self.allowed:
            return [answer, *(_sentence(line, name_of) for line in self.grants)]
        wanted = gettext("It takes a role that holds it, on %(place)s or on what stands above it: %(roles)s.")
        wanted %= {"place": place, "roles": ", ".join(self.roles)}
        if not self.near:
            return [answer, gettext("Nothing that was given comes near it."), wanted]
        return [answer, *(_sentence(line, name_of) for line in self.near), wanted]


def explain(principal_id: UUID, permission: str, resource: Resource) -> Why:
    """Four queries. Raises UnknownPermission."""
    asked = registry.permission(permission)
    root = resource.root_id_or_own
    mine = GroupMembership.objects.filter(member=principal_id).values("group")
    given = list(
        Authorization.objects.filter(Q(principal=principal_id) | Q(principal__in=mine), root=root)
        .select_related("principal", "own_role", "resource", "grantor", "approver")
        .order_by("since")
    )
    ids = [one.pk for one in given]
    counts = set(counting(principal_id).filter(pk__in=ids).values_list("pk", flat=True))
    holds = set(with_permission(Authorization.objects.filter(pk__in=ids), permission).values_list("pk", flat=True))
    above = set(resource.path.split("/"))
    decide, near = [], []
    for one in given:
        lacks = [
            *([] if one.pk in counts else [_not_counting(one)]),
            *([] if str(one.resource_id) in above else [Missing.ELSEWHERE]),
            *([] if one.pk in holds else [Missing.PERMISSION]),
        ]
        if not lacks:
            decide.append(_line(one))
        elif len(lacks) == 1:
            near.append(replace(_line(one), missing=lacks[0], ended=_ended(one)))
    own = OwnRole.objects.filter(root=root, permissions__name=permission).order_by("title")
    titles = [gettext(registry.role(name).title) for name in registry.roles_with(permission)]
    roles = (*titles, *own.values_list("title", flat=True))
    return Why(bool(decide), asked, resource, tuple(decide), tuple(near), roles)


def _line(grant: Authorization) -> Line:
    group = grant.principal if grant.principal.kind == Principal.Kind.GROUP else None
    return Line(
        role=grant.role_title,
        resource=grant.resource,
        group=group,
        since=grant.since,
        until=grant.until,
        grantor=grant.grantor,
        approver=grant.approver,
        reason=grant.reason,
    )


def _not_counting(grant: Authorization) -> Missing:
    now = timezone.now()
    if grant.revoked_at is not None:
        return Missing.REVOKED
    if grant.until is not None and grant.until <= now:
        return Missing.ENDED
    return Missing.NOT_BEGUN if grant.since > now else Missing.NO_PROPER_END


def _ended(grant: Authorization) -> datetime | None:
    return grant.revoked_at or grant.until


def _sentence(line: Line, name_of: NameOf) -> str:
    said = gettext("%(role)s on %(place)s") % {"role": line.role, "place": name_of(line.resource)}
    if line.group is not None:
        said += gettext(", through the group %(group)s") % {"group": line.group.name}
    said += gettext(", since %(at)s") % {"at": _moment(line.since)}
    if line.until is not None:
        said += gettext(", until %(at)s") % {"at": _moment(line.until)}
    if line.grantor is not None:
        said += gettext(", given by %(who)s") % {"who": name_of(line.grantor)}
    if line.approver is not None:
        said += gettext(", approved by %(who)s") % {"who": name_of(line.approver)}
    said += f" (“{line.reason}”)."
    return f"{said} {_LACK[line.missing](line)}" if line.missing else said


_LACK: dict[Missing, Callable[[Line], str]] = {
    Missing.NOT_BEGUN: lambda line: gettext("But it has not begun."),
    Missing.ENDED: lambda line: gettext("But it ended on %(at)s.") % {"at": _moment(line.ended)},
    Missing.REVOKED: lambda line: gettext("But it was revoked on %(at)s.") % {"at": _moment(line.ended)},
    Missing.NO_PROPER_END: lambda line: gettext("But to the vendor's staff it counts only with an end within 4 hours."),
    Missing.ELSEWHERE: lambda line: gettext("But what was asked about does not lie below that."),
    Missing.PERMISSION: lambda line: gettext("But this role does not hold the permission."),
}


def _moment(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), gettext("Y-m-d H:i e")) if at else gettext("no day")
