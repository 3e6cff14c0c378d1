"""The pane's answer for one email: status, people, records, files and the one next step at its foot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_noop

from sidebar.presentation.cards import AccountRow, Group, RecordList
from sidebar.presentation.grouping import groups, sections_of, suggested_accounts
from sync.crm import RelatedRecord
from sync.rules.left_out import is_left_out
from sync.services.pane_layout import Facet

if TYPE_CHECKING:
    from sync.rules.content import FileChoice
    from sync.rules.left_out import LeftOut
    from sync.rules.participants import Participant
    from sync.services.open_email import OpenEmail
    from sync.services.reading.pane_state import PaneHabits
    from sync.services.status import EmailStatus

#: Kinds of status after which ticks can no longer be changed.
_SETTLED = frozenset({"filed", "filed_by_colleague", "filing"})
_TONES = {
    "filed": ("good", "filed"),
    "filed_by_colleague": ("good", "filed"),
    "filing": ("busy", "clock"),
    "will_file": ("busy", "clock"),
    "will_not": ("quiet", "will-not"),
    "cannot": ("quiet", "cannot"),
    "not_filed": ("quiet", "not-filed"),
    "undone": ("quiet", "undo"),
}


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One sentence; `tone` is good, busy, quiet or bad, `icon` a symbol's name.

    `due_at`: when an email is filed by itself, for the browser to count down to. `stop_id` names the filing that a
    person may stop, `rule` what asks for it.
    """

    kind: str
    tone: str
    icon: str
    sentence: str
    records: tuple[RelatedRecord, ...]
    rule: str = ""
    due_at: datetime | None = None
    stop_id: str = ""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A chosen file that is not in Salesforce: left out by a rule, or refused there."""

    name: str
    sentence: str
    left_out: bool


MOST_RECORDS, MOST_PEOPLE = 11, 50


@dataclass(frozen=True, slots=True)
class Foot:
    """The one next step. `mode` is file, confirm, filing, filed, colleague, nothing or cannot.

    `done` of `total` files are through while filing, and while files of what is filed are under way. The button names
    the records that are ticked, or the people where no record is: `…_possible` are the numbers it may have to name.
    `replaceable` is the record of a filed email that a filing may take the place of, `replaces` that which it will.
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
    can_follow: bool = False
    following_until: datetime | None = None
    replaceable: str = ""
    replaces: str = ""

    @property
    def otherwise(self) -> Foot:
        """The foot once a record was looked up and chosen, where there was nothing to choose."""
        return Foot(mode="file", records_possible=tuple(range(1, MOST_RECORDS + 1)))

    @property
    def storing(self) -> bool:
        """Whether files of an email that is filed are still on their way."""
        return self.mode == "filed" and bool(self.filing_id) and self.done < self.total


@dataclass(frozen=True, slots=True)
class Tab:
    """One object of the page: `name` is People or an object's, `count` how many of it are shown. `title` is what
    Salesforce calls an object of the org's own.
    """

    name: str
    count: int
    title: str = ""


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
    left_out: tuple[LeftOut, ...]
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
    tabs: tuple[Tab, ...] = ()
    tab: str = ""
    folded: tuple[str, ...] = ()
    expanded: tuple[str, ...] = ()
    movable: bool = False

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
        return len(self.left_out) + len(self.unreadable)


def page(opened: OpenEmail, unreadable: tuple[str, ...] = (), habits: PaneHabits | None = None) -> Page:
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
        layout=opened.layout,
        own_id=opened.salesforce_user_id,
    )
    suggested = suggested_accounts(
        opened.crm,
        instance_url=opened.instance_url,
        record_ids=record_ids,
        layout=opened.layout,
        own_id=opened.salesforce_user_id,
    )
    ticks = _ticks(grouped, suggested)
    tabs = _tabs(opened, grouped, suggested)
    return Page(
        item_key=opened.hint.item_key,
        subject=opened.hint.subject,
        status=status_line(opened.status),
        foot=foot(opened.status, ticks),
        groups=grouped,
        suggested=suggested,
        unknown=opened.matches.unknown,
        internal=tuple(one for one in opened.matches.internal if not is_left_out(one, opened.left_out)),
        left_out=opened.left_out,
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
        tabs=tabs,
        # A tab that this email has nothing for shows nothing: all of it stands instead.
        tab=habits.tab if habits and any(tab.name == habits.tab for tab in tabs) else "",
        folded=habits.folded if habits else (),
        expanded=habits.expanded if habits else (),
        movable=not opened.layout.who(Facet.OBJECTS).locked,
    )


def _tabs(opened: OpenEmail, grouped: tuple[Group, ...], suggested: tuple[AccountRow, ...]) -> tuple[Tab, ...]:
    """One for each object that has something here, in the layout's order; none where one would be all."""
    counts = {
        "People": sum(len(group.people) for group in grouped),
        "Account": sum(group.account is not None for group in grouped) + len(suggested),
        "Opportunity": sum(len(group.opportunities) for group in grouped),
        "Case": sum(len(group.cases) for group in grouped),
    }
    titles: dict[str, str] = {}
    for section in (one for group in grouped for one in group.custom):
        titles[section.name] = section.title
        counts[section.name] = counts.get(section.name, 0) + len(section.rows)
    names = (name for name in sections_of(opened.layout) if counts.get(name))
    found = tuple(Tab(name, counts[name], titles.get(name, "")) for name in names)
    return found if len(found) > 1 else ()


def status_line(status: EmailStatus) -> StatusLine:
    kind = status.kind.name.lower()
    tone, icon = _TONES[kind]
    # The question itself stands at the foot, beside its answers.
    sentence = gettext_noop("Not filed yet.") if status.needs_confirmation else status.sentence
    return StatusLine(
        kind,
        tone,
        icon,
        sentence,
        status.records,
        rule=status.rule,
        due_at=status.due_at,
        stop_id=status.filing_id if status.can_stop else "",
    )


@dataclass(frozen=True, slots=True)
class Ticks:
    """How many people and records are ticked, and how many could be."""

    people: int = 0
    records: int = 0
    people_possible: int = 0
    records_possible: int = 0


def foot_again(status: EmailStatus) -> Foot:
    """The foot of a filed email whose ticks are free again: the next press takes the place of its record."""
    return Foot(
        mode="file",
        records=len(status.records),
        records_possible=tuple(range(1, MOST_RECORDS + 1)),
        people_possible=tuple(range(1, MOST_PEOPLE + 1)),
        filing_id=status.filing_id,
        replaces=status.replaceable,
    )


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
            can_follow=status.can_follow and bool(status.filing_id),
            following_until=status.following_until,
            replaceable=status.replaceable,
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
        # One may look up further ones.
        records_possible=tuple(range(1, MOST_RECORDS + 1)),
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
        lists: list[RecordList[Any]] = [group.opportunities, group.cases, *(section.rows for section in group.custom)]
        for rows in lists:
            records += [row.ticked for row in (*rows.shown, *rows.folded)]
    return Ticks(sum(people), sum(records), len(people), len(records))


def _lead_only(grouped: tuple[Group, ...]) -> bool:
    """Whether a lead is chosen: then no business record is offered."""
    ticked = [card for group in grouped for card in group.people if card.ticked]
    return bool(ticked) and all(card.kind == "lead" for card in ticked)
