"""Reads a message's MIME text as a mailbox server does: tolerant of anything, one body, a flat list of attachments.

The server shows what it can read of a damaged message; only a message whose structure cannot be parsed at all raises
`Unreadable`, with the reason.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from sandbox.seed.content import BigContent

_MAX_DEPTH = 100
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_CID = re.compile(r"cid:([^\"'\s>)]+)", re.IGNORECASE)


class Unreadable(ValueError):
    """The bytes are not a message that can be stored; the text says why."""


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    address: str


@dataclass(slots=True)
class Part:
    """One attachment. `content` is decoded; `big` stands in its place for one that is made on the spot."""

    name: str
    content_type: str
    content: bytes
    content_id: str | None = None
    is_inline: bool = False
    kind: str = "file"  # file, item or reference
    big: BigContent | None = None

    @property
    def size(self) -> int:
        return self.big.size if self.big else len(self.content)

    def chunks(self, size: int = 65_536) -> Iterator[bytes]:
        if self.big:
            yield from self.big.chunks()
            return
        for start in range(0, len(self.content), size):
            yield self.content[start : start + size]


@dataclass(slots=True)
class Parsed:
    """A message as read. Header texts are decoded; `headers` are in the order received, values unfolded only."""

    headers: list[tuple[str, str]]
    subject: str = ""
    from_: Person | None = None
    sender: Person | None = None
    reply_to: list[Person] = field(default_factory=list)
    to: list[Person] = field(default_factory=list)
    cc: list[Person] = field(default_factory=list)
    bcc: list[Person] = field(default_factory=list)
    sent: datetime | None = None
    html: str | None = None
    text: str | None = None
    parts: list[Part] = field(default_factory=list)
    calendar: str | None = None
    importance: str = "normal"
    sensitivity: int = 0

    def header(self, name: str) -> str | None:
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def referenced_cids(self) -> set[str]:
        """Content-IDs that the HTML body shows as images."""
        return {found.lower() for found in _CID.findall(self.html or "")}


def clean(text: str) -> str:
    """Text that fits into JSON and XML: no lone surrogates, no control characters but tab and line ends."""
    return _UNSAFE.sub("\ufffd", text)


def decoded(value: str) -> str:
    """A header's value with encoded words read; raw 8-bit bytes as UTF-8 where they are, else Latin-1."""
    raw = value.encode("utf-8", "surrogateescape")
    try:
        value = raw.decode("utf-8")
    except UnicodeDecodeError:
        value = raw.decode("latin-1")
    value = re.sub(r"\r?\n[ \t]?|\r", " ", value).strip()
    if "=?" not in value:
        return clean(value)
    try:
        pieces = decode_header(value)
    except (HeaderParseError, binascii.Error, ValueError):
        return clean(value)
    text = ""
    for piece, charset in pieces:
        text += piece if isinstance(piece, str) else _decode(piece, charset)
    return clean(text)


def _decode(raw: bytes, charset: str | None) -> str:
    for candidate in (charset, "utf-8", "windows-1252"):
        if not candidate:
            continue
        try:
            return raw.decode(candidate)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return raw.decode("latin-1")


def people(values: list[str]) -> list[Person]:
    """The mailboxes of address headers. What is no address is kept as it stands, as name and address."""
    found: list[Person] = []
    for value in values:
        flat = re.sub(r"\r?\n[ \t]?|\r", " ", value)
        for name, address in getaddresses([flat]):
            if address or name:
                shown = decoded(name) or decoded(address)
                found.append(Person(shown, decoded(address) or shown))
    return found


def date_of(value: str | None) -> datetime | None:
    """The instant of a Date header in UTC, or None when it cannot be read. A date without zone counts as UTC."""
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if 1970 <= moment.year < 2200 else None


def parse_head(mime: bytes) -> Message:
    """The headers alone; never raises for what they contain."""
    end = re.search(rb"\r?\n\r?\n|\r\r", mime)
    return message_from_bytes(mime[: end.end()] if end else mime, policy=policy.compat32)


def parse(mime: bytes, big: BigContent | None = None) -> Parsed:
    """Reads a whole message. Raises `Unreadable` for an empty one and for one that is nested beyond parsing."""
    if not mime.strip(b"\x00 \t\r\n"):
        raise Unreadable("The message is empty.")
    try:
        message = message_from_bytes(mime, policy=policy.compat32)
        parsed = _envelope(message)
        _Reader(parsed, big).read(message, 0)
    except (RecursionError, MessageError) as error:
        raise Unreadable(f"The message cannot be parsed: {type(error).__name__}.") from error
    return parsed


def _envelope(message: Message) -> Parsed:
    raw = [(str(name), str(value)) for name, value in message.raw_items()]
    headers = [(name, clean(_unfolded(value))) for name, value in raw]
    parsed = Parsed(headers=headers)

    def first(name: str) -> str | None:
        return next((value for key, value in raw if key.lower() == name), None)

    def mailboxes(name: str) -> list[Person]:
        value = first(name)
        return people([value]) if value else []

    parsed.subject = decoded(first("subject") or "")
    authors = mailboxes("from")
    parsed.from_ = authors[0] if authors else None
    senders = mailboxes("sender")
    parsed.sender = senders[0] if senders else parsed.from_
    parsed.reply_to, parsed.to = mailboxes("reply-to"), mailboxes("to")
    parsed.cc, parsed.bcc = mailboxes("cc"), mailboxes("bcc")
    parsed.sent = date_of(first("date"))
    weight = (first("importance") or "").strip().lower()
    parsed.importance = weight if weight in ("low", "high") else "normal"
    sensitivity = (first("sensitivity") or "").strip().lower()
    parsed.sensitivity = {"personal": 1, "private": 2, "company-confidential": 3}.get(sensitivity, 0)
    return parsed


