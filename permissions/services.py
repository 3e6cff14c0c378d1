"""Writing: principals, resources, groups, an organisation's own roles, grants. Whether somebody may, callers ask first.

Whatever is written here is seen by the next question, also within a request that has asked before.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext

from permissions import memory, registry
from permissions.audit.recording import Doer, gathered, record
from permissions.models import Authorization, GroupMembership, OwnRole, OwnRolePermission, Principal, Resource

#: The group that every user of an organisation belongs to from the beginning.
EVERYONE: Final = "Everyone"


class CannotChange(Exception):
    """What was asked for does not fit what stands. The message is for the administrator."""


def create_principal(kind: Principal.Kind, root: Resource | None = None, *, name: str = "") -> Principal:
    """`root`: the organisation's resource; none for the vendor's staff, and for services of no organisation."""
    return Principal.objects.create(kind=kind, root=root, name=name)


@transaction.atomic
def create_resource(kind: Resource.Kind, parent: Resource | None = None, *, name: str = "") -> Resource:
    """A node below `parent`; without one it is the root of a new tree (an organisation). Raises CannotChange."""
    if parent is not None and parent.root_id is not None:
        # It may be on its way to another team: the path is read with the move held off. (A root never moves.)
        parent = Resource.objects.select_for_update(no_key=True).get(pk=parent.pk)
    resource = Resource(kind=kind, parent=parent, name=name)
    resource.root_id = parent.root_id_or_own if parent else None
    resource.path = f"{parent.path}/{resource.id}" if parent else str(resource.id)
    if resource.path.count("/") >= Resource.LEVELS:
        raise CannotChange(gettext("The tree of resources is not that deep."))
    resource.save(force_insert=True)
    return resource


@transaction.atomic
def move_resource(resource: Resource, parent: Resource) -> None:
    """Puts a resource, with all below it, below another one of its organisation. Raises CannotChange."""
    moved, place = _locked(resource.pk), _locked(parent.pk)
    if moved.root_id is None or place.root_id_or_own != moved.root_id:
        raise CannotChange(gettext("A resource stays in its organisation."))
    if moved.path in place.path:
        raise CannotChange(gettext("Nothing can be put below itself."))
    path = f"{place.path}/{moved.pk}"
    below = Resource.objects.filter(root=moved.root_id, path__startswith=f"{moved.path}/")
    deepest = max((one.count("/") for one in below.values_list("path", flat=True)), default=moved.path.count("/"))
    if deepest - moved.path.count("/") + path.count("/") >= Resource.LEVELS:
        raise CannotChange(gettext("The tree of resources is not that deep."))
    below.update(path=Concat(Value(path), Substr("path", len(moved.path) + 1)))
    Resource.objects.filter(pk=moved.pk).update(parent=place, path=path)
    resource.parent, resource.path = place, path
    memory.forget()


def _locked(pk: UUID) -> Resource:
    return Resource.objects.select_for_update(no_key=True).get(pk=pk)


# Groups


@transaction.atomic
def create_group(root: Resource, name: str, *, by: Principal | None = None) -> Principal:
    """Raises CannotChange where the name is taken or empty."""
    name = name.strip()
    if not name:
        raise CannotChange(gettext("A group needs a name."))
    if Principal.objects.filter(kind=Principal.Kind.GROUP, root=root, name__iexact=name).exists():
        raise CannotChange(gettext("There is a group called %(name)s already.") % {"name": name})
    group = create_principal(Principal.Kind.GROUP, root, name=name)
    record("group.made", root=root.pk, by=Doer.of(by), on=("group", group.pk))
    return group


@transaction.atomic
def delete_group(group: Principal, *, by: Principal | None = None) -> None:
    """The group, its memberships and its grants. Raises CannotChange for Everyone."""
    if group.kind != Principal.Kind.GROUP:
        raise CannotChange(gettext("This is no group."))
    if group.name == EVERYONE:
        raise CannotChange(gettext("The group of everyone stays. Revoke what it was given instead."))
    pk = group.pk
    group.delete()
    memory.forget()
    record("group.deleted", root=group.root_id, by=Doer.of(by), on=("group", pk))


@transaction.atomic
def add_to_group(group: Principal, member: Principal, *, by: Principal | None = None) -> GroupMembership:
    """Adding somebody again is answered with the membership that stands. Raises CannotChange."""
    if group.root is None:
        raise CannotChange(gettext("This is no group."))
    membership = GroupMembership(group=group, member=member, root=group.root)
    try:
        membership.clean()
    except ValidationError as error:
        raise CannotChange(" ".join(error.messages)) from None
    standing, made = GroupMembership.objects.get_or_create(group=group, member=member, defaults={"root": group.root})
    memory.forget()
    if made:
        _record_member("group.joined", group, member, by)
    return standing


@transaction.atomic
def remove_from_group(group: Principal, member: Principal, *, by: Principal | None = None) -> None:
    """What the group was given no longer counts for them, at once."""
    gone, _ = GroupMembership.objects.filter(group=group, member=member).delete()
    memory.forget()
    if gone:
        _record_member("group.left", group, member, by)


def _record_member(action: str, group: Principal, member: Principal, by: Principal | None) -> None:
    detail = {"principal": member.pk}
    record(action, root=group.root_id, by=Doer.of(by), on=("group", group.pk), detail=detail)


@gathered()
def everyone_of(root: Resource) -> Principal:
    """The group of everyone; where it is made now, it may file onto records of every type."""
    group = Principal.objects.filter(kind=Principal.Kind.GROUP, root=root, name=EVERYONE).first()
    if group is None:
        group = create_group(root, EVERYONE)
        grant(group, "record_filer", root, reason="by default")
    return group


# Own roles


@transaction.atomic
def clone_role(
    root: Resource, source: str | OwnRole, *, title: str, name: str = "", by: Principal | None = None
) -> OwnRole:
    """A role of the organisation's own that begins as a built-in one or as another of its own.

    `name` is made of the title where none is given. Raises CannotChange, UnknownPermission.
    """
    title = title.strip()
    name = (name or slugify(title).replace("-", "_"))[:32]
    if not title or not name:
        raise CannotChange(gettext("A role needs a title."))
    if isinstance(source, OwnRole):
        if source.root_id != root.pk:
            raise CannotChange(gettext("This role is another organisation's."))
        held, begun = set(source.permissions.values_list("name", flat=True)), source.name
    else:
        held, begun = set(registry.role(source).permissions), source
    built_in = {role.name for role in registry.roles()}
    if name in built_in or OwnRole.objects.filter(root=root, name__iexact=name).exists():
        raise CannotChange(gettext("There is a role called %(name)s already.") % {"name": name})
    _check_for_people(held)
    role = OwnRole.objects.create(root=root, name=name, title=title, cloned_from=begun)
    _hold(role, held)
    record("role.made", root=root.pk, by=Doer.of(by), on=("role", role.pk), detail={"permissions": held})
    return role


@transaction.atomic
def edit_role(
    role: OwnRole,
    *,
    title: str | None = None,
    permissions: Iterable[str] | None = None,
    by: Principal | None = None,
) -> OwnRole:
    """Its title, or all that it holds; it counts at once. Raises CannotChange, UnknownPermission."""
    role = OwnRole.objects.select_for_update().get(pk=role.pk)
    if title is not None:
        if not title.strip():
            raise CannotChange(gettext("A role needs a title."))
        role.title = title.strip()
        role.save(update_fields=["title"])
    added: set[str] = set()
    gone: set[str] = set()
    if permissions is not None:
        wanted, held = set(permissions), set(role.permissions.values_list("name", flat=True))
        _check_for_people(wanted)
        added, gone = wanted - held, held - wanted
        role.permissions.filter(name__in=gone).delete()
        _hold(role, added)
    memory.forget()
    detail = {"added": added, "gone": gone}
    record("role.changed", root=role.root_id, by=Doer.of(by), on=("role", role.pk), detail=detail)
    return role


@transaction.atomic
def delete_role(role: OwnRole, *, by: Principal | None = None) -> None:
    """Raises CannotChange while somebody holds it."""
    OwnRole.objects.select_for_update().get(pk=role.pk)
    if Authorization.objects.in_force().filter(own_role=role).exists():
        raise CannotChange(gettext("Somebody holds this role. Revoke it there first."))
    pk = role.pk
    role.delete()
    memory.forget()
    record("role.deleted", root=role.root_id, by=Doer.of(by), on=("role", pk))


def _check_for_people(names: Iterable[str]) -> None:
    kept_back = sorted(name for name in names if not registry.permission(name).for_people)
    if kept_back:
        raise CannotChange(gettext("Only background work may hold: %(names)s.") % {"names": ", ".join(kept_back)})


def _hold(role: OwnRole, names: Iterable[str]) -> None:
    OwnRolePermission.objects.bulk_create(
        [OwnRolePermission(root_id=role.root_id, own_role=role, name=name) for name in sorted(names)]
    )


# Grants


def grant(
    principal: Principal,
    role: str | OwnRole,
    resource: Resource,
    *,
    reason: str,
    grantor: Principal | None = None,
    approver: Principal | None = None,
    until: datetime | None = None,
) -> Authorization:
    """Give a role; giving it again is answered with the grant that stands.

    Raises CannotChange where this principal cannot hold it there, UnknownPermission.
    """
    _check_grant(principal, role, resource, until)
    given = {"own_role": role} if isinstance(role, OwnRole) else {"role": role, "own_role": None}
    with transaction.atomic():
        same = Authorization.objects.filter(principal=principal, resource=resource, **given)
        standing = same.in_force().first()
        if standing:
            return standing
        # An ended grant still occupies the place of a standing one: close it.
        same.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())
        made = Authorization.objects.create(
            principal=principal,
            resource=resource,
            reason=reason,
            grantor=grantor,
            approver=approver,
            until=until,
            **given,
        )
        _record_grant("grant.given", made, grantor)
    memory.forget()
    return made


def _record_grant(action: str, given: Authorization, by: Principal | None) -> None:
    detail = {
        # An organisation's own role bears a name that people chose.
        "role": given.role if given.own_role_id is None else None,
        "role_id": given.own_role_id,
        "principal": given.principal_id,
        "resource": given.resource_id,
        "until": given.until,
        "approver": given.approver_id,
    }
    record(action, root=given.root_id, by=Doer.of(by), on=("authorization", given.pk), detail=detail)


def _check_grant(principal: Principal, role: str | OwnRole, resource: Resource, until: datetime | None) -> None:
    root = resource.root_id_or_own
    holders = frozenset({"user", "group"}) if isinstance(role, OwnRole) else registry.role(role).holders
    if principal.kind not in holders:
        raise CannotChange(gettext("This role is not for a principal of the kind %(kind)s.") % {"kind": principal.kind})
    if isinstance(role, OwnRole) and role.root_id != root:
        raise CannotChange(gettext("This role is another organisation's."))
    if principal.root_id is not None and principal.root_id != root:
        raise CannotChange(gettext("Nobody is given anything in another organisation."))
    if principal.kind == Principal.Kind.STAFF and (until is None or until > timezone.now() + registry.STAFF_AT_MOST):
        raise CannotChange(gettext("The vendor's staff are given nothing without an end within 4 hours."))


def revoke(authorization: Authorization, *, by: Principal | None = None) -> None:
    """Ends a grant at once; ending it twice keeps the first moment."""
    with transaction.atomic():
        standing = Authorization.objects.filter(pk=authorization.pk, revoked_at__isnull=True)
        if standing.update(revoked_at=timezone.now(), revoked_by=by):
            _record_grant("grant.revoked", authorization, by)
    memory.forget()
