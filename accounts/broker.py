"""The token broker: the one place where the secrets of connections and credentials are opened, renewed and stored.

a person's connection ──► salesforce_session, google_tokens, microsoft_tokens ──► their own tokens
a provisioned mailbox ──► microsoft_tokens ──► on the allow-list? ──► the organisation's credential
an organisation       ──► integration_session ──► its integration user in Salesforce, where there is one

token() ──► the token of the row: no call, no lock          renew(rejected) ──► `accounts.renewals`: one call for all
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from accounts import google, microsoft, salesforce
from accounts.errors import NotConnected, NotProvisioned, ProviderUnavailable
from accounts.models import Connection, Organisation, ProvisionedMailbox, ServiceCredential, System, User
from accounts.renewals import TOKEN_FIELDS, Fresh, Refused, RowT, check_usable, renewed, store
from accounts.services import connection_for
from permissions.audit.recording import PRODUCT, Doer, record

EARLY: Final = timedelta(seconds=60)

log = structlog.get_logger("accounts.broker")


class _RowTokens(Generic[RowT]):
    """The tokens of one row; satisfies the adapters' `TokenSource`. Safe for several threads.

    Raises NotConnected, NeedsReconnect, ProviderUnavailable.
    """

    def __init__(self, row: RowT, ask: Callable[[RowT], Fresh]) -> None:
        check_usable(row)
        self._row: RowT = row
        self._ask: Callable[[RowT], Fresh] = ask
        self._lock = threading.Lock()
        self._token = ""

    def token(self) -> str:
        """An access token that is valid as far as known."""
        with self._lock:
            expires_at = self._row.access_expires_at
            if self._row.access_token and (expires_at is None or expires_at > timezone.now() + EARLY):
                self._token = self._token or self._row.access_token.unseal()
                return self._token
            stale = self._row.access_token.unseal()
        return self.renew(stale)

    def renew(self, rejected: str) -> str:
        """A token other than `rejected`, asked for once however many threads need it."""
        fresh = renewed(self._row, rejected, self._ask)
        with self._lock:
            self._row = fresh
            self._token = fresh.access_token.unseal()
            return self._token


class ConnectionTokens(_RowTokens[Connection]):
    """The tokens of a person's connection."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, _ASK[System(connection.system)])


class SalesforceTokens(ConnectionTokens):
    """With the address and ids of the session; satisfies the adapters' `SalesforceSession`."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        org = connection.salesforce_org
        if org is None:
            raise NotConnected(connection.system)
        self._org_id = org.org_id

    @property
    def instance_url(self) -> str:
        return self._row.instance_url

    @property
    def org_id(self) -> str:
        return self._org_id

    @property
    def user_id(self) -> str:
        return self._row.external_user_id


class ServiceTokens(_RowTokens[ServiceCredential]):
    """The tokens of an organisation's own grant, shared by all of its mailboxes."""

    def __init__(self, credential: ServiceCredential) -> None:
        super().__init__(credential, _ASK_SERVICE[ServiceCredential.Kind(credential.kind)])


class IntegrationTokens(ServiceTokens):
    """The session of an organisation's integration user; satisfies the adapters' `SalesforceSession`."""

    def __init__(self, credential: ServiceCredential) -> None:
        super().__init__(credential)
        org = credential.salesforce_org
        if org is None:
            raise NotConnected(credential.system)
        self._org_id = org.org_id

    @property
    def instance_url(self) -> str:
        return self._row.instance_url

    @property
    def org_id(self) -> str:
        return self._org_id

    @property
    def user_id(self) -> str:
        return self._row.external_user_id


class ProvisionedTokens(ServiceTokens):
    """The organisation's tokens for one mailbox, which has to be on the allow-list at each renewal too."""

    def __init__(self, connection: Connection, credential: ServiceCredential) -> None:
        provisioned_mailbox(connection)
        super().__init__(credential)
        self._connection = connection

    def renew(self, rejected: str) -> str:
        provisioned_mailbox(self._connection)
        return super().renew(rejected)


def salesforce_session(connection: Connection) -> SalesforceTokens:
    """The Salesforce session of a connection, with no call made. Raises NotConnected, NeedsReconnect."""
    return SalesforceTokens(connection)


def google_tokens(connection: Connection) -> ConnectionTokens:
    """The Gmail tokens of a connection, with no call made. Raises NotConnected, NeedsReconnect."""
    return ConnectionTokens(connection)


