"""What can go wrong with a provider: one closed enumeration that every adapter maps to.

An adapter raises nothing else for an answer (or the lack of one) that came from outside. What follows from an error
is decided in one place, never in an adapter.
"""

from __future__ import annotations

from datetime import datetime


class ProviderError(Exception):
    """An answer of a provider that is not the one asked for.

    `message` is the provider's own words where it gave any (a person may be shown them); never a token, a subject,
    a body or an address of ours. `code` is the provider's error code, for logs.
    """

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Throttled(ProviderError):
    """Too many calls: wait `retry_after` seconds. Burns no attempt."""

    def __init__(self, message: str = "", *, code: str = "", retry_after: float = 30.0) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class CursorExpired(ProviderError):
    """The cursor of a collection is no longer known: read that collection in full again."""


class NeedsReconnect(ProviderError):
    """The grant is gone (revoked, expired, password changed): only the person can give it again.

    `system` is the one to connect again: `salesforce` or `microsoft`.
    """

    def __init__(self, message: str = "", *, code: str = "", system: str = "salesforce") -> None:
        super().__init__(message, code=code)
        self.system = system


class Gone(ProviderError):
    """The thing asked for was deleted, or never existed for this principal."""


class Conflict(ProviderError):
    """Somebody else changed it meanwhile (stale etag, duplicate key, locked row)."""


class Refused(ProviderError):
    """The provider refuses the content: validation, required field, duplicate rule. `field` is empty when unknown."""

    def __init__(self, message: str = "", *, code: str = "", field: str = "") -> None:
        super().__init__(message, code=code)
        self.field = field


class Forbidden(ProviderError):
    """The principal may not do this."""


class QuotaSpent(ProviderError):
    """The daily allowance is used up until `until` (aware, UTC); None when the provider does not say."""

    def __init__(self, message: str = "", *, code: str = "", until: datetime | None = None) -> None:
        super().__init__(message, code=code)
        self.until = until


class Unavailable(ProviderError):
    """No usable answer to a read (5xx, timeout, broken connection): nothing has happened there."""


class Ambiguous(ProviderError):
    """A write without an answer: it may have taken effect. Look up before writing again."""
