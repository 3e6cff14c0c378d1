"""Graph's error codes in the words of `sync.errors`.

https://learn.microsoft.com/graph/errors
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from django.utils.translation import gettext_noop

from sync import errors
from sync.providers.retry_after import retry_after_seconds

_RESET_CODES = frozenset({"syncstatenotfound", "syncstateinvalid", "resyncrequired", "errorinvalidsyncstatedata"})
_GONE_CODES = frozenset(
    {
        "erroritemnotfound",
        "errorinvalididmalformed",
        "errorinvalidmailboxitemid",
        "errorinvalidid",
        "itemnotfound",
        "resourcenotfound",
        "request_resourcenotfound",
    }
)
_FORBIDDEN_CODES = frozenset(
    {
        "erroraccessdenied",
        "accessdenied",
        "authorization_requestdenied",
        "mailboxnotenabledforrestapi",
        "mailboxnotsupportedforrestapi",
        "errornonexistentmailbox",
    }
)
_THROTTLED_CODES = frozenset(
    {"applicationthrottled", "mailboxconcurrency", "errorserverbusy", "toomanyrequests", "activitylimitreached"}
)
_CONFLICT_CODES = frozenset({"errorirresolvableconflict", "errorchangekeyrequired"})
_QUOTA_CODES = frozenset({"errorquotaexceeded", "quotalimitreached"})
_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.InvalidURL)


def error_for(status: int, headers: Mapping[str, str], body: Any, *, writes: bool = False) -> errors.ProviderError:
    """The error for an answer, or a part of a batch, that is not 2xx; `body` is its decoded JSON, or None.

    `headers` are read without case. `writes`: the call may have changed something, so a 5xx that does not tell is
    `Ambiguous`.
    """
    code, message = _told(body)
    folded = code.lower()
    code = code or f"HTTP_{status}"
    retry_after = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    if status == 401:
        return errors.NeedsReconnect(message, code=code, system="microsoft")
    if status == 410 or folded in _RESET_CODES:
        return errors.CursorExpired(message, code=code)
    if status == 429 or folded in _THROTTLED_CODES or (status in (503, 504) and retry_after):
        return errors.Throttled(message, code=code, retry_after=retry_after_seconds(retry_after))
    if folded in _QUOTA_CODES or status == 507:
        return errors.QuotaSpent(message, code=code)
    if folded in _FORBIDDEN_CODES:
        return errors.Forbidden(message, code=code)
    if status == 404 or folded in _GONE_CODES:
        return errors.Gone(message, code=code)
    if status == 403:
        return errors.Forbidden(message, code=code)
    if status in (409, 412) or folded in _CONFLICT_CODES:
        return errors.Conflict(message, code=code)
    if 400 <= status < 500:
        return errors.Refused(message, code=code)
    # A redirect has done nothing.
    if writes and status >= 500:
        return errors.Ambiguous(message, code=code)
    return errors.Unavailable(message, code=code)


def error_for_silence(failure: Exception, *, writes: bool = False) -> errors.ProviderError:
    """The error for a call without an answer. Where nothing can have been sent, nothing has happened there."""
    name = type(failure).__name__
    if writes and not isinstance(failure, _NOTHING_SENT):
        return errors.Ambiguous(gettext_noop("Microsoft 365 did not answer."), code=name)
    return errors.Unavailable(gettext_noop("Microsoft 365 did not answer."), code=name)


def unreadable(*, writes: bool = False) -> errors.ProviderError:
    kind = errors.Ambiguous if writes else errors.Unavailable
    return kind(gettext_noop("Microsoft 365's answer could not be read."), code="UNREADABLE")


def _told(body: Any) -> tuple[str, str]:
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code") or ""), str(error.get("message") or "")
