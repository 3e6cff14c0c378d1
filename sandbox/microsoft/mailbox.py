"""One mailbox: its folders, its messages, and the log of what changed, from which delta rounds are answered.

    add ─► in a folder ─► move ─► in another folder ─► remove ─► gone
              │  ▲
              └──┘ update (read state, categories, flag)

Each step takes the next number of `sequence`. A move is a removal from one folder and a placement in the other; the
item keeps its serial (and immutable id) and gets a new placement (and default id).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from sandbox.microsoft import ids, mime
from sandbox.microsoft.mime import Parsed, Part
from sandbox.seed.content import BigContent

# Well-known name, display name. The first is the root, which is never listed.
WELL_KNOWN = (
    ("msgfolderroot", "Top of Information Store"),
    ("archive", "Archive"),
    ("conversationhistory", "Conversation History"),
    ("deleteditems", "Deleted Items"),
    ("drafts", "Drafts"),
    ("inbox", "Inbox"),
    ("junkemail", "Junk Email"),
    ("outbox", "Outbox"),
    ("sentitems", "Sent Items"),
)


@dataclass
class Folder:
    id: str
    name: str
    parent_id: str | None
    well_known: str | None
    changed: int


@dataclass(frozen=True)
class Head:
    """What threading and look-ups need of a message, known without parsing it."""

    message_id: str | None
    references: tuple[str, ...] = ()


@dataclass
class StoredMessage:
    """A message in its folder. The MIME is rendered and parsed when somebody first asks."""

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
    is_draft: bool = False
    is_sent: bool = False
    is_read: bool = True
    is_bulk: bool = False
    categories: list[str] = field(default_factory=list)
    flag: dict[str, object] = field(default_factory=lambda: {"flagStatus": "notFlagged"})
    links: tuple[str, ...] = ()
    big: BigContent | None = None
    placed: int = 0
    version: int = 0

    @property
    def default_id(self) -> str:
        return ids.default_id(self.mailbox, self.serial, self.placed)

    @cached_property
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

    @cached_property
    def mime(self) -> bytes:
        return self.source()

    @cached_property
    def parsed(self) -> Parsed:
        return mime.parse(self.mime, self.big)

    @cached_property
    def parts(self) -> list[Part]:
        """Attachments of the MIME, then links to cloud files, which only the mailbox knows."""
        links = [Part(name, "application/octet-stream", b"", kind="reference") for name in self.links]
        return [*self.parsed.parts, *links]

    @property
    def sent(self) -> datetime:
        return self.parsed.sent or self.received


@dataclass(frozen=True)
class Change:
    """One step. `fields` names what an update touched; it is empty for placements and removals."""

    number: int
    folder_id: str
    serial: int
    kind: str  # placed, updated, removed
    default_id: str
    fields: tuple[str, ...] = ()


class Mailbox:
    """`address` names it in ids; `oid` is its owner. Times come from the caller, so that all follow the one clock."""

    def __init__(self, oid: str, address: str) -> None:
        self.oid = oid
        self.address = address
        self.sequence = 0
        self.generation = 1
        self.folders: dict[str, Folder] = {}
        self.messages: dict[int, StoredMessage] = {}
        self.changes: list[Change] = []
        self._serial = 0
        self._ids: dict[str, int] = {}
        self._roots: dict[str, tuple[str, int]] = {}
        root_name = WELL_KNOWN[0]
        self.root = self.add_folder(root_name[1], None, root_name[0])
        for well_known, name in WELL_KNOWN[1:]:
            self.add_folder(name, self.root.id, well_known)

    # Folders

    def add_folder(self, name: str, parent_id: str | None, well_known: str | None = None) -> Folder:
        """Raises ValueError when the parent has a folder of that name already."""
        siblings = [folder for folder in self.folders.values() if folder.parent_id == parent_id]
        if parent_id and any(folder.name.lower() == name.lower() for folder in siblings):
            raise ValueError("A folder with the specified name already exists.")
        self.sequence += 1
        identifier = ids.folder_id(self.address, well_known or f"{parent_id}/{name}")
        folder = Folder(identifier, name, parent_id, well_known, self.sequence)
        self.folders[identifier] = folder
        return folder

    def folder(self, name_or_id: str) -> Folder | None:
        """By id, which is case-sensitive, or by well-known name, which is not."""
        found = self.folders.get(name_or_id)
        if found:
            return found
        wanted = name_or_id.lower()
        return next((folder for folder in self.folders.values() if folder.well_known == wanted), None)

    def children(self, parent_id: str) -> list[Folder]:
        return sorted((f for f in self.folders.values() if f.parent_id == parent_id), key=lambda f: f.name.lower())

    def in_folder(self, folder_id: str) -> Iterator[StoredMessage]:
        return (message for message in self.messages.values() if message.folder_id == folder_id)

    # Messages

    def add(self, folder: Folder, source: Callable[[], bytes], head: Head, received: datetime) -> StoredMessage:
        """Delivers a message; the caller may set its states before anybody looks."""
        self._serial += 1
        self.sequence += 1
        conversation, depth = self._conversation(head.message_id or f"no id {self._serial}", head.references)
        message = StoredMessage(
            mailbox=self.address,
            serial=self._serial,
            folder_id=folder.id,
            received=received,
            created=received,
            modified=received,
            source=source,
            message_id=head.message_id,
            conversation=conversation,
            depth=depth,
            is_draft=folder.well_known == "drafts",
            is_sent=folder.well_known == "sentitems",
            placed=self.sequence,
        )
        self.messages[message.serial] = message
        self._ids[message.default_id] = self._ids[message.immutable_id] = message.serial
        folder.changed = self.sequence
        self._note(message, "placed")
        return message

    def _conversation(self, message_id: str, references: tuple[str, ...]) -> tuple[str, int]:
        for reference in reversed(references):
            if reference in self._roots:
                root, depth = self._roots[reference]
                break
        else:
            root, depth = (references[0], 0) if references else (message_id, -1)
        self._roots.setdefault(message_id, (root, depth + 1))
        return root, depth + 1

    def message(self, identifier: str) -> StoredMessage | None:
        """By default or immutable id, exactly as spelt."""
        serial = self._ids.get(identifier)
        return self.messages.get(serial) if serial is not None else None

    def update(self, message: StoredMessage, fields: tuple[str, ...], now: datetime) -> None:
        """Notes that the named properties were changed; they have their new values already."""
        self.sequence += 1
        message.version += 1
        message.modified = now
        if "isRead" in fields:
            self.folders[message.folder_id].changed = self.sequence
        self._note(message, "updated", fields)

    def move(self, message: StoredMessage, folder: Folder, now: datetime) -> None:
        """The item leaves its folder and is placed in the other, under a new default id; the old one is unknown."""
        self._leave(message)
        self.sequence += 1
        message.folder_id = folder.id
        message.placed = self.sequence
        message.version += 1
        message.modified = now
        self._ids[message.default_id] = message.serial
        folder.changed = self.sequence
        self._note(message, "placed")

    def remove(self, message: StoredMessage) -> None:
        """Gone for good."""
        self._leave(message)
        del self._ids[message.immutable_id]
        del self.messages[message.serial]

    def _leave(self, message: StoredMessage) -> None:
        self.sequence += 1
        self.folders[message.folder_id].changed = self.sequence
        self._note(message, "removed")
        del self._ids[message.default_id]

    def _note(self, message: StoredMessage, kind: str, fields: tuple[str, ...] = ()) -> None:
        self.changes.append(Change(self.sequence, message.folder_id, message.serial, kind, message.default_id, fields))

    def immutable_id_of(self, serial: int) -> str:
        """The immutable id of an item that may be gone."""
        return ids.immutable_id(self.address, serial)

    def expire_cursors(self) -> None:
        """All delta and skip tokens handed out so far answer 410 from now on."""
        self.generation += 1
