"""`POST /$batch`: up to 20 calls in one, each answered for itself.

https://learn.microsoft.com/graph/json-batching
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.routing import Router
from starlette.types import Message, Receive, Scope, Send

from sandbox.microsoft.errors import bad_request
from sandbox.microsoft.parts import Verdict

MAXIMUM = 20
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


async def run(request: Request, body: Any, router: Router) -> dict[str, Any]:
    """`{"responses": [{"id", "status", "headers", "body"}]}` as asked. Raises 400 for the batch as a whole."""
    parts = _parts(body)
    call = getattr(request.state, "call", None)
    verdicts: dict[int, Verdict] = {} if call is None else call.parts
    answers: dict[str, dict[str, Any]] = {}
    for place, part in enumerate(parts):
        failed = [name for name in part.get("dependsOn", []) if answers[name]["status"] >= 400]
        if failed:
            error = {"code": "FailedDependency", "message": f"Request {failed[0]}, which this depends on, failed."}
            answers[part["id"]] = {"id": part["id"], "status": 424, "headers": {}, "body": {"error": error}}
        elif place in verdicts:
            answers[part["id"]] = await _hindered(request, part, router, verdicts[place])
        else:
            answers[part["id"]] = await _answer(request, part, router)
    return {"responses": [answers[part["id"]] for part in parts]}


async def _hindered(request: Request, part: dict[str, Any], router: Router, verdict: Verdict) -> dict[str, Any]:
    """A part that a limit or a fault has hit, answered as the service answers it."""
    await asyncio.sleep(verdict.delay_ms / 1000)
    if not verdict.status:
        return await _answer(request, part, router)
    if verdict.runs:
        await _answer(request, part, router)
    headers = {"Content-Type": "application/json"}
    if verdict.retry_after is not None:
        headers["Retry-After"] = str(verdict.retry_after)
    error = {"code": verdict.code, "message": verdict.message, "innerError": {}}
    return {"id": part["id"], "status": verdict.status, "headers": headers, "body": {"error": error}}


def _parts(body: Any) -> list[dict[str, Any]]:
    requests = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(requests, list) or not requests or set(body) != {"requests"}:
        raise bad_request("Invalid batch payload format.")
    if len(requests) > MAXIMUM:
        raise bad_request(f"Number of batch requests exceeds the maximum of {MAXIMUM}.", "MaximumValueExceeded")
    seen: set[str] = set()
    for part in requests:
        known = {"id", "method", "url", "headers", "body", "dependsOn"}
        is_part = isinstance(part, dict) and not set(part) - known and isinstance(part.get("id"), str)
        if not is_part or part.get("method") not in _METHODS or not isinstance(part.get("url"), str):
            raise bad_request("Invalid batch payload format.")
        if part["id"] in seen:
            raise bad_request(f"Request Id {part['id']} is used more than once.")
        if not set(part.get("dependsOn", [])) <= seen:
            raise bad_request(f"Request {part['id']} depends on a request that does not come before it.")
        if "body" in part and "content-type" not in {name.lower() for name in part.get("headers") or {}}:
            raise bad_request(f"Write request id : {part['id']} does not contain Content-Type header or body.")
        seen.add(part["id"])
    return requests


async def _answer(request: Request, part: dict[str, Any], router: Router) -> dict[str, Any]:
    url = urlsplit("/v1.0/" + part["url"].lstrip("/"))
    headers = {name.lower(): str(value) for name, value in (part.get("headers") or {}).items()}
    headers["authorization"] = request.headers.get("authorization", "")
    headers["host"] = request.url.netloc
    content = part.get("body")
    raw = b"" if content is None else json.dumps(content).encode()
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": part["method"],
        "scheme": request.url.scheme,
        "path": unquote(url.path),
        "raw_path": url.path.encode("ascii", "replace"),
        "query_string": url.query.encode("utf-8"),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()],
        "client": request.scope.get("client"),
        "server": request.scope.get("server"),
    }
    return await _collect(router, scope, raw, part["id"])


async def _collect(router: Router, scope: Scope, raw: bytes, name: str) -> dict[str, Any]:
    status, headers, chunks = 500, dict[str, str](), list[bytes]()

    asked = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()  # the caller of a part never hangs up
        asked = True
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {key.decode("latin-1").title(): value.decode("latin-1") for key, value in message["headers"]}
        elif message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))

    receiver: Receive = receive
    sender: Send = send
    await router(scope, receiver, sender)
    content = b"".join(chunks)
    answer: dict[str, Any] = {"id": name, "status": status, "headers": headers}
    headers.pop("Content-Length", None)
    if content:
        is_json = headers.get("Content-Type", "").startswith("application/json")
        answer["body"] = json.loads(content) if is_json else base64.b64encode(content).decode("ascii")
    return answer
