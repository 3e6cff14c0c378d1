"""What an adapter asks of the token broker: a token, and one renewal after it was rejected."""

from __future__ import annotations

from typing import Protocol


class TokenSource(Protocol):
    """The tokens of one connection. Safe to use from several threads; a renewal happens once for all of them."""

    def token(self) -> str:
        """A valid access token as far as known. Raises `NeedsReconnect`, `Unavailable`."""

    def renew(self, rejected: str) -> str:
        """A token other than `rejected`, which the provider answered with 401. Raises `NeedsReconnect`, `Unavailable`.

        Where another thread has renewed meanwhile, its token is given and nobody is asked.
        """


class SalesforceSession(TokenSource, Protocol):
    """One Salesforce user's session. Ids have 18 characters; `instance_url` may change with a renewal."""

    @property
    def instance_url(self) -> str: ...
    @property
    def org_id(self) -> str: ...
    @property
    def user_id(self) -> str: ...
