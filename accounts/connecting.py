"""Connecting and disconnecting Salesforce: the steps of a `ConnectionAttempt`, each taken once.

    pane     begin ──► ticket
    dialog       open_ticket ──► Salesforce ──► returned ──► confirm ──► code ──messageParent──┐
    pane                                                                     finish(code) ◄─────┘

What ties it together: the ticket is the pane's, the state goes through Salesforce, the confirmation is the person's,
and the code takes effect only with the bearer of the user who began. Somebody who is lured into another's dialog
confirms nothing that anybody can use.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import broker, salesforce
from accounts.actor import Actor
from accounts.crypto import SecretUnreadable
from accounts.errors import ProviderUnavailable
from accounts.models import Connection, ConnectionAttempt, SalesforceOrg, System, User
from accounts.onetime import digest, new_secret
from accounts.services import connection_for

ATTEMPT_MINUTES: Final = 10

log = structlog.get_logger("accounts.connecting")

_SENTENCES: Final = {
    "link-used": _("This link has been used or is too old. Press Connect again."),
    "state": _("This answer does not belong to a connection that was begun here. Press Connect again."),
    "denied": _("Salesforce was not connected: access was not allowed."),
    "provider": _("Salesforce could not go on with the sign-in. Press Connect again, or ask your administrator."),
    "issuer": _("The answer did not come from the Salesforce that was asked. Nothing was connected."),
    "answer": _("Salesforce's answer did not fit what was asked. Nothing was connected."),
    "grant": _("Salesforce did not take the sign-in. Press Connect again."),
    "unavailable": _("Salesforce did not answer. Press Connect again in a moment."),
    "other-user": _(
        "Another Salesforce user signed in than the one that belongs to you here. Sign out of Salesforce in this "
        "browser, then press Connect again."
    ),
    "code": _("This confirmation has been used, is too old, or is not yours. Press Connect again."),
}


class ConnectingRefused(Exception):
    """A step that is not taken. `reason` is for programs, `sentence` for the person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sentence = str(_SENTENCES[reason])


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """What the person is asked: may this Salesforce user be connected to that user of ours?"""

    secret: str
    salesforce_name: str
    salesforce_username: str
    email: str


def begin(actor: Actor) -> str:
    """A ticket, good for one visit within ten minutes."""
    ticket = new_secret()
    ConnectionAttempt.objects.create(
        organisation=actor.organisation,
        user=actor.user,
        system=System.SALESFORCE,
        ticket_hash=digest(ticket),
        expires_at=timezone.now() + timedelta(minutes=ATTEMPT_MINUTES),
    )
    return ticket


def open_ticket(ticket: str) -> str:
    """Salesforce's address to go to. Raises ConnectingRefused."""
    attempts = _alive().filter(ticket_hash=digest(ticket), opened_at__isnull=True)
    attempt = _take(attempts, "link-used", opened_at=timezone.now())
    state, verifier = new_secret(), new_secret()
    attempt.state_hash = digest(state)
    attempt.verifier = verifier
    attempt.save(update_fields=["state_hash", "verifier"])
    return salesforce.authorize_url(state=state, verifier=verifier, login_hint=_expected_username(attempt.user))


def returned(*, state: str, code: str, error: str, issuer: str | None) -> Question:
    """What Salesforce sent back, turned into the question to the person. Raises ConnectingRefused."""
    attempts = _alive().filter(state_hash=digest(state), used_at__isnull=True)
    attempt = _take(attempts, "state", used_at=timezone.now())
    if error:
        raise ConnectingRefused("denied" if error == "access_denied" else "provider")
    if issuer is not None and issuer.rstrip("/") != salesforce.issuer():
        raise ConnectingRefused("issuer")
    try:
        grant = salesforce.exchange(code, attempt.verifier.unseal())
        person = salesforce.person(grant)
    except salesforce.GrantRefused:
        raise ConnectingRefused("grant") from None
    except salesforce.AnswerRefused as refused:
        log.warning("salesforce.answer_refused", rule=refused.rule)
        raise ConnectingRefused("issuer" if refused.rule in ("issuer", "signature") else "answer") from None
    except ProviderUnavailable:
        raise ConnectingRefused("unavailable") from None
    if not _is_expected(attempt.user, person):
        salesforce.revoke(grant.refresh_token)
        raise ConnectingRefused("other-user")
    secret = new_secret()
    attempt.pending_tokens = json.dumps([grant.access_token, grant.refresh_token])
    attempt.instance_url = grant.instance_url
    attempt.returned_org_id, attempt.returned_user_id = person.org_id, person.user_id
    attempt.returned_username, attempt.returned_name = person.username, person.name
    attempt.confirm_hash = digest(secret)
    attempt.verifier = ""
    attempt.save()
    return Question(secret, person.name, person.username, attempt.user.email)


