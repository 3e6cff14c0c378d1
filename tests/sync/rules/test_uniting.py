"""What several mailboxes know of one message, put together (`sync.rules.uniting`)."""

from dataclasses import replace
from itertools import permutations

from sync.crm import CrmContext
from sync.mail import Address, Message
from sync.rules.participants import Participant, Party, Standing, participants
from sync.rules.people import match_people
from sync.rules.uniting import united
from tests.sync.rules.build import PARTY, USER, contact, message, outside

TOM = replace(PARTY, own_addresses=frozenset({"tom.okafor@larkfield.example"}))
MAIL = message(
    "mia.keller@larkfield.example",
    to=("ann@customer.example", "tom.okafor@larkfield.example"),
    cc=("bob@customer.example",),
)
SENT_COPY = replace(MAIL, bcc=(Address("dee@customer.example"),))


def roles(found: tuple[Participant, ...]) -> list[tuple[str, str]]:
    return [(one.role, one.address.split("@")[0]) for one in found]


def standings(found: tuple[Participant, ...]) -> dict[str, Standing]:
    return {one.address.split("@")[0]: one.standing for one in found}


def seen(mail: Message, party: Party) -> tuple[Participant, ...]:
    return participants(mail, party)


def test_one_mailbox_alone_is_as_it_stands() -> None:
    assert united([seen(SENT_COPY, PARTY)]) == seen(SENT_COPY, PARTY)
    assert united([]) == ()


def test_a_bcc_that_only_the_sender_s_copy_knows_joins() -> None:
    whole = [("From", "mia.keller"), ("To", "ann"), ("To", "tom.okafor"), ("Cc", "bob"), ("Bcc", "dee")]
    copies = (seen(MAIL, TOM), seen(SENT_COPY, PARTY))
    assert ("Bcc", "dee") not in roles(copies[0])
    for order in permutations(copies):
        assert roles(united(order)) == whole


def test_the_first_mailbox_s_order_comes_first_and_the_order_of_roles_stays() -> None:
    first = (*outside("b@x.example", "a@x.example"), *outside("d@x.example", role="Bcc"))
    second = outside("a@x.example", "c@x.example", "b@x.example")
    assert roles(united([first, second])) == [("To", "b"), ("To", "a"), ("To", "c"), ("Bcc", "d")]


def test_who_is_blocked_by_one_mailbox_s_user_is_blocked_only_there() -> None:
    mine = replace(PARTY, blocked_by_user=frozenset({"ann@customer.example", "bob@customer.example"}))
    theirs = replace(TOM, blocked_by_user=frozenset({"bob@customer.example"}))
    for order in permutations((seen(MAIL, mine), seen(MAIL, theirs))):
        found = standings(united(order))
        assert found["ann"] is Standing.EXTERNAL
        assert found["bob"] is Standing.BLOCKED_BY_USER


def test_a_blocked_address_adds_nobody_of_its_own_mailbox() -> None:
    mine = replace(PARTY, blocked_by_user=frozenset({"dee@customer.example"}))
    crm = CrmContext(people=(contact(1, "dee@customer.example"),))
    everyone = united([seen(MAIL, TOM), seen(SENT_COPY, mine)])
    assert standings(everyone)["dee"] is Standing.BLOCKED_BY_USER
    assert not match_people(everyone, crm, salesforce_user_id=USER, link_bcc=True).people


def test_internal_and_blocked_by_the_organisation_stay_so() -> None:
    lists = [
        outside("ann@x.example"),
        outside("ann@x.example", standing=Standing.BLOCKED_BY_ORGANISATION),
        outside("ann@x.example", standing=Standing.BLOCKED_BY_USER),
    ]
    for order in permutations(lists):
        assert united(order)[0].standing is Standing.BLOCKED_BY_ORGANISATION
    for order in permutations([*lists, outside("ann@x.example", standing=Standing.INTERNAL)]):
        assert united(order)[0].standing is Standing.INTERNAL


def test_whom_one_copy_shows_openly_is_in_bcc_nowhere() -> None:
    for order in permutations((outside("ann@x.example", role="Cc"), outside("ann@x.example", role="Bcc"))):
        assert roles(united(order)) == [("Cc", "ann")]


def test_bcc_people_are_linked_only_where_the_organisation_has_switched_that_on() -> None:
    crm = CrmContext(people=(contact(1, "dee@customer.example"),))
    everyone = united([seen(MAIL, TOM), seen(SENT_COPY, PARTY)])
    assert match_people(everyone, crm, salesforce_user_id=USER).contacts == ()
    assert match_people(everyone, crm, salesforce_user_id=USER, link_bcc=True).contacts == (crm.people[0],)


def test_a_name_that_only_one_copy_has_is_kept() -> None:
    named = (Participant("ann@x.example", "Ann Lee", "To", Standing.EXTERNAL),)
    for order in permutations((named, outside("ann@x.example"))):
        assert united(order) == named


def test_a_no_reply_from_gives_way_also_where_one_user_blocks_who_reads_the_answers() -> None:
    mail = message("noreply@shop.example", reply_to=("ann@customer.example",))
    blocking = replace(PARTY, blocked_by_user=frozenset({"ann@customer.example"}))
    assert ("From", "noreply") in roles(seen(mail, blocking))
    for order in permutations((seen(mail, blocking), seen(mail, TOM))):
        found = united(order)
        assert roles(found) == [("Reply-To", "ann"), ("To", "mia.keller")]
        assert found[0].standing is Standing.EXTERNAL


def test_a_no_reply_from_that_nobody_gives_way_to_stays() -> None:
    mail = message("noreply@shop.example")
    assert roles(united([seen(mail, PARTY), seen(mail, TOM)]))[0] == ("From", "noreply")
