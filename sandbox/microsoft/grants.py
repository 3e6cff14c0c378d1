"""What the identity platform has given and will accept back: authorization codes, refresh tokens, assertions.

    code ──(redeemed once, ≤ 10 min)──► session ──► refresh token ──(each use gives another)──► refresh token …

Older refresh tokens of a session stay valid, as in the real service, until the session is revoked; a code that is
used twice revokes it. https://learn.microsoft.com/entra/identity-platform/refresh-tokens
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.clock import Clock
from sandbox.microsoft.scopes import Asked
from sandbox.seed.company import CompanyUser

CODE_LIFE = timedelta(minutes=10)
REFRESH_LIFE = timedelta(days=90)


@dataclass(slots=True)
class Session:
    """A user's approval of a client, on which refresh tokens hang."""

    user: CompanyUser
    client_id: str
    revoked: bool = False


@dataclass(slots=True)
class Code:
    """An authorization code and what it was given for."""

    user: CompanyUser
    client_id: str
    redirect_uri: str
    asked: Asked
    challenge: str
    nonce: str
    expires: datetime
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    session: Session
    expires: datetime


class Grants:
    """All codes, refresh tokens and client assertions of the tenant."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._codes: dict[str, Code] = {}
        self._refresh: dict[str, RefreshToken] = {}
        self._assertions: dict[str, str] = {}

    def new_code(
        self, *, user: CompanyUser, client_id: str, redirect_uri: str, asked: Asked, challenge: str, nonce: str
    ) -> str:
        value = "1.AXkA" + secrets.token_urlsafe(96)
        self._codes[value] = Code(user, client_id, redirect_uri, asked, challenge, nonce, self._clock.now() + CODE_LIFE)
        return value

    def code(self, value: str) -> Code | None:
        return self._codes.get(value)

    def expired(self, grant: Code | RefreshToken) -> bool:
        return grant.expires <= self._clock.now()

    def new_refresh_token(self, session: Session) -> str:
        value = "1.AXkA" + secrets.token_urlsafe(120)
        self._refresh[value] = RefreshToken(session, self._clock.now() + REFRESH_LIFE)
        return value

    def refresh_token(self, value: str) -> RefreshToken | None:
        return self._refresh.get(value)

    def revoke(self, refresh_token: str) -> None:
        """End the session on which a refresh token hangs."""
        found = self._refresh.get(refresh_token)
        if found is not None:
            found.session.revoked = True

    def remember_assertion(self, jti: str, assertion: str) -> bool:
        """False when another assertion has carried this id. The same assertion may come again while it is valid:
        MSAL keeps one for ten minutes."""
        return self._assertions.setdefault(jti, assertion) == assertion
