"""Google at the HTTP edge, for tests that change one thing of its answers."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs

import jwt
import responses
from cryptography.hazmat.primitives.asymmetric import rsa

AUTH = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN = "https://oauth2.googleapis.com/token"
REVOKE = "https://oauth2.googleapis.com/revoke"
CERTS = "https://www.googleapis.com/oauth2/v3/certs"
CLIENT = "client.apps.googleusercontent.com"
SUB = "110169484474386276334"
READ = "https://www.googleapis.com/auth/gmail.readonly"
PUSHER = "push@project.iam.gserviceaccount.com"
AUDIENCE = "https://alongside.example/webhooks/gmail/"

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(key: rsa.RSAPrivateKey, kid: str, **more: Any) -> dict[str, Any]:
    public: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return {"kty": "RSA", "n": public["n"], "e": public["e"], "use": "sig", "alg": "RS256", "kid": kid, **more}


def signed(payload: dict[str, Any], *, key: Any = KEY, alg: str = "RS256", kid: str | None = "g1") -> str:
    return jwt.encode(payload, key, algorithm=alg, headers={"kid": kid} if kid is not None else {})


def id_claims(**change: Any) -> dict[str, Any]:
    """A good ID token's claims; a changed value of None leaves the claim out."""
    now = int(time.time())
    good = {
        "iss": "https://accounts.google.com",
        "azp": CLIENT,
        "aud": CLIENT,
        "sub": SUB,
        "hd": "larkfield.example",
        "email": "mia.keller@larkfield.example",
        "email_verified": True,
        "nonce": "the-nonce",
        "iat": now,
        "exp": now + 3600,
    }
    return {name: value for name, value in {**good, **change}.items() if value is not None}


def push_claims(**change: Any) -> dict[str, Any]:
    """A good push token's claims."""
    now = int(time.time())
    good = {
        "iss": "https://accounts.google.com",
        "azp": "113774264463038321964",
        "aud": AUDIENCE,
        "sub": "113774264463038321964",
        "email": PUSHER,
        "email_verified": True,
        "iat": now,
        "exp": now + 3600,
    }
    return {name: value for name, value in {**good, **change}.items() if value is not None}


class Google:
    """Google's sign-in service. `answer` is what the token endpoint says besides the ID token, `claims` change that."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock
        self.answer: dict[str, Any] = {
            "access_token": "access-1",
            "refresh_token": "refresh-1",
            "expires_in": 3599,
            "scope": f"openid https://www.googleapis.com/auth/userinfo.email {READ}",
            "token_type": "Bearer",
        }
        self.status = 200
        self.claims: dict[str, Any] = {}
        self.nonce = ""
        mock.get(CERTS, json={"keys": [jwk(KEY, "g1")]})
        mock.add_callback(responses.POST, TOKEN, self._token)
        mock.post(REVOKE, status=200)

    def _token(self, request: Any) -> tuple[int, dict[str, str], str]:
        body = {"id_token": signed(id_claims(**{"nonce": self.nonce, **self.claims})), **self.answer}
        return self.status, {}, json.dumps({name: value for name, value in body.items() if value is not None})

    def forms(self, url: str) -> list[dict[str, str]]:
        """The forms that were posted to an address."""
        return [
            {name: values[0] for name, values in parse_qs(str(call.request.body)).items()}
            for call in self.mock.calls
            if call.request.url == url
        ]
