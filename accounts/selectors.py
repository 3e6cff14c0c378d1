"""Reading one's own connections."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.models import Connection, System
from permissions import policy


def connection_states(actor: Actor) -> dict[str, str]:
    """State of each system of one's own; `disconnected` where nothing was connected yet."""
    own = policy.scope(actor.principal_id, "connection.own", Connection.objects.filter(user=actor.user))
    states: dict[str, str] = {system.value: Connection.State.DISCONNECTED.value for system in System}
    return states | dict(own.values_list("system", "state"))
