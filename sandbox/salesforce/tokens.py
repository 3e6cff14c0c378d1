"""Codes, access tokens and refresh tokens of the sandbox's Salesforce org.

    code ──(redeemed once, ≤ 15 min)──► family ──► access token (2 h)
                                          │  ▲
                          refresh token ──┘  └── the next refresh token
    an old refresh token, a second use of a code, or revocation ──► the whole family ends

https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_refresh_token_rotation.htm
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.clock import Clock

CODE_LIFE = timedelta(minutes=15)
ACCESS_LIFE = timedelta(hours=2)
REFRESH_LIFE = timedelta(days=90)
_LETTERS = string.ascii_letters + string.digits + "._"


@dataclass(slots=True)
class Family:
    """What one approval gave: every token that descends from it lives and ends with it."""

    user_id: str
    scopes: tuple[str, ...]
    refresh_token: str = ""
    revoked: bool = False
    access_tokens: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Code:
    """An authorization code and what it was given for."""

    user_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    nonce: str
    expires: datetime
    family: Family | None = None


class Tokens:
    """All codes and tokens that were handed out. ``org_id`` begins each access token, as in a real org."""

    def __init__(self, clock: Clock, org_id: str) -> None:
        self._clock = clock
        self._org_id = org_id
        self._codes: dict[str, Code] = {}
        self._families: dict[str, Family] = {}
        self._access: dict[str, tuple[Family, datetime]] = {}
        self._refresh_issued: dict[str, datetime] = {}

    def user_id_for(self, access_token: str) -> str | None:
        """The 18-character user id behind a valid access token, else None."""
        found = self._access.get(access_token)
        if found is None or found[0].revoked or found[1] <= self._clock.now():
            return None
        return found[0].user_id

    def scopes_for(self, access_token: str) -> tuple[str, ...]:
        """The scopes of a valid access token; empty when it is not valid."""
        return self._access[access_token][0].scopes if self.user_id_for(access_token) else ()

    def new_code(self, *, user_id: str, redirect_uri: str, scopes: tuple[str, ...], challenge: str, nonce: str) -> str:
        code = "aPrx" + _random(76)
        expires = self._clock.now() + CODE_LIFE
        self._codes[code] = Code(user_id, redirect_uri, scopes, challenge, nonce, expires)
        return code

    def code(self, value: str) -> Code | None:
        return self._codes.get(value)

    def code_expired(self, code: Code) -> bool:
        return code.expires <= self._clock.now()

    def redeem(self, code: Code, *, lasting: bool) -> Family:
        """The family that a code gives; ``lasting`` adds a refresh token."""
        code.family = self.new_family(code.user_id, code.scopes, lasting=lasting)
        return code.family

    def new_family(self, user_id: str, scopes: tuple[str, ...], *, lasting: bool) -> Family:
        family = Family(user_id, scopes)
        if lasting:
            self._rotate(family)
        return family

    def new_access_token(self, family: Family) -> str:
        token = f"{self._org_id[:15]}!AQ{_random(94)}"
        family.access_tokens.add(token)
        self._access[token] = (family, self._clock.now() + ACCESS_LIFE)
        return token

    def family_of(self, refresh_token: str) -> Family | None:
        return self._families.get(refresh_token)

    def refresh_expired(self, refresh_token: str) -> bool:
        return self._clock.now() - self._refresh_issued[refresh_token] >= REFRESH_LIFE

    def refresh(self, family: Family, refresh_token: str) -> bool:
        """Rotate. False, and the family has ended, when the token was used before."""
        if family.revoked or refresh_token != family.refresh_token:
            self.revoke(family)
            return False
        self._rotate(family)
        return True

    def revoke(self, family: Family) -> None:
        """End a family: its refresh token and each of its access tokens."""
        family.revoked = True
        for token in family.access_tokens:
            self._access.pop(token, None)
        family.access_tokens.clear()

    def revoke_access_token(self, access_token: str) -> bool:
        """End one access token and leave its family alone; False when it was not valid."""
        if self.user_id_for(access_token) is None:
            return False
        family, _ = self._access.pop(access_token)
        family.access_tokens.discard(access_token)
        return True

    def _rotate(self, family: Family) -> None:
        family.refresh_token = "5Aep861" + _random(80)
        self._families[family.refresh_token] = family
        self._refresh_issued[family.refresh_token] = self._clock.now()


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
