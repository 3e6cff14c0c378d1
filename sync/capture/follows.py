"""Following a conversation: what comes in it is filed on the same record, in mode off too, until it ends.

follow ──► every message with somebody of the filed mail ──► 90 days after the last received one, or stop
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.trail import as_user, record_own, root_of
from permissions.audit.recording import record
from sync.models import Activity, Follow, Intent, Item
from sync.services.capture_settings import settings_of
from sync.services.versions import changed, conversation_changed


class NothingToFollow(ValueError):
    """The email is not filed, or stands in no conversation of this mailbox. The text says what to do."""


@transaction.atomic
def follow(actor: Actor, activity: Activity) -> Follow:
    """Follows the conversation of a filed email in the actor's mailbox. Doing it twice keeps the first, from now on.

    Raises NothingToFollow, policy.Denied.
    """
    require_own(actor, "email.file")
    item = Item.objects.filter(user=actor.user, sighting__activity=activity).order_by("created_at").first()
    if item is None or not item.conversation_id or not activity.links.exists():
        raise NothingToFollow(gettext("File the email first: its conversation is followed from there."))
    intent = Intent.objects.filter(activity=activity, kind=Intent.Kind.EMAIL).first()
    until = _until(actor, item)
    followed, made = Follow.objects.get_or_create(
        user=actor.user,
        provider=item.provider,
        conversation_id=item.conversation_id,
        stopped_at=None,
        defaults={
            "organisation": actor.organisation,
            "activity": activity,
            "external_hashes": (intent.choice if intent else {}).get("external_hashes", []),
            "until": until,
        },
    )
    if not made and followed.until < until:
        followed.until = until
        followed.save(update_fields=["until"])
    changed(activity)
    conversation_changed(activity)
    if made:
        record_own(actor, "follow.begun", ("email", activity.pk), user=actor.user.pk)
    return followed


def unfollow(actor: Actor, activity: Activity) -> bool:
    """Stops following the conversation of an email; False where it was not followed."""
    require_own(actor, "email.file")
    standing = followed(actor, activity)
    if standing is None:
        return False
    return stop(standing)


@transaction.atomic
def stop(standing: Follow) -> bool:
    """Ends what is followed; False where it had ended. Only who follows it stops it."""
    stopped = Follow.objects.filter(pk=standing.pk, stopped_at=None).update(stopped_at=timezone.now())
    changed(standing.activity)
    conversation_changed(standing.activity)
    if stopped:
        user = standing.user
        by, on = as_user(user), ("email", standing.activity_id)
        record("follow.ended", root=root_of(user), by=by, on=on, detail={"user": user.pk})
    return bool(stopped)


def followed(actor: Actor, activity: Activity) -> Follow | None:
    """What is followed of the conversation that an email stands in."""
    conversations = Item.objects.filter(user=actor.user, sighting__activity=activity).values("conversation_id")
    mine = Follow.objects.filter(user=actor.user, stopped_at=None, until__gte=timezone.now())
    return mine.filter(conversation_id__in=conversations).exclude(conversation_id="").first()


def _until(actor: Actor, item: Item) -> datetime:
    received = item.received_at or timezone.now()
    return max(received, timezone.now() - timedelta(days=1)) + settings_of(actor).follow_for
