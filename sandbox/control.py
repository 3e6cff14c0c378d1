"""The control routes under ``/_sandbox/``: faults, call log, clock, latency, limits, reset, and tokens made to order.

They are on every service, are not logged, and answer only to programs on this machine: a request that comes through
a proxy, from another host's page, or with anything but JSON in its body is turned away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.faults import SERVICES, Fault, Service
from sandbox.google.scopes import EMAIL, PROFILE
from sandbox.seed.company import MOST_EXTRA, Suite
from sandbox.world import World

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


ResetWorld = Callable[[int, Mapping[Suite, int] | None], None]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Extra(_Strict):
    """How many more reps with empty mailboxes each suite has."""

    microsoft: Annotated[int, Field(ge=0, le=MOST_EXTRA)] = 0
    google: Annotated[int, Field(ge=0, le=MOST_EXTRA)] = 0


class Reset(_Strict):
    """``seed`` of the state to build; without one the present seed again. Without ``extra`` as many as at the start."""

    seed: int | None = None
    extra: Extra | None = None


class Advance(_Strict):
    """How far the clock moves forward."""

    advance_seconds: Annotated[float, Field(ge=0, le=10 * 366 * 86_400)]


class Latency(_Strict):
    """Milliseconds that every call takes longer, at one service or at all."""

    ms: Annotated[int, Field(ge=0, le=60_000)]
    service: Service | None = None


class LimitChange(_Strict):
    """New limits; what is not named stays."""

    salesforce_daily: Annotated[int, Field(ge=0)] | None = None
    salesforce_used: Annotated[int, Field(ge=0)] | None = None
    graph_requests: Annotated[int, Field(ge=0)] | None = None
    graph_concurrent: Annotated[int, Field(ge=0)] | None = None
    gmail_user_units: Annotated[int, Field(ge=0)] | None = None
    gmail_project_units: Annotated[int, Field(ge=0)] | None = None
    gmail_concurrent: Annotated[int, Field(ge=0)] | None = None
    gmail_batch_parts: Annotated[int, Field(ge=1, le=100)] | None = None


class TokenOrder(_Strict):
    """A token to sign. With a ``user`` it begins as a good one; ``claims`` are put over it and ``without`` taken from
    it. ``key``, ``alg``, ``kid`` and ``headers`` say how it is signed.

    Microsoft's is an access token for our API, Google's an ID token for the extension (or ``client_id``); with
    ``audience`` it is the token of a Pub/Sub push in its place. Google's present key is ``tenant`` here.
    """

    issuer: Literal["microsoft", "google"] = "microsoft"
    audience: str | None = None
    claims: dict[str, Any] = Field(default_factory=dict)
    user: str | None = None
    client_id: str | None = None
    without: list[str] = Field(default_factory=list)
    key: Literal["tenant", "next", "foreign"] = "tenant"
    alg: Literal["RS256", "RS384", "RS512", "PS256", "HS256", "none"] = "RS256"
    kid: str | None = None
    headers: dict[str, Any] = Field(default_factory=dict)


class Control:
    """The ASGI application of the control routes.

    ``reset`` builds the world anew from a seed; ``owner`` gives the service that has a control route of its own, so
    that it can be asked for at any of the addresses.
    """

    def __init__(self, world: World, reset: ResetWorld, owner: Callable[[str], ASGIApp | None]) -> None:
        self._world = world
        self._reset = reset
        self._owner = owner
        self._app = Starlette(
            routes=[
                self._route("/_sandbox/faults", self._faults, ["GET", "POST", "DELETE"]),
                self._route("/_sandbox/log", self._log, ["GET", "DELETE"]),
                self._route("/_sandbox/reset", self._do_reset, ["POST"]),
                self._route("/_sandbox/clock", self._clock, ["GET", "POST"]),
                self._route("/_sandbox/latency", self._latency, ["GET", "POST"]),
                self._route("/_sandbox/limits", self._limits, ["GET", "POST"]),
                self._route("/_sandbox/tokens", self._tokens, ["POST"]),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        app: ASGIApp = self._owner(scope["path"]) or self._app
        if reason := _not_allowed(request):
            app = _refused(403, reason)
        elif request.method == "POST" and _media_type(request) != "application/json":
            app = _refused(415, "The body must be application/json.")
        await app(scope, receive, send)

    def _route(self, path: str, handler: Callable[[Request, Any], Response], methods: list[str]) -> Route:
        async def answer(request: Request) -> Response:
            try:
                body = json.loads(await request.body() or b"{}") if request.method == "POST" else None
                return handler(request, body)
            except ValidationError as error:
                details = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()]
                return JSONResponse({"error": "This request is not valid.", "details": details}, status_code=400)
            except ValueError as error:
                return _refused(400, str(error))

        return Route(path, answer, methods=methods)

    def _faults(self, request: Request, body: Any) -> Response:
        if request.method == "POST":
            fault = Fault.model_validate(body)
            self._world.faults.add(fault)
            return JSONResponse(fault.model_dump(exclude_none=True), status_code=201)
        if request.method == "DELETE":
            self._world.faults.clear()
            return Response(status_code=204)
        return JSONResponse(self._world.faults.rows())

    def _log(self, request: Request, body: Any) -> Response:
        if request.method == "DELETE":
            self._world.log.clear()
            return Response(status_code=204)
        unknown = set(request.query_params) - {"service", "since"}
        if unknown:
            raise ValueError(f"Unknown parameter: {', '.join(sorted(unknown))}.")
        service = request.query_params.get("service", "")
        if service and service not in SERVICES:
            raise ValueError(f"There is no service {service}.")
        return JSONResponse(self._world.log.rows(service, int(request.query_params.get("since", "0"))))

    def _do_reset(self, request: Request, body: Any) -> Response:
        order = Reset.model_validate(body)
        extra: dict[Suite, int] | None = None
        if order.extra is not None:
            extra = {"microsoft": order.extra.microsoft, "google": order.extra.google}
        self._reset(self._world.seed if order.seed is None else order.seed, extra)
        return JSONResponse({"seed": self._world.seed})

    def _clock(self, request: Request, body: Any) -> Response:
        if request.method == "POST":
            self._world.clock.advance(Advance.model_validate(body).advance_seconds)
        return JSONResponse({"now": self._world.clock.now().isoformat()})

    def _latency(self, request: Request, body: Any) -> Response:
        if request.method == "POST":
            order = Latency.model_validate(body)
            if order.service is None:
                self._world.latency_ms.clear()
            self._world.latency_ms[order.service or ""] = order.ms
        common = self._world.latency_ms.get("", 0)
        return JSONResponse({service: self._world.latency_ms.get(service, common) for service in SERVICES})

    def _limits(self, request: Request, body: Any) -> Response:
        limits = self._world.limits
        places: dict[str, tuple[Any, str]] = {
            "salesforce_daily": (limits.salesforce, "maximum"),
            "salesforce_used": (limits.salesforce, "used"),
            "graph_requests": (limits.graph, "requests"),
            "graph_concurrent": (limits.graph, "concurrent"),
            "gmail_user_units": (limits.gmail, "user"),
            "gmail_project_units": (limits.gmail, "project"),
            "gmail_concurrent": (limits.gmail, "concurrent"),
            "gmail_batch_parts": (limits.gmail, "batch_parts"),
        }
        if request.method == "POST":
            for name, value in LimitChange.model_validate(body).model_dump(exclude_none=True).items():
                setattr(*places[name], value)
        return JSONResponse({name: getattr(*place) for name, place in places.items()})

    def _tokens(self, request: Request, body: Any) -> Response:
        order = TokenOrder.model_validate(body)
        registration, signer = self._world.registration, self._world.accounts.signer
        of_google = order.issuer == "google"
        claims = self._google_claims(order) if of_google else self._microsoft_claims(order)
        claims = {name: value for name, value in {**claims, **order.claims}.items() if name not in order.without}
        key = {
            "tenant": signer.present if of_google else registration.microsoft_key,
            "next": signer.next if of_google else registration.microsoft_next_key,
            "foreign": registration.foreign_key,
        }[order.key]
        headers = dict(order.headers)
        if order.kid is not None:
            headers["kid"] = order.kid
        return JSONResponse({"token": key.sign(claims, headers, order.alg), "claims": claims}, status_code=201)

    def _microsoft_claims(self, order: TokenOrder) -> dict[str, Any]:
        if order.audience is not None:
            raise ValueError("An audience makes a token of Google's.")
        if order.user is None:
            return {}
        user = self._world.tenant.user(order.user)
        if user is None:
            raise ValueError(f"There is no user {order.user}.")
        client_id = order.client_id or self._world.registration.microsoft_host_client_id
        return self._world.identity.tokens.api_claims(user, client_id, "0")

    def _google_claims(self, order: TokenOrder) -> dict[str, Any]:
        signer = self._world.accounts.signer
        if order.audience is not None:
            return signer.push_claims(order.audience)
        if order.user is None:
            return {}
        user = self._world.workspace.user(order.user)
        if user is None:
            raise ValueError(f"There is no user {order.user}.")
        client_id = order.client_id or self._world.registration.google_extension_client_id
        return signer.id_claims(user, client_id, ("openid", EMAIL, PROFILE))


def _not_allowed(request: Request) -> str:
    if request.client is None or request.client.host not in _LOOPBACK:
        return "The control routes answer on the loopback interface only."
    if any(name in request.headers for name in _PROXIED):
        return "The control routes do not answer through a proxy."
    host = request.headers.get("host", "")
    if host.rpartition(":")[0] not in _HOSTS and host not in _HOSTS:
        return "The control routes answer to localhost only."
    if request.headers.get("origin", f"https://{host}") != f"https://{host}":
        return "The control routes do not answer to other pages."
    return ""


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _refused(status: int, reason: str) -> Response:
    return JSONResponse({"error": reason}, status_code=status)
