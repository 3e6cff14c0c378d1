"""Google's endpoints for programs: tokens for codes and refresh tokens, taking back, and asking what a token is.

https://developers.google.com/identity/protocols/oauth2/web-server#exchange-authorization-code
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.clock import Clock
from sandbox.forms import UnreadableForm, read_form
from sandbox.google import scopes
from sandbox.google.errors import OAuthError
from sandbox.google.grants import ACCESS_LIFE, Grant, Grants
from sandbox.google.issuing import Signer
from sandbox.registration import Registration
from sandbox.signing import base64url

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_HEADERS = {"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate", "Pragma": "no-cache"}
_REVOKED = "Token has been expired or revoked."


class TokenEndpoint:
    """``POST /token``, ``POST /revoke`` and ``/tokeninfo``."""

    def __init__(self, clock: Clock, registration: Registration, grants: Grants, signer: Signer) -> None:
        self._clock = clock
        self._registration = registration
        self._grants = grants
        self._signer = signer

    async def token(self, request: Request) -> Response:
        return await self._run(request, self._token)

    async def revoke(self, request: Request) -> Response:
        return await self._run(request, self._revoke)

    async def tokeninfo(self, request: Request) -> Response:
        return await self._run(request, self._tokeninfo)

    async def _run(self, request: Request, act: Callable[[Request, dict[str, str]], dict[str, Any]]) -> Response:
        try:
            form = await read_form(request) if request.method == "POST" and await request.body() else {}
            return JSONResponse(act(request, form), headers=_HEADERS)
        except UnreadableForm as error:
            refusal = OAuthError("invalid_request", f"The request is malformed: {error}.")
        except OAuthError as error:
            refusal = error
        return JSONResponse(refusal.body(), status_code=refusal.status, headers=_HEADERS)

    def _token(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        kind = form.get("grant_type", "")
        if not kind:
            raise OAuthError("invalid_request", "Missing required parameter: grant_type")
        if kind not in ("authorization_code", "refresh_token"):
            raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {kind}")
        client_id = self._client(form, request.headers.get("authorization", ""))
        if kind == "authorization_code":
            grant, nonce = self._by_code(form, client_id)
            asked = grant.scopes
        else:
            grant, nonce = self._by_refresh_token(form, client_id), ""
            asked = self._narrowed(form, grant)
        request.state.user = grant.user.email
        access_token = self._grants.new_access_token(grant, asked)
        body: dict[str, Any] = {"access_token": access_token, "expires_in": ACCESS_LIFE}
        if kind == "authorization_code" and grant.lasting:
            body["refresh_token"] = self._grants.new_refresh_token(grant)
        body |= {"scope": " ".join(asked), "token_type": "Bearer"}
        if scopes.OPENID in asked:
            claims = self._signer.id_claims(grant.user, client_id, asked, nonce=nonce, access_token=access_token)
            body["id_token"] = self._signer.id_token(claims)
        return body

    def _client(self, form: dict[str, str], basic: str) -> str:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        if basic.lower().startswith("basic "):
            client_id, secret = _basic(basic)
        if not client_id:
            raise OAuthError("invalid_request", "Could not determine client ID from request.")
        if client_id not in (self._registration.google_client_id, self._registration.google_extension_client_id):
            raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
        if not secret:
            raise OAuthError("invalid_request", "client_secret is missing.")
        known = self._registration.google_client_secret
        if client_id != self._registration.google_client_id or not secrets.compare_digest(
            secret.encode(), known.encode()
        ):
            raise OAuthError("invalid_client", "The provided client secret is invalid.", 401)
        return client_id

    def _by_code(self, form: dict[str, str], client_id: str) -> tuple[Grant, str]:
        if not form.get("code"):
            raise OAuthError("invalid_request", "Missing required parameter: code")
        code = self._grants.code(form["code"])
        if code is None:
            raise OAuthError("invalid_grant", "Malformed auth code.")
        if code.grant.client_id != client_id:
            raise OAuthError("invalid_grant", "Bad Request")
        if code.used:
            self._grants.end(code.grant)
            raise OAuthError("invalid_grant", "Bad Request")
        if self._grants.is_over(code) or code.grant.revoked:
            raise OAuthError("invalid_grant", "Bad Request")
        if "redirect_uri" not in form:
            raise OAuthError("invalid_request", "Missing parameter: redirect_uri")
        if form["redirect_uri"] != code.redirect_uri:
            raise OAuthError("redirect_uri_mismatch", "Bad Request")
        _check_verifier(form.get("code_verifier", ""), code.challenge)
        code.used = True
        return code.grant, code.nonce

    def _by_refresh_token(self, form: dict[str, str], client_id: str) -> Grant:
        if not form.get("refresh_token"):
            raise OAuthError("invalid_request", "Missing required parameter: refresh_token")
        grant = self._grants.by_refresh_token(form["refresh_token"])
        if grant is None:
            raise OAuthError("invalid_grant", _REVOKED)
        if grant.client_id != client_id:
            raise OAuthError("unauthorized_client", "Unauthorized", 401)
        return grant

    def _narrowed(self, form: dict[str, str], grant: Grant) -> tuple[str, ...]:
        """The scopes of a refreshed token: all of the grant, or those of them that are asked for."""
        if not form.get("scope", "").strip():
            return grant.scopes
        try:
            asked = scopes.read(form["scope"])
        except OAuthError as error:
            raise OAuthError("invalid_scope", "Bad Request") from error
        if not set(asked) <= set(grant.scopes):
            raise OAuthError("invalid_scope", "Bad Request")
        return asked

    def _revoke(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        token = form.get("token") or request.query_params.get("token", "")
        if not token:
            raise OAuthError("invalid_request", "Missing required parameter: token")
        if not self._grants.revoke(token):
            raise OAuthError("invalid_token", "Token expired or revoked")
        return {}

    def _tokeninfo(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        given = {**request.query_params, **form}
        if "id_token" in given:
            claims = self._signer.verified(given["id_token"])
            if claims is None:
                raise OAuthError("invalid_token", "Invalid Value")
            return {
                name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in claims.items()
            }
        found = self._grants.access_token(given.get("access_token", ""))
        if found is None:
            raise OAuthError("invalid_token", "Invalid Value")
        left = int((found.expires - self._clock.now()).total_seconds())
        body = {
            "azp": found.grant.client_id,
            "aud": found.grant.client_id,
            "scope": " ".join(found.scopes),
            "exp": str(int(found.expires.timestamp())),
            "expires_in": str(left),
            "access_type": "offline" if found.grant.lasting else "online",
        }
        if scopes.OPENID in found.scopes:
            body["sub"] = found.grant.user.google_sub
        if scopes.EMAIL in found.scopes:
            body |= {
                "email": found.grant.user.email,
                "email_verified": str(found.grant.user.is_verified).lower(),
            }
        return body


def _check_verifier(verifier: str, challenge: str) -> None:
    if not verifier:
        raise OAuthError("invalid_grant", "Missing code verifier.")
    found = base64url(hashlib.sha256(verifier.encode()).digest())
    if not _VERIFIER.fullmatch(verifier) or not secrets.compare_digest(found, challenge):
        raise OAuthError("invalid_grant", "Invalid code verifier.")


def _basic(header: str) -> tuple[str, str]:
    try:
        client_id, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise OAuthError("invalid_request", "The Authorization header is malformed.") from error
    return client_id, secret
