"""What the page and its JSON twins say, as plain data: one shape for both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.preference_names import definition
from accounts.preferences import Setting
from sync.capture.dryrun import DryLine, DryPage
from sync.capture.issues import IssueLine
from sync.capture.standing import Standing
from sync.capture.telling import record_urls, told_of
from sync.capture.trace import TracePage
from sync.crm import RelatedRecord
from sync.models import Activity, Follow, Item
from sync.rules.sentences import decision_sentence


@dataclass(frozen=True, slots=True)
class Day:
    """How many emails were filed on a day (UTC)."""

    day: date
    filed: int


@dataclass(frozen=True, slots=True)
class MailboxStanding:
    """How a mailbox stands. `state` is reading, current, waiting, behind, paused or reconnect.

    `seen` of about `expected` emails are read while the first read goes on (`state` reading). `reconnect` names the
    system that has to be connected again. `reasons` are what holds reading up: throttled, quota-spent, unavailable ….
    """

    id: UUID
    provider: str
    address: str
    state: str
    last_success_at: datetime | None
    next_run_at: datetime | None
    lag_seconds: int
    filed: int
    waiting: int
    skipped: int
    failed: int
    issues: int
    reasons: tuple[str, ...]
    reading: bool
    seen: int
    expected: int
    watched_until: datetime | None
    reconnect: str
    calls_used: int
    calls_allowed: int
    filed_by_day: tuple[Day, ...]
    window_from: datetime


@dataclass(frozen=True, slots=True)
class OwnSetting:
    """`source` is default, organisation, preset or user; a locked one is not the person's to change."""

    name: str
    decides: str
    value: str | int | bool | tuple[str, ...]
    source: str
    locked: bool
    choices: tuple[str, ...]
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class IssueOut:
    """`mail_url` opens the email, `record_url` its record; empty for none. `words` are the provider's own."""

    id: UUID
    reason: str
    sentence: str
    words: str
    subject: str
    sender: str
    received_at: datetime | None
    raised_at: datetime
    can_retry: bool
    mail_url: str
    record_url: str


@dataclass(frozen=True, slots=True)
class DecisionOut:
    """One email. `sentence` says what became of it and why; `files_at` while it waits."""

    item_id: UUID
    outcome: str
    rule: str
    sentence: str
    decided_at: datetime
    received_at: datetime | None
    files_at: datetime | None
    subject: str
    sender: str


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """`told` is False where the mailbox did not answer: subjects and senders are missing then."""

    decisions: tuple[DecisionOut, ...]
    page: int
    has_more: bool
    told: bool


@dataclass(frozen=True, slots=True)
class DryLineOut:
    """What would become of one email, and what it would stand on."""

    subject: str
    sender: str
    received_at: datetime | None
    files: bool
    outcome: str
    rule: str
    sentence: str
    records: tuple[RelatedRecord, ...]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DryPageOut:
    """`cursor` is for the next page; empty after the last one."""

    lines: tuple[DryLineOut, ...]
    cursor: str

    @property
    def has_more(self) -> bool:
        return bool(self.cursor)

    @property
    def would_file(self) -> tuple[DryLineOut, ...]:
        return tuple(line for line in self.lines if line.files)

    @property
    def others(self) -> tuple[DryLineOut, ...]:
        return tuple(line for line in self.lines if not line.files)


@dataclass(frozen=True, slots=True)
class FollowOut:
    id: UUID
    subject: str
    sender: str
    until: datetime
    mail_url: str


def mailbox_standing(one: Standing) -> MailboxStanding:
    seen, expected = one.progress or (0, 0)
    return MailboxStanding(
        id=one.mailbox.pk,
        provider=one.mailbox.provider,
        address=one.address,
        state=one.state,
        last_success_at=one.last_success_at,
        next_run_at=one.next_run_at,
        lag_seconds=int(one.lag.total_seconds()),
        filed=one.counts["captured"],
        waiting=one.waiting,
        skipped=one.counts["skipped"],
        failed=one.counts["failed"],
        issues=one.issues,
        reasons=one.reasons,
        reading=one.progress is not None,
        seen=seen,
        expected=expected,
        watched_until=one.watched_until,
        reconnect=one.reconnect,
        calls_used=one.api_used,
        calls_allowed=one.api_allowed,
        filed_by_day=tuple(Day(date.fromisoformat(day), count) for day, count in one.filed_by_day),
        window_from=one.mailbox.window_from,
    )


def own_setting(setting: Setting) -> OwnSetting:
    known = definition(setting.name)
    return OwnSetting(
        name=setting.name,
        decides=gettext(known.decides),
        value=setting.value,
        source=setting.source.value,
        locked=setting.locked,
        choices=known.choices,
        least=known.least,
        most=known.most,
    )


def issues_out(actor: Actor, lines: list[IssueLine]) -> tuple[IssueOut, ...]:
    """With what the mailbox says of each. One or two calls for each mailbox."""
    told = told_of(actor, [line.item for line in lines if line.item is not None])
    urls = record_urls(actor, [line.issue.activity_id for line in lines if line.issue.activity_id is not None])
    found = []
    for line in lines:
        words = told.get(line.item.pk) if line.item is not None else None
        found.append(
            IssueOut(
                id=line.id,
                reason=line.reason,
                sentence=line.sentence,
                words=line.words,
                subject=words.subject if words else "",
                sender=words.sender if words else "",
                received_at=line.item.received_at if line.item is not None else None,
                raised_at=line.issue.created_at,
                can_retry=line.can_retry,
                mail_url=words.url if words else "",
                record_url=urls.get(line.issue.activity_id, "") if line.issue.activity_id is not None else "",
            )
        )
    return tuple(found)


def decision_page(page: TracePage) -> DecisionPage:
    return DecisionPage(
        decisions=tuple(
            DecisionOut(
                item_id=line.item_id,
                outcome=line.outcome,
                rule=line.rule,
                sentence=line.sentence,
                decided_at=line.decided_at,
                received_at=line.received_at,
                files_at=line.files_at,
                subject=line.subject,
                sender=line.sender,
            )
            for line in page.lines
        ),
        page=page.page,
        has_more=page.has_more,
        told=page.told,
    )


def dry_page(page: DryPage) -> DryPageOut:
    return DryPageOut(tuple(_dry_line(line) for line in page.lines), page.cursor)


def _dry_line(line: DryLine) -> DryLineOut:
    return DryLineOut(
        subject=line.subject,
        sender=line.sender,
        received_at=line.received_at,
        files=line.outcome == "waiting",
        outcome=line.outcome,
        rule=line.rule,
        sentence=decision_sentence(line.outcome, line.rule, line.inputs),
        records=line.records,
        people=line.people,
    )


def follows_out(actor: Actor, follows: Iterable[Follow]) -> tuple[FollowOut, ...]:
    """With the subject of the email from which each conversation is followed. One or two calls for each mailbox."""
    follows = list(follows)
    items = {
        item.sighting.activity_id: item
        for item in Item.objects.filter(user=actor.user, sighting__activity__in=_activities(follows))
        .select_related("sighting")
        .defer("envelope")
    }
    told = told_of(actor, items.values())
    found = []
    for one in follows:
        item = items.get(one.activity_id)
        words = told.get(item.pk) if item is not None else None
        found.append(
            FollowOut(
                id=one.pk,
                subject=words.subject if words else "",
                sender=words.sender if words else "",
                until=one.until,
                mail_url=words.url if words else "",
            )
        )
    return tuple(found)


def _activities(follows: list[Follow]) -> list[Activity]:
    return [one.activity for one in follows]
