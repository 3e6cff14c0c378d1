"""From Graph's message to the product's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime

from sync.mail import Address, Attachment, AttachmentKind, FolderKind, Message, Sensitivity
from sync.providers.graph.wire import GraphAttachment, GraphMessage, GraphRecipient
from sync.rules.addresses import normalise, parse_addresses

MAX_HEADER_BYTES = 2**20
_FOLD = re.compile(r"\r?\n[ \t]*")
_KINDS = {
    "#microsoft.graph.fileAttachment": AttachmentKind.FILE,
    "#microsoft.graph.itemAttachment": AttachmentKind.MESSAGE,
    "#microsoft.graph.referenceAttachment": AttachmentKind.LINK,
}
_SENSITIVITY_VALUES = {"1": Sensitivity.PERSONAL, "2": Sensitivity.PRIVATE, "3": Sensitivity.CONFIDENTIAL}
_SENSITIVITY_HEADER = {
    "personal": Sensitivity.PERSONAL,
    "private": Sensitivity.PRIVATE,
    "company-confidential": Sensitivity.CONFIDENTIAL,
}
_EVENT_TYPE = "#microsoft.graph.eventMessage"
_RIGHTS_PROTECTED = "application/x-microsoft-rpmsg-message"


def message_from(graph: GraphMessage, attachments: Sequence[GraphAttachment], folder: FolderKind) -> Message:
    """The message as the rules know it. `sent_at` is the instant of its Date header, or what Graph says of it."""
    headers = tuple((header.name, decoded(header.value)) for header in graph.internet_message_headers)
    unparsed: list[str] = []
    sender_header = _first(headers, "From")
    from_ = _one(graph.from_, unparsed) or _readable(sender_header, unparsed)
    body = graph.body
    is_html = body is not None and body.content_type.lower() == "html"
    content = body.content if body else ""
    mapped = tuple(attachment_from(attachment) for attachment in attachments)
    return Message(
        provider_id=graph.id,
        internet_message_id=_FOLD.sub(" ", graph.internet_message_id).strip(),
        subject=_FOLD.sub(" ", graph.subject),
        from_=from_,
        sent_at=_instant(_first(headers, "Date")) or graph.sent_date_time,
        received_at=graph.received_date_time,
        sender=_one(graph.sender, unparsed),
        reply_to=_all(graph.reply_to, unparsed),
        to=_all(graph.to_recipients, unparsed),
        cc=_all(graph.cc_recipients, unparsed),
        bcc=_all(graph.bcc_recipients, unparsed),
        unparsed=tuple(dict.fromkeys(unparsed)),
        conversation_id=graph.conversation_id,
        headers=headers,
        html=content if is_html else "",
        text="" if is_html else content,
        attachments=mapped,
        folder=folder,
        folder_ids=(graph.parent_folder_id,) if graph.parent_folder_id else (),
        sensitivity=_sensitivity(graph, headers),
        categories=tuple(graph.categories),
        is_draft=bool(graph.is_draft),
        is_meeting=graph.odata_type.startswith(_EVENT_TYPE),
        problem=_problem(graph, headers, from_, mapped),
        web_link=graph.web_link,
    )


def attachment_from(graph: GraphAttachment) -> Attachment:
    """Sizes are Graph's, which count a little more than the decoded content."""
    return Attachment(
        key=graph.id,
        name=graph.name,
        size=graph.size,
        content_type=graph.content_type or "application/octet-stream",
        kind=_KINDS.get(graph.odata_type, AttachmentKind.FILE),
        content_id=graph.content_id.strip().removeprefix("<").removesuffix(">"),
        is_inline=bool(graph.is_inline),
    )


def decoded(value: str) -> str:
    """A header's value, unfolded, its encoded words decoded as far as they can be."""
    unfolded = _FOLD.sub(" ", value).strip()
    if "=?" not in unfolded:
        return unfolded
    try:
        return str(make_header(decode_header(unfolded)))
    except (HeaderParseError, LookupError, ValueError):
        return unfolded


def _one(recipient: GraphRecipient | None, unparsed: list[str]) -> Address | None:
    if recipient is None:
        return None
    text, name = recipient.email_address.address.strip(), recipient.email_address.name.strip()
    address = normalise(text) if text else None
    if address is None:
        if text or name:
            unparsed.append(text or name)
        return None
    return Address(address=address, name="" if name.lower() == text.lower() else name)


def _all(recipients: Iterable[GraphRecipient], unparsed: list[str]) -> tuple[Address, ...]:
    found = (_one(recipient, unparsed) for recipient in recipients)
    return tuple(address for address in found if address is not None)


def _readable(header: str, unparsed: list[str]) -> Address | None:
    """The From that Graph could not read, from the header itself."""
    if not header:
        return None
    addresses, rest = parse_addresses(header)
    unparsed += rest
    return addresses[0] if addresses else None


def _first(headers: Sequence[tuple[str, str]], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name.lower()), "")


def _instant(date_header: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date_header)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _sensitivity(graph: GraphMessage, headers: Sequence[tuple[str, str]]) -> Sensitivity:
    """The stricter of the mailbox's own property and the sender's header: either may be missing."""
    own = next(
        (entry.value for entry in graph.single_value_extended_properties if entry.id.lower() == "integer 0x36"), ""
    )
    said = _first(headers, "Sensitivity").strip().lower()
    return _SENSITIVITY_VALUES.get(own) or _SENSITIVITY_HEADER.get(said) or Sensitivity.NORMAL


def _problem(
    graph: GraphMessage,
    headers: Sequence[tuple[str, str]],
    from_: Address | None,
    attachments: Sequence[Attachment],
) -> str:
    if from_ is None and not graph.is_draft:
        return "malformed"
    if sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEADER_BYTES:
        return "malformed"
    content_type = _first(headers, "Content-Type").lower()
    is_smime = content_type.startswith(("application/pkcs7-mime", "application/x-pkcs7-mime"))
    if is_smime and "signed-data" not in content_type:
        return "encrypted"
    if _first(headers, "Content-Class").lower() == "rpmsg.message":
        return "encrypted"
    if any(attachment.content_type.lower() == _RIGHTS_PROTECTED for attachment in attachments):
        return "encrypted"
    return "encrypted" if content_type.startswith("multipart/encrypted") else ""
