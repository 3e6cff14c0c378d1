"""Pane sessions: begun with a Microsoft access token, 15 minutes long, ended at once when asked.

A page in a browser's tab gets one of its own with a ticket, which a pane asks for. It asks for no further ticket: once
its session is over, the person opens it from the pane again. A ticket for the administration pages begins a session
with a cookie there (`accounts.administration.entering`), and is good for nothing else.

An organisation may have people of its provisioned tenants made users at their first sign-in (`provision_users`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import cookie_sessions, microsoft
from accounts.actor import Actor
from accounts.models import MicrosoftTenant, Organisation, PaneSession, SessionTicket, User
from accounts.onetime import digest, new_secret
from accounts.services import create_user
from accounts.trail import as_user, root_of
from permissions import isolation, policy
from permissions.audit.recording import PRODUCT, Doer, record

SESSION_SECONDS: Final = 15 * 60
TICKET_SECONDS: Final = 60
#: The client of sessions that were begun with a ticket.
PAGE: Final = "page"
#: Rows of ended sessions are kept so long, so that a late request reads "ended" and not "unknown".
KEEP_ENDED: Final = timedelta(days=1)

log = structlog.get_logger("accounts.signing_in")


class UnknownUser(Exception):
    """Microsoft knows who it is, the organisation has no such user."""

    def __init__(self, organisation: Organisation | None = None) -> None:
        super().__init__()
        self.organisation = organisation


class TicketRefused(Exception):
    """A ticket that was used, is too old or never was; or one that is asked for where none is given."""


def identify(token: str) -> tuple[microsoft.Identity, User]:
    """Who brings the token. Raises microsoft.TokenRefused, UnknownUser, ProviderUnavailable."""
    with isolation.every_organisation("whose tenant it is"):
        identity = microsoft.check_access_token(
            token, is_provisioned=lambda tenant_id: MicrosoftTenant.objects.filter(tenant_id=tenant_id).exists()
        )
        organisation = Organisation.objects.get(microsoft_tenants__tenant_id=identity.tenant_id)
    isolation.enter(organisation.pk)
    user = _user(identity) or (_provisioned(organisation, identity) if organisation.provision_users else None)
    if user is None or not user.is_active or user.organisation_id != organisation.pk:
        raise UnknownUser(organisation)
    return identity, user


def begin_session(user: User, *, client: str) -> tuple[str, Actor]:
    """(the session's token, which exists nowhere else, and who acts with it). Raises UnknownUser for an operator."""
    if user.organisation is None:
        raise UnknownUser
    token = new_secret()
    session = PaneSession(
        organisation=user.organisation,
        user=user,
        token_hash=digest(token),
        client=client,
        expires_at=timezone.now() + timedelta(seconds=SESSION_SECONDS),
    )
    with transaction.atomic():
        session.save(force_insert=True)
        detail = {"client": client}
        root = user.organisation.resource_id
        record("session.begun", root=root, by=as_user(user), on=("session", session.pk), detail=detail)
    log.info("session.begun", user=str(user.pk), client=client)
    return token, Actor.of(user, session)


def issue_ticket(actor: Actor, purpose: SessionTicket.Purpose = SessionTicket.Purpose.PAGE) -> str:
    """A ticket for one more session of the actor. Raises TicketRefused for a session that was begun with one,
    policy.Denied for the administration pages where the actor may not enter them.
    """
    if actor.session is None or actor.session.client == PAGE:
        raise TicketRefused
    if purpose == SessionTicket.Purpose.ADMINISTRATION and not may_administer(actor):
        raise policy.Denied("administration.enter")
    ticket = new_secret()
    SessionTicket.objects.create(
        organisation=actor.organisation,
        user=actor.user,
        token_hash=digest(ticket),
        purpose=purpose,
        expires_at=timezone.now() + timedelta(seconds=TICKET_SECONDS),
    )
    return ticket


def redeem_ticket(ticket: str) -> tuple[str, Actor]:
    """A session for a ticket, as `begin_session`. Raises TicketRefused."""
    return begin_session(spend_ticket(ticket, SessionTicket.Purpose.PAGE), client=PAGE)


def spend_ticket(ticket: str, purpose: SessionTicket.Purpose) -> User:
    """Whose ticket it was; it is spent. Raises TicketRefused; of two at once one is refused."""
    now = timezone.now()
    with isolation.every_organisation("whose ticket it is"):
        good = SessionTicket.objects.filter(
            token_hash=digest(ticket), purpose=purpose, used_at__isnull=True, expires_at__gt=now
        )
        row = good.select_related("user__organisation", "user__resource").first()
        if row is None or not good.filter(pk=row.pk).update(used_at=now):
            raise TicketRefused
    isolation.enter(row.organisation_id)
    if not row.user.is_active or row.user.organisation_id != row.organisation_id:
        raise TicketRefused
    return row.user


def may_administer(actor: Actor) -> bool:
    """Whether the administration pages are for them, whatever they may see there."""
    return policy.somewhere(actor.principal_id, "administration.enter", actor.organisation.resource_id)


@transaction.atomic
def end_session(session: PaneSession) -> None:
    """By its own user. Ending it twice keeps the first moment."""
    standing = PaneSession.objects.filter(pk=session.pk, revoked_at__isnull=True)
    if standing.update(revoked_at=timezone.now()):
        user = session.user
        record("session.ended", root=root_of(user), by=as_user(user), on=("session", session.pk))


@transaction.atomic
def end_sessions_of(user: User, *, by: Doer = PRODUCT) -> int:
    """All of a user's sessions, at once; how many there were. Tickets that were asked for are good no more.

    Those of the administration pages too: otherwise one would go on where the user is let in again within a day.
    """
    SessionTicket.objects.filter(user=user).delete()
    count = PaneSession.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=timezone.now())
    count += cookie_sessions.end_of(user)
    if count:
        record("session.revoked", root=root_of(user), by=by, on=("user", user.pk), detail={"sessions": count})
    return count


def drop_ended_sessions() -> int:
    """Deletes sessions that ended a day ago; how many. Tickets, which live a minute, go with them."""
    SessionTicket.objects.filter(expires_at__lte=timezone.now()).delete()
    return PaneSession.objects.filter(expires_at__lte=timezone.now() - KEEP_ENDED).delete()[0]


def _user(identity: microsoft.Identity) -> User | None:
    return (
        User.objects.select_related("organisation", "resource")
        .filter(microsoft_tenant_id=identity.tenant_id, microsoft_oid=identity.oid)
        .first()
    )


def _provisioned(organisation: Organisation, identity: microsoft.Identity) -> User | None:
    """None where the address is missing or taken: an address alone never makes somebody that user."""
    if "@" not in identity.username:
        return None
    try:
        with transaction.atomic():
            return create_user(
                organisation,
                email=identity.username,
                name=identity.name,
                tenant_id=identity.tenant_id,
                oid=identity.oid,
                reason="first sign-in from a provisioned tenant",
            )
    except IntegrityError:
        return _user(identity)
