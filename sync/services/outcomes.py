"""What follows from a provider's error: the one handler, for whatever was being done.

    Throttled, QuotaSpent         wait as told; no attempt is burned
    Unavailable, Conflict         wait longer each time, then a person is told
    Ambiguous                     wait, then look up before writing again
    CursorExpired                 begin the collection anew, in full
    NeedsReconnect                stop that connection with one notice; data and cursors are kept
    Refused, Forbidden, Gone      set aside with the provider's own words; the rest goes on

`consequence` decides; `handle` carries it out on an intent, `sync.capture.reading` on a collection.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import Connection, System
from sync.errors import (
    Ambiguous,
    Conflict,
    CursorExpired,
    Forbidden,
    Gone,
    NeedsReconnect,
    ProviderError,
    QuotaSpent,
    Refused,
    Throttled,
    Unavailable,
)
from sync.models import Intent, Issue, Mailbox
from sync.services import leases
from sync.services.leases import Lease

MAX_ATTEMPTS = 12
AMBIGUOUS_WAIT = timedelta(seconds=20)
QUOTA_WAIT = timedelta(minutes=15)
NO_ANSWER = gettext_noop("There was no answer, however often it was tried.")
RECONNECT_WORDS = {
    "salesforce": gettext_noop("The connection to Salesforce has ended: connect again first."),
    "microsoft": gettext_noop("The connection to the mailbox has ended: connect again first."),
    "google": gettext_noop("The connection to the mailbox has ended: connect again first."),
}


@dataclass(frozen=True, slots=True)
class Consequence:
    """`wait`: again after a while. `aside`: set aside for a person. `anew`: from the beginning. `reconnect`: stop."""

    what: Literal["wait", "aside", "anew", "reconnect"]
    reason: str
    after: timedelta = timedelta(0)
    burns: bool = True
    words: str = ""
    issue: str = ""


def consequence(error: ProviderError, attempts: int) -> Consequence:
    """What follows from an error after so many attempts (this one counted)."""
    match error:
        case Throttled():
            wait = timedelta(seconds=error.retry_after) + _jitter(2)
            return Consequence("wait", "throttled", wait, burns=False)
        case QuotaSpent():
            wait = max(error.until - timezone.now(), timedelta(0)) if error.until else QUOTA_WAIT
            return Consequence("wait", "quota-spent", wait + _jitter(30), burns=False)
        case Ambiguous():
            return Consequence("wait", "ambiguous", AMBIGUOUS_WAIT)
        case CursorExpired():
            return Consequence("anew", "cursor-expired")
        case Unavailable() | Conflict():
            if attempts >= MAX_ATTEMPTS:
                told = Issue.Reason.FETCH_FAILED
                return Consequence("aside", "unavailable", words=error.message or NO_ANSWER, issue=told)
            seconds = min(5 * 2 ** max(attempts - 1, 0), 900)
            return Consequence("wait", "unavailable", timedelta(seconds=seconds) + _jitter(3))
        case NeedsReconnect():
            words = RECONNECT_WORDS[error.system]
            return Consequence("reconnect", "needs-reconnect", words=words, issue=Issue.Reason.NEEDS_RECONNECT)
        case Gone():
            return Consequence("aside", "fetch-failed", words=error.message, issue=Issue.Reason.FETCH_FAILED)
        case Forbidden():
            return Consequence("aside", "forbidden", words=error.message, issue=Issue.Reason.SALESFORCE_REFUSED)
        case Refused():
            refused = Issue.Reason.SALESFORCE_REFUSED
            return Consequence("aside", "salesforce-refused", words=error.message, issue=refused)
    return Consequence("aside", "salesforce-refused", words=error.message)


def handle(intent: Intent, lease: Lease, error: ProviderError) -> None:
    """Puts the intent where its error says, and tells the person where a person is needed."""
    follows = consequence(error, intent.attempts)
    if follows.what == "anew":
        # Nothing that is written has a cursor: it is tried again like an answer that could not be used.
        follows = consequence(Unavailable(error.message, code=error.code), intent.attempts)
    if follows.what == "reconnect" and isinstance(error, NeedsReconnect):
        stop_connection(intent, error.system)
    if follows.what == "wait" or (follows.what == "reconnect" and intent.automatic):
        burns = follows.burns and follows.what == "wait"  # waiting for a person burns no attempt
        leases.release(lease, due_in=follows.after, reason=follows.reason, burn_attempt=burns)
    elif leases.finish(lease, Intent.State.PARKED, reason=follows.reason, words=follows.words) and follows.issue:
        raise_issue(intent, follows.issue, follows.words)
    intent.refresh_from_db()


def stop_connection(intent: Intent, system: str) -> None:
    """The grant is gone: the connection says so, and its user is told once. Nothing of it is tried until then."""
    stopped = Connection.objects.filter(user=intent.user, system=System(system), state=Connection.State.ACTIVE)
    stopped.update(state=Connection.State.NEEDS_RECONNECT)
    if intent.automatic:
        notify_reconnect(intent.user_id, intent.organisation_id, system)


def notify_reconnect(user_id: UUID, organisation_id: UUID, system: str) -> None:
    """One open notice for each user and system."""
    mailbox = None
    if system != System.SALESFORCE:
        mailbox = Mailbox.objects.filter(user_id=user_id, connection__system=system).first()
    Issue.objects.get_or_create(
        organisation_id=organisation_id,
        user_id=user_id,
        activity=None,
        item=None,
        mailbox=mailbox,
        reason=Issue.Reason.NEEDS_RECONNECT,
        settled_at=None,
        defaults={"words": RECONNECT_WORDS[system]},
    )


def raise_issue(intent: Intent, reason: str, words: str) -> None:
    """One open issue of a reason for each activity and person."""
    Issue.objects.get_or_create(
        organisation=intent.organisation,
        user=intent.user,
        activity=intent.activity,
        reason=reason,
        settled_at=None,
        defaults={"words": words[:2000]},
    )


def _jitter(seconds: float) -> timedelta:
    return timedelta(seconds=random.uniform(0, seconds))
