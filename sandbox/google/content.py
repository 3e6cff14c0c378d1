"""What Gmail reads out of a message's MIME: headers, the tree of parts, attachments, the snippet.

Text is given in UTF-8 whatever its charset was, headers without encoded words; everything else byte for byte.
https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages#Message.MessagePart
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from typing import Any

from sandbox.microsoft.mime import decoded, parse_head

_KEPT = 64
_DEEPEST = 100
_SNIPPET = 200
_PREFIX = re.compile(r"^\s*(re|fwd?|aw|wg|sv|vs|tr)\s*(\[\d+\])?\s*:\s*", re.IGNORECASE)
_TAGS = re.compile(r"<(style|script|head)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a message without its body. The texts are as people read them."""

    message_id: str | None
    references: tuple[str, ...] = ()
    subject: str = ""
    sender: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""

    @property
    def thread_subject(self) -> str:
        """The subject as conversations compare it: without the prefixes of answers and forwards."""
        text, before = self.subject, ""
        while text != before:
            before, text = text, _PREFIX.sub("", text)
        return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part that holds something itself. ``is_body`` parts are shown in the answer, the others are fetched."""

    part_id: str
    content: bytes
    is_body: bool


@dataclass(frozen=True, slots=True)
class Parsed:
    """A message as read. ``leaves`` are the parts with content, by part id."""

    mime: bytes
    root: Message
    leaves: dict[str, Leaf]
    files: tuple[str, ...]
    snippet: str


def head_of(mime: bytes) -> Head:
    """The head of a message. Never raises for what its headers contain."""
    head = parse_head(mime)

    def first(name: str) -> str:
        return decoded(str(head.get(name) or ""))

    words = f"{head.get('references') or ''} {head.get('in-reply-to') or ''}".split()
    references = dict.fromkeys(word for word in words if word.startswith("<") and word.endswith(">"))
    return Head(
        message_id=first("message-id") or None,
        references=tuple(references),
        subject=first("subject"),
        sender=first("from"),
        to=first("to"),
        cc=first("cc"),
        bcc=first("bcc"),
    )


class Content:
    """The messages that were read last, so that the parts of one are not parsed again and again."""

    def __init__(self) -> None:
        self._parsed: OrderedDict[str, Parsed] = OrderedDict()

    def of(self, identifier: str, mime: bytes) -> Parsed:
        self._parsed[identifier] = parsed = parse(mime)
        if len(self._parsed) > _KEPT:
            self._parsed.popitem(last=False)
        return parsed

    def known(self, identifier: str) -> Parsed | None:
        return self._parsed.get(identifier)

    def forget(self, identifier: str) -> None:
        self._parsed.pop(identifier, None)


def parse(mime: bytes) -> Parsed:
    """Reads a whole message. What cannot be parsed is one part of text."""
    root = message_from_bytes(mime, policy=policy.compat32)
    leaves = {leaf.part_id: leaf for leaf in _leaves(root, "", 0)}
    files = tuple(name for part_id, part in walk(root) if part_id in leaves and (name := _filename(part)))
    return Parsed(mime, root, leaves, files, _snippet(root, leaves))


def _children(part: Message, part_id: str, depth: int) -> list[tuple[str, Message]]:
    if not part.is_multipart() or depth >= _DEEPEST:
        return []
    inner: list[Message] = part.get_payload()  # type: ignore[assignment]
    return [(f"{part_id}.{place}".lstrip("."), child) for place, child in enumerate(inner)]


def _leaves(part: Message, part_id: str, depth: int) -> Iterator[Leaf]:
    children = _children(part, part_id, depth)
    kind = part.get_content_type()
    if not children or not kind.startswith("multipart/"):
        is_body = kind.startswith("text/") and not _filename(part)
        yield Leaf(part_id, _utf8(part) if is_body else _bytes(part), is_body)
    for child_id, child in children:
        yield from _leaves(child, child_id, depth + 1)


def _bytes(part: Message) -> bytes:
    if part.is_multipart():
        inner: list[Message] = part.get_payload()  # type: ignore[assignment]
        return b"\r\n".join(child.as_bytes() for child in inner)
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError):
        content = None
    return content if isinstance(content, bytes) else b""


def _utf8(part: Message) -> bytes:
    raw = _bytes(part)
    try:
        charset = part.get_content_charset() or "utf-8"
        return raw.decode(charset).encode()
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace").encode()


def _filename(part: Message) -> str:
    try:
        name = part.get_filename()
    except (LookupError, ValueError, TypeError):
        name = None
    if name:
        return decoded(name)
    return "noname.eml" if part.get_content_type() == "message/rfc822" else ""


def _snippet(root: Message, leaves: dict[str, Leaf]) -> str:
    texts = {"text/plain": "", "text/html": ""}
    for part_id, part in walk(root):
        kind = part.get_content_type()
        if kind in texts and not texts[kind] and part_id in leaves and leaves[part_id].is_body:
            texts[kind] = leaves[part_id].content.decode("utf-8", "replace")
    words = texts["text/plain"] or html.unescape(_TAGS.sub(" ", texts["text/html"]))
    return html.escape(" ".join(words.split())[:_SNIPPET])


def walk(root: Message) -> Iterator[tuple[str, Message]]:
    """All parts with their ids, those of enclosed messages included."""
    waiting = [("", root, 0)]
    while waiting:
        part_id, part, depth = waiting.pop(0)
        yield part_id, part
        waiting = [(name, child, depth + 1) for name, child in _children(part, part_id, depth)] + waiting


def headers_of(part: Message, only: frozenset[str] = frozenset()) -> list[dict[str, str]]:
    """Names as they stand, values decoded and unfolded; ``only`` those named (in lower case)."""
    return [
        {"name": str(name), "value": decoded(str(value))}
        for name, value in part.raw_items()
        if not only or str(name).lower() in only
    ]


def payload(parsed: Parsed, message_id: str) -> dict[str, Any]:
    """The tree of parts. Bodies of text are in it; everything with a name is to be fetched by its attachment id."""
    return _part(parsed, parsed.root, "", message_id, 0)


def _part(parsed: Parsed, part: Message, part_id: str, message_id: str, depth: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "partId": part_id,
        "mimeType": part.get_content_type(),
        "filename": _filename(part),
        "headers": headers_of(part),
        "body": {"size": 0},
    }
    leaf = parsed.leaves.get(part_id)
    if leaf is not None:
        shown["body"] = {"size": len(leaf.content)}
        if not leaf.is_body:
            shown["body"]["attachmentId"] = attachment_id(message_id, part_id)
        elif leaf.content:
            shown["body"]["data"] = base64url(leaf.content)
    children = _children(part, part_id, depth)
    if children:
        shown["parts"] = [_part(parsed, child, name, message_id, depth + 1) for name, child in children]
    return shown


def base64url(content: bytes) -> str:
    """Base64 for addresses with its padding, as Gmail writes bodies."""
    return base64.urlsafe_b64encode(content).decode()


def attachment_id(message_id: str, part_id: str) -> str:
    """Long and opaque, like the real ones; good for one message."""
    seal = hashlib.sha256(f"attachment {message_id} {part_id}".encode()).digest()
    return "ANGjdJ" + base64.urlsafe_b64encode(seal * 4).decode().rstrip("=")


def attachment(parsed: Parsed, message_id: str, identifier: str) -> bytes | None:
    """The content behind an attachment id, or None."""
    for leaf in parsed.leaves.values():
        if not leaf.is_body and attachment_id(message_id, leaf.part_id) == identifier:
            return leaf.content
    return None
