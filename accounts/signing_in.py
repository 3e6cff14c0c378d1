"""Pane sessions: begun with a Microsoft access token, 15 minutes long, ended at once when asked.

An organisation may have people of its provisioned tenants made users at their first sign-in (`provision_users`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import microsoft
from accounts.actor import Actor
from accounts.models import MicrosoftTenant, Organisation, PaneSession, User
from accounts.onetime import digest, new_secret
from accounts.services import create_user

SESSION_SECONDS: Final = 15 * 60
#: Rows of ended sessions are kept so long, so that a late request reads "ended" and not "unknown".
KEEP_ENDED: Final = timedelta(days=1)

log = structlog.get_logger("accounts.signing_in")


class UnknownUser(Exception):
    """Microsoft knows who it is, the organisation has no such user."""


def identify(token: str) -> tuple[microsoft.Identity, User]:
    """Who brings the token. Raises microsoft.TokenRefused, UnknownUser, ProviderUnavailable."""
    identity = microsoft.check_access_token(
        token, is_provisioned=lambda tenant_id: MicrosoftTenant.objects.filter(tenant_id=tenant_id).exists()
    )
    organisation = Organisation.objects.get(microsoft_tenants__tenant_id=identity.tenant_id)
    user = _user(identity) or (_provisioned(organisation, identity) if organisation.provision_users else None)
    if user is None or not user.is_active or user.organisation_id != organisation.pk:
        raise UnknownUser
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
    session.save(force_insert=True)
    log.info("session.begun", user=str(user.pk), client=client)
    return token, Actor.of(user, session)


def end_session(session: PaneSession) -> None:
    PaneSession.objects.filter(pk=session.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())


def end_sessions_of(user: User) -> int:
    """All of a user's sessions, at once; how many there were."""
    return PaneSession.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=timezone.now())


def drop_ended_sessions() -> int:
    """Deletes sessions that ended a day ago; how many."""
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
