"""The identity platform of the sandbox's tenant: discovery, keys, sign-in and tokens.

https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox import pages
from sandbox.clock import Clock
from sandbox.microsoft.authorize import Authorize
from sandbox.microsoft.credentials import Credentials
from sandbox.microsoft.grants import Grants
from sandbox.microsoft.issuing import Claims, TokenIssuer
from sandbox.microsoft.refusals import AuthError, Trace, correlation_id
from sandbox.microsoft.scopes import ScopeBook
from sandbox.microsoft.token_endpoint import TokenEndpoint
from sandbox.registration import Registration
from sandbox.seed.company import Company

__all__ = ["Claims", "Identity", "TokenIssuer", "routes"]

_ANY_TENANT = ("common", "organizations")


class Identity:
    """One tenant's identity platform. ``base_url`` is the login host, ``graph_url`` Graph's address."""

    def __init__(
        self, company: Company, clock: Clock, registration: Registration, base_url: str, graph_url: str
    ) -> None:
        self.company = company
        self.clock = clock
        self.registration = registration
        self.base_url = base_url
        self.scopes = ScopeBook(registration, graph_url)
        self.grants = Grants(clock)
        self.tokens = TokenIssuer(company, clock, registration, self.scopes, base_url)
        token_endpoint = f"{base_url}/{company.tenant_id}/oauth2/v2.0/token"
        audiences = (token_endpoint, self.tokens.issuer)
        self.credentials = Credentials(registration, self.grants, audiences)
        self.authorize = Authorize(company, clock, registration, self.scopes, self.grants)
        self.token = TokenEndpoint(
            company, clock, registration, self.scopes, self.grants, self.tokens, self.credentials
        )

    def claims_for(self, access_token: str, audience: str = "graph") -> Claims | None:
        """What a valid access token for ``graph`` or ``api`` says; None for every other text."""
        return self.tokens.claims_for(access_token, audience)

    def knows_tenant(self, tenant: str) -> bool:
        return tenant in (self.company.tenant_id, self.company.domain, *_ANY_TENANT)

    def configuration(self, tenant: str) -> dict[str, Any]:
        """OpenID discovery for a tenant's name or id."""
        named = tenant if tenant in _ANY_TENANT else self.company.tenant_id
        issuer = f"{self.base_url}/{{tenantid}}/v2.0" if tenant in _ANY_TENANT else self.tokens.issuer
        base = f"{self.base_url}/{named}"
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": issuer,
            "request_uri_parameter_supported": False,
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "http_logout_supported": True,
            "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            "claims_supported": [
                "sub",
                "iss",
                "aud",
                "exp",
                "iat",
                "nonce",
                "preferred_username",
                "name",
                "tid",
                "ver",
            ],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "localhost",
            "code_challenge_methods_supported": ["S256"],
        }

    def keys(self) -> dict[str, Any]:
        """The key set: the key in use, and the one that will follow it."""
        keys = (self.registration.microsoft_key, self.registration.microsoft_next_key)
        return {"keys": [{**key.jwk(), "issuer": self.tokens.issuer} for key in keys]}


def routes(identity: Identity) -> list[BaseRoute]:
    """The routes of the login host."""

    def known(request: Request) -> Response | None:
        tenant = request.path_params["tenant"]
        if identity.knows_tenant(tenant):
            return None
        trace = Trace(identity.clock.now(), correlation_id(request.headers.get("client-request-id")))
        sentence = (
            f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            "correct cloud."
        )
        body = AuthError(90002, "invalid_tenant", sentence).body(trace, identity.base_url)
        return JSONResponse(body, status_code=400)

    async def configuration(request: Request) -> Response:
        return known(request) or JSONResponse(identity.configuration(request.path_params["tenant"]))

    async def keys(request: Request) -> Response:
        return known(request) or JSONResponse(identity.keys())

    async def authorize(request: Request) -> Response:
        return known(request) or await identity.authorize(request)

    async def token(request: Request) -> Response:
        return known(request) or await identity.token(request)

    async def logout(request: Request) -> Response:
        return known(request) or pages.page("You signed out", "Microsoft 365", "<p>You can close this window.</p>")

    return [
        Route("/{tenant}/v2.0/.well-known/openid-configuration", configuration, methods=["GET"]),
        Route("/{tenant}/discovery/v2.0/keys", keys, methods=["GET"]),
        Route("/{tenant}/oauth2/v2.0/authorize", authorize, methods=["GET", "POST"]),
        Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
        Route("/{tenant}/oauth2/v2.0/logout", logout, methods=["GET"]),
    ]
