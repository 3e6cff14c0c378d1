"""Google's sign-in service: the web-server flow with PKCE, renewal, revocation, who signed in, and who pushes.

Nothing is stored here and no row is read. Who it is says the ID token's `sub`, never an address; of an address Google
has the say only where it hosts it (`hd`, or gmail.com).

https://developers.google.com/identity/protocols/oauth2/web-server
https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken
https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
"""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import requests
from django.conf import settings
from django.utils import timezone

from accounts import http
from accounts.errors import ProviderUnavailable
from accounts.onetime import challenge_of
from accounts.signing_keys import SigningKeys, TokenRefused, verified_claims

SYSTEM: Final = "google"
CALLBACK_PATH: Final = "/connect/google/callback/"
#: What is asked for. The engine only reads; more is asked for, and added to what was granted, when something needs it.
SCOPES: Final = ("openid", "email", "https://www.googleapis.com/auth/gmail.readonly")
#: Each of these lets us read the mailbox. A person may have granted more before.
READING_SCOPES: Final = frozenset(
    {
        "https://www.googleapis.com/auth/gmail.readonly",
        "https://www.googleapis.com/auth/gmail.modify",
        "https://mail.google.com/",
    }
)
ISSUERS: Final = frozenset({"https://accounts.google.com", "accounts.google.com"})
SKEW_SECONDS: Final = 60
_CONSUMER_DOMAINS: Final = frozenset({"gmail.com", "googlemail.com"})
_ENDED: Final = frozenset({"invalid_grant", "admin_policy_enforced"})


class GrantRefused(Exception):
    """`invalid_grant`: the code or refresh token is not, or no longer, good."""


class AnswerRefused(Exception):
    """An answer that does not fit what was asked. `rule` names which check it failed."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True, repr=False)
class Grant:
    """Tokens as the token endpoint gave them. `refresh_token` is empty where the old one stays in use.

    `scopes` are those that the person granted, None where the answer did not say.
    """

    access_token: str
    refresh_token: str
    expires_at: datetime
    scopes: tuple[str, ...] | None
    id_token: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a checked ID token is of. `hosted_domain` is the Workspace domain, empty for a person's own account.

    `name` is what Google shows, good for labels only.
    """

    sub: str
    email: str
    hosted_domain: str
    name: str = ""

    @property
    def vouched(self) -> bool:
        """Whether Google hosts the address, so that nobody else can have come to it since it was verified."""
        return bool(self.hosted_domain) or self.email.rpartition("@")[2].lower() in _CONSUMER_DOMAINS


def _certs_url() -> str:
    return str(settings.GOOGLE_CERTS_URL)


signing_keys = SigningKeys(_certs_url, SYSTEM)


def redirect_uri() -> str:
    return f"{settings.ALONGSIDE_PUBLIC_URL}{CALLBACK_PATH}"


def authorize_url(
    *,
    state: str,
    verifier: str,
    nonce: str,
    login_hint: str = "",
    scopes: tuple[str, ...] = SCOPES,
    lasting: bool = True,
    prompt: str = "consent",
) -> str:
    """Where the person signs in. `verifier` is the PKCE secret, of which only the S256 challenge leaves.

    `lasting`: with a refresh token, for which Google must ask the person (`prompt`) on a second walk too.
    """
    asked = {
        "response_type": "code",
        "client_id": settings.GOOGLE_CLIENT_ID,
        "redirect_uri": redirect_uri(),
        "scope": " ".join(scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
        "access_type": "offline" if lasting else "online",
        "include_granted_scopes": "true" if lasting else "false",
    }
    if prompt:
        asked["prompt"] = prompt
    if login_hint:
        asked["login_hint"] = login_hint
    return f"{settings.GOOGLE_AUTH_URL}?{urlencode(asked)}"


def exchange(code: str, verifier: str, *, lasting: bool = True) -> Grant:
    """The tokens for a code; a `lasting` grant has a refresh token.

    Raises GrantRefused, AnswerRefused, ProviderUnavailable.
    """
    grant = _grant(
        _token(
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": redirect_uri(),
            }
        )
    )
    if lasting and not grant.refresh_token:
        raise AnswerRefused("no-refresh-token")
    if not grant.id_token:
        raise AnswerRefused("no-id-token")
    return grant


