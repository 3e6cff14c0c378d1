"""Google's authorization endpoint: who it is, a page of checkboxes, and a code for the application.

    GET ──nobody signed in──► sign-in ──POST username, password─────┐
     ├──several, or prompt=select_account──► chooser ──POST person──┤      (POST cancel: access_denied)
     ├──one, or the one that login_hint names───────────────────────┴──► consent, a checkbox for each scope
     │                                     (none if all was allowed before, and not prompt=consent)  │
     │                                                        code ◄──POST allow─────────────────────┤
     │                                               access_denied ◄──POST deny──────────────────────┘
     └──prompt=none──► code, or login_required, account_selection_required, interaction_required (no consent yet)

A person may leave scopes out: the code is good for what was ticked. An extension may ask for an ID token alone.
https://developers.google.com/identity/openid-connect/openid-connect#authenticationuriparameters
https://developers.google.com/identity/protocols/oauth2/web-server
"""

from __future__ import annotations

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
from sandbox.google import scopes
from sandbox.google.errors import OAuthError
from sandbox.google.grants import Grants, needs_asking
from sandbox.google.issuing import ISSUER, Signer
from sandbox.google.people import person_of
from sandbox.google.policy import ClientPolicy
from sandbox.google.sessions import Session, Sessions, remember
from sandbox.registration import Registration
from sandbox.seed.company import CompanyUser

