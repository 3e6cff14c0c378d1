"""What stands in a CMS (PKCS #7) container of an email: the signed content, or that it is encrypted.

Reads BER as far as that needs, in definite and indefinite lengths; the signature itself is not judged.
https://www.rfc-editor.org/rfc/rfc5652
"""

from __future__ import annotations

from collections.abc import Iterator

_SIGNED = bytes.fromhex("2a864886f70d010702")
_ENCRYPTED = frozenset(
    {
        bytes.fromhex("2a864886f70d010703"),  # enveloped data
        bytes.fromhex("2a864886f70d010704"),  # signed and enveloped data
        bytes.fromhex("2a864886f70d010706"),  # encrypted data
        bytes.fromhex("2a864886f70d0109100117"),  # authenticated enveloped data
    }
)
_OID, _OCTETS, _OCTETS_IN_PARTS, _SEQUENCE, _FIRST = 0x06, 0x04, 0x24, 0x30, 0xA0
_MAX_DEPTH = 16


class _Unreadable(ValueError):
    """Not BER, or not what is looked for."""


def is_encrypted(data: bytes) -> bool:
    """Whether a container holds something that only its recipients can read."""
    try:
        return _kind(data) in _ENCRYPTED
    except _Unreadable:
        return False


def signed_content(data: bytes) -> bytes | None:
    """What a container of signed data signs; None where it is none, is damaged, or holds the signature alone."""
    try:
        if _kind(data) != _SIGNED:
            return None
        content_info = _children(data, 0, len(data))[0]
        outer = _children(data, *content_info[1:])
        signed_data = _children(data, *outer[1][1:])[0]
        for tag, start, end in _children(data, *signed_data[1:]):
            if tag == _SEQUENCE:  # the only sequence of SignedData is encapContentInfo
                content = [one for one in _children(data, start, end) if one[0] == _FIRST]
                return _octets(data, content[0][1], content[0][2], 0) if content else None
    except (_Unreadable, IndexError):
        return None
    return None


def _kind(data: bytes) -> bytes:
    top = _children(data, 0, len(data))
    if not top or top[0][0] != _SEQUENCE:
        raise _Unreadable
    inner = next(_elements(data, *top[0][1:]), None)
    if inner is None or inner[0] != _OID:
        raise _Unreadable
    return data[inner[1] : inner[2]]


def _octets(data: bytes, start: int, end: int, depth: int) -> bytes:
    """Octet strings put together, however they are cut into pieces."""
    if depth > _MAX_DEPTH:
        raise _Unreadable
    pieces = []
    for tag, first, last in _elements(data, start, end):
        if tag == _OCTETS:
            pieces.append(data[first:last])
        elif tag == _OCTETS_IN_PARTS:
            pieces.append(_octets(data, first, last, depth + 1))
        else:
            raise _Unreadable
    return b"".join(pieces)


def _children(data: bytes, start: int, end: int) -> list[tuple[int, int, int]]:
    return list(_elements(data, start, end))


def _elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(tag, start, end) of the content of each element in a range."""
    place = start
    while place < end:
        tag, first, last, place = _element(data, place, end, 0)
        if tag == 0 and first == last:
            return  # the end of contents
        yield tag, first, last


def _element(data: bytes, place: int, end: int, depth: int) -> tuple[int, int, int, int]:
    """(tag, content start, content end, what follows)."""
    if place + 2 > end or depth > _MAX_DEPTH:
        raise _Unreadable
    tag, length = data[place], data[place + 1]
    if tag & 0x1F == 0x1F:
        raise _Unreadable
    first = place + 2
    if length == 0x80:
        inner = first
        while data[inner : inner + 2] != b"\0\0":
            _, _, _, inner = _element(data, inner, end, depth + 1)
        return tag, first, inner, inner + 2
    if length > 0x80:
        count = length & 0x7F
        if count > 8:
            raise _Unreadable
        length, first = int.from_bytes(data[first : first + count], "big"), first + count
    if first + length > end:
        raise _Unreadable
    return tag, first, first + length, first + length
