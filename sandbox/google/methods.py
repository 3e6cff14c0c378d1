"""Gmail's methods, each over one mailbox: what is asked for, and the answer's body.

https://developers.google.com/workspace/gmail/api/reference/rest
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.google import content, listing
from sandbox.google.errors import ApiError, invalid_argument, not_found
from sandbox.google.labels import FIXED
from sandbox.google.mailbox import Mailbox, StoredMessage
from sandbox.google.scopes import AUTH
from sandbox.google.watching import Watches
from sandbox.google.workspace import parsed_of

_ID = re.compile(r"[0-9a-f]{16}")
_MOST_LABELS = 100
_METADATA = f"{AUTH}gmail.metadata"
Answer = dict[str, Any] | None


@dataclass(frozen=True)
class Call:
    """One call of a method: the mailbox, the values of path and query, the body, and the token's scopes."""

    mailbox: Mailbox
    watches: Watches
    given: dict[str, Any]
    body: dict[str, Any] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()

    def message(self) -> StoredMessage:
        identifier: str = self.given["id"]
        if not _ID.fullmatch(identifier):
            raise invalid_argument("Invalid id value")
        found = self.mailbox.messages.get(identifier)
        if found is None:
            raise not_found()
        return found


def get_profile(call: Call) -> Answer:
    mailbox = call.mailbox
    return {
        "emailAddress": mailbox.address,
        "messagesTotal": len(mailbox.messages),
        "threadsTotal": len(mailbox.threads),
        "historyId": str(mailbox.history_id),
    }


def list_messages(call: Call) -> Answer:
    if call.given.get("q") and _METADATA in call.scopes:
        raise ApiError(403, "forbidden", "Metadata scope does not support 'q' parameter")
    return listing.list_messages(call.mailbox, call.given)


def list_history(call: Call) -> Answer:
    return listing.list_history(call.mailbox, call.given)


def get_message(call: Call) -> Answer:
    _check_format(call)
    return _message(call, call.message())


def get_thread(call: Call) -> Answer:
    _check_format(call)
    identifier: str = call.given["id"]
    if not _ID.fullmatch(identifier):
        raise invalid_argument("Invalid id value")
    messages = call.mailbox.threads.get(identifier)
    if not messages:
        raise not_found()
    newest = max(message.history_id for message in messages)
    shown = [_message(call, message) for message in messages]
    return {"id": identifier, "historyId": str(newest), "messages": shown}


def _check_format(call: Call) -> None:
    wanted = call.given["format"]
    if call.given["metadataHeaders"] and wanted != "metadata":
        raise invalid_argument("metadataHeaders may only be given with format=metadata")
    if wanted in ("full", "raw") and _METADATA in call.scopes:
        raise ApiError(403, "forbidden", f"Metadata scope doesn't allow format {wanted.upper()}")


def _message(call: Call, message: StoredMessage) -> dict[str, Any]:
    parsed = parsed_of(call.mailbox, message)
    shown: dict[str, Any] = {"id": message.id, "threadId": message.thread_id}
    if message.labels:
        shown["labelIds"] = sorted(message.labels)
    shown |= {
        "snippet": parsed.snippet,
        "historyId": str(message.history_id),
        "internalDate": str(message.internal_date),
        "sizeEstimate": len(parsed.mime),
    }
    match call.given["format"]:
        case "full":
            shown["payload"] = content.payload(parsed, message.id)
        case "metadata":
            only = frozenset(name.lower() for name in call.given["metadataHeaders"])
            kind = parsed.root.get_content_type()
            shown["payload"] = {"mimeType": kind, "headers": content.headers_of(parsed.root, only)}
        case "raw":
            shown["raw"] = content.base64url(parsed.mime)
    return shown


def get_attachment(call: Call) -> Answer:
    if not _ID.fullmatch(call.given["messageId"]):
        raise invalid_argument("Invalid id value")
    message = call.mailbox.messages.get(call.given["messageId"])
    if message is None:
        raise not_found()
    found = content.attachment(parsed_of(call.mailbox, message), message.id, call.given["id"])
    if found is None:
        raise invalid_argument("Invalid attachment token")
    return {"size": len(found), "data": content.base64url(found)}


def modify_message(call: Call) -> Answer:
    message = call.message()
    add, remove = call.body.get("addLabelIds") or [], call.body.get("removeLabelIds") or []
    if not add and not remove:
        raise invalid_argument("No label add or removes specified")
    if len(add) > _MOST_LABELS or len(remove) > _MOST_LABELS:
        raise invalid_argument(f"No more than {_MOST_LABELS} labels may be added or removed at once")
    for label in (*add, *remove):
        if call.mailbox.labels.get(label) is None or label in FIXED:
            raise invalid_argument(f"Invalid label: {label}")
    if set(add) & set(remove):
        raise invalid_argument("Cannot both add and remove the same label")
    call.mailbox.change_labels(message, add, remove)
    return _brief(message)


def trash_message(call: Call) -> Answer:
    message = call.message()
    call.mailbox.change_labels(message, ["TRASH"], ["INBOX", "SPAM"])
    return _brief(message)


def untrash_message(call: Call) -> Answer:
    message = call.message()
    call.mailbox.change_labels(message, [], ["TRASH"])
    return _brief(message)


def _brief(message: StoredMessage) -> dict[str, Any]:
    labels = {"labelIds": sorted(message.labels)} if message.labels else {}
    return {"id": message.id, "threadId": message.thread_id, **labels}


def list_labels(call: Call) -> Answer:
    return {"labels": [label.as_json() for label in call.mailbox.labels]}


def get_label(call: Call) -> Answer:
    label = call.mailbox.labels.get(call.given["id"])
    if label is None:
        raise not_found()
    every, unread = call.mailbox.counted(label.id)
    return label.as_json() | {
        "messagesTotal": len(every),
        "messagesUnread": len(unread),
        "threadsTotal": len({message.thread_id for message in every}),
        "threadsUnread": len({message.thread_id for message in unread}),
    }


def create_label(call: Call) -> Answer:
    allowed = {"name", "labelListVisibility", "messageListVisibility"}
    if set(call.body) - allowed:
        raise invalid_argument(f"Cannot set: {', '.join(sorted(set(call.body) - allowed))}")
    label = call.mailbox.labels.create(
        call.body.get("name") or "",
        call.body.get("labelListVisibility") or "labelShow",
        call.body.get("messageListVisibility") or "show",
    )
    return label.as_json()


def watch(call: Call) -> Answer:
    return call.watches.watch(call.mailbox, call.body)


def stop(call: Call) -> Answer:
    call.watches.stop(call.mailbox)
    return None


METHODS: dict[str, Callable[[Call], Answer]] = {
    "gmail.users.getProfile": get_profile,
    "gmail.users.history.list": list_history,
    "gmail.users.labels.create": create_label,
    "gmail.users.labels.get": get_label,
    "gmail.users.labels.list": list_labels,
    "gmail.users.messages.attachments.get": get_attachment,
    "gmail.users.messages.get": get_message,
    "gmail.users.messages.list": list_messages,
    "gmail.users.messages.modify": modify_message,
    "gmail.users.messages.trash": trash_message,
    "gmail.users.messages.untrash": untrash_message,
    "gmail.users.stop": stop,
    "gmail.users.threads.get": get_thread,
    "gmail.users.watch": watch,
}
