"""What one composite call says of an email's people."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from sync import errors
from sync.crm import ObjectName
from sync.providers.salesforce.client import MAX_URI_BYTES, SalesforceClient
from sync.providers.salesforce.context import ContextQuestion, read_context, website_domain
from tests.sync.providers.fakes import BASE, FakeTokens, error_body, on_composite, page, sent_json

DANA = {
    "attributes": {"type": "Contact"},
    "Id": "003000000000001AAA",
    "Name": "Dana Ruiz",
    "Email": "Dana@Northwind.example",
    "Other_Email__c": "d.ruiz@home.example",
    "Title": None,
    "Phone": "+1 555 0100",
    "AccountId": "001000000000001AAA",
    "OwnerId": "005000000000001AAA",
    "LastActivityDate": "2026-11-20",
    "Account": {"Id": "001000000000001AAA", "Name": "Northwind Ltd", "BillingCountry": "UK"},
    "OpportunityContactRoles": page(
        {
            "OpportunityId": "006000000000001AAA",
            "Opportunity": {"Name": "Renewal 2027", "StageName": "Proposal", "Amount": 48000, "IsClosed": False},
        }
    ),
}
NORTHWIND = {
    "Id": "001000000000001AAA",
    "Name": "Northwind Ltd",
    "Website": "https://www.northwind.example/",
    "BillingCountry": "UK",
    "Type": "Customer",
    "Opportunities": page(
        {"Id": "006000000000001AAA", "Name": "Renewal 2027", "AccountId": "001000000000001AAA", "IsClosed": False},
        {"Id": "006000000000002AAA", "Name": "Extra seats", "CloseDate": "2026-12-31", "IsClosed": False},
    ),
    "Cases": page(
        {"Id": "500000000000001AAA", "CaseNumber": "00012877", "CreatedDate": "2026-11-20T09:00:00.000+0000"}
    ),
}
WIDE = {
    "Id": "001000000000009AAA",
    "Name": "Wide World",
    "Website": "northwind.example.org",
    "Opportunities": None,
    "Cases": None,
}
SISTER = {"Id": "001000000000002AAA", "Name": "Northwind GmbH", "Opportunities": page({"Id": "006000000000009AAA"})}
QUESTION = ContextQuestion(
    addresses=("dana@northwind.example", "li@contoso.example"),
    domains=("northwind.example",),
    message_identifier="<a1@northwind.example>",
    email_fields=("Other_Email__c",),
)


def ask(question: ContextQuestion = QUESTION) -> Any:
    return read_context(SalesforceClient(FakeTokens()), question)


def queries() -> dict[str, str]:
    parts = sent_json(responses.calls[-1].request)["compositeRequest"]
    return {part["referenceId"]: parse_qs(urlsplit(part["url"]).query)["q"][0] for part in parts}


@responses.activate
def test_one_composite_call_with_five_queries_answers_everything() -> None:
    on_composite({"people": page(DANA), "accounts": page(NORTHWIND, SISTER), "suggestions": page(NORTHWIND, WIDE)})

    context = ask()

    assert len(responses.calls) == 1
    body = sent_json(responses.calls[0].request)
    assert body["allOrNone"] is False
    assert [part["method"] for part in body["compositeRequest"]] == ["GET"] * 5
    assert all(part["url"].startswith("/services/data/v66.0/query?q=") for part in body["compositeRequest"])
    assert "@{" not in str(body), "an empty result would fail whatever is chained to it"
    (dana,) = context.people
    assert dana.emails == ("dana@northwind.example", "d.ruiz@home.example")
    assert (dana.title, dana.last_activity, dana.object_name) == ("", date(2026, 11, 20), ObjectName.CONTACT)
    assert [account.name for account in context.accounts] == ["Northwind Ltd"]
    assert context.accounts[0].type == "Customer"
    renewal, seats = context.opportunities
    assert (renewal.name, renewal.amount, renewal.contact_ids) == ("Renewal 2027", 48000.0, ("003000000000001AAA",))
    assert (seats.close_date, seats.contact_ids) == (date(2026, 12, 31), ())
    assert [case.number for case in context.cases] == ["00012877"]
    assert context.failed == ()
    assert context.read_at is not None


@responses.activate
def test_a_domain_suggests_accounts_but_brings_none_of_their_opportunities() -> None:
    on_composite({"people": page(DANA), "accounts": page(NORTHWIND, SISTER), "suggestions": page(WIDE)})
    context = ask()
    assert [account.name for account in context.suggested_accounts] == ["Northwind GmbH"]
    assert "006000000000009AAA" not in {opportunity.id for opportunity in context.opportunities}


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("https://www.northwind.example/start", "northwind.example"),
        ("northwind.example", "northwind.example"),
        ("//shop.northwind.example:8443", "northwind.example"),
        ("NORTHWIND.EXAMPLE", "northwind.example"),
        ("https://northwind.example.org", "example.org"),
        ("", ""),
        ("http://[broken", ""),
    ],
)
def test_a_website_counts_by_its_registrable_domain(website: str, domain: str) -> None:
    assert website_domain(website) == domain


@responses.activate
def test_a_converted_lead_brings_the_contact_it_became() -> None:
    lead = {
        "Id": "00Q000000000001AAA",
        "Name": "Li Wei",
        "Email": "Li@Contoso.example",
        "IsConverted": True,
        "ConvertedContactId": "003000000000007AAA",
        "ConvertedContact": {
            "Name": "Li Wei",
            "Email": "li.wei@contoso.example",
            "AccountId": "001000000000007AAA",
            "Account": {"Name": "Contoso"},
        },
    }
    open_lead = {"Id": "00Q000000000002AAA", "Name": "Ann", "Email": "ann@x.example", "IsConverted": False}
    on_composite({"leads": page(lead, open_lead)})

    contact, ann = ask().people

    assert (contact.object_name, contact.id, contact.became_from) == (
        ObjectName.CONTACT,
        "003000000000007AAA",
        "00Q000000000001AAA",
    )
    assert contact.emails == ("li.wei@contoso.example", "li@contoso.example")
    assert (ann.object_name, ann.became_from) == (ObjectName.LEAD, "")


@responses.activate
def test_identifiers_are_compared_exactly() -> None:
    mail = {
        "Id": "02s000000000001AAA",
        "MessageIdentifier": "<A1@northwind.example>",
        "RelatedToId": "006000000000001AAA",
        "RelatedTo": {"Name": "Renewal 2027", "Type": "Opportunity"},
    }
    on_composite({"email": page(mail)})
    assert ask().filed is None

    exact = {
        **mail,
        "Id": "02s000000000002AAA",
        "MessageIdentifier": "<a1@northwind.example>",
        "EmailMessageRelations": page({"RelationId": "003000000000001AAA"}, {"RelationId": None}),
    }
    responses.reset()
    on_composite({"email": page(mail, exact)})
    filed = ask().filed
    assert filed is not None
    assert (filed.id, filed.people_ids) == ("02s000000000002AAA", ("003000000000001AAA",))
    assert (filed.related[0].object_name, filed.related[0].name) == ("Opportunity", "Renewal 2027")


@responses.activate
def test_without_enhanced_email_no_email_message_is_asked_for() -> None:
    on_composite({})
    ask(ContextQuestion(addresses=("a@b.example",), message_identifier="<x@y>", enhanced_email=False))
    assert list(queries()) == ["people", "leads", "accounts"]


@responses.activate
def test_a_field_that_the_user_may_not_read_costs_its_part_only() -> None:
    refusal = (400, error_body("INVALID_FIELD", "No such column 'Industry' on entity 'Account'"))
    on_composite({"people": page(DANA), "accounts": refusal, "suggestions": refusal})

    context = ask()

    assert context.failed == ("accounts", "suggestions")
    assert [person.name for person in context.people] == ["Dana Ruiz"]
    assert [account.name for account in context.accounts] == ["Northwind Ltd"], "as far as the contact's row tells"
    assert [opportunity.name for opportunity in context.opportunities] == ["Renewal 2027"]


@responses.activate
def test_a_part_of_another_form_costs_its_part_only() -> None:
    on_composite({"people": page(DANA), "leads": {"records": [{"Id": {"not": "text"}}]}, "email": {"nothing": 1}})
    assert ask().failed == ("leads", "email")


@responses.activate
def test_when_every_part_fails_the_call_fails() -> None:
    refusal = (400, error_body("INVALID_FIELD", "No such column"))
    on_composite(dict.fromkeys(("people", "leads", "email", "accounts", "suggestions"), refusal))
    with pytest.raises(errors.Refused):
        ask()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((403, error_body("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")), errors.QuotaSpent),
        ((403, error_body("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.")), errors.Throttled),
        ((401, error_body("INVALID_SESSION_ID")), errors.NeedsReconnect),
    ],
)
@responses.activate
def test_limits_within_the_call_are_those_of_the_call(answer: Any, expected: type[Exception]) -> None:
    on_composite({"people": page(DANA), "leads": answer})
    with pytest.raises(expected):
        ask()


@responses.activate
def test_fifty_participants_are_one_call_with_every_address() -> None:
    on_composite({})
    addresses = tuple(f"participant.number.{n:02}+tag@department.company-{n:02}.example" for n in range(50))
    domains = tuple(f"company-{n:02}.example" for n in range(50))
    context = ask(ContextQuestion(addresses=addresses, domains=domains, email_fields=("Other_Email__c",)))

    assert len(responses.calls) == 1
    assert context.failed == ()
    asked = queries()
    assert all(asked["people"].count(f"'{address}'") == 2 for address in addresses)
    assert all(address in asked["leads"] and address in asked["accounts"] for address in addresses)
    assert all(f"Website LIKE '%{domain}%'" in asked["suggestions"] for domain in domains)


@responses.activate
def test_the_longest_addresses_still_fit_and_what_does_not_is_named() -> None:
    on_composite({})
    addresses = tuple(f"{n:02}" + "x" * 60 + "@" + "y" * 180 + f"{n:02}.example" for n in range(50))
    context = ask(ContextQuestion(addresses=addresses, domains=("d.example",) * 2, email_fields=("A__c", "B__c")))

    parts = sent_json(responses.calls[0].request)["compositeRequest"]
    assert len(responses.calls) == 1
    assert all(len(part["url"]) <= MAX_URI_BYTES for part in parts)
    people = queries()["people"]
    assert all(address in people for address in addresses), "everybody's main address goes before further ones"
    assert "A__c" not in people
    assert context.failed == ("people",)


@responses.activate
def test_what_does_not_fit_at_all_is_left_out_from_the_end() -> None:
    on_composite({})
    addresses = tuple(f"{n:03}" + "ü" * 60 + "@company.example" for n in range(200))
    context = ask(ContextQuestion(addresses=addresses))
    people = queries()["people"]
    assert addresses[0] in people
    assert addresses[-1] not in people
    assert set(context.failed) == {"people", "leads", "accounts"}


@responses.activate
def test_nothing_asked_is_no_call() -> None:
    assert ask(ContextQuestion(addresses=())).people == ()
    assert len(responses.calls) == 0


@responses.activate
def test_windows_are_days_back_from_now() -> None:
    on_composite({})
    ask(ContextQuestion(addresses=("a@b.example",), opportunity_days=0, case_days=0, case_numbers=("00012877",)))
    accounts = queries()["accounts"]
    assert re.search(r"CloseDate >= \d{4}-\d\d-\d\d ", accounts)
    assert "CaseNumber IN ('00012877')" in accounts


@pytest.mark.parametrize(("headers", "expected"), [({"Retry-After": "9"}, errors.Throttled), ({}, errors.Unavailable)])
@responses.activate
def test_the_whole_call_failing_is_a_typed_error(headers: dict[str, str], expected: type[Exception]) -> None:
    responses.post(BASE + "composite", json=error_body("SERVER_UNAVAILABLE"), status=503, headers=headers)
    with pytest.raises(errors.ProviderError) as caught:
        ask()
    assert type(caught.value) is expected
