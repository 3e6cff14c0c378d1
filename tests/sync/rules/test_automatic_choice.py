"""What an email stands on that files itself (`sync.rules.business.automatic_choice`)."""

from typing import Any

import pytest

from sync.crm import CrmContext, ObjectName, Opportunity, RelatedRecord
from sync.rules.business import (
    BusinessChoice,
    CaseReference,
    ThreadFiling,
    address_hash,
    automatic_choice,
    case_lookup,
    case_references,
    most_specific_first,
    reference_text,
    thread_gives_record,
)
from sync.rules.eligibility import Cause, Mode
from tests.sync.rules.build import OTHER_USER, USER, account, case, contact, lead, matched, message, opportunity

ANN, BOB, ZOE = "ann@customer.example", "bob@customer.example", "zoe@customer.example"
ANN_CONTACT = contact(1, ANN, account_id=account(1).id)
MODES = (Mode.KNOWN_PEOPLE, Mode.SAME_DOMAIN, Mode.EVERYTHING_EXTERNAL)
EVERY = (*MODES, Cause.MARK, Cause.FOLLOWED_THREAD)
THREAD = ThreadFiling((("Opportunity", opportunity(9).id),), (address_hash(ANN), address_hash(ZOE)))


def crm(**values: Any) -> CrmContext:
    values.setdefault("people", (ANN_CONTACT,))
    values.setdefault("accounts", (account(1),))
    return CrmContext(**values)


def choose(context: CrmContext, *addresses: str, filed_by: str = "known-people", **values: Any) -> BusinessChoice:
    return automatic_choice(
        matched(context, *(addresses or (ANN,))), context, filed_by=filed_by, salesforce_user_id=USER, **values
    )


def ids(choice: BusinessChoice) -> list[str]:
    return [record.id for record in choice.records]


def role(number: int, **values: Any) -> Opportunity:
    return opportunity(number, **{"contact_ids": (ANN_CONTACT.id,), "account_id": account(1).id, **values})


@pytest.mark.parametrize("filed_by", EVERY)
def test_1_the_thread_is_filed_already_the_same_one(filed_by: str) -> None:
    choice = choose(crm(opportunities=(role(1),)), filed_by=filed_by, thread=THREAD)
    assert (choice.rule, ids(choice)) == ("filed-thread", [opportunity(9).id])


@pytest.mark.parametrize("filed_by", EVERY)
def test_1_for_unknown_people_too(filed_by: str) -> None:
    assert ids(choose(crm(), ZOE, filed_by=filed_by, thread=THREAD)) == [opportunity(9).id]


@pytest.mark.parametrize("filed_by", EVERY)
def test_1_but_only_with_an_external_participant_of_the_filed_mail(filed_by: str) -> None:
    assert ids(choose(crm(), "mallory@elsewhere.example", filed_by=filed_by, thread=THREAD)) == []


def test_1_a_thread_gives_a_record_where_it_has_one_and_the_people_are_the_same() -> None:
    context = crm()
    assert thread_gives_record(matched(context, ANN), THREAD)
    assert thread_gives_record(matched(context, ZOE), THREAD)
    assert not thread_gives_record(matched(context, BOB), THREAD)
    assert not thread_gives_record(matched(context, ANN), None)
    assert not thread_gives_record(
        matched(context, ANN), ThreadFiling((("Contact", ANN_CONTACT.id),), (address_hash(ANN),))
    )


def test_2_a_case_reference_in_quoted_text_gives_its_case_whatever_its_age() -> None:
    old = case(7, account_id=account(1).id, is_closed=True)
    body = reference_text(message(text=f"Yes.\n> [ ref:_00D30AbCd._{old.id}:ref ]"))
    assert ids(choose(crm(cases=(old,), opportunities=(role(1),)), body=body)) == [old.id]


def test_3_more_than_one_the_only_one_of_the_mailbox_s_user() -> None:
    context = crm(opportunities=(role(1, owner_id=OTHER_USER), role(2, owner_id=USER)))
    assert choose(context) == BusinessChoice(
        (RelatedRecord(role(2).id, ObjectName.OPPORTUNITY, "Opportunity 2"),), "contact-role", False
    )


@pytest.mark.parametrize("owner", [USER, OTHER_USER])
def test_3_else_go_to_5(owner: str) -> None:
    own = opportunity(5, account_id=account(1).id, owner_id=USER)
    choice = choose(crm(opportunities=(role(1, owner_id=owner), role(2, owner_id=owner), own)))
    assert (choice.rule, ids(choice), choice.ask) == ("account", [account(1).id], False)


def test_4_the_only_open_opportunity_of_the_first_contact_s_account_that_the_user_owns() -> None:
    mine = opportunity(1, account_id=account(1).id, owner_id=USER)
    assert ids(choose(crm(opportunities=(mine,)))) == [mine.id]


def test_4_more_than_one_go_to_5() -> None:
    mine = tuple(opportunity(number, account_id=account(1).id, owner_id=USER) for number in (1, 2))
    choice = choose(crm(opportunities=mine))
    assert (choice.rule, ids(choice), choice.ask) == ("account", [account(1).id], False)


