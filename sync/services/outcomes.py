"""What follows from a provider's error: the one handler.

Throttled, QuotaSpent       wait as told; no attempt is burned
Unavailable, Conflict       wait longer each time, then park
Ambiguous                   wait, then look up before writing again
NeedsReconnect              park with one issue; the data is kept, the person connects again
Refused, Forbidden, Gone    park with the provider's own words
"""

from __future__ import annotations

import random
from datetime import timedelta

from django.utils import timezone

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
from sync.models import Intent, Issue
from sync.services import leases
from sync.services.leases import Lease

MAX_ATTEMPTS = 12
AMBIGUOUS_WAIT = timedelta(seconds=20)
QUOTA_WAIT = timedelta(minutes=15)
RECONNECT_WORDS = {
    "salesforce": "The connection to Salesforce has ended: connect again first.",
    "microsoft": "The connection to the mailbox has ended: connect again first.",
}


def handle(intent: Intent, lease: Lease, error: ProviderError) -> None:
    """Puts the intent where its error says, and tells the person where a person is needed."""
    match error:
        case Throttled():
            wait = timedelta(seconds=error.retry_after) + _jitter(2)
            leases.release(lease, due_in=wait, reason="throttled", burn_attempt=False)
        case QuotaSpent():
            wait = max(error.until - timezone.now(), timedelta(0)) if error.until else QUOTA_WAIT
            leases.release(lease, due_in=wait + _jitter(30), reason="quota-spent", burn_attempt=False)
        case Ambiguous():
            leases.release(lease, due_in=AMBIGUOUS_WAIT, reason="ambiguous")
        case Unavailable() | Conflict() | CursorExpired():
            if intent.attempts >= MAX_ATTEMPTS:
                _park(intent, lease, "unavailable", error.message)
            else:
                seconds = min(5 * 2 ** max(intent.attempts - 1, 0), 900)
                leases.release(lease, due_in=timedelta(seconds=seconds) + _jitter(3), reason="unavailable")
        case NeedsReconnect():
            words = RECONNECT_WORDS[error.system]
            if _park(intent, lease, "needs-reconnect", words):
                raise_issue(intent, Issue.Reason.NEEDS_RECONNECT, words)
        case Gone():
            if _park(intent, lease, "fetch-failed", error.message):
                raise_issue(intent, Issue.Reason.FETCH_FAILED, error.message)
        case Forbidden():
            if _park(intent, lease, "forbidden", error.message):
                raise_issue(intent, Issue.Reason.SALESFORCE_REFUSED, error.message)
        case Refused():
            if _park(intent, lease, "salesforce-refused", error.message):
                raise_issue(intent, Issue.Reason.SALESFORCE_REFUSED, error.message)
        case _:
            _park(intent, lease, "salesforce-refused", error.message)
    intent.refresh_from_db()


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


def _park(intent: Intent, lease: Lease, reason: str, words: str) -> bool:
    """False when the lease was lost: then it is no longer ours to tell anybody."""
    return leases.finish(lease, Intent.State.PARKED, reason=reason, words=words)


def _jitter(seconds: float) -> timedelta:
    return timedelta(seconds=random.uniform(0, seconds))
