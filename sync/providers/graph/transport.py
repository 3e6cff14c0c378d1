"""One principal's calls of Graph: the token, the headers, the errors, streams.

    call ──► 401 ──► renew the token once ──► the same call once ──► still 401: NeedsReconnect
      └────► any other answer, or none ──► the answer, or an error of `sync.errors`

What fails is logged with Graph's `request-id` and our `client-request-id`, which Microsoft's support asks for.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import structlog
from django.conf import settings
from django.utils.translation import gettext_noop
from pydantic import BaseModel, ValidationError

from accounts.http import BLOCK_BYTES, TargetRefused, httpx_client, same_origin
from sync import errors
from sync.providers.graph.errors import error_for, error_for_silence, unreadable
from sync.providers.graph.queries import segment
from sync.providers.tokens import TokenSource

VERSION = "/v1.0"
PREFER = 'IdType="ImmutableId", outlook.timezone="UTC", outlook.body-content-type="html"'

B = TypeVar("B", bound=BaseModel)

log = structlog.get_logger(__name__)


class GraphTransport:
    """Graph as one principal, looking at one mailbox. Cheap to make; not to be shared between threads.

    `root` is the path of the mailbox's user. `prefer` of a call is added to the preferences that every call has.
    """

    def __init__(self, tokens: TokenSource, mailbox: str = "me") -> None:
        self._tokens = tokens
        self.origin: str = settings.MICROSOFT_GRAPH_URL
        self.root = VERSION + ("/me" if mailbox == "me" else "/users/" + quote(mailbox, safe=""))

    def message_path(self, message_id: str) -> str:
        return self.root + "/messages/" + segment(message_id)

    def folder_path(self, folder_id: str) -> str:
        return self.root + "/mailFolders/" + segment(folder_id)

    def read(self, model: type[B], path: str, query: Mapping[str, str] | None = None, *, prefer: str = "") -> B:
        return as_model(model, self._call("GET", path, prefer=prefer, params=dict(query or {})))

    def follow(self, model: type[B], link: str, *, prefer: str = "") -> B:
        """Reads the page behind a link that Graph gave."""
        self.check_link(link)
        return as_model(model, self._call("GET", link, prefer=prefer))

    def check_link(self, link: str) -> None:
        """Links of answers lead to the expected host only."""
        if not same_origin(link, self.origin):
            raise errors.Unavailable(gettext_noop("Microsoft 365 named another host."), code="FOREIGN_LINK")

    def post(self, path: str, body: Mapping[str, Any], *, accept: Callable[[Any], None] | None = None) -> Any:
        """A call that only reads although it is a POST. `accept` may raise NeedsReconnect of what came."""

        def checked(response: httpx.Response) -> Any:
            answer = _decoded(response)
            if accept is not None:
                accept(answer)
            return answer

        return self._with_token(lambda token: checked(self._send("POST", path, token, json=dict(body))))

    def write(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A call that changes something: without an answer it is Ambiguous. None for an answer without a body."""
        options: dict[str, Any] = {} if body is None else {"json": dict(body)}

        def attempt(token: str) -> Any:
            response = self._send(method, path, token, **options)
            return None if response.status_code == 204 else _decoded(response, writes=True)

        return self._with_token(attempt, writes=True)

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[bytes]]:
        """The bytes of an answer in blocks of 64 KiB."""

        def attempt(token: str) -> httpx.Response:
            client = httpx_client(base_url=self.origin)
            headers = {**_headers(token), "Accept-Encoding": "identity"}
            response = client.send(client.build_request("GET", path, headers=headers), stream=True)
            if not response.is_success:
                try:
                    response.read()
                finally:
                    response.close()
                _decoded(response)
            return response

        response: httpx.Response = self._with_token(attempt)
        try:
            yield _blocks(response)
        finally:
            response.close()

    def _call(self, method: str, url: str, *, prefer: str = "", **options: Any) -> Any:
        return self._with_token(lambda token: _decoded(self._send(method, url, token, prefer=prefer, **options)))

    def _send(self, method: str, url: str, token: str, *, prefer: str = "", **options: Any) -> httpx.Response:
        client = httpx_client(base_url=self.origin)
        return client.request(method, url, headers=_headers(token, prefer), **options)

    def _with_token(self, attempt: Callable[[str], Any], *, writes: bool = False) -> Any:
        token = self._tokens.token()
        try:
            return _guarded(attempt, token, writes)
        except errors.NeedsReconnect:
            renewed = self._tokens.renew(token)
        return _guarded(attempt, renewed, writes)


def as_model(model: type[B], body: Any) -> B:
    try:
        return model.model_validate(body)
    except ValidationError:
        raise unreadable() from None


def log_failure(error: errors.ProviderError, status: int, request_id: str, client_request_id: str) -> None:
    """Ids and codes only: Graph's words may hold an address."""
    log.info(
        "graph.failed",
        error=type(error).__name__,
        status=status,
        code=error.code[:80],
        request_id=request_id[:80],
        client_request_id=client_request_id,
    )


def _guarded(attempt: Callable[[str], Any], token: str, writes: bool) -> Any:
    try:
        return attempt(token)
    except TargetRefused as refused:
        raise errors.Unavailable(str(refused), code="TARGET_REFUSED") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as failure:
        raise error_for_silence(failure, writes=writes) from None


def _headers(token: str, prefer: str = "") -> dict[str, str]:
    return {
        "Authorization": "Bearer " + token,
        "Prefer": PREFER + (", " + prefer if prefer else ""),
        "client-request-id": str(uuid.uuid4()),
    }


def _decoded(response: httpx.Response, *, writes: bool = False) -> Any:
    try:
        body = response.json()
    except ValueError:
        body = None
    if not response.is_success:
        error = error_for(response.status_code, response.headers, body, writes=writes)
        sent = response.request.headers.get("client-request-id", "")
        log_failure(error, response.status_code, response.headers.get("request-id", ""), sent)
        raise error
    if body is None:
        raise unreadable(writes=writes)
    return body


def _blocks(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_bytes(BLOCK_BYTES)
    except (httpx.HTTPError, httpx.StreamError) as failure:
        raise error_for_silence(failure) from None
