"""The authorization endpoint: a sign-in page, and a code for the application.

    GET  authorize ──► sign-in page ──POST username, password──► redirect with code, state
                                   └─POST cancel───────────────► redirect with error=access_denied

Consent is the administrator's and has been given, so no page asks for it.
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

import re
import secrets
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox import pages
from sandbox.clock import Clock
from sandbox.forms import UnreadableForm, read_form, single
from sandbox.microsoft.grants import Grants
from sandbox.microsoft.refusals import AuthError, Trace, correlation_id, unknown_application
from sandbox.microsoft.scopes import Asked, ScopeBook
from sandbox.registration import Registration
from sandbox.seed.company import Company, CompanyUser
from sandbox.signing import base64url

CALLBACK_PATH = "/connect/microsoft/callback/"
_SERVICE = "Microsoft 365"
_NAMES = {"web": "Alongside", "host": "Outlook"}
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_MODES = {"query": "?", "fragment": "#", "form_post": ""}


@dataclass(frozen=True, slots=True)
class Checked:
    """A checked request for authorization."""

    client_id: str
    redirect_uri: str
    mode: str
    state: str | None
    asked: Asked
    challenge: str
    nonce: str
    login_hint: str
    wants_client_info: bool


class _Refused(Exception):
    def __init__(self, error: AuthError, back: dict[str, str] | None) -> None:
        super().__init__(error.sentence)
        self.error = error
        self.back = back


class Authorize:
    """The ``/{tenant}/oauth2/v2.0/authorize`` endpoint."""

    def __init__(
        self, company: Company, clock: Clock, registration: Registration, scopes: ScopeBook, grants: Grants
    ) -> None:
        self._company = company
        self._clock = clock
        self._registration = registration
        self._scopes = scopes
        self._grants = grants

    async def __call__(self, request: Request) -> Response:
        trace = Trace(self._clock.now(), correlation_id(request.query_params.get("client-request-id")))
        try:
            checked = self._checked(request)
            if request.method in ("GET", "HEAD"):
                return self._sign_in(checked)
            return await self._answered(request, checked)
        except _Refused as refusal:
            return self._refuse(refusal, trace)

    def _checked(self, request: Request) -> Checked:
        try:
            query = single(request.query_params.multi_items())
        except UnreadableForm as error:
            raise _Refused(AuthError(90100, "invalid_request", f"{error} parameter is duplicated."), None) from error
        client_id, redirect_uri = query.get("client_id", ""), query.get("redirect_uri", "")
        if client_id not in (self._registration.microsoft_client_id, self._registration.microsoft_host_client_id):
            raise _Refused(unknown_application(client_id), None)
        if not self._registered(client_id, redirect_uri):
            sentence = (
                f"The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs "
                f"configured for the application '{client_id}'. Make sure the redirect URI sent in the request "
                "matches one added to your application in the Azure portal."
            )
            raise _Refused(AuthError(50011, "invalid_request", sentence), None)
        mode = query.get("response_mode", "query")
        if mode not in _MODES:
            sentence = f"'{mode}' is not a supported value of 'response_mode' for this request."
            raise _Refused(AuthError(70007, "unsupported_response_mode", sentence), None)
        try:
            return self._read(query, client_id, redirect_uri, mode)
        except AuthError as error:
            raise _Refused(error, query) from error

    def _read(self, query: dict[str, str], client_id: str, redirect_uri: str, mode: str) -> Checked:
        if query.get("response_type") != "code":
            name = query.get("response_type", "")
            raise AuthError(
                700054 if "id_token" in name else 70005,
                "unsupported_response_type",
                f"response_type '{name}' is not enabled for the application.",
            )
        if not query.get("scope", "").strip():
            raise AuthError(
                900144, "invalid_request", "The request body must contain the following parameter: 'scope'."
            )
        challenge = query.get("code_challenge", "")
        if not challenge:
            sentence = "Proof Key for Code Exchange is required for cross-origin authorization code redemption."
            raise AuthError(9002325, "invalid_request", sentence)
        if query.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
            sentence = "The code_challenge or code_challenge_method is not valid: S256 is required."
            raise AuthError(50147, "invalid_request", sentence)
        asked = self._asked(query["scope"], client_id)
        if query.get("prompt") == "none":
            sentence = "Session information is not sufficient for single-sign-on."
            raise AuthError(50058, "login_required", sentence)
        return Checked(
            client_id=client_id,
            redirect_uri=redirect_uri,
            mode=mode,
            state=query.get("state"),
            asked=asked,
            challenge=challenge,
            nonce=query.get("nonce", ""),
            login_hint=query.get("login_hint", ""),
            wants_client_info=query.get("client_info") == "1",
        )

    def _asked(self, scope: str, client_id: str) -> Asked:
        try:
            return self._scopes.read(scope, client_id)
        except AuthError as error:
            # What the token endpoint calls an invalid grant is a question of consent while a person is present.
            if error.code == 65001:
                raise AuthError(65001, "consent_required", error.sentence) from error
            raise

    def _registered(self, client_id: str, redirect_uri: str) -> bool:
        if client_id == self._registration.microsoft_client_id:
            return self._registration.allows_redirect(redirect_uri, CALLBACK_PATH)
        # A public client's loopback addresses are registered without port; the Office host keeps its own path.
        return self._registration.allows_redirect(redirect_uri, "")

    def _sign_in(self, checked: Checked, error: str = "", hint: str = "") -> Response:
        own = checked.client_id == self._registration.microsoft_client_id
        return pages.sign_in(
            service=_SERVICE,
            company=self._company.name,
            application=_NAMES["web" if own else "host"],
            people=self._company.of_suite("microsoft"),
            hint=hint or checked.login_hint,
            error=error,
        )

    async def _answered(self, request: Request, checked: Checked) -> Response:
        back = dict(request.query_params)
        try:
            form = await read_form(request)
        except UnreadableForm as error:
            raise _Refused(AuthError(9002313, "invalid_request", "Request is malformed or invalid."), None) from error
        if form.get("decision") == "cancel":
            raise _Refused(AuthError(65004, "access_denied", "User declined to consent to access the app."), back)
        user = self._person(form)
        if user is None:
            sentence = "Your account or password is incorrect. If you don't remember your password, reset it now."
            return self._sign_in(checked, sentence, form.get("username", ""))
        code = self._grants.new_code(
            user=user,
            client_id=checked.client_id,
            redirect_uri=checked.redirect_uri,
            asked=checked.asked,
            challenge=checked.challenge,
            nonce=checked.nonce,
        )
        answer = {"code": code}
        if checked.wants_client_info:
            answer["client_info"] = client_info(user, self._company)
        if checked.state is not None:
            answer["state"] = checked.state
        answer["session_state"] = str(uuid.uuid4())
        return _redirect(checked.redirect_uri, checked.mode, answer)

    def _person(self, form: dict[str, str]) -> CompanyUser | None:
        person = form.get("person", "")
        name = form.get("username", "").strip().lower()
        for user in self._company.of_suite("microsoft"):
            if person == user.email:
                return user
            if name == user.email and secrets.compare_digest(form.get("password", "").encode(), user.password.encode()):
                return user
        return None

    def _refuse(self, refusal: _Refused, trace: Trace) -> Response:
        error = refusal.error
        description = error.description(trace, str(uuid.uuid4()))
        if refusal.back is None:
            return pages.problem(
                service=_SERVICE, title="Sorry, but we’re having trouble signing you in", sentences=[description]
            )
        answer = {"error": error.error, "error_description": description}
        if "state" in refusal.back:
            answer["state"] = refusal.back["state"]
        return _redirect(refusal.back["redirect_uri"], refusal.back.get("response_mode", "query"), answer)


def client_info(user: CompanyUser, company: Company) -> str:
    """Who signed in, as MSAL keys its cache: base64 of ``{"uid": oid, "utid": tenant}``."""
    return base64url(f'{{"uid":"{user.oid}","utid":"{company.tenant_id}"}}'.encode())


def _redirect(redirect_uri: str, mode: str, answer: dict[str, str]) -> Response:
    if mode == "form_post":
        return pages.post_back(service=_SERVICE, redirect_uri=redirect_uri, answer=answer)
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
    return RedirectResponse(f"{redirect_uri}{_MODES[mode]}{urlencode(answer)}", status_code=302, headers=headers)
