"""What can be wrong with a connection. The sync room maps these to its own provider errors."""

from __future__ import annotations


class ConnectionTrouble(Exception):
    """`system` is `salesforce`, `microsoft` or `google`."""

    def __init__(self, system: str) -> None:
        super().__init__(system)
        self.system = system


class NotConnected(ConnectionTrouble):
    """The user has not connected that system, or has disconnected it."""


class NotProvisioned(NotConnected):
    """A mailbox that no administrator put on the allow-list of the organisation's own grant."""


class NeedsReconnect(ConnectionTrouble):
    """The grant is gone upstream (revoked, expired, password changed): only the person can give it again."""


class ProviderUnavailable(ConnectionTrouble):
    """No usable answer from the provider's sign-in service: trying again later may help."""
