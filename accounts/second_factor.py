"""Operators' second factors (allauth's TOTP seeds and recovery codes), sealed in the database.

Operators belong to no organisation, so these are sealed with the wrapping keys of ALONGSIDE_KEYS themselves:

    sealed = "sealed:" | key id | ":" | base64(nonce, 12 bytes | ciphertext and tag)
"""

from __future__ import annotations

import base64
import os
from typing import Any, Final

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from accounts.crypto import NONCE_BYTES, SecretUnreadable, newest_wrapping_key
from accounts.trail import root_of
from permissions.audit.recording import COMMAND, record

_MARK: Final = "sealed"


class SealedMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The hooks by which allauth stores and reads a second factor's secrets."""

    def encrypt(self, text: str) -> str:
        key_id, key = newest_wrapping_key()
        nonce = os.urandom(NONCE_BYTES)
        box = nonce + AESGCM(key).encrypt(nonce, text.encode(), _context(key_id))
        return f"{_MARK}:{key_id}:{base64.b64encode(box).decode()}"

    def decrypt(self, encrypted_text: str) -> str:
        """Raises SecretUnreadable; what was never sealed is not taken."""
        mark, _, rest = encrypted_text.partition(":")
        key_id, _, encoded = rest.partition(":")
        key = dict(settings.ALONGSIDE_KEYS).get(key_id)
        if mark != _MARK or key is None:
            raise SecretUnreadable(f"A second factor is sealed with {key_id!r}, which ALONGSIDE_KEYS does not hold.")
        box = base64.b64decode(encoded)
        try:
            return AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], _context(key_id)).decode()
        except (InvalidTag, ValueError):
            raise SecretUnreadable(gettext("A second factor does not open: another key, or altered.")) from None


def reseal() -> int:
    """Seals every second factor with the newest key; how many were not yet. Raises SecretUnreadable."""
    adapter = SealedMFAAdapter()
    current = f"{_MARK}:{newest_wrapping_key()[0]}:"

    def again(value: Any) -> Any:
        if isinstance(value, list):
            return [again(one) for one in value]
        if isinstance(value, str) and value.startswith(f"{_MARK}:") and not value.startswith(current):
            return adapter.encrypt(adapter.decrypt(value))
        return value

    done = 0
    for pk in Authenticator.objects.values_list("pk", flat=True):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue
            data = {name: again(value) for name, value in row.data.items()}
            if data != row.data:
                row.data = data
                row.save(update_fields=["data"])
                record("secret.rotated", root=root_of(row.user), by=COMMAND, on=("factor", row.pk))
                done += 1
    return done


def _context(key_id: str) -> bytes:
    return f"mfa_authenticator.data|{key_id}".encode()
