"""Why each message was captured or not: the decisions of a user's mailbox, newest first, each as one sentence.

What a message says (its subject, its sender) is read from the mailbox, as its user, for the lines that are shown, in
one or two calls; nothing of it is kept. Words are searched for by the mailbox itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.errors import ConnectionTrouble
from permissions import policy
from sync.errors import ProviderError
from sync.mail import Message
from sync.models import Decision, Intent, Item, Mailbox
from sync.rules.identity import stored_identifier
from sync.rules.sentences import decision_sentence
from sync.services.clients import mailbox_client

log = structlog.get_logger(__name__)

LINES = 25


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One item. `subject` and `sender` are empty where the mailbox did not say. `filing_id`: what it is filed as."""

    item_id: UUID
    outcome: str
    rule: str
    sentence: str
    decided_at: datetime
    received_at: datetime | None
    files_at: datetime | None
    subject: str = ""
    sender: str = ""
    filing_id: str = ""


@dataclass(frozen=True, slots=True)
class TracePage:
    """`told` is False where the mailbox did not answer: the lines say less then."""

    lines: tuple[TraceLine, ...]
    page: int
    has_more: bool
    told: bool = True


def trace(
    actor: Actor,
    mailbox: Mailbox,
    *,
    outcome: str = "",
    rule: str = "",
    words: str = "",
    page: int = 1,
) -> TracePage:
    """A page of decisions. `words` are looked for by the mailbox; a Message-ID in angle brackets names one message.

    Raises policy.Denied; ConnectionTrouble and sync.errors.* only where words have to be looked for.
    """
    require_own(actor, "mailbox.sync")
    found = policy.scope(actor.principal_id, "mailbox.sync", Decision.objects.filter(item__mailbox=mailbox))
    if outcome in Decision.Outcome.values:
        found = found.filter(outcome=outcome)
    if rule:
        found = found.filter(rule=rule)
    if words.strip():
        found = _with_words(mailbox, found, words.strip())
    start = (max(page, 1) - 1) * LINES
    rows = list(
        found.select_related("item", "item__sighting__activity")
        .defer("item__envelope")
        .order_by("-item__received_at", "-decided_at", "pk")[start : start + LINES + 1]
    )
    shown = [row.item for row in rows[:LINES]]
    heads = heads_of(mailbox, shown)
    due = due_times(shown)
    told = words_of(shown)
    lines = tuple(_line(row, (heads or {}).get(row.item.provider_id), due, told) for row in rows[:LINES])
    return TracePage(lines, max(page, 1), len(rows) > LINES, told=heads is not None)


def _with_words(mailbox: Mailbox, found: QuerySet[Decision], words: str) -> QuerySet[Decision]:
    if words.startswith("<") and words.endswith(">"):
        return found.filter(item__sighting__activity__identity=stored_identifier(words))
    return found.filter(item__provider_id__in=mailbox_client(mailbox).search(words))


def heads_of(mailbox: Mailbox, items: Sequence[Item]) -> Mapping[str, Message | ProviderError] | None:
    """What the mailbox says of items; None where it does not answer."""
    if not items:
        return {}
    try:
        return mailbox_client(mailbox).heads([item.provider_id for item in items])
    except (ConnectionTrouble, ProviderError) as error:
        log.info("trace.not_told", mailbox=str(mailbox.pk), error=type(error).__name__)
        return None


def due_times(items: Sequence[Item]) -> dict[UUID, datetime]:
    """When each waiting item is filed, by item id. One query."""
    waiting = Intent.objects.filter(
        activity__sightings__item__in=items, kind=Intent.Kind.EMAIL, state=Intent.State.WAITING
    )
    return dict(waiting.values_list("activity__sightings__item_id", "due_at"))


def words_of(items: Sequence[Item]) -> dict[UUID, str]:
    """The provider's own words on what was set aside, by item id. One query."""
    parked = Intent.objects.filter(
        activity__sightings__item__in=items, kind=Intent.Kind.EMAIL, state=Intent.State.PARKED
    )
    return dict(parked.values_list("activity__sightings__item_id", "words"))


def _line(
    decision: Decision,
    head: Message | ProviderError | None,
    due: Mapping[UUID, datetime],
    words: Mapping[UUID, str],
) -> TraceLine:
    item = decision.item
    sighting = getattr(item, "sighting", None)
    files_at = due.get(item.pk) if decision.outcome == Decision.Outcome.WAITING else None
    inputs = {
        **decision.inputs,
        "due_at": files_at.isoformat() if files_at else "",
        "words": words.get(item.pk, ""),
    }
    known = head if isinstance(head, Message) else None
    sender = known.from_ if known else None
    return TraceLine(
        item_id=item.pk,
        outcome=decision.outcome,
        rule=decision.rule,
        sentence=decision_sentence(decision.outcome, decision.rule, inputs),
        decided_at=decision.decided_at,
        received_at=item.received_at,
        files_at=files_at,
        subject=known.subject if known else "",
        sender=(sender.name or sender.address) if sender else "",
        filing_id=str(sighting.activity_id) if sighting else "",
    )