def microsoft_tokens(connection: Connection) -> ConnectionTokens | ServiceTokens:
    """The Graph tokens of a connection, with no call made. Those of a service connection reach any mailbox of the
    tenant: the adapter is given `mailbox_id(connection)` and asks for no other.

    Raises NotConnected, NotProvisioned, NeedsReconnect.
    """
    if connection.kind != Connection.Kind.SERVICE:
        return ConnectionTokens(connection)
    if connection.state != Connection.State.ACTIVE:
        raise NotConnected(connection.system)
    credential = _credential(connection.organisation_id, ServiceCredential.Kind.MICROSOFT_CERTIFICATE)
    if credential is None:
        raise NotConnected(connection.system)
    return ProvisionedTokens(connection, credential)


def mailbox_id(connection: Connection) -> str:
    """How the adapter names the mailbox: "me" for the person's own token, the provider's id of the user for a service
    connection. Raises NotProvisioned."""
    if connection.kind != Connection.Kind.SERVICE:
        return "me"
    return provisioned_mailbox(connection).external_id


def provisioned_mailbox(connection: Connection) -> ProvisionedMailbox:
    """The allow-list's row of a service connection. Raises NotProvisioned."""
    row = ProvisionedMailbox.objects.filter(
        organisation=connection.organisation_id,
        user=connection.user_id,
        system=connection.system,
        external_id=connection.external_user_id,
    ).first()
    if row is None or not row.external_id:
        log.warning("mailbox.not_provisioned", connection=str(connection.pk))
        raise NotProvisioned(connection.system)
    return row


def service_tokens(credential: ServiceCredential) -> ServiceTokens:
    """The tokens of an organisation's grant, with no call made. Raises NotConnected, NeedsReconnect."""
    return ServiceTokens(credential)


def integration_session(organisation: Organisation) -> IntegrationTokens | None:
    """Salesforce as the organisation's integration user, None where there is none. Raises NeedsReconnect."""
    credential = _credential(organisation.pk, ServiceCredential.Kind.SALESFORCE_JWT)
    return IntegrationTokens(credential) if credential is not None else None


def accept_assertion(user: User, identity: microsoft.Identity, assertion: str) -> Connection:
    """The user's mailbox connection after a sign-in: the pane's token is traded for Graph's, in one call.

    Nothing is asked while the tokens at hand are good for five minutes more, nor where an administrator provisioned the
    mailbox. A refusal is written to the connection, a provider that does not answer changes nothing: signing in does
    not fail for either.
    """
    connection = connection_for(user, System.MICROSOFT)
    soon = timezone.now() + timedelta(minutes=5)
    if connection.state == Connection.State.ACTIVE and (
        connection.kind == Connection.Kind.SERVICE or (connection.access_expires_at or soon) > soon
    ):
        return connection
    try:
        tokens = microsoft.on_behalf_of(identity, assertion)
    except microsoft.GrantRefused:
        _not_accepted(connection, user)
        log.warning("on_behalf_of.refused", connection=str(connection.pk))
        return Connection.objects.get(pk=connection.pk)
    except ProviderUnavailable:
        log.warning("on_behalf_of.unavailable", connection=str(connection.pk))
        return connection
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        row.connected_at = row.connected_at or timezone.now()
        stood = row.state == Connection.State.ACTIVE
        _activate(row, identity.oid, identity.username, _graph(tokens))
        if not stood:
            _record_own("connection.connected", row, user)
    return row


@transaction.atomic
def _not_accepted(connection: Connection, user: User) -> None:
    ended = [Connection.State.ACTIVE, Connection.State.NEEDS_RECONNECT]
    rows = Connection.objects.filter(pk=connection.pk).exclude(state__in=ended)
    if rows.update(state=Connection.State.NEEDS_RECONNECT):
        _record_own("connection.refused", connection, user, reason="grant")


def _record_own(action: str, connection: Connection, user: User, **detail: str) -> None:
    said = {"system": connection.system, "user": user.pk, **detail}
    root, by = connection.organisation.resource_id, Doer.user(user.principal_id)
    record(action, root=root, by=by, on=("connection", connection.pk), detail=said)


@dataclass(frozen=True, slots=True, repr=False)
class Confirmed:
    """What the dialog brought home, confirmed by the person."""

    access_token: str
    refresh_token: str
    expires_at: datetime | None
    instance_url: str
    granted_scopes: str
    user_id: str
    username: str


def activate(connection: Connection, grant: Confirmed) -> None:
    """Stores a confirmed grant. `connection` is locked by the caller's transaction, its org already set."""
    connection.connected_at = timezone.now()
    also = {
        "refresh_token": grant.refresh_token,
        "instance_url": grant.instance_url,
        "granted_scopes": grant.granted_scopes,
    }
    _activate(connection, grant.user_id, grant.username, Fresh(grant.access_token, grant.expires_at, also))


