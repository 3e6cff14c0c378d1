"""Reads a message as the oracle needs it: by the standard library, from the bytes that were delivered.

Nothing of this looks at how the product reads mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

_NO_REPLY = re.compile(r"^(no[-_.]?reply|do[-_.]?not[-_.]?reply|mailer-daemon)$", re.IGNORECASE)
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
_CID = re.compile(r"cid:([^\"'\s>)]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class File:
    """One attachment, decoded. `shown` is an image that the HTML refers to."""

    name: str
    content: bytes
    shown: bool


@dataclass(frozen=True, slots=True)
class Mail:
    """One message. Addresses are lower-case with an ASCII domain; `bcc` is what this copy itself knows."""

    message_id: str
    from_: str
    sender: str
    reply_to: tuple[str, ...]
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    sent: datetime | None
    subject: str
    references: tuple[str, ...]
    text: str
    html: str
    files: tuple[File, ...]
    headers: tuple[tuple[str, str], ...]
    content_type: str
    has_calendar: bool

    def header(self, name: str) -> str | None:
        """The first line of that name, unfolded and without the blanks around it."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def people(self, *, blind: bool) -> tuple[str, ...]:
        """Every address once, in the order sender, To, Cc, Bcc. A From that takes no answers gives way."""
        senders = [self.from_, self.sender, *self.reply_to]
        if self.from_ and _NO_REPLY.match(self.from_.partition("@")[0]) and self.reply_to:
            senders = [*self.reply_to, self.sender]
            if self.sender == self.from_:
                senders.pop()
        everybody = [*senders, *self.to, *self.cc, *(self.bcc if blind else ())]
        return tuple(dict.fromkeys(address for address in everybody if address))


def read(content: bytes) -> Mail:
    """Reads the bytes of one message. Never raises for what is in them."""
    message = message_from_bytes(content, policy=policy.compat32)
    headers = tuple((name.lower(), unfolded(str(value))) for name, value in message.raw_items())

    def first(name: str) -> str:
        return next((value for key, value in headers if key == name), "")

    text, html, files = _content(message)
    return Mail(
        message_id=first("message-id"),
        from_=next(iter(addresses(first("from"))), ""),
        sender=next(iter(addresses(first("sender"))), ""),
        reply_to=addresses(first("reply-to")),
        to=addresses(first("to")),
        cc=addresses(first("cc")),
        bcc=addresses(first("bcc")),
        sent=instant(first("date")),
        subject=decoded(first("subject")),
        references=tuple(re.findall(r"<[^<>\s]+>", f"{first('references')} {first('in-reply-to')}")),
        text=text,
        html=html,
        files=files,
        headers=headers,
        content_type=message.get_content_type(),
        has_calendar=any(part.get_content_type() == "text/calendar" for part in message.walk()),
    )


def unfolded(value: str) -> str:
    """A header's value on one line; raw bytes read as UTF-8."""
    flat = re.sub(r"\r?\n(?=[ \t])", "", value).strip()
    return flat.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def decoded(value: str) -> str:
    """Encoded words read."""
    if "=?" not in value:
        return value
    pieces = [
        piece if isinstance(piece, str) else piece.decode(charset or "ascii", "replace")
        for piece, charset in decode_header(value)
    ]
    return "".join(pieces)


def addresses(value: str) -> tuple[str, ...]:
    """The addresses of a header that can be read as one, normalised."""
    return tuple(found for _, raw in getaddresses([value]) if (found := normal(raw)))


def normal(address: str) -> str:
    """Lower-case, the domain in ASCII and without a trailing dot; "" for what is no address."""
    local, _, domain = address.strip().rpartition("@")
    domain = domain.rstrip(".")
    if not local or not domain or re.search(r"[\s<>()\[\],;:]", domain):
        return ""
    try:
        ascii_domain = domain.encode("idna").decode("ascii") if not domain.isascii() else domain
    except UnicodeError:
        return ""
    return f"{local.lower()}@{ascii_domain.lower()}"


def without_tag(address: str) -> str:
    """A plus-address without its tag."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" if "+" in local[1:] else address


def instant(value: str) -> datetime | None:
    """The instant of a Date header; one without a zone counts as UTC."""
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def plain(text: str) -> str:
    """A body with normal line ends and no trailing blanks, to compare two copies of a message."""
    return _TRAILING.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _content(message: Message) -> tuple[str, str, tuple[File, ...]]:
    texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    found: list[tuple[str, str, bytes]] = []
    for part in _leaves(message):
        kind, name = part.get_content_type(), decoded(unfolded(str(part.get_filename() or "")))
        payload = part.get_payload(decode=True) or b""
        raw = payload if isinstance(payload, bytes) else b""
        if kind in texts and part.get_content_disposition() != "attachment" and not name:
            texts[kind].append(_words(raw, part.get_content_charset()))
        elif kind == "message/rfc822":
            inner: Any = part.get_payload()
            enclosed: Message = inner[0] if isinstance(inner, list) and inner else part
            subject = decoded(unfolded(str(enclosed["subject"] or "")))
            found.append((f"{subject or name}.eml", "", enclosed.as_bytes()))
        elif kind != "text/calendar":
            found.append((name, str(part.get("content-id") or "").strip().strip("<>").lower(), raw))
    html = "\n".join(texts["text/html"])
    shown = {cid.lower() for cid in _CID.findall(html)}
    files = tuple(File(name, content, bool(cid) and cid in shown) for name, cid, content in found)
    return "\n".join(texts["text/plain"]), html, files


def _leaves(message: Message) -> list[Message]:
    """The parts that hold something; a message inside the message is one of them and is not entered."""
    if message.get_content_type() == "message/rfc822":
        return [message]
    if message.is_multipart():
        payload = message.get_payload()
        return [leaf for part in payload if isinstance(part, Message) for leaf in _leaves(part)]
    return [message]


def _words(raw: bytes, charset: str | None) -> str:
    try:
        return raw.decode(charset or "utf-8", "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")
