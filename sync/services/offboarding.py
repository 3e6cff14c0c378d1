"""Somebody leaves: they are let in nowhere any more, at once, and nothing runs in their name.

deactivated, sessions ended ──► tokens forgotten ──► grants ended at the providers ──► mailboxes ended
   (one transaction)             (at once)            (as far as they answer)

What is filed stays filed. A mailbox that could not be ended here is ended by the reconciler: it has no tokens.
"""

from __future__ import annotations

from django.db import transaction

from accounts import connecting, signing_in
from accounts.models import Connection, System, User
from accounts.services import withdraw_mailbox
from accounts.trail import root_of
from permissions.audit.recording import Doer, gathered, record
from sync.capture import mailboxes
from sync.models import Mailbox


def offboard(user: User, *, by: Doer) -> None:
    """Safe to repeat. Providers are called: not within a transaction."""
    with gathered():
        if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
            record("user.deactivated", root=root_of(user), by=by, on=("user", user.pk), detail={"cause": "offboarded"})
        signing_in.end_sessions_of(user, by=by)
        theirs = list(Mailbox.objects.filter(user=user).exclude(state=Mailbox.State.ENDED))
        for mailbox in theirs:
            mailboxes.pause(mailbox, reason="offboarded")
    user.is_active = False
    standing = Connection.objects.filter(user=user).exclude(state=Connection.State.DISCONNECTED)
    for connection in standing:
        if connection.kind == Connection.Kind.SERVICE:
            withdraw_mailbox(user, System(connection.system), by=by)
        else:
            connecting.disconnect(user, System(connection.system), by=by)
    for mailbox in theirs:
        mailboxes.end(mailbox)


@transaction.atomic
def take_back(user: User, *, by: Doer) -> None:
    """They may sign in again, and connect again: nothing of before is restored."""
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        record("user.activated", root=root_of(user), by=by, on=("user", user.pk))
    user.is_active = True
