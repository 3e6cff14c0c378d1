"""What a person must know or decide, and what they say to it: try again, or leave it.

open ──try again──► settled; the work it speaks of is due anew, and raises it again if it fails again
  └────leave it──► settled; nothing is tried
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.trail import doer
from permissions import policy
from permissions.audit.recording import Doer, record
from sync.capture.scheduling import hurry
from sync.models import Collection, Decision, Intent, Issue, Item
from sync.said import in_the_readers_language
from sync.services.versions import changed
from sync.services.wake import wake, wake_lane

#: What only connecting again, or time, settles.
NOT_RETRIED = frozenset({Issue.Reason.NEEDS_RECONNECT, Issue.Reason.SAME_MESSAGE_ID, Issue.Reason.WATCH_LAPSED})
_SENTENCES = {
    Issue.Reason.SALESFORCE_REFUSED: gettext_noop("Salesforce refused the email."),
    Issue.Reason.SAME_MESSAGE_ID: gettext_noop(
        "Another email carries the same Message-ID: it was filed as an email of its own."
    ),
    Issue.Reason.FETCH_FAILED: gettext_noop("The email could not be fetched, or not be filed for want of an answer."),
    Issue.Reason.FILE_REFUSED: gettext_noop("Salesforce refused a file of the email; the email itself is filed."),
    Issue.Reason.NEEDS_RECONNECT: gettext_noop(
        "A connection has ended: connect again, and everything goes on where it stopped."
    ),
    Issue.Reason.MALFORMED: gettext_noop("The email is too damaged to be read."),
    Issue.Reason.UNKNOWN_PEOPLE: gettext_noop("It is marked for filing, and nobody in it is known to Salesforce."),
    Issue.Reason.WATCH_LAPSED: gettext_noop(
        "The provider stopped telling of new mail; it is looked for regularly instead."
    ),
    Issue.Reason.MAILBOX_REFUSED: gettext_noop("The mailbox does not let its mail be read."),
}


@dataclass(frozen=True, slots=True)
class IssueLine:
    """One issue as a person reads it. `words` are the provider's own."""

    id: UUID
    reason: str
    sentence: str
    words: str
    item: Item | None
    can_retry: bool
    issue: Issue


def open_issues(actor: Actor) -> QuerySet[Issue]:
    """The actor's own, newest first."""
    require_own(actor, "mailbox.sync")
    mine = policy.scope(actor.principal_id, "mailbox.sync", Issue.objects.filter(settled_at__isnull=True))
    return mine.filter(user=actor.user).select_related("item", "mailbox", "activity").order_by("-created_at")


def lines(issues: QuerySet[Issue]) -> list[IssueLine]:
    return [
        IssueLine(
            id=issue.pk,
            reason=issue.reason,
            sentence=gettext(_SENTENCES[Issue.Reason(issue.reason)]),
            words="" if issue.reason == Issue.Reason.SAME_MESSAGE_ID else in_the_readers_language(issue.words),
            item=issue.item or _item_of(issue),
            can_retry=issue.reason not in NOT_RETRIED,
            issue=issue,
        )
        for issue in issues
    ]


def _item_of(issue: Issue) -> Item | None:
    if issue.activity_id is None:
        return None
    return Item.objects.filter(user=issue.user, sighting__activity=issue.activity_id).defer("envelope").first()


def retry(actor: Actor, issue_id: UUID) -> bool:
    """Makes what the issue speaks of due again. False where trying again changes nothing. Raises policy.NotFound."""
    return try_again(_mine(actor, issue_id), by=doer(actor))


def ignore(actor: Actor, issue_id: UUID) -> None:
    """Leaves it as it is. Raises policy.NotFound."""
    leave(_mine(actor, issue_id), by=doer(actor))


@transaction.atomic
def try_again(issue: Issue, *, by: Doer) -> bool:
    """As `retry`, for whoever may settle it: the caller has asked the policy."""
    if issue.reason in NOT_RETRIED:
        return False
    if issue.reason == Issue.Reason.MAILBOX_REFUSED and issue.mailbox is not None:
        hurry(issue.mailbox)
    elif issue.activity_id is not None:
        _again(issue)
    elif issue.item is not None:
        _look_again(issue.item)
    _settle(issue, Issue.Settled.RETRIED, by)
    return True


@transaction.atomic
def leave(issue: Issue, *, by: Doer) -> None:
    """As `ignore`, for whoever may settle it: the caller has asked the policy."""
    _settle(issue, Issue.Settled.IGNORED, by)


def sentence_of(reason: str) -> str:
    """What an issue is, as people read it."""
    return gettext(_SENTENCES[Issue.Reason(reason)])


def _mine(actor: Actor, issue_id: UUID) -> Issue:
    issue = open_issues(actor).filter(pk=issue_id).first()
    if issue is None:
        raise policy.NotFound
    return issue


def _again(issue: Issue) -> None:
    """What was set aside of this email is due: as a press where one was, else in the batch of its user."""
    parked = Intent.objects.select_for_update().filter(activity=issue.activity, state=Intent.State.PARKED)
    for intent in parked.exclude(reason="file-left-out"):
        intent.state, intent.reason, intent.words = Intent.State.WAITING, "", ""
        intent.due_at, intent.attempts, intent.finished_at = timezone.now(), 0, None
        intent.save(update_fields=["state", "reason", "words", "due_at", "attempts", "finished_at"])
        changed(intent.activity)
        if intent.automatic:
            failed = Decision.objects.filter(item__sighting__activity=issue.activity, outcome=Decision.Outcome.FAILED)
            failed.update(outcome=Decision.Outcome.WAITING, decided_at=timezone.now())
            wake_lane(intent.user_id)
        else:
            wake(intent)


def _look_again(item: Item) -> None:
    """Forgets what was decided of a message, and has its folder read in full: it is judged like a new one."""
    collection = item.collection
    item.delete()
    if collection is not None:
        mine = Collection.objects.filter(pk=collection.pk)
        mine.update(cursor="", full_read=True, due_at=timezone.now(), woken_until=None)


def _settle(issue: Issue, how: Issue.Settled, by: Doer) -> None:
    Issue.objects.filter(pk=issue.pk).update(settled_at=timezone.now(), settled_how=how)
    record(
        "issue.settled",
        root=issue.organisation.resource_id,
        by=by,
        on=("issue", issue.pk),
        detail={"how": how, "reason": issue.reason, "user": issue.user_id},
    )
