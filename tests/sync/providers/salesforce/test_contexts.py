"""What one call says of many emails, each told only what concerns it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from sync import errors
from sync.crm import CrmContext, FiledRelation
from sync.providers.salesforce.client import MAX_URI_BYTES, SalesforceClient
from sync.providers.salesforce.context import ContextQuestion
from sync.providers.salesforce.contexts import read_contexts
from tests.sync.providers.fakes import FakeTokens, error_body, on_composite, page, sent_json

NORTHWIND, CONTOSO = "001000000000001AAA", "001000000000002AAA"
DANA = {
    "Id": "003000000000001AAA",
    "Name": "Dana",
    "Email": "Dana@Northwind.example",
    "AccountId": NORTHWIND,
    "Account": {"Name": "Northwind"},
}
LI = {
    "Id": "003000000000002AAA",
    "Name": "Li",
    "Email": "li@contoso.example",
    "Other__c": "Li@Home.example",
    "AccountId": CONTOSO,
    "Account": {"Name": "Contoso"},
}
LEAD = {"Id": "00Q000000000001AAA", "Name": "Ann", "Email": "ann@x.example", "IsConverted": False}
BASE_QUESTION = ContextQuestion(addresses=(), email_fields=("Other__c",))


def asking(*addresses: str, domains: tuple[str, ...] = (), identifier: str = "", **more: Any) -> ContextQuestion:
    return replace(BASE_QUESTION, addresses=addresses, domains=domains, message_identifier=identifier, **more)


def ask(*questions: ContextQuestion) -> list[CrmContext]:
    client = SalesforceClient(FakeTokens())
    answered = read_contexts(client, {str(place): question for place, question in enumerate(questions)})
    return [answered[str(place)] for place in range(len(questions))]


def asked() -> dict[str, str]:
    parts = [part for call in responses.calls for part in sent_json(call.request)["compositeRequest"]]
    assert all(len(part["url"]) <= MAX_URI_BYTES for part in parts)
    return {part["referenceId"]: parse_qs(urlsplit(part["url"]).query)["q"][0] for part in parts}


def account(account_id: str, *witnesses: str, **more: Any) -> dict[str, Any]:
    contacts = page(*({"Email": address} for address in witnesses)) if witnesses else None
    return {"Id": account_id, "Name": account_id, "Contacts": contacts, **more}


@responses.activate
def test_one_call_of_five_queries_for_all_and_each_is_told_its_own() -> None:
    mail = {"Id": "02s1", "MessageIdentifier": "<a@x>"}
    relations = page({"RelationId": DANA["Id"], "RelationType": "FromAddress"})
    on_composite(
        {
            "people0x0": page(DANA, LI),
            "leads0x0": page(LEAD),
            "email0x0": page({**mail, "MessageIdentifier": "<A@x>"}, {**mail, "EmailMessageRelations": relations}),
            "accounts0x0": page(account(NORTHWIND), account(CONTOSO)),
            "suggestions0x0": page(),
        }
    )
    dana, li, nobody = ask(
        asking("dana@northwind.example", identifier="<a@x>"),
        asking("li@home.example", "ann@x.example", domains=("contoso.example",), identifier="<b@x>"),
        asking("nobody@northwind.example", identifier="<A@X>"),
    )
    assert len(responses.calls) == 1
    assert [part["method"] for part in sent_json(responses.calls[0].request)["compositeRequest"]] == ["GET"] * 5
    assert [person.name for person in dana.people] == ["Dana"]
    assert [one.id for one in dana.accounts] == [NORTHWIND]
    assert dana.filed is not None
    assert dana.filed.relations == (FiledRelation("003000000000001AAA", "FromAddress"),)
    assert [person.name for person in li.people] == ["Li", "Ann"]
    assert [one.id for one in li.accounts] == [CONTOSO]
    assert (li.filed, li.suggested_accounts) == (None, ())
    assert (nobody.people, nobody.accounts, nobody.suggested_accounts, nobody.filed) == ((), (), (), None)
    assert dana.failed == li.failed == nobody.failed == ()


@responses.activate
def test_each_address_is_asked_for_once() -> None:
    on_composite({})
    ask(
        *(asking("dana@northwind.example", f"p{n}@northwind.example", domains=("northwind.example",)) for n in range(9))
    )
    assert asked()["leads0x0"].count("'dana@northwind.example'") == 1
    assert asked()["suggestions0x0"].count("northwind.example") == 1


@responses.activate
def test_an_account_is_suggested_to_whose_domain_its_contacts_have() -> None:
    known = [account(NORTHWIND, "a@sales.northwind.example"), account(CONTOSO, "b@mynorthwind.example")]
    on_composite({"accounts0x0": page(*known)})
    north, contoso, mine = ask(
        asking("x@northwind.example", domains=("northwind.example",)),
        asking("x@contoso.example", domains=("contoso.example",)),
        asking("x@mynorthwind.example", domains=("mynorthwind.example",)),
    )
    assert [one.id for one in north.suggested_accounts] == [NORTHWIND], "what merely ends alike is another domain"
    assert contoso.suggested_accounts == ()
    assert [one.id for one in mine.suggested_accounts] == [CONTOSO]
    assert len(responses.calls) == 1


@responses.activate
def test_where_contacts_do_not_tell_they_are_asked_for_once_more() -> None:
    many = account(NORTHWIND, *(f"p{n}@northwind.example" for n in range(200)))
    on_composite(
        {
            "accounts0x0": page(many, account(CONTOSO)),
            "why0x0": page({"AccountId": NORTHWIND, "Email": "p@second.example"}),
            "why0x1": page({"AccountId": CONTOSO, "Email": "amira@third.example"}),
        }
    )
    domains = ("northwind.example", "second.example", "third.example")
    contexts = ask(*(asking(f"x@{domain}", domains=(domain,)) for domain in domains))
    assert [[one.id for one in context.suggested_accounts] for context in contexts] == [
        [NORTHWIND],
        [NORTHWIND],
        [CONTOSO],
    ]
    assert len(responses.calls) == 2
    assert "northwind.example" not in asked()["why0x0"], "that is known already"


@responses.activate
def test_a_look_for_contacts_that_fails_is_named_to_whom_it_concerns() -> None:
    on_composite({"accounts0x0": page(account(CONTOSO)), "why0x0": (400, error_body("QUERY_TIMEOUT"))})
    with_domain, without = ask(asking("x@a.example", domains=("a.example",)), asking("y@b.example"))
    assert (with_domain.failed, without.failed) == (("accounts",), ())


@responses.activate
def test_cases_of_other_questions_are_not_this_ones() -> None:
    def case(number: int, *, closed: bool = True, created: str = "2020-01-01T00:00:00.000+0000") -> dict[str, Any]:
        case_id = f"5000000000000{number:02}AAA"
        return {"Id": case_id, "CaseNumber": f"{number:08}", "IsClosed": closed, "CreatedDate": created}

    cases = page(case(1, closed=False), case(2), case(3), case(4))
    on_composite({"people0x0": page(DANA), "accounts0x0": page(account(NORTHWIND, Cases=cases))})
    dana = "dana@northwind.example"
    numbered, named, plain = ask(
        asking(dana, case_numbers=("00000002",)), asking(dana, case_ids=("500000000000003",)), asking(dana)
    )
    assert [one.number for one in numbered.cases] == ["00000001", "00000002"]
    assert [one.number for one in named.cases] == ["00000001", "00000003"]
    assert [one.number for one in plain.cases] == ["00000001"]
    assert "LIMIT 52)" in asked()["accounts0x0"], "nobody's cases are pushed out by others'"


@responses.activate
def test_many_references_to_cases_are_parted_and_none_is_left_out() -> None:
    on_composite({})
    numbers = [f"{n:030}" for n in range(4000)]
    ask(
        *(
            asking("dana@northwind.example", case_numbers=tuple(numbers[start : start + 20]))
            for start in range(0, 4000, 20)
        )
    )
    accounts = [query for name, query in asked().items() if name.startswith("accounts")]
    assert all(any(number in query for query in accounts) for number in numbers)
    assert all("dana@northwind.example" in query for query in accounts)


@responses.activate
def test_what_does_not_fit_into_an_address_goes_into_further_queries() -> None:
    on_composite({})
    addresses = [f"{n:04}" + "x" * 60 + "@" + "y" * 150 + f"{n:04}.example" for n in range(400)]
    contexts = ask(
        *(
            asking(address, domains=(address.partition("@")[2],), identifier=f"<{n:04}{'i' * 200}@x.example>")
            for n, address in enumerate(addresses)
        )
    )
    assert {context.failed for context in contexts} == {()}
    for part in ("people", "leads", "accounts"):
        queries = [query for name, query in asked().items() if name.startswith(part)]
        assert all(any(f"'{address}'" in query for query in queries) for address in addresses), part
    assert len(responses.calls) == -(-len(asked()) // 5)


@responses.activate
def test_what_does_not_even_fit_alone_is_named() -> None:
    on_composite({})
    endless = "ü" * 5000 + "@x.example"
    long, short = ask(asking(endless), asking("dana@northwind.example"))
    assert long.failed == ("people", "leads", "accounts")
    assert short.failed == ()


@responses.activate
def test_a_part_that_failed_is_named_to_whom_it_concerns() -> None:
    refusal = (400, error_body("INVALID_FIELD"))
    on_composite({"people0x0": page(DANA), "email0x0": refusal, "suggestions0x0": refusal})
    everything, people, nothing = ask(
        asking("dana@northwind.example", domains=("northwind.example",), identifier="<a@x>"),
        asking("dana@northwind.example"),
        asking(),
    )
    assert everything.failed == ("email", "suggestions")
    assert (people.failed, [one.name for one in people.people]) == ((), ["Dana"])
    assert nothing.failed == ()


@responses.activate
def test_without_the_people_their_accounts_are_not_known_either() -> None:
    on_composite({"people0x0": (400, error_body("INVALID_FIELD")), "accounts0x0": page(account(NORTHWIND))})
    (context,) = ask(asking("dana@northwind.example"))
    assert context.failed == ("people", "accounts")
    assert (context.people, context.accounts, context.suggested_accounts) == ((), (), ())


@responses.activate
def test_a_part_of_another_form_is_named() -> None:
    on_composite({"leads0x0": page({"Id": {"not": "text"}})})
    (context,) = ask(asking("dana@northwind.example"))
    assert context.failed == ("leads",)


@responses.activate
def test_when_every_query_fails_all_of_it_fails() -> None:
    refusal = (400, error_body("INVALID_FIELD"))
    on_composite(dict.fromkeys(("people0x0", "leads0x0", "accounts0x0"), refusal))
    with pytest.raises(errors.Refused):
        ask(asking("dana@northwind.example"))


@responses.activate
def test_questions_of_another_kind_share_calls_and_not_queries() -> None:
    on_composite({"people1x0": page(DANA)})
    plain, other = ask(asking("dana@northwind.example"), asking("dana@northwind.example", opportunity_days=1))
    assert (plain.people, [one.name for one in other.people]) == ((), ["Dana"])
    assert set(asked()) == {f"{part}{n}x0" for part in ("people", "leads", "accounts") for n in (0, 1)}
    assert len(responses.calls) == 2


@responses.activate
def test_without_enhanced_email_the_tasks_are_looked_up() -> None:
    task = {"Id": "00T1", "CallObject": "<a@x>", "WhoId": DANA["Id"]}
    on_composite({"email0x0": page({**task, "Id": "00T0", "CallObject": "<A@x>"}, task, {**task, "Id": "00T2"})})
    (context,) = ask(asking("dana@northwind.example", identifier="<a@x>", enhanced_email=False))
    assert context.filed is not None
    assert (context.filed.id, context.filed.people_ids) == ("00T1", (DANA["Id"],))
    assert "FROM Task WHERE CallObject IN ('<a@x>')" in asked()["email0x0"]


@responses.activate
def test_the_oldest_of_several_filed_emails_counts_whatever_its_id() -> None:
    on_composite(
        {"email0x0": page({"Id": "02s9", "MessageIdentifier": "<a@x>"}, {"Id": "02s1", "MessageIdentifier": "<a@x>"})}
    )
    (context,) = ask(asking(identifier="<a@x>"))
    assert context.filed is not None
    assert context.filed.id == "02s9"


@responses.activate
def test_nothing_asked_is_no_call() -> None:
    assert ask() == []
    assert ask(asking(), asking())[1].people == ()
    assert len(responses.calls) == 0


@responses.activate
def test_an_address_whose_domain_is_asked_for_anyway_is_no_further_reason_for_accounts() -> None:
    on_composite({"accounts0x0": (400, error_body("QUERY_TIMEOUT")), "people0x0": page(DANA)})
    dana, domain, other = ask(
        asking("dana@northwind.example", case_numbers=("00000002",), email_fields=()),
        asking(domains=("northwind.example",), email_fields=()),
        asking("someone@free.example", email_fields=()),
    )
    assert "dana@" not in asked()["accounts0x0"]
    assert "00000002" in asked()["accounts0x0"], "its cases come with the domain"
    assert "someone@free.example" in asked()["accounts0x0"]
    assert dana.failed == domain.failed == other.failed == ("accounts",)


@responses.activate
def test_beside_further_email_fields_every_address_is_a_reason() -> None:
    on_composite({})
    ask(asking("dana@northwind.example", domains=("northwind.example",)))
    assert "Other__c IN ('dana@northwind.example')" in asked()["accounts0x0"]
