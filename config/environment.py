"""Reading the environment: typed values, defaults safe for production, and one error that names all that is missing."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})


def flag(name: str, default: bool = False) -> bool:
    """A setting that is on or off. Raises ImproperlyConfigured for a word that is neither."""
    value = os.environ.get(name)
    if value is None:
        return default
    word = value.strip().lower()
    if word not in _YES | _NO:
        raise ImproperlyConfigured(f"{name} must be 1 or 0.")
    return word in _YES


def number(name: str, default: int, *, least: int = 0) -> int:
    """A setting that is a whole number. Raises ImproperlyConfigured for anything else or less than `least`."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or int(value) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} on.")
    return int(value)


def address_of(name: str, value: str, schemes: tuple[str, ...]) -> str:
    """The address of a service, `value` as it is. Raises ImproperlyConfigured, never showing what may hold a secret."""
    if not value.startswith(tuple(f"{scheme}:" for scheme in schemes)):
        raise ImproperlyConfigured(f"{name} must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    return value


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
    if not keys:
        raise ImproperlyConfigured("ALONGSIDE_KEYS holds no key.")
    if len({key_id for key_id, _ in keys}) != len(keys):
        raise ImproperlyConfigured("ALONGSIDE_KEYS: two entries have the same id.")
    return keys


def is_loopback(url: str) -> bool:
    """Whether an address leads to this machine, however it is written."""
    host = (urlsplit(url).hostname or "").lower().rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    inner = getattr(address, "ipv4_mapped", None) or address
    return inner.is_loopback or inner.is_unspecified


def provider_url(name: str, value: str, *, sandbox: bool) -> str:
    """A provider's base address without its trailing slash. https only; loopback only with ALONGSIDE_SANDBOX=1."""
    value = value.rstrip("/")
    if urlsplit(value).scheme != "https" or not urlsplit(value).hostname:
        raise ImproperlyConfigured(f"{name} must begin with https:// and name a host.")
    if is_loopback(value) and not sandbox:
        raise ImproperlyConfigured(f"{name} points at this machine: that is accepted only with ALONGSIDE_SANDBOX=1.")
    return value
