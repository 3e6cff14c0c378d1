"""⑨ What became of the emails of a batch, in one transaction: links, decisions, intents, intents of files.

    captured    the first copy by its cause, the others as `duplicate`
    skipped     by its rule; once nobody captures it any more, its intent is skipped too
    refused     set aside with Salesforce's words, as an issue; the rest of the batch goes on

Whatever is decided, the sealed addresses are forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from permissions.audit.recording import gathered
from sync.capture.candidates import Candidate, Copy
from sync.crm import FiledRecords
from sync.errors import ProviderError
from sync.models import Decision, Intent, Issue, Item
from sync.services import leases, outcomes
from sync.services.leases import Lease
from sync.services.links import Standing, record_links, settle_waiting


@dataclass(frozen=True, slots=True)
class Word:
    """What is to be said of an item."""

    item: Item
    outcome: Decision.Outcome
    rule: str
    inputs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filed:
    """An email that stands in Salesforce. `found`: it stood there before."""

    candidate: Candidate
    records: FiledRecords
    found: bool


def decide_copies(copies: Sequence[Copy], skipped: Sequence[tuple[Candidate, str]]) -> None:
    """The decisions of copies that do not capture their email, in a transaction of their own: nothing was written yet.

    `skipped` are those that nobody captures any more, each with its rule.
    """
    judged = [(copy, copy.judgement) for copy in copies if copy.judgement is not None]
    with transaction.atomic():
        _decide([Word(copy.item, one.outcome, one.rule, one.inputs) for copy, one in judged])
        for copy, judgement in judged:
            if judgement.issue:
                _tell(copy, Issue.Reason.UNKNOWN_PEOPLE)
            elif judgement.outcome == Decision.Outcome.FAILED:
                # Only the whole message shows that it cannot be read.
                _tell(copy, Issue.Reason(judgement.rule))
        _skip(skipped)


def _tell(copy: Copy, reason: Issue.Reason) -> None:
    Issue.objects.get_or_create(
        organisation=copy.view.actor.organisation,
        user=copy.view.actor.user,
        mailbox=copy.view.mailbox,
        activity=None,
        item=copy.item,
        reason=reason,
        settled_at=None,
        defaults={"words": ""},
    )


def _skip(skipped: Sequence[tuple[Candidate, str]]) -> None:
    by_rule: dict[str, list[Lease]] = {}
    for candidate, rule in skipped:
        by_rule.setdefault(rule, []).append(candidate.lease)
    for rule, some in by_rule.items():
        leases.finish_all(some, Intent.State.SKIPPED, reason=rule)
    # A mailbox that showed it in this very moment waited for the rows above: it wants it still.
    by_activity = {candidate.intent.activity_id: candidate.intent.pk for candidate, _ in skipped}
    waiting = Decision.objects.filter(outcome=Decision.Outcome.WAITING, item__sighting__activity__in=list(by_activity))
    wanted = set(waiting.values_list("item__sighting__activity", flat=True))
    if wanted:
        reopened = Intent.objects.filter(pk__in=[by_activity[one] for one in wanted], state=Intent.State.SKIPPED)
        reopened.update(state=Intent.State.WAITING, due_at=timezone.now(), reason="", finished_at=None, attempts=0)


def skip(candidate: Candidate, rule: str) -> None:
    """Nobody captures it any more."""
    with transaction.atomic():
        _skip([(candidate, rule)])


def hand_on(candidate: Candidate) -> None:
    """Another user's mailbox saw it first of those that still capture it: it is theirs to write."""
    user = candidate.first.view.actor.user
    Intent.objects.filter(pk=candidate.intent.pk, lease_token=candidate.lease.token).update(user=user)
    leases.release(candidate.lease, due_in=timedelta(0), reason="", burn_attempt=False)


def again(candidate: Candidate) -> None:
    """Due anew at once: what was known of it changed while it was looked at."""
    leases.release(candidate.lease, due_in=timedelta(0), reason="", burn_attempt=False)


def postpone(candidate: Candidate, error: ProviderError) -> None:
    """One email could not be carried out: what follows, its error says (`sync.services.outcomes`)."""
    outcomes.handle(candidate.intent, candidate.lease, error)
    if candidate.intent.state == Intent.State.PARKED:
        inputs = {"words": candidate.intent.words[:500]}
        _decide_all(candidate, Decision.Outcome.FAILED, candidate.intent.reason, inputs)


