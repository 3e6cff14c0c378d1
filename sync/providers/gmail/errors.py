"""Gmail's errors in the words of `sync.errors`.

https://developers.google.com/workspace/gmail/api/guides/handle-errors
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_noop

from sync import errors
from sync.providers.retry_after import retry_after_seconds

_RATE_REASONS = frozenset(
    {
        "ratelimitexceeded",
        "userratelimitexceeded",
        "rate_limit_exceeded",
        "resource_exhausted",
        "concurrentlimitexceeded",
    }
)
_DAILY_REASONS = frozenset({"dailylimitexceeded", "quotaexceeded", "dailylimitexceededunreg"})
_SCOPE_REASONS = frozenset({"insufficientpermissions", "access_token_scope_insufficient", "insufficientscopes"})
# Gmail writes some addresses of ours into its sentences.
_ADDRESS = re.compile(r"[^\s<>\"'()]+@[^\s<>\"'()]+")
_RETRY_AT = re.compile(r"retry after (\d{4}-\d\d-\d\dT[0-9:.]+)Z", re.IGNORECASE)


def error_for(status: int, headers: Mapping[str, str], content: bytes) -> errors.ProviderError:
    """The error for an answer that is not 2xx, a batch's part included."""
    reasons, message = _told(content)
    code = reasons[0] if reasons else f"HTTP_{status}"
    folded = {reason.lower() for reason in reasons}
    retry_after = headers.get("retry-after")
    if status == 401 or (status == 403 and folded & _SCOPE_REASONS):
        code = "insufficientPermissions" if status == 403 else code
        return errors.NeedsReconnect(_shown(message), code=code, system="google")
    if status in (403, 429) and folded & _DAILY_REASONS:
        return errors.QuotaSpent(_shown(message), code=code)
    if status == 429 or (status == 403 and folded & _RATE_REASONS) or (status in (503, 504) and retry_after):
        return errors.Throttled(_shown(message), code=code, retry_after=_wait(retry_after, message))
    if status == 404 or (status == 400 and message.lower().startswith("invalid id value")):
        return errors.Gone(_shown(message), code=code)
    if status == 403 or (status == 400 and folded & {"failedprecondition", "failed_precondition"}):
        return errors.Forbidden(_shown(message), code=code)
    if status in (409, 412):
        return errors.Conflict(_shown(message), code=code)
    if 400 <= status < 500 and status != 408:
        return errors.Refused(_shown(message), code=code)
    return errors.Unavailable(_shown(message), code=code)


def error_for_silence(failure: Exception) -> errors.ProviderError:
    """The error for a call without an answer."""
    return errors.Unavailable(gettext_noop("Gmail did not answer."), code=type(failure).__name__)


def unreadable() -> errors.ProviderError:
    return errors.Unavailable(gettext_noop("Gmail's answer could not be read."), code="UNREADABLE")


def gone() -> errors.Gone:
    return errors.Gone(gettext_noop("The email is no longer in the mailbox."), code="notFound")


def _told(content: bytes) -> tuple[list[str], str]:
    """The reasons of Google's error envelope, the most telling first, and its sentence."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return [], ""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return [], ""
    entries = [*_dicts(error.get("errors")), *_dicts(error.get("details")), {"reason": error.get("status")}]
    reasons = [str(entry["reason"]) for entry in entries if entry.get("reason")]
    return reasons, str(error.get("message") or "")


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _shown(message: str) -> str:
    return _ADDRESS.sub("…", message)


def _wait(header: str | None, message: str) -> float:
    """Gmail names the moment in a header, or in its sentence."""
    found = _RETRY_AT.search(message) if header is None else None
    if found is None:
        return retry_after_seconds(header)
    try:
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    except ValueError:
        return retry_after_seconds(None)
    return retry_after_seconds(str((moment - datetime.now(UTC)).total_seconds()))
