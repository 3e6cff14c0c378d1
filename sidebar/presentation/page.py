"""The pane's answer for one email: status, people, records, files and the one next step at its foot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop

from sidebar.presentation.cards import AccountRow, Group
from sidebar.presentation.grouping import groups, suggested_accounts
from sync.crm import RelatedRecord

if TYPE_CHECKING:
    from sync.rules.content import FileChoice
    from sync.rules.participants import Participant
    from sync.services.open_email import OpenEmail
    from sync.services.status import EmailStatus

#: Kinds of status after which ticks can no longer be changed.
_SETTLED = frozenset({"filed", "filed_by_colleague", "filing"})
_TONES = {
    "filed": ("good", "filed"),
    "filed_by_colleague": ("good", "filed"),
    "filing": ("busy", "clock"),
    "will_not": ("quiet", "will-not"),
    "cannot": ("quiet", "cannot"),
    "not_filed": ("quiet", "not-filed"),
    "undone": ("quiet", "undo"),
}


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One sentence; `tone` is good, busy, quiet or bad, `icon` a symbol's name."""

    kind: str
    tone: str
    icon: str
    sentence: str
    records: tuple[RelatedRecord, ...]


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A chosen file that is not in Salesforce: left out by a rule, or refused there."""

    name: str
    sentence: str
    left_out: bool


@dataclass(frozen=True, slots=True)
class Foot:
    """The one next step. `mode` is file, confirm, filing, filed, colleague, nothing or cannot.

    `done` of `total` files are through while filing, and while files of what is filed are under way. The button names
    the records that are ticked, or the people where no record is: `…_possible` are the numbers it may have to name.
    """

    mode: str
    records: int = 0
    people: int = 0
    records_possible: tuple[int, ...] = ()
    people_possible: tuple[int, ...] = ()
    again: bool = False
    filing_id: str = ""
    url: str = ""
    record_count: int = 0
    can_undo: bool = False
    question: str = ""
    done: int = 0
    total: int = 0
    problems: tuple[FileProblem, ...] = ()

    @property
    def storing(self) -> bool:
        """Whether files of an email that is filed are still on their way."""
        return self.mode == "filed" and bool(self.filing_id) and self.done < self.total


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template of an open email needs."""

    item_key: str
    subject: str
    status: StatusLine
    foot: Foot
    groups: tuple[Group, ...]
    suggested: tuple[AccountRow, ...]
    unknown: tuple[Participant, ...]
    internal: tuple[Participant, ...]
    blocked: tuple[Participant, ...]
    unreadable: tuple[str, ...]
    files: tuple[FileChoice, ...]
    failed: tuple[str, ...]
    asks: bool
    locked: bool
    lead_only: bool
    from_cache: bool
    stale_reason: str
    read_at: datetime | None
    instance_url: str

    @property
    def nobody(self) -> bool:
        """Whether Salesforce knows none of the people outside the company."""
        return not self.groups

    @property
    def asking(self) -> int:
        """The group, from 0, at whose opportunities the person is asked to choose: the first that has any; else -1."""
        return next((n for n, group in enumerate(self.groups) if self.asks and len(group.opportunities)), -1)

    @property
    def left_out_count(self) -> int:
        return len(self.blocked) + len(self.unreadable)


def page(opened: OpenEmail, unreadable: tuple[str, ...] = ()) -> Page:
    """What the pane shows of an email that the service has looked up. `unreadable` are address texts left aside."""
    kind = opened.status.kind.name.lower()
    settled = kind in _SETTLED
    people_ids = _people(opened, settled)
    record_ids = _records(opened, settled)
    grouped = groups(
        opened.matches.people,
        opened.crm,
        instance_url=opened.instance_url,
        people_ids=people_ids,
        record_ids=record_ids,
    )
    suggested = suggested_accounts(opened.crm, instance_url=opened.instance_url, record_ids=record_ids)
    ticks = _ticks(grouped, suggested)
    return Page(
        item_key=opened.hint.item_key,
        subject=opened.hint.subject,
        status=status_line(opened.status),
        foot=foot(opened.status, ticks),
        groups=grouped,
        suggested=suggested,
        unknown=opened.matches.unknown,
        internal=opened.matches.internal,
        blocked=opened.matches.blocked,
        unreadable=unreadable,
        files=tuple(sorted(opened.files, key=lambda file: not file.included)),
        failed=opened.crm.failed,
        asks=opened.choice.ask and not settled and kind != "cannot",
        locked=settled or kind == "cannot",
        lead_only=_lead_only(grouped),
        from_cache=opened.from_cache,
        stale_reason=opened.stale_reason,
        read_at=opened.crm.read_at,
        instance_url=opened.instance_url,
    )


