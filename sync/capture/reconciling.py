"""What no page and no hint tells, looked for from time to time.

settle_missing    what left its folder ten minutes ago and turned up in no other: the mailbox is asked by its id
open_connected    mailboxes whose connections have come to stand
find_deleted      emails that were filed and deleted in Salesforce: they stay deleted
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actor import Actor
from accounts.authentication import require_acting
from accounts.errors import ConnectionTrouble
from accounts.models import Connection, SalesforceOrg, System, User
from permissions import policy
from permissions.audit.recording import PRODUCT, record
from sync.capture.mailboxes import end, open_mailboxes
from sync.capture.preparing import UNSEEN
from sync.errors import Gone, ProviderError
from sync.mail import Message
from sync.models import Decision, Intent, Issue, Item, Link, Mailbox, Tombstone
from sync.providers.salesforce.upkeep import read_deleted
from sync.services import governor
from sync.services.clients import mailbox_client
from sync.services.org_wide import integration_client
from sync.services.versions import changed

log = structlog.get_logger(__name__)

#: A message that is moved leaves one folder before it shows up in the other.
HELD = timedelta(minutes=10)
MOST = 1_000
OVERLAP = timedelta(minutes=10)
FIRST_LOOK = timedelta(days=1)


def settle_missing() -> int:
    """Items that are gone for good. What still waits is asked for by its id first; the rest needs no call."""
    before = timezone.now() - HELD
    missing = Item.objects.filter(missing_since__lte=before, gone_at__isnull=True)
    rows = list(
        missing.select_related("decision", "mailbox__user__organisation", "mailbox__user__resource")
        .defer("envelope")
        .order_by("missing_since")[:MOST]
    )
    waiting = [row for row in rows if _waits(row)]
    settled = [row.pk for row in rows if not _waits(row)]
    by_mailbox: dict[UUID | None, list[Item]] = {}
    for row in waiting:
        by_mailbox.setdefault(row.mailbox_id, []).append(row)
    for items in by_mailbox.values():
        settled += _ask(items)
    Item.objects.filter(pk__in=settled).update(gone_at=timezone.now(), missing_since=None)
    return len(settled)


def _waits(item: Item) -> bool:
    decision = getattr(item, "decision", None)
    return item.mailbox is not None and decision is not None and decision.outcome == Decision.Outcome.WAITING


def _ask(items: list[Item]) -> list[UUID]:
    """Ids of those that are gone; the others are where they were moved to."""
    mailbox = items[0].mailbox
    if mailbox is None or mailbox.state != Mailbox.State.ACTIVE:
        return []
    try:
        require_acting(Actor.of(mailbox.user), "mailbox.sync")
        found = mailbox_client(mailbox).heads([item.provider_id for item in items])
    except (ConnectionTrouble, ProviderError, policy.Denied) as error:
        log.info("capture.missing_not_asked", mailbox=str(mailbox.pk), error=type(error).__name__)
        return []
    gone = []
    for item in items:
        answer = found.get(item.provider_id)
        if isinstance(answer, Message) and answer.folder not in UNSEEN:
            Item.objects.filter(pk=item.pk).update(missing_since=None)
        elif isinstance(answer, Message | Gone):
            Decision.objects.filter(item=item, outcome=Decision.Outcome.WAITING).update(
                outcome=Decision.Outcome.SKIPPED, rule="gone", decided_at=timezone.now()
            )
            gone.append(item.pk)
    return gone


def open_connected() -> int:
    """Mailboxes that were connected, or connected again: they are switched on, and what waited goes on."""
    ready = User.objects.filter(
        is_active=True, connections__system=System.SALESFORCE, connections__state=Connection.State.ACTIVE
    )
    mailboxes = Connection.objects.filter(
        Q(mailbox__isnull=True) | Q(mailbox__state=Mailbox.State.ENDED),
        system__in=[System.MICROSOFT, System.GOOGLE],
        state=Connection.State.ACTIVE,
    )
    notices = Issue.objects.filter(reason=Issue.Reason.NEEDS_RECONNECT, settled_at__isnull=True)
    again = notices.filter(user__connections__state=Connection.State.ACTIVE).exclude(
        user__connections__state=Connection.State.NEEDS_RECONNECT
    )
    users = ready.filter(Q(pk__in=mailboxes.values("user")) | Q(pk__in=again.values("user")))
    users = users.select_related("organisation", "resource").distinct()
    return sum(len(open_mailboxes(user)) for user in users[:MOST])


def end_disconnected() -> int:
    """Mailboxes that were disconnected meanwhile."""
    gone = Mailbox.objects.filter(connection__state=Connection.State.DISCONNECTED).exclude(state=Mailbox.State.ENDED)
    mailboxes = list(gone[:MOST])
    for mailbox in mailboxes:
        end(mailbox)
    return len(mailboxes)


def find_deleted() -> int:
    """Asks each org once what was deleted there, as its integration user; nothing where there is none."""
    count = 0
    for org in SalesforceOrg.objects.filter(activities__links__part=Link.Part.EMAIL).distinct():
        try:
            count += _deleted_of(org)
        except (ConnectionTrouble, ProviderError) as error:
            log.info("capture.deleted_not_asked", org=str(org.pk), error=type(error).__name__)
    return count


def _deleted_of(org: SalesforceOrg) -> int:
    client = integration_client(org)
    if client is None:
        return 0
    now = timezone.now()
    with governor.background():
        ids: set[str] = set()
        for object_name in ("EmailMessage", "Task"):
            if Link.objects.filter(activity__salesforce_org=org, part="email", object_name=object_name).exists():
                found, _ = read_deleted(client, object_name, now - FIRST_LOOK, now)
                ids |= set(found)
    mine = Link.objects.filter(activity__salesforce_org=org, part=Link.Part.EMAIL, record_id__in=ids)
    links = list(mine.select_related("activity"))
    for link in links:
        _bury(link)
    return len(links)


@transaction.atomic
def _bury(link: Link) -> None:
    """Its record is gone: the filing is over, and stays so until somebody presses again."""
    intent = Intent.objects.select_for_update().filter(activity=link.activity, kind=Intent.Kind.EMAIL).first()
    if not Link.objects.filter(pk=link.pk).exists():
        return
    Tombstone.objects.create(
        organisation_id=link.organisation_id,
        activity=link.activity,
        side=Tombstone.Side.SALESFORCE,
        record_id=link.record_id,
    )
    Link.objects.filter(activity=link.activity).delete()
    if intent is not None and intent.state == Intent.State.DONE:
        Intent.objects.filter(pk=intent.pk).update(state=Intent.State.UNDONE, finished_at=timezone.now())
    changed(link.activity)
    detail = {"record": link.record_id, "reason": "deleted-in-salesforce"}
    root = link.organisation.resource_id
    record("filing.undone", root=root, by=PRODUCT, on=("email", link.activity_id), detail=detail)
