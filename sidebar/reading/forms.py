"""What a person writes down, read strictly: each problem at its field, in one sentence, without what was sent."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from sync.errors import Gone
from sync.services.reading.writing import ToWrite, WrittenKind

MOST_SUBJECT = 255
MOST_TEXT = 32_000
PRIORITIES = ("High", "Normal", "Low")
DIRECTIONS = ("Outbound", "Inbound", "Internal")
#: Days from today of each choice of a follow-up; what is none is a date of its own.
PRESETS = {"tomorrow": 1, "in-3-days": 3, "next-week": 7}
_FIRST, _LAST = dt.date(1700, 1, 1), dt.date(4000, 12, 31)  # what a date field in Salesforce holds


class BadForm(Exception):
    """What was filled in cannot be sent. `problems` are sentences for people, by the field's name."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


def kind_of(name: str) -> WrittenKind:
    """What the address asks to write down. Raises Gone for anything else."""
    try:
        return WrittenKind(name)
    except ValueError:
        raise Gone(code="NO_SUCH_FORM") from None


def due_day(preset: str, *, today: dt.date | None = None) -> dt.date | None:
    """The day that a choice of a follow-up stands for, from the person's own today; None where it is none."""
    days = PRESETS.get(preset)
    return None if days is None else (today or timezone.localdate()) + dt.timedelta(days=days)


def read(kind: WrittenKind, form: Mapping[str, Any]) -> ToWrite:
    """A form's or a JSON body's fields. Raises BadForm."""
    problems: dict[str, str] = {}

    def text(name: str, most: int, *, lines: bool = False) -> str:
        value = form.get(name) or ""
        if not isinstance(value, str) or len(value) > most:
            problems[name] = _("At most %(count)d characters.") % {"count": most}
            return ""
        return _clean(value, lines=lines).strip()

    subject, words = text("subject", MOST_SUBJECT), text("text", MOST_TEXT, lines=True)
    if kind is WrittenKind.NOTE:
        if not words and "text" not in problems:
            problems["text"] = _("Write something first.")
        subject = subject or _("Note")
    elif not subject and "subject" not in problems:
        problems["subject"] = _("Say in a few words what it is about.")
    due: dt.date | None = None
    if kind in {WrittenKind.TASK, WrittenKind.FOLLOW_UP}:
        when = form.get("when") or ""
        due = due_day(when) if isinstance(when, str) else None
        if due is None:
            due = _date(form.get("due"), problems)
        if kind is WrittenKind.FOLLOW_UP and due is None and "due" not in problems:
            problems["due"] = _("Choose a day.")
    priority, direction = form.get("priority") or "", form.get("direction") or ""
    if priority and priority not in PRIORITIES:
        problems["priority"] = _("Choose one of the list.")
    if direction and direction not in DIRECTIONS:
        problems["direction"] = _("Choose one of the list.")
    key = _key(form.get("key"), problems)
    if problems or key is None:
        raise BadForm(problems)
    return ToWrite(kind, key, subject, words, due, priority, direction)


def _date(value: Any, problems: dict[str, str]) -> dt.date | None:
    if not value:
        return None
    try:
        day = dt.date.fromisoformat(value) if isinstance(value, str) and len(value) == len("2026-11-28") else None
    except ValueError:
        day = None
    if day is None or not _FIRST <= day <= _LAST:
        problems["due"] = _("Choose a day.")
        return None
    return day


def _key(value: Any, problems: dict[str, str]) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) and len(value) == len(str(UUID(int=0))) else None or _none()
    except ValueError:
        problems["key"] = _("Open the form again.")
        return None


def _none() -> UUID:
    raise ValueError


def _clean(text: str, *, lines: bool) -> str:
    """Without control characters, which no field of Salesforce keeps; line ends stay where there may be lines."""
    kept = "\n\t" if lines else ""
    text = text.replace("\r\n", "\n")
    return "".join(one for one in text if one in kept or unicodedata.category(one) not in {"Cc", "Cs"})
