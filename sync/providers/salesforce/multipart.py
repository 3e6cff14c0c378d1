"""A multipart body of known length that is read in blocks, so that a file never stands in memory whole."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from django.utils.translation import gettext_noop

from accounts.http import BLOCK_BYTES
from sync import errors


class MultipartFile:
    """One JSON part and one file part, sized and readable as `http.client` wants it. Read once.

    Raises `Unavailable` in the middle of the upload when the file is not `size` bytes long: the connection is dropped
    then, and nothing was stored.
    """

    def __init__(
        self,
        *,
        entity_part: str,
        entity: Mapping[str, Any],
        file_part: str,
        file_name: str,
        content_type: str,
        blocks: Iterable[bytes],
        size: int,
    ) -> None:
        self.boundary = "alongside-" + secrets.token_hex(16)
        self._head = _part(self.boundary, entity_part, "", "application/json", first=True)
        self._head += json.dumps(entity).encode()
        self._head += _part(self.boundary, file_part, file_name, content_type)
        self._tail = ("\r\n--" + self.boundary + "--\r\n").encode()
        self._size = size
        self._rest = b""
        self._source = self._all(blocks)

    @property
    def content_type(self) -> str:
        return 'multipart/form-data; boundary="' + self.boundary + '"'

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        while block := self.read(BLOCK_BYTES):
            yield block

    def read(self, amount: int = -1) -> bytes:
        """At most `amount` bytes, all that is left for -1; b"" at the end."""
        if amount < 0:
            return b"".join(self)
        if not self._rest:
            self._rest = next(self._source, b"")
        given, self._rest = self._rest[:amount], self._rest[amount:]
        return given

    def _all(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        yield self._head
        sent = 0
        for block in blocks:
            sent += len(block)
            if sent > self._size:
                raise _changed()
            if block:
                yield block
        if sent != self._size:
            raise _changed()
        yield self._tail


def blocks_of(stream: Iterable[bytes] | BinaryIO) -> Iterable[bytes]:
    """A binary file in blocks, anything else as it comes."""
    read = getattr(stream, "read", None)
    if read is None:
        return stream
    return iter(lambda: read(BLOCK_BYTES), b"")


def _changed() -> errors.Unavailable:
    return errors.Unavailable(gettext_noop("The file is not as long as it was said to be."), code="LENGTH_DIFFERS")


def _part(boundary: str, name: str, file_name: str, content_type: str, *, first: bool = False) -> bytes:
    lead = "" if first else "\r\n"
    disposition = 'form-data; name="' + name + '"'
    if file_name:
        disposition += '; filename="' + _quoted(file_name) + '"'
    return (
        lead + "--" + boundary + "\r\n"
        "Content-Disposition: " + disposition + "\r\n"
        "Content-Type: " + _quoted(content_type) + "\r\n\r\n"
    ).encode()


def _quoted(value: str) -> str:
    """As browsers write it (WHATWG form data): nothing in a name can end its line or its quotes."""
    return value.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
