"""Google's own control routes: keys, consents, history, and the push subscription.

No part of Google; tests use them in place of a person, of an administrator and of time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.google.orders import IdTokenOrder
from sandbox.google.pubsub import Subscription
from sandbox.google.sessions import COOKIE, MOST_ACCOUNTS
from sandbox.world import World


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Whose(_Strict):
    """One user, or all where a route allows it."""

    user: str | None = None


class _Rotation(_Strict):
    at_once: bool = False


class _Policy(_Strict):
    """What is not named stays."""

    internal_to: str | None = None
    blocked_in: list[str] | None = None


class _Entry(_Strict):
    """Addresses of accounts, in the order of their numbers."""

    users: Annotated[list[str], Field(min_length=1, max_length=MOST_ACCOUNTS)]


def control_routes(world: World) -> list[BaseRoute]:
    """`POST …/google/rotate-keys {"at_once"?}`, `…/google/withdraw {"user"}` (the person takes the application's access
    away), `…/google/ask-again {"user"}` (the next page asks for consent anew), `…/google/expire-history {"user"?}`,
    `POST` and `GET …/pubsub`;

    `POST …/google/id-tokens` orders the next ID token (see ``IdTokenOrder``), `DELETE` takes all orders back;
    `POST …/google/policy {"internal_to"?, "blocked_in"?}` says whom the applications may sign in;
    `POST …/google/session {"users"}` signs accounts in without a page and gives the cookie of that browser."""

    def rotate_keys(body: Any) -> dict[str, Any]:
        world.accounts.signer.rotate(at_once=_Rotation.model_validate(body).at_once)
        return {"kids": [key.kid for key in world.accounts.signer.keys]}

    def order(body: Any) -> dict[str, Any]:
        world.accounts.signer.orders.add(IdTokenOrder.model_validate(body))
        return {}

    def take_back(body: Any) -> dict[str, Any]:
        world.accounts.signer.orders.clear()
        return {}

    def policy(body: Any) -> dict[str, Any]:
        change, now = _Policy.model_validate(body), world.accounts.authorize.policy
        if change.internal_to is not None:
            now.internal_to = change.internal_to
        if change.blocked_in is not None:
            now.blocked_in = set(change.blocked_in)
        return {"internal_to": now.internal_to, "blocked_in": sorted(now.blocked_in)}

    def enter(body: Any) -> dict[str, Any]:
        known = {user.email: user for user in world.accounts.people}
        session = None
        for address in _Entry.model_validate(body).users:
            if address not in known:
                raise ValueError(f"There is no account {address}.")
            session = world.accounts.sessions.enter(session, known[address])
        return {"name": COOKIE, "value": session.id if session else ""}

    def for_each_client(body: Any, change: Callable[[str, str], None]) -> dict[str, Any]:
        address = _Whose.model_validate(body).user or ""
        user = next((user for user in world.accounts.people if user.email == address.lower()), None)
        if user is None:
            raise ValueError("There is no such user.")
        for client_id in (world.registration.google_client_id, world.registration.google_extension_client_id):
            change(user.email, client_id)
        return {}

    def withdraw(body: Any) -> dict[str, Any]:
        return for_each_client(body, world.accounts.grants.withdraw)

    def ask_again(body: Any) -> dict[str, Any]:
        return for_each_client(body, world.accounts.grants.ask_again)

    def expire_history(body: Any) -> dict[str, Any]:
        user = _Whose.model_validate(body).user
        if user is not None and world.workspace.user(user) is None:
            raise ValueError("There is no such user.")
        world.workspace.expire_history(user)
        return {}

    def subscribe(body: Any) -> dict[str, Any]:
        # What is not named stays, so that a test can turn one knob.
        now = world.pubsub.subscription.model_dump()
        if not isinstance(body, dict):
            raise ValueError("The body is a JSON object.")
        world.pubsub.subscription = Subscription.model_validate({**now, **body})
        return pubsub_state(None)

    def pubsub_state(body: Any) -> dict[str, Any]:
        return {
            "subscription": world.pubsub.subscription.model_dump(),
            "watches": world.workspace.watches.rows(),
            "deliveries": world.pubsub.rows(),
        }

    return [
        _route("/_sandbox/google/rotate-keys", rotate_keys, "POST"),
        _route("/_sandbox/google/id-tokens", order, "POST"),
        _route("/_sandbox/google/id-tokens", take_back, "DELETE"),
        _route("/_sandbox/google/policy", policy, "POST"),
        _route("/_sandbox/google/session", enter, "POST"),
        _route("/_sandbox/google/withdraw", withdraw, "POST"),
        _route("/_sandbox/google/ask-again", ask_again, "POST"),
        _route("/_sandbox/google/expire-history", expire_history, "POST"),
        _route("/_sandbox/pubsub", subscribe, "POST"),
        _route("/_sandbox/pubsub", pubsub_state, "GET"),
    ]


def _route(path: str, act: Callable[[Any], dict[str, Any]], method: str) -> Route:
    async def answer(request: Request) -> Response:
        try:
            body = json.loads(await request.body() or b"{}") if method == "POST" else None
            return JSONResponse(act(body))
        except ValidationError as error:
            details = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()]
            return JSONResponse({"error": "This request is not valid.", "details": details}, status_code=400)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return Route(path, answer, methods=[method])
