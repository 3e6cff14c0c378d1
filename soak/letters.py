"""Writes the soak's mail: real MIME, its headers line by line as told, so that odd mail can be written too."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a header."""

    address: str
    name: str = ""

    def written(self) -> str:
        """As a header has it; an address that is not ASCII is written as it is."""
        if self.address.isascii():
            return formataddr((self.name, self.address))
        return f"{self.name} <{self.address}>" if self.name.isascii() else f"<{self.address}>"


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file of a letter. With a `cid` that the HTML shows it is an image in the text."""

    name: str
    content: bytes
    kind: str = "application/octet-stream"
    cid: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as its writer made it. `mark` is a word that stands in its subject and body and nowhere else.

    `extra` headers stand last, as they are; `first` ones stand before all others. `calendar` is a method.
    """

    mark: str
    sent: datetime
    from_: Person | None
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    bcc: tuple[Person, ...] = ()
    reply_to: tuple[Person, ...] = ()
    subject: str = ""
    message_id: str = ""
    references: tuple[str, ...] = ()
    text: str = ""
    html: str = ""
    files: tuple[Enclosed, ...] = ()
    calendar: str = ""
    report: bool = False
    raw_subject: bytes = b""
    first: tuple[tuple[str, str], ...] = ()
    extra: tuple[tuple[str, str], ...] = field(default=())

    def travelled(self) -> Letter:
        """As those who receive it have it: without the line that only its writer knows."""
        return replace(self, bcc=())

    def render(self) -> bytes:
        """The bytes, CRLF line ends; the same for the same letter."""
        lines = [_line(name, value) for name, value in (*self.first, *self._headers(), *self.extra)]
        if self.raw_subject:
            lines.append(b"Subject: " + self.raw_subject)
        return b"\r\n".join([*lines, self._content()])

    def _headers(self) -> list[tuple[str, str]]:
        headers = [("From", self.from_.written())] if self.from_ else []
        people = (("To", self.to), ("Cc", self.cc), ("Bcc", self.bcc), ("Reply-To", self.reply_to))
        headers += [(name, ",\r\n ".join(one.written() for one in several)) for name, several in people if several]
        if self.subject and not self.raw_subject:
            headers.append(("Subject", self.subject if self.subject.isascii() else _encoded(self.subject)))
        headers.append(("Date", format_datetime(self.sent)))
        if self.message_id:
            headers.append(("Message-ID", self.message_id))
        if self.references:
            headers.append(("In-Reply-To", self.references[-1]))
            headers.append(("References", "\r\n ".join(self.references)))
        return headers

    def _content(self) -> bytes:
        message = EmailMessage(policy=SMTP)
        message.set_content(self.text)
        if self.html:
            message.add_alternative(self.html, subtype="html")
            body = message.get_payload()[-1]  # type: ignore[index]
            for file in self.files:
                if file.cid:
                    main, _, sub = file.kind.partition("/")
                    body.add_related(  # type: ignore[union-attr]
                        file.content, main, sub, cid=f"<{file.cid}>", filename=file.name, disposition="inline"
                    )
        if self.calendar:
            message.add_alternative(_invitation(self), subtype="calendar", params={"method": self.calendar})
        for file in self.files:
            if not file.cid:
                main, _, sub = file.kind.partition("/")
                message.add_attachment(file.content, main, sub, filename=file.name)
        if self.report:
            message.make_mixed()
            message.replace_header("Content-Type", 'multipart/report; report-type="delivery-status"')
        for number, part in enumerate(message.walk()):
            if part.get_content_maintype() == "multipart":
                part.set_boundary(f"=_{self.mark}_{number}")
        return message.as_bytes()


def _line(name: str, value: str) -> bytes:
    return f"{name}: {value}".encode()


def _encoded(subject: str) -> str:
    return Header(subject, "utf-8", maxlinelen=60, header_name="Subject").encode(linesep="\r\n")


def _invitation(letter: Letter) -> str:
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//soak//EN",
        f"METHOD:{letter.calendar}",
        "BEGIN:VEVENT",
        f"UID:{letter.mark}@soak.example",
        f"DTSTAMP:{letter.sent:%Y%m%dT%H%M%SZ}",
        f"DTSTART:{letter.sent:%Y%m%dT%H0000Z}",
        f"SUMMARY:{letter.mark}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return "\r\n".join(lines) + "\r\n"
