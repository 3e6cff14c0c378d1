"""What Google has given and will accept back: codes, access tokens, refresh tokens, and what they hang on.

    consent of a person to an application ──┬── grant (scopes) ──┬── code (used once, ≤ 10 min)
      (revoked: all of it ends)             └── grant …          ├── access tokens (an hour)
                                                                 └── refresh token, for offline access

A refresh token does not rotate. It ends when it is revoked, has not been used for six months, or when a person has
more than a hundred of one application: then the oldest goes without a word. A code that is used twice ends its grant.
https://developers.google.com/identity/protocols/oauth2#expiration
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.clock import Clock
from sandbox.google.scopes import SIGN_IN
from sandbox.seed.company import CompanyUser

CODE_LIFE = timedelta(minutes=10)
ACCESS_LIFE = 3599
UNUSED_LIFE = timedelta(days=182)
MOST_REFRESH_TOKENS = 100


@dataclass(slots=True)
class Consent:
    """What a person has allowed an application so far; ``refresh`` are its refresh tokens, oldest first."""

    scopes: dict[str, None] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    refresh: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Grant:
    """One answer to one request for authorization. ``scopes`` are those that its tokens carry."""

    user: CompanyUser
    client_id: str
    scopes: tuple[str, ...]
    lasting: bool
    used: datetime
    revoked: bool = False


@dataclass(slots=True)
class Code:
    grant: Grant
    redirect_uri: str
    challenge: str
    nonce: str
    expires: datetime
    used: bool = False


@dataclass(frozen=True, slots=True)
class AccessToken:
    grant: Grant
    scopes: tuple[str, ...]
    expires: datetime


class Grants:
    """All codes and tokens of the accounts service."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._consents: dict[tuple[str, str], Consent] = {}
        self._codes: dict[str, Code] = {}
        self._access: dict[str, AccessToken] = {}
        self._refresh: dict[str, Grant] = {}

    def consented(self, user: CompanyUser, client_id: str) -> frozenset[str]:
        """What the person has allowed the application before."""
        found = self._consents.get((user.email, client_id))
        return frozenset(found.scopes) if found else frozenset()

    def new_code(
        self,
        user: CompanyUser,
        client_id: str,
        scopes: tuple[str, ...],
        *,
        lasting: bool,
        with_granted: bool,
        redirect_uri: str,
        challenge: str,
        nonce: str,
    ) -> tuple[str, Grant]:
        """A code for the scopes that were allowed just now, ``with_granted`` also for those allowed before."""
        consent = self._consents.setdefault((user.email, client_id), Consent())
        before = tuple(consent.scopes)
        consent.scopes.update(dict.fromkeys(scopes))
        carried = tuple(dict.fromkeys((*scopes, *before))) if with_granted else scopes
        grant = Grant(user, client_id, carried, lasting, self._clock.now())
        consent.grants.append(grant)
        value = f"4/0A{secrets.token_urlsafe(54)}"
        self._codes[value] = Code(grant, redirect_uri, challenge, nonce, self._clock.now() + CODE_LIFE)
        return value, grant

    def code(self, value: str) -> Code | None:
        return self._codes.get(value)

    def is_over(self, code: Code) -> bool:
        return code.expires <= self._clock.now()

    def new_access_token(self, grant: Grant, scopes: tuple[str, ...] = ()) -> str:
        """An access token for all scopes of the grant, or for ``scopes`` alone."""
        grant.used = self._clock.now()
        value = f"ya29.a0{secrets.token_urlsafe(140)}"
        self._access[value] = AccessToken(grant, scopes or grant.scopes, grant.used + timedelta(seconds=ACCESS_LIFE))
        return value

    def access_token(self, value: str) -> AccessToken | None:
        """A token that is known, not over and not revoked."""
        found = self._access.get(value)
        if found is None or found.grant.revoked or found.expires <= self._clock.now():
            return None
        return found

    def new_refresh_token(self, grant: Grant) -> str:
        consent = self._consents[(grant.user.email, grant.client_id)]
        value = f"1//0{secrets.token_urlsafe(72)}"
        self._refresh[value] = grant
        consent.refresh.append(value)
        while len(consent.refresh) > MOST_REFRESH_TOKENS:
            del self._refresh[consent.refresh.pop(0)]
        return value

    def by_refresh_token(self, value: str) -> Grant | None:
        """The grant of a refresh token that still holds."""
        grant = self._refresh.get(value)
        if grant is None or grant.revoked or self._clock.now() - grant.used > UNUSED_LIFE:
            return None
        return grant

    def end(self, grant: Grant) -> None:
        """A single grant ends; what else was allowed stays."""
        grant.revoked = True

    def end_access_token(self, value: str) -> None:
        """A single access token ends before its time."""
        self._access.pop(value, None)

    def revoke(self, value: str) -> bool:
        """Take back all that the person has allowed the application; False for a token that nobody knows."""
        access = self.access_token(value)
        grant = access.grant if access else self.by_refresh_token(value)
        if grant is None:
            return False
        self.withdraw(grant.user.email, grant.client_id)
        return True

    def withdraw(self, email: str, client_id: str) -> None:
        """The person takes the application off the list of their account's connections."""
        consent = self._consents.pop((email, client_id), Consent())
        for grant in consent.grants:
            grant.revoked = True

    def ask_again(self, email: str, client_id: str) -> None:
        """The next page asks for consent as if it were the first one; what was granted before stays."""
        if (email, client_id) in self._consents:
            self._consents[email, client_id].scopes.clear()


def needs_asking(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes that a person may tick or leave out."""
    return tuple(scope for scope in scopes if scope not in SIGN_IN)
