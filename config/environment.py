"""Reading the environment: typed values, defaults safe for production, and one error that names all that is missing."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32


def encryption_keys(value: str) -> list[tuple[str, bytes]]:
    """`id:base64,id:base64`, newest first, into (id, 32 bytes). Raises ImproperlyConfigured, never showing a key."""
    keys: list[tuple[str, bytes]] = []
    for place, part in enumerate(filter(None, (piece.strip() for piece in value.split(","))), start=1):
        key_id, _, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not key_id or len(key) != KEY_BYTES:
            raise ImproperlyConfigured(
                f"ALONGSIDE_KEYS: entry {place} must read `id:base64 of {KEY_BYTES} random bytes`. "
                "Make one with: python -c \"import base64,os;print('k1:'+base64.b64encode(os.urandom(32)).decode())\""
            )
        keys.append((key_id, key))
    if len({key_id for key_id, _ in keys}) != len(keys):
        raise ImproperlyConfigured("ALONGSIDE_KEYS: two entries have the same id.")
    return keys


def is_loopback(url: str) -> bool:
    host = (urlsplit(url).hostname or "").lower()
    return host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".localhost")


def provider_url(name: str, value: str, *, sandbox: bool) -> str:
    """A provider's base address without its trailing slash. https only; loopback only with ALONGSIDE_SANDBOX=1."""
    value = value.rstrip("/")
    if urlsplit(value).scheme != "https":
        raise ImproperlyConfigured(f"{name} must begin with https://")
    if is_loopback(value) and not sandbox:
        raise ImproperlyConfigured(f"{name} points at this machine: that is accepted only with ALONGSIDE_SANDBOX=1.")
    return value
