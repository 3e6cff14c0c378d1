"""Raw mail (RFC 5322 and MIME) as a `Message`, for mailboxes that give it in this form.

    headers ─► addresses, subject, date          parts ─► bodies  (of alternatives the text and the HTML)
    limits  ─► beyond them: `malformed`                ─► attachments, in the order of the parts
                                                       ─► signed: what it signs   encrypted: nothing of it

It takes any bytes and raises nothing for them: what can be read of damaged mail is read.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.header import Header
from email.utils import parsedate_to_datetime
from typing import BinaryIO

from sync.mail import Address, FolderKind, Message, Sensitivity
from sync.rules.addresses import parse_addresses
from sync.rules.content import without_control_characters
from sync.rules.links import cloud_files, links_of
from sync.rules.mime_parts import Reading, read_parts
from sync.rules.mime_tree import MailPart, parse_head, parse_tree
from sync.rules.words import decode_bytes, decode_words, one_line

__all__ = ["parse_mime", "read_attachment"]

_SENSITIVITIES = {
    "personal": Sensitivity.PERSONAL,
    "private": Sensitivity.PRIVATE,
    "company-confidential": Sensitivity.CONFIDENTIAL,
    "confidential": Sensitivity.CONFIDENTIAL,
}
_MEETING_CLASSES = ("urn:content-classes:calendarmessage", "urn:content-classes:appointment")


def parse_mime(
    raw: bytes | BinaryIO,
    *,
    provider_id: str = "",
    received_at: datetime | None = None,
    conversation_id: str = "",
    folder: FolderKind = FolderKind.OTHER,
    categories: tuple[str, ...] = (),
    is_draft: bool = False,
    head_alone: bool = False,
) -> Message:
    """One email of its raw bytes. What the bytes cannot tell (folder, arrival, categories) comes from the caller.

    Without `received_at` the instant of the topmost `Received` is taken, else that of `Date`. The key of an attachment
    is its place among the parts (`2.1`); `read_attachment` gives its content. `head_alone`: the bytes hold headers and
    nothing else, and no parts are looked for.
    """
    tree, within_limits = parse_head(raw) if head_alone else parse_tree(raw)
    headers = _headers(tree)
    reading = read_parts(tree) if within_limits else Reading()
    unparsed: list[str] = []

    def several(name: str) -> tuple[Address, ...]:
        addresses, unreadable = parse_addresses(_raw(tree, name))
        unparsed.extend(unreadable)
        return tuple(addresses)

    from_, sender = several("From"), several("Sender")
    reply_to, to, cc, bcc = several("Reply-To"), several("To"), several("Cc"), several("Bcc")
    sent_at = _date(_raw(tree, "Date"))
    problem = "malformed" if not within_limits or not from_ else "encrypted" if reading.encrypted else ""
    content_class = one_line(_raw(tree, "Content-Class")).lower()
    return Message(
        provider_id=provider_id,
        internet_message_id="".join(_raw(tree, "Message-ID").split()),
        subject=one_line(decode_words(_raw(tree, "Subject"))),
        from_=from_[0] if from_ else None,
        sent_at=sent_at,
        received_at=received_at or _date(_raw(tree, "Received").rpartition(";")[2]) or sent_at,
        sender=sender[0] if sender else None,
        reply_to=reply_to,
        to=to,
        cc=cc,
        bcc=bcc,
        unparsed=tuple(unparsed),
        conversation_id=conversation_id,
        headers=headers,
        html=reading.html,
        text=reading.text,
        attachments=(*(found.attachment for found in reading.files), *cloud_files(reading.html)),
        folder=folder,
        sensitivity=_SENSITIVITIES.get(one_line(_raw(tree, "Sensitivity")).lower(), Sensitivity.NORMAL),
        categories=categories,
        is_draft=is_draft,
        is_meeting=reading.meeting or content_class.startswith(_MEETING_CLASSES),
        problem=problem,
        links=links_of(reading.html, reading.text),
    )


def read_attachment(raw: bytes | BinaryIO, key: str) -> bytes:
    """The decoded content of one attachment of `parse_mime`. Raises KeyError where the mail has none with that key."""
    tree, within_limits = parse_tree(raw)
    files: dict[str, Callable[[], bytes]] = {}
    if within_limits:
        files = {found.attachment.key: found.content for found in read_parts(tree).files}
    return files[key]()


def _headers(tree: MailPart) -> tuple[tuple[str, str], ...]:
    return tuple(
        (one_line(name), without_control_characters(decode_words(_as_text(value)))) for name, value in tree.raw_items()
    )


def _raw(tree: MailPart, name: str) -> str:
    """The first value of a header in one line, not yet decoded; empty where there is none."""
    wanted = name.lower()
    return next((_as_text(value) for key, value in tree.raw_items() if key.lower() == wanted), "")


def _as_text(value: str | Header) -> str:
    """A raw header value: bytes that are not ASCII as text, folds as blanks."""
    data = str(value).encode("utf-8", "surrogateescape")
    return " ".join(line.strip(" \t") for line in decode_bytes(data).splitlines()).strip()


def _date(text: str) -> datetime | None:
    """An aware instant; a date without a zone is taken as UTC."""
    with suppress(ValueError, TypeError, OverflowError, IndexError):
        moment = parsedate_to_datetime(text.strip())
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    return None
