"""①–③ Reading a collection: page by page from its cursor, until it is current.

    folders   the list of folders ──► a collection for each folder that is watched
    mail      the messages of a folder, or of the whole mailbox ──► `preparing`, `storing`
    marks     the messages that carry the mark, wherever they are and however old

Every page is stored with its cursor in one transaction, so a reader that dies loses one page at most. A cursor that the
provider no longer knows begins a full read of the next generation; what an unfinished full read did not show counts for
nothing.
"""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import F
from django.utils import timezone

from accounts.authentication import require_acting
from accounts.errors import NotConnected
from accounts.models import Connection
from permissions import policy
from sync.capture import claims
from sync.capture.claims import Claim, claim
from sync.capture.foldering import store_folders
from sync.capture.preparing import prepare
from sync.capture.storing import store
from sync.capture.view import MailboxView, view_of
from sync.errors import NeedsReconnect, ProviderError, Unavailable
from sync.models import Collection, Issue, Item, Mailbox
from sync.providers.mailbox import Change, ChangePage
from sync.services.clients import OpenMailbox, mailbox_client
from sync.services.outcomes import consequence, notify_reconnect
from sync.services.wake import wake_collection

log = structlog.get_logger(__name__)

#: Then the collection goes to the end of the queue, so that a large mailbox does not hold up the others.
TURN_SECONDS = 20.0
LONGEST_POLL = timedelta(minutes=60)
SETTLE_ROUNDS = 4


def read_collection(collection_id: UUID) -> None:
    """Reads a collection that is due, if nobody else does; for some seconds, then others have their turn."""
    held = claim(collection_id)
    if held is None:
        return
    collection = Collection.objects.select_related(
        "mailbox__user__organisation", "mailbox__user__resource", "mailbox__connection"
    ).get(pk=collection_id)
    try:
        _read(collection, held)
    except policy.Denied:
        # Nothing is read in the name of somebody who lost the right. Whoever is given it again is read an hour later.
        claims.release(held, due_at=timezone.now() + LONGEST_POLL, reason="forbidden")
    except NotConnected as error:
        _follow(collection, held, NeedsReconnect(system=error.system))
    except ProviderError as error:
        _follow(collection, held, error)
    except Exception:
        # What nobody has thought of must not be tried again at once, and again.
        _follow(collection, held, Unavailable(code="INTERNAL"))
        raise


def _read(collection: Collection, held: Claim) -> None:
    view = view_of(collection.mailbox)
    client = mailbox_client(view.mailbox)
    began, news = time.monotonic(), False
    while True:
        require_acting(view.actor, "mailbox.sync")
        done, some = _READ[Collection.Kind(collection.kind)](view, collection, client, held)
        news = news or some
        if done is None:
            return  # the claim was lost, and whoever has it now goes on
        if done:
            _rest(view, collection, held, news)
            return
        if time.monotonic() - began > TURN_SECONDS:
            claims.release(held, due_at=timezone.now())
            wake_collection(collection.pk)
            return
        collection.refresh_from_db(fields=["cursor", "full_read", "generation"])


def _read_mail(view: MailboxView, collection: Collection, client: OpenMailbox, held: Claim) -> tuple[bool | None, bool]:
    """One page. (whether it was the last, None where the claim is lost; whether it brought anything)."""
    if not collection.cursor:
        collection.cursor = client.begin(collection.remote_id, since=view.window_from)
        Collection.objects.filter(pk=collection.pk).update(
            full_read=True, generation=F("generation") + 1, seen_count=0, expected_count=0
        )
        collection.refresh_from_db(fields=["full_read", "generation"])
    page = client.changes(collection.remote_id, collection.cursor, lambda ids: _known(view, ids))
    plan = prepare(view, client, page.changes)
    stored = store(view, held, plan, page)
    return (page.done if stored else None), bool(page.changes)


def _read_folders(
    view: MailboxView, collection: Collection, client: OpenMailbox, held: Claim
) -> tuple[bool | None, bool]:
    page = client.folders(collection.cursor)
    stored = store_folders(view, held, page)
    return (page.done if stored else None), bool(page.folders)


def _read_marks(
    view: MailboxView, collection: Collection, client: OpenMailbox, held: Claim
) -> tuple[bool | None, bool]:
    """Everything that carries the mark: what is new to us, and what was not marked when it was seen."""
    marked = client.marked(view.settings.mark_name)
    mine = Item.objects.filter(user=view.actor.user, provider=view.mailbox.provider)
    known = dict(mine.filter(provider_id__in=marked).values_list("provider_id", "marked"))
    changes = [
        Change(provider_id, categories=(view.settings.mark_name,))
        for provider_id in marked
        if not known.get(provider_id, False)
    ]
    if len(marked) < MOST_MARKED:
        # Complete: whatever else was marked is so no more.
        gone = mine.filter(marked=True, missing_since__isnull=True, gone_at__isnull=True).exclude(
            provider_id__in=marked
        )
        changes += [Change(provider_id, categories=()) for provider_id in gone.values_list("provider_id", flat=True)]
    page = ChangePage(tuple(changes), "", done=True, full=False)
    stored = store(view, held, prepare(view, client, changes), page, places=False)
    return (True if stored else None), bool(changes)


