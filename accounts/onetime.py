"""Secrets that are handed out once: the client has the text, the database its SHA-256, a sign-in page its challenge."""

from __future__ import annotations

import base64
import hashlib
import secrets


def new_secret() -> str:
    """256 random bits as 43 characters fit for addresses and headers."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Hex SHA-256: with 256 random bits behind it, a look-up by it tells nothing by its timing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