def forget(connection: Connection, *, by: Doer = PRODUCT) -> str:
    """Disconnects: forgets the tokens at once and answers with the one that ends the grant upstream, or nothing."""
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        stood = row.state != Connection.State.DISCONNECTED
        ending = row.refresh_token.unseal() or row.access_token.unseal()
        row.state = Connection.State.DISCONNECTED
        row.access_token = row.refresh_token = row.token_cache = ""
        row.granted_scopes = ""
        row.access_expires_at = row.renewal_claim = row.renewal_until = None
        row.token_number += 1
        row.save(update_fields=["state", "refresh_token", "token_cache", "granted_scopes", *TOKEN_FIELDS])
        if stood:
            detail = {"system": row.system, "user": row.user_id}
            root = row.organisation.resource_id
            record("connection.disconnected", root=root, by=by, on=("connection", row.pk), detail=detail)
    return ending


def _activate(row: Connection, user_id: str, username: str, fresh: Fresh) -> None:
    row.kind = Connection.Kind.DELEGATED
    row.state = Connection.State.ACTIVE
    row.external_user_id = user_id
    row.external_username = username[:255]
    store(row, fresh, "kind", "state", "external_user_id", "external_username", "connected_at", "salesforce_org")


def _credential(organisation_id: UUID, kind: ServiceCredential.Kind) -> ServiceCredential | None:
    rows = ServiceCredential.objects.select_related("salesforce_org")
    return rows.filter(organisation=organisation_id, kind=kind).first()


def _graph(tokens: microsoft.GraphTokens) -> Fresh:
    return Fresh(tokens.access_token, tokens.expires_at, {"token_cache": tokens.cache})


def _ask_salesforce(row: Connection) -> Fresh:
    refresh_token = row.refresh_token.unseal()
    if not refresh_token:
        raise Refused
    try:
        grant = salesforce.refresh(refresh_token)
    except (salesforce.GrantRefused, salesforce.AnswerRefused) as error:
        raise Refused from error
    if grant.user_id != row.external_user_id:
        raise Refused
    return Fresh(grant.access_token, also={"refresh_token": grant.refresh_token, "instance_url": grant.instance_url})


def _ask_microsoft(row: Connection) -> Fresh:
    try:
        return _graph(microsoft.renew(row.user.microsoft_tenant_id, row.token_cache.unseal()))
    except microsoft.GrantRefused as error:
        raise Refused from error


def _ask_google(row: Connection) -> Fresh:
    """Google's refresh tokens stay in use; one that comes along all the same is kept."""
    refresh_token = row.refresh_token.unseal()
    if not refresh_token:
        raise Refused
    try:
        grant = google.refresh(refresh_token)
    except (google.GrantRefused, google.AnswerRefused) as error:
        raise Refused from error
    if grant.scopes is not None and not google.reads_mail(grant.scopes):
        Connection.objects.filter(pk=row.pk).update(granted_scopes=" ".join(grant.scopes))
        log.warning("google.scope_taken_back", connection=str(row.pk))
        raise Refused
    also = {"refresh_token": grant.refresh_token, "granted_scopes": " ".join(grant.scopes or ())}
    return Fresh(grant.access_token, grant.expires_at, also)


def _ask_microsoft_service(row: ServiceCredential) -> Fresh:
    secret = json.loads(row.secret.unseal())
    certificate = microsoft.Certificate(secret["private_key"], secret["certificate"])
    try:
        tokens = microsoft.app_only(row.subject, row.client_id, certificate)
    except microsoft.GrantRefused as error:
        raise Refused from error
    return Fresh(tokens.access_token, tokens.expires_at)


def _ask_salesforce_service(row: ServiceCredential) -> Fresh:
    try:
        grant = salesforce.by_assertion(json.loads(row.secret.unseal())["private_key"], row.client_id, row.subject)
    except (salesforce.GrantRefused, salesforce.AnswerRefused) as error:
        raise Refused from error
    if row.salesforce_org is None or (grant.org_id, grant.user_id) != (row.salesforce_org.org_id, row.external_user_id):
        raise Refused
    return Fresh(grant.access_token, also={"instance_url": grant.instance_url})


_ASK: Final[dict[System, Callable[[Connection], Fresh]]] = {
    System.SALESFORCE: _ask_salesforce,
    System.MICROSOFT: _ask_microsoft,
    System.GOOGLE: _ask_google,
}

_ASK_SERVICE: Final[dict[ServiceCredential.Kind, Callable[[ServiceCredential], Fresh]]] = {
    ServiceCredential.Kind.MICROSOFT_CERTIFICATE: _ask_microsoft_service,
    ServiceCredential.Kind.SALESFORCE_JWT: _ask_salesforce_service,
}
