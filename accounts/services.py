"""Making organisations, users and connections, with the resources and grants that belong to them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.history.recording import recorded
from accounts.models import (
    Connection,
    GoogleDomain,
    InternalDomain,
    MicrosoftTenant,
    Organisation,
    ProvisionedMailbox,
    System,
    User,
)
from permissions.audit.recording import PRODUCT, Doer, gathered, record
from permissions.models import Principal, Resource
from permissions.services import add_to_group, create_principal, create_resource, everyone_of, grant


class CannotProvision(Exception):
    """The mailbox cannot be put on the allow-list. The message is for the administrator."""


def create_organisation(
    name: str,
    *,
    tenant_ids: Iterable[str] = (),
    domains: Iterable[str] = (),
    google_domains: Iterable[str] = (),
    provision_users: bool = False,
    by: Doer = PRODUCT,
) -> Organisation:
    """An organisation with its Entra tenants, its Google and internal domains and the group of everyone.

    What it begins with is where the history of its configuration begins.
    """
    with recorded(by):
        root = create_resource(Resource.Kind.ORGANISATION)
        organisation = Organisation.objects.create(
            id=root.id, name=name, resource=root, provision_users=provision_users
        )
        record("organisation.made", root=organisation.resource_id, by=by, on=("organisation", organisation.pk))
        for tenant_id in tenant_ids:
            MicrosoftTenant.objects.create(organisation=organisation, tenant_id=tenant_id.lower())
        for domain in google_domains:
            GoogleDomain.objects.create(organisation=organisation, domain=domain.lower())
        for domain in domains:
            InternalDomain.objects.create(organisation=organisation, domain=domain.lower())
        everyone_of(organisation.resource)
    return organisation


@gathered()
def create_user(
    organisation: Organisation,
    *,
    email: str,
    name: str = "",
    tenant_id: str = "",
    oid: str = "",
    google_sub: str = "",
    administrator: bool = False,
    reason: str = "user was made",
    by: Doer = PRODUCT,
) -> User:
    """A user with a mailbox below the organisation, a rep there; an administrator of the organisation too if asked.

    Raises IntegrityError where the address, the Microsoft or the Google identity is taken.
    """
    mailbox = create_resource(Resource.Kind.MAILBOX, organisation.resource)
    user = User(
        organisation=organisation,
        email=email.strip(),
        name=name,
        principal=create_principal(Principal.Kind.USER, organisation.resource),
        resource=mailbox,
        microsoft_tenant_id=tenant_id.lower(),
        microsoft_oid=oid.lower(),
        google_sub=google_sub,
    )
    user.set_unusable_password()
    user.save(force_insert=True)
    record("user.made", root=organisation.resource_id, by=by, on=("user", user.pk))
    grant(user.principal, "rep", mailbox, reason=reason)
    add_to_group(everyone_of(organisation.resource), user.principal)
    if administrator:
        grant(user.principal, "administrator", organisation.resource, reason=reason)
    return user


def connection_for(user: User, system: System) -> Connection:
    """The user's connection to a system, made (disconnected) where there is none. Raises ValueError for an operator."""
    found = Connection.objects.filter(user=user, system=system).first()
    if found is not None:
        return found
    if user.organisation is None or user.resource is None:
        raise ValueError(gettext("An operator has no connections."))
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


@transaction.atomic
def provision_mailbox(
    user: User, system: System, *, external_id: str = "", address: str = "", by: Doer = PRODUCT
) -> Connection:
    """Puts a user's mailbox on the allow-list of the organisation's own grant; from here on that is what reads it.

    `external_id` is the provider's id of the user, by default the one they sign in with. Tokens that the person gave
    are forgotten. Raises CannotProvision.
    """
    external_id, address = (external_id or user.microsoft_oid).lower(), address or user.email
    if system != System.MICROSOFT:
        raise CannotProvision(f"{system.label} has no grant for a whole organisation.")
    if not external_id:
        raise CannotProvision(gettext("Which mailbox it is, is not known: the user has no Microsoft identity."))
    taken = ProvisionedMailbox.objects.filter(organisation=user.organisation_id, system=system, external_id=external_id)
    if taken.exclude(user=user).exists():
        raise CannotProvision(gettext("This mailbox is provisioned for another user."))
    connection = Connection.objects.select_for_update().get(pk=connection_for(user, system).pk)
    ProvisionedMailbox.objects.update_or_create(
        user=user,
        system=system,
        defaults={"organisation": connection.organisation, "external_id": external_id, "address": address},
    )
    if connection.kind != Connection.Kind.SERVICE or connection.state != Connection.State.ACTIVE:
        connection.connected_at = timezone.now()
    connection.kind, connection.state = Connection.Kind.SERVICE, Connection.State.ACTIVE
    connection.external_user_id, connection.external_username = external_id, address
    _drop_tokens(connection)
    _record_mailbox("mailbox.provisioned", user, system, by)
    return connection


def _record_mailbox(action: str, user: User, system: System, by: Doer) -> None:
    root = None if user.organisation is None else user.organisation.resource_id
    record(action, root=root, by=by, on=("mailbox", user.resource_id or ""), detail={"system": system, "user": user.pk})


@transaction.atomic
def withdraw_mailbox(user: User, system: System, *, by: Doer = PRODUCT) -> None:
    """Takes a mailbox off the allow-list: from the next call on it is refused."""
    gone, _ = ProvisionedMailbox.objects.filter(user=user, system=system).delete()
    service = Connection.objects.select_for_update().filter(user=user, system=system, kind=Connection.Kind.SERVICE)
    for connection in service:
        connection.state = Connection.State.DISCONNECTED
        _drop_tokens(connection)
    if gone:
        _record_mailbox("mailbox.withdrawn", user, system, by)


def _drop_tokens(connection: Connection) -> None:
    connection.access_token = connection.refresh_token = connection.token_cache = ""
    connection.access_expires_at = connection.renewal_claim = connection.renewal_until = None
    connection.token_number += 1
    connection.save()