MOST_MARKED = 1_000
_READ = {
    Collection.Kind.MAIL: _read_mail,
    Collection.Kind.FOLDERS: _read_folders,
    Collection.Kind.MARKS: _read_marks,
}


def _known(view: MailboxView, provider_ids: object) -> frozenset[str]:
    mine = Item.objects.filter(user=view.actor.user, provider=view.mailbox.provider, decision__isnull=False)
    return frozenset(mine.filter(provider_id__in=list(provider_ids)).values_list("provider_id", flat=True))  # type: ignore[call-overload]


def _rest(view: MailboxView, collection: Collection, held: Claim, news: bool) -> None:
    """The collection is current. The safety poll looks next: sooner where there is news, with some chance in it."""
    now = timezone.now()
    idle = 0 if news else min(collection.idle_rounds + 1, SETTLE_ROUNDS)
    wait = min(view.settings.poll * 2 ** max(idle - 2, 0), max(LONGEST_POLL, view.settings.poll))
    again = now + wait * random.uniform(0.8, 1.2)
    # A hint that came while it was read makes it due at once: the row says so already.
    hinted = Collection.objects.filter(pk=collection.pk, lease_token=held.token, due_at__gt=held.at)
    due = hinted.values_list("due_at", flat=True).first() or again
    if claims.release(held, due_at=min(due, again), last_success_at=now, idle_rounds=idle, attempts=0, reason=""):
        _succeeded(view.mailbox, now)
        if collection.reason:
            _settle_refusal(view.mailbox, now)


def _succeeded(mailbox: Mailbox, now: object) -> None:
    changes: dict[str, object] = {"last_success_at": now}
    if mailbox.initial_done_at is None and not _still_initial(mailbox):
        changes["initial_done_at"] = now
    Mailbox.objects.filter(pk=mailbox.pk).update(**changes)


def _settle_refusal(mailbox: Mailbox, now: datetime) -> None:
    """What a person was told is over once the mailbox lets everything be read again."""
    if not Collection.objects.filter(mailbox=mailbox, due_at__isnull=False).exclude(reason="").exists():
        told = Issue.objects.filter(mailbox=mailbox, reason=Issue.Reason.MAILBOX_REFUSED, settled_at__isnull=True)
        told.update(settled_at=now, settled_how=Issue.Settled.SOLVED)


def _still_initial(mailbox: Mailbox) -> bool:
    """Whether a folder that is read was never read to its end yet, or the folders are not known."""
    mail = Collection.objects.filter(mailbox=mailbox, kind=Collection.Kind.MAIL)
    return not mail.exists() or mail.filter(due_at__isnull=False, last_success_at__isnull=True).exists()


def _follow(collection: Collection, held: Claim, error: ProviderError) -> None:
    """Puts the collection where the error says (`sync.services.outcomes`)."""
    attempts = collection.attempts + 1
    follows = consequence(error, attempts)
    now = timezone.now()
    log.info("capture.not_read", collection=str(collection.pk), reason=follows.reason, code=error.code)
    match follows.what:
        case "anew":
            # The account stays active; nothing counts as read until the full read is through.
            claims.release(held, cursor="", full_read=True, due_at=now, reason=follows.reason)
            wake_collection(collection.pk)
        case "reconnect":
            system = collection.mailbox.connection.system
            Connection.objects.filter(pk=collection.mailbox.connection_id, state=Connection.State.ACTIVE).update(
                state=Connection.State.NEEDS_RECONNECT
            )
            claims.release(held, due_at=now, reason=follows.reason)
            notify_reconnect(collection.mailbox.user_id, collection.organisation_id, system)
        case "wait":
            burned = attempts if follows.burns else collection.attempts
            claims.release(held, due_at=now + follows.after, attempts=burned, reason=follows.reason)
        case "aside":
            _set_aside(collection, held, follows.reason, follows.words)


def _set_aside(collection: Collection, held: Claim, reason: str, words: str) -> None:
    """A list that the mailbox does not give: a person is told, and it is looked at again in some hours."""
    if reason == "fetch-failed" and collection.kind == Collection.Kind.MAIL and collection.remote_id:
        # The folder is gone; the list of folders says the same sooner or later.
        claims.release(held, due_at=None, reason=reason)
        return
    if claims.release(held, due_at=timezone.now() + timedelta(hours=3), reason=reason):
        Issue.objects.get_or_create(
            organisation=collection.organisation,
            user=collection.mailbox.user,
            mailbox=collection.mailbox,
            activity=None,
            item=None,
            reason=Issue.Reason.MAILBOX_REFUSED,
            settled_at=None,
            defaults={"words": words[:2000]},
        )
