"""Tokens of the sandbox's tenant: access tokens, ID tokens, and the reading of access tokens by Graph.

Access tokens for our API are v2.0, those for Graph v1.0, as the real tenant issues them.
https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Literal

import jwt

from sandbox.clock import Clock
from sandbox.microsoft.scopes import Asked, ScopeBook
from sandbox.registration import Registration
from sandbox.seed.company import Company, CompanyUser
from sandbox.signing import base64url, read_claims

ACCESS_LIFE = 3600
Credential = Literal["0", "1", "2"]  # none, secret, certificate: the values of azpacr and appidacr


@dataclass(frozen=True, slots=True)
class Claims:
    """A checked access token. For an application's own token ``oid`` is the service principal's, ``email`` is
    empty and ``roles`` says what it may do; else ``scopes`` does."""

    oid: str
    email: str
    app_id: str
    scopes: frozenset[str]
    roles: frozenset[str]
    is_app: bool
    expires: int


class TokenIssuer:
    """Signs the tenant's tokens and reads them again. ``base_url`` is the login host."""

    def __init__(
        self, company: Company, clock: Clock, registration: Registration, scopes: ScopeBook, base_url: str
    ) -> None:
        self._company = company
        self._clock = clock
        self._registration = registration
        self._scopes = scopes
        self.base_url = base_url
        self.issuer = f"{base_url}/{company.tenant_id}/v2.0"
        self._graph_issuer = f"{base_url}/{company.tenant_id}/"
        self._keys = {key.kid: key for key in (registration.microsoft_key, registration.microsoft_next_key)}
        self._revoked: set[str] = set()
        self._read: dict[str, dict[str, Any]] = {}

    def access_token(self, user: CompanyUser, client_id: str, asked: Asked, credential: Credential) -> str:
        """An access token for a user and one resource; without a resource it is one for Graph's userinfo."""
        if asked.resource == "api":
            claims = self.api_claims(user, client_id, credential) | {"scp": " ".join(asked.scopes)}
        else:
            claims = self._graph_claims(client_id, credential) | {
                "oid": user.oid,
                "sub": _pairwise(user.oid, "graph"),
                "scp": " ".join([*asked.scopes, *(name for name in asked.openid if name != "offline_access")]),
                "name": user.name,
                "upn": user.email,
                "unique_name": user.email,
                "idtyp": "user",
            }
        return self._registration.microsoft_key.sign(claims)

    def application_token(self, client_id: str, resource: str, roles: tuple[str, ...], credential: Credential) -> str:
        """An access token for an application itself."""
        principal = self.principal_of(client_id)
        own: dict[str, Any] = {"oid": principal, "sub": principal, "idtyp": "app"}
        if roles:
            own["roles"] = list(roles)
        base = (
            self._v2_claims(client_id, credential, self._scopes.audience("api"))
            if resource == "api"
            else self._graph_claims(client_id, credential)
        )
        return self._registration.microsoft_key.sign(base | own)

    def api_claims(self, user: CompanyUser, client_id: str, credential: Credential) -> dict[str, Any]:
        """The claims of a good access token for our API, as a test may want to break one of them."""
        return self._v2_claims(client_id, credential, self._scopes.audience("api")) | {
            "oid": user.oid,
            "sub": _pairwise(user.oid, self._registration.microsoft_client_id),
            "scp": "access_as_user",
            "preferred_username": user.email,
            "name": user.name,
        }

    def id_token(self, user: CompanyUser, client_id: str, asked: Asked, nonce: str) -> str:
        """The ID token for a client."""
        now = self._clock.timestamp()
        claims: dict[str, Any] = {
            "aud": client_id,
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + ACCESS_LIFE,
            "oid": user.oid,
            "sub": _pairwise(user.oid, client_id),
            "tid": self._company.tenant_id,
            "uti": _uti(),
            "ver": "2.0",
        }
        if nonce:
            claims["nonce"] = nonce
        if "profile" in asked.openid:
            claims |= {"name": user.name, "preferred_username": user.email}
        if "email" in asked.openid:
            claims["email"] = user.email
        return self._registration.microsoft_key.sign(claims)

    def claims_for(self, access_token: str, audience: str = "graph") -> Claims | None:
        """What a valid access token for ``graph`` or ``api`` says; None for every other token."""
        claims = self.verified(access_token)
        if claims is None or claims.get("aud") != self._scopes.audience(audience):
            return None
        if claims.get("iss") != (self.issuer if audience == "api" else self._graph_issuer):
            return None
        now = self._clock.timestamp()
        expires = claims.get("exp")
        if not isinstance(expires, int) or expires <= now or claims.get("nbf", 0) > now + 300:
            return None
        if claims.get("tid") != self._company.tenant_id or claims.get("uti") in self._revoked:
            return None
        return Claims(
            oid=str(claims.get("oid", "")),
            email=str(claims.get("upn") or claims.get("preferred_username") or ""),
            app_id=str(claims.get("appid") or claims.get("azp") or ""),
            scopes=frozenset(str(claims.get("scp", "")).split()),
            roles=frozenset(claims.get("roles", ())),
            is_app=claims.get("idtyp") == "app",
            expires=expires,
        )

    def verified(self, token: str) -> dict[str, Any] | None:
        """The claims of a token that the tenant has signed, whatever they say; None for any other text."""
        known = self._read.get(token)
        if known is not None:
            return known
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims = read_claims(token, key.public_key)
        except (jwt.InvalidTokenError, KeyError):
            return None
        if len(self._read) > 1000:
            self._read.clear()
        self._read[token] = claims
        return claims

    def revoke(self, access_token: str) -> None:
        """From now on the token is refused by :meth:`claims_for`."""
        claims = self.verified(access_token)
        if claims is not None and "uti" in claims:
            self._revoked.add(str(claims["uti"]))

    def principal_of(self, client_id: str) -> str:
        """The object id of an application's service principal."""
        digest = hashlib.sha256(f"{self._company.tenant_id}/{client_id}".encode()).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"

    def _v2_claims(self, client_id: str, credential: Credential, audience: str) -> dict[str, Any]:
        return self._times() | {
            "aud": audience,
            "iss": self.issuer,
            "azp": client_id,
            "azpacr": credential,
            "tid": self._company.tenant_id,
            "uti": _uti(),
            "ver": "2.0",
        }

    def _graph_claims(self, client_id: str, credential: Credential) -> dict[str, Any]:
        return self._times() | {
            "aud": self._scopes.audience("graph"),
            "iss": self._graph_issuer,
            "appid": client_id,
            "appidacr": credential,
            "tid": self._company.tenant_id,
            "uti": _uti(),
            "ver": "1.0",
        }

    def _times(self) -> dict[str, Any]:
        now = self._clock.timestamp()
        return {"iat": now, "nbf": now, "exp": now + ACCESS_LIFE}


def _uti() -> str:
    return base64url(secrets.token_bytes(16))


def _pairwise(oid: str, client_id: str) -> str:
    """A subject that differs from one application to the next."""
    return base64url(hashlib.sha256(f"{client_id}/{oid}".encode()).digest())