def set_aside(candidate: Candidate) -> None:
    """It breaks what reads it: a person is told, and the rest of the batch goes on."""
    intent = candidate.intent
    if not leases.finish(candidate.lease, Intent.State.PARKED, reason="malformed"):
        return
    outcomes.raise_issue(intent, Issue.Reason.MALFORMED, "")
    _decide_all(candidate, Decision.Outcome.FAILED, "malformed", {})


def record(filed: Sequence[Filed]) -> None:
    """⑨ for the emails of one user that stand in Salesforce. Nothing is recorded of those whose lease was lost."""
    try:
        _record(filed)
    except (IntegrityError, DataError):
        # One that the database does not take must not cost the others.
        if len(filed) == 1:
            raise
        for one in filed:
            record([one])


@gathered()
def _record(filed: Sequence[Filed]) -> None:
    if not filed:
        return
    actor = filed[0].candidate.first.view.actor
    kept = {one.intent.pk for one in record_links(actor, [_standing(one) for one in filed])}
    mine = [one for one in filed if one.candidate.intent.pk in kept]
    Intent.objects.bulk_update([one.candidate.intent for one in mine], ["choice"])
    _decide([word for one in mine for word in _words(one)])
    # A mailbox that is paused, or has to be connected again, wanted it too.
    settle_waiting(*(one.candidate.intent.activity for one in mine))


def _standing(one: Filed) -> Standing:
    candidate = one.candidate
    existing = candidate.context.filed if one.found and candidate.context else None
    return Standing(candidate.intent, candidate.lease, one.records, existing, candidate.unseen)


def _words(one: Filed) -> list[Word]:
    words = []
    for number, copy in enumerate(one.candidate.copies):
        judgement = copy.judgement
        rule = "duplicate" if one.found or number or judgement is None else judgement.rule
        inputs = {**(judgement.inputs if judgement else {}), "record": one.candidate.intent.choice.get("rule", "")}
        words.append(Word(copy.item, Decision.Outcome.CAPTURED, rule, inputs))
    return words


def decide_gone(candidate: Candidate) -> None:
    """Its message was deleted before it was written: that mailbox captures nothing."""
    with transaction.atomic():
        item = candidate.first.item
        _decide([Word(item, Decision.Outcome.SKIPPED, "gone", {})])
        Item.objects.filter(pk=item.pk).update(gone_at=timezone.now())


def settle_filed(candidate: Candidate) -> None:
    """It was filed meanwhile by somebody's press: every copy is linked to that record."""
    with transaction.atomic():
        _decide_all(candidate, Decision.Outcome.CAPTURED, "duplicate", {})
        leases.finish(candidate.lease, Intent.State.DONE)


def _decide_all(candidate: Candidate, outcome: Decision.Outcome, rule: str, inputs: dict[str, Any]) -> None:
    """The same word on every copy."""
    _decide([Word(copy.item, outcome, rule, inputs) for copy in candidate.copies])


@transaction.atomic
def _decide(words: Sequence[Word]) -> None:
    """The latest word on each item, unless a person's came first. What failed may be tried again: its addresses stay.

    Items are locked before decisions, as a page does, and both in one order. What is the same of many is written once.
    """
    by_item = {word.item.pk: word for word in words}
    list(Item.objects.select_for_update().filter(pk__in=list(by_item)).order_by("pk").values_list("pk"))
    waiting = Decision.objects.select_for_update().filter(item__in=list(by_item), outcome=Decision.Outcome.WAITING)
    alike: dict[tuple[str, str, str], list[Word]] = {}
    for pk in waiting.order_by("item").values_list("item_id", flat=True):
        word = by_item[pk]
        alike.setdefault((word.outcome, word.rule, json.dumps(word.inputs, sort_keys=True)), []).append(word)
    now = timezone.now()
    for some in alike.values():
        one = some[0]
        mine = Decision.objects.filter(item__in=[word.item.pk for word in some])
        mine.update(outcome=one.outcome, rule=one.rule, inputs=one.inputs, decided_at=now)
    decided = [word for some in alike.values() for word in some]
    Item.forget_envelope([word.item.pk for word in decided if word.outcome != Decision.Outcome.FAILED])
