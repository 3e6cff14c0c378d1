"""③ One page, one transaction: items, decisions, cursor, intents; or nothing where the claim was lost.

    new message ──► item, decision                          skipped, failed, a duplicate of what is filed
           waits ──► … and activity, sighting, intent       due when the delay is over; of many mailboxes one intent
    known message ──► moved, gone from its folder, marked, unmarked, in the trash

Rows of one kind are written together, in the order of their keys: two pages that meet wait for each other, and neither
for ever. They say when they were made: PostgreSQL takes rows of plain values as one array for each column, and what the
database would fill in itself costs every row an expression of its own.
"""

from __future__ import annotations

from collections.abc import Collection as Many
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from sync.capture.claims import LEASE, Claim, locked
from sync.capture.envelopes import envelope_of
from sync.capture.judging import Judgement
from sync.capture.preparing import SETTLED, Plan, Row, pasts_of
from sync.capture.view import MailboxView
from sync.errors import Conflict
from sync.mail import FolderKind
from sync.models import Activity, Collection, Decision, Follow, Intent, Issue, Item, Sighting
from sync.providers.mailbox import ChangePage
from sync.rules.identity import identity_hash
from sync.rules.timing import files_at
from sync.services.versions import changed, decided
from sync.services.wake import wake_lane

EMAIL_KEY = "email"


def store(view: MailboxView, claim: Claim, plan: Plan, page: ChangePage, *, places: bool = True) -> bool:
    """Writes the page. False when the claim was lost: then another worker reads the same page.

    `places`: the collection is where its messages are; the list of marks is not.
    """
    with transaction.atomic():
        collection = locked(claim)
        if collection is None:
            return False
        write_rows(view, collection if places else None, plan)
        _advance(collection, page, len(plan.rows))
    return True


def write_rows(view: MailboxView, collection: Collection | None, plan: Plan) -> None:
    """The rows of a plan, within the caller's transaction. `collection` is None for messages read by their ids."""
    _lock_intents(plan)
    _place(view, collection, plan)
    _record(view, plan)
    _await(view, plan)
    _extend_follows(view, plan)


def _lock_intents(plan: Plan) -> None:
    """Intents before items, as whoever records a batch locks them: of the two that meet, one waits."""
    known = [row.item.pk for row in plan.rows if row.item is not None]
    activities = {activity.pk for activity in plan.activities.values()}
    activities |= set(Sighting.objects.filter(item__in=known).values_list("activity_id", flat=True))
    _locked_intents(activities)


def _locked_intents(activities: Many[UUID]) -> dict[UUID, str]:
    """The intents of emails, locked for the rest of the transaction, in the order in which everybody locks them.

    Gives the state of each, by its activity.
    """
    if not activities:
        return {}
    mine = Intent.objects.select_for_update().filter(activity__in=activities, kind=Intent.Kind.EMAIL)
    return dict(mine.order_by("pk").values_list("activity_id", "state"))


def _advance(collection: Collection, page: ChangePage, rows: int) -> None:
    now = timezone.now()
    collection.cursor = page.cursor
    collection.seen_count += rows
    collection.expected_count = (
        max(page.expected, collection.expected_count) if page.full else collection.expected_count
    )
    collection.lease_until = now + LEASE
    collection.attempts, collection.reason = 0, ""
    fields = ["cursor", "seen_count", "expected_count", "lease_until", "attempts", "reason"]
    if collection.full_read and (page.done or not page.full):
        _infer_gone(collection, now)
        collection.full_read = False
        fields.append("full_read")
    collection.save(update_fields=fields)


def _infer_gone(collection: Collection, now: datetime) -> None:
    """After a complete full read: what it did not show is no longer there. Never from a part of it."""
    window = collection.mailbox.window_from
    absent = Item.objects.filter(collection=collection, received_at__gte=window, missing_since__isnull=True)
    absent.filter(generation__lt=collection.generation, gone_at__isnull=True).update(missing_since=now)


