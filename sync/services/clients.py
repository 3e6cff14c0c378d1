"""From a person to the clients that act as that person.

The token broker of `accounts` opens the secrets; its errors become those of `sync.errors` here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from django.conf import settings
from django.utils import timezone

from accounts.actor import Actor
from accounts.broker import google_tokens, mailbox_id, microsoft_tokens, salesforce_session
from accounts.crypto import SecretUnreadable
from accounts.errors import NeedsReconnect as GrantGone
from accounts.errors import NotConnected, ProviderUnavailable
from accounts.models import Connection, SalesforceOrg, System
from sync.errors import NeedsReconnect, ProviderError, Unavailable
from sync.mail import Attachment, Message
from sync.models import Mailbox
from sync.providers.gmail.client import GmailMailbox
from sync.providers.gmail.quota import QuotaMeter
from sync.providers.graph.client import GraphMailbox
from sync.providers.mailbox import (
    ChangePage,
    FolderPage,
    Known,
    MailboxAdapter,
    MailboxProfile,
    WatchTicket,
)
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.schema import OrgShape, read_shape
from sync.providers.tokens import SalesforceSession, TokenSource
from sync.services import governor
from sync.services.slots import mailbox_slot
from sync.services.units import spend

SHAPE_AGE = timedelta(hours=24)

ResultT = TypeVar("ResultT")

log = structlog.get_logger(__name__)


@contextmanager
def _as_provider_errors() -> Iterator[None]:
    try:
        yield
    except GrantGone as error:
        raise NeedsReconnect(system=error.system) from error
    except ProviderUnavailable as error:
        raise Unavailable(code=error.system) from error
    except SecretUnreadable as error:
        # An operator's mistake (a key taken away too early): the grant itself is good, and nothing is lost by waiting.
        log.error("connection.secret_unreadable")
        raise Unavailable(code="SECRET_UNREADABLE") from error


@contextmanager
def _in_mid_work() -> Iterator[None]:
    """Besides: whoever disconnects while work goes on has to connect again before it is finished."""
    try:
        with _as_provider_errors():
            yield
    except NotConnected as error:
        raise NeedsReconnect(system=error.system) from error


@dataclass(slots=True)
class Brokered:
    """A token source of the broker, speaking the errors of this room."""

    source: TokenSource

    def token(self) -> str:
        with _in_mid_work():
            return self.source.token()

    def renew(self, rejected: str) -> str:
        with _in_mid_work():
            return self.source.renew(rejected)


@dataclass(slots=True)
class BrokeredSalesforce(Brokered):
    """With the address and ids of the session. The address is asked for each time: a renewal may move the org."""

    source: SalesforceSession

    @property
    def instance_url(self) -> str:
        return self.source.instance_url

    @property
    def org_id(self) -> str:
        return self.source.org_id

    @property
    def user_id(self) -> str:
        return self.source.user_id


@dataclass(frozen=True, slots=True)
class Crm:
    """Salesforce as one person: the client, the org and what the org offers."""

    client: SalesforceClient
    org: SalesforceOrg
    shape: OrgShape
    user_id: str
    instance_url: str


def connection_of(actor: Actor, system: System) -> Connection:
    """The actor's own active connection. Raises NotConnected, NeedsReconnect."""
    connection = (
        Connection.objects.filter(organisation=actor.organisation, user=actor.user, system=system)
        .select_related("salesforce_org", "organisation", "user")
        .first()
    )
    if connection is None or connection.state == Connection.State.DISCONNECTED:
        raise NotConnected(system)
    if connection.state == Connection.State.NEEDS_RECONNECT:
        raise NeedsReconnect(system=system)
    return connection


def crm_of(actor: Actor, connection: Connection | None = None) -> Crm:
    """Salesforce as the actor. Reads the org's shape where it is not known yet (a few calls, once a day and org)."""
    connection = connection or connection_of(actor, System.SALESFORCE)
    org = connection.salesforce_org
    if org is None:
        raise NotConnected(System.SALESFORCE)
    with _as_provider_errors():
        session = salesforce_session(connection)
    client = SalesforceClient(
        BrokeredSalesforce(source=session),
        before=lambda: governor.admit(org),
        observe=lambda usage: governor.observe(org, usage),
    )
    return Crm(
        client=client,
        org=org,
        shape=shape_of(org, lambda: read_shape(client)),
        user_id=connection.external_user_id,
        instance_url=connection.instance_url,
    )


def shape_of(org: SalesforceOrg, read: Callable[[], OrgShape]) -> OrgShape:
    """What the org offers, from the row while it is fresh."""
    if org.shape and org.shape_read_at and timezone.now() - org.shape_read_at < SHAPE_AGE:
        return OrgShape(**{**org.shape, "email_fields": tuple(org.shape["email_fields"])})
    shape = read()
    org.shape, org.shape_read_at = asdict(shape), timezone.now()
    org.save(update_fields=["shape", "shape_read_at"])
    return shape


