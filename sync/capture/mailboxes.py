"""Switching a mailbox on, pausing it, hurrying it, reading it again, switching it off.

connect (mailbox and Salesforce) ──► active ──► pause ◄──► resume
                                       │ └─ hurry: everything is due now
                                       │ └─ read again from a day: what was not filed is judged anew
                                       └──► ended, when it is disconnected: its cursors are forgotten, not its past
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time

from django.db import transaction
from django.utils import timezone

from accounts.models import Connection, System, User
from accounts.preferences import effective
from accounts.trail import root_of
from permissions.audit.recording import PRODUCT, record
from sync.capture.foldering import settle_scope
from sync.capture.scheduling import hurry
from sync.capture.view import view_of
from sync.capture.watching import stop_watch
from sync.models import Collection, Decision, Intent, Issue, Item, Mailbox, Watch
from sync.rules.timing import window_start
from sync.services.clients import PROVIDERS
from sync.services.versions import changed
from sync.services.wake import wake_collection

AGAIN_RULES = frozenset({"veto", "undone", "deleted-in-salesforce"})


def open_mailboxes(user: User) -> list[Mailbox]:
    """Switches on every mailbox of the user that can be: connected, with Salesforce connected too. Safe to repeat."""
    mine = Connection.objects.filter(user=user, state=Connection.State.ACTIVE).select_related("organisation", "user")
    connections = {connection.system: connection for connection in mine}
    salesforce = connections.get(System.SALESFORCE)
    if salesforce is None or salesforce.salesforce_org_id is None:
        return []
    opened = [_open(connections[system]) for system in PROVIDERS if system in connections]
    _settle(user, connections)
    return opened


@transaction.atomic
def _open(connection: Connection) -> Mailbox:
    now = timezone.now()
    provider = PROVIDERS[System(connection.system)]
    mailbox, made = Mailbox.objects.select_for_update().get_or_create(
        user=connection.user,
        provider=provider,
        defaults={
            "organisation": connection.organisation,
            "connection": connection,
            "window_from": window_of(connection.user, now),
        },
    )
    mailbox.connection = connection
    mailbox.address_hash = address_key(connection.external_username)
    ended = mailbox.state == Mailbox.State.ENDED
    if ended:
        mailbox.state, mailbox.reason = Mailbox.State.ACTIVE, ""
    mailbox.save(update_fields=["connection", "address_hash", "state", "reason"])
    for kind in _kinds(provider):
        collection, fresh = Collection.objects.get_or_create(
            mailbox=mailbox,
            kind=kind,
            remote_id="",
            defaults={
                "organisation": connection.organisation,
                "in_scope": kind == Collection.Kind.MAIL,
                "due_at": now,
            },
        )
        if fresh:
            wake_collection(collection.pk)
    Watch.objects.get_or_create(mailbox=mailbox, defaults={"organisation": connection.organisation, "due_at": now})
    if not made:
        hurry(mailbox)
        Watch.objects.filter(mailbox=mailbox).update(due_at=now)
    if made or ended:
        _tell(mailbox, "opened", "connected")
    return mailbox


def _tell(mailbox: Mailbox, step: str, cause: str) -> None:
    """Of what follows from connecting and disconnecting; what a person does, `sync.capture.steering` tells."""
    detail = {"step": step, "cause": cause, "user": mailbox.user_id}
    root = root_of(mailbox.user)
    record("collection.steered", root=root, by=PRODUCT, on=("mailbox", mailbox.pk), detail=detail)


def _kinds(provider: str) -> tuple[Collection.Kind, ...]:
    """Microsoft's mail is read folder by folder, once the folders are known; Gmail's as a whole."""
    mail = (Collection.Kind.MAIL,) if provider == "gmail" else (Collection.Kind.FOLDERS,)
    return (*mail, Collection.Kind.MARKS)


def _settle(user: User, connections: dict[str, Connection]) -> None:
    """Notices that a connection had ended are solved once it stands again, and what waited for it goes on."""
    now = timezone.now()
    standing = [PROVIDERS[System(system)] for system in connections if system in PROVIDERS]
    notices = Issue.objects.filter(user=user, reason=Issue.Reason.NEEDS_RECONNECT, settled_at__isnull=True)
    solved = notices.filter(mailbox__isnull=True) | notices.filter(mailbox__provider__in=standing)
    solved.update(settled_at=now, settled_how=Issue.Settled.SOLVED)
    parked = Intent.objects.filter(user=user, state=Intent.State.PARKED, reason="needs-reconnect")
    parked.update(state=Intent.State.WAITING, due_at=now, reason="", words="", attempts=0)


def window_of(user: User, connected_at: datetime) -> datetime:
    """From when on mail is filed by itself: six days before connecting, or the chosen day.

    The day begins in the zone that is switched on: the user's, where they choose it.
    """
    chosen = effective(user).day("backfill_from")
    return window_start(connected_at, backfill=chosen, zone=timezone.get_current_timezone())


def address_key(address: str) -> str:
    """What a push's address is compared with. Empty for none."""
    return hashlib.sha256(address.strip().lower().encode()).hexdigest() if address.strip() else ""


