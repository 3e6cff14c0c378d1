"""The labels of one mailbox: Gmail's own, and those that people make. Names compare without case.

https://developers.google.com/workspace/gmail/api/guides/labels
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.google.errors import ApiError, invalid_argument

SYSTEM = (
    "CHAT",
    "SENT",
    "INBOX",
    "IMPORTANT",
    "TRASH",
    "DRAFT",
    "SPAM",
    "CATEGORY_FORUMS",
    "CATEGORY_UPDATES",
    "CATEGORY_PERSONAL",
    "CATEGORY_PROMOTIONS",
    "CATEGORY_SOCIAL",
    "STARRED",
    "UNREAD",
)
# What only Gmail itself gives and takes.
FIXED = frozenset({"SENT", "DRAFT", "CHAT"})
_MOST = 10_000
_LONGEST = 225


@dataclass(slots=True)
class Label:
    id: str
    name: str
    is_system: bool = False
    in_list: str = "labelShow"
    on_messages: str = "show"

    def as_json(self) -> dict[str, Any]:
        shown = {"id": self.id, "name": self.name, "type": "system" if self.is_system else "user"}
        if self.is_system:
            return shown
        return shown | {"messageListVisibility": self.on_messages, "labelListVisibility": self.in_list}


class Labels:
    """All labels by id."""

    def __init__(self) -> None:
        self._labels = {name: Label(name, name, is_system=True) for name in SYSTEM}
        self._made = 0

    def __iter__(self) -> Iterator[Label]:
        return iter(self._labels.values())

    def get(self, identifier: str) -> Label | None:
        return self._labels.get(identifier)

    def named(self, name: str) -> Label | None:
        wanted = name.casefold()
        return next((label for label in self._labels.values() if label.name.casefold() == wanted), None)

    def create(self, name: str, in_list: str = "labelShow", on_messages: str = "show") -> Label:
        """Raises 400 for a name that no label can have and 409 for one that is taken."""
        if not name.strip() or len(name) > _LONGEST or name.strip() != name or "//" in name or name[0] == "/":
            raise invalid_argument("Invalid label name")
        if self.named(name) is not None:
            if self.named(name) in [label for label in self._labels.values() if label.is_system]:
                raise invalid_argument("Invalid label name")
            raise ApiError(409, "aborted", "Label name exists or conflicts")
        if len(self._labels) >= _MOST:
            raise invalid_argument("Too many labels")
        self._made += 1
        label = Label(f"Label_{self._made}", name, in_list=in_list, on_messages=on_messages)
        self._labels[label.id] = label
        return label

    def ensure(self, name: str) -> Label:
        """The label of that name, made when it is missing."""
        return self.named(name) or self.create(name)
