"""Keys that sign the sandbox's tokens, their public half as JSON Web Keys, and the checking of signatures.

https://www.rfc-editor.org/rfc/rfc7517
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def base64url(content: bytes) -> str:
    """Base64 for addresses and tokens, without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class SigningKey:
    """An RSA key under its key id, which is derived from the public half."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.kid = base64url(hashlib.sha256(public).digest()[:20])

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        return self._key.public_key()

    def jwk(self) -> dict[str, Any]:
        """The public key as a member of a key set."""
        numbers = self.public_key.public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": base64url(numbers.n.to_bytes(256, "big")),
            "e": base64url(numbers.e.to_bytes(3, "big")),
        }

    def sign(self, claims: dict[str, Any], headers: dict[str, Any] | None = None, algorithm: str = "RS256") -> str:
        """A signed token. ``HS256`` signs with the public key as the secret, and ``none`` not at all: both are
        what a careless verifier falls for, and exist for tests."""
        head = {"typ": "JWT", "kid": self.kid, **(headers or {})}
        head = {name: value for name, value in head.items() if value is not None}
        if algorithm == "HS256":
            return self._confused(claims, head)
        if algorithm == "none":
            return jwt.encode(claims, None, algorithm="none", headers=head)  # type: ignore[arg-type]
        return jwt.encode(claims, self._key, algorithm=algorithm, headers=head)

    def _confused(self, claims: dict[str, Any], head: dict[str, Any]) -> str:
        secret = self.public_key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        parts = [base64url(json.dumps(part).encode()) for part in ({**head, "alg": "HS256"}, claims)]
        signature = hmac.new(secret, ".".join(parts).encode(), hashlib.sha256).digest()
        return ".".join([*parts, base64url(signature)])


def read_claims(token: str, key: rsa.RSAPublicKey, algorithms: tuple[str, ...] = ("RS256",)) -> dict[str, Any]:
    """The claims of a token whose signature holds. Times, audience and issuer are the caller's to judge, because
    they are judged by the sandbox's clock. Raises ``jwt.InvalidTokenError``."""
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=list(algorithms),
        options={
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
            "verify_aud": False,
            "verify_iss": False,
            "verify_sub": False,
            "verify_jti": False,
        },
    )
    return claims