def _unfolded(value: str) -> str:
    raw = value.encode("utf-8", "surrogateescape")
    try:
        value = raw.decode("utf-8")
    except UnicodeDecodeError:
        value = raw.decode("latin-1")
    return re.sub(r"\r?\n(?=[ \t])", "", value).replace("\r", " ").replace("\n", " ")


class _Reader:
    """Walks the parts of one message and sorts them into body and attachments."""

    def __init__(self, parsed: Parsed, big: BigContent | None) -> None:
        self.parsed = parsed
        self.big = big
        self.unnamed = 0

    def read(self, part: Message, depth: int, within: str = "") -> None:
        if depth > _MAX_DEPTH:
            self._attach(part, within)
            return
        kind = part.get_content_type()
        disposition = (part.get_content_disposition() or "") if part.get("content-disposition") else ""
        if part.is_multipart() and kind.startswith("multipart/"):
            children: list[Message] = part.get_payload()  # type: ignore[assignment]
            for place, child in enumerate(children):
                is_root = kind == "multipart/related" and place == 0
                self.read(child, depth + 1, "root" if is_root else kind.partition("/")[2])
            return
        if kind == "message/rfc822" and part.is_multipart():
            self._attach_message(part)
            return
        is_attached = disposition == "attachment" or within == "related" or bool(part.get_filename())
        if kind == "text/calendar" and self.parsed.calendar is None and disposition != "attachment":
            self.parsed.calendar = self._text(part)
        elif kind == "text/html" and self.parsed.html is None and not is_attached:
            self.parsed.html = self._text(part)
        elif kind == "text/plain" and self.parsed.text is None and not is_attached:
            self.parsed.text = self._text(part)
        elif within == "alternative" and kind.startswith("text/"):
            return  # another rendering of the same words
        else:
            self._attach(part, within)

    def _bytes(self, part: Message) -> bytes:
        if part.is_multipart():
            # message/delivery-status and friends hold a list of header blocks.
            inner: list[Message] = part.get_payload()  # type: ignore[assignment]
            return b"\r\n".join(child.as_bytes() for child in inner)
        try:
            content = part.get_payload(decode=True)
        except (binascii.Error, ValueError, LookupError):
            content = None
        if isinstance(content, bytes):
            return content
        raw = part.get_payload()
        return raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else b""

    def _text(self, part: Message) -> str:
        try:
            charset = part.get_content_charset()
        except (LookupError, ValueError, UnicodeError):
            charset = None
        return clean(_decode(self._bytes(part), charset))

    def _name(self, part: Message, extension: str) -> str:
        try:
            name = part.get_filename()
        except (LookupError, ValueError, UnicodeError, TypeError):
            name = None
        if name:
            return decoded(name)[:255] or "attachment"
        self.unnamed += 1
        return f"ATT{self.unnamed:05d}{extension}"

    def _attach(self, part: Message, within: str) -> None:
        content = self._bytes(part)
        kind = part.get_content_type()
        content_id = decoded(str(part.get("content-id") or "")).strip("<> ") or None
        disposition = part.get_content_disposition() if part.get("content-disposition") else None
        extension = {"text/plain": ".txt", "text/html": ".htm", "image/png": ".png"}.get(kind, ".dat")
        big = self.big if self.big and self.big.marker in content else None
        self.parsed.parts.append(
            Part(
                name=self._name(part, extension),
                content_type=kind,
                content=b"" if big else content,
                content_id=content_id,
                is_inline=disposition == "inline" or (within == "related" and disposition != "attachment"),
                big=big,
            )
        )

    def _attach_message(self, part: Message) -> None:
        inner: list[Message] = part.get_payload()  # type: ignore[assignment]
        try:
            content = inner[0].as_bytes()
        except (UnicodeError, LookupError, ValueError, TypeError, AttributeError):
            content = b""
        subject = decoded(str(inner[0].get("subject") or "")) or "message"
        self.parsed.parts.append(Part(name=subject[:255], content_type="message/rfc822", content=content, kind="item"))


def stream_mime(mime: bytes, big: BigContent | None) -> Iterator[bytes]:
    """The message's bytes in pieces of at most about 90 kB, the made-on-the-spot attachment put in its place."""
    encoded_marker = base64.b64encode(big.marker) if big else b""
    if not big or encoded_marker not in mime:
        for start in range(0, len(mime), 65_536):
            yield mime[start : start + 65_536]
        return
    before, _, after = mime.partition(encoded_marker)
    yield before
    rest = b""
    for chunk in big.chunks():
        rest += chunk
        whole = len(rest) - len(rest) % 57  # 57 bytes make one base64 line of 76
        yield b"".join(binascii.b2a_base64(rest[at : at + 57], newline=False) + b"\r\n" for at in range(0, whole, 57))
        rest = rest[whole:]
    if rest:
        yield binascii.b2a_base64(rest, newline=False)
    yield after
