"""The token endpoint: codes, refresh tokens, on-behalf-of, and an application's own tokens.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.clock import Clock
from sandbox.forms import UnreadableForm, read_form
from sandbox.microsoft.authorize import client_info
from sandbox.microsoft.credentials import Credentials
from sandbox.microsoft.grants import Grants, Session
from sandbox.microsoft.issuing import ACCESS_LIFE, Credential, TokenIssuer
from sandbox.microsoft.refusals import AuthError, Trace, correlation_id, missing
from sandbox.microsoft.scopes import ACCESS_AS_USER, APP_ROLES, Asked, ScopeBook
from sandbox.registration import Registration
from sandbox.seed.company import Company, CompanyUser
from sandbox.signing import base64url

ON_BEHALF_OF = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_HEADERS = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


class TokenEndpoint:
    """``POST /{tenant}/oauth2/v2.0/token``."""

    def __init__(
        self,
        company: Company,
        clock: Clock,
        registration: Registration,
        scopes: ScopeBook,
        grants: Grants,
        issuer: TokenIssuer,
        credentials: Credentials,
    ) -> None:
        self._company = company
        self._clock = clock
        self._registration = registration
        self._scopes = scopes
        self._grants = grants
        self._issuer = issuer
        self._credentials = credentials

    async def __call__(self, request: Request) -> Response:
        trace = Trace(self._clock.now(), correlation_id(request.headers.get("client-request-id")))
        headers = {**_HEADERS, "client-request-id": trace.correlation_id}
        try:
            body = self._answer(request, await self._form(request))
        except AuthError as error:
            return JSONResponse(error.body(trace, self._issuer.base_url), status_code=error.status, headers=headers)
        return JSONResponse(body, headers=headers)

    async def _form(self, request: Request) -> dict[str, str]:
        try:
            return await read_form(request)
        except UnreadableForm as error:
            raise AuthError(
                900561, "invalid_request", "The endpoint only accepts well-formed application/x-www-form-urlencoded."
            ) from error

    def _answer(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        grant = form.get("grant_type", "")
        if not grant:
            raise missing("grant_type")
        client_id, credential = self._credentials.authenticate(form, request.headers.get("authorization", ""))
        if grant == "client_credentials":
            return self._for_application(form, client_id, credential)
        if grant == "authorization_code":
            session, asked, nonce = self._by_code(form, client_id)
        elif grant == "refresh_token":
            session, asked, nonce = self._by_refresh_token(form, client_id)
        elif grant == ON_BEHALF_OF:
            session, asked, nonce = self._on_behalf_of(form, client_id, credential)
        else:
            sentence = f"The app requested an unsupported grant type '{grant}'."
            raise AuthError(70003, "unsupported_grant_type", sentence)
        request.state.user = session.user.email
        return self._for_user(form, session, asked, nonce, credential)

    def _for_user(
        self, form: dict[str, str], session: Session, asked: Asked, nonce: str, credential: Credential
    ) -> dict[str, Any]:
        user, client_id = session.user, session.client_id
        body: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": self._scopes.text(asked),
            "expires_in": ACCESS_LIFE,
            "ext_expires_in": ACCESS_LIFE,
            "access_token": self._issuer.access_token(user, client_id, asked, credential),
        }
        if asked.lasting:
            body["refresh_token"] = self._grants.new_refresh_token(session)
        if "openid" in asked.openid:
            body["id_token"] = self._issuer.id_token(user, client_id, asked, nonce)
        if form.get("client_info") == "1":
            body["client_info"] = client_info(user, self._company)
        return body

    def _by_code(self, form: dict[str, str], client_id: str) -> tuple[Session, Asked, str]:
        if not form.get("code"):
            raise missing("code")
        code = self._grants.code(form["code"])
        if code is None or code.client_id != client_id:
            raise AuthError(9002313, "invalid_grant", "Invalid request. Request is malformed or invalid.")
        if code.session is not None:
            code.session.revoked = True
            sentence = (
                "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing "
                "refresh token."
            )
            raise AuthError(54005, "invalid_grant", sentence)
        if self._grants.expired(code):
            raise _expired()
        if form.get("redirect_uri") != code.redirect_uri:
            sentence = (
                f"The reply address '{form.get('redirect_uri', '')}' does not match the reply address "
                f"'{code.redirect_uri}' provided when requesting Authorization code."
            )
            raise AuthError(500112, "invalid_grant", sentence)
        self._check_verifier(form.get("code_verifier", ""), code.challenge)
        asked = self._narrowed(form, code.asked, client_id)
        code.session = Session(code.user, client_id)
        return code.session, asked, code.nonce

    def _check_verifier(self, verifier: str, challenge: str) -> None:
        if not verifier:
            sentence = "A Code_Verifier is required: the authorization request carried a code_challenge."
            raise AuthError(50149, "invalid_grant", sentence)
        found = base64url(hashlib.sha256(verifier.encode()).digest())
        if not _VERIFIER.fullmatch(verifier) or not secrets.compare_digest(found, challenge):
            sentence = "The Code_Verifier does not match the code_challenge supplied in the authorization request."
            raise AuthError(501481, "invalid_grant", sentence)

    def _narrowed(self, form: dict[str, str], given: Asked, client_id: str) -> Asked:
        """The scopes of this answer: those of the code, or fewer, or one other resource that was consented to."""
        if not form.get("scope", "").strip():
            return given
        asked = self._scopes.read(form["scope"], client_id)
        return Asked(
            asked.resource or given.resource,
            asked.scopes or given.scopes,
            tuple(name for name in asked.openid if name in given.openid),
        )

    def _by_refresh_token(self, form: dict[str, str], client_id: str) -> tuple[Session, Asked, str]:
        if not form.get("refresh_token"):
            raise missing("refresh_token")
        found = self._grants.refresh_token(form["refresh_token"])
        if found is None or found.session.client_id != client_id:
            raise AuthError(9002313, "invalid_grant", "Invalid request. Request is malformed or invalid.")
        if found.session.revoked:
            raise AuthError(
                50173,
                "invalid_grant",
                "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might "
                "have changed or reset their password.",
                suberror="bad_token",
            )
        if self._grants.expired(found):
            sentence = "The refresh token has expired due to inactivity."
            raise AuthError(700082, "invalid_grant", sentence, suberror="token_expired")
        asked = self._scopes.read(form.get("scope", ""), client_id)
        # A refresh always gives the next refresh token, asked for or not.
        openid = tuple(dict.fromkeys([*asked.openid, "offline_access"]))
        return found.session, Asked(asked.resource, asked.scopes, openid), ""

    def _on_behalf_of(self, form: dict[str, str], client_id: str, credential: Credential) -> tuple[Session, Asked, str]:
        if form.get("requested_token_use") != "on_behalf_of":
            raise AuthError(90014, "invalid_request", "The required field 'requested_token_use' is missing.")
        if not form.get("assertion"):
            raise missing("assertion")
        if credential == "0":
            raise missing("client_assertion' or 'client_secret")
        user = self._asserted(form["assertion"], client_id)
        if not form.get("scope", "").strip():
            raise missing("scope")
        asked = self._scopes.read(form["scope"], client_id)
        if not asked.resource:
            raise AuthError(65001, "invalid_grant", "No resource was asked for.", suberror="consent_required")
        return Session(user, client_id), asked, ""

    def _asserted(self, assertion: str, client_id: str) -> CompanyUser:
        claims = self._issuer.verified(assertion)
        if claims is None:
            sentence = "Assertion failed signature validation. [Reason - The key was not found.]"
            raise AuthError(50013, "invalid_grant", sentence)
        if claims.get("aud") != client_id:
            sentence = (
                "Assertion audience does not match the Client app presenting the assertion. The audience in the "
                f"assertion was '{claims.get('aud')}' and the expected audience is '{client_id}' or one of the "
                "Application Uris of this application."
            )
            raise AuthError(500131, "invalid_grant", sentence)
        if claims.get("iss") != self._issuer.issuer or claims.get("tid") != self._company.tenant_id:
            raise AuthError(50013, "invalid_grant", "Assertion failed signature validation. [Reason - Issuer.]")
        checked = self._issuer.claims_for(assertion, audience="api")
        if checked is None:
            raise AuthError(500133, "invalid_grant", "Assertion is not within its valid time range.")
        user = next((user for user in self._company.users if user.oid == checked.oid), None)
        if checked.is_app or user is None:
            sentence = f"Application '{client_id}' is not allowed to make application on-behalf-of calls."
            raise AuthError(7000114, "invalid_grant", sentence)
        if ACCESS_AS_USER not in checked.scopes:
            raise AuthError(50013, "invalid_grant", "Assertion carries no scope of this application.")
        return user

    def _for_application(self, form: dict[str, str], client_id: str, credential: Credential) -> dict[str, Any]:
        if credential == "0":
            raise missing("client_assertion' or 'client_secret")
        if not form.get("scope", "").strip():
            raise missing("scope")
        resource = self._scopes.read_application(form["scope"])
        roles = APP_ROLES if resource == "graph" else ()
        return {
            "token_type": "Bearer",
            "expires_in": ACCESS_LIFE,
            "ext_expires_in": ACCESS_LIFE,
            "access_token": self._issuer.application_token(client_id, resource, roles, credential),
        }


def _expired() -> AuthError:
    return AuthError(
        70008,
        "invalid_grant",
        "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive "
        "authorization request for this user and resource.",
    )
