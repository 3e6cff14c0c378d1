"""The token broker: the one place where a connection's secrets are opened, renewed and stored.

    token() ──► the token of the row                                      no call, no lock
    renew(rejected)
        row lock, re-read ── another token there already ──► that one     somebody else has renewed
              │
              claim the renewal ── claimed by another ──► wait for what comes of it
              │
              ask the provider once, outside any transaction
              │
              row lock, store the new tokens, token_number + 1 ──► use    a rotated token is never used unsaved
              └─ refused ── re-read once ──► needs_reconnect, the tokens kept

The claim is a row's column that one conditional step sets, so that 20 threads in 20 processes ask once; it ends with
the answer, or after `CLAIM_SECONDS` where its process died. Waiting for the provider under the row lock itself would
hold a transaction open for as long, and on SQLite stop every writer: there the lock is the database's.

A renewal refuses to run inside a transaction (RuntimeError): rolled back, it would lose a token that exists once.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import microsoft, salesforce
from accounts.errors import NeedsReconnect, NotConnected, ProviderUnavailable
from accounts.models import Connection, System, User
from accounts.services import connection_for

CLAIM_SECONDS: Final = 90  # longer than the HTTP policy lets an answer take
WAIT_SECONDS: Final = 40
EARLY: Final = timedelta(seconds=60)

log = structlog.get_logger("accounts.broker")


@dataclass(frozen=True, slots=True, repr=False)
class _Fresh:
    access_token: str
    refresh_token: str = ""
    expires_at: datetime | None = None
    token_cache: str = ""
    instance_url: str = ""


class _Refused(Exception):
    """The provider refuses to renew."""


class ConnectionTokens:
    """The tokens of one connection; satisfies the adapters' `TokenSource`. Safe for several threads.

    Raises NotConnected, NeedsReconnect, ProviderUnavailable.
    """

    def __init__(self, connection: Connection) -> None:
        check_usable(connection)
        self._connection = connection
        self._lock = threading.Lock()
        self._token = ""

    def token(self) -> str:
        """An access token that is valid as far as known."""
        with self._lock:
            expires_at = self._connection.access_expires_at
            if expires_at is None or expires_at > timezone.now() + EARLY:
                self._token = self._token or self._connection.access_token.unseal()
                return self._token
            stale = self._connection.access_token.unseal()
        return self.renew(stale)

    def renew(self, rejected: str) -> str:
        """A token other than `rejected`, asked for once however many threads need it."""
        fresh = _renewed(self._connection.pk, rejected)
        with self._lock:
            self._connection = fresh
            self._token = fresh.access_token.unseal()
            return self._token


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
        return self._connection.instance_url

    @property
    def org_id(self) -> str:
        return self._org_id

    @property
    def user_id(self) -> str:
        return self._connection.external_user_id


def salesforce_session(connection: Connection) -> SalesforceTokens:
    """The Salesforce session of a connection, with no call made. Raises NotConnected, NeedsReconnect."""
    return SalesforceTokens(connection)


def microsoft_tokens(connection: Connection) -> ConnectionTokens:
    """The Graph tokens of a connection, with no call made. Raises NotConnected, NeedsReconnect."""
    return ConnectionTokens(connection)


def check_usable(connection: Connection) -> None:
    """Raises NeedsReconnect or NotConnected for a connection that is not active."""
    if connection.state == Connection.State.NEEDS_RECONNECT:
        raise NeedsReconnect(connection.system)
    if connection.state != Connection.State.ACTIVE or not connection.access_token:
        raise NotConnected(connection.system)


def accept_assertion(user: User, identity: microsoft.Identity, assertion: str) -> Connection:
    """The user's mailbox connection after a sign-in: the pane's token is traded for Graph's, in one call.

    Nothing is asked while the tokens at hand are good for five minutes more. A refusal is written to the connection,
    a provider that does not answer changes nothing: signing in does not fail for either.
    """
    connection = connection_for(user, System.MICROSOFT)
    soon = timezone.now() + timedelta(minutes=5)
    if connection.state == Connection.State.ACTIVE and (connection.access_expires_at or soon) > soon:
        return connection
    try:
        tokens = microsoft.on_behalf_of(identity, assertion)
    except microsoft.GrantRefused:
        if connection.state != Connection.State.ACTIVE:
            Connection.objects.filter(pk=connection.pk).exclude(state=Connection.State.ACTIVE).update(
                state=Connection.State.NEEDS_RECONNECT
            )
        log.warning("on_behalf_of.refused", connection=str(connection.pk))
        return Connection.objects.get(pk=connection.pk)
    except ProviderUnavailable:
        log.warning("on_behalf_of.unavailable", connection=str(connection.pk))
        return connection
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        row.external_user_id = identity.oid
        row.external_username = identity.username[:255]
        row.state = Connection.State.ACTIVE
        row.connected_at = row.connected_at or timezone.now()
        _store(row, _Fresh(tokens.access_token, expires_at=tokens.expires_at, token_cache=tokens.cache), "connected_at")
    return row


def activate_salesforce(connection: Connection, grant: salesforce.Grant, person: salesforce.Person) -> None:
    """Stores a confirmed grant. `connection` is locked by the caller's transaction, its org already set."""
    connection.external_user_id = person.user_id
    connection.external_username = person.username
    connection.state = Connection.State.ACTIVE
    connection.connected_at = timezone.now()
    fresh = _Fresh(grant.access_token, grant.refresh_token, instance_url=grant.instance_url)
    _store(connection, fresh, "connected_at", "salesforce_org")


