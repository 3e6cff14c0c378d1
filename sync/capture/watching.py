"""The push of a mailbox: asked for, renewed at half of its life, made anew where it lapsed.

    (none) ──► asked for ──► stands ──half of its life──► renewed ──► …
                  │             └── 404, lifecycle notice ──► asked for anew, and everything is read
                  └── refused, no answer ──► again later; the safety poll goes on meanwhile

A push that lapsed without a word is told once. Whether it stands or not, mail is never missed: it is only read later.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.actor import Actor
from accounts.authentication import require_acting
from accounts.errors import NotConnected
from permissions import policy
from sync.capture.scheduling import hurry
from sync.errors import Gone, NeedsReconnect, ProviderError, Refused
from sync.models import Issue, Mailbox, Watch
from sync.providers.mailbox import WatchTicket
from sync.services.clients import OpenMailbox, mailbox_client
from sync.services.outcomes import consequence

log = structlog.get_logger(__name__)

#: https://learn.microsoft.com/graph/change-notifications-overview#subscription-lifetime (10,080 minutes at most)
LIVES = {"graph": timedelta(minutes=10_080 - 60), "gmail": timedelta(days=7)}
#: Gmail's is asked for daily. https://developers.google.com/workspace/gmail/api/guides/push#renewing_mailbox_watch
RENEWED_AFTER = {"graph": timedelta(days=3, hours=12), "gmail": timedelta(days=1)}
REFUSED_WAIT = timedelta(hours=6)


def keep_watch(watch_id: UUID) -> None:
    """Asks for the push of a mailbox, or renews it, where that is due."""
    watch = (
        Watch.objects.select_related("mailbox__user__organisation", "mailbox__user__resource", "mailbox__connection")
        .filter(pk=watch_id)
        .first()
    )
    if watch is None or watch.mailbox.state != Mailbox.State.ACTIVE:
        return
    try:
        require_acting(Actor.of(watch.mailbox.user), "mailbox.sync")
        client = mailbox_client(watch.mailbox)
        _renew(watch, client) if watch.remote_id or watch.expires_at else _ask(watch, client)
    except policy.Denied:
        # Nothing is asked for in the name of somebody who lost the right.
        Watch.objects.filter(pk=watch.pk).update(due_at=timezone.now() + REFUSED_WAIT)
    except (NotConnected, NeedsReconnect):
        return  # connecting again asks for it anew
    except ProviderError as error:
        _later(watch, error)


def _ask(watch: Watch, client: OpenMailbox) -> None:
    secret = secrets.token_urlsafe(32)
    until = timezone.now() + LIVES[watch.mailbox.provider]
    # The secret stands before the provider sends its first notice, which may come before its answer.
    Watch.objects.filter(pk=watch.pk).update(secret_hash=hashlib.sha256(secret.encode()).hexdigest())
    ticket = client.watch(notification_url=notification_url(watch.mailbox), secret=secret, until=until)
    _stands(watch, ticket)


def _renew(watch: Watch, client: OpenMailbox) -> None:
    now = timezone.now()
    lapsed = watch.expires_at is not None and watch.expires_at <= now
    if lapsed:
        _tell_lapse(watch)
    try:
        ticket = client.renew(watch.remote_id, until=now + LIVES[watch.mailbox.provider])
    except Gone:
        lapsed = True
        _ask(watch, client)
    else:
        _stands(watch, ticket)
    if lapsed:
        # What happened while nobody told of it is read now, not at the next poll.
        hurry(watch.mailbox)


def _stands(watch: Watch, ticket: WatchTicket) -> None:
    now = timezone.now()
    again = min(now + RENEWED_AFTER[watch.mailbox.provider], now + (ticket.expires_at - now) / 2)
    Watch.objects.filter(pk=watch.pk).update(
        remote_id=ticket.id, expires_at=ticket.expires_at, due_at=again, attempts=0, lapsed_at=None
    )
    Issue.objects.filter(mailbox=watch.mailbox, reason=Issue.Reason.WATCH_LAPSED, settled_at__isnull=True).update(
        settled_at=now, settled_how=Issue.Settled.SOLVED
    )


def _tell_lapse(watch: Watch) -> None:
    if watch.lapsed_at is None:
        Watch.objects.filter(pk=watch.pk).update(lapsed_at=timezone.now())
        Issue.objects.get_or_create(
            organisation=watch.organisation,
            user=watch.mailbox.user,
            mailbox=watch.mailbox,
            activity=None,
            item=None,
            reason=Issue.Reason.WATCH_LAPSED,
            settled_at=None,
            defaults={
                "words": gettext_noop("The provider stopped telling of new mail. It is looked for regularly meanwhile.")
            },
        )


def _later(watch: Watch, error: ProviderError) -> None:
    follows = consequence(error, watch.attempts + 1)
    after = REFUSED_WAIT if isinstance(error, Refused) or follows.what == "aside" else follows.after
    log.info("watch.not_kept", watch=str(watch.pk), reason=follows.reason, code=error.code)
    Watch.objects.filter(pk=watch.pk).update(due_at=timezone.now() + after, attempts=watch.attempts + 1)
    if watch.expires_at is not None and watch.expires_at <= timezone.now():
        _tell_lapse(watch)


def stop_watch(mailbox: Mailbox) -> None:
    """Ends the push, as far as the provider can be reached; without one nothing is left to end."""
    watch = Watch.objects.filter(mailbox=mailbox).first()
    if watch is None:
        return
    if watch.remote_id or mailbox.provider == "gmail":
        try:
            mailbox_client(mailbox).stop(watch.remote_id)
        except (NotConnected, ProviderError) as error:
            log.info("watch.not_stopped", watch=str(watch.pk), error=type(error).__name__)
    watch.delete()


def notification_url(mailbox: Mailbox) -> str:
    return f"{settings.ALONGSIDE_PUBLIC_URL}/webhooks/{mailbox.provider}/"
