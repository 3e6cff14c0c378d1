"""From a person to the clients that act as that person.

The token broker of `accounts` opens the secrets; its errors become those of `sync.errors` here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TypeVar

import structlog
from django.utils import timezone

from accounts.actor import Actor
from accounts.broker import microsoft_tokens, salesforce_session
from accounts.crypto import SecretUnreadable
from accounts.errors import NeedsReconnect as GrantGone
from accounts.errors import NotConnected, ProviderUnavailable
from accounts.models import Connection, SalesforceOrg, System
from sync.errors import NeedsReconnect, Unavailable
from sync.mail import Attachment, Message
from sync.providers.graph.client import GraphMailbox
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.schema import OrgShape, read_shape
from sync.providers.tokens import SalesforceSession, TokenSource
from sync.services.slots import mailbox_slot

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
    client = SalesforceClient(BrokeredSalesforce(source=session))
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
class Mailbox:
    """A person's own mailbox: each call holds one of its slots."""

    key: str
    client: GraphMailbox

    def find_message(self, *, item_id: str = "", internet_message_id: str = "") -> Message:
        with mailbox_slot(self.key):
            return self.client.find_message(item_id=item_id, internet_message_id=internet_message_id)

    @contextmanager
    def open_attachment(self, message: Message, attachment: Attachment) -> Iterator[Iterator[bytes]]:
        with mailbox_slot(self.key), self.client.open_attachment(message, attachment) as blocks:
            yield blocks


def mailbox_of(actor: Actor) -> Mailbox:
    """The actor's own mailbox. Raises NotConnected, NeedsReconnect."""
    connection = connection_of(actor, System.MICROSOFT)
    with _as_provider_errors():
        tokens = microsoft_tokens(connection)
    return Mailbox(str(connection.pk), GraphMailbox(Brokered(source=tokens)))
