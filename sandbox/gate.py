"""What stands before every service: the log, the limits, the latency and the faults; and the control routes.

call ──► log ──► latency ──► fault before? ──► limits ──► service ──► fault after? ──► answer
                                 │                │                        │
                                 └── refused ─────┴── refused              └── connection cut
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.calls import Call
from sandbox.faults import Fault
from sandbox.world import World

ABORT = "sandbox.abort"
CONTROL = "/_sandbox/"


class Guard(Protocol):
    """What a service adds to the gate: its own limits, and how its faults look."""

    def user(self, headers: Mapping[str, str]) -> str:
        """The address of the user whose access token a call carries, or the application's name, or nothing."""

    def sub_requests(self, path: str, body: bytes) -> list[str]:
        """The requests inside a call that carries several."""

    def carries_several(self, method: str, path: str) -> bool:
        """Whether a call to ``path`` carries requests in its body."""

    def enter(self, call: Call, path: str, headers: Mapping[str, str]) -> Response | None:
        """Count a call against the service's limits; an answer when it is over them."""

    def leave(self, call: Call) -> None:
        """A call that was let in has ended."""

    async def refuse(self, fault: Fault, path: str, exchange: Exchange) -> Response:
        """The service's own answer to a call that a fault has hit."""

    def finish(self, call: Call, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        """Add what the service puts on every answer."""


class UnmeteredGuard:
    """The part of a guard that services without tokens, batches and limits share; they give `finish` and `refuse`."""

    def user(self, headers: Mapping[str, str]) -> str:
        return ""

    def carries_several(self, method: str, path: str) -> bool:
        return False

    def sub_requests(self, path: str, body: bytes) -> list[str]:
        return []

    def enter(self, call: Call, path: str, headers: Mapping[str, str]) -> Response | None:
        return None

    def leave(self, call: Call) -> None:
        """Nothing is counted here."""


class Exchange:
    """One call's body and headers, readable before the service reads them, and the service itself to be run."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive) -> None:
        self._app = app
        self._receive = receive
        self._body: bytes | None = None
        self.scope = scope
        self.method: str = scope["method"]
        self.headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        self.bytes_in = 0

    async def body(self) -> bytes:
        """The whole body, read once."""
        if self._body is None:
            parts: list[bytes] = []
            while True:
                message = await self._counted()
                parts.append(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    break
            self._body = b"".join(parts)
        return self._body

    async def run(self, send: Send, body: bytes | None = None) -> None:
        """Let the service answer, with its own body or with ``body`` in its place."""
        scope = self.scope
        if body is not None:
            self._body = body
            headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"content-length"]
            scope = {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}
        given = False

        async def receive() -> Message:
            nonlocal given
            if self._body is None or given:
                return await self._counted()
            given = True
            return {"type": "http.request", "body": self._body, "more_body": False}

        await self._app(scope, receive, send)

    async def captured(self, body: bytes | None = None) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """The service's answer, kept back: status, headers and body."""
        status, headers, parts = 500, list[tuple[bytes, bytes]](), list[bytes]()

        async def keep(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message.get("headers", []))
            else:
                parts.append(message.get("body", b""))

        await self.run(keep, body)
        return status, headers, b"".join(parts)

    async def answer(self) -> Response:
        """The service's own answer, as a response."""
        status, headers, body = await self.captured()
        response = Response(body, status_code=status)
        response.raw_headers = headers
        return response

    async def receive(self) -> Message:
        """The rest of what the caller sends, for an answer that does not come from the service."""
        return await self._counted()

    async def cut(self) -> None:
        """Drop the connection without an answer."""
        abort: Callable[[], None] = self.scope["extensions"][ABORT]["abort"]
        abort()
        while (await self._receive())["type"] != "http.disconnect":
            continue

    async def _counted(self) -> Message:
        message = await self._receive()
        self.bytes_in += len(message.get("body", b""))
        return message


class Gate:
    """The ASGI application of one service. ``app`` gives the service as the present state has it."""

    def __init__(
        self, service: str, world: World, app: Callable[[], ASGIApp], guard: Callable[[], Guard], control: ASGIApp
    ) -> None:
        self._service = service
        self._world = world
        self._app = app
        self._guard = guard
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"The sandbox speaks HTTP only, not {scope['type']}.")
        if scope["path"].startswith(CONTROL):
            await self._control(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        call = self._world.log.begin(self._service, scope["method"], scope["path"], query)
        exchange = Exchange(self._app(), scope, receive)
        scope.setdefault("state", {})["call"] = call
        try:
            await self._handle(call, exchange, f"{scope['path']}?{query}" if query else scope["path"], send)
        finally:
            call.user = call.user or str(scope["state"].get("user", ""))
            call.bytes_in = exchange.bytes_in
            call.finish()

    async def _handle(self, call: Call, exchange: Exchange, path: str, send: Send) -> None:
        guard = self._guard()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
                headers = list(message.get("headers", []))
                guard.finish(call, path, headers)
                message = {**message, "headers": headers}
            await send(message)

        call.user = guard.user(exchange.headers)
        if guard.carries_several(exchange.method, path):
            call.sub_requests = guard.sub_requests(path, await exchange.body())
        faults = self._world.faults.take(self._service, exchange.method, path)
        call.fault = ",".join(fault.kind for fault in faults)
        over = guard.enter(call, path, exchange.headers)
        try:
            await self._wait(faults)
            deciding = next((fault for fault in faults if fault.kind != "slow"), None)
            if deciding is None and over is not None:
                await over(exchange.scope, exchange.receive, watched)
            elif deciding is None:
                await exchange.run(watched)
            elif deciding.kind == "cut_before":
                await exchange.cut()
            elif deciding.kind == "cut_after":
                await exchange.captured()
                await exchange.cut()
            else:
                answer = await guard.refuse(deciding, path, exchange)
                await answer(exchange.scope, exchange.receive, watched)
        finally:
            if over is None:
                guard.leave(call)

    async def _wait(self, faults: list[Fault]) -> None:
        latency = self._world.latency_ms
        delay = latency.get(self._service, latency.get("", 0))
        delay += sum(1000 if fault.delay_ms is None else fault.delay_ms for fault in faults if fault.kind == "slow")
        if delay:
            await asyncio.sleep(delay / 1000)
