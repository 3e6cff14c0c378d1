"""Graph's subscription resource: create, list, read, renew, re-authorise, remove.

https://learn.microsoft.com/graph/api/resources/subscription
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from starlette.responses import Response

from sandbox.microsoft import odata
from sandbox.microsoft.errors import GraphError, bad_request
from sandbox.microsoft.gate import READ, GraphCall, Needs, json_answer, reach
from sandbox.microsoft.notifier import NoHandshake, may_be_notified
from sandbox.microsoft.representation import Json
from sandbox.microsoft.subscriptions import LONGEST, Subscription, watched

_READ = Needs((*READ, "Mail.ReadBasic"))
_REQUIRED = ("changeType", "notificationUrl", "resource", "expirationDateTime")
_OPTIONAL = ("lifecycleNotificationUrl", "clientState", "latestSupportedTlsVersion", "includeResourceData")
_READ_ONLY = ("id", "applicationId", "creatorId")
_OTHER = ("encryptionCertificate", "encryptionCertificateId", "notificationQueryOptions", "notificationUrlAppId")
_KINDS = ("created", "updated", "deleted")
_TLS = ("v1_0", "v1_1", "v1_2", "v1_3")
_LONGEST_STATE = 128


async def create(call: GraphCall) -> Response:
    odata.allow(call.request.query_params)
    wanted = _wanted(call, _body(call))
    subscriptions = call.tenant.subscriptions
    _check_room(call, wanted)
    await _shake_hands(call, wanted.url)
    if wanted.lifecycle_url is not None:
        await _shake_hands(call, wanted.lifecycle_url)
    _check_room(call, wanted)  # another call may have come first while the address was asked
    subscriptions.add(wanted)
    return _entity(call, wanted, 201)


def list_all(call: GraphCall) -> Response:
    odata.allow(call.request.query_params)
    mine = [one for one in call.tenant.subscriptions.active() if _is_mine(call, one)]
    value = [_json(one, with_state=False) for one in mine]
    return json_answer({"@odata.context": f"{call.base}/$metadata#subscriptions", "value": value})


def get(call: GraphCall) -> Response:
    odata.allow(call.request.query_params)
    return _entity(call, _of_path(call), with_state=False)


async def renew(call: GraphCall) -> Response:
    """Changes the end, the address, or both; what has lapsed cannot be renewed."""
    odata.allow(call.request.query_params)
    subscription, body = _of_path(call), _body(call)
    unknown = set(body) - {"expirationDateTime", "notificationUrl"}
    if unknown or not body:
        raise _invalid("A subscription's expirationDateTime and notificationUrl can be updated, and nothing else.")
    expires = _expires(call, body["expirationDateTime"]) if "expirationDateTime" in body else subscription.expires
    url = _url("notificationUrl", body.get("notificationUrl", subscription.url))
    if url != subscription.url:
        await _shake_hands(call, url)
    subscription.expires, subscription.url, subscription.reauthorize_by = expires, url, None
    return _entity(call, subscription)


def reauthorize(call: GraphCall) -> Response:
    odata.allow(call.request.query_params)
    _of_path(call).reauthorize_by = None
    return Response(status_code=204)


def remove(call: GraphCall) -> Response:
    odata.allow(call.request.query_params)
    call.tenant.subscriptions.remove(_of_path(call))
    return Response(status_code=204)


def _body(call: GraphCall) -> dict[str, Any]:
    if not isinstance(call.body, dict):
        raise bad_request("Empty Payload. JSON content expected.")
    return {name: value for name, value in call.body.items() if not name.startswith("@odata.")}


def _wanted(call: GraphCall, body: dict[str, Any]) -> Subscription:
    for name in _REQUIRED:
        if body.get(name) in (None, ""):
            raise _invalid(f"{name} is a required property for subscription creation")
    for name in body:
        if name in _READ_ONLY:
            raise _invalid(f"The property '{name}' is read-only.")
        if name not in (*_REQUIRED, *_OPTIONAL, *_OTHER):
            raise bad_request(f"The property '{name}' does not exist on type 'microsoft.graph.subscription'.")
    if body.get("includeResourceData") or any(body.get(name) is not None for name in _OTHER):
        raise _invalid("The sandbox sends notifications without resource data, without query options.")
    lifecycle, state = body.get("lifecycleNotificationUrl"), body.get("clientState")
    if state is not None and (not isinstance(state, str) or len(state) > _LONGEST_STATE):
        raise _invalid(f"clientState is a text of at most {_LONGEST_STATE} characters.")
    tls = body.get("latestSupportedTlsVersion", "v1_2")
    if tls not in _TLS:
        raise _invalid(f"'{tls}' is no value of latestSupportedTlsVersion.")
    user, folder = _target(call, str(body["resource"]))
    return Subscription(
        app_id=call.claims.app_id,
        creator=call.claims.oid,
        is_app=call.claims.is_app,
        mailbox=call.tenant.mailboxes[user],
        folder_id=folder,
        resource=str(body["resource"]),
        change_type=_change_type(body["changeType"]),
        url=_url("notificationUrl", body["notificationUrl"]),
        lifecycle_url=None if lifecycle is None else _url("lifecycleNotificationUrl", lifecycle),
        client_state=state,
        tls=tls,
        expires=_expires(call, body["expirationDateTime"]),
        immutable=call.form.immutable,
    )


def _target(call: GraphCall, resource: str) -> tuple[str, str | None]:
    """The mailbox's owner and the folder, None for all."""
    found = watched(resource)
    if found is None:
        raise _invalid(f"Resource '{resource}' is not supported: subscribe to a user's messages or to a folder's.")
    call._user = reach(call.tenant, call.claims, _READ, found.user)
    return call.user.oid, None if found.folder is None else call.folder(found.folder).id


