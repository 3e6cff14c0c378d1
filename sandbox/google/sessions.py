"""Who is signed in to Google in which browser: several accounts at once, in the order in which they signed in.

    no cookie ──sign in──► session with one account ──sign in once more──► … with two ──sign out──► none

A browser shows its session by a cookie of the accounts service. Gmail's pages lie at another host and have a cookie of
their own, which comes about by a hand-over: the accounts service sends the browser there with a ticket, good once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from sandbox.clock import Clock
from sandbox.seed.company import CompanyUser

COOKIE = "SANDBOX_SID"
MOST_ACCOUNTS = 10
_TICKET_LIFE = timedelta(minutes=2)


@dataclass(slots=True)
class Session:
    """One browser's. The place of an account in the list is its number in addresses (`/u/1`, `authuser=1`)."""

    id: str
    accounts: list[CompanyUser] = field(default_factory=list)


class Sessions:
    """All browsers' sessions, by the value of the cookie."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._tickets: dict[str, tuple[str, datetime]] = {}

    def of(self, request: Request) -> Session | None:
        """The session that the request's cookie stands for, if there is one with an account in it."""
        found = self._sessions.get(request.cookies.get(COOKIE, ""))
        return found if found is not None and found.accounts else None

    def enter(self, session: Session | None, user: CompanyUser) -> Session:
        """Signs a person in, beside whoever is signed in already; the first who does begins the session."""
        session = session or self._begin()
        if user not in session.accounts:
            session.accounts.append(user)
            del session.accounts[:-MOST_ACCOUNTS]
        return session

    def leave(self, session: Session) -> None:
        """Signs all accounts of the browser out, at every host."""
        self._sessions.pop(session.id, None)

    def ticket(self, session: Session) -> str:
        """For a host that is to know the session too: good once, and for two minutes."""
        value = secrets.token_urlsafe(32)
        self._tickets[value] = (session.id, self._clock.now() + _TICKET_LIFE)
        return value

    def redeemed(self, ticket: str) -> Session | None:
        session_id, until = self._tickets.pop(ticket, ("", self._clock.now()))
        return self._sessions.get(session_id) if self._clock.now() < until else None

    def _begin(self) -> Session:
        session = Session(secrets.token_urlsafe(32))
        self._sessions[session.id] = session
        return session


def remember(response: Response, session: Session) -> Response:
    """Gives the browser the session's cookie."""
    response.set_cookie(COOKIE, session.id, path="/", secure=True, httponly=True, samesite="lax")
    return response
