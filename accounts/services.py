"""Making organisations, users and connections, with the resources and grants that belong to them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from accounts.models import Connection, InternalDomain, MicrosoftTenant, Organisation, System, User
from permissions.models import Principal, Resource
from permissions.services import create_principal, create_resource, grant


@transaction.atomic
def create_organisation(
    name: str, *, tenant_ids: Iterable[str] = (), domains: Iterable[str] = (), provision_users: bool = False
) -> Organisation:
    """An organisation with its provisioned Entra tenants and its internal domains."""
    organisation = Organisation.objects.create(
        name=name, resource=create_resource(Resource.Kind.ORGANISATION), provision_users=provision_users
    )
    for tenant_id in tenant_ids:
        MicrosoftTenant.objects.create(organisation=organisation, tenant_id=tenant_id.lower())
    for domain in domains:
        InternalDomain.objects.create(organisation=organisation, domain=domain.lower())
    return organisation


@transaction.atomic
def create_user(
    organisation: Organisation,
    *,
    email: str,
    name: str = "",
    tenant_id: str = "",
    oid: str = "",
    administrator: bool = False,
    reason: str = "user was made",
) -> User:
    """A user with a mailbox below the organisation, a rep there; an administrator of the organisation too if asked.

    Raises IntegrityError where the address or the Microsoft identity is taken.
    """
    mailbox = create_resource(Resource.Kind.MAILBOX, organisation.resource)
    user = User(
        organisation=organisation,
        email=email.strip(),
        name=name,
        principal=create_principal(Principal.Kind.USER),
        resource=mailbox,
        microsoft_tenant_id=tenant_id.lower(),
        microsoft_oid=oid.lower(),
    )
    user.set_unusable_password()
    user.save(force_insert=True)
    grant(user.principal, "rep", mailbox, reason=reason)
    if administrator:
        grant(user.principal, "administrator", organisation.resource, reason=reason)
    return user


def connection_for(user: User, system: System) -> Connection:
    """The user's connection to a system, made (disconnected) where there is none. Raises ValueError for an operator."""
    found = Connection.objects.filter(user=user, system=system).first()
    if found is not None:
        return found
    if user.organisation is None or user.resource is None:
        raise ValueError("An operator has no connections.")
    try:
        with transaction.atomic():
            return Connection.objects.create(
                organisation=user.organisation,
                user=user,
                system=system,
                resource=create_resource(Resource.Kind.CONNECTION, user.resource),
            )
    except IntegrityError:  # another request of the same user made it first
        return Connection.objects.get(user=user, system=system)
