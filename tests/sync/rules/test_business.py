"""Which business record an email is filed on by itself (`sync.rules.business`)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.crm import CrmContext, Opportunity, RelatedRecord
from sync.rules.business import (
    BusinessChoice,
    CaseReference,
    ThreadFiling,
    address_hash,
    case_references,
    choose_business_record,
    choose_by_domain,
)
from sync.rules.people import Matches
from tests.sync.rules.build import OTHER_USER, USER, account, case, contact, lead, matched, opportunity

ANN, BOB = "ann@customer.example", "bob@customer.example"
ANN_CONTACT = contact(1, ANN, account_id=account(1).id)
BOB_CONTACT = contact(2, BOB, account_id=account(2).id)


def crm(**values: Any) -> CrmContext:
    values.setdefault("people", (ANN_CONTACT, BOB_CONTACT))
    values.setdefault("accounts", (account(1), account(2)))
    return CrmContext(**values)


def choose(
    context: CrmContext,
    *addresses: str,
    subject: str = "",
    body: str = "",
    thread: ThreadFiling | None = None,
    matches: Matches | None = None,
) -> BusinessChoice:
    return choose_business_record(
        matches or matched(context, *(addresses or (ANN,))),
        context,
        salesforce_user_id=USER,
        subject=subject,
        body=body,
        thread=thread,
    )


def role(number: int, **values: Any) -> Opportunity:
    """An open opportunity in which Ann has a role."""
    return opportunity(number, **{"contact_ids": (ANN_CONTACT.id,), "account_id": account(1).id, **values})


def ids(choice: BusinessChoice) -> list[str]:
    return [record.id for record in choice.records]


def test_1_a_filed_thread_gives_the_same_record() -> None:
    thread = ThreadFiling((("Opportunity", opportunity(9).id),), (address_hash(ANN),))
    context = crm(opportunities=(role(1), opportunity(9)))
    choice = choose(context, thread=thread, subject="00000007")
    assert choice == BusinessChoice(
        (RelatedRecord(opportunity(9).id, "Opportunity", "Opportunity 9"),), "filed-thread", False
    )


def test_1_but_not_where_nobody_outside_is_the_same() -> None:
    thread = ThreadFiling((("Opportunity", opportunity(9).id),), (address_hash(BOB),))
    assert choose(crm(), thread=thread).rule == "account"
    assert choose(crm(), thread=ThreadFiling(thread.records, ())).rule == "account"


def test_1_somebody_unknown_to_salesforce_is_the_same_too_and_so_is_a_tagged_address() -> None:
    thread = ThreadFiling((("Account", account(5).id),), (address_hash("zoe@customer.example"),))
    for address in ("zoe@customer.example", "Zoe+x@customer.example"):
        assert choose(crm(people=()), address, thread=thread).rule == "filed-thread"


def test_1_a_second_address_of_a_matched_person_counts() -> None:
    two = contact(1, ANN, "ann@home.example", account_id=account(1).id)
    context = crm(people=(two,))
    thread = ThreadFiling((("Account", account(5).id),), (address_hash("ann@home.example"),))
    assert choose(context, ANN, "ann@home.example", thread=thread).rule == "filed-thread"


def test_1_a_thread_that_is_filed_on_people_only_gives_no_record() -> None:
    thread = ThreadFiling((("Contact", ANN_CONTACT.id), ("Lead", lead(1).id)), (address_hash(ANN),))
    assert choose(crm(), thread=thread).rule == "account"


def test_2_a_case_number_in_the_subject_gives_its_case_whatever_its_age() -> None:
    context = crm(cases=(case(7, account_id=account(1).id, is_closed=True),), opportunities=(role(1),))
    choice = choose(context, subject="Re: [00000007] broken lamp")
    assert (choice.rule, ids(choice), choice.ask) == ("case-reference", [case(7).id], False)


@pytest.mark.parametrize(
    "subject", ["7", "0000007", "000000070", "X00000007", "1.00000007", "00000007-2", "tel 030/00000007"]
)
def test_2_only_the_exact_number_with_its_leading_zeros(subject: str) -> None:
    assert choose(crm(cases=(case(7, account_id=account(1).id),)), subject=subject).rule == "account"


def test_2_a_number_in_the_body_is_no_reference() -> None:
    assert choose(crm(cases=(case(7, account_id=account(1).id),)), body="see 00000007").rule == "account"


@pytest.mark.parametrize(
    "reference",
    [
        "ref:_00D30AbCd._5003000000aBcDe:ref",
        "ref:_00D30AbCd._5003000000aBcDeIAK:ref",
        "ref:_00D30AbCd._5003aBcDe:ref",
        "ref:!00D30AbCd.!5003aBcDe:ref",
        "ref:00D30AbCd.5003aBcDe:ref",
        "> quoted [ ref:_00D30AbCd._5003aBcDe:ref ] text",
    ],
)
def test_2_a_reference_anywhere_gives_its_case(reference: str) -> None:
    context = crm(cases=(case(7, id="5003000000aBcDeIAK", account_id=account(1).id), case(8, account_id=account(1).id)))
    assert ids(choose(context, body=f"Hello\n{reference}\n")) == ["5003000000aBcDeIAK"]
    assert ids(choose(context, subject=reference)) == ["5003000000aBcDeIAK"]
    assert choose(context, body=reference.swapcase()).rule == "account"  # ids are told apart by case


def test_2_a_shortened_reference_that_fits_two_cases_names_none() -> None:
    one = case(7, id="5003001000aBcDeAAA", account_id=account(1).id)
    two = case(8, id="5003000100aBcDeAAA", account_id=account(1).id)
    reference = "ref:_00D30AbCd._50031aBcDe:ref"
    assert ids(choose(crm(cases=(one,)), body=reference)) == [one.id]
    assert choose(crm(cases=(one, two)), body=reference).rule == "account"


def test_2_the_case_must_be_of_a_matched_person_s_account() -> None:
    assert choose(crm(cases=(case(7, account_id=account(9).id),)), subject="00000007").rule == "account"
    assert choose(crm(cases=(case(7),)), subject="00000007").rule == "account"


def test_2_the_first_that_resolves_counts_and_the_subject_before_the_body() -> None:
    cases = (case(7, account_id=account(1).id), case(8, account_id=account(1).id))
    reference = f"ref:_00D30AbCd._{case(7).id}:ref"
    assert ids(choose(crm(cases=cases), subject="00000099 00000008 00000007", body=reference)) == [case(8).id]
    assert ids(choose(crm(cases=cases), subject=f"00000099 {reference} 00000008")) == [case(7).id]


def test_2_thread_tokens_are_opaque() -> None:
    assert case_references("thread::5003000000aBcDe::", "thread::5003000000aBcDe::") == ()


def test_3_the_only_open_opportunity_with_a_matched_contact() -> None:
    context = crm(opportunities=(role(1, owner_id=OTHER_USER), role(2, is_closed=True), opportunity(3)))
    assert choose(context) == BusinessChoice(
        (RelatedRecord(role(1).id, "Opportunity", "Opportunity 1"),), "contact-role", False
    )


def test_3_of_several_the_user_s_only_one_and_the_pane_asks() -> None:
    context = crm(opportunities=(role(1, owner_id=OTHER_USER), role(2, owner_id=USER)))
    choice = choose(context)
    assert (choice.rule, ids(choice), choice.ask) == ("contact-role", [role(2).id], True)


def test_3_of_several_without_one_of_the_user_s_own_the_account_and_the_pane_asks() -> None:
    for owner in (OTHER_USER, USER):
        # An own opportunity of the account must not win by rule 4 then.
        own = opportunity(5, account_id=account(1).id, owner_id=USER)
        context = crm(opportunities=(role(1, owner_id=owner), role(2, owner_id=owner), own))
        choice = choose(context)
        assert (choice.rule, ids(choice), choice.ask) == ("account", [account(1).id], True)


def test_3_roles_of_any_matched_contact_count() -> None:
    assert ids(choose(crm(opportunities=(role(4),)), BOB, ANN)) == [role(4).id]


def test_4_the_user_s_only_open_opportunity_of_the_first_contact_s_account() -> None:
    mine = opportunity(1, account_id=account(1).id, owner_id=USER)
    others = (
        opportunity(2, account_id=account(1).id, owner_id=OTHER_USER),
        opportunity(3, account_id=account(1).id, owner_id=USER, is_closed=True),
        opportunity(4, account_id=account(2).id, owner_id=USER),
    )
    choice = choose(crm(opportunities=(*others, mine)), ANN, BOB)
    assert (choice.rule, ids(choice), choice.ask) == ("own-opportunity", [mine.id], False)


def test_4_of_several_the_account_and_the_pane_asks() -> None:
    mine = tuple(opportunity(number, account_id=account(1).id, owner_id=USER) for number in (1, 2))
    choice = choose(crm(opportunities=mine))
    assert (choice.rule, ids(choice), choice.ask) == ("account", [account(1).id], True)


def test_5_else_the_account_of_the_first_matched_contact() -> None:
    choice = choose(crm(), BOB, ANN)
    assert choice == BusinessChoice((RelatedRecord(account(2).id, "Account", "Account 2"),), "account", False)


def test_6_none_without_a_contact_or_an_account() -> None:
    nothing = BusinessChoice((), "none", False)
    assert choose(crm(people=())) == nothing
    assert choose(crm(people=(contact(1, ANN),))) == nothing
    assert choose(crm(accounts=())) == nothing  # an account that the user may not see
    # The first matched contact decides, not the first that has an account.
    assert choose(crm(people=(contact(1, ANN), BOB_CONTACT)), ANN, BOB) == nothing


def test_a_lead_alone_takes_no_business_record_even_in_a_filed_thread() -> None:
    thread = ThreadFiling((("Account", account(1).id),), (address_hash(ANN),))
    context = crm(people=(lead(1, ANN),), cases=(case(7, account_id=account(1).id),))
    assert choose(context, subject="00000007", thread=thread) == BusinessChoice((), "none", False)


def test_a_contact_beside_a_lead_gives_the_record() -> None:
    context = crm(people=(lead(1, "lee@customer.example"), ANN_CONTACT))
    assert choose(context, "lee@customer.example", ANN).rule == "account"


def test_by_domain_the_only_account_counts_and_of_several_none() -> None:
    one = choose_by_domain(crm(suggested_accounts=(account(3),)))
    assert (one.rule, ids(one), one.ask) == ("same-domain", [account(3).id], False)
    assert choose_by_domain(crm(suggested_accounts=(account(3), account(4)))) == BusinessChoice((), "none", True)
    assert choose_by_domain(crm()) == BusinessChoice((), "none", False)


@given(st.text(), st.text())
def test_no_text_stops_the_reading_of_references(subject: str, body: str) -> None:
    assert all(isinstance(one, CaseReference) for one in case_references(subject, body))


@given(st.lists(st.sampled_from(["ref:", "_", "!", "00D30AbCd", ".", "5003aBcDe", ":ref", " ", "00001026", "\n"])))
def test_no_pieces_of_references_stop_it_either(pieces: list[str]) -> None:
    assert len(case_references("".join(pieces), "".join(pieces))) <= 20
