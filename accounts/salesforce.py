"""Salesforce's sign-in service: web-server flow with PKCE, renewal, revocation, who signed in, the integration user.

Nothing is stored here and no row is read. An answer is believed only where it fits: the signature of the identity
address, its host, the instance's host, and userinfo saying the same user.

https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_web_server_flow.htm
https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_refresh_token_flow.htm
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import jwt
import requests
from django.conf import settings

from accounts import http
from accounts.errors import ProviderUnavailable
from accounts.onetime import challenge_of

SYSTEM: Final = "salesforce"
CALLBACK_PATH: Final = "/connect/salesforce/callback/"
#: `openid` is what userinfo asks for; the ID token that comes with it is not used.
SCOPES: Final = "api refresh_token openid"
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS: Final = 120  # Salesforce takes three minutes at most
_REFUSED: Final = frozenset({"invalid_grant"})
#: An assertion is signed for one application: a wrong one is a matter of the credential, not of our settings.
_ASSERTION_REFUSED: Final = _REFUSED | {"invalid_client_id", "invalid_client", "invalid_app_access"}
INSTANCE_HOST = re.compile(r"[a-z0-9-]+(--[a-z0-9-]+)?(\.sandbox|\.develop|\.scratch)?\.my\.salesforce\.com")
_IDENTITY_PATH = re.compile(r"/id/(00D[A-Za-z0-9]{15})/(005[A-Za-z0-9]{15})")
_LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")


class GrantRefused(Exception):
    """`invalid_grant`: the code or refresh token is not, or no longer, good."""


class AnswerRefused(Exception):
    """An answer that does not fit what was asked. `rule` names which check it failed."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True, repr=False)
class Grant:
    """Tokens as the token endpoint gave them. `refresh_token` is empty where the old one stays in use."""

    access_token: str
    refresh_token: str
    instance_url: str
    org_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in, in Salesforce's words."""

    org_id: str
    user_id: str
    username: str
    name: str


def redirect_uri() -> str:
    return f"{settings.ALONGSIDE_PUBLIC_URL}{CALLBACK_PATH}"


def issuer() -> str:
    """Whose answers are taken: the configured login address."""
    return str(settings.SALESFORCE_LOGIN_URL)


