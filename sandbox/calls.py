"""The log of every call that a service of the sandbox received, so that tests and benchmarks can count them."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from sandbox.clock import Clock

_KEPT = 100_000
_SECRET_PARAMETERS = frozenset(
    {
        "access_token",
        "assertion",
        "client_assertion",
        "client_secret",
        "code",
        "code_verifier",
        "id_token_hint",
        "oauth_token",
        "password",
        "refresh_token",
        "sid",
        "token",
    }
)


@dataclass(slots=True)
class Call:
    """One call as it arrived, and how it was answered. ``status`` is None while it runs and when it was cut.

    ``parts`` is what the guard has decided about single requests of a call that carries several, by their place.
    """

    n: int
    at: datetime
    service: str
    method: str
    path: str
    status: int | None = None
    user: str = ""
    sub_requests: list[str] | None = None
    bytes_in: int = 0
    duration_ms: float = 0.0
    fault: str = ""
    parts: dict[int, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)

    def finish(self) -> None:
        self.duration_ms = round((time.perf_counter() - self.began) * 1000, 2)

    def as_json(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "n": self.n,
            "at": self.at.isoformat(),
            "service": self.service,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "user": self.user,
            "bytes_in": self.bytes_in,
            "duration_ms": self.duration_ms,
        }
        if self.sub_requests is not None:
            row["sub_requests"] = self.sub_requests
        if self.fault:
            row["fault"] = self.fault
        return row


class CallLog:
    """The calls in the order of their arrival, numbered from 1; numbers go on after a clear."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # A sandbox that runs for days must not grow for ever.
        self._calls: deque[Call] = deque(maxlen=_KEPT)
        self._next = 1

    def begin(self, service: str, method: str, path: str, query: str) -> Call:
        call = Call(n=self._next, at=self._clock.now(), service=service, method=method, path=redacted(path, query))
        self._next += 1
        self._calls.append(call)
        return call

    def rows(self, service: str = "", since: int = 0) -> list[dict[str, Any]]:
        """Calls with a number above ``since``, of one service or of all."""
        return [call.as_json() for call in self._calls if call.n > since and service in ("", call.service)]

    def clear(self) -> None:
        self._calls.clear()


def redacted(path: str, query: str) -> str:
    """Path and query with the value of each parameter that carries a secret replaced."""
    if not query:
        return path
    pairs = [
        (name, "[redacted]" if name.lower() in _SECRET_PARAMETERS else value)
        for name, value in parse_qsl(query, keep_blank_values=True)
    ]
    return f"{path}?{urlencode(pairs, quote_via=quote, safe='$/:[]')}"