def _place(view: MailboxView, collection: Collection | None, plan: Plan) -> None:
    """Where each message is now. New ones are made; of known ones only what has changed is written."""
    fresh: list[Item] = []
    kept: list[Any] = []
    for row in plan.rows:
        if row.item is None:
            if row.judgement is not None:
                row.item, row.fresh = _new_item(view, collection, row), True
                fresh.append(row.item)
            continue
        if row.change.removed:
            _missing(row.item, collection, plan.at)
        else:
            kept.append(row.item.pk)
            _marks(row)
    if fresh:
        Item.objects.bulk_create(sorted(fresh, key=lambda item: item.provider_id), ignore_conflicts=True)
        # Another worker may have made one of them meanwhile (a press in the pane does): that row is the one.
        _adopt(view, plan)
    if kept and collection is not None:
        there = Item.objects.filter(pk__in=kept)
        there.update(collection=collection, mailbox=view.mailbox, generation=collection.generation, missing_since=None)


def _new_item(view: MailboxView, collection: Collection | None, row: Row) -> Item:
    head = row.head
    return Item(
        organisation_id=view.actor.organisation.pk,
        created_at=timezone.now(),
        user_id=view.actor.user.pk,
        provider=view.mailbox.provider,
        provider_id=row.change.provider_id,
        conversation_id=head.conversation_id if head else "",
        mailbox_id=view.mailbox.pk,
        collection_id=collection.pk if collection else None,
        generation=collection.generation if collection else 0,
        received_at=head.received_at if head else None,
        identity_hash=identity_hash(head.internet_message_id) if head else "",
        in_scope=row.in_scope,
        marked=row.marked,
        cause=row.judgement.cause if row.judgement else "",
        envelope=envelope_of(head) if head and row.judgement and row.judgement.waits else "",
    )


def _adopt(view: MailboxView, plan: Plan) -> None:
    mine = {row.item.provider_id: row for row in plan.rows if row.item is not None and row.fresh}
    there = Item.objects.filter(user=view.actor.user, provider=view.mailbox.provider, provider_id__in=list(mine))
    ids = dict(there.values_list("provider_id", "pk"))
    theirs = [pk for provider_id, pk in ids.items() if (item := mine[provider_id].item) is None or item.pk != pk]
    for item in Item.objects.filter(pk__in=theirs).defer("envelope") if theirs else ():
        row = mine[item.provider_id]
        row.item, row.fresh = item, False


def _missing(item: Item, collection: Collection | None, now: datetime) -> None:
    """It left this folder. It may stand in another one, whose page says so before or after this one."""
    if collection is None or item.collection_id in {None, collection.pk}:
        Item.objects.filter(pk=item.pk, missing_since__isnull=True).update(missing_since=now)


def _marks(row: Row) -> None:
    item = row.item
    if item is not None and item.marked != row.marked:
        Item.objects.filter(pk=item.pk).update(marked=row.marked)


def _record(view: MailboxView, plan: Plan) -> None:
    """The decision of each message that was judged, and of those that lie in the trash or junk now."""
    for row in plan.rows:
        if row.judgement is None and row.item is not None:
            row.judgement = _thrown_away(row)
    judged = [row for row in plan.rows if row.judgement is not None and row.item is not None]
    _write_decisions(view, judged, plan.at)
    for row in judged:
        if row.judgement and row.judgement.outcome == Decision.Outcome.FAILED:
            _issue(view, row, row.judgement.rule)
    _tell(view, judged)


def _tell(view: MailboxView, rows: Sequence[Row]) -> None:
    """Nothing that a pane painted of these emails counts any more."""
    if view.salesforce_org is None:
        return
    decided(view.salesforce_org, (row.identity for row in rows))
    known = [row.item for row in rows if row.item is not None and not row.identity and not row.fresh]
    if known:
        for activity in Activity.objects.filter(sightings__item__in=known):
            changed(activity)


def _thrown_away(row: Row) -> Judgement | None:
    """A message that waits and was deleted, or found to be junk, before it was filed."""
    folder = row.head.folder if row.head else row.change.folder
    decision = getattr(row.item, "decision", None)
    if decision is None or decision.outcome != Decision.Outcome.WAITING:
        return None
    if folder is FolderKind.TRASH:
        return Judgement(Decision.Outcome.SKIPPED, "gone")
    if folder is FolderKind.JUNK:
        return Judgement(Decision.Outcome.SKIPPED, "folder-scope", inputs={"folder": "junk"})
    return None