def authorize_url(*, state: str, verifier: str, login_hint: str = "") -> str:
    """Where the person signs in. `verifier` is the PKCE secret, of which only the S256 challenge leaves."""
    asked = {
        "response_type": "code",
        "client_id": settings.SALESFORCE_CLIENT_ID,
        "redirect_uri": redirect_uri(),
        "scope": SCOPES,
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    if login_hint:
        asked["login_hint"] = login_hint
    return f"{settings.SALESFORCE_AUTHORIZE_URL}?{urlencode(asked)}"


def exchange(code: str, verifier: str) -> Grant:
    """The tokens for a code. Raises GrantRefused, AnswerRefused, ProviderUnavailable."""
    answer = _token(
        {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": redirect_uri()}
    )
    _check_signature(answer)
    grant = _grant(answer)
    if not grant.refresh_token:
        raise AnswerRefused("no-refresh-token")
    return grant


def refresh(refresh_token: str) -> Grant:
    """The next tokens. The old refresh token must not be used again once this was asked.

    Raises GrantRefused, AnswerRefused, ProviderUnavailable.
    """
    return _grant(_token({"grant_type": "refresh_token", "refresh_token": refresh_token}))


def by_assertion(private_key: str, client_id: str, username: str) -> Grant:
    """A session of an integration user whom an administrator approved beforehand; nobody signs in, nothing is renewed.

    `private_key` is PEM, `client_id` empty for our own connected app. Raises GrantRefused, AnswerRefused,
    ProviderUnavailable.
    https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm
    """
    claims = {
        "iss": client_id or settings.SALESFORCE_CLIENT_ID,
        "sub": username,
        "aud": settings.SALESFORCE_LOGIN_URL,
        "exp": int(time.time()) + ASSERTION_SECONDS,
    }
    try:
        assertion = jwt.encode(claims, private_key, algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise GrantRefused from error
    return _grant(_answer({"grant_type": JWT_BEARER, "assertion": assertion}, _ASSERTION_REFUSED))


def person(grant: Grant) -> Person:
    """Userinfo of a fresh grant. Raises AnswerRefused where it names somebody else, ProviderUnavailable."""
    try:
        answer = http.requests_session().get(
            f"{grant.instance_url}/services/oauth2/userinfo",
            headers={"Authorization": f"Bearer {grant.access_token}"},
        )
        told = answer.json() if answer.status_code == 200 else None
    except (requests.RequestException, http.TargetRefused, ValueError) as error:
        raise ProviderUnavailable(SYSTEM) from error
    if not isinstance(told, dict):
        raise ProviderUnavailable(SYSTEM)
    if told.get("user_id") != grant.user_id or told.get("organization_id") != grant.org_id:
        raise AnswerRefused("other-user-in-userinfo")
    username = str(told.get("preferred_username") or "")
    if not username:
        raise AnswerRefused("no-username")
    return Person(grant.org_id, grant.user_id, username[:255], str(told.get("name") or username)[:255])


def revoke(token: str) -> bool:
    """Ends a refresh token and all that hangs on it; whether Salesforce said so (it also may be ended already)."""
    try:
        answer = http.requests_session().post(
            f"{settings.SALESFORCE_LOGIN_URL}/services/oauth2/revoke", data={"token": token}
        )
    except (requests.RequestException, http.TargetRefused):
        return False
    return answer.status_code in (200, 400)


def checked_instance_url(value: object) -> str:
    """An instance's address that may be called: My Domain of Salesforce, or loopback in the sandbox.

    Raises AnswerRefused.
    """
    parts = urlsplit(value if isinstance(value, str) else "")
    host = parts.hostname or ""
    plain = f"https://{parts.netloc}"
    if value != plain or "@" in parts.netloc:
        raise AnswerRefused("instance-host")
    if INSTANCE_HOST.fullmatch(parts.netloc) or (settings.ALONGSIDE_SANDBOX and http.is_loopback(host)):
        return plain
    raise AnswerRefused("instance-host")


def _token(form: dict[str, str]) -> dict[str, Any]:
    secrets = {"client_id": settings.SALESFORCE_CLIENT_ID, "client_secret": settings.SALESFORCE_CLIENT_SECRET}
    return _answer({**form, **secrets}, _REFUSED)


def _answer(form: dict[str, str], refused: frozenset[str]) -> dict[str, Any]:
    try:
        answer = http.requests_session().post(
            f"{settings.SALESFORCE_LOGIN_URL}/services/oauth2/token",
            data=form,
            headers={"Accept": "application/json"},
        )
        body = answer.json()
    except (requests.RequestException, http.TargetRefused, ValueError) as error:
        raise ProviderUnavailable(SYSTEM) from error
    if not isinstance(body, dict):
        raise ProviderUnavailable(SYSTEM)
    if answer.status_code == 200:
        return body
    if answer.status_code in (400, 401) and body.get("error") in refused:
        raise GrantRefused
    raise ProviderUnavailable(SYSTEM)


def _grant(answer: dict[str, Any]) -> Grant:
    instance_url = checked_instance_url(answer.get("instance_url"))
    org_id, user_id = _identity(answer.get("id"), instance_url)
    access_token = answer.get("access_token")
    if not isinstance(access_token, str) or not access_token:
        raise AnswerRefused("no-access-token")
    return Grant(access_token, str(answer.get("refresh_token") or ""), instance_url, org_id, user_id)


def _identity(value: object, instance_url: str) -> tuple[str, str]:
    """(org id, user id) of an identity address whose host is one that may vouch for them."""
    parts = urlsplit(value if isinstance(value, str) else "")
    vouching = {urlsplit(settings.SALESFORCE_LOGIN_URL).netloc, urlsplit(instance_url).netloc, *_LOGIN_HOSTS}
    found = _IDENTITY_PATH.fullmatch(parts.path)
    if parts.scheme != "https" or parts.netloc not in vouching or found is None:
        raise AnswerRefused("issuer")
    return found[1], found[2]


def _check_signature(answer: dict[str, Any]) -> None:
    signed = f"{answer.get('id')}{answer.get('issued_at')}".encode()
    expected = base64.b64encode(hmac.new(settings.SALESFORCE_CLIENT_SECRET.encode(), signed, hashlib.sha256).digest())
    if not hmac.compare_digest(expected, str(answer.get("signature") or "").encode()):
        raise AnswerRefused("signature")
