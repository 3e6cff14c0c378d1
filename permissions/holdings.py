"""What a principal holds at this moment: its own grants and those of its groups, with built-in roles and own ones."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import F, Q, QuerySet

from permissions import memory, registry
from permissions.models import Authorization, GroupMembership, OwnRolePermission, Principal, Resource

_MEMBERS: Final = (Principal.Kind.USER, Principal.Kind.SERVICE)


def counting(principal_id: UUID) -> QuerySet[Authorization]:
    """The grants that count for a principal now.

    A grant to the vendor's staff counts only with an end within four hours, and as the one role that is theirs.
    """
    itself = Principal.objects.filter(pk=principal_id).values("pk")
    groups = GroupMembership.objects.filter(member=principal_id, member__kind__in=_MEMBERS).values("group")
    brief = Q(until__lte=F("since") + registry.STAFF_AT_MOST, role=registry.STAFF_ROLE)
    return Authorization.objects.in_force().filter(
        Q(principal=principal_id, principal__kind__in=_MEMBERS)
        | Q(principal=principal_id, principal__kind=Principal.Kind.STAFF) & brief
        | Q(principal__kind=Principal.Kind.GROUP),
        # One set, so that the database looks the few of them up instead of reading every grant.
        principal__in=itself.union(groups, all=True),
    )


def with_permission(grants: QuerySet[Authorization], permission: str) -> QuerySet[Authorization]:
    """Those whose role holds the permission. Raises UnknownPermission."""
    built_in = Q(role__in=registry.roles_with(permission))
    if not registry.permission(permission).for_people:
        return grants.filter(built_in)
    own = OwnRolePermission.objects.filter(name=permission, root=F("own_role__root")).values("own_role")
    return grants.filter(built_in | Q(own_role__in=own, own_role__root=F("root")))


@dataclass(frozen=True, slots=True)
class Holdings:
    """`places`: of each permission the ids of the resources it is held on, as they stand in a path.

    `organisations`: of each permission the organisations in which it is held on anything.
    `named`: of (permission, root, kind) the names of those resources that have one.
    `roots`: the organisations in which anything is held at all.
    """

    places: dict[str, frozenset[str]]
    organisations: dict[str, frozenset[UUID]]
    named: dict[tuple[str, UUID, str], frozenset[str]]
    roots: frozenset[UUID]

    def cover(self, permission: str, resource: Resource) -> bool:
        """Whether the permission is held on the resource or on one above it."""
        places = self.places.get(permission)
        return places is not None and not places.isdisjoint(resource.path.split("/"))


def holdings_of(principal_id: UUID) -> Holdings:
    """One query; none where they are remembered."""
    remembered = memory.current()
    if remembered is None:
        return _read(principal_id)
    held = remembered.holdings.get(principal_id)
    if held is None:
        held = remembered.holdings[principal_id] = _read(principal_id)
    return held


def _read(principal_id: UUID) -> Holdings:
    places: defaultdict[str, set[str]] = defaultdict(set)
    organisations: defaultdict[str, set[UUID]] = defaultdict(set)
    named: defaultdict[tuple[str, UUID, str], set[str]] = defaultdict(set)
    roots = set()
    rows = counting(principal_id).values_list(
        *("root_id", "resource_id", "resource__kind", "resource__name"),
        *("role", "own_role__root", "own_role__permissions__name"),
    )
    for root, resource, kind, name, role, own_root, own in rows:
        roots.add(root)
        for permission in _names(role, own if own_root == root else None):
            places[permission].add(str(resource))
            organisations[permission].add(root)
            if name:
                named[permission, root, kind].add(name)
    return Holdings(
        {permission: frozenset(ids) for permission, ids in places.items()},
        {permission: frozenset(ids) for permission, ids in organisations.items()},
        {key: frozenset(names) for key, names in named.items()},
        frozenset(roots),
    )


def _names(role: str, own: str | None) -> frozenset[str]:
    """The permissions of one row: all of a built-in role, or one of an own role. What is not registered is not held."""
    try:
        if role:
            return registry.role(role).permissions
        return frozenset({own}) if own and registry.permission(own).for_people else frozenset()
    except registry.UnknownPermission:
        return frozenset()