def _change_type(value: Any) -> str:
    kinds = [kind.strip() for kind in value.split(",")] if isinstance(value, str) else []
    if not kinds or any(kind not in _KINDS for kind in kinds) or len(set(kinds)) != len(kinds):
        raise _invalid(f"Invalid changeType '{value}'. Supported are created, updated and deleted.")
    return ",".join(kinds)


def _url(name: str, value: Any) -> str:
    if not may_be_notified(value):
        raise _invalid(f"{name} must be an absolute https address.")
    return str(value)


def _expires(call: GraphCall, value: Any) -> datetime:
    if not isinstance(value, str) or not re.fullmatch(r"[^T]+T.+(Z|[+-]\d\d:\d\d)", value):
        raise _invalid("expirationDateTime is a moment with its time zone.")
    moment, now = odata.instant(value), call.tenant.clock.now()
    if moment <= now:
        raise _invalid("Subscription expiration can only be in the future.")
    if moment > now + LONGEST:
        minutes = int(LONGEST.total_seconds() // 60)
        raise _invalid(f"Subscription expiration can only be {minutes} minutes in the future.")
    return moment


def _check_room(call: GraphCall, wanted: Subscription) -> None:
    subscriptions = call.tenant.subscriptions
    twin = subscriptions.twin(wanted)
    if twin is not None:
        text = f"Subscription Id {twin.id} already exists for the requested combination"
        raise GraphError(409, "Conflict", text)
    if len(subscriptions.of_mailbox(wanted.mailbox)) >= subscriptions.per_mailbox:
        text = f"The mailbox has reached its limit of {subscriptions.per_mailbox} active subscriptions."
        raise GraphError(403, "Forbidden", text)


async def _shake_hands(call: GraphCall, url: str) -> None:
    try:
        await call.tenant.subscriptions.notifier.handshake(url, call.request_id)
    except NoHandshake as error:
        raise GraphError(400, "ValidationError", str(error)) from error


def _of_path(call: GraphCall) -> Subscription:
    found = call.tenant.subscriptions.get(call.request.path_params["subscription"])
    if found is None or not _is_mine(call, found):
        raise GraphError(404, "ResourceNotFound", "The object was not found.")
    return found


def _is_mine(call: GraphCall, subscription: Subscription) -> bool:
    return (subscription.app_id, subscription.creator) == (call.claims.app_id, call.claims.oid)


def _invalid(message: str) -> GraphError:
    return GraphError(400, "InvalidRequest", message)


def _entity(call: GraphCall, subscription: Subscription, status: int = 200, *, with_state: bool = True) -> Response:
    answer: Json = {"@odata.context": f"{call.base}/$metadata#subscriptions/$entity"}
    return json_answer(answer | _json(subscription, with_state=with_state), status)


def _json(subscription: Subscription, *, with_state: bool) -> Json:
    """The client state is said to whoever gave it, in that answer alone."""
    return {
        "id": subscription.id,
        "resource": subscription.resource,
        "applicationId": subscription.app_id,
        "changeType": subscription.change_type,
        "clientState": subscription.client_state if with_state else None,
        "notificationUrl": subscription.url,
        "notificationQueryOptions": None,
        "lifecycleNotificationUrl": subscription.lifecycle_url,
        "expirationDateTime": subscription.expires.isoformat().replace("+00:00", "Z"),
        "creatorId": subscription.creator,
        "includeResourceData": None,
        "latestSupportedTlsVersion": subscription.tls,
        "encryptionCertificate": None,
        "encryptionCertificateId": None,
        "notificationUrlAppId": None,
    }
