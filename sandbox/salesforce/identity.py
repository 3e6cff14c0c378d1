"""What Salesforce says about a signed-in user: the identity URL, userinfo and the ID token.

https://help.salesforce.com/s/articleView?id=sf.remoteaccess_using_userinfo_endpoint.htm
"""

from __future__ import annotations

from typing import Any

from sandbox.clock import Clock
from sandbox.registration import Registration
from sandbox.seed.company import Company, CompanyUser

_REST = "/services/data/v{version}/"


class Identity:
    """Answers about the company's users, with addresses on ``base_url``."""

    def __init__(self, company: Company, clock: Clock, base_url: str) -> None:
        self._company = company
        self._clock = clock
        self._base_url = base_url
        self._users = {user.salesforce_user_id: user for user in company.users}

    def user(self, user_id: str) -> CompanyUser:
        """The user with an 18-character id; ``KeyError`` when there is none."""
        return self._users[user_id]

    def address(self, user_id: str) -> str:
        """The identity URL of a user."""
        return f"{self._base_url}/id/{self._company.salesforce_org_id}/{user_id}"

    def record(self, user_id: str) -> dict[str, Any]:
        """The answer of the identity URL."""
        user = self.user(user_id)
        first, _, last = user.name.partition(" ")
        return {
            "id": self.address(user_id),
            "asserted_user": True,
            "user_id": user_id,
            "organization_id": self._company.salesforce_org_id,
            "username": user.email,
            "nick_name": user.email.partition("@")[0],
            "display_name": user.name,
            "email": user.email,
            "email_verified": True,
            "first_name": first,
            "last_name": last,
            "timezone": "Europe/London",
            "photos": self._photos(),
            "active": True,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_GB",
            "utcOffset": 0,
            "is_app_installed": True,
            "urls": self._urls(user_id),
        }

    def userinfo(self, user_id: str) -> dict[str, Any]:
        """The answer of the userinfo endpoint."""
        user = self.user(user_id)
        first, _, last = user.name.partition(" ")
        return {
            "sub": self.address(user_id),
            "user_id": user_id,
            "organization_id": self._company.salesforce_org_id,
            "preferred_username": user.email,
            "nickname": user.email.partition("@")[0],
            "name": user.name,
            "email": user.email,
            "email_verified": True,
            "given_name": first,
            "family_name": last,
            "zoneinfo": "Europe/London",
            "photos": self._photos(),
            "profile": f"{self._base_url}/{user_id}",
            "picture": f"{self._base_url}/profilephoto/005/F",
            "urls": self._urls(user_id),
            "active": True,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_GB",
            "utcOffset": 0,
            "updated_at": self._clock.start.isoformat().replace("+00:00", "Z"),
            "is_app_installed": True,
        }

    def id_token(self, user_id: str, nonce: str, registration: Registration) -> str:
        """The signed ID token for our application."""
        now = self._clock.timestamp()
        claims: dict[str, Any] = {
            "iss": self._base_url,
            "sub": self.address(user_id),
            "aud": registration.salesforce_client_id,
            "iat": now,
            "exp": now + 120,
        }
        if nonce:
            claims["nonce"] = nonce
        return registration.salesforce_key.sign(claims)

    def configuration(self) -> dict[str, Any]:
        """OpenID discovery of the login host."""
        services = f"{self._base_url}/services/oauth2"
        return {
            "issuer": self._base_url,
            "authorization_endpoint": f"{services}/authorize",
            "token_endpoint": f"{services}/token",
            "revocation_endpoint": f"{services}/revoke",
            "userinfo_endpoint": f"{services}/userinfo",
            "jwks_uri": f"{self._base_url}/id/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }

    def _photos(self) -> dict[str, str]:
        return {
            "picture": f"{self._base_url}/profilephoto/005/F",
            "thumbnail": f"{self._base_url}/profilephoto/005/T",
        }

    def _urls(self, user_id: str) -> dict[str, str]:
        base = self._base_url
        return {
            "enterprise": f"{base}/services/Soap/c/{{version}}/{self._company.salesforce_org_id[:15]}",
            "partner": f"{base}/services/Soap/u/{{version}}/{self._company.salesforce_org_id[:15]}",
            "rest": f"{base}{_REST}",
            "sobjects": f"{base}{_REST}sobjects/",
            "search": f"{base}{_REST}search/",
            "query": f"{base}{_REST}query/",
            "recent": f"{base}{_REST}recent/",
            "profile": f"{base}/{user_id}",
            "custom_domain": base,
        }
