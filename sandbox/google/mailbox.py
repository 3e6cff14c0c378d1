"""One Gmail mailbox: messages, their labels and threads, and the history from which clients catch up.

    add ─► labels change (archive, trash, mark, read) ─► delete ─► gone
     │            │                                        │
     └────────────┴───────── each step: one history record, under a larger and not the next number

A message keeps its id and thread for ever; moving it is a change of labels. History numbers are kept for a week.
https://developers.google.com/workspace/gmail/api/guides/sync
"""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from sandbox.clock import Clock
from sandbox.google.content import Content, Head, head_of
from sandbox.google.labels import Labels

HISTORY_LIFE = timedelta(days=7)
_FIRST_HISTORY = 1_000_000
_SERIAL_BITS = 20


@dataclass(slots=True, eq=False)
class StoredMessage:
    """A message. The MIME is made when somebody asks for it; ``head`` is what threads and searches need without it."""

    serial: int
    id: str
    thread_id: str
    internal_date: int  # milliseconds since 1970
    labels: frozenset[str]
    head: Head
    source: Callable[[], bytes]
    history_id: int = 0


class Change(NamedTuple):
    """One record of the history. ``kind`` is the name of its field, ``labels`` those of the message after it."""

    id: int
    at: float
    kind: str
    message_id: str
    thread_id: str
    labels: tuple[str, ...]
    changed: tuple[str, ...] = ()


@dataclass
class Listener:
    """Who wants to know of changes. ``tell`` gets the mailbox and the labels that the change concerns."""

    tell: Callable[[Mailbox, frozenset[str]], None] | None = None
    paused: bool = field(default=False)


class Mailbox:
    """`address` is its owner's."""

    def __init__(self, address: str, clock: Clock) -> None:
        self.address = address
        self.clock = clock
        self.labels = Labels()
        self.listener = Listener()
        self.messages: dict[str, StoredMessage] = {}
        self.threads: dict[str, list[StoredMessage]] = {}
        self.changes: list[Change] = []
        self.history_id = _FIRST_HISTORY + _spread(address) % 9000
        self.content = Content()
        self._floor = self.history_id
        self._serial = 0
        self._mask = _spread(address) % 2**_SERIAL_BITS
        self._order: list[tuple[int, str]] = []
        self._by_message_id: dict[str, list[StoredMessage]] = {}
        self._threads_by_reference: dict[tuple[str, str], str] = {}

    # Messages

    def add(
        self,
        source: Callable[[], bytes],
        labels: Iterable[str],
        received: datetime,
        head: Head | None = None,
        *,
        quietly: bool = False,
    ) -> StoredMessage:
        """A message arrives with these labels. ``quietly`` it has been there before history began."""
        head = head or head_of(source())
        subject = head.thread_subject
        self._serial += 1
        moment = int(received.timestamp() * 1000)
        identifier = self._identifier(moment)
        thread_id = self._thread_of(head, subject) or identifier
        message = StoredMessage(
            self._serial, identifier, thread_id, moment, frozenset(labels), head, source, self.history_id
        )
        self.messages[identifier] = message
        bisect.insort(self.threads.setdefault(thread_id, []), message, key=_age)
        bisect.insort(self._order, (moment, identifier))
        if head.message_id:
            self._by_message_id.setdefault(bare(head.message_id), []).append(message)
        for reference in (head.message_id, *head.references):
            if reference:
                self._threads_by_reference.setdefault((reference, subject), thread_id)
        if not quietly:
            self._note(message, "messagesAdded", message.labels)
        return message

    def change_labels(self, message: StoredMessage, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Labels that are there already, or not there, are no change."""
        added = frozenset(add) - message.labels
        removed = frozenset(remove) & message.labels
        before = message.labels
        message.labels = (message.labels | added) - removed
        if added:
            self._note(message, "labelsAdded", before | added, added)
        if removed:
            self._note(message, "labelsRemoved", before | added, removed)

    def delete(self, message: StoredMessage) -> None:
        """Gone for good."""
        del self.messages[message.id]
        thread = self.threads[message.thread_id]
        thread.remove(message)
        if not thread:
            del self.threads[message.thread_id]
        self._order.pop(bisect.bisect_left(self._order, (message.internal_date, message.id)))
        if message.head.message_id:
            self._by_message_id[bare(message.head.message_id)].remove(message)
        self.content.forget(message.id)
        self._note(message, "messagesDeleted", message.labels)

    def newest_first(self, before: tuple[int, str] | None = None, since: int | None = None) -> Iterator[StoredMessage]:
        """From the newest on, or from the place behind ``before``; not older than ``since`` (milliseconds)."""
        end = len(self._order) if before is None else bisect.bisect_left(self._order, before)
        start = 0 if since is None else bisect.bisect_left(self._order, (since, ""))
        for place in range(end - 1, start - 1, -1):
            yield self.messages[self._order[place][1]]

    def with_message_id(self, message_id: str) -> list[StoredMessage]:
        """By the Message-ID header, with or without angle brackets."""
        return self._by_message_id.get(bare(message_id), [])

    def counted(self, label: str) -> tuple[list[StoredMessage], list[StoredMessage]]:
        """The messages under a label, and those of them that are unread."""
        found = [message for message in self.messages.values() if label in message.labels]
        return found, [message for message in found if "UNREAD" in message.labels]

    def _identifier(self, moment: int) -> str:
        """16 hexadecimal digits: the time above, a number that is used once below."""
        low = (self._serial * 0x9E3B1 ^ self._mask) % 2**_SERIAL_BITS
        return f"{(moment << _SERIAL_BITS | low) % 2**64:016x}"

    def _thread_of(self, head: Head, subject: str) -> str | None:
        """The thread that holds what the message refers to, or what it is referred to by, under the same subject."""
        for reference in (*reversed(head.references), head.message_id):
            found = self._threads_by_reference.get((reference or "", subject))
            if found in self.threads:
                return found
        return None

    # History

    def _note(
        self, message: StoredMessage, kind: str, labels: frozenset[str], changed: frozenset[str] = frozenset()
    ) -> None:
        self.history_id += 1 + _spread(f"{self.address}{self.history_id}") % 97
        message.history_id = self.history_id
        now = self.clock.now().timestamp()
        shown, named = _in_order(message.labels), _in_order(changed)
        self.changes.append(Change(self.history_id, now, kind, message.id, message.thread_id, shown, named))
        if self.listener.tell and not self.listener.paused:
            self.listener.tell(self, labels | message.labels)

    def knows_history(self, start: int) -> bool:
        """Whether everything since this number is still kept; a number of the future was never given."""
        if not self._floor <= start <= self.history_id:
            return False
        place = bisect.bisect_right(self.changes, start, key=lambda change: change.id)
        oldest = (self.clock.now() - HISTORY_LIFE).timestamp()
        return place == len(self.changes) or self.changes[place].at >= oldest

    def changes_after(self, number: int) -> Iterator[Change]:
        place = bisect.bisect_right(self.changes, number, key=lambda change: change.id)
        for index in range(place, len(self.changes)):
            yield self.changes[index]

    def expire_history(self) -> None:
        """Every number that was given so far is too old from now on."""
        self.history_id += 1 + _spread(f"expired{self.history_id}") % 97
        self._floor = self.history_id


def bare(message_id: str) -> str:
    return message_id.strip().removeprefix("<").removesuffix(">")


@cache
def _in_order(labels: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(labels))


def _age(message: StoredMessage) -> tuple[int, int]:
    return message.internal_date, message.serial


def _spread(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest())
