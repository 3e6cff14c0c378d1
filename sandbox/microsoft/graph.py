"""The routes of Microsoft Graph that the sandbox speaks: users, folders, messages, subscriptions, batch.

Every call carries a bearer token that `identity.claims_for` accepts. Errors have Graph's form, unknown resources too.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router

from sandbox.microsoft import attachments, batch, folders, messages, odata, subscribing
from sandbox.microsoft.errors import GraphError
from sandbox.microsoft.gate import PROFILE, READ, WRITE, Gate, GraphCall, Handler, Identity, Needs, json_answer
from sandbox.microsoft.representation import USER_DEFAULT, USER_MORE, user_json
from sandbox.microsoft.tenant import Tenant

_ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def _get_user(call: GraphCall) -> Response:
    params = call.request.query_params
    odata.allow(params, "$select")
    select = odata.names(params.get("$select"), USER_DEFAULT + USER_MORE, "user")
    chosen = f"({','.join(select)})" if select else ""
    answer = {"@odata.context": f"{call.base}/$metadata#users{chosen}/$entity"}
    return json_answer(answer | user_json(call.user, call.tenant.company.name, select))


def _nothing_here(call: GraphCall) -> Response:
    segment = call.request.url.path.rstrip("/").rpartition("/")[2]
    raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


_Methods = dict[str, tuple[Handler, Needs]]
_READ, _WRITE = Needs(READ), Needs(WRITE)
_MESSAGE: _Methods = {
    "GET": (messages.get_message, _READ),
    "PATCH": (messages.patch_message, _WRITE),
    "DELETE": (messages.delete_message, _WRITE),
}
# Below `/me` and `/users/{user}`.
_RESOURCES: dict[str, _Methods] = {
    "": {"GET": (_get_user, Needs(PROFILE, mail=False))},
    "/translateExchangeIds": {"POST": (messages.translate_ids, Needs((*PROFILE, *READ)))},
    "/mailFolders": {"GET": (folders.list_folders, _READ), "POST": (folders.make_folder, _WRITE)},
    "/mailFolders/delta": {"GET": (folders.folder_delta, _READ)},
    "/mailFolders/{folder}": {"GET": (folders.get_folder, _READ), "PATCH": (folders.rename_folder, _WRITE)},
    "/mailFolders/{folder}/childFolders": {
        "GET": (folders.list_folders, _READ),
        "POST": (folders.make_folder, _WRITE),
    },
    "/mailFolders/{folder}/messages": {"GET": (messages.list_messages, _READ)},
    "/mailFolders/{folder}/messages/delta": {"GET": (messages.message_delta, _READ)},
    "/messages": {"GET": (messages.list_messages, _READ)},
}
# Below `/messages` and `/mailFolders/{folder}/messages`.
_MESSAGE_RESOURCES: dict[str, _Methods] = {
    "/{message}": _MESSAGE,
    "/{message}/$value": {"GET": (messages.get_mime, _READ)},
    "/{message}/move": {"POST": (messages.move_message, _WRITE)},
    "/{message}/attachments": {"GET": (attachments.list_attachments, _READ)},
    "/{message}/attachments/{attachment}": {"GET": (attachments.get_attachment, _READ)},
    "/{message}/attachments/{attachment}/$value": {"GET": (attachments.get_content, _READ)},
}
# Nobody's resources: what a call means is in its body, and there its scopes are checked.
_ANY = Needs((), mail=False)
_SUBSCRIPTIONS: dict[str, _Methods] = {
    "/subscriptions": {"GET": (subscribing.list_all, _ANY), "POST": (subscribing.create, _ANY)},
    "/subscriptions/{subscription}": {
        "GET": (subscribing.get, _ANY),
        "PATCH": (subscribing.renew, _ANY),
        "DELETE": (subscribing.remove, _ANY),
    },
    "/subscriptions/{subscription}/reauthorize": {"POST": (subscribing.reauthorize, _ANY)},
}


def routes(tenant: Tenant, identity: Identity) -> list[BaseRoute]:
    """All routes under `/v1.0`; `POST /$batch` runs its parts through the same ones."""
    gate = Gate(tenant, identity)
    table = dict(_RESOURCES)
    for start in ("/messages", "/mailFolders/{folder}/messages"):
        table |= {start + path: methods for path, methods in _MESSAGE_RESOURCES.items()}
    found: list[BaseRoute] = []
    for owner in ("/v1.0/me", "/v1.0/users/{user}"):
        for path, methods in table.items():
            found.append(Route(owner + path, gate.endpoint(**methods), methods=_ALL_METHODS))
    for path, methods in _SUBSCRIPTIONS.items():
        found.append(Route(f"/v1.0{path}", gate.endpoint(**methods), methods=_ALL_METHODS))
    inner = Router([*found, _fallback(gate)])
    batched = gate.endpoint(POST=(_batch(inner), _ANY))
    found.append(Route("/v1.0/$batch", batched, methods=_ALL_METHODS))
    found.append(_fallback(gate))
    return found


def _fallback(gate: Gate) -> Route:
    anything: _Methods = dict.fromkeys(_ALL_METHODS, (_nothing_here, _ANY))
    return Route("/v1.0/{rest:path}", gate.endpoint(**anything), methods=_ALL_METHODS)


def _batch(inner: Router) -> Handler:
    async def run(call: GraphCall) -> Response:
        return json_answer(await batch.run(call.request, call.body, inner))

    return run
