"""Pages of messages and of history, with opaque tokens that are good for one mailbox and one question.

https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/list
https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.history/list
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

from sandbox.google import search
from sandbox.google.errors import invalid_argument, not_found
from sandbox.google.mailbox import Change, Mailbox, StoredMessage
from sandbox.google.search import Query
from sandbox.google.workspace import Reader

_SEAL = b"sandbox page tokens"  # keeps clients from making tokens up; guards nothing
_MOST = 500
_ESTIMATE = 201  # what Gmail says of every list that goes on
_HIDDEN = frozenset({"SPAM", "TRASH"})
_TYPES = {
    "messageAdded": "messagesAdded",
    "messageDeleted": "messagesDeleted",
    "labelAdded": "labelsAdded",
    "labelRemoved": "labelsRemoved",
}


def list_messages(mailbox: Mailbox, given: dict[str, Any]) -> dict[str, Any]:
    """`messages.list`: newest first. Raises 400."""
    size = _size(given)
    question = ["messages", mailbox.address, given.get("q", ""), given["labelIds"], given["includeSpamTrash"]]
    place = _unseal(given.get("pageToken", ""), question)
    query = search.read(given.get("q", ""), mailbox.labels, Reader(mailbox), mailbox.clock.now())
    matching = _matching(mailbox, query, given, (place[0], place[1]) if place else None)
    shown: list[StoredMessage] = []
    answer: dict[str, Any] = {}
    for message in matching:
        if len(shown) == size:
            answer["nextPageToken"] = _seal([shown[-1].internal_date, shown[-1].id], question)
            break
        shown.append(message)
    if shown:
        answer["messages"] = [{"id": message.id, "threadId": message.thread_id} for message in shown]
    goes_on = "nextPageToken" in answer
    return answer | {"resultSizeEstimate": max(_ESTIMATE, len(shown)) if goes_on else len(shown)}


def _matching(
    mailbox: Mailbox, query: Query, given: dict[str, Any], before: tuple[int, str] | None
) -> Iterator[StoredMessage]:
    labels = frozenset(given["labelIds"])
    for label in sorted(labels):
        if mailbox.labels.get(label) is None:
            raise invalid_argument(f"Invalid label: {label}")
    hidden = frozenset() if given["includeSpamTrash"] or query.everywhere else _HIDDEN - labels
    for message in _candidates(mailbox, query, before):
        if labels <= message.labels and not hidden & message.labels and query.test(message):
            yield message


def _candidates(mailbox: Mailbox, query: Query, before: tuple[int, str] | None) -> Iterator[StoredMessage]:
    if query.message_id is not None:
        found = sorted(mailbox.with_message_id(query.message_id), key=lambda m: (m.internal_date, m.id), reverse=True)
        yield from (m for m in found if before is None or (m.internal_date, m.id) < before)
        return
    if query.until is not None:
        start = (query.until, "")
        before = start if before is None else min(before, start)
    yield from mailbox.newest_first(before, query.since)


def list_history(mailbox: Mailbox, given: dict[str, Any]) -> dict[str, Any]:
    """`history.list`: oldest first. Raises 400, and 404 for a number that is not kept (any more)."""
    size = _size(given)
    if "startHistoryId" not in given:
        raise invalid_argument("Missing startHistoryId")
    start = int(given["startHistoryId"])
    label = given.get("labelId", "")
    if label and mailbox.labels.get(label) is None:
        raise invalid_argument(f"Invalid label: {label}")
    question = ["history", mailbox.address, start, label, sorted(given["historyTypes"])]
    place = _unseal(given.get("pageToken", ""), question)
    if not mailbox.knows_history(start):
        raise not_found()
    kinds = {_TYPES[name] for name in given["historyTypes"]} or set(_TYPES.values())
    shown: list[Change] = []
    answer: dict[str, Any] = {}
    for change in mailbox.changes_after(place[0] if place else start):
        if change.kind not in kinds or (label and label not in change.labels and label not in change.changed):
            continue
        if len(shown) == size:
            answer["nextPageToken"] = _seal([shown[-1].id], question)
            break
        shown.append(change)
    if shown:
        answer["history"] = [_record(change) for change in shown]
    return answer | {"historyId": str(mailbox.history_id)}


def _record(change: Change) -> dict[str, Any]:
    named = {"id": change.message_id, "threadId": change.thread_id}
    entry: dict[str, Any] = {"message": named | ({"labelIds": list(change.labels)} if change.labels else {})}
    if change.changed:
        entry["labelIds"] = list(change.changed)
    return {"id": str(change.id), "messages": [named], change.kind: [entry]}


def _size(given: dict[str, Any]) -> int:
    size: int = given["maxResults"]
    if not 1 <= size <= _MOST:
        raise invalid_argument(f"Invalid maxResults: {size}, it must be between 1 and {_MOST}")
    return size


def _seal(place: list[Any], question: list[Any]) -> str:
    payload = json.dumps(place, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_tag(payload, question) + payload).decode().rstrip("=")


def _unseal(token: str, question: list[Any]) -> list[Any] | None:
    if not token:
        return None
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        if hmac.compare_digest(raw[:12], _tag(raw[12:], question)):
            place: list[Any] = json.loads(raw[12:])
            return place
    except ValueError:
        pass
    raise invalid_argument("Invalid pageToken")


def _tag(payload: bytes, question: list[Any]) -> bytes:
    return hmac.new(_SEAL, payload + json.dumps(question).encode(), hashlib.sha256).digest()[:12]
