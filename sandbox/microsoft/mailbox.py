"""One mailbox: its folders, its messages, and the log of what changed, from which delta rounds are answered.

    add ─► in a folder ─► move ─► in another folder ─► remove ─► gone
              │  ▲
              └──┘ update (read state, categories, flag)

Each step takes the next number of `sequence` and stands in the log of its folder. A move is a removal from one folder
and a placement in the other; the item keeps its serial (and immutable id) and gets a new placement (and default id).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from sandbox.microsoft import ids
from sandbox.microsoft.mime import Parsed
from sandbox.microsoft.stored import Change, Folder, Head, StoredMessage

__all__ = ["WELL_KNOWN", "Change", "Folder", "Head", "Mailbox", "StoredMessage"]

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


class Mailbox:
    """`address` names it in ids; `oid` is its owner. Times come from the caller, so that all follow the one clock."""

    def __init__(self, oid: str, address: str) -> None:
        self.oid = oid
        self.address = address
        self.sequence = 0
        self.generation = 1
        self.folders: dict[str, Folder] = {}
        self.messages: dict[int, StoredMessage] = {}
        # Told of every step, while somebody has subscribed to the mailbox.
        self.watcher: Callable[[Change, StoredMessage], None] | None = None
        # Delta's long rounds, by folder and the ends of its log.
        self.rounds: dict[tuple[str, int, int], list[list[Change]]] = {}
        self._serial = 0
        self._roots: dict[str, tuple[str, int]] = {}
        self._by_message_id: dict[str | None, tuple[int, ...]] = {}
        self._threads: dict[str, list[int]] | None = None
        self._listed: dict[str | None, tuple[int, list[StoredMessage]]] = {}
        self._well_known: dict[str, Folder] = {}
        root_name = WELL_KNOWN[0]
        self.root = self.add_folder(root_name[1], None, root_name[0])
        for well_known, name in WELL_KNOWN[1:]:
            self.add_folder(name, self.root.id, well_known)

    # Folders

    def add_folder(
        self, name: str, parent_id: str | None, well_known: str | None = None, *, is_hidden: bool = False
    ) -> Folder:
        """Raises ValueError when the parent has a folder of that name already."""
        self._check_name(name, parent_id)
        self.sequence += 1
        identifier = ids.folder_id(self.address, well_known or f"{parent_id}/{name}")
        while identifier in self.folders:  # the name of a folder that is called otherwise now
            identifier = ids.folder_id(self.address, f"{identifier}/{name}")
        folder = Folder(identifier, name, parent_id, well_known, self.sequence, is_hidden)
        self.folders[identifier] = folder
        if well_known:
            self._well_known[well_known] = folder
        if parent_id:
            self.folders[parent_id].changed = self.sequence
        return folder

    def rename_folder(self, folder: Folder, name: str) -> None:
        """Raises ValueError when the parent has another folder of that name."""
        if folder.name.lower() != name.lower():
            self._check_name(name, folder.parent_id)
        self.sequence += 1
        folder.name, folder.changed = name, self.sequence

    def _check_name(self, name: str, parent_id: str | None) -> None:
        siblings = (folder for folder in self.folders.values() if folder.parent_id == parent_id)
        if parent_id and any(folder.name.lower() == name.lower() for folder in siblings):
            raise ValueError("A folder with the specified name already exists.")

    def folder(self, name_or_id: str) -> Folder | None:
        """By id, which is case-sensitive, or by well-known name, which is not."""
        return self.folders.get(name_or_id) or self._well_known.get(name_or_id.lower())

    def children(self, parent_id: str, *, hidden: bool = False) -> list[Folder]:
        found = (f for f in self.folders.values() if f.parent_id == parent_id and (hidden or not f.is_hidden))
        return sorted(found, key=lambda folder: folder.name.lower())

    def in_folder(self, folder_id: str) -> Iterable[StoredMessage]:
        return self.folders[folder_id].items.values()

    # Messages

    def add(
        self,
        folder: Folder,
        source: Callable[[], bytes],
        head: Head,
        received: datetime,
        reader: Callable[[], Parsed] | None = None,
    ) -> StoredMessage:
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
            reader=reader,
            is_draft=folder.well_known == "drafts",
            is_sent=folder.well_known == "sentitems",
            placed=self.sequence,
        )
        self.messages[message.serial] = message
        self._by_message_id[message.message_id] = (*self._by_message_id.get(message.message_id, ()), message.serial)
        if self._threads is not None:
            self._threads.setdefault(ids.conversation_id(self.address, conversation), []).append(message.serial)
        self._enter(folder, message)
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
        serial = ids.serial_of(self.address, identifier)
        message = self.messages.get(serial) if serial is not None else None
        is_it = message is not None and identifier in (message.immutable_id, message.default_id)
        return message if is_it else None

    def with_message_id(self, message_id: str) -> list[StoredMessage]:
        return self._there(self._by_message_id.get(message_id, ()))

    def in_thread(self, conversation_id: str) -> list[StoredMessage]:
        if self._threads is None:
            self._threads = {}
            for message in self.messages.values():
                thread = ids.conversation_id(self.address, message.conversation)
                self._threads.setdefault(thread, []).append(message.serial)
        return self._there(self._threads.get(conversation_id, ()))

    def _there(self, serials: Iterable[int]) -> list[StoredMessage]:
        return [self.messages[serial] for serial in serials if serial in self.messages]

    def newest_first(self, folder: Folder | None = None) -> list[StoredMessage]:
        """The messages of a folder, or all, by the time of their arrival."""
        key = folder.id if folder else None
        known = self._listed.get(key)
        if known is None or known[0] != self.sequence:
            held = folder.items.values() if folder else self.messages.values()
            known = (self.sequence, sorted(held, key=lambda message: (message.received, message.serial), reverse=True))
            self._listed[key] = known
        return known[1]

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
        self._enter(folder, message)

    def remove(self, message: StoredMessage) -> None:
        """Gone for good."""
        self._leave(message)
        del self.messages[message.serial]
        left = tuple(serial for serial in self._by_message_id[message.message_id] if serial != message.serial)
        if left:
            self._by_message_id[message.message_id] = left
        else:
            del self._by_message_id[message.message_id]

    def _enter(self, folder: Folder, message: StoredMessage) -> None:
        folder.items[message.serial] = message
        folder.changed = self.sequence
        self._note(message, "placed")

    def _leave(self, message: StoredMessage) -> None:
        self.sequence += 1
        folder = self.folders[message.folder_id]
        del folder.items[message.serial]
        folder.changed = self.sequence
        self._note(message, "removed")

    def _note(self, message: StoredMessage, kind: str, fields: tuple[str, ...] = ()) -> None:
        change = Change(self.sequence, message.folder_id, message.serial, kind, message.placed, fields)
        self.folders[message.folder_id].log.append(change)
        if self.watcher is not None:
            self.watcher(change, message)

    def tell(self, message: StoredMessage) -> None:
        """Lets the subscribers hear of the last step in the message's folder, which was the message's."""
        if self.watcher is not None:
            self.watcher(self.folders[message.folder_id].log[-1], message)

    def expire_cursors(self) -> None:
        """All delta and skip tokens handed out so far answer 410 from now on."""
        self.generation += 1
