"""Envelope encryption of secrets, directly on AES-256-GCM of `cryptography`.

    settings.ALONGSIDE_KEYS            accounts_datakey                        a secret column
    (id, 32 bytes), newest first ──►   wrapped data key, one row for each ──►  box
    never in the database              (organisation, number)

    box     = 0x01 | data key number, 4 bytes | nonce, 12 bytes | ciphertext and tag
    wrapped = nonce, 12 bytes | ciphertext and tag                    (the wrapping key's id stands beside it)

The associated data of a box is `table.column|organisation|row`, that of a wrapped key
`accounts_datakey.wrapped|organisation|number|wrapping key's id`: a value that was copied elsewhere does not open.
Opened data keys stay in this process's memory for `CACHE_SECONDS`, and only once their row is committed.

Reference: NIST SP 800-38D; https://cryptography.io/en/latest/hazmat/primitives/aead/
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from functools import partial
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction

CACHE_SECONDS: Final = 300.0
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
_VERSION: Final = 1
_HEADER_BYTES: Final = 5

_cache: dict[tuple[uuid.UUID, int], tuple[float, bytes]] = {}
_newest: dict[uuid.UUID, tuple[float, int]] = {}
_lock = threading.Lock()


class SecretUnreadable(Exception):
    """A secret does not open: unknown key, wrong key, altered value, or a value that belongs elsewhere.

    The message names the place, never the value.
    """


def seal(plain: str, *, place: str, organisation_id: uuid.UUID, row_id: object) -> bytes:
    """The box of a text. `place` is `table.column`. Makes the organisation's first data key where there is none."""
    number, key = _newest_key(organisation_id)
    nonce = os.urandom(NONCE_BYTES)
    header = bytes([_VERSION]) + number.to_bytes(4, "big")
    context = _context(place, organisation_id, row_id)
    return header + nonce + AESGCM(key).encrypt(nonce, plain.encode(), header + context)


def open_box(box: bytes, *, place: str, organisation_id: uuid.UUID, row_id: object) -> str:
    """The text in a box. Raises SecretUnreadable, and never answers with anything but the text."""
    if len(box) < _HEADER_BYTES + NONCE_BYTES + TAG_BYTES or box[0] != _VERSION:
        raise SecretUnreadable(f"{place}: not a sealed value.")
    header, nonce, body = box[:_HEADER_BYTES], box[_HEADER_BYTES:][:NONCE_BYTES], box[_HEADER_BYTES + NONCE_BYTES :]
    key = _data_key(organisation_id, box_number(box))
    try:
        return AESGCM(key).decrypt(nonce, body, header + _context(place, organisation_id, row_id)).decode()
    except InvalidTag:
        raise SecretUnreadable(f"{place}: altered, or sealed for another place or under another key.") from None


def box_number(box: bytes) -> int:
    """The number of the data key that a box names in its header."""
    return int.from_bytes(box[1:_HEADER_BYTES], "big")


def forget_keys() -> None:
    """Drops the opened data keys of this process."""
    with _lock:
        _cache.clear()
        _newest.clear()


def newest_wrapping_key() -> tuple[str, bytes]:
    """(id, key) that new data keys are wrapped with. Raises ImproperlyConfigured where none is set."""
    keys: list[tuple[str, bytes]] = settings.ALONGSIDE_KEYS
    if not keys:
        raise ImproperlyConfigured("ALONGSIDE_KEYS is empty: secrets cannot be stored.")
    return keys[0]


def wrap(key: bytes, *, organisation_id: uuid.UUID, number: int) -> tuple[bytes, str]:
    """(wrapped data key, id of the wrapping key)."""
    key_id, wrapping = newest_wrapping_key()
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(wrapping).encrypt(nonce, key, _wrap_context(organisation_id, number, key_id)), key_id


def unwrap(wrapped: bytes, *, key_id: str, organisation_id: uuid.UUID, number: int) -> bytes:
    """The data key. Raises SecretUnreadable."""
    wrapping = dict(settings.ALONGSIDE_KEYS).get(key_id)
    if wrapping is None:
        raise SecretUnreadable(f"A data key is wrapped with {key_id!r}, which ALONGSIDE_KEYS does not hold.")
    try:
        context = _wrap_context(organisation_id, number, key_id)
        return AESGCM(wrapping).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
    except (InvalidTag, ValueError):
        raise SecretUnreadable(f"A data key does not open with {key_id!r}: another key, or altered.") from None


def _context(place: str, organisation_id: uuid.UUID, row_id: object) -> bytes:
    if organisation_id is None or row_id is None:
        raise SecretUnreadable(f"{place}: a secret needs the organisation and the row it belongs to.")
    return f"{place}|{organisation_id}|{row_id}".encode()


def _wrap_context(organisation_id: uuid.UUID, number: int, key_id: str) -> bytes:
    return f"accounts_datakey.wrapped|{organisation_id}|{number}|{key_id}".encode()


def _newest_key(organisation_id: uuid.UUID) -> tuple[int, bytes]:
    with _lock:
        until, number = _newest.get(organisation_id, (0.0, 0))
    if until > time.monotonic():
        return number, _data_key(organisation_id, number)
    rows = apps.get_model("accounts", "DataKey").objects.filter(organisation=organisation_id)
    row = rows.order_by("-number").first()
    if row is None:
        key = AESGCM.generate_key(bit_length=256)
        wrapped, key_id = wrap(key, organisation_id=organisation_id, number=1)
        try:
            with transaction.atomic():
                row = rows.create(organisation_id=organisation_id, number=1, wrapped=wrapped, key_id=key_id)
        except IntegrityError:  # somebody else made it first
            row = rows.get(number=1)
    transaction.on_commit(partial(_remember_newest, organisation_id, row.number))
    return row.number, _data_key(organisation_id, row.number)


def _data_key(organisation_id: uuid.UUID, number: int) -> bytes:
    with _lock:
        until, key = _cache.get((organisation_id, number), (0.0, b""))
    if until > time.monotonic():
        return key
    row = apps.get_model("accounts", "DataKey").objects.filter(organisation=organisation_id, number=number).first()
    if row is None:
        raise SecretUnreadable(f"The organisation has no data key {number}.")
    key = unwrap(bytes(row.wrapped), key_id=row.key_id, organisation_id=organisation_id, number=number)
    # A key made in a transaction that is rolled back must not outlive it: values sealed with it would be lost.
    transaction.on_commit(partial(_remember, organisation_id, number, key))
    return key


def _remember(organisation_id: uuid.UUID, number: int, key: bytes) -> None:
    with _lock:
        _cache[organisation_id, number] = (time.monotonic() + CACHE_SECONDS, key)


def _remember_newest(organisation_id: uuid.UUID, number: int) -> None:
    with _lock:
        _newest[organisation_id] = (time.monotonic() + CACHE_SECONDS, number)