def status_line(status: EmailStatus) -> StatusLine:
    kind = status.kind.name.lower()
    tone, icon = _TONES[kind]
    # The question itself stands at the foot, beside its answers.
    sentence = gettext_noop("Not filed yet.") if status.needs_confirmation else status.sentence
    return StatusLine(kind, tone, icon, sentence, status.records)


@dataclass(frozen=True, slots=True)
class Ticks:
    """How many people and records are ticked, and how many could be."""

    people: int = 0
    records: int = 0
    people_possible: int = 0
    records_possible: int = 0


def foot(status: EmailStatus, ticks: Ticks | None = None) -> Foot:
    """The step that follows from a status; `ticks` are those of the page around it."""
    kind = status.kind.name.lower()
    problems = tuple(
        FileProblem(file.name, file.sentence, file.state == "left out")
        for file in status.files
        if file.state in {"failed", "left out"}
    )
    through = sum(file.state != "waiting" for file in status.files)
    if kind == "filing":
        return Foot(mode="filing", filing_id=status.filing_id, done=through, total=len(status.files), problems=problems)
    if kind == "filed":
        return Foot(
            mode="filed",
            filing_id=status.filing_id,
            url=status.url,
            record_count=len(status.records),
            can_undo=status.can_undo,
            problems=problems,
            done=through,
            total=len(status.files),
        )
    if kind == "filed_by_colleague":
        return Foot(mode="colleague", url=status.url)
    if kind == "cannot":
        return Foot(mode="cannot")
    if ticks is not None and not ticks.people_possible and not ticks.records_possible:
        return Foot(mode="nothing")
    ticks = ticks or Ticks()
    return Foot(
        mode="confirm" if status.needs_confirmation else "file",
        question=status.needs_confirmation,
        records=ticks.records,
        people=ticks.people,
        records_possible=tuple(range(1, ticks.records_possible + 1)),
        people_possible=tuple(range(1, ticks.people_possible + 1)),
        again=kind == "undone",
    )


def _people(opened: OpenEmail, settled: bool) -> frozenset[str]:
    if _goes_nowhere(opened):
        return frozenset()
    if settled and opened.crm.filed and opened.crm.filed.people_ids:
        return frozenset(opened.crm.filed.people_ids)
    return frozenset(match.person.id for match in opened.matches.people if match.linked)


def _goes_nowhere(opened: OpenEmail) -> bool:
    """A tick is where the email goes: one that cannot be filed has none."""
    return opened.status.kind.name.lower() == "cannot"


def _records(opened: OpenEmail, settled: bool) -> frozenset[str]:
    if _goes_nowhere(opened):
        return frozenset()
    chosen = frozenset(record.id for record in (opened.status.records if settled else opened.choice.records))
    if settled:
        return chosen
    # An opportunity or case brings its account along: Salesforce shows the email there too.
    above = {one.account_id for one in opened.crm.opportunities if one.id in chosen}
    above |= {one.account_id for one in opened.crm.cases if one.id in chosen}
    return chosen | (above & {account.id for account in opened.crm.accounts})


def _ticks(grouped: tuple[Group, ...], suggested: tuple[AccountRow, ...]) -> Ticks:
    people = [card.ticked for group in grouped for card in group.people]
    records = [row.ticked for row in suggested]
    for group in grouped:
        records += [group.account.ticked] if group.account else []
        for rows in (group.opportunities, group.cases):
            records += [row.ticked for row in (*rows.shown, *rows.folded)]
    return Ticks(sum(people), sum(records), len(people), len(records))


def _lead_only(grouped: tuple[Group, ...]) -> bool:
    """Whether a lead is chosen: then no business record is offered."""
    ticked = [card for group in grouped for card in group.people if card.ticked]
    return bool(ticked) and all(card.kind == "lead" for card in ticked)
