"""Mail that arrives while the sandbox runs: `POST /_sandbox/mail` and `POST /_sandbox/mail/move`.

No part of Graph; tests and the demo use it in place of a mail transport.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.microsoft.mailbox import StoredMessage
from sandbox.microsoft.mime import Unreadable
from sandbox.microsoft.tenant import Tenant


class _Refused(ValueError):
    pass


def delivery_routes(tenant: Tenant) -> list[BaseRoute]:
    """`/_sandbox/mail` takes `{"user", "folder", "mime" or "mime_base64"}`, `…/move` takes `{"user", "id", "to"}`.

    Both answer `{"id", "immutableId", "internetMessageId", "parentFolderId"}`, or 400 with `{"error"}`.
    """

    async def deliver(request: Request) -> Response:
        return _answer(_deliver, tenant, await request.body())

    async def move(request: Request) -> Response:
        return _answer(_move, tenant, await request.body())

    return [
        Route("/_sandbox/mail", deliver, methods=["POST"]),
        Route("/_sandbox/mail/move", move, methods=["POST"]),
    ]


def _answer(act: Callable[[Tenant, dict[str, Any]], StoredMessage], tenant: Tenant, raw: bytes) -> JSONResponse:
    try:
        body = json.loads(raw)
        if not isinstance(body, dict):
            raise _Refused("The body is a JSON object.")
        message = act(tenant, body)
    except KeyError as error:
        return JSONResponse({"error": f"There is no mailbox, folder, message or value {error}."}, 400)
    except ValueError as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse(
        {
            "id": message.default_id,
            "immutableId": message.immutable_id,
            "internetMessageId": message.message_id,
            "parentFolderId": message.folder_id,
        }
    )


def _deliver(tenant: Tenant, body: dict[str, Any]) -> StoredMessage:
    unknown = set(body) - {"user", "folder", "mime", "mime_base64"}
    if unknown or ("mime" in body) == ("mime_base64" in body):
        raise _Refused("Give user, folder, and either mime or mime_base64.")
    if "mime" in body:
        content = str(body["mime"]).encode("utf-8", "surrogateescape")
    else:
        try:
            content = base64.b64decode(body["mime_base64"], validate=True)
        except (binascii.Error, TypeError) as error:
            raise _Refused("mime_base64 is no base64.") from error
    try:
        return tenant.deliver(str(body["user"]), content, str(body.get("folder", "inbox")))
    except Unreadable as error:
        raise _Refused(str(error)) from error


def _move(tenant: Tenant, body: dict[str, Any]) -> StoredMessage:
    mailbox = tenant.mailbox(str(body["user"]))
    message, folder = mailbox.message(str(body["id"])), mailbox.folder(str(body["to"]))
    if message is None:
        raise KeyError(body["id"])
    if folder is None:
        raise KeyError(body["to"])
    mailbox.move(message, folder, tenant.clock.now())
    return message
