"""What differs between the systems that the dialog connects. `connecting` takes the steps, these speak to the provider.

authorize_url ──► the person at the provider ──► receive(code) ──► Returned: tokens, and whose they are
                                                      └── TurnedAway(reason): a name of `connecting`'s sentences
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import structlog
from django.conf import settings
from django.utils import timezone

from accounts import google, salesforce
from accounts.errors import ProviderUnavailable
from accounts.models import AddressAlias, Connection, ConnectionAttempt, InternalDomain, System, User
from accounts.signing_keys import TokenRefused

log = structlog.get_logger("accounts.connecting")


class TurnedAway(Exception):
    """The answer leads to no connection. `letting_go` are the tokens to end, with whose they are."""

    def __init__(self, reason: str, letting_go: tuple[str, str] = ("", "")) -> None:
        super().__init__(reason)
        self.reason = reason
        self.letting_go = letting_go


@dataclass(frozen=True, slots=True, repr=False)
class Returned:
    """Tokens, and whose they are in the provider's words. What a system does not have is empty."""

    access_token: str
    refresh_token: str
    user_id: str
    username: str
    name: str = ""
    expires_at: datetime | None = None
    instance_url: str = ""
    org_id: str = ""
    granted_scopes: str = ""


class Partner(Protocol):
    system: System

    def authorize_url(self, user: User, *, state: str, verifier: str, nonce: str) -> str: ...

    def is_issuer(self, issuer: str) -> bool: ...

    def receive(self, user: User, code: str, *, verifier: str, nonce: str) -> Returned:
        """Raises TurnedAway."""

    def let_go(self, token: str, user_id: str) -> bool:
        """Ends a grant that nobody took, unless ending it would end a standing one; whether that was confirmed."""

    def revoke(self, token: str) -> bool:
        """Ends a grant; whether the provider confirmed it."""


class SalesforcePartner:
    system = System.SALESFORCE

    def authorize_url(self, user: User, *, state: str, verifier: str, nonce: str) -> str:
        known = standing(user, self.system)
        hint = user.salesforce_username or (known.external_username if known else "")
        return salesforce.authorize_url(state=state, verifier=verifier, login_hint=hint)

    def is_issuer(self, issuer: str) -> bool:
        return issuer.rstrip("/") == salesforce.issuer()

    def receive(self, user: User, code: str, *, verifier: str, nonce: str) -> Returned:
        try:
            grant = salesforce.exchange(code, verifier)
            person = salesforce.person(grant)
        except salesforce.GrantRefused:
            raise TurnedAway("grant") from None
        except salesforce.AnswerRefused as refused:
            log.warning("salesforce.answer_refused", rule=refused.rule)
            raise TurnedAway("issuer" if refused.rule in ("issuer", "signature") else "answer") from None
        except ProviderUnavailable:
            raise TurnedAway("unavailable") from None
        if not self._is_expected(user, person):
            raise TurnedAway("other-user", (grant.refresh_token, person.user_id))
        return Returned(
            grant.access_token,
            grant.refresh_token,
            person.user_id,
            person.username,
            person.name,
            instance_url=grant.instance_url,
            org_id=person.org_id,
        )

    def let_go(self, token: str, user_id: str) -> bool:
        return self.revoke(token)

    def revoke(self, token: str) -> bool:
        return salesforce.revoke(token)

    def _is_expected(self, user: User, person: salesforce.Person) -> bool:
        """The user that an administrator named; and while a connection stands, the one it stands for."""
        if user.salesforce_username and user.salesforce_username.lower() != person.username.lower():
            return False
        known = standing(user, self.system)
        if known is None or known.salesforce_org is None:
            return True
        return (known.salesforce_org.org_id, known.external_user_id) == (person.org_id, person.user_id)


class GooglePartner:
    system = System.GOOGLE

    def authorize_url(self, user: User, *, state: str, verifier: str, nonce: str) -> str:
        known = standing(user, self.system)
        hint = user.google_address or (known.external_username if known else user.email)
        return google.authorize_url(state=state, verifier=verifier, nonce=nonce, login_hint=hint)

    def is_issuer(self, issuer: str) -> bool:
        return issuer in google.ISSUERS

    def receive(self, user: User, code: str, *, verifier: str, nonce: str) -> Returned:
        try:
            grant = google.exchange(code, verifier)
            identity = google.check_id_token(grant.id_token, settings.GOOGLE_CLIENT_ID, nonce)
        except google.GrantRefused:
            raise TurnedAway("grant") from None
        except (google.AnswerRefused, TokenRefused) as refused:
            log.warning("google.answer_refused", rule=refused.rule)
            raise TurnedAway("issuer" if refused.rule in ("iss", "signature", "kid") else "answer") from None
        except ProviderUnavailable:
            raise TurnedAway("unavailable") from None
        refusal = self._refusal(user, identity, grant.scopes or ())
        if refusal:
            raise TurnedAway(refusal, (grant.refresh_token, identity.sub))
        return Returned(
            grant.access_token,
            grant.refresh_token,
            identity.sub,
            identity.email,
            expires_at=grant.expires_at,
            granted_scopes=" ".join(grant.scopes or ()),
        )

    def let_go(self, token: str, user_id: str) -> bool:
        """Ending one of an account's tokens ends them all, a colleague's standing connection and an earlier one too."""
        needed = Connection.objects.filter(system=self.system, external_user_id=user_id, state=Connection.State.ACTIVE)
        waiting = ConnectionAttempt.objects.filter(
            system=self.system, returned_user_id=user_id, finished_at__isnull=True, expires_at__gt=timezone.now()
        )
        if needed.exists() or waiting.exists():
            return False
        return self.revoke(token)

    def revoke(self, token: str) -> bool:
        return google.revoke(token)

    def _refusal(self, user: User, identity: google.Identity, scopes: tuple[str, ...]) -> str:
        """Why this account is not connected, or nothing."""
        if identity.email.lower() not in _addresses(user):
            return "other-account"
        if not identity.vouched or not self._is_own_domain(user, identity.hosted_domain):
            return "other-domain"
        known = standing(user, self.system)
        if known is not None and known.external_user_id != identity.sub:
            return "other-account"
        if user.google_sub and user.google_sub != identity.sub:
            return "other-account"
        return "" if google.reads_mail(scopes) else "mail-not-granted"

    def _is_own_domain(self, user: User, hosted_domain: str) -> bool:
        """An account that another Workspace manages is not the organisation's, whatever its address."""
        if not hosted_domain or user.google_address:
            return True
        parts = hosted_domain.split(".")
        names = [".".join(parts[place:]) for place in range(len(parts) - 1)]
        return InternalDomain.objects.filter(organisation=user.organisation_id, domain__in=names).exists()


PARTNERS: Final[dict[System, Partner]] = {partner.system: partner for partner in (SalesforcePartner(), GooglePartner())}


def standing(user: User, system: System) -> Connection | None:
    """The connection that the user has or had, until they disconnect it."""
    return (
        Connection.objects.filter(user=user, system=system)
        .exclude(state=Connection.State.DISCONNECTED)
        .exclude(external_user_id="")
        .select_related("salesforce_org")
        .first()
    )


def _addresses(user: User) -> set[str]:
    """Addresses of accounts that may be connected: the one that an administrator named, else the user's own."""
    if user.google_address:
        return {user.google_address.lower()}
    aliases = AddressAlias.objects.filter(user=user).values_list("address", flat=True)
    return {user.email.lower(), *(alias.lower() for alias in aliases)}
