"""What can go wrong with a provider: one closed enumeration that every adapter maps to.

An adapter raises nothing else for an answer (or the lack of one) that came from outside. What follows from an error
is decided in one place, never in an adapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sync.said import without_values


class ProviderError(Exception):
    """An answer of a provider that is not the one asked for.

    `message` is the provider's own words where it gave any (a person may be shown them), without the tokens, addresses
    and texts that they repeat (`sync.said`). `code` is the provider's error code, for logs.
    """

    def __init__(self, message: str = "", *, code: str = "") -> None:
        message = without_values(message)
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

    `system` is the one to connect again: `salesforce`, `microsoft` or `google`.
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


class RecordRefused(Refused):
    """A record was refused. `page`: messages about it as a whole; `at`: messages by the name of their field.

    `duplicates`: (object, id) of what it may be a copy of; `may_go_on`: the person may save it all the same.
    """

    def __init__(
        self,
        *,
        page: tuple[str, ...] = (),
        at: Mapping[str, tuple[str, ...]] | None = None,
        duplicates: tuple[tuple[str, str], ...] = (),
        may_go_on: bool = False,
        code: str = "",
    ) -> None:
        at = {name: tuple(map(without_values, messages)) for name, messages in (at or {}).items()}
        page = tuple(map(without_values, page))
        words = [*page, *(message for messages in at.values() for message in messages)]
        super().__init__(words[0] if words else "", code=code, field=next(iter(at), ""))
        self.page = page
        self.at: Mapping[str, tuple[str, ...]] = at
        self.duplicates = duplicates
        self.may_go_on = may_go_on


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
