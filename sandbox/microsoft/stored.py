"""What a mailbox holds: folders, messages, and the steps of its log.

A message's MIME and its reading are made when somebody asks and dropped again when many others were asked for since,
so that a mailbox of a hundred thousand stays small.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.microsoft import ids, mime
from sandbox.microsoft.mime import Parsed, Part
from sandbox.seed.content import BigContent

_KEPT = 4_000
_read: deque[StoredMessage] = deque()
_UNFLAGGED: dict[str, object] = {"flagStatus": "notFlagged"}


@dataclass(frozen=True, slots=True)
class Head:
    """What threading and look-ups need of a message, known without parsing it."""

    message_id: str | None
    references: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class StoredMessage:
    """A message in its folder. `reader` gives what reading the MIME would give, where that is known without it."""

    mailbox: str
    serial: int
    folder_id: str
    received: datetime
    created: datetime
    modified: datetime
    source: Callable[[], bytes]
    message_id: str | None  # None for mail that came without one, as migrated mail does
    conversation: str
    depth: int
    reader: Callable[[], Parsed] | None = None
    is_draft: bool = False
    is_sent: bool = False
    is_read: bool = True
    is_bulk: bool = False
    may_be_meeting: bool = True  # False where it is known without reading that it carries no calendar
    categories: list[str] = field(default_factory=list)
    flag: dict[str, object] = field(default_factory=lambda: _UNFLAGGED)  # replaced, never changed
    links: tuple[str, ...] = ()
    big: BigContent | None = None
    placed: int = 0
    version: int = 0
    _mime: bytes | None = None
    _parsed: Parsed | None = None

    @property
    def default_id(self) -> str:
        return ids.default_id(self.mailbox, self.serial, self.placed)

    @property
    def immutable_id(self) -> str:
        return ids.immutable_id(self.mailbox, self.serial)

    def id_for(self, immutable: bool) -> str:
        return self.immutable_id if immutable else self.default_id

    @property
    def change_key(self) -> str:
        return ids.change_key(self.mailbox, self.serial, self.version)

    @property
    def etag(self) -> str:
        return f'W/"{self.change_key}"'

    @property
    def mime(self) -> bytes:
        if self._mime is None:
            self._mime = self.source()
            self._note_reading()
        return self._mime

    @property
    def parsed(self) -> Parsed:
        if self._parsed is None:
            self._parsed = self.reader() if self.reader else mime.parse(self.mime, self.big)
            self._note_reading()
        return self._parsed

    @parsed.setter
    def parsed(self, parsed: Parsed) -> None:
        self._parsed = parsed
        self._note_reading()

    @property
    def parts(self) -> list[Part]:
        """Attachments of the MIME, then links to cloud files, which only the mailbox knows."""
        links = [Part(name, "application/octet-stream", b"", kind="reference") for name in self.links]
        return [*self.parsed.parts, *links]

    @property
    def sent(self) -> datetime:
        return self.parsed.sent or self.received

    def _note_reading(self) -> None:
        _read.append(self)
        if len(_read) > _KEPT:
            oldest = _read.popleft()
            oldest._mime = oldest._parsed = None


@dataclass(frozen=True, slots=True)
class Change:
    """One step. `placed` tells under which default id; `fields` names what an update touched, else it is empty."""

    number: int
    folder_id: str
    serial: int
    kind: str  # placed, updated, removed
    placed: int
    fields: tuple[str, ...] = ()


@dataclass(eq=False)
class Folder:
    """`log` holds the steps of its messages in order; `items` its messages by serial, the latest placed last."""

    id: str
    name: str
    parent_id: str | None
    well_known: str | None
    changed: int
    is_hidden: bool = False
    items: dict[int, StoredMessage] = field(default_factory=dict)
    log: list[Change] = field(default_factory=list)
    _unread: tuple[int, int] = (-1, 0)

    @property
    def unread(self) -> int:
        """How many of its messages nobody has read; counted anew when the folder has changed."""
        if self._unread[0] != self.changed:
            self._unread = (self.changed, sum(not message.is_read for message in self.items.values()))
        return self._unread[1]
