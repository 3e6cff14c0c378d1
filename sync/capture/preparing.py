"""② What the rows of a page mean: each is judged before anything is written.

    row ──► which item? ──► a head, where it was not told and matters ──► which activity? ──► judged
                                                  └─ no Message-ID, or another message's ──► known by its content

No transaction is open: the mailbox may be asked for what a row did not tell. A row that cannot be judged is set aside
with an issue of its own, and the page goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.utils import timezone

from sync.capture.judging import Judgement, Past, judge
from sync.capture.view import MailboxView
from sync.errors import Gone, NeedsReconnect, ProviderError, Throttled, Unavailable
from sync.mail import FolderKind, Message
from sync.models import Activity, Decision, Intent, Item, Link, Tombstone
from sync.providers.mailbox import Change, MailboxAdapter
from sync.rules.identity import computed_identity, message_fingerprint, stored_identifier
from sync.rules.scope import in_scope, is_marked

log = structlog.get_logger(__name__)

#: What lies there was not seen yet: it is judged when it turns up elsewhere.
UNSEEN = frozenset({FolderKind.TRASH, FolderKind.JUNK, FolderKind.DRAFTS})
#: A decision that only a person can change.
SETTLED = frozenset({"veto", "undone", "deleted-in-salesforce", "gone"})
# Of one message these say nothing about it: the whole page is asked for again.
_OF_THE_MAILBOX = (Throttled, NeedsReconnect, Unavailable)


@dataclass(slots=True)
class Row:
    """What a page says of one message, and what is to be done about it."""

    change: Change
    item: Item | None = None
    head: Message | None = None
    marked: bool = False
    judgement: Judgement | None = None
    identity: str = ""
    fingerprint: str = ""
    in_scope: bool = False
    fresh: bool = False
    claimed: str = ""  # a Message-ID that another message holds
    problem: str = ""


@dataclass(slots=True)
class Plan:
    """The rows of a page, judged."""

    rows: list[Row] = field(default_factory=list)
    activities: dict[str, Activity] = field(default_factory=dict)
    at: datetime = field(default_factory=timezone.now)


def prepare(view: MailboxView, adapter: MailboxAdapter, changes: Sequence[Change]) -> Plan:
    """What the rows mean. Raises sync.errors.* where the mailbox cannot be asked for what is missing."""
    plan = Plan()
    latest = {change.provider_id: change for change in changes}  # the last of two rows for one id wins
    known = items_of(view, latest)
    plan.rows = [Row(change, known.get(provider_id)) for provider_id, change in latest.items()]
    for row in plan.rows:
        row.marked = _marked(view, row)
    _complete(adapter, plan.rows)
    _judge_all(view, adapter, plan)
    return plan


def items_of(view: MailboxView, provider_ids: Iterable[str]) -> dict[str, Item]:
    found = Item.objects.filter(
        user=view.actor.user, provider=view.mailbox.provider, provider_id__in=list(provider_ids)
    )
    return {item.provider_id: item for item in found.select_related("decision").defer("envelope")}


def _marked(view: MailboxView, row: Row) -> bool:
    change = row.change
    told = change.head.categories if change.head else change.categories
    if told is None:
        return row.item.marked if row.item else False
    return is_marked(told, view.settings.mark_name)


def _folder(change: Change) -> FolderKind | None:
    return change.head.folder if change.head else change.folder


def _needs_head(row: Row) -> bool:
    """Whether the message has to be looked at: it is new, or its mark came or went. Nothing else matters."""
    if row.change.removed or row.change.head is not None or _folder(row.change) in UNSEEN:
        return False
    return row.item is None or _mark_matters(row)


def _mark_matters(row: Row) -> bool:
    item = row.item
    if item is None or item.marked == row.marked:
        return False
    decision = _decision(item)
    if decision is None:
        return True
    if row.marked:
        return decision.outcome in {Decision.Outcome.SKIPPED, Decision.Outcome.FAILED}
    return decision.outcome == Decision.Outcome.WAITING and item.cause == "mark"


def _decision(item: Item) -> Decision | None:
    return getattr(item, "decision", None)


def _complete(adapter: MailboxAdapter, rows: Sequence[Row]) -> None:
    missing = [row.change.provider_id for row in rows if _needs_head(row)]
    heads = adapter.heads(missing) if missing else {}
    for row in rows:
        row.head = row.change.head
        found = heads.get(row.change.provider_id)
        if isinstance(found, Message):
            row.head = found
        elif isinstance(found, _OF_THE_MAILBOX):
            raise found
        elif isinstance(found, ProviderError) and not isinstance(found, Gone):
            row.problem = "fetch-failed"


def _judge_all(view: MailboxView, adapter: MailboxAdapter, plan: Plan) -> None:
    due = [row for row in plan.rows if row.head is not None and _is_to_be_judged(row)]
    for row in due:
        _identify(row)
    plan.activities = known_activities(view, (row.identity for row in due))
    pasts = pasts_of(plan.activities.values())
    for row in due:
        row.judgement = _judged(view, row, plan, pasts)
    for row in plan.rows:
        if row.problem and row.judgement is None and row.item is None:
            # It is set aside under its id alone: the cursor goes on, and it can be tried again.
            row.judgement = Judgement(Decision.Outcome.FAILED, row.problem)
    _name_the_nameless(adapter, plan, [row for row in due if row.judgement and row.judgement.waits], view)


def _is_to_be_judged(row: Row) -> bool:
    if row.change.removed or row.head is None or row.head.folder in UNSEEN:
        return False
    return row.item is None or _decision(row.item) is None or _mark_matters(row)


def _identify(row: Row) -> None:
    head = row.head
    if head is not None:
        row.identity = stored_identifier(head.internet_message_id) if head.internet_message_id else ""
        row.fingerprint = message_fingerprint(head)


def known_activities(view: MailboxView, identities: Iterable[str]) -> dict[str, Activity]:
    wanted = {identity for identity in identities if identity}
    if view.salesforce_org is None or not wanted:
        return {}
    found = Activity.objects.filter(salesforce_org=view.salesforce_org, identity__in=wanted)
    return {activity.identity: activity for activity in found}


def pasts_of(activities: Iterable[Activity]) -> dict[Any, Past]:
    """What the ledger knows of activities, by their id. Three queries."""
    ids = [activity.pk for activity in activities]
    if not ids:
        return {}
    filed = set(Link.objects.filter(activity__in=ids, part=Link.Part.EMAIL).values_list("activity_id", flat=True))
    choices = Intent.objects.filter(activity__in=filed, kind=Intent.Kind.EMAIL).values_list("activity_id", "choice")
    knew = {pk for pk, choice in choices if choice.get("people")}
    sides: dict[Any, set[str]] = {}
    for pk, side in Tombstone.objects.filter(activity__in=ids).values_list("activity_id", "side"):
        sides.setdefault(pk, set()).add(side)
    return {
        pk: Past(
            undone="pane" in sides.get(pk, ()) and pk not in filed,
            deleted_in_salesforce="salesforce" in sides.get(pk, ()) and pk not in filed,
            filed=pk in filed,
            knew_people=pk in knew,
        )
        for pk in ids
    }


def _judged(view: MailboxView, row: Row, plan: Plan, pasts: Mapping[Any, Past]) -> Judgement:
    head = row.head
    if head is None:
        raise ValueError("only a head can be judged")
    activity = plan.activities.get(row.identity)
    mine = activity is not None and activity.fingerprint == row.fingerprint
    past = pasts.get(activity.pk, Past()) if activity is not None and mine else Past()
    row.in_scope = row.item.in_scope if row.item is not None else _in_scope(view, head)
    try:
        return judge(
            view,
            head,
            marked=row.marked,
            in_scope=row.in_scope,
            past=past,
            vetoed=row.item is not None and row.item.vetoed_at is not None,
            unmarked=row.item is not None and row.item.marked,
        )
    except Exception as error:  # noqa: BLE001 - one message that breaks a rule must not stop the mailbox
        log.error("capture.not_judged", item=head.provider_id[-12:], error=type(error).__name__)
        row.problem = "malformed"
        return Judgement(Decision.Outcome.FAILED, "malformed")


def _in_scope(view: MailboxView, head: Message) -> bool:
    return in_scope(
        head,
        provider=view.mailbox.provider,
        chosen_folder_ids=view.settings.chosen_folders,
        scoped_folder_ids=view.scoped_folders,
    )


def _name_the_nameless(adapter: MailboxAdapter, plan: Plan, waiting: Sequence[Row], view: MailboxView) -> None:
    """Whoever has no Message-ID, or one that another message holds, is known by what it says: it is fetched whole."""
    nameless = [row for row in waiting if not row.identity] + _impostors(waiting, plan)
    if not nameless:
        return
    whole = adapter.messages([row.change.provider_id for row in nameless])
    for row in nameless:
        found = whole.get(row.change.provider_id)
        if isinstance(found, Message):
            row.claimed, row.identity = row.identity, computed_identity(found)
            row.fingerprint = message_fingerprint(found)
        elif isinstance(found, _OF_THE_MAILBOX):
            raise found
        else:
            row.problem = "fetch-failed"
            row.judgement = Judgement(Decision.Outcome.FAILED, "fetch-failed")
    again = known_activities(view, (row.identity for row in nameless))
    plan.activities.update(again)
    pasts = pasts_of(again.values())
    for row in nameless:
        activity = again.get(row.identity)
        past = pasts.get(activity.pk) if activity else None
        if past is not None and row.judgement is not None and row.judgement.waits:
            row.judgement = _after(row.judgement, past)


def _impostors(waiting: Sequence[Row], plan: Plan) -> list[Row]:
    """Rows whose Message-ID another message holds: a known one, or one that stands before them on this page."""
    holders = {identity: activity.fingerprint for identity, activity in plan.activities.items()}
    named = [row for row in waiting if row.identity]
    return [row for row in named if holders.setdefault(row.identity, row.fingerprint) != row.fingerprint]


def _after(judgement: Judgement, past: Past) -> Judgement:
    if past.undone:
        return Judgement(Decision.Outcome.SKIPPED, "undone", inputs=judgement.inputs)
    if past.deleted_in_salesforce:
        return Judgement(Decision.Outcome.SKIPPED, "deleted-in-salesforce", inputs=judgement.inputs)
    if past.filed:
        return Judgement(Decision.Outcome.CAPTURED, "duplicate", inputs=judgement.inputs)
    return judgement
