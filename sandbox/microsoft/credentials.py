"""How a confidential client proves itself: with its secret, or with an assertion signed by its certificate's key.

https://learn.microsoft.com/entra/identity-platform/certificate-credentials
"""

from __future__ import annotations

import base64
import binascii
import secrets
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.microsoft.grants import Grants
from sandbox.microsoft.issuing import Credential
from sandbox.microsoft.refusals import AuthError, missing, unknown_application
from sandbox.registration import Registration
from sandbox.signing import base64url, read_claims

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SKEW = 300


class Credentials:
    """Tells clients apart. ``token_endpoint`` is the audience of assertions."""

    def __init__(self, registration: Registration, grants: Grants, audiences: tuple[str, ...]) -> None:
        self._registration = registration
        self._grants = grants
        self._audiences = audiences

    def authenticate(self, form: dict[str, str], basic: str) -> tuple[str, Credential]:
        """The client's id and the kind of its proof. ``basic`` is the Authorization header."""
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        if basic.lower().startswith("basic "):
            client_id, secret = _basic(basic)
        if not client_id:
            raise missing("client_id")
        if client_id == self._registration.microsoft_host_client_id:
            if secret or "client_assertion" in form:
                raise AuthError(
                    700025,
                    "invalid_client",
                    "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
                )
            return client_id, "0"
        if client_id != self._registration.microsoft_client_id:
            raise unknown_application(client_id)
        if "client_assertion" in form:
            self._check_assertion(form, client_id)
            return client_id, "2"
        if not secret:
            raise missing("client_assertion' or 'client_secret")
        if not secrets.compare_digest(secret.encode(), self._registration.microsoft_client_secret.encode()):
            raise AuthError(
                7000215,
                "invalid_client",
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
                f"value, not the client secret ID, for a secret added to app '{client_id}'.",
            )
        return client_id, "1"

    def _check_assertion(self, form: dict[str, str], client_id: str) -> None:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise missing("client_assertion_type")
        assertion = form["client_assertion"]
        claims = self._signed(assertion)
        if claims.get("iss") != client_id or claims.get("sub") != client_id:
            raise AuthError(
                700030, "invalid_client", "Invalid certificate - the issuer or subject of the assertion is no match."
            )
        if claims.get("aud") not in self._audiences:
            raise AuthError(700023, "invalid_client", "Client assertion audience claim does not match Realm issuer.")
        # The client's clock is this machine's, even where a test has moved the sandbox's.
        now = int(datetime.now(UTC).timestamp())
        times = [claims.get("nbf", now), claims.get("exp")]
        if not all(isinstance(time, int | float) for time in times) or not times[0] - _SKEW <= now < times[1] + _SKEW:
            raise AuthError(700024, "invalid_client", "Client assertion is not within its valid time range.")
        jti = claims.get("jti")
        if not isinstance(jti, str) or not jti or not self._grants.remember_assertion(jti, assertion):
            raise AuthError(700027, "invalid_client", "Client assertion carries an identifier that was used before.")

    def _signed(self, assertion: str) -> dict[str, Any]:
        failed = AuthError(700027, "invalid_client", "Client assertion failed signature validation.")
        certificate = self._registration.microsoft_certificate
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise failed
        try:
            header = jwt.get_unverified_header(assertion)
            claims = read_claims(assertion, key, ("RS256", "PS256"))
        except jwt.InvalidTokenError as error:
            raise failed from error
        expected = {
            "x5t": base64url(certificate.fingerprint(hashes.SHA1())),  # noqa: S303
            "x5t#S256": base64url(certificate.fingerprint(hashes.SHA256())),
        }
        named = {name: str(header[name]).rstrip("=") for name in expected if name in header}
        if not named or any(expected[name] != value for name, value in named.items()):
            raise AuthError(
                700027,
                "invalid_client",
                "The certificate with identifier used to sign the client assertion is not registered on application.",
            )
        return claims


def _basic(header: str) -> tuple[str, str]:
    try:
        client_id, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise AuthError(9002313, "invalid_request", "Request is malformed or invalid.") from error
    return client_id, secret
