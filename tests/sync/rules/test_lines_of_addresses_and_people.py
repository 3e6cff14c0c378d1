"""The rules of addresses and people, line by line: each name quotes its line (`sync.rules`)."""

from dataclasses import replace

import pytest

from sync.crm import CrmContext, Person
from sync.rules.addresses import parse_addresses
from sync.rules.eligibility import Cause, Facts, Mode, may_file
from sync.rules.mime import parse_mime
from sync.rules.participants import Party, Standing, participants
from sync.rules.people import lookup_addresses, lookup_domains, match_people
from tests.sync.rules.build import OTHER_USER, PARTY, USER, contact, day, lead, matched, matches_of, message, outside

ANN, BOB = "ann@customer.example", "bob@customer.example"


def addresses(mail: object, party: Party = PARTY) -> list[str]:
    return [one.address for one in participants(mail, party)]  # type: ignore[arg-type]


def test_from_sender_reply_to_to_cc_bcc_too_in_the_sender_s_own_copy() -> None:
    everybody = {
        "sender": "b@x.example",
        "reply_to": ("c@x.example",),
        "to": ("d@x.example",),
        "cc": ("e@x.example",),
        "bcc": ("f@x.example",),
    }
    assert "".join(one[0] for one in addresses(message("a@x.example", **everybody))) == "abcde"
    sent = message("mia.keller@larkfield.example", **everybody)
    assert "".join(one[0] for one in addresses(sent)) == "mbcdef"


def test_parsed_as_rfc_5322_with_encoded_words_and_idna() -> None:
    found, unreadable = parse_addresses('=?utf-8?q?M=C3=BCller=2C_Ann?= <ann@münchen.example>, "B, b" <b@x.example>')
    assert [(one.name, one.address) for one in found] == [
        ("Müller, Ann", "ann@xn--mnchen-3ya.example"),
        ("B, b", "b@x.example"),
    ]
    assert not unreadable


def test_of_several_lines_of_a_header_the_first_counts() -> None:
    mail = parse_mime(b"From: ann@x.example\r\nTo: b@x.example\r\nTo: c@x.example\r\nFrom: d@x.example\r\n\r\nHello")
    assert addresses(mail) == ["ann@x.example", "b@x.example"]


def test_an_address_that_cannot_be_parsed_is_shown_and_ignored() -> None:
    mail = parse_mime(b"From: ann@x.example\r\nTo: undisclosed recipients, b@x.example\r\n\r\nHello")
    assert mail.unparsed == ("undisclosed recipients",)
    assert addresses(mail) == ["ann@x.example", "b@x.example"]


@pytest.mark.parametrize("raw", [b"To: b@x.example\r\n\r\nHello", b"From: nobody\r\n\r\nHello", b"From: \r\n\r\nHello"])
def test_without_a_readable_from_the_message_is_malformed(raw: bytes) -> None:
    mail = parse_mime(raw)
    verdict = may_file(mail, Facts(mode=Mode.EVERYTHING_EXTERNAL), Cause.MODE)
    assert (mail.problem, verdict.rule, verdict.issue) == ("malformed", "malformed", True)


