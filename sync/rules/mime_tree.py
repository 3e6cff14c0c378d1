"""The tree of a mail's parts, read by the standard library within limits.

The library's own parser has none: depth costs it time for each line, and a header of a million parameters takes it
minutes. So parts, depth and headers are counted while it works, through the hooks that it offers.
https://docs.python.org/3/library/email.parser.html
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from email.message import Message as EmailMessage
from email.parser import BytesFeedParser, BytesHeaderParser
from email.policy import Compat32
from typing import Any, BinaryIO, TypeAlias, cast

MAX_DEPTH = 50
MAX_PARTS = 1000
MAX_HEADER_BYTES = 2**20
# Reading parameters takes the library time that grows with the square of their number.
_MAX_PARAMETERS = 8192
_BLOCK = 64 * 1024

MailPart: TypeAlias = "EmailMessage[str, str]"


class _BeyondLimits(Exception):
    """The mail is nested deeper, has more parts or more headers than is read."""


class _Counted(Compat32):
    """The library's most forgiving policy, counting the bytes of headers."""

    header_bytes = 0

    def header_source_parse(self, sourcelines: Sequence[str]) -> tuple[str, str]:
        size = self.header_bytes + sum(map(len, sourcelines))
        object.__setattr__(self, "header_bytes", size)  # policies are otherwise not to be changed
        if size > MAX_HEADER_BYTES:
            raise _BeyondLimits
        name, value = super().header_source_parse(list(sourcelines))
        if name.lower().startswith("content-"):
            value = value[:_MAX_PARAMETERS]
        return name, value


class _Parts:
    """Makes the objects of parts, and counts them and how deep they stand."""

    def __init__(self) -> None:
        self.root: MailPart | None = None
        self.count = 0

    def __call__(self, policy: Any = None) -> MailPart:
        self.count += 1
        # The part before the first is the mail itself.
        if self.count > MAX_PARTS + 1 or self.depth() > MAX_DEPTH:
            raise _BeyondLimits
        part: MailPart = EmailMessage(policy=policy)
        self.root = part if self.root is None else self.root
        return part

    def depth(self) -> int:
        """How many levels stand below the mail itself, along the part that was last added to each."""
        depth, inner = 0, children_of(self.root)
        while inner:
            depth, inner = depth + 1, children_of(inner[-1])
        return depth


def children_of(part: MailPart | None) -> list[MailPart]:
    """The parts within a part."""
    children = part.get_payload() if part is not None and part.is_multipart() else None
    return cast("list[MailPart]", children) if isinstance(children, list) else []


def parse_head(raw: bytes | BinaryIO) -> tuple[MailPart, bool]:
    """The same of a mail's headers alone: whatever they say of parts, none are looked for."""
    made: list[MailPart] = []

    def make(policy: Any = None) -> MailPart:
        made.append(EmailMessage(policy=policy))
        return made[-1]

    parser: BytesHeaderParser[MailPart] = BytesHeaderParser(make, policy=_Counted())
    try:
        return parser.parsebytes(raw if isinstance(raw, bytes) else raw.read()), True
    except _BeyondLimits:
        return made[-1], False


def parse_tree(raw: bytes | BinaryIO) -> tuple[MailPart, bool]:
    """The mail, and whether all of it was read: beyond the limits only what stands before is there."""
    stream = io.BytesIO(raw) if isinstance(raw, bytes) else raw
    parts = _Parts()
    parser: BytesFeedParser[MailPart] = BytesFeedParser(parts, policy=_Counted())
    parts.root, parts.count = None, 0  # the parser has tried how it is to be called
    try:
        while block := stream.read(_BLOCK):
            parser.feed(block)
        tree = parser.close()
    except _BeyondLimits:
        return parts.root if parts.root is not None else EmailMessage(), False
    return tree, parts.depth() <= MAX_DEPTH
