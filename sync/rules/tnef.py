"""`winmail.dat`: the files and the text that Outlook packs into one attachment (TNEF).

    signature, key, then attributes: level, id, length, data, checksum
        attAttachRendData begins a file; attAttachTitle, attAttachData, attAttachment (MAPI properties) tell of it

https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxtnef/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from sync.rules.words import decode_bytes

SIGNATURE = b"\x78\x9f\x3e\x22"
_MESSAGE_CLASS, _RENDERING, _TITLE, _DATA, _PROPERTIES, _MESSAGE_PROPERTIES, _BODY = (
    0x8008,
    0x9002,
    0x8010,
    0x800F,
    0x9005,
    0x9003,
    0x800C,
)
_LONG_NAME, _SHORT_NAME, _MIME_TYPE, _CONTENT_ID, _CONTENT, _TEXT, _HTML = (
    0x3707,
    0x3704,
    0x370E,
    0x3712,
    0x3701,
    0x1000,
    0x1013,
)
_FIXED = {0x0000: 4, 0x0001: 4, 0x0002: 4, 0x0003: 4, 0x0004: 4, 0x000A: 4, 0x000B: 4}
_FIXED |= {0x0005: 8, 0x0006: 8, 0x0007: 8, 0x0014: 8, 0x0040: 8, 0x0048: 16}
_STRING, _UNICODE, _OBJECT, _BINARY = 0x001E, 0x001F, 0x000D, 0x0102
_MOST_FILES = 1000


@dataclass(frozen=True, slots=True)
class PackedFile:
    name: str
    content: bytes
    content_type: str = ""
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What was packed. `text` and `html` are empty where the pack holds none."""

    files: tuple[PackedFile, ...] = ()
    text: str = ""
    html: str = ""
    message_class: str = ""


def unpack(data: bytes) -> Unpacked | None:
    """What a `winmail.dat` holds; None for what is none, is damaged, or ends too early."""
    try:
        return _unpack(data)
    except (struct.error, IndexError, ValueError):
        return None


def _unpack(data: bytes) -> Unpacked | None:
    if not data.startswith(SIGNATURE):
        return None
    files: list[dict[int, bytes]] = []
    message: dict[int, bytes] = {}
    for attribute, content in _attributes(data):
        if attribute == _RENDERING:
            files.append({})
            if len(files) > _MOST_FILES:
                return None
        elif attribute in {_TITLE, _DATA} and files:
            files[-1][attribute] = content
        elif attribute == _PROPERTIES and files:
            files[-1].update(_properties(content))
        elif attribute == _MESSAGE_PROPERTIES:
            message.update(_properties(content))
        elif attribute in {_BODY, _MESSAGE_CLASS}:
            message[attribute] = content
    return Unpacked(
        files=tuple(_file(known) for known in files),
        text=decode_bytes(message.get(_TEXT, message.get(_BODY, b""))).rstrip("\0"),
        html=decode_bytes(message.get(_HTML, b"")).rstrip("\0"),
        message_class=decode_bytes(message.get(_MESSAGE_CLASS, b"")).rstrip("\0"),
    )


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = len(SIGNATURE) + 2
    while place < len(data):
        _level, attribute, _type, length = struct.unpack_from("<BHHI", data, place)
        place += 9
        if place + length + 2 > len(data):
            raise ValueError("ends within an attribute")
        yield attribute, data[place : place + length]
        place += length + 2


def _properties(data: bytes) -> dict[int, bytes]:
    """Values of MAPI properties by their id: texts as UTF-8, the first of several values."""
    (count,) = struct.unpack_from("<I", data)
    place, found = 4, {}
    for _ in range(count):
        kind, name = struct.unpack_from("<HH", data, place)
        place += 4
        if name >= 0x8000:
            place = _named(data, place)
        values = 1
        if kind & 0x1000 or kind in {_STRING, _UNICODE, _OBJECT, _BINARY}:
            (values,) = struct.unpack_from("<I", data, place)
            place += 4
        kind &= 0x0FFF
        value = b""
        for number in range(values):
            one, place = _value(data, place, kind)
            value = value if number else one
        found[name] = value
    return found


def _value(data: bytes, place: int, kind: int) -> tuple[bytes, int]:
    if kind in _FIXED:
        return data[place : place + _FIXED[kind]], _within(data, place + _FIXED[kind])
    if kind not in {_STRING, _UNICODE, _OBJECT, _BINARY}:
        raise ValueError("a property of an unknown kind")
    (length,) = struct.unpack_from("<I", data, place)
    place += 4
    value = data[place : place + length]
    if kind == _UNICODE:
        value = decode_bytes(value, "utf-16-le").rstrip("\0").encode()
    elif kind == _STRING:
        value = value.rstrip(b"\0")
    elif kind == _OBJECT:
        value = value[16:]  # the interface's id comes first
    return value, _within(data, place + length + (-length % 4))


def _named(data: bytes, place: int) -> int:
    """Reads over the name of a named property."""
    (kind,) = struct.unpack_from("<I", data, place + 16)
    place += 20
    if kind == 0:
        return place + 4
    (length,) = struct.unpack_from("<I", data, place)
    return _within(data, place + 4 + length + (-length % 4))


def _within(data: bytes, place: int) -> int:
    # The padding of the last value may be missing.
    if place > len(data) + 3:
        raise ValueError("ends within a property")
    return place


def _file(known: dict[int, bytes]) -> PackedFile:
    name = known.get(_LONG_NAME) or known.get(_TITLE) or known.get(_SHORT_NAME) or b""
    return PackedFile(
        name=decode_bytes(name).rstrip("\0"),
        content=known.get(_DATA) or known.get(_CONTENT) or b"",
        content_type=decode_bytes(known.get(_MIME_TYPE, b"")).rstrip("\0").lower(),
        content_id=decode_bytes(known.get(_CONTENT_ID, b"")).rstrip("\0"),
    )
