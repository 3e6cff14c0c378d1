"""What the engine asks of a mailbox, whichever provider holds it. Plain data in and out; no model, no rule.

    folders(cursor) ──► FolderPage            the folders (labels), whole or what changed
    begin(folder) ──► cursor ──► changes(folder, cursor) ──► ChangePage ──► … ──► done     heads only, page by page
    heads(ids), messages(ids)                 what is known by id: heads, or whole messages with their attachments
    marked(name), search(words)               ids that carry the mark; ids that hold the words
    watch / renew / stop                      the provider's push

A cursor is the adapter's own text: whoever stores it understands nothing of it. It is stored in one transaction with
the page that it came with, and a page that was not stored is asked for again.

Every method raises the errors of `sync.errors`, and `CursorExpired` where a cursor is no longer known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sync.errors import ProviderError
from sync.mail import Attachment, FolderKind, Message

#: Of some provider ids, those that are known already: their heads need not be fetched.
Known = Callable[[Sequence[str]], frozenset[str]]


@dataclass(frozen=True, slots=True)
class MailboxProfile:
    """Whose mailbox it is. `id` is the provider's id of the user; `address` is as the provider writes it."""

    id: str
    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder, or one of Gmail's labels. `count` is how many messages it holds, 0 where unknown."""

    id: str
    name: str = ""
    parent_id: str = ""
    kind: FolderKind = FolderKind.OTHER
    count: int = 0
    removed: bool = False


@dataclass(frozen=True, slots=True)
class FolderPage:
    """`whole`: with its fellow pages it lists every folder, and a folder that none of them shows is gone."""

    folders: tuple[Folder, ...]
    cursor: str
    done: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a page, about one message.

    `head` is the message without bodies and attachments, None where the provider told only what changed.
    `removed`: it is no longer in this collection (it may be in another). `categories` and `folder` are what the row
    told of a message without a head, None where it did not tell.
    """

    provider_id: str
    head: Message | None = None
    removed: bool = False
    categories: tuple[str, ...] | None = None
    folder: FolderKind | None = None
    folder_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changes, newest first in a full read, and the cursor that goes on behind them.

    `done`: this was the last page for now. `full`: the page belongs to a full read, which lists everything there is.
    `expected` is how many messages the full read will show at most, 0 where unknown.
    """

    changes: tuple[Change, ...]
    cursor: str
    done: bool
    full: bool
    expected: int = 0


@dataclass(frozen=True, slots=True)
class WatchTicket:
    """A push that stands until `expires_at` (aware). `id` is empty where the provider gives none."""

    id: str
    expires_at: datetime


class MailboxAdapter(Protocol):
    """One mailbox as one principal. Cheap to make; not to be shared between threads."""

    @property
    def provider(self) -> str:
        """`graph` or `gmail`, as it stands in the ledger."""

    @property
    def collection_per_folder(self) -> bool:
        """Whether each folder is a collection of its own; else the whole mailbox is one, named ""."""

    def profile(self) -> MailboxProfile: ...

    def folders(self, cursor: str) -> FolderPage:
        """The folders for `cursor` "", what changed among them since for one that an earlier page gave."""

    def begin(self, folder_id: str, *, since: datetime | None) -> str:
        """The cursor of a full read of what was received at or after `since`.

        Whatever arrives while the full read goes on shows up in it or in the changes after it.
        """

    def changes(self, folder_id: str, cursor: str, known: Known) -> ChangePage:
        """The next page. Of ids in `known` no head is fetched where that would cost a call."""

    def heads(self, provider_ids: Sequence[str]) -> Mapping[str, Message | ProviderError]:
        """Messages without bodies and attachments, in as few calls as possible; an error for each that fails."""

    def messages(self, provider_ids: Sequence[str]) -> Mapping[str, Message | ProviderError]:
        """Whole messages with bodies and their lists of attachments, in as few calls as the provider takes."""

    def marked(self, name: str) -> tuple[str, ...]:
        """Ids of the messages with that category (label): whole name, any case; newest first, at most 1,000."""

    def search(self, words: str, *, limit: int = 100) -> tuple[str, ...]:
        """Ids of messages that hold the words, in the provider's own order."""

    def find_message(self, *, item_id: str = "", internet_message_id: str = "") -> Message:
        """One whole message by our own id or a client's, by its Message-ID, or both. Raises Gone for none."""

    def open_attachment(self, message: Message, attachment: Attachment) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes of one attachment, decoded, in blocks."""

    def watch(self, *, notification_url: str, secret: str, until: datetime) -> WatchTicket:
        """Asks for a push about the whole mailbox. `secret` comes back with each notice where the provider has that."""

    def renew(self, watch_id: str, *, until: datetime) -> WatchTicket:
        """Raises Gone where it has lapsed: then it is made anew."""

    def stop(self, watch_id: str) -> None:
        """Ends a push; one that is gone already is fine."""
