"""What the product knows of an email, whichever provider it comes from. Plain data, no behaviour.

Mailbox adapters build `Message`; clients send `MessageHint`, whose values are never trusted for what is filed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class FolderKind(StrEnum):
    INBOX = "inbox"
    SENT = "sent"
    DRAFTS = "drafts"
    TRASH = "trash"
    JUNK = "junk"
    OTHER = "other"


class Sensitivity(StrEnum):
    NORMAL = "normal"
    PERSONAL = "personal"
    PRIVATE = "private"
    CONFIDENTIAL = "confidential"


class AttachmentKind(StrEnum):
    FILE = "file"
    MESSAGE = "message"  # a message inside the message: filed as an .eml file
    LINK = "link"  # a file in a cloud store: listed as a link


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of a header. `address` is normalised by `sync.rules.addresses` (domain lower-case, ASCII)."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment. `key` names it within its message; `size` is in bytes, decoded, as the provider says."""

    key: str
    name: str
    size: int
    content_type: str = "application/octet-stream"
    kind: AttachmentKind = AttachmentKind.FILE
    content_id: str = ""
    is_inline: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class MessageHint:
    """What a pane's client says of the open email. Hints: good for looking up, never for writing.

    `account` is the address of the account whose mailbox the client shows, where one browser has several; `mailbox`
    that of a shared mailbox, or somebody else's, that the email is open in.
    """

    item_key: str
    internet_message_id: str = ""
    conversation_id: str = ""
    subject: str = ""
    sent_at: datetime | None = None
    from_: Address | None = None
    sender: Address | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    item_class: str = "IPM.Note"
    is_draft: bool = False
    account: str = ""
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One email as its mailbox holds it.

    `headers` are in the order received, names as sent, values unfolded and decoded. `sent_at` is the instant of
    `Date`, `received_at` that of arrival; both aware. `html` and `text` are the bodies, unsanitised; at most one may
    be empty. `folder_ids` are the provider's: the one folder at Microsoft, the labels at Gmail; `categories` are the
    names of categories, or of the user's own labels. `unparsed` holds address texts that cannot be read as an
    address. `problem` is set for a damaged message: `malformed` (no readable From, or beyond the limits of nesting,
    parts and header size) or `encrypted`. `web_link` is where its provider opens it, as far as it said so.
    """

    provider_id: str
    internet_message_id: str
    subject: str
    from_: Address | None
    sent_at: datetime | None
    received_at: datetime | None
    sender: Address | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    unparsed: tuple[str, ...] = ()
    conversation_id: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    html: str = ""
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    folder: FolderKind = FolderKind.OTHER
    folder_ids: tuple[str, ...] = ()
    sensitivity: Sensitivity = Sensitivity.NORMAL
    categories: tuple[str, ...] = ()
    is_draft: bool = False
    is_meeting: bool = False
    problem: str = ""
    links: tuple[str, ...] = field(default=())
    web_link: str = ""

    def header(self, name: str) -> str | None:
        """The first value of a header, or None; names compare case-insensitively."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)
