"""Secrets that are handed out once: the client has the text, the database its SHA-256."""

from __future__ import annotations

import hashlib
import secrets


def new_secret() -> str:
    """256 random bits as 43 characters fit for addresses and headers."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Hex SHA-256: with 256 random bits behind it, a look-up by it tells nothing by its timing."""
    return hashlib.sha256(secret.encode()).hexdigest()
