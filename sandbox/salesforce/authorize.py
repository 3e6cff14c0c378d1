"""The web-server flow's first half: the page that signs a person in, the page that asks to allow, and the code.

    GET  authorize ──► sign-in page ──POST username, password──► allow page ──POST ticket, allow──► redirect with code
                                                                      └──────────────────deny────► redirect with error

https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_web_server_flow.htm
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox import pages
from sandbox.clock import Clock
from sandbox.forms import UnreadableForm, read_form, single
from sandbox.registration import Registration
from sandbox.salesforce.tokens import Tokens
from sandbox.seed.company import Company, CompanyUser
from sandbox.signing import base64url

CALLBACK_PATH = "/connect/salesforce/callback/"
SCOPES = {
    "id": "Access the identity URL service",
    "openid": "Access unique user identifiers",
    "profile": "Access profile information",
    "email": "Access the email address",
    "api": "Manage user data via APIs",
    "web": "Manage user data via web browsers",
    "refresh_token": "Perform requests at any time",
}
_SERVICE = "Salesforce"
_APPLICATION = "Alongside"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_KNOWN = frozenset(
    {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
        "login_hint",
        "prompt",
        "nonce",
        "display",
        "immediate",
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for authorization whose application and address are known to be ours."""

    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    challenge: str
    nonce: str
    login_hint: str


@dataclass(frozen=True, slots=True)
class _Ticket:
    user_id: str
    query: str
    expires: datetime


class Refused(Exception):
    """The request cannot go on. With a ``location`` the application is told; without one only the person is."""

    def __init__(self, error: str, description: str, asked: dict[str, str] | None = None) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.asked = asked

    def response(self) -> Response:
        if self.asked is None:
            return pages.problem(
                service=_SERVICE,
                title="This request cannot go on",
                sentences=[f"error={self.error}", f"error_description={self.description}"],
            )
        answer = {"error": self.error, "error_description": self.description}
        return _back(self.asked["redirect_uri"], answer, self.asked.get("state"))


class Authorize:
    """The ``/services/oauth2/authorize`` endpoint."""

    def __init__(self, company: Company, clock: Clock, registration: Registration, tokens: Tokens) -> None:
        self._company = company
        self._clock = clock
        self._registration = registration
        self._tokens = tokens
        self._tickets: dict[str, _Ticket] = {}

    async def __call__(self, request: Request) -> Response:
        try:
            asked = self._asked(request)
            if request.method in ("GET", "HEAD"):
                return self._sign_in(asked)
            return await self._answered(request, asked)
        except Refused as refusal:
            return refusal.response()

    def _asked(self, request: Request) -> Asked:
        try:
            query = single(request.query_params.multi_items())
        except UnreadableForm as error:
            raise Refused("invalid_request", f"duplicate parameter {error}") from error
        if query.get("client_id") != self._registration.salesforce_client_id:
            raise Refused("invalid_client_id", "client identifier invalid")
        redirect_uri = query.get("redirect_uri", "")
        if not redirect_uri:
            raise Refused("invalid_request", "missing required parameter redirect_uri")
        if not self._registration.allows_redirect(redirect_uri, CALLBACK_PATH):
            raise Refused("redirect_uri_mismatch", "redirect_uri must match configuration")
        if unknown := sorted(set(query) - _KNOWN):
            raise Refused("invalid_request", f"unknown parameter {unknown[0]}", query)
        if query.get("response_type") != "code":
            raise Refused("unsupported_response_type", "response type not supported", query)
        challenge = query.get("code_challenge", "")
        if not challenge:
            raise Refused("invalid_request", "missing required code challenge", query)
        if query.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
            raise Refused("invalid_request", "invalid code challenge", query)
        if query.get("immediate") == "true" or query.get("prompt") == "none":
            raise Refused("immediate_unsuccessful", "user must sign in", query)
        return Asked(
            redirect_uri=redirect_uri,
            state=query.get("state"),
            scopes=_scopes(query),
            challenge=challenge,
            nonce=query.get("nonce", ""),
            login_hint=query.get("login_hint", ""),
        )

    def _sign_in(self, asked: Asked, error: str = "", hint: str = "") -> Response:
        return pages.sign_in(
            service=_SERVICE,
            company=self._company.name,
            application=_APPLICATION,
            people=self._company.users,
            hint=hint or asked.login_hint,
            error=error,
        )

    async def _answered(self, request: Request, asked: Asked) -> Response:
        try:
            form = await read_form(request)
        except UnreadableForm as error:
            raise Refused("invalid_request", "malformed form") from error
        if form.get("decision") in ("cancel", "deny"):
            raise Refused("access_denied", "end-user denied authorization", dict(request.query_params))
        if "ticket" in form:
            return self._allowed(form, request.url.query, asked)
        user = self._person(form)
        if user is None:
            sentence = "Please check your username and password. If you still can't log in, contact your administrator."
            return self._sign_in(asked, sentence, form.get("username", ""))
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = _Ticket(
            user.salesforce_user_id, request.url.query, self._clock.now() + timedelta(minutes=10)
        )
        return pages.allow(
            service=_SERVICE,
            application=_APPLICATION,
            user=user,
            ticket=ticket,
            scopes=[SCOPES[scope] for scope in asked.scopes],
        )

    def _person(self, form: dict[str, str]) -> CompanyUser | None:
        person = form.get("person", "")
        name = form.get("username", "").strip().lower()
        for user in self._company.users:
            if person == user.email:
                return user
            if name == user.email and secrets.compare_digest(form.get("password", "").encode(), user.password.encode()):
                return user
        return None

    def _allowed(self, form: dict[str, str], query: str, asked: Asked) -> Response:
        ticket = self._tickets.pop(form["ticket"], None)
        stale = ticket is None or ticket.query != query or ticket.expires <= self._clock.now()
        if ticket is None or stale or form.get("decision") != "allow":
            return self._sign_in(asked, "This page was used before or is too old. Please sign in again.")
        code = self._tokens.new_code(
            user_id=ticket.user_id,
            redirect_uri=asked.redirect_uri,
            scopes=asked.scopes,
            challenge=asked.challenge,
            nonce=asked.nonce,
        )
        return _back(asked.redirect_uri, {"code": code}, asked.state)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, section 4.2)."""
    return base64url(hashlib.sha256(verifier.encode()).digest())


def _scopes(query: dict[str, str]) -> tuple[str, ...]:
    asked = ["refresh_token" if scope == "offline_access" else scope for scope in query.get("scope", "").split()]
    if any(scope not in SCOPES for scope in asked):
        raise Refused("invalid_scope", "the requested scope is not allowed", query)
    return tuple(scope for scope in SCOPES if scope in asked or not asked)


def _back(redirect_uri: str, answer: dict[str, str], state: str | None) -> Response:
    if state is not None:
        answer = {**answer, "state": state}
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
    return RedirectResponse(f"{redirect_uri}?{urlencode(answer)}", status_code=302, headers=headers)
