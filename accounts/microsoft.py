"""Microsoft's identity platform: checking the access token that a pane brings, and trading it for Graph's.

    pane's token ──► signature ──► rules ──► Identity (tenant id, object id): who it is, never by address
                └──► on-behalf-of, MSAL ──► tokens for Graph, in a cache that the token broker keeps

https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
import msal
import requests
from django.conf import settings
from django.utils import timezone
from msal.exceptions import MsalError

from accounts import http
from accounts.errors import ProviderUnavailable

SYSTEM: Final = "microsoft"
SKEW_SECONDS: Final = 300
KEYS_FOR_SECONDS: Final = 12 * 3600
REFETCH_AFTER_SECONDS: Final = 60
DISCOVERY_FOR_SECONDS: Final = 24 * 3600
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class TokenRefused(Exception):
    """An access token that is not one for us. `rule` names the check it failed; for logs."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class GrantRefused(Exception):
    """The assertion or refresh token is not, or no longer, good, or the person has to consent."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a checked token is of. `name` and `username` are what Microsoft shows, good for labels only."""

    tenant_id: str
    oid: str
    name: str
    username: str


@dataclass(frozen=True, slots=True, repr=False)
class GraphTokens:
    """`cache` is MSAL's token cache as JSON; the refresh token lives in it."""

    access_token: str
    expires_at: datetime
    cache: str


class SigningKeys:
    """The cloud's public keys, kept for half a day; a key id that is not among them is looked for once a minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._url = ""
        self._keys: dict[str, dict[str, Any]] = {}
        self._asked = self._fetched = float("-inf")

    def get(self, kid: str) -> dict[str, Any]:
        """The JWK with that id. Raises TokenRefused, or ProviderUnavailable where there are no keys at all."""
        url = f"{settings.MICROSOFT_LOGIN_URL}/common/discovery/v2.0/keys"
        with self._lock:
            now = time.monotonic()
            if url != self._url:
                self._url, self._keys, self._asked, self._fetched = url, {}, float("-inf"), float("-inf")
            stale = now - self._fetched > KEYS_FOR_SECONDS
            if (kid not in self._keys or stale) and now - self._asked > REFETCH_AFTER_SECONDS:
                self._asked = now
                found = _fetch_keys(url)
                if found:
                    self._keys, self._fetched = found, now
            if not self._keys:
                self._asked = float("-inf")
                raise ProviderUnavailable(SYSTEM)
            if kid not in self._keys:
                raise TokenRefused("kid")
            return self._keys[kid]

    def forget(self) -> None:
        with self._lock:
            self._url = ""


signing_keys = SigningKeys()


def check_access_token(token: str, *, is_provisioned: Callable[[str], bool]) -> Identity:
    """Who an access token for our own scope is of. `is_provisioned(tenant id)` says whether a tenant is known.

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
    jwk = signing_keys.get(kid)
    if jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig":
        raise TokenRefused("kid")
    try:
        claims = jwt.decode(
            token,
            jwt.PyJWK(jwk, algorithm="RS256"),
            algorithms=["RS256"],
            audience=settings.MICROSOFT_CLIENT_ID,
            leeway=SKEW_SECONDS,
            options={"require": ["exp", "nbf", "aud", "iss"], "verify_iat": False, "strict_aud": True},
        )
    except jwt.MissingRequiredClaimError as error:
        raise TokenRefused(error.claim) from None
    except jwt.PyJWTError as error:
        raise TokenRefused(_RULES.get(type(error), "malformed")) from None
    return _identity(claims, jwk, is_provisioned)


_RULES: Final[dict[type[Exception], str]] = {
    jwt.InvalidSignatureError: "signature",
    jwt.ExpiredSignatureError: "exp",
    jwt.ImmatureSignatureError: "nbf",
    jwt.InvalidAudienceError: "aud",
    jwt.InvalidAlgorithmError: "alg",
}


def _identity(claims: dict[str, Any], jwk: dict[str, Any], is_provisioned: Callable[[str], bool]) -> Identity:
    tenant_id, oid = str(claims.get("tid", "")), str(claims.get("oid", ""))
    issuer = f"{settings.MICROSOFT_LOGIN_URL}/{tenant_id}/v2.0"
    rules = (
        ("ver", claims.get("ver") == "2.0"),
        ("tid", bool(_GUID.fullmatch(tenant_id))),
        ("iss", claims["iss"] == issuer),
        ("iss", str(jwk.get("issuer") or issuer).replace("{tenantid}", tenant_id) == issuer),
        ("idtyp", claims.get("idtyp", "user") == "user"),
        ("scp", settings.MICROSOFT_SCOPE.rpartition("/")[2] in str(claims.get("scp", "")).split()),
        ("azp", claims.get("azp") in {settings.MICROSOFT_CLIENT_ID, *settings.MICROSOFT_CLIENT_IDS}),
        ("oid", bool(_GUID.fullmatch(oid))),
    )
    for rule, holds in rules:
        if not holds:
            raise TokenRefused(rule)
    if not is_provisioned(tenant_id.lower()):
        raise TokenRefused("tenant")
    return Identity(
        tenant_id.lower(), oid.lower(), str(claims.get("name", "")), str(claims.get("preferred_username", ""))
    )


