"""The one policy. Deny by default.

Two questions, asked by views, API, tasks and admin alike:

    require(principal, permission, resource)     may this principal do this to that?
    scope(principal, permission, queryset)       which of these rows may it do this to?  (inside the query)

A resource of a foreign organisation is answered with NotFound (404), a missing permission with Denied (403). Groups and
an organisation's own roles count like what is given directly and built in. `remembered()` keeps what was found out for
one request or one step of a task. `permissions.why` says which grants decide.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext

from permissions import memory, registry
from permissions.holdings import counting, holdings_of, with_permission
from permissions.memory import remembered
from permissions.models import Principal, Resource
from permissions.why import Why
from permissions.why import explain as _explain

__all__ = ["Denied", "NotFound", "Why", "allows", "named", "remembered", "require", "scope", "somewhere", "why"]

ModelT = TypeVar("ModelT", bound=Model)


class Denied(PermissionDenied):
    """The principal lacks the permission (403)."""


class NotFound(Http404):
    """The resource belongs to another organisation, or to nobody: its existence is not told (404)."""


def allows(principal: Principal | uuid.UUID, permission: str, resource: Resource) -> bool:
    """Whether a grant in force on the resource, or on one above it, holds the permission. One query."""
    principal_id = _id(principal)
    known = memory.current()
    asked = (principal_id, permission, resource.id)
    decided = known.decisions.get(asked) if known is not None else None
    if decided is None:
        registry.permission(permission)
        decided = holdings_of(principal_id).cover(permission, resource)
        if known is not None:
            known.decisions[asked] = decided
    return decided


def require(principal: Principal | uuid.UUID, permission: str, resource: Resource) -> None:
    """Raises NotFound for a foreign organisation's resource, Denied for a missing permission. One query."""
    sentence = gettext(registry.permission(permission).allows)
    held = holdings_of(_id(principal))
    if held.cover(permission, resource):
        return
    if resource.root_id_or_own in held.roots:
        raise Denied(sentence)
    raise NotFound


def somewhere(principal: Principal | uuid.UUID, permission: str, root_id: uuid.UUID) -> bool:
    """Whether the permission is held on anything of an organisation: may they open the page at all? One query."""
    registry.permission(permission)
    return root_id in holdings_of(_id(principal)).organisations.get(permission, ())


def named(
    principal: Principal | uuid.UUID, permission: str, root_id: uuid.UUID, kind: Resource.Kind, names: Collection[str]
) -> frozenset[str]:
    """Which of an organisation's resources, by kind and name, the permission is held on. One query for all of them.

    One that has no resource yet is covered by a grant on the organisation alone.
    """
    registry.permission(permission)
    held = holdings_of(_id(principal))
    if str(root_id) in held.places.get(permission, ()):
        return frozenset(names)
    return held.named.get((permission, root_id, kind.value), frozenset()).intersection(names)


def scope(
    principal: Principal | uuid.UUID, permission: str, queryset: QuerySet[ModelT], *, field: str | None = None
) -> QuerySet[ModelT]:
    """Narrows a queryset to the rows whose resource the principal may act on, within the query itself.

    The model says where its resource is by `RESOURCE_FIELD` (a lookup path to a Resource), or the caller does; and by
    `ROOT_FIELD`, if it likes, a shorter way to the organisation's own resource. Each part of the condition is a look
    into a small set: the places where the permission is held, which the database makes once, or which are remembered.
    """
    model = queryset.model
    root_field = getattr(model, "ROOT_FIELD", None) if field is None else None
    field = field or getattr(model, "RESOURCE_FIELD", None)
    if field is None:
        raise ImproperlyConfigured(f"{model.__name__} names no RESOURCE_FIELD: it cannot be scoped.")
    registry.permission(permission)
    principal_id = _id(principal)
    if memory.current() is None:
        places = with_permission(counting(principal_id), permission).values("resource")
        return queryset.filter(_below_roots(field, root_field, places) | _below_asked(field, places))
    held = holdings_of(principal_id)
    ids = {uuid.UUID(place) for place in held.places.get(permission, ())}
    roots, others = ids & held.roots, ids - held.roots
    covered = _below_roots(field, root_field, roots) if roots or not others else Q()
    return queryset.filter(covered | _below(field, others) if others else covered)


def _below_roots(field: str, root_field: str | None, places: Any) -> Q:
    """What belongs to an organisation on which it is held."""
    if root_field is not None:
        return Q(**{f"{root_field}__in": places})
    return Q(**{f"{field}__root__in": places}) | Q(**{f"{field}__in": places})


def _below(field: str, places: Collection[uuid.UUID]) -> Q:
    """What stands on a place, or below one: as far down as `Resource.LEVELS` go."""
    second = Resource.objects.filter(parent__in=places).values("pk")
    return Q(**{f"{field}__in": places}) | Q(**{f"{field}__parent__in": places}) | Q(**{f"{field}__parent__in": second})


def _below_asked(field: str, places: QuerySet[Any, Any]) -> Q:
    """The same where the database looks for the places: the resources below them, without a join to each row's own.

    What stands below an organisation is `_below_roots`' and would be many.
    """
    first = Resource.objects.filter(parent__in=places, parent__root__isnull=False).values("pk")
    second = Resource.objects.filter(parent__parent__in=places, parent__parent__root__isnull=False).values("pk")
    return Q(**{f"{field}__in": places}) | Q(**{f"{field}__in": first}) | Q(**{f"{field}__in": second})


def why(principal: Principal | uuid.UUID, permission: str, resource: Resource) -> Why:
    """The grants that decide, or else what is missing. Never from memory. Raises UnknownPermission."""
    return _explain(_id(principal), permission, resource)


def _id(principal: Principal | uuid.UUID) -> uuid.UUID:
    return principal.id if isinstance(principal, Principal) else principal