CALLBACK_PATH = "/connect/google/callback/"
_SERVICE = "Google"
_APPLICATION = "Alongside"
_EXTENSION_REDIRECT = re.compile(r"https://[a-p]{32}\.chromiumapp\.org/[A-Za-z0-9/_-]*")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_TICKET_LIFE = timedelta(minutes=30)
_KNOWN = frozenset(
    {
        "access_type",
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "enable_granular_consent",
        "hd",
        "include_granted_scopes",
        "login_hint",
        "nonce",
        "prompt",
        "redirect_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
    }
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A checked request for authorization."""

    client_id: str
    redirect_uri: str
    kind: str
    state: str | None
    asked: tuple[str, ...]
    lasting: bool
    prompts: frozenset[str]
    with_granted: bool
    challenge: str
    nonce: str
    login_hint: str
    domain: str

    def fits(self, user: CompanyUser) -> bool:
        """Whether the account is of the Workspace that `hd` names; `*` is any."""
        return not self.domain or (user.is_hosted and self.domain in ("*", user.domain))

    def hints_at(self, user: CompanyUser) -> bool:
        return bool(self.login_hint) and self.login_hint.lower() in (user.email, user.google_sub)


@dataclass(frozen=True, slots=True)
class _Ticket:
    """A person who has signed in and has not answered yet."""

    user: CompanyUser
    request: Checked
    expires: datetime


class Authorize:
    """``GET`` and ``POST /o/oauth2/v2/auth``."""

    def __init__(
        self,
        company: str,
        people: tuple[CompanyUser, ...],
        sessions: Sessions,
        clock: Clock,
        registration: Registration,
        grants: Grants,
        signer: Signer,
    ) -> None:
        self.policy = ClientPolicy()
        self._company = company
        self._people = people
        self._sessions = sessions
        self._clock = clock
        self._registration = registration
        self._grants = grants
        self._signer = signer
        self._tickets: dict[str, _Ticket] = {}

    async def __call__(self, request: Request) -> Response:
        try:
            checked = self._checked(request)
            session = self._sessions.of(request)
            if "none" in checked.prompts:
                return self._silently(checked, session)
            if request.method != "POST":
                return self._begun(checked, session)
            return self._answered(checked, session, await read_form(request))
        except OAuthError as error:
            sentences = [f"Error {error.status}: {error.error}", error.description]
            return pages.problem(
                service=_SERVICE, title="Access blocked: authorization error", sentences=sentences, status=error.status
            )
        except UnreadableForm:
            return pages.problem(service=_SERVICE, title="Something went wrong", sentences=["The form is unreadable."])

    def _checked(self, request: Request) -> Checked:
        try:
            query = single(request.query_params.multi_items())
        except UnreadableForm as error:
            raise OAuthError("invalid_request", f"OAuth 2 parameters can only have a single value: {error}") from error
        unknown = sorted(set(query) - _KNOWN)
        if unknown:
            raise OAuthError("invalid_request", f"Parameter not allowed for this message type: {unknown[0]}")
        for name in ("client_id", "redirect_uri", "response_type"):
            if not query.get(name):
                raise OAuthError("invalid_request", f"Missing required parameter: {name}")
        self._check_client(query["client_id"], query["redirect_uri"])
        kind = self._kind(query)
        return Checked(
            client_id=query["client_id"],
            redirect_uri=query["redirect_uri"],
            kind=kind,
            state=query.get("state"),
            asked=scopes.read(query.get("scope", "")),
            lasting=_one_of(query, "access_type", ("online", "offline")) == "offline",
            prompts=_prompts(query.get("prompt", "")),
            with_granted=_one_of(query, "include_granted_scopes", ("false", "true")) == "true",
            challenge=_challenge(query) if kind == "code" else "",
            nonce=query.get("nonce", ""),
            login_hint=query.get("login_hint", ""),
            domain=query.get("hd", "").lower(),
        )

    def _check_client(self, client_id: str, redirect_uri: str) -> None:
        known = self._registration
        if client_id == known.google_client_id:
            fits = known.allows_redirect(redirect_uri, CALLBACK_PATH)
        elif client_id == known.google_extension_client_id:
            fits = bool(_EXTENSION_REDIRECT.fullmatch(redirect_uri)) or redirect_uri in known.redirect_uris
        else:
            raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
        if not fits:
            sentence = "The redirect URI in the request does not match the ones authorized for the OAuth client."
            raise OAuthError("redirect_uri_mismatch", sentence)

    def _kind(self, query: dict[str, str]) -> str:
        kind = query["response_type"]
        if kind not in ("code", "id_token"):
            raise OAuthError("unsupported_response_type", f"Invalid response_type: {kind}")
        if query.get("response_mode", "query" if kind == "code" else "fragment") != (
            "query" if kind == "code" else "fragment"
        ):
            raise OAuthError("invalid_request", f"Invalid response_mode: {query['response_mode']}")
        if kind == "id_token" and query["client_id"] != self._registration.google_extension_client_id:
            raise OAuthError("unauthorized_client", "The client may not ask for an ID token without a code.")
        if kind == "id_token" and not query.get("nonce"):
            raise OAuthError("invalid_request", "Missing required parameter: nonce")
        return kind

    def _silently(self, checked: Checked, session: Session | None) -> Response:
        """Without any page: the code, or which page it would have taken."""
        accounts = _accounts(checked, session)
        hinted = [user for user in accounts if checked.hints_at(user)]
        if not accounts or (checked.login_hint and not hinted):
            return _refused(checked, "login_required")
        if not hinted and len(accounts) > 1:
            return _refused(checked, "account_selection_required")
        user = (hinted or accounts)[0]
        self.policy.check(user)
        if not self._consented(user, checked):
            return _refused(checked, "interaction_required")
        if checked.kind == "id_token":
            return self._id_token(user, checked, session)
        return self._code(user, checked, checked.asked, session, lasting=False)

    def _begun(self, checked: Checked, session: Session | None) -> Response:
        """The first page: none for somebody who is known already, the chooser, or the sign-in."""
        accounts = _accounts(checked, session)
        hinted = [user for user in accounts if checked.hints_at(user)]
        if not accounts or (checked.login_hint and not hinted):
            return self._sign_in(checked)
        if "select_account" not in checked.prompts and (hinted or len(accounts) == 1):
            return self._known(checked, session, (hinted or accounts)[0])
        return pages.choose_account(service=_SERVICE, application=_APPLICATION, accounts=accounts)

    def _sign_in(self, checked: Checked, error: str = "", hint: str = "") -> Response:
        return pages.sign_in(
            service=_SERVICE,
            company=self._company,
            application=_APPLICATION,
            people=[user for user in self._people if checked.fits(user)],
            hint=hint or checked.login_hint,
            error=error,
        )

    def _answered(self, checked: Checked, session: Session | None, form: dict[str, str]) -> Response:
        if "ticket" in form:
            return self._decided(checked, session, form)
        if form.get("decision") == "cancel":
            return _refused(checked, "access_denied")
        if form.get("decision") == "other":
            return self._sign_in(checked)
        user = person_of(self._people, form)
        if user is None:
            sentence = "Wrong password. Try again or click Forgot password to reset it."
            return self._sign_in(checked, sentence, form.get("username", ""))
        if not checked.fits(user):
            return self._sign_in(checked, f"Please sign in with your account at {checked.domain}.", user.email)
        session = self._sessions.enter(session, user)
        return remember(self._known(checked, session, user), session)

    def _known(self, checked: Checked, session: Session | None, user: CompanyUser) -> Response:
        """Somebody is signed in: the consent, unless it was given before."""
        self.policy.check(user)
        if checked.kind == "id_token":
            return self._id_token(user, checked, session)
        if self._consented(user, checked) and "consent" not in checked.prompts:
            # Nobody was asked, so there is no refresh token either: it is given with a consent only.
            return self._code(user, checked, checked.asked, session, lasting=False)
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = _Ticket(user, checked, self._clock.now() + _TICKET_LIFE)
        return self._consent(ticket, user, checked)

    def _consent(self, ticket: str, user: CompanyUser, checked: Checked) -> Response:
        choices = {scope: scopes.DESCRIPTIONS[scope] for scope in needs_asking(checked.asked)}
        fixed = [scopes.DESCRIPTIONS[scope] for scope in checked.asked if scope not in choices]
        return pages.choose(
            service=_SERVICE, application=_APPLICATION, user=user, ticket=ticket, fixed=fixed, choices=choices
        )

    def _consented(self, user: CompanyUser, checked: Checked) -> bool:
        # An ID token alone says who somebody is, which the signing in itself allows.
        allowed = self._grants.consented(user, checked.client_id)
        return checked.kind == "id_token" or allowed.issuperset(checked.asked)

    def _decided(self, checked: Checked, session: Session | None, form: dict[str, str]) -> Response:
        ticket = self._tickets.pop(form["ticket"], None)
        if ticket is None or ticket.request != checked or ticket.expires <= self._clock.now():
            return self._sign_in(checked, "Your session has ended. Sign in again.")
        if form.get("decision") != "allow":
            return _refused(checked, "access_denied")
        choices = needs_asking(checked.asked)
        ticked = {scope for scope in choices if form.get(scope) == "on"}
        given = tuple(scope for scope in checked.asked if scope not in choices or scope in ticked)
        if not given:
            return _refused(checked, "access_denied")
        return self._code(ticket.user, checked, given, session, lasting=checked.lasting)

    def _code(
        self, user: CompanyUser, checked: Checked, given: tuple[str, ...], session: Session | None, *, lasting: bool
    ) -> Response:
        code, grant = self._grants.new_code(
            user,
            checked.client_id,
            given,
            lasting=lasting,
            with_granted=checked.with_granted,
            redirect_uri=checked.redirect_uri,
            challenge=checked.challenge,
            nonce=checked.nonce,
        )
        answer = {"iss": ISSUER, "code": code, "scope": " ".join(grant.scopes)} | _whose(user, session)
        return _back(checked, answer | {"prompt": "consent" if lasting else "none"})

    def _id_token(self, user: CompanyUser, checked: Checked, session: Session | None) -> Response:
        claims = self._signer.id_claims(user, checked.client_id, checked.asked, nonce=checked.nonce)
        return _back(checked, {"id_token": self._signer.id_token(claims)} | _whose(user, session))


def _accounts(checked: Checked, session: Session | None) -> list[CompanyUser]:
    """The browser's accounts that the application would take."""
    return [user for user in session.accounts if checked.fits(user)] if session else []


def _whose(user: CompanyUser, session: Session | None) -> dict[str, str]:
    place = session.accounts.index(user) if session is not None and user in session.accounts else 0
    return {"authuser": str(place)} | ({"hd": user.domain} if user.is_hosted else {})


def _challenge(query: dict[str, str]) -> str:
    challenge = query.get("code_challenge", "")
    if not challenge:
        raise OAuthError("invalid_request", "Missing required parameter: code_challenge")
    if query.get("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "Invalid code_challenge_method: only S256 is allowed for this client.")
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "Invalid code_challenge.")
    return challenge


def _one_of(query: dict[str, str], name: str, values: tuple[str, str]) -> str:
    """The parameter's value, by default the first one."""
    value = query.get(name, values[0])
    if value not in values:
        raise OAuthError("invalid_request", f"Invalid parameter value for {name}: Invalid {name}: {value}")
    return value


def _prompts(text: str) -> frozenset[str]:
    prompts = frozenset(text.split())
    if not prompts <= {"none", "consent", "select_account"} or ("none" in prompts and len(prompts) > 1):
        raise OAuthError("invalid_request", f"Invalid parameter value for prompt: Invalid prompt: {text}")
    return prompts


def _refused(checked: Checked, error: str) -> Response:
    """What Google says of a page that nobody could be shown carries a second word."""
    silent = {"error_subtype": "access_denied"} if "none" in checked.prompts else {}
    return _back(checked, {"error": error} | silent)


def _back(checked: Checked, answer: dict[str, str]) -> Response:
    state = {} if checked.state is None else {"state": checked.state}
    mark = "?" if checked.kind == "code" else "#"
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
    return RedirectResponse(
        f"{checked.redirect_uri}{mark}{urlencode(state | answer)}", status_code=302, headers=headers
    )