def forget(connection: Connection) -> str:
    """Disconnects: forgets the tokens at once and answers with the one that ends the grant upstream, or nothing."""
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        ending = row.refresh_token.unseal() or row.access_token.unseal()
        row.state = Connection.State.DISCONNECTED
        row.access_token = row.refresh_token = row.token_cache = ""
        row.access_expires_at = row.renewal_claim = row.renewal_until = None
        row.token_number += 1
        row.save(update_fields=["state", *_TOKEN_FIELDS])
    return ending


_TOKEN_FIELDS: Final = (
    "access_token",
    "refresh_token",
    "token_cache",
    "access_expires_at",
    "token_number",
    "renewal_claim",
    "renewal_until",
)


def _renewed(connection_id: uuid.UUID, rejected: str) -> Connection:
    waited_for: uuid.UUID | None = None
    while True:
        row, mine, others = _claim(connection_id, rejected, waited_for)
        if mine is not None:
            return _ask_and_store(row, mine)
        if others is None:
            return row
        waited_for = others
        _wait_for(row, others)


def _claim(
    connection_id: uuid.UUID, rejected: str, waited_for: uuid.UUID | None
) -> tuple[Connection, uuid.UUID | None, uuid.UUID | None]:
    """(row, our claim, another's claim); with neither, the row holds another token than the rejected one."""
    with transaction.atomic(durable=True):
        row = Connection.objects.select_for_update().get(pk=connection_id)
        check_usable(row)
        if row.access_token.unseal() != rejected:
            return row, None, None
        now = timezone.now()
        if row.renewal_claim is not None and row.renewal_until is not None and row.renewal_until > now:
            return row, None, row.renewal_claim
        if waited_for is not None and row.renewal_claim is None:
            raise ProviderUnavailable(row.system)  # whom we waited for got no answer: ours would be no better
        row.renewal_claim = uuid.uuid4()
        row.renewal_until = now + timedelta(seconds=CLAIM_SECONDS)
        row.save(update_fields=["renewal_claim", "renewal_until"])
        return row, row.renewal_claim, None


def _wait_for(row: Connection, claim: uuid.UUID) -> None:
    """Returns when the claim has ended, by an answer or by its time. Raises ProviderUnavailable after WAIT_SECONDS."""
    pause = 0.02
    patience = time.monotonic() + WAIT_SECONDS
    while Connection.objects.filter(pk=row.pk, renewal_claim=claim, renewal_until__gt=timezone.now()).exists():
        if time.monotonic() > patience:
            raise ProviderUnavailable(row.system)
        time.sleep(pause * random.uniform(0.5, 1.5))
        pause = min(pause * 1.5, 0.25)


def _ask_and_store(row: Connection, claim: uuid.UUID) -> Connection:
    try:
        fresh = _ASK[System(row.system)](row)
    except _Refused:
        return _give_up(row, claim)
    except BaseException:
        _mine(row, claim).update(renewal_claim=None, renewal_until=None)
        raise
    with transaction.atomic(durable=True):
        current = Connection.objects.select_for_update().get(pk=row.pk)
        check_usable(current)  # disconnected meanwhile: what was renewed hangs on a grant that has been ended
        if current.token_number == row.token_number:
            _store(current, fresh)
    log.info("tokens.renewed", connection=str(row.pk), system=row.system)
    return current


def _give_up(row: Connection, claim: uuid.UUID) -> Connection:
    with transaction.atomic(durable=True):
        current = Connection.objects.select_for_update().get(pk=row.pk)
        if current.token_number != row.token_number:
            check_usable(current)
            return current
        current.state = Connection.State.NEEDS_RECONNECT
        current.renewal_claim = current.renewal_until = None
        current.save(update_fields=["state", "renewal_claim", "renewal_until"])
    log.warning("tokens.refused", connection=str(row.pk), system=row.system)
    raise NeedsReconnect(row.system)


def _store(row: Connection, fresh: _Fresh, *also: str) -> None:
    """Puts tokens on a locked row."""
    row.access_token = fresh.access_token
    row.access_expires_at = fresh.expires_at
    if fresh.refresh_token:
        row.refresh_token = fresh.refresh_token
    if fresh.token_cache:
        row.token_cache = fresh.token_cache
    if fresh.instance_url:
        row.instance_url = fresh.instance_url
    row.token_number += 1
    row.renewal_claim = row.renewal_until = None
    row.save(update_fields=[*_TOKEN_FIELDS, "instance_url", "state", "external_user_id", "external_username", *also])


def _mine(row: Connection, claim: uuid.UUID) -> QuerySet[Connection]:
    return Connection.objects.filter(pk=row.pk, renewal_claim=claim)


def _ask_salesforce(row: Connection) -> _Fresh:
    refresh_token = row.refresh_token.unseal()
    if not refresh_token:
        raise _Refused
    try:
        grant = salesforce.refresh(refresh_token)
    except (salesforce.GrantRefused, salesforce.AnswerRefused) as error:
        raise _Refused from error
    if grant.user_id != row.external_user_id:
        raise _Refused
    return _Fresh(grant.access_token, grant.refresh_token, instance_url=grant.instance_url)


def _ask_microsoft(row: Connection) -> _Fresh:
    try:
        tokens = microsoft.renew(row.user.microsoft_tenant_id, row.token_cache.unseal())
    except microsoft.GrantRefused as error:
        raise _Refused from error
    return _Fresh(tokens.access_token, expires_at=tokens.expires_at, token_cache=tokens.cache)


_ASK: Final[dict[System, Callable[[Connection], _Fresh]]] = {
    System.SALESFORCE: _ask_salesforce,
    System.MICROSOFT: _ask_microsoft,
}