@dataclass(frozen=True, slots=True)
class OpenMailbox:
    """A mailbox as its adapter gives it (`sync.providers.mailbox`); each call holds one of its slots."""

    key: str
    client: MailboxAdapter

    @property
    def provider(self) -> str:
        return self.client.provider

    @property
    def collection_per_folder(self) -> bool:
        return self.client.collection_per_folder

    def profile(self) -> MailboxProfile:
        with mailbox_slot(self.key):
            return self.client.profile()

    def folders(self, cursor: str) -> FolderPage:
        with mailbox_slot(self.key):
            return self.client.folders(cursor)

    def begin(self, folder_id: str, *, since: datetime | None) -> str:
        with mailbox_slot(self.key):
            return self.client.begin(folder_id, since=since)

    def changes(self, folder_id: str, cursor: str, known: Known) -> ChangePage:
        with mailbox_slot(self.key):
            return self.client.changes(folder_id, cursor, known)

    def heads(self, provider_ids: Sequence[str]) -> Mapping[str, Message | ProviderError]:
        with mailbox_slot(self.key):
            return self.client.heads(provider_ids)

    def messages(self, provider_ids: Sequence[str]) -> Mapping[str, Message | ProviderError]:
        with mailbox_slot(self.key):
            return self.client.messages(provider_ids)

    def marked(self, name: str) -> tuple[str, ...]:
        with mailbox_slot(self.key):
            return self.client.marked(name)

    def search(self, words: str, *, limit: int = 100) -> tuple[str, ...]:
        with mailbox_slot(self.key):
            return self.client.search(words, limit=limit)

    def watch(self, *, notification_url: str, secret: str, until: datetime) -> WatchTicket:
        with mailbox_slot(self.key):
            return self.client.watch(notification_url=notification_url, secret=secret, until=until)

    def renew(self, watch_id: str, *, until: datetime) -> WatchTicket:
        with mailbox_slot(self.key):
            return self.client.renew(watch_id, until=until)

    def stop(self, watch_id: str) -> None:
        with mailbox_slot(self.key):
            self.client.stop(watch_id)

    def find_message(self, *, item_id: str = "", internet_message_id: str = "") -> Message:
        with mailbox_slot(self.key):
            return self.client.find_message(item_id=item_id, internet_message_id=internet_message_id)

    @contextmanager
    def open_attachment(self, message: Message, attachment: Attachment) -> Iterator[Iterator[bytes]]:
        with mailbox_slot(self.key), self.client.open_attachment(message, attachment) as blocks:
            yield blocks


GRAPH, GMAIL = "graph", "gmail"
PROVIDERS = {System.MICROSOFT: GRAPH, System.GOOGLE: GMAIL}
_SYSTEMS = {provider: system for system, provider in PROVIDERS.items()}


def provider_of(actor: Actor) -> str:
    """Where the mailbox is that the actor's pane stands beside: the session says it, no request does."""
    return GMAIL if actor.session is not None and actor.session.client == "gmail" else GRAPH


def mailbox_of(actor: Actor, provider: str = GRAPH) -> OpenMailbox:
    """The actor's own mailbox at a provider. Raises NotConnected, NeedsReconnect."""
    return open_connection(connection_of(actor, _SYSTEMS[provider]))


def mailbox_client(mailbox: Mailbox) -> OpenMailbox:
    """A mailbox that is synced. Raises NotConnected, NeedsReconnect."""
    connection = Connection.objects.select_related("organisation", "user").get(pk=mailbox.connection_id)
    if connection.state == Connection.State.DISCONNECTED:
        raise NotConnected(connection.system)
    if connection.state == Connection.State.NEEDS_RECONNECT:
        raise NeedsReconnect(system=connection.system)
    return open_connection(connection)


def open_connection(connection: Connection) -> OpenMailbox:
    """The adapter for a connection to a mailbox, with no call made."""
    key = f"{connection.organisation_id}:{connection.pk}"
    with _as_provider_errors():
        if connection.system == System.GOOGLE:
            tokens = Brokered(source=google_tokens(connection))
            meter = QuotaMeter(settings.GOOGLE_UNITS_PER_MINUTE)
            return OpenMailbox(key, GmailMailbox(tokens, meter=meter, spend=lambda units: spend(key, units)))
        tokens = Brokered(source=microsoft_tokens(connection))
        whose = mailbox_id(connection)
    return OpenMailbox(key, GraphMailbox(tokens, mailbox=whose))
