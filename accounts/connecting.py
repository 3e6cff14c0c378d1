"""Connecting and disconnecting a system: the steps of a `ConnectionAttempt`, each taken once.

    pane     begin ──► ticket
    dialog       open_ticket ──► provider ──► returned ──► confirm ──► code ──messageParent──┐
    pane                                                                   finish(code) ◄────┘

What ties it together: the ticket is the pane's, the state goes through the provider, the confirmation is the person's,
and the code takes effect only with the bearer of the user who began. Somebody who is lured into another's dialog
confirms nothing that anybody can use. What differs between Salesforce and Google is in `partners`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import broker
from accounts.actor import Actor
from accounts.crypto import SecretUnreadable
from accounts.models import Connection, ConnectionAttempt, SalesforceOrg, System, User
from accounts.onetime import digest, new_secret
from accounts.partners import PARTNERS, TurnedAway
from accounts.services import connection_for
from accounts.trail import as_user, record_own
from permissions import isolation
from permissions.audit.recording import Doer, gathered, record

ATTEMPT_MINUTES: Final = 10
#: What can be connected in the dialog.
SYSTEMS: Final = tuple(PARTNERS)

log = structlog.get_logger("accounts.connecting")

_SENTENCES: Final = {
    "link-used": _("This link has been used or is too old. Press Connect again."),
    "state": _("This answer does not belong to a connection that was begun here. Press Connect again."),
    "denied": _("%(system)s was not connected: access was not allowed."),
    "provider": _("%(system)s could not go on with the sign-in. Press Connect again, or ask your administrator."),
    "issuer": _("The answer did not come from the %(system)s that was asked. Nothing was connected."),
    "answer": _("The answer of %(system)s did not fit what was asked. Nothing was connected."),
    "grant": _("%(system)s did not take the sign-in. Press Connect again."),
    "unavailable": _("%(system)s did not answer. Press Connect again in a moment."),
    "other-user": _(
        "Another %(system)s user signed in than the one that belongs to you here. Sign out of %(system)s in this "
        "browser, then press Connect again."
    ),
    "other-account": _(
        "Another %(system)s account signed in than the one of your own address here. Press Connect again and choose "
        "that one, or ask your administrator to allow this one."
    ),
    "other-domain": _(
        "This %(system)s account is not managed by your organisation. Ask your administrator to allow it."
    ),
    "mail-not-granted": _(
        "Reading the mailbox was not allowed. Press Connect again and tick the box beside “View your email messages "
        "and settings”."
    ),
    "code": _("This confirmation has been used, is too old, or is not yours. Press Connect again."),
}


class ConnectingRefused(Exception):
    """A step that is not taken. `reason` is for programs, `sentence` for the person.

    `extension_id`: whose window it is, where that is known; empty for Office.
    """

    def __init__(self, reason: str, system: System, extension_id: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.system = system
        self.extension_id = extension_id
        self.sentence = str(_SENTENCES[reason]) % {"system": system.label}


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """What the person is asked: may this user of the system be connected to that user of ours?"""

    secret: str
    system: System
    name: str
    username: str
    email: str


def begin(actor: Actor, system: System) -> str:
    """A ticket, good for one visit within ten minutes."""
    ticket = new_secret()
    ConnectionAttempt.objects.create(
        organisation=actor.organisation,
        user=actor.user,
        system=system,
        ticket_hash=digest(ticket),
        expires_at=timezone.now() + timedelta(minutes=ATTEMPT_MINUTES),
    )
    return ticket


def open_ticket(system: System, ticket: str, *, extension_id: str = "") -> str:
    """The provider's address to go to. Raises ConnectingRefused.

    `extension_id`: the extension of ours whose window it is, for which the end of the dialog is.
    """
    asked = Q(ticket_hash=digest(ticket), opened_at__isnull=True)
    attempt = _take(asked, "link-used", system, opened_at=timezone.now(), extension_id=extension_id)
    state, verifier, nonce = new_secret(), new_secret(), new_secret()
    attempt.state_hash = digest(state)
    attempt.verifier, attempt.nonce = verifier, nonce
    attempt.save(update_fields=["state_hash", "verifier", "nonce"])
    return PARTNERS[system].authorize_url(attempt.user, state=state, verifier=verifier, nonce=nonce)


def returned(system: System, *, state: str, code: str, error: str, issuer: str | None) -> Question:
    """What the provider sent back, turned into the question to the person. Raises ConnectingRefused."""
    partner = PARTNERS[system]
    asked = Q(state_hash=digest(state), used_at__isnull=True)
    attempt = _take(asked, "state", system, used_at=timezone.now())
    if error:
        raise _refused(attempt, "denied" if error == "access_denied" else "provider", system)
    if issuer is not None and not partner.is_issuer(issuer):
        raise _refused(attempt, "issuer", system)
    try:
        got = partner.receive(attempt.user, code, verifier=attempt.verifier.unseal(), nonce=attempt.nonce.unseal())
    except TurnedAway as away:
        token, user_id = away.letting_go
        if token:
            partner.let_go(token, user_id)
        raise _refused(attempt, away.reason, system) from None
    secret = new_secret()
    attempt.pending_tokens = json.dumps([got.access_token, got.refresh_token])
    attempt.access_expires_at = got.expires_at
    attempt.instance_url, attempt.granted_scopes = got.instance_url, got.granted_scopes
    attempt.returned_org_id, attempt.returned_user_id = got.org_id, got.user_id
    attempt.returned_username, attempt.returned_name = got.username, got.name
    attempt.confirm_hash = digest(secret)
    attempt.verifier = attempt.nonce = ""
    attempt.save()
    return Question(secret, system, got.name, got.username, attempt.user.email)


def confirm(system: System, secret: str) -> str:
    """The person said yes: a code for the pane. Raises ConnectingRefused."""
    code = new_secret()
    _take(Q(confirm_hash=digest(secret)), "link-used", system, confirm_hash=None, code_hash=digest(code))
    return code


def window_of(system: System, code: str) -> str:
    """The extension whose window a dialog stands in that has come to its code; empty for Office."""
    found = ConnectionAttempt.objects.filter(system=system, code_hash=digest(code)).values_list(
        "extension_id", flat=True
    )
    return found.first() or ""


def finish(actor: Actor, system: System, code: str) -> Connection:
    """The pane brings the code, and only now the connection stands. Raises ConnectingRefused.

    A code in another user's hands is spent without effect: it was not theirs to have.
    """
    with isolation.every_organisation("a code in a stranger's hands is spent too"), gathered():
        attempts = _alive(system).select_for_update(of=("self",)).filter(code_hash=digest(code))
        attempt = attempts.first()
        if attempt is None:
            raise ConnectingRefused("code", system)
        access_token, refresh_token = json.loads(attempt.pending_tokens.unseal())
        mine = attempt.user_id == actor.user.pk and attempt.organisation_id == actor.organisation.pk
        attempt.finished_at = timezone.now()
        attempt.pending_tokens = ""
        attempt.save(update_fields=["finished_at", "pending_tokens"])
        with isolation.for_organisation(actor.organisation.pk):
            connection = _activate(actor, attempt, access_token, refresh_token) if mine else None
            if connection is None:
                record_own(actor, "connection.refused", ("connection", ""), system=system, reason="code")
    if connection is None:
        PARTNERS[system].let_go(refresh_token, attempt.returned_user_id)
        log.warning("connecting.code_of_another_user", system=system)
        raise ConnectingRefused("code", system)
    log.info("connecting.connected", system=system, connection=str(connection.pk))
    return connection


def disconnect(user: User, system: System, *, by: Doer | None = None) -> bool:
    """Forgets the tokens, then ends the grant upstream; whether the provider confirmed that it has ended.

    `by`: who did it for them. Microsoft has no call that ends one person's grant to one app: its last access token ends
    within the hour.
    """
    connection = Connection.objects.filter(user=user, system=system, kind=Connection.Kind.DELEGATED).first()
    ending = broker.forget(connection, by=by or as_user(user)) if connection is not None else ""
    if not ending:
        return True
    return PARTNERS[system].revoke(ending) if system in PARTNERS else False


def drop_expired() -> int:
    """Deletes attempts whose time is over, and ends upstream what they got and nobody took. How many there were."""
    count = 0
    for attempt in ConnectionAttempt.objects.filter(expires_at__lte=timezone.now()).iterator():
        try:
            pending = attempt.pending_tokens.unseal()
        except SecretUnreadable:  # nobody can use it any more, so it does not have to stay
            pending = ""
        if pending:
            PARTNERS[System(attempt.system)].let_go(json.loads(pending)[1], attempt.returned_user_id)
        attempt.delete()
        count += 1
    return count


def _activate(actor: Actor, attempt: ConnectionAttempt, access_token: str, refresh_token: str) -> Connection:
    system = System(attempt.system)
    connection = Connection.objects.select_for_update().get(pk=connection_for(actor.user, system).pk)
    if system == System.SALESFORCE:
        connection.salesforce_org = _org(actor, attempt)
    grant = broker.Confirmed(
        access_token=access_token,
        refresh_token=refresh_token,
        expires_at=attempt.access_expires_at,
        instance_url=attempt.instance_url,
        granted_scopes=attempt.granted_scopes,
        user_id=attempt.returned_user_id,
        username=attempt.returned_username,
    )
    broker.activate(connection, grant)
    record_own(actor, "connection.connected", ("connection", connection.pk), system=system, user=actor.user.pk)
    return connection


def _org(actor: Actor, attempt: ConnectionAttempt) -> SalesforceOrg:
    org, made = SalesforceOrg.objects.get_or_create(
        organisation=actor.organisation,
        org_id=attempt.returned_org_id,
        defaults={"instance_url": attempt.instance_url},
    )
    if not made and org.instance_url != attempt.instance_url:
        org.instance_url = attempt.instance_url
        org.save(update_fields=["instance_url"])
    return org


def _refused(attempt: ConnectionAttempt, reason: str, system: System) -> ConnectingRefused:
    """Recorded once at most for each attempt: its answer was taken before."""
    with transaction.atomic():
        record(
            "connection.refused",
            root=attempt.organisation.resource_id,
            by=as_user(attempt.user),
            on=("connection", ""),
            detail={"system": system, "reason": reason, "user": attempt.user_id},
        )
    return ConnectingRefused(reason, system, attempt.extension_id)


def _alive(system: System) -> QuerySet[ConnectionAttempt]:
    return ConnectionAttempt.objects.filter(
        expires_at__gt=timezone.now(), finished_at__isnull=True, user__is_active=True, system=system
    )


def _take(asked: Q, reason: str, system: System, **step: object) -> ConnectionAttempt:
    """The one attempt that fits, after the step was taken on it; of two at once one is refused.

    The rest of the request is for its organisation.
    """
    with isolation.every_organisation("the secret says whose attempt it is"):
        attempts = _alive(system).filter(asked)
        attempt = attempts.select_related("user").first()
        if attempt is None or attempts.filter(pk=attempt.pk).update(**step) != 1:
            raise ConnectingRefused(reason, system)
    isolation.enter(attempt.organisation_id)
    for name, value in step.items():
        setattr(attempt, name, value)
    return attempt
