"""Which addresses of an email are not looked up, and why (`sync.rules.left_out`)."""

from __future__ import annotations

from dataclasses import replace

from sync.crm import CrmContext
from sync.mail import MessageHint
from sync.rules.left_out import Reason, left_out
from sync.rules.participants import Party, participants, with_mailbox
from sync.rules.people import match_people
from tests.sync.rules.build import PARTY, USER, address, contact, hint


def found(email: MessageHint, party: Party = PARTY, *people: object, mailbox: str = "") -> list[tuple[str, Reason]]:
    party = with_mailbox(party, mailbox)
    everyone = participants(email, party)
    matches = match_people(everyone, CrmContext(people=people), salesforce_user_id=USER)  # type: ignore[arg-type]
    return [(one.text, one.reason) for one in left_out(everyone, party, matches, mailbox)]


def test_each_own_address_and_alias_is_named_and_no_colleague() -> None:
    to = ("mia.keller@larkfield.example", "mia+news@keller-family.example", "tom@larkfield.example")
    assert found(hint(to=tuple(map(address, to)))) == [
        ("mia.keller@larkfield.example", Reason.OWN_ADDRESS),
        ("mia+news@keller-family.example", Reason.OWN_ADDRESS),
    ]


def test_a_blocked_address_says_whose_list_it_is_on() -> None:
    party = replace(
        PARTY, blocked_by_user=frozenset({"ann@customer.example"}), blocked_by_organisation=frozenset({"spam.example"})
    )
    email = hint(to=(address("news@spam.example"),))
    assert found(email, party) == [
        ("ann@customer.example", Reason.BLOCKED_BY_USER),
        ("news@spam.example", Reason.BLOCKED_BY_ORGANISATION),
    ]


def test_a_shared_mailbox_is_named_and_not_looked_up() -> None:
    email = hint(to=(address("sales@brand.example"),))
    assert found(email, mailbox="Sales@Brand.example") == [("sales@brand.example", Reason.SHARED_MAILBOX)]
    party = with_mailbox(PARTY, "sales@brand.example")
    everyone = participants(email, party)
    assert [one.address for one in match_people(everyone, CrmContext(), salesforce_user_id=USER).unknown] == [
        "ann@customer.example"
    ]


def test_a_mailbox_that_is_no_address_makes_nobody_internal() -> None:
    assert with_mailbox(PARTY, "customer.example") == PARTY
    assert with_mailbox(PARTY, "") == PARTY


def test_a_free_mail_domain_is_named_once_where_an_account_could_have_been_proposed() -> None:
    email = hint("ann@gmail.com", to=(address("bob@gmail.com"), address("cy@customer.example")))
    assert found(email) == [("gmail.com", Reason.FREE_MAIL_DOMAIN)]


def test_a_free_mail_domain_of_people_with_an_account_says_nothing() -> None:
    email = hint("ann@gmail.com", to=())
    assert found(email, PARTY, contact(1, "ann@gmail.com", account_id="001000000000001AAA")) == []
    assert found(email, PARTY, contact(1, "ann@gmail.com")) == [("gmail.com", Reason.FREE_MAIL_DOMAIN)]
