"""Outlook item ids: case-sensitive, url-safe base64, different for each id type, unknown outside their mailbox.

An item's id begins with its numbers, masked for the mailbox, so that no mailbox has to keep a table of its ids.

A default id names an item *in its folder* and so changes when the item moves; an immutable id names the item.
https://learn.microsoft.com/graph/outlook-immutable-id
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache

_NUMBER = 5  # bytes of a serial and of a placement
_WELL_FORMED = re.compile(r"^AA[A-Za-z0-9_\-]{62,}={0,2}$")


def _long(prefix: bytes, mailbox: str, kind: str, name: str, length: int) -> str:
    digest = hashlib.shake_256(f"{mailbox}|{kind}|{name}".encode()).digest(length)
    return base64.urlsafe_b64encode(prefix + digest).decode("ascii")


@lru_cache(maxsize=1024)
def _mask(mailbox: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{mailbox}|numbers".encode()).digest()[: 2 * _NUMBER])


def _item(prefix: bytes, mailbox: str, kind: str, serial: int, placement: int, length: int) -> str:
    numbers = (((serial << 8 * _NUMBER) | placement) ^ _mask(mailbox)).to_bytes(2 * _NUMBER)
    digest = hashlib.shake_256(f"{mailbox}|{kind}|{serial}:{placement}".encode()).digest(length - len(numbers))
    return base64.urlsafe_b64encode(prefix + numbers + digest).decode("ascii")


def default_id(mailbox: str, serial: int, placement: int) -> str:
    return _item(b"\x00\x03\x24", mailbox, "item", serial, placement, 107)


def immutable_id(mailbox: str, serial: int) -> str:
    return _item(b"\x00\x09\x0b", mailbox, "immutable", serial, 0, 86)


def serial_of(mailbox: str, value: str) -> int | None:
    """The serial that an id of this mailbox would name. Whoever asks compares the item's ids with the whole text."""
    if not is_well_formed(value):
        return None
    numbers = int.from_bytes(base64.urlsafe_b64decode(value[:20])[3 : 3 + 2 * _NUMBER]) ^ _mask(mailbox)
    return numbers >> 8 * _NUMBER


def folder_id(mailbox: str, name: str) -> str:
    return _long(b"\x00\x03\x24", mailbox, "folder", name, 69) + "AAA="


def conversation_id(mailbox: str, root: str) -> str:
    return _long(b"\x00\x04\x24", mailbox, "conversation", root, 51)


def attachment_id(item_id: str, place: int) -> str:
    """Attachment ids start like their message's id and go on."""
    return item_id.rstrip("=") + _long(b"\x04", item_id, "attachment", str(place), 20)


def is_well_formed(value: str) -> bool:
    return _WELL_FORMED.match(value) is not None


def to_ews(value: str) -> str:
    return value.replace("-", "/").replace("_", "+")


def from_ews(value: str) -> str:
    return value.replace("/", "-").replace("+", "_")


def change_key(mailbox: str, serial: int, version: int) -> str:
    digest = hashlib.sha256(f"{mailbox}|{serial}|{version}".encode()).digest()[:12]
    return base64.b64encode(b"\x09\x00\x00\x00\x16\x00\x00\x00" + digest + b"\x00\x00").decode("ascii")
