"""Who a Google ID token of the browser extension is of: a user of ours, by Google's `sub`, never by an address.

    token ──► rules of `accounts.google` ──► `hd` is a domain of an organisation ──► user with that `sub`
                                                        └─► nobody yet: whom an administrator entered under that address
                                                            └─► nobody: made, where the organisation wants that

An administrator's entry is bound to the `sub` that comes first, once: whoever gets the address later is not that user.
https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
"""

from __future__ import annotations

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import google
from accounts.models import Connection, GoogleDomain, Organisation, System, User
from accounts.services import create_user
from accounts.signing_in import UnknownUser
from accounts.signing_keys import TokenRefused
from accounts.trail import as_user
from permissions import isolation
from permissions.audit.recording import record

log = structlog.get_logger("accounts.signing_in")


def identify(token: str, nonce: str) -> User:
    """Who brings the token. Raises TokenRefused, UnknownUser, ProviderUnavailable."""
    identity = google.check_id_token(token, settings.GOOGLE_CLIENT_ID, nonce)
    if not identity.hosted_domain:
        raise TokenRefused("hd")
    with isolation.every_organisation("whose domain it is"):
        domain = GoogleDomain.objects.filter(domain=identity.hosted_domain).select_related("organisation").first()
    if domain is None:
        raise TokenRefused("hd")
    organisation = domain.organisation
    isolation.enter(organisation.pk)
    user = _known(identity) or _bound(organisation, identity)
    if user is None and organisation.provision_users:
        user = _made(organisation, identity)
    if user is None or not user.is_active or user.organisation_id != organisation.pk:
        raise UnknownUser(organisation)
    return user


def _known(identity: google.Identity) -> User | None:
    return User.objects.select_related("organisation", "resource").filter(google_sub=identity.sub).first()


def _bound(organisation: Organisation, identity: google.Identity) -> User | None:
    """The user that an administrator entered under this address and that nobody has signed in as; bound from now on.

    A user whom Microsoft made known is bound only where an administrator named the Google account: the address that
    Microsoft told of them is no proof to Google.
    """
    if not _is_of(organisation, identity):
        return None
    named = Q(google_address__iexact=identity.email)
    entered = Q(google_address="", microsoft_oid="", email__iexact=identity.email)
    waiting = User.objects.filter(named | entered, organisation=organisation, google_sub="", is_active=True)
    found = list(waiting.select_related("organisation", "resource")[:2])
    if len(found) != 1:
        return None
    user = found[0]
    other = Connection.objects.filter(user=user, system=System.GOOGLE).exclude(external_user_id__in=("", identity.sub))
    if other.exclude(state=Connection.State.DISCONNECTED).exists():
        return None
    try:
        with transaction.atomic():
            if User.objects.filter(pk=user.pk, google_sub="").update(google_sub=identity.sub) != 1:
                return _known(identity)
            record(
                "user.bound",
                root=organisation.resource_id,
                by=as_user(user),
                on=("user", user.pk),
                detail={"system": System.GOOGLE, "user": user.pk},
            )
    except IntegrityError:  # somebody else was bound to this `sub` meanwhile
        return _known(identity)
    user.google_sub = identity.sub
    log.info("user.bound", user=str(user.pk), system=System.GOOGLE)
    return user


def _made(organisation: Organisation, identity: google.Identity) -> User | None:
    """None where the address is taken: an address alone never makes somebody that user."""
    if not _is_of(organisation, identity):
        return None
    try:
        with transaction.atomic():
            return create_user(
                organisation,
                email=identity.email,
                name=identity.name,
                google_sub=identity.sub,
                reason="first sign-in from an allowed Google domain",
            )
    except IntegrityError:
        return _known(identity)


def _is_of(organisation: Organisation, identity: google.Identity) -> bool:
    """Whether the address is in a domain that the organisation named: a Workspace may hold others besides."""
    domain = identity.email.rpartition("@")[2].lower()
    return GoogleDomain.objects.filter(organisation=organisation, domain=domain).exists()
