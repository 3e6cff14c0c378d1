"""How a mailbox stands: what its user and its administrator want to know at one glance."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import Connection, System
from permissions import policy
from sync.models import ApiBudget, Collection, Decision, Intent, Issue, Mailbox, Watch

#: Reading counts as behind when it was due this long ago.
BEHIND = timedelta(minutes=5)
DAYS = 14


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is one word: reading, current, waiting, behind, paused, reconnect, ended.

    `lag` is how long the longest waiting email, or the longest due collection, has been due; zero when nothing is.
    `progress` is (messages seen, messages expected) of the first read while it goes on, expected being 0 where the
    provider does not say; `folders_read` is (folders that are current, folders) of it.
    """

    mailbox: Mailbox
    state: str
    address: str
    last_success_at: datetime | None
    next_run_at: datetime | None
    lag: timedelta
    counts: dict[str, int]
    waiting: int
    issues: int
    reasons: tuple[str, ...] = ()
    progress: tuple[int, int] | None = None
    folders_read: tuple[int, int] = (0, 0)
    watched_until: datetime | None = None
    reconnect: str = ""
    api_used: int = 0
    api_allowed: int = 0
    filed_by_day: tuple[tuple[str, int], ...] = field(default=())


def mailboxes_of(actor: Actor) -> list[Mailbox]:
    """The actor's own, as far as the policy lets them see; without those that were disconnected."""
    require_own(actor, "mailbox.sync")
    mine = policy.scope(actor.principal_id, "mailbox.sync", Mailbox.objects.filter(user=actor.user))
    mine = mine.exclude(state=Mailbox.State.ENDED).select_related("connection", "user__organisation")
    return list(mine.order_by("provider"))


def standing_of(actor: Actor, mailbox: Mailbox) -> Standing:
    """About ten small queries, no call."""
    now = timezone.now()
    connections = {row.system: row for row in Connection.objects.filter(user=actor.user)}
    salesforce = connections.get(System.SALESFORCE)
    reconnect = _reconnect(mailbox, salesforce)
    lists = Collection.objects.filter(mailbox=mailbox, due_at__isnull=False)
    facts = lists.aggregate(next=Min("due_at"), success=Max("last_success_at"), seen=Sum("seen_count"))
    mail = lists.filter(kind=Collection.Kind.MAIL)
    expected = lists.filter(full_read=True).aggregate(all=Sum("expected_count"))["all"] or 0
    counts = dict(
        Decision.objects.filter(item__mailbox=mailbox).values_list("outcome").annotate(Count("pk")).order_by("outcome")
    )
    due = Intent.objects.filter(user=actor.user, automatic=True, state__in=["waiting", "claimed"])
    oldest = due.filter(due_at__lte=now).aggregate(at=Min("due_at"))["at"]
    next_run = facts["next"]
    lag = max((now - at for at in (oldest, next_run) if at is not None and at < now), default=timedelta(0))
    budget = ApiBudget.objects.filter(salesforce_org=salesforce.salesforce_org).first() if salesforce else None
    watch = Watch.objects.filter(mailbox=mailbox).first()
    reading = mailbox.initial_done_at is None
    return Standing(
        mailbox=mailbox,
        state=_state(mailbox, reconnect, reading=reading, lag=lag, waiting=counts.get("waiting", 0)),
        address=mailbox.connection.external_username,
        last_success_at=mailbox.last_success_at or facts["success"],
        next_run_at=next_run,
        lag=lag,
        counts={outcome: counts.get(outcome, 0) for outcome in Decision.Outcome.values},
        waiting=counts.get("waiting", 0),
        issues=Issue.objects.filter(user=actor.user, settled_at__isnull=True).count(),
        reasons=tuple(lists.exclude(reason="").values_list("reason", flat=True).distinct().order_by("reason")),
        progress=(facts["seen"] or 0, expected) if reading else None,
        folders_read=(mail.filter(last_success_at__isnull=False).count(), mail.count()),
        watched_until=watch.expires_at if watch else None,
        reconnect=reconnect,
        api_used=budget.used if budget else 0,
        api_allowed=budget.allowed if budget else 0,
        filed_by_day=filed_by_day(mailbox),
    )


def filed_by_day(mailbox: Mailbox) -> tuple[tuple[str, int], ...]:
    """(day in UTC, how many were filed) for the last two weeks, days without any included."""
    today = timezone.now().date()
    rows = (
        Decision.objects.filter(
            item__mailbox=mailbox,
            outcome=Decision.Outcome.CAPTURED,
            decided_at__date__gt=today - timedelta(days=DAYS),
        )
        .annotate(day=TruncDate("decided_at"))
        .values_list("day")
        .annotate(Count("pk"))
        .order_by("day")
    )
    found = {day.isoformat(): count for day, count in rows}
    days = [(today - timedelta(days=back)).isoformat() for back in reversed(range(DAYS))]
    return tuple((day, found.get(day, 0)) for day in days)


def _reconnect(mailbox: Mailbox, salesforce: Connection | None) -> str:
    """The system that has to be connected again, or nothing."""
    if salesforce is None or salesforce.state != Connection.State.ACTIVE:
        return System.SALESFORCE
    return "" if mailbox.connection.state == Connection.State.ACTIVE else mailbox.connection.system


def _state(mailbox: Mailbox, reconnect: str, *, reading: bool, lag: timedelta, waiting: int) -> str:
    if mailbox.state != Mailbox.State.ACTIVE:
        return mailbox.state
    if reconnect:
        return "reconnect"
    if lag > BEHIND:
        return "behind"
    if reading:
        return "reading"
    return "waiting" if waiting else "current"
