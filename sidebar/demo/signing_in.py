"""Signing a person in to the sandbox's Microsoft 365, as that person's browser and mail client do it.

    authorize ─► sign-in page ─► form posted ─► redirect with a code ─► token (PKCE) ─► refresh for either resource

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings

from accounts.http import httpx_client
from sidebar.demo.facts import Person, Sandbox, sandbox

MAIL_SCOPES = "openid profile offline_access Mail.Read User.Read"
_EARLY_SECONDS = 60


class SignInFailed(Exception):
    """The sandbox did not let the person in; the text is its own."""


@dataclass(slots=True)
class _Held:
    """One person's tokens. `access` holds (token, when it ends) by scope."""

    refresh: str = ""
    id_token: str = ""
    access: dict[str, tuple[str, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_held: dict[tuple[str, str], _Held] = {}
_guard = threading.Lock()


def access_token(person: Person, scope: str) -> str:
    """An access token of the person for the scope; signs in where needed. Raises SignInFailed, httpx.HTTPError."""
    facts = sandbox()
    with _guard:
        held = _held.setdefault((facts.microsoft_login_url, person.email), _Held())
    with held.lock:
        token, ends = held.access.get(scope, ("", 0.0))
        if token and time.monotonic() < ends - _EARLY_SECONDS:
            return token
        if held.refresh:
            try:
                return _keep(held, scope, _token(facts, _refreshing(held.refresh, scope)))
            except SignInFailed:
                held.refresh, held.access = "", {}
        _keep(held, MAIL_SCOPES, _sign_in(facts, person))
        if scope == MAIL_SCOPES:
            return held.access[MAIL_SCOPES][0]
        return _keep(held, scope, _token(facts, _refreshing(held.refresh, scope)))


def nested_token(person: Person, client_id: str, scope: str) -> dict[str, Any]:
    """What Outlook answers MSAL's bridge: `token` and `account`, for our own application and our own API alone.

    Raises SignInFailed, httpx.HTTPError.
    """
    facts = sandbox()
    if client_id not in (facts.microsoft_client_id, facts.microsoft_host_client_id):
        raise SignInFailed("The application is not known to this mail client.")
    own = {facts.microsoft_scope, f"{facts.microsoft_client_id}/{facts.microsoft_scope.rpartition('/')[2]}"}
    asked = set(scope.split())
    if not asked & own or not asked <= own | {"openid", "profile", "email", "offline_access"}:
        raise SignInFailed("The application may not have this scope.")
    wanted = f"openid profile offline_access {facts.microsoft_scope}"
    token = access_token(person, wanted)
    held = _held[(facts.microsoft_login_url, person.email)]
    return {
        "token": {
            "access_token": token,
            "expires_in": int(held.access[wanted][1] - time.monotonic()),
            "id_token": held.id_token,
            "scope": scope,
            "properties": None,
        },
        "account": account(person) | {"username": person.email, "name": person.name, "localAccountId": person.oid},
    }


def account(person: Person) -> dict[str, str]:
    """By what MSAL knows the account of the mail client."""
    tenant_id = sandbox().tenant_id
    return {
        "homeAccountId": f"{person.oid}.{tenant_id}",
        "environment": "login.microsoftonline.com",
        "tenantId": tenant_id,
    }


def forget(person: Person, scope: str) -> None:
    """A token that was refused is not offered again."""
    held = _held.get((sandbox().microsoft_login_url, person.email))
    if held is not None:
        held.access.pop(scope, None)


def _sign_in(facts: Sandbox, person: Person) -> dict[str, Any]:
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    redirect_uri = f"{settings.ALONGSIDE_PUBLIC_URL}/demo/"
    state = secrets.token_urlsafe(16)
    asked = {
        "client_id": facts.microsoft_host_client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": MAIL_SCOPES,
        "state": state,
        "nonce": secrets.token_urlsafe(16),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "login_hint": person.email,
    }
    client = httpx_client(base_url=facts.microsoft_login_url)
    address = f"/{facts.tenant_id}/oauth2/v2.0/authorize?{urlencode(asked)}"
    page = client.get(address)
    if page.status_code != 200:
        raise SignInFailed("The sign-in page did not open.")
    answer = client.post(address, data={"username": person.email, "password": person.password})
    location = urlsplit(answer.headers.get("location", ""))
    back = {name: values[0] for name, values in parse_qs(location.query).items()}
    if answer.status_code != 302 or back.get("state") != state or "code" not in back:
        raise SignInFailed(back.get("error_description", "The sign-in was not accepted."))
    return _token(
        facts,
        {
            "grant_type": "authorization_code",
            "code": back["code"],
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "scope": MAIL_SCOPES,
        },
    )


def _refreshing(refresh_token: str, scope: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": refresh_token, "scope": scope}


def _token(facts: Sandbox, form: dict[str, str]) -> dict[str, Any]:
    answer = httpx_client(base_url=facts.microsoft_login_url).post(
        f"/{facts.tenant_id}/oauth2/v2.0/token",
        data={"client_id": facts.microsoft_host_client_id, **form},
        # A public client in a browser says where it stands; the real service insists on it.
        headers={"Origin": settings.ALONGSIDE_PUBLIC_URL},
    )
    told: dict[str, Any] = answer.json()
    if answer.status_code != 200:
        raise SignInFailed(str(told.get("error_description", told.get("error", ""))))
    return told


def _keep(held: _Held, scope: str, told: dict[str, Any]) -> str:
    token = str(told["access_token"])
    held.access[scope] = (token, time.monotonic() + float(told["expires_in"]))
    held.refresh = told.get("refresh_token") or held.refresh
    held.id_token = told.get("id_token") or held.id_token
    return token