def on_behalf_of(identity: Identity, assertion: str) -> GraphTokens:
    """Tokens for Graph in the name of who brought the assertion. Raises GrantRefused, ProviderUnavailable."""
    cache = msal.SerializableTokenCache()
    answer = _asking(identity.tenant_id, cache, lambda app: app.acquire_token_on_behalf_of(assertion, _graph_scopes()))
    told = answer.get("id_token_claims") or {}
    if (str(told.get("tid", "")).lower(), str(told.get("oid", "")).lower()) != (identity.tenant_id, identity.oid):
        raise GrantRefused
    return _graph_tokens(answer, cache)


def renew(tenant_id: str, cache_json: str) -> GraphTokens:
    """Newer tokens for Graph out of MSAL's cache. Raises GrantRefused, ProviderUnavailable."""
    cache = msal.SerializableTokenCache()
    if cache_json:
        cache.deserialize(cache_json)

    def ask(app: Any) -> Any:
        accounts = app.get_accounts()
        if not accounts:
            return None
        return app.acquire_token_silent_with_error(_graph_scopes(), account=accounts[0], force_refresh=True)

    return _graph_tokens(_asking(tenant_id, cache, ask), cache)


def _graph_scopes() -> list[str]:
    """All of Graph that the tenant's administrator has consented to for our application."""
    return [f"{settings.MICROSOFT_GRAPH_URL}/.default"]


def _asking(tenant_id: str, cache: Any, ask: Any) -> dict[str, Any]:
    try:
        app = msal.ConfidentialClientApplication(
            settings.MICROSOFT_CLIENT_ID,
            client_credential=settings.MICROSOFT_CLIENT_SECRET,
            authority=f"{settings.MICROSOFT_LOGIN_URL}/{tenant_id}",
            instance_discovery=False,  # the authority is an administrator's setting: nobody has to vouch for it
            token_cache=cache,
            http_client=_msal_http,
        )
        answer = ask(app)
    except _NO_ANSWER as error:
        raise ProviderUnavailable(SYSTEM) from error
    if not answer:
        raise GrantRefused
    if "access_token" in answer:
        return dict(answer)
    if answer.get("error") in ("invalid_grant", "interaction_required", "consent_required"):
        raise GrantRefused
    raise ProviderUnavailable(SYSTEM)


def _graph_tokens(answer: dict[str, Any], cache: Any) -> GraphTokens:
    expires_at = timezone.now() + timedelta(seconds=int(answer.get("expires_in") or 0))
    return GraphTokens(answer["access_token"], expires_at, cache.serialize())


#: What MSAL raises where Microsoft did not answer, or not with what it understands.
_NO_ANSWER: Final = (requests.RequestException, http.TargetRefused, MsalError, RuntimeError, ValueError)


class _MsalHttp:
    """Our HTTP policy as MSAL calls it; discovery documents are asked for once a day, not for each application."""

    def __init__(self) -> None:
        self._documents: dict[str, tuple[float, requests.Response]] = {}

    def get(self, url: str, **kwargs: Any) -> requests.Response:
        until, kept = self._documents.get(url, (0.0, None))
        if kept is not None and until > time.monotonic():
            return kept
        answer = http.requests_session().get(url, **kwargs)
        if answer.status_code == 200 and url.endswith("/.well-known/openid-configuration"):
            self._documents[url] = (time.monotonic() + DISCOVERY_FOR_SECONDS, answer)
        return answer

    def post(self, url: str, **kwargs: Any) -> requests.Response:
        return http.requests_session().post(url, **kwargs)

    def close(self) -> None:
        """MSAL closes its client; ours is the process's."""


_msal_http = _MsalHttp()


def _fetch_keys(url: str) -> dict[str, dict[str, Any]]:
    try:
        answer = http.requests_session().get(url)
        rows = answer.json().get("keys", []) if answer.status_code == 200 else []
    except (requests.RequestException, http.TargetRefused, ValueError, AttributeError):
        return {}
    return {row["kid"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("kid"), str)}
