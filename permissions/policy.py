"""The one policy. Deny by default.

Two questions, asked by views, API, tasks and admin alike:

    require(principal, permission, resource)     may this principal do this to that?
    scope(principal, permission, queryset)       which of these rows may it do this to?  (inside the query)

A resource of a foreign organisation is answered with NotFound (404), a missing permission with Denied (403).
"""

from __future__ import annotations

import uuid
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat, StrIndex
from django.http import Http404

from permissions import registry
from permissions.models import Authorization, Principal, Resource

ModelT = TypeVar("ModelT", bound=Model)


class Denied(PermissionDenied):
    """The principal lacks the permission (403)."""


class NotFound(Http404):
    """The resource belongs to another organisation, or to nobody: its existence is not told (404)."""


def allows(principal: Principal | uuid.UUID, permission: str, resource: Resource) -> bool:
    """Whether a grant in force on the resource, or on one above it, holds the permission. One query."""
    above = [uuid.UUID(part) for part in resource.path.split("/")]
    return (
        Authorization.objects.in_force()
        .filter(principal=_id(principal), role__in=registry.roles_with(permission), resource__in=above)
        .exists()
    )


def require(principal: Principal | uuid.UUID, permission: str, resource: Resource) -> None:
    """Raises NotFound for a foreign organisation's resource, Denied for a missing permission. One query."""
    held = registry.roles_with(permission)
    above = {uuid.UUID(part) for part in resource.path.split("/")}
    root = resource.root_id_or_own
    grants = (
        Authorization.objects.in_force()
        .filter(Q(resource=root) | Q(resource__root=root), principal=_id(principal))
        .values_list("role", "resource_id")
    )
    known = False
    for role, resource_id in grants:
        known = True
        if role in held and resource_id in above:
            return
    if known:
        raise Denied(registry.permission(permission).allows)
    raise NotFound


def scope(principal: Principal | uuid.UUID, permission: str, queryset: QuerySet[ModelT]) -> QuerySet[ModelT]:
    """Narrows a queryset to the rows whose resource the principal may act on, within the query itself.

    The model says where its resource is by `RESOURCE_FIELD` (a lookup path to a Resource).
    """
    field = getattr(queryset.model, "RESOURCE_FIELD", None)
    if field is None:
        raise ImproperlyConfigured(f"{queryset.model.__name__} names no RESOURCE_FIELD: it cannot be scoped.")
    covering = Authorization.objects.in_force().filter(
        principal=_id(principal), role__in=registry.roles_with(permission)
    )
    own_path = OuterRef(f"{field}__path")
    at_or_above = covering.annotate(
        place=StrIndex(Concat(own_path, Value("/")), Concat(F("resource__path"), Value("/")))
    ).filter(place=1)
    return queryset.filter(Exists(at_or_above))


def _id(principal: Principal | uuid.UUID) -> uuid.UUID:
    return principal.id if isinstance(principal, Principal) else principal
