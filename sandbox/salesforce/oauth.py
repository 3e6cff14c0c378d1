"""Salesforce's token, revocation and identity endpoints.

https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_endpoints.htm
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.clock import Clock
from sandbox.forms import UnreadableForm, read_form
from sandbox.registration import Registration
from sandbox.salesforce.authorize import Authorize, challenge_of
from sandbox.salesforce.identity import Identity
from sandbox.salesforce.tokens import Family, Tokens
from sandbox.seed.company import Company
from sandbox.signing import read_claims

__all__ = ["Endpoints", "Tokens", "routes"]

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_JWT_LIFE = 180
_JWT_SCOPES = ("id", "api", "web")


class OAuthError(Exception):
    """An answer of the token endpoint that is not a token: HTTP status, ``error``, ``error_description``."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status

    def response(self) -> JSONResponse:
        body = {"error": self.error, "error_description": self.description}
        return JSONResponse(body, status_code=self.status, headers=_NO_STORE)


_NO_STORE = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}
_EXPIRED = ("invalid_grant", "expired access/refresh token")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The endpoints over one state. ``base_url`` is both the login host and the instance."""

    company: Company
    clock: Clock
    registration: Registration
    tokens: Tokens
    identity: Identity
    base_url: str

    async def token(self, request: Request) -> Response:
        """``POST /services/oauth2/token``."""
        try:
            form = await self._form(request)
            grant = form.get("grant_type", "")
            if grant == "authorization_code":
                return self._by_code(request, form)
            if grant == "refresh_token":
                return self._by_refresh_token(request, form)
            if grant == JWT_BEARER:
                return self._by_assertion(request, form)
            raise OAuthError("unsupported_grant_type", "grant type not supported")
        except OAuthError as error:
            return error.response()

    async def revoke(self, request: Request) -> Response:
        """``/services/oauth2/revoke``: a refresh token ends its family, an access token itself alone."""
        try:
            token = request.query_params.get("token", "")
            if request.method == "POST" and not token:
                token = (await self._form(request)).get("token", "")
            if not token:
                raise OAuthError("invalid_request", "missing required parameter: token")
            family = self.tokens.family_of(token)
            if family is not None and not family.revoked:
                self.tokens.revoke(family)
            elif family is not None or not self.tokens.revoke_access_token(token):
                raise OAuthError("invalid_token", "invalid token")
            return Response(status_code=200, headers=_NO_STORE)
        except OAuthError as error:
            return error.response()

    async def userinfo(self, request: Request) -> Response:
        """``/services/oauth2/userinfo`` for the bearer of an access token."""
        token = _bearer(request)
        user_id = self.tokens.user_id_for(token)
        if user_id is None:
            return PlainTextResponse("Bad_OAuth_Token" if token else "Missing_OAuth_Token", status_code=403)
        if not {"id", "openid"} & set(self.tokens.scopes_for(token)):
            return PlainTextResponse("Bad_OAuth_Token", status_code=403)
        return JSONResponse(self.identity.userinfo(user_id))

    async def user(self, request: Request) -> Response:
        """The identity URL, ``/id/{org}/{user}``."""
        token = _bearer(request)
        user_id = self.tokens.user_id_for(token)
        if user_id is None:
            return PlainTextResponse("Bad_OAuth_Token" if token else "Missing_OAuth_Token", status_code=403)
        if request.path_params["org_id"] != self.company.salesforce_org_id:
            return PlainTextResponse("Wrong_Org", status_code=403)
        if request.path_params["user_id"] != user_id:
            return PlainTextResponse("Bad_Id", status_code=403)
        return JSONResponse(self.identity.record(user_id))

    async def configuration(self, request: Request) -> Response:
        """OpenID discovery."""
        return JSONResponse(self.identity.configuration())

    async def keys(self, request: Request) -> Response:
        """The keys that sign ID tokens."""
        return JSONResponse({"keys": [self.registration.salesforce_key.jwk()]})

    async def _form(self, request: Request) -> dict[str, str]:
        try:
            return await read_form(request)
        except UnreadableForm as error:
            raise OAuthError("invalid_request", f"malformed request: {error}") from error

    def _authenticate(self, request: Request, form: dict[str, str]) -> None:
        client_id, client_secret = form.get("client_id", ""), form.get("client_secret", "")
        header = request.headers.get("authorization", "")
        if header.lower().startswith("basic "):
            try:
                client_id, _, client_secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError) as error:
                raise OAuthError("invalid_client", "invalid client credentials") from error
        if client_id != self.registration.salesforce_client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        expected = self.registration.salesforce_client_secret
        if not secrets.compare_digest(client_secret.encode(), expected.encode()):
            raise OAuthError("invalid_client", "invalid client credentials")

    def _by_code(self, request: Request, form: dict[str, str]) -> Response:
        self._authenticate(request, form)
        code = self.tokens.code(form.get("code", ""))
        if code is None:
            raise OAuthError("invalid_grant", "invalid authorization code")
        if code.family is not None:
            self.tokens.revoke(code.family)
            raise OAuthError("invalid_grant", "expired authorization code")
        if self.tokens.code_expired(code):
            raise OAuthError("invalid_grant", "expired authorization code")
        if form.get("redirect_uri") != code.redirect_uri:
            raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
        verifier = form.get("code_verifier", "")
        if not _VERIFIER.fullmatch(verifier) or not secrets.compare_digest(challenge_of(verifier), code.challenge):
            raise OAuthError("invalid_grant", "invalid code verifier")
        family = self.tokens.redeem(code, lasting="refresh_token" in code.scopes)
        return self._answer(request, family, nonce=code.nonce, with_refresh_token=True)

    def _by_refresh_token(self, request: Request, form: dict[str, str]) -> Response:
        self._authenticate(request, form)
        token = form.get("refresh_token", "")
        if not token:
            raise OAuthError("invalid_request", "missing required parameter: refresh_token")
        family = self.tokens.family_of(token)
        if family is None:
            raise OAuthError(*_EXPIRED)
        if token == family.refresh_token and self.tokens.refresh_expired(token):
            raise OAuthError("invalid_grant", "token validity expired")
        if not self.tokens.refresh(family, token):
            raise OAuthError(*_EXPIRED)
        return self._answer(request, family, with_refresh_token=True)

    def _by_assertion(self, request: Request, form: dict[str, str]) -> Response:
        try:
            claims = read_claims(form.get("assertion", ""), self.registration.salesforce_jwt_public_key)
        except jwt.InvalidTokenError as error:
            raise OAuthError("invalid_grant", "invalid assertion") from error
        if claims.get("iss") != self.registration.salesforce_client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if claims.get("aud") not in (self.base_url, f"{self.base_url}/services/oauth2/token"):
            raise OAuthError("invalid_grant", "audience is invalid")
        expires, now = claims.get("exp"), self.clock.timestamp()
        if not isinstance(expires, int | float) or isinstance(expires, bool):
            raise OAuthError("invalid_grant", "invalid assertion")
        if expires <= now:
            raise OAuthError("invalid_grant", "expired authorization code")
        if expires > now + _JWT_LIFE + 1:  # the caller's clock may stand a fraction of a second ahead
            raise OAuthError("invalid_grant", "invalid assertion")
        subject = str(claims.get("sub", "")).lower()
        user = next((user for user in self.company.users if user.email == subject), None)
        if user is None:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        family = self.tokens.new_family(user.salesforce_user_id, _JWT_SCOPES, lasting=False)
        return self._answer(request, family, with_refresh_token=False)

    def _answer(self, request: Request, family: Family, *, nonce: str = "", with_refresh_token: bool) -> Response:
        request.state.user = self.identity.user(family.user_id).email
        address = self.identity.address(family.user_id)
        body: dict[str, Any] = {"access_token": self.tokens.new_access_token(family)}
        if with_refresh_token and family.refresh_token:
            body["refresh_token"] = family.refresh_token
        body |= {"scope": " ".join(family.scopes), "instance_url": self.base_url, "id": address, "token_type": "Bearer"}
        if "openid" in family.scopes:
            body["id_token"] = self.identity.id_token(family.user_id, nonce, self.registration)
        if with_refresh_token:
            issued_at = str(int(self.clock.now().timestamp() * 1000))
            key = self.registration.salesforce_client_secret.encode()
            signature = hmac.new(key, f"{address}{issued_at}".encode(), hashlib.sha256).digest()
            body |= {"issued_at": issued_at, "signature": base64.b64encode(signature).decode()}
        return JSONResponse(body, headers=_NO_STORE)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "oauth") else ""


def routes(
    company: Company, clock: Clock, registration: Registration, tokens: Tokens, base_url: str
) -> list[BaseRoute]:
    """The routes of the login host."""
    identity = Identity(company, clock, base_url)
    endpoints = Endpoints(company, clock, registration, tokens, identity, base_url)
    authorize = Authorize(company, clock, registration, tokens)

    async def authorize_page(request: Request) -> Response:
        return await authorize(request)

    return [
        Route("/.well-known/openid-configuration", endpoints.configuration, methods=["GET"]),
        Route("/id/keys", endpoints.keys, methods=["GET"]),
        Route("/id/{org_id}/{user_id}", endpoints.user, methods=["GET", "POST"]),
        Route("/services/oauth2/authorize", authorize_page, methods=["GET", "POST"]),
        Route("/services/oauth2/token", endpoints.token, methods=["POST"]),
        Route("/services/oauth2/revoke", endpoints.revoke, methods=["GET", "POST"]),
        Route("/services/oauth2/userinfo", endpoints.userinfo, methods=["GET", "POST"]),
    ]