def confirm(secret: str) -> str:
    """The person said yes: a code for the pane. Raises ConnectingRefused."""
    code = new_secret()
    attempts = _alive().filter(confirm_hash=digest(secret))
    _take(attempts, "link-used", confirm_hash=None, code_hash=digest(code))
    return code


def finish(actor: Actor, code: str) -> Connection:
    """The pane brings the code, and only now the connection stands. Raises ConnectingRefused.

    A code in another user's hands is spent without effect: it was not theirs to have.
    """
    with transaction.atomic():
        attempts = _alive().select_for_update(of=("self",)).filter(code_hash=digest(code), finished_at__isnull=True)
        attempt = attempts.first()
        if attempt is None:
            raise ConnectingRefused("code")
        access_token, refresh_token = json.loads(attempt.pending_tokens.unseal())
        mine = attempt.user_id == actor.user.pk and attempt.organisation_id == actor.organisation.pk
        attempt.finished_at = timezone.now()
        attempt.pending_tokens = ""
        attempt.save(update_fields=["finished_at", "pending_tokens"])
        connection = _activate(actor, attempt, access_token, refresh_token) if mine else None
    if connection is None:
        salesforce.revoke(refresh_token)
        log.warning("salesforce.code_of_another_user")
        raise ConnectingRefused("code")
    log.info("salesforce.connected", connection=str(connection.pk))
    return connection


def disconnect(user: User) -> bool:
    """Forgets the tokens, then ends the grant upstream; whether Salesforce confirmed that it has ended."""
    connection = Connection.objects.filter(user=user, system=System.SALESFORCE).first()
    ending = broker.forget(connection) if connection is not None else ""
    return salesforce.revoke(ending) if ending else True


def drop_expired() -> int:
    """Deletes attempts whose time is over, and ends upstream what they got and nobody took. How many there were."""
    count = 0
    for attempt in ConnectionAttempt.objects.filter(expires_at__lte=timezone.now()).iterator():
        try:
            pending = attempt.pending_tokens.unseal()
        except SecretUnreadable:  # nobody can use it any more, so it does not have to stay
            pending = ""
        if pending:
            salesforce.revoke(json.loads(pending)[1])
        attempt.delete()
        count += 1
    return count


def _activate(actor: Actor, attempt: ConnectionAttempt, access_token: str, refresh_token: str) -> Connection:
    org, made = SalesforceOrg.objects.get_or_create(
        organisation=actor.organisation,
        org_id=attempt.returned_org_id,
        defaults={"instance_url": attempt.instance_url},
    )
    if not made and org.instance_url != attempt.instance_url:
        org.instance_url = attempt.instance_url
        org.save(update_fields=["instance_url"])
    connection = Connection.objects.select_for_update().get(pk=connection_for(actor.user, System.SALESFORCE).pk)
    connection.salesforce_org = org
    grant = salesforce.Grant(
        access_token, refresh_token, attempt.instance_url, attempt.returned_org_id, attempt.returned_user_id
    )
    person = salesforce.Person(
        attempt.returned_org_id, attempt.returned_user_id, attempt.returned_username, attempt.returned_name
    )
    broker.activate_salesforce(connection, grant, person)
    return connection


def _alive() -> QuerySet[ConnectionAttempt]:
    return ConnectionAttempt.objects.filter(
        expires_at__gt=timezone.now(), finished_at__isnull=True, user__is_active=True, system=System.SALESFORCE
    )


def _take(attempts: QuerySet[ConnectionAttempt], reason: str, **step: object) -> ConnectionAttempt:
    """The one attempt that fits, after the step was taken on it; of two at once one is refused."""
    attempt = attempts.select_related("user").first()
    if attempt is None or attempts.filter(pk=attempt.pk).update(**step) != 1:
        raise ConnectingRefused(reason)
    for name, value in step.items():
        setattr(attempt, name, value)
    return attempt


def _standing(user: User) -> Connection | None:
    return (
        Connection.objects.filter(user=user, system=System.SALESFORCE)
        .exclude(state=Connection.State.DISCONNECTED)
        .exclude(external_user_id="")
        .select_related("salesforce_org")
        .first()
    )


def _expected_username(user: User) -> str:
    standing = _standing(user)
    return user.salesforce_username or (standing.external_username if standing else "")


def _is_expected(user: User, person: salesforce.Person) -> bool:
    """The user that an administrator named; and while a connection stands, the one it stands for."""
    if user.salesforce_username and user.salesforce_username.lower() != person.username.lower():
        return False
    standing = _standing(user)
    if standing is None or standing.salesforce_org is None:
        return True
    return (standing.salesforce_org.org_id, standing.external_user_id) == (person.org_id, person.user_id)
