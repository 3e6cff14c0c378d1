"""Google's two services at the gate: whose token a call carries, Gmail's calls at once, and how faults look there.

https://developers.google.com/workspace/gmail/api/guides/handle-errors
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, Response

from sandbox.calls import Call
from sandbox.faults import Fault
from sandbox.gate import Exchange, UnmeteredGuard
from sandbox.google import batch
from sandbox.google.api import PROJECT_NUMBER
from sandbox.google.errors import ApiError, too_many_at_once, user_quota
from sandbox.google.grants import AccessToken
from sandbox.world import World

_BATCH = re.compile(r"/batch(/gmail/v1)?/?(\?|$)")
_DEFAULT_RETRY = 10
# What can happen to one call of a batch.
_OF_PARTS = frozenset({"throttle", "error", "spent_limit"})


class GmailGuard:
    """The gate's knowledge of the API host."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: dict[int, str] = {}

    def user(self, headers: Mapping[str, str]) -> str:
        found = self._access(headers)
        return "" if found is None else found.grant.user.email

    def carries_several(self, method: str, path: str) -> bool:
        return method == "POST" and bool(_BATCH.match(path))

    def sub_requests(self, path: str, body: bytes) -> list[str]:
        found = re.match(rb"\s*--([^\r\n]+)", body)
        try:
            mark = "" if found is None else found[1].decode("latin-1")
            return [part.line for part in batch.read(f'multipart/mixed; boundary="{mark}"', body)]
        except ApiError:
            return []

    def enter(self, call: Call, path: str, headers: Mapping[str, str]) -> Response | None:
        user = self.user(headers)
        if not user:
            return None
        if not self._world.limits.gmail.enter(user):
            return _response(too_many_at_once())
        self._running[call.n] = user
        return None

    def leave(self, call: Call) -> None:
        user = self._running.pop(call.n, None)
        if user is not None:
            self._world.limits.gmail.leave(user)

    def finish(self, call: Call, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        headers.append((b"server", b"ESF"))

    async def refuse(self, fault: Fault, path: str, exchange: Exchange) -> Response:
        match fault.kind:
            case "expired_cursor":
                user = self.user(exchange.headers)
                if user:
                    self._world.workspace.expire_history(user)
                return await exchange.answer()
            case "revoked_token":
                self._world.accounts.grants.end_access_token(_bearer(exchange.headers))
                return await exchange.answer()
        return _response(fault_error(fault))

    def _access(self, headers: Mapping[str, str]) -> AccessToken | None:
        token = _bearer(headers)
        return self._world.accounts.access(token) if token else None


class AccountsGuard(UnmeteredGuard):
    """The gate's knowledge of the accounts service."""

    def __init__(self, world: World) -> None:
        self._world = world

    def finish(self, call: Call, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        headers.append((b"server", b"scaffolding on HTTPServer2"))

    async def refuse(self, fault: Fault, path: str, exchange: Exchange) -> Response:
        if fault.kind == "revoked_token":
            form = parse_qs((await exchange.body()).decode("utf-8", "replace"))
            self._world.accounts.grants.revoke(form.get("refresh_token", [""])[0])
            return await exchange.answer()
        if fault.kind == "throttle":
            body = {"error": "rate_limit_exceeded", "error_description": "Rate Limit Exceeded"}
            after = _DEFAULT_RETRY if fault.retry_after is None else fault.retry_after
            return JSONResponse(body, status_code=429, headers={"Retry-After": str(after)})
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        body = {"error": "internal_failure", "error_description": "Backend Error"}
        return JSONResponse(body, status_code=fault.status or 503, headers=headers)


def fault_error(fault: Fault) -> ApiError:
    """The refusal of the API host that a fault stands for."""
    if fault.kind == "spent_limit":
        return user_quota(PROJECT_NUMBER)
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if fault.kind == "throttle":
        return ApiError(
            429, "userRateLimitExceeded", "User-rate limit exceeded.", domain="usageLimits", headers=headers
        )
    status = fault.status or 503
    reason, message = {
        500: ("backendError", "Internal error encountered."),
        502: ("backendError", "Bad Gateway"),
        503: ("backendError", "The service is currently unavailable."),
        504: ("backendError", "Deadline exceeded."),
    }.get(status, ("backendError" if status >= 500 else "failedPrecondition", "Precondition check failed."))
    return ApiError(status, reason, message, headers=headers)


def part_fault(world: World) -> batch.PartFault:
    """Looks for a fault that waits for one call of a batch, by its own verb and path."""

    def take(verb: str, path: str) -> ApiError | None:
        found = world.faults.take("gmail", verb, path, _OF_PARTS)
        return fault_error(found[0]) if found else None

    return take


def _response(error: ApiError) -> Response:
    content = json.dumps(error.body(), indent=2)
    return Response(content, error.code, error.headers, "application/json; charset=UTF-8")


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
