"""What stands beside a Salesforce record: its activities and its related lists. Plain data that JSON can carry.

Every part was read as one Salesforce user, and holds only what that user may see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class ActivityKind(StrEnum):
    EMAIL = "email"
    CALL = "call"
    TASK = "task"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class ActivityEntry:
    """One Task, Event or EmailMessage.

    `at` is its moment, or None where it has a `day` only (a task's due day, an all-day event); both None: no date yet.
    `is_planned`: an open task, or an event that has not ended. `incoming` is an email's. `is_overdue`: an open task
    whose day is past. `subtype` is a Task's TaskSubtype.
    """

    id: str
    kind: ActivityKind
    subject: str
    at: datetime | None = None
    day: date | None = None
    is_planned: bool = False
    is_overdue: bool = False
    incoming: bool = False
    status: str = ""
    who: str = ""
    what: str = ""
    owner: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A record's activities: what is planned comes with the soonest first, the past with the latest first.

    `failed` names the kinds (`tasks`, `events`, `emails`) that Salesforce did not answer. `more`: Salesforce holds
    more than are read at once.
    """

    planned: tuple[ActivityEntry, ...] = ()
    past: tuple[ActivityEntry, ...] = ()
    failed: tuple[str, ...] = ()
    more: bool = False
    read_at: datetime | None = None

    def __len__(self) -> int:
        return len(self.planned) + len(self.past)


@dataclass(frozen=True, slots=True)
class RelatedEntry:
    """One record of a related list; `detail` says what people tell it apart by, `day` is its date if it has one."""

    id: str
    object_name: str
    name: str
    detail: str = ""
    day: date | None = None
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class RelatedList:
    """`name` is contacts, opportunities, cases, roles or files. `more`: there are more than the entries read."""

    name: str
    entries: tuple[RelatedEntry, ...] = ()
    more: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True)
class RelatedLists:
    """All related lists of a record, in the order to show them."""

    lists: tuple[RelatedList, ...] = ()
    read_at: datetime | None = None
