"""One seeded message: what it says, where it lies, and its rendering as real MIME by the standard library."""

from __future__ import annotations

import hashlib
import html
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime

from sandbox.seed.content import BigContent

RTL_TONGUES = ("ar", "he")


@dataclass(frozen=True)
class Party:
    """Somebody in a header. `signature` lines stand under what they write."""

    name: str
    address: str
    signature: tuple[str, ...] = ()

    def header(self) -> Address:
        username, _, domain = self.address.rpartition("@")
        return Address(self.name, username, domain)


@dataclass(frozen=True)
class Attached:
    """A file of a message. With `content_id` it is an image of the HTML; `inline` alone is a part nobody refers to."""

    name: str
    content_type: str
    content: bytes
    content_id: str | None = None
    inline: bool = False


@dataclass(frozen=True)
class SeedMail:
    """A message in one mailbox. `folder` is a well-known name, or one with folders below it (`inbox/Customers`).

    `raw` replaces the rendering, for messages that no careful program writes. `big` is put at the end of the files.
    """

    folder: str
    received: datetime
    sender: Party
    to: tuple[Party, ...]
    subject: str
    text: str
    html: str | None = None
    message_id: str | None = None
    references: tuple[str, ...] = ()
    cc: tuple[Party, ...] = ()
    bcc: tuple[Party, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    files: tuple[Attached, ...] = ()
    enclosed: SeedMail | None = None
    calendar: tuple[str, str] | None = None  # method, iCalendar text
    big: BigContent | None = None
    raw: bytes | None = None
    is_read: bool = True
    is_bulk: bool = False
    flagged: bool = False
    categories: tuple[str, ...] = ()
    links: tuple[str, ...] = field(default=())

    def render(self) -> bytes:
        """The message as it travelled, CRLF line ends; in the sender's own copy with Bcc."""
        if self.raw is not None:
            return self.raw
        message = self._message()
        # The library draws boundaries at random; the same message must have the same bytes, in every mailbox.
        name = hashlib.sha256(f"{self.message_id}{self.subject}{self.received}".encode()).hexdigest()[:24]
        for number, part in enumerate(message.walk()):
            if part.get_content_maintype() == "multipart":
                part.set_boundary(f"=_{name}_{number}")
        return message.as_bytes()

    def _message(self) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        is_received = self.folder not in ("sentitems", "drafts")
        if is_received:
            self._add_travel(message)
        message["From"] = self.sender.header()
        for name, people in (("To", self.to), ("Cc", self.cc), ("Bcc", () if is_received else self.bcc)):
            if people:
                message[name] = [person.header() for person in people]
        message["Subject"] = self.subject
        message["Date"] = self.received - timedelta(seconds=3)
        if self.message_id:
            message["Message-ID"] = self.message_id
        if self.references:
            message["In-Reply-To"] = self.references[-1]
            message["References"] = " ".join(self.references)
        for name, value in self.headers:
            message[name] = value
        self._add_content(message)
        return message

    def _add_travel(self, message: EmailMessage) -> None:
        host = self.sender.address.rpartition("@")[2]
        date = format_datetime(self.received)
        message["Received"] = (
            f"from mx.{host} (192.0.2.{len(self.subject) % 250 + 1}) by mail.larkfield.example; {date}"
        )
        message["Return-Path"] = (
            "<>" if ("Auto-Submitted", "auto-replied") in self.headers else f"<{self.sender.address}>"
        )

    def _add_content(self, message: EmailMessage) -> None:
        message.set_content(self.text)
        if self.html is not None:
            message.add_alternative(self.html, subtype="html")
            alternatives: list[MIMEPart] = message.get_payload()  # type: ignore[assignment]
            for file in self.files:
                if file.content_id:
                    main, _, sub = file.content_type.partition("/")
                    alternatives[-1].add_related(
                        file.content, main, sub, cid=f"<{file.content_id}>", filename=file.name, disposition="inline"
                    )
        if self.calendar:
            method, text = self.calendar
            message.add_alternative(text, subtype="calendar", params={"method": method})
        for file in self.files:
            if not file.content_id:
                main, _, sub = file.content_type.partition("/")
                disposition = "inline" if file.inline else "attachment"
                message.add_attachment(file.content, main, sub, filename=file.name, disposition=disposition)
        if self.enclosed:
            message.add_attachment(self.enclosed._message())
        if self.big:
            message.add_attachment(self.big.marker, "application", "pdf", filename="Drawing set, all halls.pdf")


def as_html(
    paragraphs: list[str], signature: tuple[str, ...], quote: str = "", *, logo: str = "", rtl: bool = False
) -> str:
    """An HTML body as mail programs write it: paragraphs, a signature, an image of it, what is answered."""
    words = "".join(f"<p>{html.escape(text)}</p>\n" for text in paragraphs)
    signed = "<br>\n".join(html.escape(line) for line in signature)
    image = f'<p><img src="cid:{logo}" alt="" width="120" height="32"></p>\n' if logo else ""
    direction = ' dir="rtl"' if rtl else ""
    return (
        f"<html><head><style>p {{margin: 0 0 8px}}</style></head>\n<body{direction}>\n{words}"
        f"<p>{signed}</p>\n{image}{quote}</body></html>\n"
    )


def quoted_html(text: str, author: Party, at: datetime) -> str:
    lines = "<br>\n".join(html.escape(line) for line in text.splitlines())
    line = f"On {at:%a, %d %b %Y at %H:%M}, {html.escape(author.name)} &lt;{author.address}&gt; wrote:"
    block = f'<blockquote style="border-left:1px solid #ccc">{lines}</blockquote>'
    return f'<div class="gmail_quote">{line}<br>\n{block}</div>\n'


def quoted_text(text: str, author: Party, at: datetime) -> str:
    lines = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    return f"On {at:%a, %d %b %Y at %H:%M}, {author.name} <{author.address}> wrote:\n{lines}\n"