def _write_decisions(view: MailboxView, rows: Sequence[Row], now: datetime) -> None:
    decisions = [
        Decision(
            organisation_id=view.actor.organisation.pk,
            created_at=now,
            item_id=row.item.pk,
            outcome=row.judgement.outcome,
            rule=row.judgement.rule,
            inputs=row.judgement.inputs,
            decided_at=now,
        )
        for row in rows
        if row.judgement is not None and row.item is not None
    ]
    standing = Decision.objects.filter(item__in=[row.item.pk for row in rows if row.item is not None and not row.fresh])
    last_words = standing.filter(Q(rule__in=SETTLED) | Q(outcome=Decision.Outcome.CAPTURED))
    settled = set(last_words.values_list("item_id", flat=True))
    for row in rows:
        # A person's word, or a press in the pane, came first.
        if row.item is not None and row.item.pk in settled and not (row.judgement and row.judgement.waits):
            row.judgement = None
    Decision.objects.bulk_create(
        [decision for decision in decisions if decision.item_id not in settled],
        update_conflicts=True,
        unique_fields=["item"],
        update_fields=["outcome", "rule", "inputs", "decided_at"],
    )


def _await(view: MailboxView, plan: Plan) -> None:
    """Activity, sighting and intent of what waits; the sighting alone of what is filed already."""
    rows = [
        row
        for row in plan.rows
        if row.judgement is not None
        and row.item is not None
        and row.judgement.outcome in {Decision.Outcome.WAITING, Decision.Outcome.CAPTURED}
        and row.identity
        and not row.problem
    ]
    if not rows or view.salesforce_org is None:
        return
    activities = _activities(view, rows)
    _sightings(view, rows, activities)
    waiting = [row for row in rows if row.judgement and row.judgement.waits]
    _intents(view, waiting, activities, plan.at)
    _tell_impostors(view, [row for row in rows if row.claimed], activities)


def _activities(view: MailboxView, rows: Sequence[Row]) -> dict[str, Activity]:
    fingerprints = {row.identity: row.fingerprint for row in rows}
    org, now = view.salesforce_org, timezone.now()
    activities = {
        identity: Activity(
            organisation_id=view.actor.organisation.pk,
            created_at=now,
            salesforce_org=org,
            identity=identity,
            fingerprint=fingerprints[identity],
        )
        for identity in sorted(fingerprints)
    }
    Activity.objects.bulk_create(activities.values(), ignore_conflicts=True)
    there = Activity.objects.filter(salesforce_org=org, identity__in=list(fingerprints))
    for pk, identity, fingerprint in there.values_list("pk", "identity", "fingerprint"):
        if fingerprint != fingerprints[identity]:
            # Another mailbox has just stored another message with that Message-ID: the page is judged anew.
            raise Conflict(code="SAME_MESSAGE_ID")
        # The one that stands may be from before, or another mailbox's.
        activities[identity].pk = pk
    return activities


def _tell_impostors(view: MailboxView, rows: Sequence[Row], activities: dict[str, Activity]) -> None:
    """An issue for each message that claims another's Message-ID; it names the activity of that one."""
    claimed = {row.claimed for row in rows}
    if not claimed:
        return
    held = dict(
        Activity.objects.filter(salesforce_org=view.salesforce_org, identity__in=claimed).values_list("identity", "pk")
    )
    for row in rows:
        _issue(view, row, Issue.Reason.SAME_MESSAGE_ID, activities[row.identity], str(held[row.claimed]))


def _sightings(view: MailboxView, rows: Sequence[Row], activities: dict[str, Activity]) -> None:
    organisation_id, now = view.actor.organisation.pk, timezone.now()
    Sighting.objects.bulk_create(
        [
            Sighting(
                organisation_id=organisation_id,
                created_at=now,
                item_id=row.item.pk,
                activity_id=activities[row.identity].pk,
            )
            for row in rows
            if row.item is not None
        ],
        update_conflicts=True,
        unique_fields=["item"],
        update_fields=["activity"],
    )


