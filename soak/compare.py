"""Holds what is there against what the oracle says, message by message. Pure: rows in, differences out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from soak.oracle import Record, Ruling, Verdict

_COMPUTED = re.compile(r"^sha256:[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class Email:
    """One EmailMessage, or Task where Enhanced Email is off. `people` maps person ids to kinds of relation.

    A Task knows neither direction nor From: both are None there, and its people have no kinds.
    """

    id: str
    identity: str
    subject: str
    text: str
    related: str | None
    incoming: bool | None
    from_address: str | None
    created_by: str
    people: Mapping[str, frozenset[str]]
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the ledger: a message in one mailbox with its decision, None where it has none."""

    key: str
    outcome: str | None
    rule: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    issues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """`about` is a mark of the mail or the name of a thing; each side says what it has, and why."""

    about: str
    what: str
    expected: str
    found: str
    why: str = ""

    def line(self) -> str:
        reason = f" (because {self.why})" if self.why else ""
        return f"{self.about}: {self.what}: expected {self.expected}{reason}, found {self.found}"


def decisions(verdict: Verdict, items: Sequence[Item]) -> list[Difference]:
    """One decision per copy, and the oracle's; nothing in the ledger that was never delivered."""
    by_key: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_key[item.key].append(item)
    found: list[Difference] = []
    for key, ruling in sorted(verdict.rulings.items()):
        rows = by_key.pop(key, [])
        expected = f"{ruling.outcome} by {' or '.join(sorted(ruling.rules))}"
        if not rows:
            if not ruling.may_be_absent:
                found.append(Difference(key, "decision", expected, "no item", ruling.why))
        elif len(rows) > 1:
            found.append(Difference(key, "items", "one", str(len(rows))))
        else:
            found += _decision(key, ruling, rows[0], expected)
    found += [Difference(key, "item", "none", "one that nobody delivered") for key in sorted(by_key)]
    return found


def _decision(key: str, ruling: Ruling, item: Item, expected: str) -> list[Difference]:
    found: list[Difference] = []
    if item.outcome != ruling.outcome or item.rule not in ruling.rules:
        said = f"{item.outcome} by {item.rule} {dict(item.inputs) or ''}" if item.outcome else "no decision"
        found.append(Difference(key, "decision", expected, said.strip(), ruling.why))
    wanted = (ruling.issue,) if ruling.issue else ()
    if Counter(item.issues) != Counter(wanted):
        found.append(Difference(key, "open issues", str(list(wanted)), str(list(item.issues)), ruling.why))
    return found


def records(
    verdict: Verdict, emails: Iterable[Email], users: Mapping[str, str], mark_of: Mapping[str, str]
) -> list[Difference]:
    """One record per captured message, with everything in it. `users` maps Salesforce ids of users by address,
    `mark_of` the marks by the copies' keys."""
    remaining: dict[str, list[Email]] = defaultdict(list)
    unmarked: list[Email] = []
    marks = set(mark_of.values())
    pattern = re.compile(r"\bs-?\d+x\d{5}\b")
    for email in emails:
        named = [mark for mark in pattern.findall(f"{email.subject} {email.text}") if mark in marks]
        (remaining[named[0]] if named else unmarked).append(email)
    found = [Difference(email.id, "email", "none", f"one of no letter: {email.identity}") for email in unmarked]
    for record in verdict.records:
        mark = mark_of[record.copies[0]]
        rows = remaining.pop(mark, [])
        if len(rows) != 1:
            what = f"{len(rows)} records {[row.id for row in rows] or ''}".strip()
            found.append(Difference(mark, "records", "one", what, record.why))
        for row in rows[:1]:
            found += _record(mark, record, row, users)
    for mark, rows in sorted(remaining.items()):
        whys = {verdict.rulings[key].why for key, name in mark_of.items() if name == mark and key in verdict.rulings}
        found.append(Difference(mark, "records", "none", f"{len(rows)}: {[row.id for row in rows]}", "; ".join(whys)))
    return found


def _record(mark: str, record: Record, row: Email, users: Mapping[str, str]) -> list[Difference]:
    found: list[Difference] = []

    def hold(what: str, expected: object, there: object) -> None:
        if expected != there:
            found.append(Difference(mark, what, str(expected), str(there), record.why))

    if record.identity:
        hold("identity", record.identity, row.identity)
    elif not _COMPUTED.match(row.identity):
        hold("identity", "sha256: and 64 digits", row.identity)
    hold("business record", record.related, row.related)
    if row.incoming is not None:
        hold("direction", "incoming" if record.incoming else "outgoing", "incoming" if row.incoming else "outgoing")
    if row.from_address is not None:
        hold("from", record.from_address, row.from_address.lower())
    hold("written by", users[record.writer], row.created_by)
    hold("people", sorted(record.people), sorted(row.people))
    for person, kinds in row.people.items():
        allowed = record.people.get(person)
        if allowed and not kinds <= allowed:
            hold(f"relation of {person}", " or ".join(sorted(allowed)), " and ".join(sorted(kinds)))
    hold("files", sorted(record.files), sorted(row.files))
    if mark not in row.text and mark not in row.subject:
        hold("words", mark, "not in the body")
    return found


def files(titles: Iterable[str], *, once: str) -> list[Difference]:
    """A file that many letters carry is stored once in the org."""
    count = sum(title == once for title in titles)
    return [Difference(once, "copies of one file", "at most one", str(count))] if count > 1 else []
