"""Lists of records as the pane shows them: grouped by object, with what was found marked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sidebar.records.marking import Segment, marked
from sidebar.records.words import plural
from sync.providers.salesforce.searching import FoundRecord


@dataclass(frozen=True, slots=True)
class Line:
    record: FoundRecord
    name: tuple[Segment, ...]
    details: tuple[tuple[Segment, ...], ...]


@dataclass(frozen=True, slots=True)
class Group:
    object_name: str
    title: str
    lines: tuple[Line, ...]


def grouped(records: Iterable[FoundRecord], text: str) -> tuple[Group, ...]:
    """In the order in which the objects come."""
    by_object: dict[str, list[Line]] = {}
    for record in records:
        details = tuple(marked(detail, text) for detail in record.details)
        by_object.setdefault(record.object_name, []).append(Line(record, marked(record.name, text), details))
    return tuple(Group(name, plural(name), tuple(lines)) for name, lines in by_object.items())
