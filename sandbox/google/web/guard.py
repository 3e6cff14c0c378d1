"""Gmail's pages at the gate. Faults are plain HTTP errors here: nobody reads more of them than the status."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response

from sandbox.calls import Call
from sandbox.faults import Fault
from sandbox.gate import Exchange, UnmeteredGuard
from sandbox.world import World


class WebmailGuard(UnmeteredGuard):
    """The gate's knowledge of the pages: none of their limits is known."""

    def __init__(self, world: World) -> None:
        self._world = world

    def finish(self, call: Call, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        headers.append((b"server", b"ESF"))

    async def refuse(self, fault: Fault, path: str, exchange: Exchange) -> Response:
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        status = 429 if fault.kind == "throttle" else fault.status or 503
        return PlainTextResponse("Temporary Error", status, headers)