def _intents(view: MailboxView, rows: Sequence[Row], activities: dict[str, Activity], now: datetime) -> None:
    """One intent for each activity: whoever sees the email first is its author, and everybody's delay counts."""
    if not rows:
        return
    due = files_at(now, view.settings.delay)
    ids = {activities[row.identity].pk for row in rows}
    Intent.objects.bulk_create(
        [
            Intent(
                organisation_id=view.actor.organisation.pk,
                created_at=timezone.now(),
                activity_id=activity_id,
                user_id=view.actor.user.pk,
                kind=Intent.Kind.EMAIL,
                key=EMAIL_KEY,
                automatic=True,
                due_at=due,
            )
            for activity_id in sorted(ids)
        ],
        ignore_conflicts=True,
    )
    states = _locked_intents(ids)
    over = [pk for pk, state in states.items() if state not in {Intent.State.WAITING, Intent.State.CLAIMED}]
    mine = Intent.objects.filter(activity__in=over, kind=Intent.Kind.EMAIL)
    standing = {one.activity_id: one for one in mine}
    for row in rows:
        _keep_envelope(row)
        intent = standing.get(activities[row.identity].pk)
        if intent is not None and row.item is not None:
            _join(view, row.item, intent, due)
    if due <= timezone.now():
        wake_lane(view.actor.user.pk)


def _join(view: MailboxView, item: Item, intent: Intent, due: datetime) -> None:
    """What an email that waits has to do with an intent that neither waits nor is carried out; it is locked."""
    decision = Decision.objects.filter(item=item)
    match intent.state:
        case Intent.State.SKIPPED:
            # It was skipped for another mailbox, or before it was marked: it is due anew.
            intent.state, intent.automatic, intent.user = Intent.State.WAITING, True, view.actor.user
            intent.due_at, intent.reason, intent.words, intent.attempts = due, "", "", 0
            intent.save(update_fields=["state", "automatic", "user", "due_at", "reason", "words", "attempts"])
        case Intent.State.DONE:
            # It was filed while this page was read.
            decision.update(outcome=Decision.Outcome.CAPTURED, rule="duplicate")
            Item.forget_envelope([item.pk])
        case Intent.State.UNDONE:
            past = pasts_of([intent.activity])[intent.activity_id]
            rule = "deleted-in-salesforce" if past.deleted_in_salesforce else "undone"
            decision.update(outcome=Decision.Outcome.SKIPPED, rule=rule)
            Item.forget_envelope([item.pk])
        case Intent.State.PARKED:
            # It was set aside for a person: the issue that says so is theirs to solve, for every mailbox.
            decision.update(outcome=Decision.Outcome.FAILED, rule=intent.reason)


def _keep_envelope(row: Row) -> None:
    """A known message that waits again gets its envelope anew; a new one has it already."""
    if row.fresh or row.item is None or row.head is None or row.judgement is None:
        return
    row.item.envelope = envelope_of(row.head)
    row.item.cause = row.judgement.cause
    row.item.save(update_fields=["envelope", "cause"])


def _extend_follows(view: MailboxView, plan: Plan) -> None:
    """A followed conversation goes on for so many days after its last received message."""
    for row in plan.rows:
        if row.judgement is None or row.judgement.follow is None or row.head is None:
            continue
        until = (row.head.received_at or plan.at) + view.settings.follow_for
        Follow.objects.filter(pk=row.judgement.follow.pk, until__lt=until).update(until=until)


def _issue(view: MailboxView, row: Row, reason: str, activity: Activity | None = None, words: str = "") -> None:
    if row.item is None:
        return
    Issue.objects.get_or_create(
        organisation=view.actor.organisation,
        user=view.actor.user,
        mailbox=view.mailbox,
        activity=activity,
        item=row.item,
        reason=reason,
        settled_at=None,
        defaults={"words": words},
    )
