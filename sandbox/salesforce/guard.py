"""Salesforce at the gate: whose token a call carries, the daily limit, and how faults look there.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.calls import Call
from sandbox.faults import Fault
from sandbox.gate import Exchange
from sandbox.salesforce import soap
from sandbox.salesforce.locked_row import locked_row
from sandbox.world import World

_API = re.compile(r"/services/(data/v\d|Soap/)")
_SOAP = re.compile(r"/services/Soap/")
_SESSION = re.compile(rb"sessionId[^>]*>\s*([^<\s]+)")
_SEVERAL = re.compile(r"/services/data/v[\d.]+/composite(/batch|/graph|/sobjects(/\w+(/\w+)?)?)?/?(\?|$)")
_LIMIT_HEADER = b"sforce-limit-info"


class SalesforceGuard:
    """The gate's knowledge of Salesforce."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._names = {user.salesforce_user_id: user.email for user in world.company.users}

    def user(self, headers: Mapping[str, str]) -> str:
        user_id = self._world.tokens.user_id_for(_bearer(headers))
        return self._names.get(user_id, user_id) if user_id else ""

    def carries_several(self, method: str, path: str) -> bool:
        return method in ("POST", "PATCH") and bool(_SEVERAL.match(path))

    def sub_requests(self, path: str, body: bytes) -> list[str]:
        try:
            given = json.loads(body)
        except ValueError:
            return []
        if not isinstance(given, dict):
            return []
        graphs = given.get("graphs")
        listed = (
            [given, *(graph for graph in graphs if isinstance(graph, dict))] if isinstance(graphs, list) else [given]
        )
        return [line for part in listed for line in _lines(part)]

    def enter(self, call: Call, path: str, headers: Mapping[str, str]) -> Response | None:
        if not _API.match(path) or not call.user or self._world.limits.salesforce.count():
            return None
        return _errors(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    def leave(self, call: Call) -> None:
        """Salesforce counts requests, not those that run at once."""

    def finish(self, call: Call, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        if call.user and _API.match(path) and not any(name.lower() == _LIMIT_HEADER for name, _ in headers):
            headers.append((_LIMIT_HEADER, self._world.limits.salesforce.header().encode()))

    async def refuse(self, fault: Fault, path: str, exchange: Exchange) -> Response:
        if _SOAP.match(path) and fault.kind not in ("revoked_token", "rotated_token"):
            return _soap_fault(fault)
        at_api = bool(_API.match(path)) or path.startswith("/services/data")
        match fault.kind:
            case "throttle" if at_api:
                message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
                return _errors(403, "REQUEST_LIMIT_EXCEEDED", message, _retry(fault))
            case "throttle":
                body = {"error": "invalid_grant", "error_description": "login rate exceeded"}
                return JSONResponse(body, status_code=400, headers=_retry(fault))
            case "spent_limit":
                maximum = self._world.limits.salesforce.maximum
                used = {"Sforce-Limit-Info": f"api-usage={maximum}/{maximum}"}
                return _errors(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", used)
            case "expired_cursor":
                return _errors(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
            case "locked_row":
                return await locked_row(path, exchange)
            case "revoked_token" | "rotated_token":
                await self._spoil(fault, exchange)
                return await exchange.answer()
        return _broken(fault, at_api)

    async def _spoil(self, fault: Fault, exchange: Exchange) -> None:
        """End or use up the token that the call carries; the service then answers by itself."""
        tokens = self._world.tokens
        tokens.revoke_access_token(_bearer(exchange.headers))
        if _SOAP.match(exchange.scope["path"]):
            session = _SESSION.search(await exchange.body())
            tokens.revoke_access_token(session[1].decode("latin-1") if session else "")
        if "/oauth2/" not in exchange.scope["path"]:
            return
        form = parse_qs((await exchange.body()).decode("utf-8", "replace"))
        token = form.get("refresh_token", form.get("token", [""]))[0]
        family = tokens.family_of(token)
        if family is None:
            return
        if fault.kind == "rotated_token":
            tokens.refresh(family, token)
        else:
            tokens.revoke(family)


def _lines(part: dict[str, Any]) -> list[str]:
    requests = part.get("compositeRequest") or part.get("batchRequests")
    if isinstance(requests, list):
        return [f"{one.get('method')} {one.get('url')}" for one in requests if isinstance(one, dict)]
    records = part.get("records")
    if isinstance(records, list):
        kinds = [one.get("attributes", {}).get("type") for one in records if isinstance(one, dict)]
        return [f"record {kind}" for kind in kinds]
    return []


def _errors(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse([{"message": message, "errorCode": code}], status_code=status, headers=headers)


def _soap_fault(fault: Fault) -> Response:
    code, message = {
        "throttle": ("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
        "spent_limit": ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        "locked_row": ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
    }.get(fault.kind, ("SERVER_UNAVAILABLE", "The server is unavailable. Please try again later."))
    status = fault.status if fault.kind == "error" and fault.status else 500
    return Response(soap.Fault(code, message).render(), status_code=status, media_type="text/xml")


def _retry(fault: Fault) -> dict[str, str] | None:
    return None if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}


def _broken(fault: Fault, at_api: bool) -> Response:
    status = fault.status or 503
    if not at_api or status in (502, 504):
        # These come from what stands before the application servers, and those speak HTML.
        return HTMLResponse(f"<html><body><h1>{status}</h1></body></html>", status_code=status, headers=_retry(fault))
    code, message = {
        500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support."),
        503: ("SERVER_UNAVAILABLE", "The server is unavailable. Please try again later."),
    }.get(status, ("UNKNOWN_EXCEPTION", "An unexpected error occurred."))
    return _errors(status, code, message, _retry(fault))


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "oauth") else ""