def refresh(refresh_token: str) -> Grant:
    """The next access token. Raises GrantRefused, AnswerRefused, ProviderUnavailable."""
    return _grant(_token({"grant_type": "refresh_token", "refresh_token": refresh_token}))


def revoke(token: str) -> bool:
    """Ends what the person granted our application, whichever of its tokens is given.

    Whether Google said so (it also may be ended already).
    """
    try:
        answer = http.requests_session().post(settings.GOOGLE_REVOKE_URL, data={"token": token})
    except (requests.RequestException, http.TargetRefused):
        return False
    return answer.status_code in (200, 400)


def reads_mail(scopes: tuple[str, ...]) -> bool:
    """Whether what was granted lets us read the mailbox: people may untick it."""
    return not READING_SCOPES.isdisjoint(scopes)


def check_id_token(token: str, audience: str, nonce: str) -> Identity:
    """Who an ID token is of. Raises TokenRefused, ProviderUnavailable."""
    claims, _ = verified_claims(
        token,
        signing_keys,
        audience=audience,
        skew_seconds=SKEW_SECONDS,
        require=["exp", "iat", "aud", "iss", "sub"],
    )
    sub, email, hosted_domain = claims["sub"], claims.get("email"), claims.get("hd", "")
    rules = (
        ("iss", str(claims["iss"]) in ISSUERS),
        ("azp", claims.get("azp", audience) == audience),
        ("iat", _is_past(claims["iat"])),
        ("nonce", bool(nonce) and hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode())),
        ("sub", isinstance(sub, str) and 0 < len(sub) <= 255 and sub.isascii()),
        ("email", isinstance(email, str) and 0 < len(email) <= 254 and "@" in email),
        ("email_verified", claims.get("email_verified") is True),
        ("hd", isinstance(hosted_domain, str)),
    )
    _hold(rules)
    return Identity(sub, str(email), hosted_domain.lower(), str(claims.get("name") or "")[:200])


def check_push_token(token: str) -> None:
    """That a push comes from our own subscription of the topic. Raises TokenRefused, ProviderUnavailable."""
    claims, _ = verified_claims(
        token,
        signing_keys,
        audience=settings.GOOGLE_PUSH_AUDIENCE,
        skew_seconds=SKEW_SECONDS,
        require=["exp", "iat", "aud", "iss"],
    )
    ours = settings.GOOGLE_PUSH_SERVICE_ACCOUNT
    rules = (
        ("iss", str(claims["iss"]) in ISSUERS),
        ("iat", _is_past(claims["iat"])),
        ("email", bool(ours) and claims.get("email") == ours),
        ("email_verified", claims.get("email_verified") is True),
    )
    _hold(rules)


def _hold(rules: tuple[tuple[str, bool], ...]) -> None:
    for rule, holds in rules:
        if not holds:
            raise TokenRefused(rule)


def _is_past(issued_at: object) -> bool:
    return isinstance(issued_at, int | float) and issued_at <= time.time() + SKEW_SECONDS


def _token(form: dict[str, str]) -> dict[str, Any]:
    secrets = {"client_id": settings.GOOGLE_CLIENT_ID, "client_secret": settings.GOOGLE_CLIENT_SECRET}
    try:
        answer = http.requests_session().post(
            settings.GOOGLE_TOKEN_URL, data={**form, **secrets}, headers={"Accept": "application/json"}
        )
        body = answer.json()
    except (requests.RequestException, http.TargetRefused, ValueError) as error:
        raise ProviderUnavailable(SYSTEM) from error
    if not isinstance(body, dict):
        raise ProviderUnavailable(SYSTEM)
    if answer.status_code == 200:
        return body
    if answer.status_code == 400 and body.get("error") in _ENDED:
        raise GrantRefused
    raise ProviderUnavailable(SYSTEM)


def _grant(answer: dict[str, Any]) -> Grant:
    access_token, seconds, scope = answer.get("access_token"), answer.get("expires_in"), answer.get("scope")
    if not isinstance(access_token, str) or not access_token:
        raise AnswerRefused("no-access-token")
    if not isinstance(seconds, int) or not 0 < seconds <= 7 * 86_400:
        raise AnswerRefused("expires-in")
    return Grant(
        access_token,
        str(answer.get("refresh_token") or ""),
        timezone.now() + timedelta(seconds=seconds),
        tuple(scope.split()) if isinstance(scope, str) else None,
        str(answer.get("id_token") or ""),
    )
