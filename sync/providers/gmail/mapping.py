"""From Gmail's message to the product's: everything is read as mail, by the rules that read all other mail.

raw ──────────► the mail as it is ──────────────────────────┐
metadata ─────► its headers alone, written as mail ─────────┼─► sync.rules.mime ──► Message, with Gmail's labels
full ─────────► its headers and texts, written as mail ─────┘       (attachments: Gmail's sizes, no content)
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

from sync.mail import Message
from sync.providers.gmail.errors import unreadable
from sync.providers.gmail.labels import kind_of
from sync.providers.gmail.parts import header_lines, parts_by_key, written_as_mail
from sync.providers.gmail.wire import GmailMessage, GmailPart
from sync.rules.addresses import parse_addresses
from sync.rules.mime import parse_mime

#: Names of a message's own labels, by their ids.
Names = Callable[[Iterable[str]], tuple[str, ...]]


def head_from(gmail: GmailMessage, names: Names) -> Message:
    """A message of format `metadata`: no bodies, no attachments.

    Whether it is an invitation shows where its own content is the calendar's; otherwise only in the whole message.
    """
    payload = gmail.payload or GmailPart()
    read = _read(gmail, header_lines(payload.headers) + b"\r\n", names, head_alone=True)
    return without_content(read)


def without_content(message: Message) -> Message:
    return replace(message, html="", text="", attachments=(), links=())


def has_one_sender(head: Message) -> bool:
    """Whether the headers of who wrote it name one address each, with nothing beside it; drafts need none."""
    named = (head.header("From"), head.header("Sender"), head.header("Reply-To"))
    read = [parse_addresses(value) for value in named if value]
    clear = all(len(addresses) == 1 and not unreadable for addresses, unreadable in read)
    return head.is_draft or (clear and head.from_ is not None)


def message_from_raw(gmail: GmailMessage, names: Names) -> Message:
    """A message of format `raw`. Raises `Unavailable` where it cannot be unpacked."""
    return _read(gmail, unpacked(gmail.raw), names)


def message_from_full(gmail: GmailMessage, names: Names) -> Message:
    """A message of format `full`: for one that is too large to be fetched as it is."""
    payload = gmail.payload or GmailPart()
    read = _read(gmail, written_as_mail(payload), names)
    parts = parts_by_key(payload)
    listed = tuple(
        replace(attachment, size=parts[attachment.key].body.size) if attachment.key in parts else attachment
        for attachment in read.attachments
    )
    return replace(read, attachments=listed)


def unpacked(data: str) -> bytes:
    """Gmail's base64url, padded or not."""
    try:
        return base64.b64decode(data + "=" * (-len(data) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise unreadable() from None


def _read(gmail: GmailMessage, mail: bytes, names: Names, *, head_alone: bool = False) -> Message:
    label_ids = tuple(gmail.label_ids or ())
    read = parse_mime(
        mail,
        provider_id=gmail.id,
        received_at=_instant(gmail.internal_date),
        conversation_id=gmail.thread_id,
        folder=kind_of(label_ids),
        categories=names(label_ids),
        is_draft="DRAFT" in label_ids,
        head_alone=head_alone,
    )
    # A draft may have no sender yet.
    problem = "" if read.is_draft and read.from_ is None and read.problem == "malformed" else read.problem
    return replace(read, folder_ids=label_ids, problem=problem)


def _instant(milliseconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
