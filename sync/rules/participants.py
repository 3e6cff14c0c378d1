"""Who takes part in an email: every address once, in order, and whether the organisation counts it as its own.

From, Sender, Reply-To ──► To ──► Cc ──► Bcc (in the sender's own copy only)
     each address: internal?  ──► blocked by the organisation?  ──► blocked by the user?  ──► external
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from sync.mail import Address, Message, MessageHint
from sync.rules.addresses import ascii_domain, domain_of, is_no_reply, normalise, parents, without_tag


@dataclass(frozen=True, slots=True)
class Party:
    """What an organisation and one of its users say about addresses.

    `internal_addresses` are addresses and aliases of all users, `own_addresses` those of this one. Entries of the block
    lists are addresses or domains, a domain with its subdomains; `*.d` and `@d` are read as `d`.
    """

    internal_domains: frozenset[str] = frozenset()
    internal_addresses: frozenset[str] = frozenset()
    own_addresses: frozenset[str] = frozenset()
    blocked_by_organisation: frozenset[str] = frozenset()
    blocked_by_user: frozenset[str] = frozenset()


class Standing(StrEnum):
    EXTERNAL = "external"
    INTERNAL = "internal"
    BLOCKED_BY_ORGANISATION = "blocked-by-organisation"
    BLOCKED_BY_USER = "blocked-by-user"


@dataclass(frozen=True, slots=True)
class Participant:
    """One address of an email. `role` is From, Sender, Reply-To, To, Cc or Bcc: the first it stands in."""

    address: str
    name: str
    role: str
    standing: Standing


def participants(mail: Message | MessageHint, party: Party, *, own_copy_bcc: bool = True) -> tuple[Participant, ...]:
    """Everybody of an email in the order sender, To, Cc, Bcc; whoever stands in it twice, at the first place.

    A no-reply From gives way to an external Reply-To. Bcc counts in the sender's own copy, and with
    `own_copy_bcc=False` not there either.
    """
    found: dict[str, Participant] = {}
    for role, one in _addresses(mail, party, own_copy_bcc):
        address = normalise(one.address)
        if address is None:
            continue
        known = found.get(address)
        if known is None:
            found[address] = Participant(address, one.name, role, standing(address, party))
        elif one.name and not known.name:
            found[address] = replace(known, name=one.name)
    return tuple(found.values())


def with_mailbox(party: Party, address: str) -> Party:
    """The same with a mailbox that the email is open in, and that is not the person's own: it is no correspondent."""
    known = normalise(address)
    return replace(party, internal_addresses=party.internal_addresses | {known}) if known else party


def standing(address: str, party: Party) -> Standing:
    """What a normalised address is to the organisation. Its own count as internal even where a list blocks them."""
    if any(
        listed(address, entries) for entries in (party.internal_domains, party.internal_addresses, party.own_addresses)
    ):
        return Standing.INTERNAL
    if listed(address, party.blocked_by_organisation):
        return Standing.BLOCKED_BY_ORGANISATION
    if listed(address, party.blocked_by_user):
        return Standing.BLOCKED_BY_USER
    return Standing.EXTERNAL


def listed(address: str, entries: frozenset[str]) -> bool:
    """Whether an address stands in a list: itself, without its tag, or by its domain or one above."""
    return not _entries(entries).isdisjoint(_spellings(address))


@lru_cache(maxsize=4096)
def _spellings(address: str) -> frozenset[str]:
    """What a list may hold that means an address: itself, without its tag, its domain and each one above."""
    return frozenset({address, without_tag(address), *parents(domain_of(address))})


def domain_listed(domain: str, entries: frozenset[str]) -> bool:
    """Whether a domain, or one above it, is an entry of a list."""
    known = _entries(entries)
    return any(parent in known for parent in parents(domain))


def is_own_copy(mail: Message | MessageHint, party: Party) -> bool:
    """Whether the user sent it: From or Sender is an address of their own."""
    senders = (normalise(one.address) for one in (mail.from_, mail.sender) if one)
    own = _entries(party.own_addresses)
    return any(address in own or without_tag(address) in own for address in senders if address)


def _addresses(mail: Message | MessageHint, party: Party, own_copy_bcc: bool) -> Iterator[tuple[str, Address]]:
    if mail.from_ is not None and not _gives_way(mail, party):
        yield "From", mail.from_
    if mail.sender is not None:
        yield "Sender", mail.sender
    for role, addresses in (("Reply-To", mail.reply_to), ("To", mail.to), ("Cc", mail.cc)):
        for one in addresses:
            yield role, one
    if own_copy_bcc and is_own_copy(mail, party):
        for one in mail.bcc:
            yield "Bcc", one


def _gives_way(mail: Message | MessageHint, party: Party) -> bool:
    """Whether nobody reads From, and somebody outside reads Reply-To."""
    if mail.from_ is None or not is_no_reply(mail.from_.address):
        return False
    replies = (normalise(one.address) for one in mail.reply_to)
    return any(
        address and not is_no_reply(address) and standing(address, party) is Standing.EXTERNAL for address in replies
    )


@lru_cache(maxsize=256)
def _entries(entries: frozenset[str]) -> frozenset[str]:
    """The entries in the spelling in which addresses are compared; what is neither address nor domain is left out."""
    return frozenset(read for entry in entries if (read := read_entry(entry)))


def read_entry(entry: str) -> str | None:
    """An address or a domain as a list holds it, in its one spelling; None for what is neither."""
    text = entry.strip().lower()
    local, at, domain = text.rpartition("@")
    if at and local not in {"", "*"}:
        return normalise(text)
    return ascii_domain(domain.removeprefix("*.").removeprefix("."))
