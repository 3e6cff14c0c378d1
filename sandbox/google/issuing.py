"""What Google signs: ID tokens for applications, and the tokens by which Pub/Sub proves its pushes.

Both are RS256 with a key of the published set, which is turned over from time to time: the next key is published
before it signs, and the last one stays published for a while.
https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.clock import Clock
from sandbox.google.orders import Orders
from sandbox.google.scopes import EMAIL, PROFILE
from sandbox.registration import Registration
from sandbox.seed.company import CompanyUser
from sandbox.signing import SigningKey, base64url, read_claims

ISSUER = "https://accounts.google.com"
LIFE = 3600


class Signer:
    """Signs with the present key. ``keys`` is the published set: the last, the present and the next one."""

    def __init__(self, clock: Clock, registration: Registration) -> None:
        self._clock = clock
        self._registration = registration
        self.orders = Orders()
        self.present = registration.google_key
        self.next = registration.google_next_key
        self.last: SigningKey | None = None

    @property
    def keys(self) -> list[SigningKey]:
        return [key for key in (self.last, self.present, self.next) if key is not None]

    def rotate(self, *, at_once: bool = False) -> None:
        """The next key signs from now on, a fresh one is published, and the one before the last is forgotten.

        ``at_once`` is for a key that has leaked: one that nobody has seen yet signs, and no key of before is published.
        """
        fresh = SigningKey(rsa.generate_private_key(public_exponent=65537, key_size=2048))
        if at_once:
            self.last, self.present = None, fresh
            fresh = SigningKey(rsa.generate_private_key(public_exponent=65537, key_size=2048))
        else:
            self.last, self.present = self.present, self.next
        self.next = fresh

    def id_claims(
        self, user: CompanyUser, client_id: str, scopes: tuple[str, ...], *, nonce: str = "", access_token: str = ""
    ) -> dict[str, Any]:
        """The claims of a good ID token."""
        now = self._clock.timestamp()
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "azp": client_id,
            "aud": client_id,
            "sub": user.google_sub,
            "iat": now,
            "exp": now + LIFE,
        }
        if user.is_hosted:
            claims["hd"] = user.domain
        if EMAIL in scopes:
            claims |= {"email": user.email, "email_verified": user.is_verified}
        if PROFILE in scopes:
            given, _, family = user.name.partition(" ")
            claims |= {"name": user.name, "given_name": given, "family_name": family}
        if access_token:
            claims["at_hash"] = base64url(hashlib.sha256(access_token.encode()).digest()[:16])
        if nonce:
            claims["nonce"] = nonce
        return claims

    def push_claims(self, audience: str) -> dict[str, Any]:
        """The claims of a good token of a Pub/Sub push.

        They follow the real time: whoever receives a push has no other clock, also when a test has moved this one.
        """
        now = int(time.time())
        account = self._registration.google_push_service_account
        return {
            "aud": audience,
            "azp": push_subject(account),
            "email": account,
            "email_verified": True,
            "exp": now + LIFE,
            "iat": now,
            "iss": ISSUER,
            "sub": push_subject(account),
        }

    def sign(self, claims: dict[str, Any]) -> str:
        return self.present.sign(claims)

    def id_token(self, claims: dict[str, Any]) -> str:
        """The ID token over these claims, or over what a test has ordered in their place."""
        order = self.orders.take()
        if order is None:
            return self.sign(claims)
        keys = {"next": self.next, "last": self.last, "foreign": self._registration.foreign_key}
        key = keys.get(order.key) or self.present
        return order.sealed(key.sign(order.changed(claims), order.header(), order.alg))

    def verified(self, token: str) -> dict[str, Any] | None:
        """The header and claims of a token that a published key has signed and that is not over, as one dictionary."""
        keys = {key.kid: key for key in self.keys}
        try:
            header = jwt.get_unverified_header(token)
            claims = read_claims(token, keys[header["kid"]].public_key)
        except (jwt.InvalidTokenError, KeyError):
            return None
        if not isinstance(claims.get("exp"), int) or claims["exp"] <= self._clock.timestamp():
            return None
        return {**claims, **{name: header[name] for name in ("alg", "kid", "typ") if name in header}}


def push_subject(service_account: str) -> str:
    """The numeric id of a service account."""
    return f"1{int(hashlib.sha256(service_account.encode()).hexdigest(), 16) % 10**20:020d}"