@pytest.mark.parametrize("filed_by", EVERY)
def test_5_the_account_of_the_first_matched_contact(filed_by: str) -> None:
    assert ids(choose(crm(suggested_accounts=(account(3),)), filed_by=filed_by)) == [account(1).id]


@pytest.mark.parametrize("filed_by", EVERY)
def test_6_none_for_a_contact_without_an_account(filed_by: str) -> None:
    context = crm(people=(contact(1, ANN),), suggested_accounts=(account(3),))
    assert choose(context, filed_by=filed_by) == BusinessChoice((), "none", False)


@pytest.mark.parametrize("filed_by", EVERY)
def test_a_lead_alone_no_business_record(filed_by: str) -> None:
    context = crm(people=(lead(1, ANN),), suggested_accounts=(account(3),))
    assert choose(context, filed_by=filed_by, thread=THREAD) == BusinessChoice((), "none", False)


@pytest.mark.parametrize(
    ("filed_by", "takes"),
    [
        (Mode.KNOWN_PEOPLE, False),
        (Mode.SAME_DOMAIN, True),
        (Mode.EVERYTHING_EXTERNAL, True),
        (Cause.MARK, True),
        (Cause.FOLLOWED_THREAD, False),
    ],
)
def test_exactly_one_such_account_filed_on_it(filed_by: str, takes: bool) -> None:
    choice = choose(crm(suggested_accounts=(account(3),)), ZOE, filed_by=filed_by)
    assert (choice.rule, ids(choice)) == (("same-domain", [account(3).id]) if takes else ("none", []))


@pytest.mark.parametrize("filed_by", EVERY)
def test_several_filed_without_one_and_nobody_is_asked(filed_by: str) -> None:
    context = crm(suggested_accounts=(account(3), account(4)))
    assert choose(context, ZOE, filed_by=filed_by) == BusinessChoice((), "none", False)


def test_everything_external_else_addresses_only() -> None:
    assert choose(crm(people=()), ZOE, filed_by=Mode.EVERYTHING_EXTERNAL) == BusinessChoice((), "none", False)


def test_the_most_specific_record_case_opportunity_custom_object_account_among_equals_the_first() -> None:
    records = [
        RelatedRecord(account(1).id, "Account"),
        RelatedRecord(contact(1).id, "Contact"),
        RelatedRecord("a00000000000001AAA", "Visit__c"),
        RelatedRecord(opportunity(2).id, "Opportunity"),
        RelatedRecord(opportunity(1).id, "Opportunity"),
        RelatedRecord(account(1).id, "Account", "again"),
        RelatedRecord(case(1).id, "Case"),
    ]
    assert [one.id for one in most_specific_first(records)] == [
        case(1).id,
        opportunity(2).id,
        opportunity(1).id,
        "a00000000000001AAA",
        account(1).id,
    ]


def test_each_further_business_record_at_most_10() -> None:
    many = [RelatedRecord(opportunity(number).id, "Opportunity") for number in range(20)]
    assert most_specific_first(many) == tuple(many[:11])


def test_a_filed_thread_s_records_come_most_specific_first() -> None:
    thread = ThreadFiling((("Account", account(1).id), ("Case", case(1).id)), (address_hash(ANN),))
    assert ids(choose(crm(), thread=thread)) == [case(1).id, account(1).id]


@pytest.mark.parametrize(
    ("case_id", "reference"),
    [
        ("5003000000aBcDeIAK", "5003aBcDe"),
        ("5005Y00001aBcDeIAK", "5005Y1aBcDe"),
        ("500000000000007AAA", "500000007"),
        ("500AbCdEfGhIjKlAAA", "500AbCdEfGhIjKl"),
        ("5003000000aBcDeIAK", "5003000000aBcDeXXX"),
    ],
)
def test_an_old_case_can_be_asked_for_by_the_id_that_a_reference_means(case_id: str, reference: str) -> None:
    (found,) = case_references("", f"ref:_00D30AbCd._{reference}:ref")
    assert case_id[:15] in found.possible_ids
    assert len(found.possible_ids) <= 20
    assert all(found.names(case(7, id=f"{one}AAA")) for one in found.possible_ids)


def test_what_is_no_whole_id_is_not_asked_for() -> None:
    assert CaseReference("id", "5003").possible_ids == ()
    assert CaseReference("id", "50030aBcDe").possible_ids == ()  # a zero would have been left out
    assert CaseReference("number", "00001026").possible_ids == ()


def test_salesforce_is_asked_for_ids_and_numbers_each_once_and_not_without_end() -> None:
    references = case_references("00001026 00001026 ref:_00D30AbCd._5003aBcDe:ref", "ref:!00D30AbCd.!5003aBcDe:ref")
    assert case_lookup(references) == (("5003000000aBcDe",), ("00001026",))
    many = " ".join(f"ref:_00D30AbCd._500{number}XyZaBcDe:ref" for number in range(1, 10))
    assert len(case_lookup(case_references("", many))[0]) == 60


def test_case_references_are_looked_for_in_all_text_of_a_message_but_an_encrypted_one() -> None:
    mail = message(text="plain ref one", html="<p>shown <b>ref two</b></p>")
    assert reference_text(mail).split() == ["plain", "ref", "one", "shown", "ref", "two"]
    assert reference_text(message(text="plain", problem="encrypted")) == ""
    assert reference_text(message()) == ""
