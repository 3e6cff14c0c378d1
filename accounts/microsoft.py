"""Microsoft's identity platform: checking the access token that a pane brings, and trading it for Graph's.

    pane's token ──► signature ──► rules ──► Identity (tenant id, object id): who it is, never by address
                └──► on-behalf-of, MSAL ──► tokens for Graph, in a cache that the token broker keeps

https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msal
import requests
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from msal.exceptions import MsalError

from accounts import http
from accounts.errors import ProviderUnavailable
from accounts.signing_keys import SigningKeys, verified_claims
from accounts.signing_keys import TokenRefused as TokenRefused

SYSTEM: Final = "microsoft"
SKEW_SECONDS: Final = 300
DISCOVERY_FOR_SECONDS: Final = 24 * 3600
#: Whose tenant it is, is known only after the sign-in: the token says it, and is refused where it is not provisioned.
_ANY_TENANT: Final = "organizations"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


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


@dataclass(frozen=True, slots=True, repr=False)
class Certificate:
    """What our application proves itself with where nobody signs in: both as PEM."""

    private_key: str
    certificate: str


def _keys_url() -> str:
    return f"{settings.MICROSOFT_LOGIN_URL}/common/discovery/v2.0/keys"


signing_keys = SigningKeys(_keys_url, SYSTEM)


def check_access_token(token: str, *, is_provisioned: Callable[[str], bool]) -> Identity:
    """Who an access token for our own scope is of. `is_provisioned(tenant id)` says whether a tenant is known.

    Raises TokenRefused, ProviderUnavailable.
    """
    claims, jwk = verified_claims(
        token,
        signing_keys,
        audience=settings.MICROSOFT_CLIENT_ID,
        skew_seconds=SKEW_SECONDS,
        require=["exp", "nbf", "aud", "iss"],
    )
    return _identity(claims, jwk, is_provisioned)


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


def own_scope() -> str:
    """Our own scope as a client asks for it: with its resource, by our application's id where the setting has none."""
    scope: str = settings.MICROSOFT_SCOPE
    return scope if "/" in scope else f"{settings.MICROSOFT_CLIENT_ID}/{scope}"


def begin_sign_in(state: str) -> dict[str, Any]:
    """What MSAL has to remember of a sign-in in a browser, with PKCE and a nonce. Raises ProviderUnavailable."""
    try:
        return dict(
            _application(_ANY_TENANT).initiate_auth_code_flow(
                [own_scope()], redirect_uri=sign_in_redirect(), state=state, prompt="select_account"
            )
        )
    except _NO_ANSWER as error:
        raise ProviderUnavailable(SYSTEM) from error


def sign_in_redirect() -> str:
    """Where Microsoft sends the browser back to; registered with our application."""
    return f"{settings.ALONGSIDE_PUBLIC_URL}{reverse('sign-in-callback')}"


def sign_in_address(flow: dict[str, Any]) -> str:
    """Where the browser is sent: Microsoft's own address, or what stands before it beside a sandbox."""
    address: str = flow["auth_uri"]
    return settings.MICROSOFT_AUTHORIZE_URL + address.removeprefix(settings.MICROSOFT_LOGIN_URL)


def finish_sign_in(flow: dict[str, Any], answer: dict[str, str]) -> str:
    """The access token for our own scope; it is checked as any other. Raises GrantRefused, ProviderUnavailable."""
    told = _asking(
        _ANY_TENANT,
        msal.TokenCache(),
        lambda app: app.acquire_token_by_auth_code_flow(flow, answer),
        refused=_SIGN_IN_REFUSED,
    )
    return str(told["access_token"])


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


def app_only(tenant_id: str, client_id: str, certificate: Certificate) -> GraphTokens:
    """A token for Graph as our application itself, for all mailboxes that the tenant lets it reach; no cache.

    Raises GrantRefused where the certificate, the application or the tenant does not fit, ProviderUnavailable.
    https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
    """
    credential = {"private_key": certificate.private_key, "public_certificate": certificate.certificate}
    answer = _asking(
        tenant_id,
        msal.TokenCache(),
        lambda app: app.acquire_token_for_client(_graph_scopes()),
        client_id=client_id,
        credential=credential,
        refused=_SERVICE_REFUSED,
    )
    expires_at = timezone.now() + timedelta(seconds=int(answer.get("expires_in") or 0))
    return GraphTokens(answer["access_token"], expires_at, "")


def _graph_scopes() -> list[str]:
    """All of Graph that the tenant's administrator has consented to for our application."""
    return [f"{settings.MICROSOFT_GRAPH_URL}/.default"]


#: What ends a grant: a person has to come back, or an administrator.
_REFUSED: Final = frozenset({"invalid_grant", "interaction_required", "consent_required"})
_SIGN_IN_REFUSED: Final = _REFUSED | {"access_denied"}
_SERVICE_REFUSED: Final = frozenset({"invalid_client", "unauthorized_client", "invalid_grant"})


def _application(
    tenant_id: str, cache: Any = None, client_id: str = "", credential: dict[str, str] | None = None
) -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        client_id or settings.MICROSOFT_CLIENT_ID,
        client_credential=credential or settings.MICROSOFT_CLIENT_SECRET,
        authority=f"{settings.MICROSOFT_LOGIN_URL}/{tenant_id}",
        instance_discovery=False,  # the authority is an administrator's setting: nobody has to vouch for it
        token_cache=cache,
        http_client=_msal_http,
    )


def _asking(
    tenant_id: str,
    cache: Any,
    ask: Any,
    *,
    client_id: str = "",
    credential: dict[str, str] | None = None,
    refused: frozenset[str] = _REFUSED,
) -> dict[str, Any]:
    try:
        answer = ask(_application(tenant_id, cache, client_id, credential))
    except _NO_ANSWER as error:
        raise ProviderUnavailable(SYSTEM) from error
    if not answer:
        raise GrantRefused
    if "access_token" in answer:
        return dict(answer)
    if answer.get("error") in refused:
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