@pytest.mark.parametrize("local", ["noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "mailer-daemon"])
def test_a_from_whose_local_part_is_no_reply_gives_way_to_an_external_reply_to(local: str) -> None:
    assert addresses(message(f"{local}@shop.example", reply_to=(ANN,), to=())) == [ANN]
    inside = message(f"{local}@shop.example", reply_to=("tom@larkfield.example",), to=())
    assert addresses(inside) == [f"{local}@shop.example", "tom@larkfield.example"]


def test_internal_the_internal_domains_and_their_subdomains_and_every_address_or_alias_of_a_user() -> None:
    mail = message("x@larkfield.example", to=("x@eu.larkfield.example", "mia@keller-family.example", ANN))
    assert [one.standing for one in participants(mail, PARTY)] == [Standing.INTERNAL] * 3 + [Standing.EXTERNAL]


def test_internal_addresses_are_never_matched_or_linked() -> None:
    crm = CrmContext(people=(contact(1, "mia@keller-family.example"),))
    mail = message(to=("mia@keller-family.example",))
    found = matches_of(mail, crm)
    assert not found.people
    assert [one.address for one in found.internal] == ["mia@keller-family.example"]
    assert lookup_addresses(participants(mail, PARTY)) == (ANN,)


@pytest.mark.parametrize("entry", ["customer.example", "*.customer.example"])
def test_blocked_an_entry_is_an_address_or_a_domain_with_its_subdomains(entry: str) -> None:
    party = replace(PARTY, blocked_by_user=frozenset({entry, "cy@other.example"}))
    mail = message(to=("b@eu.customer.example", "cy@other.example", "dee@other.example"))
    assert [one.standing is Standing.BLOCKED_BY_USER for one in participants(mail, party)] == [True, True, True, False]


def test_blocked_organisation_s_list_then_user_s() -> None:
    both = frozenset({"customer.example"})
    party = replace(PARTY, blocked_by_organisation=both, blocked_by_user=both)
    assert participants(message(), party)[0].standing is Standing.BLOCKED_BY_ORGANISATION


def test_blocked_addresses_are_never_matched_linked_or_proposed() -> None:
    party = replace(PARTY, blocked_by_user=frozenset({"customer.example"}))
    crm = CrmContext(people=(contact(1, ANN),))
    everyone = participants(message(), party)
    found = match_people(everyone, crm, salesforce_user_id=USER)
    assert (found.people, found.unknown) == ((), ())
    assert (lookup_addresses(everyone), lookup_domains(everyone)) == ((), ())


def test_stopped_by_the_block_list_only_when_every_external_address_is_blocked() -> None:
    party = replace(PARTY, blocked_by_user=frozenset({ANN}))
    for others, rule in (((), "block-list"), ((BOB,), "known-people")):
        everyone = participants(message(cc=others), party)
        facts = Facts(participants=everyone, known_people=True, mode=Mode.KNOWN_PEOPLE)
        assert may_file(message(), facts, Cause.MODE).rule == rule


def test_plus_addresses_everywhere_exact_first_then_without_the_tag() -> None:
    tagged = "ann+fair@customer.example"
    assert matched(CrmContext(people=(contact(1, ANN), contact(2, tagged))), tagged).contacts[0] == contact(2, tagged)
    assert matched(CrmContext(people=(contact(1, ANN),)), tagged).contacts[0] == contact(1, ANN)
    party = replace(PARTY, blocked_by_user=frozenset({ANN, "bob+fair@customer.example"}))
    mail = message(tagged, to=("mia+fair@keller-family.example", BOB, "bob+fair@customer.example"))
    assert [one.standing for one in participants(mail, party)] == [
        Standing.BLOCKED_BY_USER,
        Standing.INTERNAL,
        Standing.EXTERNAL,
        Standing.BLOCKED_BY_USER,
    ]


def test_a_trailing_dot_of_a_domain_is_dropped() -> None:
    assert addresses(message("ann@customer.example.", to=("x@larkfield.example.",))) == [ANN, "x@larkfield.example"]


def test_free_mail_and_disposable_domains_never_stand_for_an_account() -> None:
    everyone = outside("a@gmail.com", "b@mailinator.com", "c@mail.customer.co.uk", "d@customer.co.uk")
    assert lookup_domains(everyone) == ("customer.co.uk",)


def test_per_address_exact_contact_lead_contact_of_a_converted_lead_person_account_another_email_field() -> None:
    in_order = (
        contact(5, ANN),
        lead(4, ANN),
        contact(3, "old@customer.example", ANN, became_from="00Q000000000009AAA"),
        contact(2, ANN, is_person_account=True),
        contact(1, "main@customer.example", ANN),
    )
    for place, first in enumerate(in_order):
        assert matched(CrmContext(people=(*in_order[:place:-1], first)), ANN).people[0].person == first


def test_contact_beats_lead_for_one_address() -> None:
    match = matched(CrmContext(people=(lead(1, ANN), contact(2, ANN))), ANN).people[0]
    assert (match.person, match.alternatives) == (contact(2, ANN), ())


def test_several_contacts_with_one_address_the_user_s_own_else_the_latest_activity_else_the_lowest_id() -> None:
    def chosen(*people: Person) -> Person:
        return matched(CrmContext(people=people), ANN).people[0].person

    own = contact(9, ANN, owner_id=USER)
    late = contact(8, ANN, owner_id=OTHER_USER, last_activity=day(9))
    early = contact(7, ANN, last_activity=day(3))
    assert chosen(early, late, own) == own
    assert chosen(early, late, contact(1, ANN)) == late
    assert chosen(contact(6, ANN), contact(5, ANN)) == contact(5, ANN)


def test_the_pane_shows_all_filing_links_the_chosen_one() -> None:
    found = matched(CrmContext(people=(contact(2, ANN), contact(1, ANN))), ANN)
    assert found.people[0].alternatives == (contact(2, ANN),)
    assert found.contacts == (contact(1, ANN),)


def test_if_any_contact_is_matched_leads_of_other_addresses_are_shown_but_not_linked() -> None:
    found = matched(CrmContext(people=(lead(1, BOB), contact(2, ANN))), BOB, ANN)
    assert [(one.person.id, one.linked) for one in found.people] == [(lead(1).id, False), (contact(2).id, True)]


def test_an_activity_takes_contacts_or_one_lead_of_several_the_first() -> None:
    found = matched(CrmContext(people=(lead(1, ANN), lead(2, BOB))), BOB, ANN)
    assert [(one.person.id, one.linked) for one in found.people] == [(lead(2).id, True), (lead(1).id, False)]
    assert len(matched(CrmContext(people=(contact(1, ANN), contact(2, BOB))), ANN, BOB).contacts) == 2


def test_people_come_in_the_order_sender_to_cc_bcc_each_once() -> None:
    people = tuple(contact(number, f"{name}@x.example") for number, name in enumerate("abcd", 1))
    sent = message(
        "mia.keller@larkfield.example",
        sender="d@x.example",
        to=("c@x.example", "d@x.example"),
        cc=("b@x.example", "c@x.example"),
        bcc=("a@x.example", "b@x.example"),
    )
    found = matches_of(sent, CrmContext(people=people))
    assert [one.participant.address[0] for one in found.people] == ["d", "c", "b", "a"]
