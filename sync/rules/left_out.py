"""Which of an email's addresses are not looked up in Salesforce, by which rule: the pane names each with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sync.rules.addresses import domain_of, is_shared_domain, normalise
from sync.rules.participants import Participant, Party, Standing, listed
from sync.rules.people import Matches


class Reason(StrEnum):
    """`FREE_MAIL_DOMAIN` concerns a domain: no account is proposed by it, its people are looked up all the same."""

    OWN_ADDRESS = "own-address"
    SHARED_MAILBOX = "shared-mailbox"
    BLOCKED_BY_ORGANISATION = "blocked-by-organisation"
    BLOCKED_BY_USER = "blocked-by-user"
    FREE_MAIL_DOMAIN = "free-mail-domain"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An address, or a domain, as it is shown; `name` is who it belongs to, or empty."""

    text: str
    name: str
    reason: Reason


def left_out(
    participants: Sequence[Participant], party: Party, matches: Matches, shared_mailbox: str = ""
) -> tuple[LeftOut, ...]:
    """In the order of the email, the domains last. `shared_mailbox` is the address of the mailbox the email is open in,
    where it is not the person's own. Colleagues are named elsewhere.
    """
    shared = normalise(shared_mailbox)
    addresses = [
        LeftOut(one.address, one.name, reason)
        for one in participants
        if (reason := _reason(one, party, shared)) is not None
    ]
    return (*addresses, *(LeftOut(domain, "", Reason.FREE_MAIL_DOMAIN) for domain in _free_mail(matches)))


def is_left_out(participant: Participant, found: Sequence[LeftOut]) -> bool:
    return any(one.text == participant.address for one in found)


def _reason(one: Participant, party: Party, shared: str | None) -> Reason | None:
    if one.standing is Standing.BLOCKED_BY_ORGANISATION:
        return Reason.BLOCKED_BY_ORGANISATION
    if one.standing is Standing.BLOCKED_BY_USER:
        return Reason.BLOCKED_BY_USER
    if one.standing is not Standing.INTERNAL:
        return None
    if listed(one.address, party.own_addresses):
        return Reason.OWN_ADDRESS
    return Reason.SHARED_MAILBOX if one.address == shared else None


def _free_mail(matches: Matches) -> Iterator[str]:
    """The domains by which an account would be proposed if anybody could not have an address there."""
    without = [one.address for one in matches.unknown]
    without += [one.participant.address for one in matches.people if not one.person.account_id]
    domains = (domain_of(address) for address in without)
    yield from dict.fromkeys(domain for domain in domains if is_shared_domain(domain))
