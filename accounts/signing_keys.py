"""Tokens that somebody else signed (JWT, RS256), checked against the keys that the signer publishes.

    token ──► header: RS256, a key id ──► key, kept for half a day ──► signature, audience, times ──► claims

A key id that is not among the keys at hand is looked for at most once a minute, whoever asks: forged ids cost nothing.
While one thread looks, the others go on with the keys at hand.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import jwt
import requests

from accounts import http
from accounts.errors import ProviderUnavailable

KEYS_FOR_SECONDS: Final = 12 * 3600
REFETCH_AFTER_SECONDS: Final = 60
_NEVER: Final = float("-inf")


class TokenRefused(Exception):
    """A token that is not one for us. `rule` names the check it failed; for logs."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class SigningKeys:
    """The public keys of one signer. `address` is asked for each time: it is a setting."""

    def __init__(self, address: Callable[[], str], system: str) -> None:
        self._address = address
        self._system = system
        self._fetching = threading.Lock()
        self._lock = threading.Lock()
        self._url = ""
        self._keys: dict[str, dict[str, Any]] = {}
        self._asked = self._fetched = _NEVER

    def get(self, kid: str) -> dict[str, Any]:
        """The JWK with that id. Raises TokenRefused, or ProviderUnavailable where there are no keys at all."""
        found, wanted = self._at_hand(kid)
        if wanted and self._fetching.acquire(blocking=found is None):
            try:
                found, wanted = self._at_hand(kid)
                if wanted:
                    self._fetch()
                    found, _ = self._at_hand(kid)
            finally:
                self._fetching.release()
        if found is not None:
            return found
        with self._lock:
            if self._keys:
                raise TokenRefused("kid")
            self._asked = _NEVER
        raise ProviderUnavailable(self._system)

    def forget(self) -> None:
        with self._lock:
            self._url = ""

    def _at_hand(self, kid: str) -> tuple[dict[str, Any] | None, bool]:
        """(the key or None, whether the signer should be asked now)."""
        with self._lock:
            url, now = self._address(), time.monotonic()
            if url != self._url:
                self._url, self._keys, self._asked, self._fetched = url, {}, _NEVER, _NEVER
            stale = now - self._fetched > KEYS_FOR_SECONDS
            found = self._keys.get(kid)
            return found, (found is None or stale) and now - self._asked > REFETCH_AFTER_SECONDS

    def _fetch(self) -> None:
        with self._lock:
            url = self._url
            self._asked = time.monotonic()
        found = _published(url)
        with self._lock:
            if found and url == self._url:
                self._keys, self._fetched = found, time.monotonic()


def verified_claims(
    token: str, keys: SigningKeys, *, audience: str, skew_seconds: int, require: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(claims, JWK) of a token whose signature, audience and times are right.

    Raises TokenRefused, ProviderUnavailable.
    """
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, RecursionError):
        raise TokenRefused("malformed") from None
    if header.get("alg") != "RS256":
        raise TokenRefused("alg")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise TokenRefused("kid")
    jwk = keys.get(kid)
    if jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig":
        raise TokenRefused("kid")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _public_key(str(jwk.get("n", "")), str(jwk.get("e", ""))),
            algorithms=["RS256"],
            audience=audience,
            leeway=skew_seconds,
            options={"require": list(require), "verify_iat": False, "strict_aud": True},
        )
    except jwt.MissingRequiredClaimError as error:
        raise TokenRefused(error.claim) from None
    except jwt.PyJWTError as error:
        raise TokenRefused(_RULES.get(type(error), "malformed")) from None
    return claims, jwk


@lru_cache(maxsize=64)
def _public_key(modulus: str, exponent: str) -> jwt.PyJWK:
    """Reading a key costs more than checking a signature with it."""
    return jwt.PyJWK({"kty": "RSA", "n": modulus, "e": exponent}, algorithm="RS256")


_RULES: Final[dict[type[Exception], str]] = {
    jwt.InvalidSignatureError: "signature",
    jwt.ExpiredSignatureError: "exp",
    jwt.ImmatureSignatureError: "nbf",
    jwt.InvalidAudienceError: "aud",
    jwt.InvalidAlgorithmError: "alg",
}


def _published(url: str) -> dict[str, dict[str, Any]]:
    try:
        answer = http.requests_session().get(url)
        rows = answer.json().get("keys", []) if answer.status_code == 200 else []
    except (requests.RequestException, http.TargetRefused, ValueError, AttributeError):
        return {}
    return {row["kid"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("kid"), str)}
