"""Microsoft's two services at the gate: whose token a call carries, Graph's limits, and how faults look there.

https://learn.microsoft.com/graph/throttling
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from starlette.responses import JSONResponse, Response

from sandbox.calls import Call
from sandbox.faults import Fault
from sandbox.gate import Exchange, UnmeteredGuard
from sandbox.microsoft import batch, parts
from sandbox.microsoft.issuing import Claims
from sandbox.microsoft.refusals import AuthError, Trace, correlation_id
from sandbox.microsoft.token_endpoint import ON_BEHALF_OF
from sandbox.world import World

_DEFAULT_RETRY = 10
_BATCH = re.compile(r"/(v1\.0|beta)/\$batch/?(\?|$)")
_USER = re.compile(r"/(?:v1\.0|beta)/users/([^/?]+)")


class GraphGuard:
    """The gate's knowledge of Graph."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: dict[int, list[parts.Key]] = {}

    def user(self, headers: Mapping[str, str]) -> str:
        claims = self._claims(headers)
        return "" if claims is None else claims.email or f"app:{claims.app_id}"

    def carries_several(self, method: str, path: str) -> bool:
        return method == "POST" and bool(_BATCH.match(path))

    def sub_requests(self, path: str, body: bytes) -> list[str]:
        try:
            requests = json.loads(body)["requests"]
            return [f"{one['method']} {one['url']}" for one in requests]
        except (ValueError, KeyError, TypeError):
            return []

    def enter(self, call: Call, path: str, headers: Mapping[str, str]) -> Response | None:
        claims = self._claims(headers)
        if claims is None:
            return None
        if call.sub_requests is not None:
            self._enter_parts(call, headers, claims)
            return None
        key = (claims.app_id, self._mailbox(path, claims))
        throttle = self._world.limits.graph.enter(key)
        if throttle is None:
            self._running[call.n] = [key]
            return None
        if throttle.reason == "concurrency":
            message = "Application is over its MailboxConcurrency limit."
            return _throttled("ApplicationThrottled", message, throttle.retry_after, self._world)
        return _throttled("TooManyRequests", "Please retry again later.", throttle.retry_after, self._world)

    def _enter_parts(self, call: Call, headers: Mapping[str, str], claims: Claims) -> None:
        """Each part of a batch meets the limits and the faults for itself."""
        asked = [request.partition(" ")[::2] for request in call.sub_requests or ()]
        if not 0 < len(asked) <= batch.MAXIMUM:
            return
        paths = [f"/v1.0/{url.lstrip('/')}" for _, url in asked]
        keys = [(claims.app_id, self._mailbox(path, claims)) for path in paths]
        call.parts, self._running[call.n] = parts.enter(self._world.limits.graph, keys)
        if call.fault.replace("slow", "").strip(","):
            return  # the whole call goes wrong
        for place, (method, path) in enumerate(zip((method for method, _ in asked), paths, strict=True)):
            found = self._world.faults.take("graph", method, path) if place not in call.parts else []
            verdict = parts.hit(found, lambda fault, path=path: self._spoil(fault, path, headers))  # type: ignore[misc]
            if verdict is not None:
                call.parts[place] = verdict

    def leave(self, call: Call) -> None:
        for key in self._running.pop(call.n, ()):
            self._world.limits.graph.leave(key)

    def finish(self, call: Call, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        if not any(name.lower() == b"request-id" for name, _ in headers):
            headers.append((b"request-id", str(uuid.uuid4()).encode()))

    async def refuse(self, fault: Fault, path: str, exchange: Exchange) -> Response:
        match fault.kind:
            case "throttle":
                after = _DEFAULT_RETRY if fault.retry_after is None else fault.retry_after
                return _throttled("TooManyRequests", "Please retry again later.", after, self._world)
            case "expired_cursor" | "revoked_token":
                self._spoil(fault, path, exchange.headers)
                return await exchange.answer()
        status = fault.status or 503
        code, message = {
            500: ("generalException", "An unspecified error has occurred."),
            502: ("UnknownError", "Bad gateway."),
            503: ("serviceNotAvailable", "The service is temporarily unavailable. Please try again later."),
            504: ("gatewayTimeout", "The upstream server did not answer in time."),
        }.get(status, ("UnknownError", "An unspecified error has occurred."))
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return _graph_error(status, code, message, headers, self._world)

    def _spoil(self, fault: Fault, path: str, headers: Mapping[str, str]) -> None:
        """End the cursors of the mailbox, or the token that the call carries; the service then answers by itself."""
        if fault.kind == "revoked_token":
            self._world.identity.tokens.revoke(_bearer(headers))
            return
        claims = self._claims(headers)
        if claims is not None and self._world.tenant.user(self._mailbox(path, claims)) is not None:
            self._world.tenant.expire_cursors(self._mailbox(path, claims))

    def _claims(self, headers: Mapping[str, str]) -> Claims | None:
        token = _bearer(headers)
        return self._world.identity.claims_for(token) if token else None

    def _mailbox(self, path: str, claims: Claims) -> str:
        """The object id of the mailbox that a call goes to."""
        named = _USER.match(path)
        if named is None:
            return claims.oid
        key = unquote(named[1])
        user = self._world.tenant.user(key)
        return user.oid if user is not None else key.lower()


class LoginGuard(UnmeteredGuard):
    """The gate's knowledge of the identity platform."""

    def __init__(self, world: World) -> None:
        self._world = world

    def finish(self, call: Call, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        headers.append((b"x-ms-request-id", str(uuid.uuid4()).encode()))

    async def refuse(self, fault: Fault, path: str, exchange: Exchange) -> Response:
        if fault.kind in ("revoked_token", "rotated_token"):
            await self._spoil(exchange)
            return await exchange.answer()
        if fault.kind == "throttle":
            error = AuthError(90055, "temporarily_unavailable", "There are too many incoming requests.", status=429)
            after = _DEFAULT_RETRY if fault.retry_after is None else fault.retry_after
        else:
            sentence = "The server is temporarily too busy to handle the request."
            error = AuthError(90033, "temporarily_unavailable", sentence, status=fault.status or 503)
            after = -1 if fault.retry_after is None else fault.retry_after
        trace = Trace(self._world.clock.now(), correlation_id(exchange.headers.get("client-request-id")))
        headers = {} if after < 0 else {"Retry-After": str(after)}
        body = error.body(trace, self._world.addresses.microsoft)
        return JSONResponse(body, status_code=error.status, headers=headers)

    async def _spoil(self, exchange: Exchange) -> None:
        """End the grant that the call carries; the service then answers by itself."""
        form = parse_qs((await exchange.body()).decode("utf-8", "replace"))
        if "refresh_token" in form:
            self._world.identity.grants.revoke(form["refresh_token"][0])
        if form.get("grant_type") == [ON_BEHALF_OF]:
            self._world.identity.tokens.revoke(form.get("assertion", [""])[0])


def _throttled(code: str, message: str, retry_after: int, world: World) -> Response:
    return _graph_error(429, code, message, {"Retry-After": str(retry_after)}, world)


def _graph_error(status: int, code: str, message: str, headers: dict[str, str], world: World) -> Response:
    request_id = str(uuid.uuid4())
    error: dict[str, Any] = {
        "code": code,
        "message": message,
        "innerError": {
            "date": world.clock.now().strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request_id,
            "client-request-id": request_id,
        },
    }
    return JSONResponse({"error": error}, status_code=status, headers={**headers, "request-id": request_id})


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
