"""Salesforce's error codes in the words of `sync.errors`.

    answer ──► errors in its body ──► first one that is not PROCESSING_HALTED ──► by code, else by status

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ssl import SSLCertVerificationError
from typing import Any

import requests
from django.utils.translation import gettext_noop
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NameResolutionError, NewConnectionError, SSLError

from sync import errors
from sync.providers.retry_after import retry_after_seconds
from sync.providers.salesforce.refusals import COLLISION, record_refused

SESSION_EXPIRED = "INVALID_SESSION_ID"
# What these say of a field or object may be old knowledge of ours: read the shape again once, then give up.
SCHEMA_CODES = frozenset({"INVALID_FIELD", "INVALID_TYPE", "MALFORMED_ID", "INVALID_FIELD_FOR_INSERT_UPDATE"})
GONE_CODES = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY"})
_FORBIDDEN_CODES = frozenset(
    {
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "API_DISABLED_FOR_ORG",
        "API_CURRENTLY_DISABLED",
        "FUNCTIONALITY_NOT_ENABLED",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY_WITHOUT_PERMISSION",
        "OAUTH_APP_ACCESS_DENIED",
    }
)
_CONFLICT_CODES = frozenset({"UNABLE_TO_LOCK_ROW", "DUPLICATE_VALUE", "ENTITY_IS_LOCKED", "CONFLICT"})
_SPENT_CODES = frozenset({"STORAGE_LIMIT_EXCEEDED", "REQUEST_LIMIT_EXCEEDED"})
_UNAVAILABLE_CODES = frozenset({"QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "OPERATION_TOO_LARGE"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of an error body."""

    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()


def problems(body: Any) -> tuple[Problem, ...]:
    """The errors that a body tells of, whatever its form: `[{errorCode…}]`, `{error…}`, `{errors: […]}` or text."""
    if isinstance(body, Mapping) and isinstance(body.get("errors"), list):
        body = body["errors"]
    entries = body if isinstance(body, list) else [body]
    return tuple(_problem(entry) for entry in entries if isinstance(entry, Mapping))


def error_for(status: int, body: Any, *, retry_after: str | None = None, writes: bool = False) -> errors.ProviderError:
    """The error for an answer with this HTTP status and decoded body.

    `writes` says that the call may have changed something: then an answer that does not tell is `Ambiguous`.
    """
    refused = record_refused(body)
    if refused is not None and 400 <= status < 500:
        return errors.Conflict(refused.message, code=COLLISION) if refused.code == COLLISION else refused
    found = problems(body)
    problem = next((entry for entry in found if entry.code != "PROCESSING_HALTED"), found[0] if found else Problem())
    wait = retry_after_seconds(retry_after)
    # These codes say no more than a 5xx does; whether that is a wait or a doubt, the status and the header tell.
    silent = problem.code in _UNAVAILABLE_CODES and (writes or (status == 503 and retry_after))
    answer = None if silent else _by_code(problem, wait)
    return answer or _by_status(status, problem, wait, told_to_wait=bool(retry_after), writes=writes)


def error_for_silence(failure: requests.RequestException, *, writes: bool) -> errors.ProviderError:
    """The error for a call without an answer. Where nothing can have been sent, nothing has happened there."""
    name = type(failure).__name__
    if writes and not _nothing_was_sent(failure):
        return errors.Ambiguous(gettext_noop("Salesforce did not answer."), code=name)
    return errors.Unavailable(gettext_noop("Salesforce did not answer."), code=name)


def _problem(entry: Mapping[str, Any]) -> Problem:
    code = entry.get("errorCode") or entry.get("statusCode") or entry.get("error") or ""
    message = entry.get("message") or entry.get("error_description") or ""
    fields = entry.get("fields")
    return Problem(str(code), str(message), tuple(str(name) for name in fields) if isinstance(fields, list) else ())


def _by_code(problem: Problem, wait: float) -> errors.ProviderError | None:
    code, message = problem.code, problem.message
    if code == SESSION_EXPIRED:
        return errors.NeedsReconnect(message, code=code)
    # The daily allowance and the limit of calls at once share a code; only the latter ends by itself in seconds.
    if code == "REQUEST_LIMIT_EXCEEDED" and "concurrent" in message.lower():
        return errors.Throttled(message, code=code, retry_after=wait)
    if code in _SPENT_CODES:
        return errors.QuotaSpent(message, code=code)
    if code in _CONFLICT_CODES:
        return errors.Conflict(message, code=code)
    if code in GONE_CODES:
        return errors.Gone(message, code=code)
    if code in _FORBIDDEN_CODES:
        return errors.Forbidden(message, code=code)
    if code in _UNAVAILABLE_CODES:
        return errors.Unavailable(message, code=code)
    return _refused(problem, code) if code in SCHEMA_CODES else None


def _by_status(status: int, problem: Problem, wait: float, *, told_to_wait: bool, writes: bool) -> errors.ProviderError:
    code, message = problem.code or f"HTTP_{status}", problem.message
    if status == 429 or (status == 503 and told_to_wait and not writes):
        return errors.Throttled(message, code=code, retry_after=wait)
    if status == 401:
        return errors.NeedsReconnect(message, code=code)
    if status == 403:
        return errors.Forbidden(message, code=code)
    if status in (404, 410):
        return errors.Gone(message, code=code)
    if status in (409, 412):
        return errors.Conflict(message, code=code)
    if 400 <= status < 500:
        return _refused(problem, code)
    # 5xx, or a 2xx that says nothing readable: a write may have taken effect. A redirect is none.
    if writes and not 300 <= status < 400:
        return errors.Ambiguous(message, code=code)
    return errors.Unavailable(message, code=code)


def _refused(problem: Problem, code: str) -> errors.Refused:
    return errors.Refused(problem.message, code=code, field=problem.fields[0] if problem.fields else "")


def _nothing_was_sent(failure: requests.RequestException) -> bool:
    """Only what is known to come before the first byte: a TLS error may also be a cut in the middle of the answer."""
    if isinstance(failure, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    cause: object = failure.args[0] if failure.args else None
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    if isinstance(cause, SSLError) and cause.args:
        cause = cause.args[0]
    return isinstance(cause, NewConnectionError | ConnectTimeoutError | NameResolutionError | SSLCertVerificationError)
