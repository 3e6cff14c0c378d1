"""Which person in Salesforce an address is.

    exact Contact ─► exact Lead ─► Contact that a converted Lead became ─► Person Account ─► another email field
        first for the address as it stands, then for the address without its tag

Salesforce takes several contacts for one activity, or one lead: where a contact is matched, leads are shown only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sync.crm import CrmContext, ObjectName, Person
from sync.rules.addresses import domain_of, is_shared_domain, registrable_domain, without_tag
from sync.rules.participants import Participant, Standing

_CONTACT, _LEAD, _BECAME, _PERSON_ACCOUNT, _OTHER_FIELD = range(5)


@dataclass(frozen=True, slots=True)
class PersonMatch:
    """A participant and who it is in Salesforce.

    `alternatives` are the others with this address, the likeliest first, without the chosen one. `linked` is False for
    who is shown and not linked: a lead beside a contact, a further lead, somebody in Bcc. `further` are other
    participants of this email that are the same person.
    """

    participant: Participant
    person: Person
    alternatives: tuple[Person, ...] = ()
    linked: bool = True
    further: tuple[Participant, ...] = ()


@dataclass(frozen=True, slots=True)
class Matches:
    """Everybody of an email, parted: known to Salesforce, unknown, of the organisation, on a block list."""

    people: tuple[PersonMatch, ...] = ()
    unknown: tuple[Participant, ...] = ()
    internal: tuple[Participant, ...] = ()
    blocked: tuple[Participant, ...] = ()

    @property
    def contacts(self) -> tuple[Person, ...]:
        """The linked contacts, in order."""
        return tuple(
            match.person for match in self.people if match.linked and match.person.object_name is ObjectName.CONTACT
        )

    @property
    def lead(self) -> Person | None:
        """The linked lead: then the email takes no business record."""
        return next(
            (match.person for match in self.people if match.linked and match.person.object_name is ObjectName.LEAD),
            None,
        )


def match_people(
    participants: Sequence[Participant],
    crm: CrmContext,
    *,
    salesforce_user_id: str,
    link_bcc: bool = False,
    chosen_of: Callable[[str], str] = lambda _address: "",
) -> Matches:
    """Who the external participants are, in their order, each person once.

    `salesforce_user_id` is the mailbox's user: of several people with one address their own is chosen, else the one
    with the latest activity, else the lowest id; `chosen_of` gives the record that a person has chosen for an address
    before, which goes ahead of all of these. People in Bcc are linked with `link_bcc` only.
    """
    by_address: dict[str, list[Person]] = {}
    for person in crm.people:
        for address in dict.fromkeys(one.lower() for one in person.emails):
            by_address.setdefault(address, []).append(person)
    found: dict[str, PersonMatch] = {}
    unknown: list[Participant] = []
    for participant in participants:
        if participant.standing is not Standing.EXTERNAL:
            continue
        candidates = _candidates(participant.address, by_address, salesforce_user_id)
        if not candidates:
            unknown.append(participant)
            continue
        before = chosen_of(participant.address)
        chosen, *others = sorted(candidates, key=lambda person: person.id != before) if before else candidates
        known = found.get(chosen.id)
        if known is None:
            linked = link_bcc or participant.role != "Bcc"
            found[chosen.id] = PersonMatch(participant, chosen, tuple(others), linked)
        else:
            found[chosen.id] = replace(known, further=(*known.further, participant))
    return Matches(
        people=_linked(list(found.values())),
        unknown=tuple(unknown),
        internal=tuple(one for one in participants if one.standing is Standing.INTERNAL),
        blocked=tuple(one for one in participants if one.standing not in {Standing.INTERNAL, Standing.EXTERNAL}),
    )


def lookup_addresses(participants: Iterable[Participant]) -> tuple[str, ...]:
    """What to ask Salesforce for: each external address, then those without their tags."""
    external = [one.address for one in participants if one.standing is Standing.EXTERNAL]
    return tuple(dict.fromkeys((*external, *(without_tag(address) for address in external))))


def lookup_domains(participants: Iterable[Participant]) -> tuple[str, ...]:
    """The registrable domains of external participants that may stand for an account: no free-mail, no disposable."""
    domains = (domain_of(one.address) for one in participants if one.standing is Standing.EXTERNAL)
    named = (registrable_domain(domain) for domain in domains if not is_shared_domain(domain))
    return tuple(dict.fromkeys(domain for domain in named if domain))


def _candidates(address: str, by_address: dict[str, list[Person]], salesforce_user_id: str) -> list[Person]:
    """Everybody with this address, the one to choose first. A contact leaves no lead of the same address."""
    for spelling in dict.fromkeys((address, without_tag(address))):
        people = by_address.get(spelling)
        if not people:
            continue
        ranked = sorted(people, key=lambda person: _rank(person, spelling, salesforce_user_id))
        if ranked[0].object_name is ObjectName.CONTACT:
            return [person for person in ranked if person.object_name is ObjectName.CONTACT]
        return ranked
    return []


def _rank(person: Person, address: str, salesforce_user_id: str) -> tuple[int, bool, int, str]:
    own = bool(salesforce_user_id) and person.owner_id[:15] == salesforce_user_id[:15]
    latest = person.last_activity.toordinal() if person.last_activity else 0
    return _tier(person, address), not own, -latest, person.id


def _tier(person: Person, address: str) -> int:
    if person.object_name is ObjectName.LEAD:
        return _LEAD
    main = bool(person.emails) and person.emails[0].lower() == address
    if main and person.is_person_account:
        return _PERSON_ACCOUNT
    if main:
        return _CONTACT
    return _BECAME if person.became_from else _OTHER_FIELD


def _linked(matches: list[PersonMatch]) -> tuple[PersonMatch, ...]:
    """Leaves the contacts linked, or else the first lead."""
    contacts = any(match.linked and match.person.object_name is ObjectName.CONTACT for match in matches)
    free = not contacts
    settled: list[PersonMatch] = []
    for match in matches:
        if match.linked and match.person.object_name is ObjectName.LEAD:
            settled.append(replace(match, linked=free))
            free = False
        else:
            settled.append(match)
    return tuple(settled)
