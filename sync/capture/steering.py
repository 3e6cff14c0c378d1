"""What a person does to their own mailboxes: pause, resume, look now, read again, choose. The policy is asked.

    their mailbox ──► the step ──► nothing that the pane painted before counts any more

A foreign mailbox does not exist for them (`policy.NotFound`). What happens then stands in `sync.capture.mailboxes`.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from accounts import language, preferences
from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import Connection
from accounts.preferences import Setting
from accounts.trail import record_own
from permissions import policy
from permissions.audit.recording import gathered
from sync.capture import follows, mailboxes
from sync.capture.scheduling import hurry
from sync.capture.standing import mailboxes_of
from sync.models import Follow, Mailbox
from sync.services.clients import PROVIDERS
from sync.services.open_email import facts_key
from sync.services.party import forget_party
from sync.services.versions import user_changed

#: The settings of `accounts.preference_names` that a person finds on their page, in its order.
SETTINGS = (
    "auto_file_mode",
    "auto_file_delay_minutes",
    "mark_name",
    "backfill_from",
    "chosen_folders",
    "language",
)


def own_mailbox(actor: Actor, mailbox_id: UUID) -> Mailbox:
    """Raises policy.NotFound, policy.Denied."""
    found = next((mailbox for mailbox in mailboxes_of(actor) if mailbox.pk == mailbox_id), None)
    if found is None:
        raise policy.NotFound
    return found


def open_own(actor: Actor) -> list[Mailbox]:
    """The actor's mailboxes; what is connected and not switched on yet is switched on first."""
    require_own(actor, "mailbox.sync")
    connected = Connection.objects.filter(user=actor.user, system__in=PROVIDERS, state=Connection.State.ACTIVE)
    if connected.filter(mailbox__isnull=True).exists() or connected.filter(mailbox__state="ended").exists():
        mailboxes.open_mailboxes(actor.user)
    return mailboxes_of(actor)


def pause(actor: Actor, mailbox_id: UUID) -> Mailbox:
    """Raises policy.NotFound, policy.Denied."""
    with transaction.atomic():
        if mailboxes.pause(own_mailbox(actor, mailbox_id)):
            _tell(actor, mailbox_id, "paused")
    return _settled(actor, mailbox_id)


def resume(actor: Actor, mailbox_id: UUID) -> Mailbox:
    """Raises policy.NotFound, policy.Denied."""
    with transaction.atomic():
        if mailboxes.resume(own_mailbox(actor, mailbox_id)):
            _tell(actor, mailbox_id, "resumed")
    return _settled(actor, mailbox_id)


def look_now(actor: Actor, mailbox_id: UUID) -> Mailbox:
    """Everything of it is due. A paused mailbox stays paused. Raises policy.NotFound, policy.Denied."""
    with transaction.atomic():
        hurry(own_mailbox(actor, mailbox_id))
        _tell(actor, mailbox_id, "hurried")
    return own_mailbox(actor, mailbox_id)


def read_again(actor: Actor, mailbox_id: UUID, since: date) -> int:
    """How many emails are judged anew. Raises ValueError for a day to come, policy.NotFound, policy.Denied."""
    mailbox = own_mailbox(actor, mailbox_id)
    if since > timezone.now().date():
        raise ValueError("since")
    with transaction.atomic():
        count = mailboxes.read_again(mailbox, since)
        _tell(actor, mailbox_id, "read-again", emails=count)
    forget(actor)
    return count


@gathered()
def choose(actor: Actor, name: str, value: object) -> Setting:
    """The person's own choice, which counts at once. Raises Locked, BadValue, policy.NotFound, policy.Denied."""
    _known(name)
    setting = preferences.choose(actor, name, value)
    _apply(actor, name)
    return setting


@gathered()
def withdraw(actor: Actor, name: str) -> Setting:
    """As the preset or the organisation has it. Raises policy.NotFound, policy.Denied."""
    _known(name)
    setting = preferences.withdraw(actor, name)
    _apply(actor, name)
    return setting


def _known(name: str) -> None:
    if name not in SETTINGS:
        raise policy.NotFound


def settings_shown(actor: Actor) -> tuple[Setting, ...]:
    """Those of the page, with where each comes from and whether it is locked."""
    require_own(actor, "mailbox.sync")
    known: dict[str, Setting] = {setting.name: setting for setting in preferences.explain_all(actor.user)}
    return tuple(known[name] for name in SETTINGS)


def follows_of(actor: Actor) -> list[Follow]:
    """What the actor follows, the one that ends first first."""
    require_own(actor, "mailbox.sync")
    mine = Follow.objects.filter(user=actor.user, stopped_at=None, until__gte=timezone.now())
    return list(policy.scope(actor.principal_id, "mailbox.sync", mine).select_related("activity").order_by("until"))


def stop_following(actor: Actor, follow_id: UUID) -> None:
    """Raises policy.NotFound, policy.Denied."""
    standing = next((one for one in follows_of(actor) if one.pk == follow_id), None)
    if standing is None:
        raise policy.NotFound
    follows.stop(standing)


def _tell(actor: Actor, mailbox_id: UUID, step: str, *, emails: int | None = None) -> None:
    record_own(actor, "collection.steered", ("mailbox", mailbox_id), step=step, emails=emails, user=actor.user.pk)


def forget(actor: Actor) -> None:
    """What is kept of a person's settings, lists and mailboxes is read anew, and nothing painted before counts."""
    keys: list[Any] = [facts_key(actor)]
    transaction.on_commit(lambda: cache.delete_many(keys))
    transaction.on_commit(lambda: forget_party(actor))
    user_changed(actor.organisation.pk, actor.user.pk)


def _settled(actor: Actor, mailbox_id: UUID) -> Mailbox:
    forget(actor)
    return own_mailbox(actor, mailbox_id)


def _apply(actor: Actor, name: str) -> None:
    if name == language.NAME:
        language.forget(actor.user)
    for mailbox in mailboxes_of(actor):
        if name == "chosen_folders":
            mailboxes.choose_folders(mailbox)
        elif name == "backfill_from":
            mailboxes.settle_window(mailbox)
        elif name == "mark_name":
            hurry(mailbox)
    forget(actor)
