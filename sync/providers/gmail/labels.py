"""Gmail's labels: which of them are folders, which are names that a person gave, and what kind a message's make it.

https://developers.google.com/workspace/gmail/api/guides/labels
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sync.mail import FolderKind
from sync.providers.gmail.wire import GmailLabel
from sync.providers.mailbox import Folder

# The first that a message carries says what it is.
_KINDS = (
    ("TRASH", FolderKind.TRASH),
    ("SPAM", FolderKind.JUNK),
    ("DRAFT", FolderKind.DRAFTS),
    ("SENT", FolderKind.SENT),
    ("INBOX", FolderKind.INBOX),
)
_FOLDERS = dict(_KINDS)
#: Labels that say nothing that a rule asks about.
WITHOUT_NEWS = frozenset({"UNREAD", "STARRED", "IMPORTANT"})


def kind_of(label_ids: Iterable[str]) -> FolderKind:
    carried = frozenset(label_ids)
    return next((kind for name, kind in _KINDS if name in carried), FolderKind.OTHER)


def folders_of(labels: Iterable[GmailLabel]) -> tuple[Folder, ...]:
    """The labels that stand for folders. `A/B` lies below `A` where there is an `A`."""
    listed = [label for label in labels if is_folder(label)]
    by_name = {label.name: label.id for label in listed if is_own(label)}
    return tuple(
        Folder(
            id=label.id,
            name=label.name,
            parent_id=_parent(label.name, by_name) if is_own(label) else "",
            kind=_FOLDERS.get(label.id, FolderKind.OTHER),
        )
        for label in listed
    )


def is_own(label: GmailLabel) -> bool:
    """Whether a person made the label."""
    return label.type.lower() == "user" if label.type else not is_system(label.id)


def is_folder(label: GmailLabel) -> bool:
    return is_own(label) or label.id in _FOLDERS or label.id == "CHAT" or label.id.startswith("CATEGORY_")


def is_system(label_id: str) -> bool:
    named = label_id in _FOLDERS or label_id in WITHOUT_NEWS or label_id == "CHAT"
    return named or label_id.startswith("CATEGORY_") or label_id.endswith("_STAR")


class LabelNames:
    """The names of a mailbox's own labels, read when the first is asked for, and again when an unknown one shows up."""

    def __init__(self, read: Callable[[], Sequence[GmailLabel]]) -> None:
        self._read = read
        self._names: dict[str, str] = {}
        self._nameless: set[str] = set()

    def of(self, label_ids: Iterable[str]) -> tuple[str, ...]:
        """The names of those that are somebody's own, in the order of the ids."""
        asked = [label_id for label_id in label_ids if not is_system(label_id)]
        unknown = {label_id for label_id in asked if label_id not in self._names} - self._nameless
        if unknown:
            self.learn(self._read())
            # A label that was deleted meanwhile, or one of Gmail's own that is new.
            self._nameless |= unknown - self._names.keys()
        return tuple(self._names[label_id] for label_id in asked if label_id in self._names)

    def learn(self, labels: Iterable[GmailLabel]) -> None:
        self._names = {label.id: label.name for label in labels if is_own(label)}


def _parent(name: str, by_name: dict[str, str]) -> str:
    above = name.rpartition("/")[0]
    while above:
        if above in by_name:
            return by_name[above]
        above = above.rpartition("/")[0]
    return ""
