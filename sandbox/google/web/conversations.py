"""What Gmail's page shows of a mailbox: rows of conversations, one conversation with its messages, bodies made safe.

Ids as in the page: `id` is the API's (hexadecimal), `permId` what newer markup has. That is `msg-f:` and the same
number in decimal for mail that arrived, and `msg-a:r` with a number of its own for mail written in this mailbox.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from email.utils import getaddresses
from html import escape
from typing import Any

import nh3

from sandbox.google import search
from sandbox.google.content import Parsed, walk
from sandbox.google.mailbox import Mailbox, StoredMessage
from sandbox.google.workspace import Reader, parsed_of

PAGE = 50
_WRITTEN = frozenset({"SENT", "DRAFT"})
_HIDDEN = frozenset({"SPAM", "TRASH"})
_VIEWS: dict[str, frozenset[str]] = {
    "inbox": frozenset({"INBOX"}),
    "starred": frozenset({"STARRED"}),
    "sent": frozenset({"SENT"}),
    "drafts": frozenset({"DRAFT"}),
    "spam": frozenset({"SPAM"}),
    "trash": frozenset({"TRASH"}),
    "all": frozenset(),
}
_INLINE_LIMIT = 512 * 1024
_CID = re.compile(r"""(\bsrc\s*=\s*["'])cid:([^"']+)""", re.IGNORECASE)
_IMAGE = re.compile(r"image/(png|jpeg|gif|webp)")
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")


class NoSuchView(ValueError):
    """The address names no list."""


def rows(mailbox: Mailbox, view: str, argument: str, start: int) -> dict[str, Any]:
    """A page of a list, newest first: `rows`, and `next`, where the next page begins (None at the end)."""
    fits = _test(mailbox, view, argument)
    shown: list[dict[str, Any]] = []
    seen: set[str] = set()
    for message in mailbox.newest_first():
        if message.thread_id in seen or not fits(message):
            continue
        seen.add(message.thread_id)
        if len(seen) > start + PAGE:
            return {"rows": shown, "next": start + PAGE}
        if len(seen) > start:
            shown.append(_row(mailbox, message.thread_id))
    return {"rows": shown, "next": None}


def _test(mailbox: Mailbox, view: str, argument: str) -> Callable[[StoredMessage], bool]:
    if view == "search":
        query = search.read(argument, mailbox.labels, Reader(mailbox), mailbox.clock.now())
        return lambda message: query.test(message) and (query.everywhere or not _HIDDEN & message.labels)
    if view == "label":
        label = mailbox.labels.named(argument)
        if label is None:
            raise NoSuchView(argument)
        return lambda message: label.id in message.labels and not _HIDDEN & message.labels
    if view not in _VIEWS:
        raise NoSuchView(view)
    wanted = _VIEWS[view]
    hidden = _HIDDEN - wanted
    return lambda message: wanted <= message.labels and not hidden & message.labels


def unread(mailbox: Mailbox) -> int:
    """How many conversations of the inbox have an unread message."""
    found = {m.thread_id for m in mailbox.messages.values() if {"INBOX", "UNREAD"} <= m.labels}
    return len(found)


def _row(mailbox: Mailbox, thread_id: str) -> dict[str, Any]:
    messages = mailbox.threads[thread_id]
    last = messages[-1]
    whole = [message for message in messages if "DRAFT" not in message.labels] or messages
    parsed = parsed_of(mailbox, last)
    return {
        "id": thread_id,
        "permId": thread_perm_id(mailbox, thread_id),
        "lastId": last.id,
        "lastPermId": perm_id(last),
        "lastNonDraftId": whole[-1].id,
        "senders": [_person(message.head.sender) | {"unread": "UNREAD" in message.labels} for message in messages],
        "count": len(messages),
        "subject": last.head.subject,
        "snippet": parsed.snippet,
        "at": last.internal_date,
        "unread": any("UNREAD" in message.labels for message in messages),
        "starred": any("STARRED" in message.labels for message in messages),
        "hasFiles": any(_files(parsed_of(mailbox, message)) for message in messages),
        "labels": _label_names(mailbox, messages),
    }


def conversation(mailbox: Mailbox, identifier: str) -> dict[str, Any] | None:
    """A conversation by the id of it or of one of its messages, oldest message first."""
    found = mailbox.messages.get(identifier)
    thread_id = found.thread_id if found else identifier
    messages = mailbox.threads.get(thread_id)
    if not messages:
        return None
    return {
        "id": thread_id,
        "permId": thread_perm_id(mailbox, thread_id),
        "subject": messages[0].head.subject,
        "labels": _label_names(mailbox, messages),
        "messages": [_message(mailbox, message) for message in messages],
    }


def _message(mailbox: Mailbox, message: StoredMessage) -> dict[str, Any]:
    parsed, head = parsed_of(mailbox, message), message.head
    return {
        "id": message.id,
        "permId": perm_id(message),
        "from": _person(head.sender),
        "to": _people(head.to),
        "cc": _people(head.cc),
        "bcc": _people(head.bcc) if message.labels & _WRITTEN else [],
        "subject": head.subject,
        "at": message.internal_date,
        "snippet": parsed.snippet,
        "html": safe_html(parsed),
        "files": _files(parsed),
        "unread": "UNREAD" in message.labels,
        "starred": "STARRED" in message.labels,
        "isDraft": "DRAFT" in message.labels,
    }


def perm_id(message: StoredMessage) -> str:
    """`msg-f:…` or `msg-a:r…`."""
    return _perm("msg", message)


def thread_perm_id(mailbox: Mailbox, thread_id: str) -> str:
    """`thread-f:…`, or `thread-a:r…` for a conversation that began in this mailbox."""
    first = mailbox.threads[thread_id][0]
    if first.labels & _WRITTEN:
        return _perm("thread", first)
    return f"thread-f:{int(thread_id, 16)}"


def _perm(kind: str, message: StoredMessage) -> str:
    if message.labels & _WRITTEN:
        number = int.from_bytes(hashlib.sha256(f"{kind}{message.id}".encode()).digest()[:8], signed=True)
        return f"{kind}-a:r{number}"
    return f"{kind}-f:{int(message.id, 16)}"


def _label_names(mailbox: Mailbox, messages: list[StoredMessage]) -> list[str]:
    found = {label for message in messages for label in message.labels}
    return sorted(label.name for label in mailbox.labels if label.id in found and not label.is_system)


def _people(text: str) -> list[dict[str, str]]:
    return [{"name": name, "email": address} for name, address in getaddresses([text]) if address or name]


def _person(text: str) -> dict[str, str]:
    return next(iter(_people(text)), {"name": "", "email": ""})


def _files(parsed: Parsed) -> list[dict[str, Any]]:
    referred = _referred(parsed)
    return [
        {"name": name, "size": len(parsed.leaves[part_id].content), "type": part.get_content_type()}
        for part_id, part in walk(parsed.root)
        if part_id in parsed.leaves
        and not parsed.leaves[part_id].is_body
        and _content_id(part) not in referred
        and (name := part.get_filename() or "noname")
    ]


def _content_id(part: Any) -> str:
    return str(part.get("content-id") or "").strip().removeprefix("<").removesuffix(">")


def _referred(parsed: Parsed) -> set[str]:
    return {found[2] for html in _bodies(parsed, "text/html") for found in _CID.finditer(html)}


def _bodies(parsed: Parsed, kind: str) -> Iterator[str]:
    for part_id, part in walk(parsed.root):
        leaf = parsed.leaves.get(part_id)
        if leaf is not None and leaf.is_body and part.get_content_type() == kind:
            yield leaf.content.decode("utf-8", "replace")


def safe_html(parsed: Parsed) -> str:
    """The body without scripts, forms and frames, and without anything that would be fetched from elsewhere."""
    html = next(_bodies(parsed, "text/html"), None)
    if html is None:
        return _from_text(next(_bodies(parsed, "text/plain"), ""))
    images = {
        _content_id(part): f"data:{part.get_content_type()};base64,{base64.b64encode(leaf.content).decode()}"
        for part_id, part in walk(parsed.root)
        if (leaf := parsed.leaves.get(part_id)) is not None
        and not leaf.is_body
        and _IMAGE.fullmatch(part.get_content_type())
        and len(leaf.content) <= _INLINE_LIMIT
    }
    placed = _CID.sub(lambda found: found[1] + images.get(found[2], "data:,"), html)
    return nh3.clean(
        placed,
        url_schemes={"http", "https", "mailto", "tel", "data"},
        attribute_filter=_attribute,
        link_rel="noopener noreferrer",
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    is_data = value.strip().lower().startswith("data:")
    if name == "src":
        return value if value.startswith("data:image/") else None
    return None if is_data else value


def _from_text(text: str) -> str:
    pieces, end = [], 0
    for found in _LINK.finditer(text):
        address = escape(found[0])
        pieces += [escape(text[end : found.start()]), f'<a href="{address}" rel="noopener noreferrer">{address}</a>']
        end = found.end()
    pieces.append(escape(text[end:]))
    return "".join(pieces).replace("\r\n", "\n").replace("\n", "<br>")
