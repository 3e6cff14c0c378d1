"""Calls of Gmail's API through Google's client library.

    request ──► units counted ──► call ──► 401 ──► renew the token once ──► the same call once ──► NeedsReconnect
                                   └─────► any other answer, or none ──► the answer, or an error of `sync.errors`

The library's service is built from the discovery document that it ships with, once for the process; the transport is
the thread's own (`accounts.google_http`). Up to 50 requests go in one call; each part of its answer stands for itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from http.client import HTTPException
from typing import Any, TypeVar

import httplib2
from django.conf import settings
from google.auth.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient import discovery
from googleapiclient import errors as library
from googleapiclient.discovery_cache import get_static_doc
from pydantic import BaseModel, ValidationError

from accounts.google_http import LONGEST_ANSWER, google_http
from accounts.http import TargetRefused
from sync import errors
from sync.providers.gmail.errors import error_for, error_for_silence, unreadable
from sync.providers.gmail.quota import QuotaMeter
from sync.providers.tokens import TokenSource

MAX_PARTS = 50
#: A batch's answer is held several times over while the library takes it apart.
LONGEST_BATCH = 24 * 1024 * 1024

B = TypeVar("B", bound=BaseModel)


class GmailCalls:
    """The calls of one mailbox as one principal. `spend` is told the units of each call before it begins."""

    def __init__(self, tokens: TokenSource, user: str, meter: QuotaMeter, spend: Callable[[int], None]) -> None:
        self.user = user
        self._tokens = tokens
        self._meter = meter
        self._spend = spend

    def api(self) -> Any:
        """The library's `users()` resource: its methods make requests for `run` and `batch`."""
        return _users(settings.GOOGLE_API_URL)

    def messages(self) -> Any:
        """The library's `users().messages()` resource, kept: making it takes longer than making a request of it."""
        return _messages(settings.GOOGLE_API_URL)

    def run(self, model: type[B], request: Any, units: int) -> B:
        """One call. Raises the errors of `sync.errors`, and `AnswerTooLong`."""
        return as_model(model, self._guarded(units, request.execute, LONGEST_ANSWER))

    def order(self, request: Any, units: int) -> None:
        """One call whose answer is empty."""
        self._guarded(units, request.execute, LONGEST_ANSWER)

    def batch(self, model: type[B], requests: Mapping[str, Any], units: int) -> dict[str, B | errors.ProviderError]:
        """Up to 50 calls in one, `units` each: for each key the answer, or its error.

        Raises what went wrong with the whole, `AnswerTooLong` included. https://developers.google.com/workspace/gmail/api/guides/batch
        """
        answers: dict[str, Any] = {}

        def keep(key: str, body: Any, failure: Any) -> None:
            answers[key] = body if failure is None else _error_of(failure)

        calls = _service(settings.GOOGLE_API_URL).new_batch_http_request(callback=keep)
        for key, request in requests.items():
            calls.add(request, request_id=key)
        self._guarded(units * len(requests), calls.execute, LONGEST_BATCH)
        del calls  # it holds the answers' text
        found: dict[str, B | errors.ProviderError] = {}
        for key in requests:
            found[key] = _part(model, answers.pop(key))
        return found

    def _guarded(self, units: int, execute: Callable[..., Any], longest: int) -> Any:
        bearer = _Bearer(self._tokens)
        self._meter.spend(units)
        self._spend(units)
        transport = google_http(longest=longest)
        try:
            return execute(http=AuthorizedHttp(bearer, transport, refresh_status_codes=(401,), max_refresh_attempts=1))
        except library.HttpError as failure:
            raise _error_of(failure) from None
        except TargetRefused as refused:
            raise errors.Unavailable(str(refused), code="TARGET_REFUSED") from None
        except (httplib2.HttpLib2Error, HTTPException, OSError) as failure:
            raise error_for_silence(failure) from None
        except (library.Error, ValueError, LookupError, TypeError, AttributeError):
            # The library takes an answer for what it should be, and stumbles over any other.
            raise unreadable() from None


class _Bearer(Credentials):
    """The broker's token in the shape of Google's library, for one call."""

    def __init__(self, tokens: TokenSource) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._tokens = tokens
        self.token: str = tokens.token()

    def before_request(self, request: Any, method: str, url: str, headers: dict[str, str]) -> None:
        headers["authorization"] = "Bearer " + self.token

    def refresh(self, request: Any) -> None:
        self.token = self._tokens.renew(self.token)


class _NoTransport:
    """Stands in the shared service: each call brings the transport of its thread."""

    def request(self, *arguments: Any, **options: Any) -> Any:
        raise RuntimeError("A call of Gmail without a transport.")


def as_model(model: type[B], body: Any) -> B:
    try:
        return model.model_validate(body)
    except ValidationError:
        raise unreadable() from None


def _part(model: type[B], answer: Any) -> B | errors.ProviderError:
    if isinstance(answer, errors.ProviderError):
        return answer
    try:
        return as_model(model, answer)
    except errors.ProviderError as failure:
        return failure


def _error_of(failure: Any) -> errors.ProviderError:
    response = getattr(failure, "resp", None)
    if response is None or not isinstance(failure.content, bytes) or isinstance(failure, library.BatchError):
        return unreadable()
    return error_for(response.status, response, failure.content)


@cache
def _service(root: str) -> Any:
    document = json.loads(get_static_doc("gmail", "v1"))
    base = root.rstrip("/") + "/"
    document.update(rootUrl=base, baseUrl=base, batchPath="batch/gmail/v1")
    # Otherwise the environment could name yet another address.
    document.pop("mtlsRootUrl", None)
    options = {"api_endpoint": base, "universe_domain": "googleapis.com"}
    return discovery.build_from_document(document, http=_NoTransport(), client_options=options)


@cache
def _users(root: str) -> Any:
    return _service(root).users()


@cache
def _messages(root: str) -> Any:
    return _users(root).messages()
