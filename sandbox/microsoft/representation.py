"""Graph's JSON of messages, folders, attachments and users, one function for each property.

https://learn.microsoft.com/graph/api/resources/message
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from sandbox.microsoft import bodies, ids, meetings
from sandbox.microsoft.mailbox import Folder, Mailbox, StoredMessage
from sandbox.microsoft.mime import Part, Person
from sandbox.seed.company import CompanyUser

Json = dict[str, Any]
_FILETIME_EPOCH = datetime.fromisoformat("1601-01-01T00:00:00+00:00")


@dataclass(frozen=True)
class Form:
    """How the client asked for answers: id type and body type of its `Prefer` header."""

    immutable: bool = False
    body_type: str | None = None


def stamp(moment: datetime) -> str:
    return f"{moment.isoformat()[:19]}Z"


def recipient(person: Person | None) -> Json | None:
    if person is None:
        return None
    return {"emailAddress": {"name": person.name, "address": person.address}}


def recipients(people: Iterable[Person]) -> list[Json]:
    return [{"emailAddress": {"name": person.name, "address": person.address}} for person in people]


def _conversation_index(message: StoredMessage, _form: Form) -> str:
    """Header block of 22 bytes (time and conversation), then five for each answer."""
    ticks = (message.created - _FILETIME_EPOCH) // timedelta(microseconds=1) * 10
    head = b"\x01" + ticks.to_bytes(8, "big")[:5] + ids.conversation_id("", message.conversation).encode()[-16:]
    answers = b"".join(b"\x80\x00\x00" + number.to_bytes(2, "big") for number in range(message.depth))
    return base64.b64encode(head + answers).decode("ascii")


def _web_link(message: StoredMessage, form: Form) -> str:
    item = quote(message.id_for(form.immutable), safe="")
    return f"https://outlook.office365.com/owa/?ItemID={item}&exvsurl=1&viewmodel=ReadMessageItem"


def _subject(message: StoredMessage, _form: Form) -> str:
    return message.parsed.subject[:255]


def _has_attachments(message: StoredMessage, _form: Form) -> bool:
    return any(not part.is_inline for part in message.parts)


def _headers(message: StoredMessage, _form: Form) -> list[Json]:
    return [{"name": name, "value": value} for name, value in message.parsed.headers]


Getter = Callable[[StoredMessage, Form], Any]

# In the order in which the service writes them.
MESSAGE: dict[str, Getter] = {
    "id": lambda message, form: message.id_for(form.immutable),
    "createdDateTime": lambda message, form: stamp(message.created),
    "lastModifiedDateTime": lambda message, form: stamp(message.modified),
    "changeKey": lambda message, form: message.change_key,
    "categories": lambda message, form: list(message.categories),
    "receivedDateTime": lambda message, form: stamp(message.received),
    "sentDateTime": lambda message, form: stamp(message.sent),
    "hasAttachments": _has_attachments,
    "internetMessageId": lambda message, form: message.message_id,
    "subject": _subject,
    "bodyPreview": lambda message, form: bodies.preview(message.parsed),
    "importance": lambda message, form: message.parsed.importance,
    "parentFolderId": lambda message, form: message.folder_id,
    "conversationId": lambda message, form: ids.conversation_id(message.mailbox, message.conversation),
    "conversationIndex": _conversation_index,
    "isDeliveryReceiptRequested": lambda message, form: False,
    "isReadReceiptRequested": lambda message, form: False,
    "isRead": lambda message, form: message.is_read,
    "isDraft": lambda message, form: message.is_draft,
    "webLink": _web_link,
    "inferenceClassification": lambda message, form: "other" if message.is_bulk else "focused",
    "body": lambda message, form: bodies.body(message.parsed, form.body_type),
    "sender": lambda message, form: recipient(message.parsed.sender),
    "from": lambda message, form: recipient(message.parsed.from_),
    "toRecipients": lambda message, form: recipients(message.parsed.to),
    "ccRecipients": lambda message, form: recipients(message.parsed.cc),
    "bccRecipients": lambda message, form: recipients(message.parsed.bcc),
    "replyTo": lambda message, form: recipients(message.parsed.reply_to),
    "flag": lambda message, form: dict(message.flag),
}
# Only where they are asked for by name.
ON_REQUEST: dict[str, Getter] = {
    "uniqueBody": lambda message, form: bodies.unique_body(message.parsed, form.body_type),
    "internetMessageHeaders": _headers,
}
MESSAGE_PROPERTIES = frozenset(MESSAGE) | frozenset(ON_REQUEST)


@lru_cache(maxsize=256)
def _getters(select: tuple[str, ...]) -> tuple[tuple[str, Getter], ...]:
    chosen = {"id", *select}
    return tuple((name, getter) for name, getter in (MESSAGE | ON_REQUEST).items() if name in chosen)


def message_json(message: StoredMessage, form: Form, select: tuple[str, ...] | None = None) -> Json:
    """A message with the selected properties, or all default ones. The id and the etag are always there."""
    row: Json = {}
    meeting = meetings.meeting(message.parsed) if message.may_be_meeting else None
    if meeting:
        row["@odata.type"] = f"#microsoft.graph.{meeting.type_name}"
    row["@odata.etag"] = message.etag
    for name, getter in MESSAGE.items() if select is None else _getters(select):
        if name == "internetMessageHeaders" and (message.is_sent or message.is_draft):
            continue  # only a received message has travelled
        row[name] = getter(message, form)
    if meeting and select is None:
        row |= meeting.properties
    return row


_EXTENDED = re.compile(r"^(Integer|String) 0x0*([0-9a-f]{1,4})$", re.IGNORECASE)


def extended_property(message: StoredMessage, name: str) -> Json | None:
    """A single-value extended property by id, for example `Integer 0x36`; None where the item has none.

    Known are PidTagSensitivity (0x36), PidTagInternetMessageId (0x1035) and PidTagTransportMessageHeaders (0x7d).
    """
    found = _EXTENDED.match(name)
    if not found:
        return None
    kind, tag = found[1].capitalize(), found[2].lower()
    value: str | None = None
    if (kind, tag) == ("Integer", "36"):
        value = str(message.parsed.sensitivity)
    elif (kind, tag) == ("String", "1035"):
        value = message.message_id
    elif (kind, tag) == ("String", "7d") and not message.is_sent and not message.is_draft:
        value = "".join(f"{key}: {text}\r\n" for key, text in message.parsed.headers)
    return None if value is None else {"id": f"{kind} 0x{tag}", "value": value}


ATTACHMENT_PROPERTIES = ("id", "lastModifiedDateTime", "name", "contentType", "size", "isInline")
FILE_PROPERTIES = ("contentId", "contentLocation", "contentBytes")


def attachment_json(message: StoredMessage, place: int, form: Form, select: tuple[str, ...] | None = None) -> Json:
    """An attachment. `select` holds base properties and `microsoft.graph.fileAttachment/…` ones."""
    part = message.parts[place]
    kind = {"file": "fileAttachment", "item": "itemAttachment", "reference": "referenceAttachment"}[part.kind]
    row: Json = {
        "@odata.type": f"#microsoft.graph.{kind}",
        "@odata.mediaContentType": part.content_type,
    }
    values = _attachment_values(message, place, part, form)
    wanted = None if select is None else {name.rpartition("/")[2] for name in select} | {"id"}
    for name in ATTACHMENT_PROPERTIES:
        if wanted is None or name in wanted:
            row[name] = values[name]()
    if part.kind == "file":
        for name in FILE_PROPERTIES:
            if wanted is None or name in wanted:
                row[name] = values[name]()
    return row


def _attachment_values(message: StoredMessage, place: int, part: Part, form: Form) -> dict[str, Callable[[], Any]]:
    return {
        "id": lambda: ids.attachment_id(message.id_for(form.immutable), place),
        "lastModifiedDateTime": lambda: stamp(message.created),
        "name": lambda: part.name,
        "contentType": lambda: None if part.kind == "item" else part.content_type,
        "size": lambda: part.size,
        "isInline": lambda: part.is_inline,
        "contentId": lambda: part.content_id,
        "contentLocation": lambda: None,
        "contentBytes": lambda: base64.b64encode(b"".join(part.chunks())).decode("ascii"),
    }


FOLDER_PROPERTIES = (
    "id",
    "displayName",
    "parentFolderId",
    "childFolderCount",
    "unreadItemCount",
    "totalItemCount",
    "isHidden",
)


def folder_json(mailbox: Mailbox, folder: Folder, select: tuple[str, ...] | None = None) -> Json:
    row: Json = {
        "id": folder.id,
        "displayName": folder.name,
        "parentFolderId": folder.parent_id,
        "childFolderCount": len(mailbox.children(folder.id)),
        "unreadItemCount": folder.unread,
        "totalItemCount": len(folder.items),
        "isHidden": folder.is_hidden,
    }
    return row if select is None else {name: row[name] for name in row if name in select or name == "id"}


USER_DEFAULT = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
USER_MORE = ("accountEnabled", "companyName", "mailNickname", "otherMails", "proxyAddresses", "userType")


def user_json(user: CompanyUser, company_name: str, select: tuple[str, ...] | None = None) -> Json:
    given, _, family = user.name.partition(" ")
    values: Json = {
        "businessPhones": ["+44 20 7946 0100"],
        "displayName": user.name,
        "givenName": given,
        "jobTitle": "Salesforce Administrator" if user.role == "administrator" else "Account Executive",
        "mail": user.email,
        "mobilePhone": None,
        "officeLocation": "London",
        "preferredLanguage": "en-GB",
        "surname": family,
        "userPrincipalName": user.email,
        "id": user.oid,
        "accountEnabled": True,
        "companyName": company_name,
        "mailNickname": user.email.partition("@")[0],
        "otherMails": [],
        "proxyAddresses": [f"SMTP:{user.email}"],
        "userType": "Member",
    }
    return {name: values[name] for name in (select or USER_DEFAULT)}
