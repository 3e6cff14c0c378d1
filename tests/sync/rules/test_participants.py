"""Who takes part in an email, in which order, and on which side (`sync.rules.participants`)."""

from dataclasses import replace

import pytest

from sync.mail import Address
from sync.rules.participants import Participant, Party, Standing, participants, read_entry
from tests.sync.rules.build import PARTY, hint, message

INTERNAL, EXTERNAL = Standing.INTERNAL, Standing.EXTERNAL


def addresses(found: tuple[Participant, ...]) -> list[str]:
    return [one.address for one in found]


def test_people_come_in_the_order_sender_to_cc_bcc_each_once() -> None:
    mail = message(
        "mia.keller@larkfield.example",
        sender="assistant@larkfield.example",
        reply_to=("sales@larkfield.example",),
        to=("bob@customer.example", "ann@customer.example", "BOB@customer.example."),
        cc=("ann@customer.example", "cy@customer.example"),
        bcc=("dee@customer.example",),
    )
    found = participants(mail, PARTY)
    assert [(one.role, one.address.split("@")[0]) for one in found] == [
        ("From", "mia.keller"),
        ("Sender", "assistant"),
        ("Reply-To", "sales"),
        ("To", "bob"),
        ("To", "ann"),
        ("Cc", "cy"),
        ("Bcc", "dee"),
    ]


def test_a_name_that_stands_only_at_a_later_place_is_kept() -> None:
    mail = replace(message(), cc=(Address("ann@customer.example", "Ann Lee"),))
    assert participants(mail, PARTY)[0] == Participant("ann@customer.example", "Ann Lee", "From", EXTERNAL)


def test_bcc_counts_in_the_sender_s_own_copy_only() -> None:
    received = message(bcc=("mia.keller@larkfield.example", "dee@customer.example"))
    assert "dee@customer.example" not in addresses(participants(received, PARTY))
    for own in ("mia.keller@larkfield.example", "Mia+sales@Keller-Family.example"):
        sent = message(own, to=("ann@customer.example",), bcc=("dee@customer.example",))
        assert "dee@customer.example" in addresses(participants(sent, PARTY))
        assert "dee@customer.example" not in addresses(participants(sent, PARTY, own_copy_bcc=False))


def test_bcc_counts_where_the_user_sent_for_somebody_else() -> None:
    sent = message("boss@larkfield.example", sender="mia.keller@larkfield.example", bcc=("dee@customer.example",))
    assert "dee@customer.example" in addresses(participants(sent, PARTY))


@pytest.mark.parametrize("local", ["noreply", "No-Reply", "do-not-reply", "mailer-daemon"])
def test_a_no_reply_from_gives_way_to_an_external_reply_to(local: str) -> None:
    found = participants(message(f"{local}@shop.example", reply_to=("ann@customer.example",)), PARTY)
    assert (found[0].role, found[0].address) == ("Reply-To", "ann@customer.example")
    assert f"{local.lower()}@shop.example" not in addresses(found)


def test_a_no_reply_from_stays_beside_an_internal_reply_to_or_none() -> None:
    for reply_to in ((), ("sales@larkfield.example",), ("noreply@other.example",)):
        found = participants(message("noreply@shop.example", reply_to=reply_to), PARTY)
        assert found[0] == Participant("noreply@shop.example", "", "From", EXTERNAL)


def test_a_from_that_is_read_stays_beside_a_reply_to() -> None:
    found = participants(message(reply_to=("office@customer.example",)), PARTY)
    assert addresses(found)[:2] == ["ann@customer.example", "office@customer.example"]


@pytest.mark.parametrize(
    ("address", "standing"),
    [
        ("anybody@larkfield.example", INTERNAL),
        ("anybody@eu.larkfield.example", INTERNAL),
        ("mia@keller-family.example", INTERNAL),
        ("mia+x@keller-family.example", INTERNAL),
        ("tom@keller-family.example", EXTERNAL),
        ("ann@notlarkfield.example", EXTERNAL),
        ("ann@larkfield.example.customer.example", EXTERNAL),
    ],
)
def test_internal_are_the_domains_their_subdomains_and_the_users_addresses(address: str, standing: Standing) -> None:
    assert participants(message(address, to=()), PARTY)[0].standing is standing


@pytest.mark.parametrize(
    "entry", ["customer.example", "*.customer.example", "@customer.example", "*@customer.example", "CUSTOMER.example."]
)
def test_a_blocked_domain_takes_its_subdomains_along(entry: str) -> None:
    party = Party(blocked_by_organisation=frozenset({entry}))
    for address in ("ann@customer.example", "ann@mail.customer.example"):
        assert participants(message(address, to=()), party)[0].standing is Standing.BLOCKED_BY_ORGANISATION
    assert participants(message("ann@xcustomer.example", to=()), party)[0].standing is EXTERNAL


def test_a_blocked_address_blocks_that_one_with_any_tag() -> None:
    party = Party(blocked_by_user=frozenset({"Ann@Customer.example"}))
    found = participants(message("ann+x@customer.example", to=("bob@customer.example",)), party)
    assert [one.standing for one in found] == [Standing.BLOCKED_BY_USER, EXTERNAL]


def test_the_organisation_s_list_comes_before_the_user_s_and_internal_before_both() -> None:
    everywhere = frozenset({"customer.example", "larkfield.example"})
    party = replace(PARTY, blocked_by_organisation=everywhere, blocked_by_user=everywhere)
    found = participants(message(), party)
    assert [one.standing for one in found] == [Standing.BLOCKED_BY_ORGANISATION, INTERNAL]


def test_a_blocked_international_domain_is_known_in_both_spellings() -> None:
    for entry in ("münchen.de", "xn--mnchen-3ya.de"):
        party = Party(blocked_by_user=frozenset({entry}))
        assert participants(message("ann@MÜNCHEN.de", to=()), party)[0].standing is Standing.BLOCKED_BY_USER


def test_an_entry_that_is_neither_address_nor_domain_blocks_nobody() -> None:
    assert read_entry("not a domain") is None
    assert (
        participants(message(to=()), Party(blocked_by_user=frozenset({"", "*", "not a domain"})))[0].standing
        is EXTERNAL
    )


def test_a_hint_is_read_alike_and_what_is_no_address_is_left_aside() -> None:
    seen = replace(hint(), to=(Address("nobody"), Address("bob@customer.example")))
    assert addresses(participants(seen, PARTY)) == ["ann@customer.example", "bob@customer.example"]
