"""Graph's error codes in the words of `sync.errors`.

https://learn.microsoft.com/graph/errors
"""

from __future__ import annotations

from typing import Any

import httpx

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


def error_for(response: httpx.Response, body: Any) -> errors.ProviderError:
    """The error for an answer that is not 2xx; `body` is its decoded JSON, or None."""
    code, message = _told(body)
    status, folded = response.status_code, code.lower()
    code = code or f"HTTP_{status}"
    retry_after = response.headers.get("Retry-After")
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
    return errors.Unavailable(message, code=code)


def error_for_silence(failure: Exception) -> errors.ProviderError:
    """The error for a read without an answer."""
    return errors.Unavailable("Microsoft 365 did not answer.", code=type(failure).__name__)


def unreadable() -> errors.ProviderError:
    return errors.Unavailable("Microsoft 365's answer could not be read.", code="UNREADABLE")


def _told(body: Any) -> tuple[str, str]:
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code") or ""), str(error.get("message") or "")