def pause(mailbox: Mailbox, *, reason: str = "person") -> bool:
    """Nothing of it is read or filed until it is resumed. Cursors and what waits are kept."""
    active = Mailbox.objects.filter(pk=mailbox.pk, state=Mailbox.State.ACTIVE)
    return bool(active.update(state=Mailbox.State.PAUSED, reason=reason))


def resume(mailbox: Mailbox) -> bool:
    paused = Mailbox.objects.filter(pk=mailbox.pk, state=Mailbox.State.PAUSED)
    if not paused.update(state=Mailbox.State.ACTIVE, reason=""):
        return False
    hurry(mailbox)
    return True


@transaction.atomic
def read_again(mailbox: Mailbox, since: date) -> int:
    """Reads everything received since a day (in the zone that is switched on) anew, and judges what was not filed.

    What is filed stays as it is; what a person stopped or took back stays so. Gives how many are judged anew.
    """
    moment = datetime.combine(since, time.min, tzinfo=timezone.get_current_timezone())
    again = Item.objects.filter(mailbox=mailbox, received_at__gte=moment).filter(
        decision__outcome__in=[Decision.Outcome.SKIPPED, Decision.Outcome.FAILED]
    )
    again = again.exclude(decision__rule__in=AGAIN_RULES)
    count = again.count()
    again.delete()
    Mailbox.objects.filter(pk=mailbox.pk).update(window_from=moment, initial_done_at=None)
    mail = Collection.objects.filter(mailbox=mailbox, kind=Collection.Kind.MAIL, due_at__isnull=False)
    mail.update(cursor="", full_read=True, due_at=timezone.now(), woken_until=None, last_success_at=None, attempts=0)
    for collection in mail:
        wake_collection(collection.pk)
    return count


@transaction.atomic
def begin_anew(mailbox: Mailbox) -> None:
    """Forgets how far each of its lists was read, and reads them all in full. What is filed or decided stays so."""
    Mailbox.objects.filter(pk=mailbox.pk).update(initial_done_at=None)
    lists = Collection.objects.filter(mailbox=mailbox, due_at__isnull=False)
    now = timezone.now()
    lists.update(cursor="", full_read=True, due_at=now, woken_until=None, last_success_at=None, attempts=0, reason="")
    Watch.objects.filter(mailbox=mailbox).update(due_at=now)
    for collection in lists:
        wake_collection(collection.pk)


def choose_folders(mailbox: Mailbox) -> None:
    """After the choice of folders changed: what is filed from, anew."""
    settle_scope(mailbox, view_of(mailbox).settings.chosen_folders)


def settle_window(mailbox: Mailbox) -> None:
    """After the chosen day changed: what an earlier one reaches is read, a later one counts from here on."""
    window = window_of(mailbox.user, mailbox.connection.connected_at or mailbox.created_at)
    if window < mailbox.window_from:
        read_again(mailbox, timezone.localdate(window))
    elif window > mailbox.window_from:
        Mailbox.objects.filter(pk=mailbox.pk).update(window_from=window)


def end(mailbox: Mailbox) -> None:
    """Disconnected: the push is ended, nothing is read any more, and what waited is not filed."""
    stop_watch(mailbox)
    with transaction.atomic():
        Mailbox.objects.filter(pk=mailbox.pk).update(state=Mailbox.State.ENDED, reason="disconnected")
        Collection.objects.filter(mailbox=mailbox).delete()
        _tell(mailbox, "ended", "disconnected")


def veto(item: Item) -> bool:
    """A person stops an email within its delay. False where it is filed already, or was not going to be."""
    with transaction.atomic():
        waiting = Decision.objects.filter(item=item, outcome=Decision.Outcome.WAITING)
        if not waiting.update(outcome=Decision.Outcome.SKIPPED, rule="veto", decided_at=timezone.now()):
            return False
        Item.objects.filter(pk=item.pk).update(vetoed_at=timezone.now())
        Item.forget_envelope([item.pk])
        sighting = getattr(item, "sighting", None)
        if sighting is not None:
            changed(sighting.activity)
    return True
