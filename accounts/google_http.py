"""httplib2 under the policy of `accounts.http`, for Google's own client library, which speaks through nothing else.

    thread ──► google_http() ──► its one transport ──► its own kept connections ──► at most `longest` bytes an answer

httplib2 is not thread-safe, so each thread has a transport of its own, and keeps it. Proxies of the environment are
not used, redirects are not followed, certificates are checked against our bundle.
"""

from __future__ import annotations

import http.client
import os
import ssl
import threading
from pathlib import Path
from typing import Any

import httplib2
from httplib2.decode import DecodeLimitError

from accounts.http import (
    CONNECT_SECONDS,
    READ_SECONDS,
    USER_AGENT,
    ca_bundle,
    check_target,
    tls_context,
    tls_failed,
)

#: The longest answer that is read, unpacked.
LONGEST_ANSWER = 48 * 1024 * 1024


class AnswerTooLong(Exception):
    """An answer of more bytes than were asked for at most; the connection was closed before the rest came."""


class GoogleHttp:
    """One thread's transport: what `googleapiclient` and `google_auth_httplib2` call, and nothing more."""

    def __init__(self, bundle: Path) -> None:
        self.bundle = bundle
        self.longest = LONGEST_ANSWER
        self._http = httplib2.Http(
            ca_certs=str(bundle), timeout=READ_SECONDS, proxy_info=None, decode_limit_hard=LONGEST_ANSWER
        )
        self._http.follow_redirects = False
        # An answer of many empty lines may be packed as well as it can be: only its length matters.
        self._http.limit_kwargs["ratio"] = 0

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | bytes | None = None,
        headers: dict[str, str] | None = None,
        redirections: int = 0,
        connection_type: Any = None,
    ) -> tuple[Any, bytes]:
        """The answer and its body. Raises `TargetRefused`, `AnswerTooLong`, httplib2's errors and `OSError`."""
        check_target(uri)
        # The name of Google's own client says that packed answers are understood.
        sent = {**(headers or {}), "user-agent": USER_AGENT + " (gzip)"}
        self._http.limit_kwargs["hard_limit"] = self.longest
        _thread.longest = self.longest
        answered = False
        try:
            response, content = self._http.request(
                uri, method, body=body, headers=sent, redirections=0, connection_type=_Connection
            )
            answered = True
        except DecodeLimitError:
            raise AnswerTooLong from None
        finally:
            if not answered:
                # What is left of an answer must not be taken for the next one.
                self.close()
        return response, content

    def close(self) -> None:
        """Ends the kept connections; the next request opens new ones."""
        self._http.close()


def google_http(*, longest: int = LONGEST_ANSWER) -> GoogleHttp:
    """The calling thread's transport, set to answers of `longest` bytes at most."""
    bundle = ca_bundle()
    transport: GoogleHttp | None = getattr(_thread, "transport", None)
    if transport is None or transport.bundle != bundle:
        transport = _thread.transport = GoogleHttp(bundle)
    transport.longest = longest
    return transport


class _Answer(http.client.HTTPResponse):
    """An answer that is not read beyond the limit, and whose early end is an error."""

    def read(self, amt: int | None = None) -> bytes:
        if amt is not None:
            return super().read(amt)
        longest: int = _thread.longest
        if self.length is not None and self.length > longest:
            raise AnswerTooLong
        content = super().read(longest + 1)
        if len(content) > longest:
            raise AnswerTooLong
        if self.length:
            raise http.client.IncompleteRead(b"", self.length)
        return content


class _Connection(http.client.HTTPSConnection):
    """Connects within the policy's time, with the one TLS context of the bundle."""

    response_class = _Answer

    def __init__(self, host: str, timeout: float | None = None, proxy_info: Any = None) -> None:
        context: ssl.SSLContext = tls_context()
        super().__init__(host, timeout=CONNECT_SECONDS, context=context)

    def connect(self) -> None:
        try:
            super().connect()
        except ssl.SSLError:
            tls_failed(self.host)
            raise
        self.sock.settimeout(READ_SECONDS)


_thread = threading.local()


def _forget_after_fork() -> None:
    """Connections must not be shared with the parent process."""
    global _thread
    _thread = threading.local()


os.register_at_fork(after_in_child=_forget_after_fork)
