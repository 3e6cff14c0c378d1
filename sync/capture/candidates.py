"""④ The emails that are due to be filed by themselves, as a batch sees them.

A *lane* is what waits for one user: its emails are written as that user. A worker claims up to 200 of a lane, carries
them out, and goes to the end of the queue, so that every mailbox has its turn and a full one holds up nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts.models import Connection, System, User
from sync.capture.envelopes import open_envelope
from sync.capture.judging import Judgement, Past
from sync.capture.view import MailboxView, view_of
from sync.crm import CrmContext, EmailFiling
from sync.mail import Message
from sync.models import Decision, Intent, Item, Mailbox
from sync.rules.business import reference_text
from sync.rules.participants import Participant, participants
from sync.rules.people import Matches
from sync.rules.uniting import united
from sync.services import leases
from sync.services.leases import Lease

BATCH = 200
#: Items of mailboxes that are switched on and whose grant stands.
OPEN = Q(mailbox__state=Mailbox.State.ACTIVE, mailbox__connection__state=Connection.State.ACTIVE)


@dataclass(slots=True)
class Copy:
    """The email in one mailbox that would capture it."""

    item: Item
    view: MailboxView
    envelope: Message
    judgement: Judgement | None = None


@dataclass(slots=True)
class Candidate:
    """One email of a batch. `copies` are in the order in which their mailboxes saw it."""

    intent: Intent
    lease: Lease
    copies: list[Copy] = field(default_factory=list)
    everyone: tuple[Participant, ...] = ()
    past: Past = Past()  # noqa: RUF009 - frozen
    context: CrmContext | None = None
    matches: Matches | None = None
    message: Message | None = None
    filing: EmailFiling | None = None
    # Its record stands, and its author's Salesforce user does not see it.
    unseen: bool = False
    words: str | None = None

    @property
    def first(self) -> Copy:
        return self.copies[0]

    def said(self) -> str:
        """All text of the message, made of it once."""
        if self.words is None:
            self.words = reference_text(self.message) if self.message else ""
        return self.words


def lanes_due(limit: int = 500) -> list[UUID]:
    """Users of `whose_lanes_are_due`."""
    return [user_id for user_id, _ in whose_lanes_are_due(limit)]


def whose_lanes_are_due(limit: int = 500) -> list[tuple[UUID, UUID]]:
    """(user, organisation) with emails that are due, the longest waiting first; not where Salesforce has to be
    connected again.

    However many are due of one user, each of the others has their place.
    """
    pending = _waiting(Intent.objects.all())
    first = _waiting(Intent.objects.filter(user=OuterRef("pk"))).order_by("due_at").values("due_at")[:1]
    users = User.objects.filter(pk__in=pending.values("user_id"))
    users = users.filter(Exists(_due(Intent.objects.filter(user=OuterRef("pk")))))
    ordered = users.annotate(first=Subquery(first)).order_by("first", "pk")
    return list(ordered.values_list("pk", "organisation_id")[:limit])


def _waiting(intents: QuerySet[Intent]) -> QuerySet[Intent]:
    """Filings by themselves whose time has come, or whose worker is gone."""
    now = timezone.now()
    waiting = Q(state=Intent.State.WAITING, due_at__lte=now)
    abandoned = Q(state=Intent.State.CLAIMED, lease_until__lte=now)
    return intents.filter(waiting | abandoned, automatic=True, kind=Intent.Kind.EMAIL)


def _due(intents: QuerySet[Intent]) -> QuerySet[Intent]:
    """What is due and can go on: its user's Salesforce stands, and a mailbox that wants it can be read.

    Where no mailbox wants it any more it is due too: to be skipped.
    """
    connected = Connection.objects.filter(
        user=OuterRef("user"),
        system=System.SALESFORCE,
        state=Connection.State.ACTIVE,
        salesforce_org=OuterRef("activity__salesforce_org"),
    )
    wanted = Item.objects.filter(sighting__activity=OuterRef("activity"), decision__outcome=Decision.Outcome.WAITING)
    return _waiting(intents).filter(Exists(connected)).filter(Exists(wanted.filter(OPEN)) | ~Exists(wanted))


def claim_lane(user: User, most: int = BATCH) -> list[Candidate]:
    """Up to `most` of the user's emails that are due, claimed for this worker. Longest due first."""
    now, organisation = timezone.now(), user.organisation
    if organisation is None:
        return []
    with transaction.atomic():
        rows = _due(Intent.objects.filter(user=user)).select_for_update(of=("self",), skip_locked=True)
        ids = list(rows.order_by("due_at").values_list("pk", flat=True)[:most])
        if not ids:
            return []
        Intent.objects.filter(pk__in=ids).update(
            state=Intent.State.CLAIMED,
            lease_until=now + leases.LEASE,
            due_at=now + leases.LEASE,
            woken_until=None,
            lease_token=F("lease_token") + 1,
            attempts=F("attempts") + 1,
        )
    claimed = list(Intent.objects.filter(pk__in=ids).select_related("activity").order_by("created_at"))
    for intent in claimed:
        intent.user, intent.organisation = user, organisation
    return [Candidate(one, Lease(one.pk, one.lease_token, one.activity)) for one in claimed]


def load_copies(candidates: Sequence[Candidate], views: dict[UUID | None, MailboxView]) -> None:
    """What each mailbox knows of each email, and who takes part in it for all of them together.

    `views` are the mailboxes that the batch has met so far; those that it meets here join them.
    """
    by_activity = {one.intent.activity_id: one for one in candidates}
    items = (
        Item.objects.filter(OPEN, sighting__activity__in=list(by_activity), decision__outcome=Decision.Outcome.WAITING)
        .annotate(activity_id=F("sighting__activity_id"))
        .order_by("created_at", "pk")
    )
    found = list(items)
    unmet = Mailbox.objects.filter(pk__in={item.mailbox_id for item in found if item.mailbox_id not in views})
    for mailbox in unmet.select_related("user__organisation", "connection"):
        views[mailbox.pk] = view_of(mailbox)
    for item in found:
        view = views[item.mailbox_id]
        item.mailbox = view.mailbox
        by_activity[item.activity_id].copies.append(Copy(item, view, open_envelope(item)))
    for candidate in candidates:
        unite(candidate)


def unite(candidate: Candidate) -> None:
    """Everybody of the email, as those mailboxes know it that still capture it."""
    candidate.everyone = united(participants(copy.envelope, copy.view.party) for copy in candidate.copies)
