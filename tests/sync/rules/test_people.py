"""Which person in Salesforce an address is (`sync.rules.people`)."""

from sync.crm import CrmContext, ObjectName, Person
from sync.rules.participants import Standing
from sync.rules.people import Matches, lookup_addresses, lookup_domains, match_people
from tests.sync.rules.build import OTHER_USER, USER, contact, day, lead, matched, matches_of, message, outside

ANN = "ann@customer.example"


def chosen(*people: Person, address: str = ANN) -> str:
    return matched(CrmContext(people=people), address).people[0].person.id


def test_each_kind_of_person_comes_before_the_next() -> None:
    kinds = [
        contact(1, "ann.old@customer.example", ANN),
        contact(2, ANN, is_person_account=True),
        contact(3, "ann.lee@customer.example", ANN, became_from="00Q000000000009AAA"),
        lead(4, ANN),
        contact(5, ANN),
    ]
    for count in range(1, len(kinds) + 1):
        assert chosen(*kinds[:count]) == kinds[count - 1].id


def test_the_exact_address_comes_before_the_one_without_its_tag() -> None:
    plain, tagged = contact(1, ANN), lead(2, "ann+fair@customer.example")
    assert chosen(plain, tagged, address="ann+fair@customer.example") == tagged.id
    assert chosen(plain, address="ann+fair@customer.example") == plain.id
    assert not matched(CrmContext(people=(tagged,)), ANN).people


def test_of_contacts_with_one_address_the_user_s_own_is_chosen() -> None:
    latest = contact(1, ANN, owner_id=OTHER_USER, last_activity=day(20))
    own = contact(2, ANN, owner_id=USER)
    assert chosen(latest, own) == own.id
    assert chosen(latest, contact(3, ANN, owner_id=USER[:15])) != latest.id  # ids of 15 characters are the same ids


def test_else_the_one_with_the_latest_activity_else_the_lowest_id() -> None:
    one, two, three = contact(1, ANN), contact(2, ANN, last_activity=day(3)), contact(3, ANN, last_activity=day(9))
    assert chosen(one, two, three) == three.id
    assert chosen(contact(8, ANN), contact(7, ANN)) == contact(7, ANN).id


def test_nobody_owns_people_where_the_user_is_not_known() -> None:
    nameless, latest = contact(1, ANN), contact(2, ANN, last_activity=day(3))
    found = match_people(outside(ANN), CrmContext(people=(nameless, latest)), salesforce_user_id="")
    assert found.people[0].person == latest


def test_the_pane_gets_all_contacts_of_an_address_and_no_lead_beside_them() -> None:
    first, second, other_field = contact(1, ANN), contact(2, ANN), contact(3, "x@customer.example", ANN)
    match = matched(CrmContext(people=(lead(4, ANN), other_field, second, first)), ANN).people[0]
    assert match.person == first
    assert match.alternatives == (second, other_field)


def test_leads_are_shown_and_not_linked_beside_a_contact() -> None:
    crm = CrmContext(people=(lead(1, "lee@customer.example"), contact(2, ANN)))
    found = matched(crm, "lee@customer.example", ANN)
    assert [(match.person.object_name, match.linked) for match in found.people] == [
        (ObjectName.LEAD, False),
        (ObjectName.CONTACT, True),
    ]
    assert found.lead is None
    assert [person.id for person in found.contacts] == [contact(2).id]


def test_of_several_leads_the_first_is_linked() -> None:
    crm = CrmContext(people=(lead(1, "a@customer.example"), lead(2, "b@customer.example")))
    found = matched(crm, "b@customer.example", "a@customer.example")
    assert [match.linked for match in found.people] == [True, False]
    assert found.lead == lead(2, "b@customer.example")


def test_people_come_in_the_order_of_the_email_each_once() -> None:
    ann, bob = contact(1, ANN, "ann@home.example"), contact(2, "bob@customer.example")
    mail = message("bob@customer.example", to=("ann@home.example", "zoe@customer.example"), cc=(ANN,))
    found = matches_of(mail, CrmContext(people=(ann, bob)))
    assert [match.person for match in found.people] == [bob, ann]
    assert found.people[1].participant.role == "To"
    assert [one.address for one in found.people[1].further] == [ANN]
    assert [one.address for one in found.unknown] == ["zoe@customer.example"]


def test_internal_and_blocked_addresses_are_never_matched() -> None:
    crm = CrmContext(people=(contact(1, ANN), contact(2, "mia.keller@larkfield.example")))
    everyone = (
        *outside("mia.keller@larkfield.example", standing=Standing.INTERNAL),
        *outside(ANN, standing=Standing.BLOCKED_BY_USER),
        *outside("bob@customer.example", standing=Standing.BLOCKED_BY_ORGANISATION),
    )
    found = match_people(everyone, crm, salesforce_user_id=USER)
    assert found == Matches(internal=everyone[:1], blocked=everyone[1:])
    assert lookup_addresses(everyone) == ()
    assert lookup_domains(everyone) == ()


def test_people_in_bcc_are_shown_and_linked_only_where_that_is_switched_on() -> None:
    crm = CrmContext(people=(contact(1, ANN), lead(2, "lee@customer.example")))
    everyone = (*outside(ANN, role="Bcc"), *outside("lee@customer.example"))
    off = match_people(everyone, crm, salesforce_user_id=USER)
    assert [match.linked for match in off.people] == [False, True]  # whom nobody may see keeps no lead out
    on = match_people(everyone, crm, salesforce_user_id=USER, link_bcc=True)
    assert [match.linked for match in on.people] == [True, False]


def test_a_contact_in_bcc_gives_no_business_record_away() -> None:
    found = match_people(outside(ANN, role="Bcc"), CrmContext(people=(contact(1, ANN),)), salesforce_user_id=USER)
    assert found.contacts == ()


def test_salesforce_is_asked_for_exact_addresses_first_then_without_tags() -> None:
    everyone = outside("ann+fair@customer.example", "bob@customer.example", "bob+x@customer.example")
    assert lookup_addresses(everyone) == (
        "ann+fair@customer.example",
        "bob@customer.example",
        "bob+x@customer.example",
        ANN,
    )


def test_only_a_company_s_registrable_domain_stands_for_an_account() -> None:
    everyone = outside(
        "ann@mail.customer.co.uk",
        "bob@customer.co.uk",
        "cy@gmail.com",
        "dee@mailinator.com",
        "eve@[192.0.2.1]",
        "x@host",
    )
    assert lookup_domains(everyone) == ("customer.co.uk",)
