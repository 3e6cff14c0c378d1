"""Signing in to a Google service in the browser, as Gmail asks for it: no application and no consent are in it.

Gmail ──no session──► /ServiceLogin ──► sign-in page ──► Gmail's /accounts/SetOSID with a ticket ──► Gmail
                       /AddSession: the same for one more account       /Logout: out everywhere
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox import pages
from sandbox.authority import WEBMAIL_HOST
from sandbox.forms import UnreadableForm, read_form
from sandbox.google.people import person_of
from sandbox.google.sessions import COOKIE, Session, Sessions, remember
from sandbox.seed.company import CompanyUser

HAND_OVER_PATH = "/accounts/SetOSID"
_SERVICE = "Google"


class ServiceLogin:
    """``webmail_url`` is where the pages of Gmail lie besides their own host."""

    def __init__(self, company: str, people: Iterable[CompanyUser], sessions: Sessions, webmail_url: str) -> None:
        self._company = company
        self._people = tuple(people)
        self._sessions = sessions
        self._origins = (f"https://{WEBMAIL_HOST}", webmail_url)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/ServiceLogin", self._sign_in, methods=["GET", "POST"]),
            Route("/AddSession", self._sign_in, methods=["GET", "POST"]),
            Route("/Logout", self._sign_out, methods=["GET"]),
        ]

    async def _sign_in(self, request: Request) -> Response:
        target = self._target(request)
        if target is None:
            return _wrong()
        session = self._sessions.of(request)
        if request.method == "GET":
            if session is not None and request.url.path == "/ServiceLogin":
                return self._handed_over(session, target)
            return self._page(request.query_params.get("Email", ""))
        try:
            form = await read_form(request)
        except UnreadableForm:
            return _wrong()
        if form.get("decision") == "cancel":
            return RedirectResponse(target, 302) if session else self._page("")
        user = person_of(self._people, form)
        if user is None:
            return self._page(
                form.get("username", ""), "Wrong password. Try again or click Forgot password to reset it."
            )
        session = self._sessions.enter(session, user)
        return remember(self._handed_over(session, target, session.accounts.index(user)), session)

    async def _sign_out(self, request: Request) -> Response:
        target = self._target(request)
        if target is None:
            return _wrong()
        session = self._sessions.of(request)
        if session is not None:
            self._sessions.leave(session)
        response = RedirectResponse(f"/ServiceLogin?{urlencode({'service': 'mail', 'continue': target})}", 302)
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return response

    def _page(self, hint: str, error: str = "") -> Response:
        return pages.sign_in(
            service=_SERVICE,
            company=self._company,
            application="Gmail",
            people=self._people,
            hint=hint,
            error=error,
        )

    def _target(self, request: Request) -> str | None:
        """Where to go on: a page of Gmail and nothing else, so that no link leads elsewhere from here."""
        wanted = request.query_params.get("continue", f"{self._origins[0]}/mail/u/0/")
        try:
            parts = urlsplit(wanted)
        except ValueError:
            return None
        return (
            wanted if f"{parts.scheme}://{parts.netloc}" in self._origins and parts.path.startswith("/mail/") else None
        )

    def _handed_over(self, session: Session, target: str, authuser: int = 0) -> Response:
        parts = urlsplit(target)
        asked = {"osidt": self._sessions.ticket(session), "continue": target, "authuser": str(authuser)}
        return RedirectResponse(f"{parts.scheme}://{parts.netloc}{HAND_OVER_PATH}?{urlencode(asked)}", 302)


def _wrong() -> Response:
    return pages.problem(
        service=_SERVICE, title="Something went wrong", sentences=["The link leads to no Google page."]
    )
