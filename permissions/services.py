"""Writing: principals, resources, grants."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from permissions import registry
from permissions.models import Authorization, Principal, Resource


def create_principal(kind: Principal.Kind) -> Principal:
    return Principal.objects.create(kind=kind)


def create_resource(kind: Resource.Kind, parent: Resource | None = None) -> Resource:
    """A node below `parent`; without one it is the root of a new tree (an organisation)."""
    resource = Resource(kind=kind, parent=parent)
    resource.root_id = parent.root_id_or_own if parent else None
    resource.path = f"{parent.path}/{resource.id}" if parent else str(resource.id)
    resource.save(force_insert=True)
    return resource


def grant(
    principal: Principal,
    role: str,
    resource: Resource,
    *,
    reason: str,
    grantor: Principal | None = None,
    until: datetime | None = None,
) -> Authorization:
    """Give a role; giving it again is answered with the grant that stands. Raises UnknownPermission."""
    registry.role(role)
    with transaction.atomic():
        standing = Authorization.objects.in_force().filter(principal=principal, role=role, resource=resource).first()
        if standing:
            return standing
        # An ended grant still occupies the place of a standing one: close it.
        Authorization.objects.filter(principal=principal, role=role, resource=resource, revoked_at__isnull=True).update(
            revoked_at=timezone.now()
        )
        return Authorization.objects.create(
            principal=principal, role=role, resource=resource, reason=reason, grantor=grantor, until=until
        )


def revoke(authorization: Authorization) -> None:
    """Ends a grant at once; ending it twice keeps the first moment."""
    Authorization.objects.filter(pk=authorization.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
