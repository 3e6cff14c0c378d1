"""Google's accounts service: discovery, the published keys, sign-in, consent and tokens.

https://developers.google.com/identity/openid-connect/openid-connect
"""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.clock import Clock
from sandbox.google.authorize import Authorize
from sandbox.google.grants import AccessToken, Grants
from sandbox.google.issuing import ISSUER, Signer
from sandbox.google.people import google_people
from sandbox.google.service_login import ServiceLogin
from sandbox.google.sessions import Sessions
from sandbox.google.token_endpoint import TokenEndpoint
from sandbox.registration import Registration
from sandbox.seed.company import Company

AUTH_PATH, TOKEN_PATH, REVOKE_PATH = "/o/oauth2/v2/auth", "/token", "/revoke"
CERTS_PATH = "/oauth2/v3/certs"
KEYS_LAST = 3600  # seconds for which whoever reads the published keys may keep them


class Accounts:
    """One accounts service. ``base_url`` is its address, ``webmail_url`` that of Gmail's pages."""

    def __init__(
        self, company: Company, clock: Clock, registration: Registration, base_url: str, webmail_url: str
    ) -> None:
        self.company = company
        self.clock = clock
        self.base_url = base_url
        self.grants = Grants(clock)
        self.signer = Signer(clock, registration)
        self.sessions = Sessions(clock)
        self.people = google_people(company)
        self.authorize = Authorize(
            company.name, self.people, self.sessions, clock, registration, self.grants, self.signer
        )
        self.endpoint = TokenEndpoint(clock, registration, self.grants, self.signer)
        self.service_login = ServiceLogin(company.name, self.people, self.sessions, webmail_url)

    def access(self, token: str) -> AccessToken | None:
        """What a good access token stands for; None for every other text."""
        return self.grants.access_token(token)

    def configuration(self) -> dict[str, Any]:
        """OpenID discovery. The issuer is Google's own name, as in the tokens."""
        return {
            "issuer": ISSUER,
            "authorization_endpoint": self.base_url + AUTH_PATH,
            "token_endpoint": self.base_url + TOKEN_PATH,
            "revocation_endpoint": self.base_url + REVOKE_PATH,
            "jwks_uri": self.base_url + CERTS_PATH,
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
        }

    def keys(self) -> JSONResponse:
        """The published key set, with the time for which it may be kept."""
        expires = self.clock.now() + timedelta(seconds=KEYS_LAST)
        headers = {
            "Cache-Control": f"public, max-age={KEYS_LAST}, must-revalidate, no-transform",
            "Expires": format_datetime(expires, usegmt=True),
        }
        return JSONResponse({"keys": [key.jwk() for key in self.signer.keys]}, headers=headers)


def routes(accounts: Accounts) -> list[BaseRoute]:
    """The routes of the accounts service."""

    async def configuration(request: Request) -> Response:
        return JSONResponse(accounts.configuration())

    async def keys(request: Request) -> Response:
        return accounts.keys()

    async def authorize(request: Request) -> Response:
        return await accounts.authorize(request)

    return [
        Route("/.well-known/openid-configuration", configuration, methods=["GET"]),
        Route(CERTS_PATH, keys, methods=["GET"]),
        Route(AUTH_PATH, authorize, methods=["GET", "POST"]),
        Route(TOKEN_PATH, accounts.endpoint.token, methods=["POST"]),
        Route(REVOKE_PATH, accounts.endpoint.revoke, methods=["POST"]),
        *accounts.service_login.routes(),
        Route("/tokeninfo", accounts.endpoint.tokeninfo, methods=["GET", "POST"]),
    ]
