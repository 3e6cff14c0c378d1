"""Reading connections and what an organisation says of addresses."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.broker import check_usable
from accounts.errors import NotConnected
from accounts.models import Connection, System
from permissions import policy


def connection_states(actor: Actor) -> dict[str, str]:
    """State of each system of one's own; `disconnected` where nothing was connected yet."""
    own = policy.scope(actor.principal_id, "connection.own", Connection.objects.filter(user=actor.user))
    states: dict[str, str] = {system.value: Connection.State.DISCONNECTED.value for system in System}
    return states | dict(own.values_list("system", "state"))


def usable_connection(actor: Actor, system: str) -> Connection:
    """The actor's own connection with its Salesforce org, in one query. Raises NotConnected, NeedsReconnect."""
    connection = (
        Connection.objects.select_related("salesforce_org", "resource")
        .filter(user=actor.user, organisation=actor.organisation, system=system)
        .first()
    )
    if connection is None:
        raise NotConnected(system)
    check_usable(connection)
    return connection
