"""From which folders mail is filed by itself, in which it is watched for marks, and what carries the mark.

    Graph    Inbox, Sent and chosen folders, each with those below it
    Gmail    everything but spam, trash, drafts, chats, promotions, social and forums, plus chosen labels
    marks    every folder but trash, junk and drafts, and those below them

Scope is settled when a message is first seen: archiving or moving it afterwards changes nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sync.mail import FolderKind, Message

DEFAULT_MARK = "Salesforce"
GMAIL = "gmail"
# https://developers.google.com/workspace/gmail/api/guides/labels
_NEVER = frozenset({"SPAM", "TRASH", "DRAFT"})
_UNLESS_CHOSEN = frozenset({"CHAT", "CATEGORY_PROMOTIONS", "CATEGORY_SOCIAL", "CATEGORY_FORUMS"})
_CLOSED = frozenset({FolderKind.TRASH, FolderKind.JUNK, FolderKind.DRAFTS})
_OPEN = frozenset({FolderKind.INBOX, FolderKind.SENT})


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder and where it stands. `parent_id` is that of the folder above; at the top whatever no folder has."""

    id: str
    parent_id: str = ""
    kind: FolderKind = FolderKind.OTHER


def in_scope(
    message: Message, *, provider: str, chosen_folder_ids: frozenset[str], scoped_folder_ids: frozenset[str]
) -> bool:
    """Whether a message lies where mail is filed from by itself.

    `chosen_folder_ids` are the folders or labels that somebody chose. `scoped_folder_ids` are what
    `scoped_folder_ids()` makes of them; of a Gmail mailbox, whose labels are no folders, they are not looked at.
    """
    if message.folder in _CLOSED:
        return False
    places = frozenset(message.folder_ids)
    if provider == GMAIL:
        return not places & _NEVER and (not places & _UNLESS_CHOSEN or bool(places & chosen_folder_ids))
    return message.folder in _OPEN or bool(places & (chosen_folder_ids | scoped_folder_ids))


def scoped_folder_ids(folders: Iterable[FolderPlace], chosen: frozenset[str]) -> frozenset[str]:
    """The Inbox, Sent and the chosen folders, with all below them; nothing of trash, junk and drafts."""
    known = {folder.id: folder for folder in folders}
    return frozenset(
        folder.id
        for folder in known.values()
        if inherited_kind(folder.id, known) not in _CLOSED
        and any(place.kind in _OPEN or place.id in chosen for place in _upwards(folder.id, known))
    )


def watched_folder_ids(folders: Iterable[FolderPlace]) -> frozenset[str]:
    """The folders that are read for marks."""
    known = {folder.id: folder for folder in folders}
    return frozenset(folder_id for folder_id in known if inherited_kind(folder_id, known) not in _CLOSED)


def inherited_kind(folder_id: str, folders: Mapping[str, FolderPlace]) -> FolderKind:
    """What a folder is: trash, junk or drafts where one above it is, else what it is itself.

    A message in a folder within the deleted items is deleted too.
    """
    closed = next((place.kind for place in _upwards(folder_id, folders) if place.kind in _CLOSED), None)
    own = folders.get(folder_id)
    return closed or (own.kind if own else FolderKind.OTHER)


def is_marked(categories: Iterable[str], mark_name: str) -> bool:
    """Whether one of the categories (labels) is the mark: by its whole name, whatever its case.

    The name of a nested label is its path (`Clients/Salesforce`), so nested labels are none.
    """
    wanted = _folded(mark_name)
    return bool(wanted) and any(_folded(name) == wanted for name in categories)


def _upwards(folder_id: str, folders: Mapping[str, FolderPlace]) -> Iterator[FolderPlace]:
    """The folder and those above it, each once: a page read while folders move may show a circle."""
    passed: set[str] = set()
    while folder_id in folders and folder_id not in passed:
        passed.add(folder_id)
        yield folders[folder_id]
        folder_id = folders[folder_id].parent_id


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).strip().casefold())
