"""Many emails at once against the sandbox: the answers of one by one, in few calls; what fails alone fails alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync import errors
from sync.crm import CrmContext, EmailFiling, FiledRecords, PersonRelation, RelatedRecord
from sync.providers.salesforce import queries
from sync.providers.salesforce.client import ApiUsage, SalesforceClient, Subrequest
from sync.providers.salesforce.collections import create_records, with_type
from sync.providers.salesforce.context import ContextQuestion, read_context
from sync.providers.salesforce.contexts import read_contexts
from sync.providers.salesforce.filing import find_email, remove_email, write_email
from sync.providers.salesforce.filings import complete_emails, find_emails, write_emails
from sync.providers.salesforce.schema import read_hidden_fields, read_shape
from sync.providers.salesforce.upkeep import read_deleted, read_limits
from sync.rules.addresses import registrable_domain
from tests.sandbox_process import SandboxProcess

Clients = Callable[[str], SalesforceClient]
DANA = "dana@northwind.example"


@pytest.fixture
def mia(salesforce: Clients) -> SalesforceClient:
    return salesforce("mia")


def calls(real: SandboxProcess) -> list[str]:
    return [f"{call['method']} {call['path'].split('?')[0].split('/v66.0/')[1]}" for call in real.log("salesforce")]


def plain(context: CrmContext) -> dict[str, Any]:
    """What a context says. The order of accounts is Salesforce's own, and of no meaning."""
    said = {name: getattr(context, name) for name in context.__dataclass_fields__ if name != "read_at"}
    for name in ("accounts", "suggested_accounts", "opportunities"):
        said[name] = {record.id: record for record in said[name]}
    # Cases come account by account.
    accounts = {case.account_id for case in context.cases}
    said["cases"] = {one: [case.id for case in context.cases if case.account_id == one] for one in accounts}
    return said


class Mail:
    """Addresses, domains and case references of the seed's world, and questions drawn from them."""

    def __init__(self, client: SalesforceClient, seed: int) -> None:
        contacts = client.query("SELECT Email FROM Contact WHERE Email != null")
        leads = client.query("SELECT Email FROM Lead WHERE Email != null")
        self.known = [str(row["Email"]).lower() for row in (*contacts, *leads)]
        self.cases = client.query("SELECT Id, CaseNumber FROM Case")
        self.random = random.Random(seed)
        self.shape = read_shape(client)

    def question(self) -> ContextQuestion:
        draw = self.random
        addresses = draw.sample(self.known, draw.randint(0, 4))
        addresses += [
            f"new.{draw.randint(0, 99)}@{address.partition('@')[2]}" for address in draw.sample(self.known, 2)
        ]
        addresses += [f"someone@unknown-{draw.randint(0, 30)}.example" for _ in range(draw.randint(0, 2))]
        domains = {registrable_domain(address.partition("@")[2]) for address in addresses} - {"", None}
        cases = draw.sample(self.cases, draw.randint(0, 2))
        return ContextQuestion(
            addresses=tuple(dict.fromkeys(addresses)),
            domains=tuple(sorted(str(domain) for domain in domains))[: draw.randint(0, 9)],
            message_identifier=f"<m{draw.randint(0, 40)}@x.example>",
            enhanced_email=self.shape.enhanced_email,
            person_accounts=self.shape.person_accounts,
            email_fields=self.shape.email_fields,
            opportunity_days=draw.choice((365, 365, 0)),
            case_days=90,
            case_ids=tuple(row["Id"][:15] for row in cases[:1]),
            case_numbers=tuple(row["CaseNumber"] for row in cases[1:]),
        )


@pytest.mark.parametrize("name", ["mia", "tom", "ines"])
def test_each_of_sixty_questions_is_answered_as_it_would_be_alone(
    real: SandboxProcess, salesforce: Clients, name: str
) -> None:
    client = salesforce(name)
    for n in range(0, 40, 3):
        person = {"Status": "1", "Incoming": True, "Subject": "x", "MessageIdentifier": f"<m{n}@x.example>"}
        client.post("sobjects/EmailMessage", person)
    client.post("sobjects/EmailMessage", {"Status": "1", "Subject": "x", "MessageIdentifier": "<M3@X.example>"})
    mail = Mail(client, seed=len(name))
    questions = {str(n): mail.question() for n in range(60)}
    real.clear_log()

    together = read_contexts(client, questions)

    assert len(calls(real)) <= 4
    assert together.keys() == questions.keys()
    for key, question in questions.items():
        assert plain(together[key]) == plain(read_context(client, question)), question
    assert any(context.filed for context in together.values())
    assert any(context.suggested_accounts for context in together.values())
    assert any(len(context.cases) > 2 for context in together.values())


def test_parted_queries_and_pages_say_the_same(
    real: SandboxProcess, mia: SalesforceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = Mail(mia, seed=7)
    questions = {str(n): mail.question() for n in range(25)}
    whole = read_contexts(mia, questions)
    monkeypatch.setattr(queries, "MAX_URI_BYTES", 2_000)
    real.clear_log()
    parted = read_contexts(mia, questions)
    assert len(calls(real)) > 3

    def people(context: CrmContext) -> set[str]:
        return {person.id for person in context.people}

    for key in questions:
        one, other = plain(parted[key]), plain(whole[key])
        assert people(parted[key]) == people(whole[key])
        assert {name: said for name, said in one.items() if name != "people"} == {
            name: said for name, said in other.items() if name != "people"
        }


def make(client: SalesforceClient, *records: dict[str, Any]) -> list[str]:
    outcomes = create_records(client, records)
    assert all(isinstance(outcome, str) for outcome in outcomes), outcomes
    return [str(outcome) for outcome in outcomes]


def test_large_accounts_are_known_by_each_of_their_domains(real: SandboxProcess, mia: SalesforceClient) -> None:
    (large,) = make(mia, with_type("Account", {"Name": "Large"}))
    addresses = [f"p{n:03}@first-large.example" for n in range(250)] + ["last@second-large.example"]
    contacts = [{"LastName": address, "Email": address, "AccountId": large} for address in addresses]
    make(mia, *(with_type("Contact", contact) for contact in contacts))
    cases = [{"Subject": f"{n}", "AccountId": large, "Status": "New"} for n in range(60)]
    make(mia, *(with_type("Case", case) for case in cases))
    make(mia, with_type("Case", {"Subject": "old", "AccountId": large, "Status": "Closed"}))
    (old,) = mia.query("SELECT CaseNumber FROM Case WHERE Subject = 'old'")
    domains = ("first-large.example", "second-large.example", "third-large.example")
    questions = {domain: ContextQuestion(addresses=(f"x@{domain}",), domains=(domain,)) for domain in domains}
    questions["known"] = ContextQuestion(addresses=("p007@first-large.example",))
    questions["referred"] = replace(questions["known"], case_numbers=(old["CaseNumber"],), case_days=0)
    real.clear_log()

    together = read_contexts(mia, questions)

    assert len(calls(real)) <= 4
    for key, question in questions.items():
        assert plain(together[key]) == plain(read_context(mia, question)), key
    suggested = [[account.id for account in together[domain].suggested_accounts] for domain in domains]
    assert suggested == [[large], [large], []]
    assert len(together["known"].cases) == 50


def test_more_people_than_a_page_holds_are_all_there(mia: SalesforceClient) -> None:
    shared = [with_type("Contact", {"LastName": f"{n}", "Email": "shared@crowd.example"}) for n in range(2_050)]
    allowed = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    for start in range(0, len(shared), 200):
        body = {"allOrNone": True, "records": shared[start : start + 200]}
        part = Subrequest("part", "POST", mia.collections_url, body, allowed)
        assert mia.composite([part], all_or_none=True, writes=True)["part"].ok
    context = read_contexts(mia, {"a": ContextQuestion(addresses=("shared@crowd.example",))})["a"]
    assert (len(context.people), context.failed) == (2_050, ())


def test_what_a_profile_may_not_read_is_named_to_whom_it_concerns(real: SandboxProcess, mia: SalesforceClient) -> None:
    real.change_org(hidden_fields=[{"who": "Standard User", "object": "Account", "fields": ["Industry"]}])
    dana = ContextQuestion(addresses=(DANA,), domains=("northwind.example",))
    mail = ContextQuestion(addresses=(), message_identifier="<a@x>")
    together = read_contexts(mia, {"dana": dana, "mail": mail})
    assert set(together["dana"].failed) == {"people", "leads", "accounts", "suggestions"}
    assert together["mail"].failed == ()
    hidden = frozenset(read_hidden_fields(mia))
    again = read_contexts(mia, {"dana": replace(dana, hidden_fields=hidden)})["dana"]
    assert plain(again) == plain(read_context(mia, replace(dana, hidden_fields=hidden)))
    assert again.failed == ()


class Batch:
    """Filings of mail with people of the seed's world: every third is known, and stands on what is open with them."""

    def __init__(self, client: SalesforceClient, size: int, matched: int, *, records: int = 3) -> None:
        rows = client.query("SELECT Email FROM Contact WHERE Email != null AND AccountId != null ORDER BY Id LIMIT 60")
        known = [str(row["Email"]).lower() for row in rows]
        addresses = [
            known[n % len(known)] if n < matched else f"someone.{n}@company-{n % 80}.example" for n in range(size)
        ]
        self.addresses = addresses
        self.questions = {
            str(n): ContextQuestion(
                addresses=(address, f"copied.{n}@company-{n % 80}.example"),
                domains=(address.partition("@")[2], f"company-{n % 80}.example"),
                message_identifier=identifier(n),
            )
            for n, address in enumerate(addresses)
        }
        self.records = records

    def filing(self, number: int, context: CrmContext) -> EmailFiling:
        person = next((one for one in context.people if self.addresses[number] in one.emails), None)
        record_id, kind = (person.id, str(person.object_name)) if person else ("", "")
        chosen = [RelatedRecord(one.id, "Opportunity", one.name) for one in context.opportunities]
        chosen += [RelatedRecord(one.id, "Account", one.name) for one in context.accounts]
        return EmailFiling(
            message_identifier=identifier(number),
            thread_identifier=identifier(number),
            subject=f"Batch {number}",
            sent_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
            incoming=True,
            people=(
                PersonRelation("From", self.addresses[number], "", record_id, kind),
                PersonRelation("To", "mia.keller@larkfield.example"),
            ),
            business_records=tuple(chosen[: self.records]),
            html="<p>Please find our offer.</p>",
            text="Please find our offer.",
        )


def identifier(number: int) -> str:
    return f"<AM6PR04MB{number:04}.5C3B8F2A41D7@AM6PR04MB{number:04}.eurprd04.prod.example>"


HOW: dict[str, Any] = {"enhanced": True, "closed_status": "Completed"}


def filings(client: SalesforceClient, count: int, *, records: int = 3) -> list[EmailFiling]:
    batch = Batch(client, count, count, records=records)
    contexts = read_contexts(client, batch.questions)
    return [batch.filing(n, contexts[str(n)]) for n in range(count)]


def standing(client: SalesforceClient) -> dict[str, int]:
    """How many emails, relations of senders and further Tasks stand in Salesforce."""
    tasks = client.query("SELECT CallObject FROM Task WHERE CallObject != null")
    return {
        "emails": len(client.query("SELECT Id FROM EmailMessage WHERE Subject LIKE 'Batch %'")),
        "senders": len(client.query("SELECT Id FROM EmailMessageRelation WHERE RelationType = 'FromAddress'")),
        "tasks": len([row for row in tasks if ":" in str(row["CallObject"])]),
    }


def test_two_hundred_emails_with_sixty_matches_are_a_handful_of_calls(
    real: SandboxProcess, mia: SalesforceClient
) -> None:
    batch = Batch(mia, 200, 60)
    real.clear_log()
    contexts = read_contexts(mia, batch.questions)
    reading = len(calls(real))
    matched = [n for n in range(200) if contexts[str(n)].people]
    filed = [batch.filing(n, contexts[str(n)]) for n in matched]
    outcomes = write_emails(mia, filed, **HOW)

    assert len(matched) == 60
    assert reading == 1
    assert calls(real)[reading:] == ["POST composite/sobjects", "POST composite"]
    further = sum(len(one.business_records) - 1 for one in filed)
    assert further > 20
    assert standing(mia) == {"emails": 60, "senders": 60, "tasks": further}
    for one, outcome in zip(filed, outcomes, strict=True):
        assert isinstance(outcome, FiledRecords)
        assert (outcome.children_error, outcome.dropped) == (None, ())
        assert len(outcome.task_ids) == len(one.business_records) - 1
    found = find_emails(mia, [one.message_identifier for one in filed])
    assert [found[one.message_identifier].id for one in filed] == [
        outcome.email_id for outcome in outcomes if isinstance(outcome, FiledRecords)
    ]


def test_an_email_of_a_batch_is_that_of_a_single_filing(mia: SalesforceClient) -> None:
    (one,) = filings(mia, 1)
    fields = "Subject,Status,Incoming,MessageDate,FromAddress,ToAddress,RelatedToId,TextBody,HtmlBody,ThreadIdentifier"
    relations = "(SELECT RelationId,RelationType,RelationAddress FROM EmailMessageRelations)"

    def stored(email_id: str, task_ids: tuple[str, ...]) -> tuple[Any, Any]:
        (row,) = mia.query(f"SELECT {fields},{relations} FROM EmailMessage WHERE Id = '{email_id}'")
        tasks = mia.query("SELECT Id,WhatId,WhoId,Subject,Status,Description,CallObject FROM Task ORDER BY WhatId")
        own = [{**task, "Id": "", "attributes": {}} for task in tasks if task["Id"] in task_ids]
        related = [{**entry, "attributes": {}} for entry in row.pop("EmailMessageRelations")["records"]]
        return ({**row, "attributes": {}}, related), own

    single = write_email(mia, one, **HOW)
    expected = stored(single.email_id, single.task_ids)
    remove_email(mia, single)
    (batched,) = write_emails(mia, [one], **HOW)
    assert isinstance(batched, FiledRecords)
    assert stored(batched.email_id, batched.task_ids) == expected


def test_one_that_salesforce_refuses_fails_alone(real: SandboxProcess, mia: SalesforceClient) -> None:
    several = filings(mia, 5)
    several[1] = replace(several[1], subject="Batch forbidden")
    several[3] = replace(several[3], business_records=(RelatedRecord("006000000000000AAA", "Opportunity"),))
    rule = {"object": "EmailMessage", "field": "Subject", "contains": "forbidden", "message": "Say more."}
    real.change_org(validation_rules=[rule])
    outcomes = write_emails(mia, several, **HOW)
    assert [type(one) for one in outcomes] == [FiledRecords, errors.Refused, FiledRecords, errors.Gone, FiledRecords]
    assert str(outcomes[1]) == "Say more."
    assert standing(mia)["emails"] == 3


def test_a_locked_row_is_a_conflict_of_that_one(real: SandboxProcess, mia: SalesforceClient) -> None:
    several = filings(mia, 4)
    real.fault(service="salesforce", kind="locked_row", path="/composite/sobjects")
    outcomes = write_emails(mia, several, **HOW)
    assert [type(one) for one in outcomes] == [errors.Conflict, *[FiledRecords] * 3]
    assert type(write_emails(mia, several[:1], **HOW)[0]) is FiledRecords
    assert standing(mia)["emails"] == 4


def test_a_connection_cut_after_the_emails_is_found_and_completed(real: SandboxProcess, mia: SalesforceClient) -> None:
    several = filings(mia, 10)
    real.fault(service="salesforce", kind="cut_after", path="/composite/sobjects", times=1)
    outcomes = write_emails(mia, several, **HOW)
    assert {type(one) for one in outcomes} == {errors.Ambiguous}

    further = sum(len(one.business_records) - 1 for one in several)
    for _ in range(2):
        found = find_emails(mia, [one.message_identifier for one in several])
        items = [(found[one.message_identifier].id, one, found[one.message_identifier]) for one in several]
        completed = complete_emails(mia, items, **HOW)
        assert all(one.children_error is None and one.found for one in completed)
        assert sum(len(one.task_ids) for one in completed) == further
        assert standing(mia) == {"emails": 10, "senders": 10, "tasks": further}


@pytest.mark.parametrize("kind", ["cut_after", "cut_before"])
def test_a_connection_cut_beside_the_emails_leaves_them_to_complete(
    real: SandboxProcess, mia: SalesforceClient, kind: str
) -> None:
    several = filings(mia, 10)
    real.fault(service="salesforce", kind=kind, path="/composite/?$", times=1)
    outcomes = write_emails(mia, several, **HOW)
    assert all(isinstance(one, FiledRecords) for one in outcomes)
    assert all(isinstance(getattr(one, "children_error", None), errors.Ambiguous) for one in outcomes)

    found = find_emails(mia, [one.message_identifier for one in several])
    items = [(found[one.message_identifier].id, one, found[one.message_identifier]) for one in several]
    assert all(one.children_error is None for one in complete_emails(mia, items, **HOW))
    further = sum(len(one.business_records) - 1 for one in several)
    assert standing(mia) == {"emails": 10, "senders": 10, "tasks": further}


def test_a_record_that_the_user_may_not_see_is_dropped_and_told(salesforce: Clients, mia: SalesforceClient) -> None:
    ines = salesforce("ines")
    (account,) = make(ines, with_type("Account", {"Name": "Secretive"}))
    fields = {"Name": "Secret", "AccountId": account, "StageName": "Prospecting", "CloseDate": "2027-01-01"}
    (secret,) = make(ines, with_type("Opportunity", fields))
    (one,) = filings(mia, 1, records=1)
    records = (*one.business_records, RelatedRecord(secret, "Opportunity", "Secret"))
    (outcome,) = write_emails(mia, [replace(one, business_records=records)], **HOW)
    assert isinstance(outcome, FiledRecords)
    assert (outcome.dropped, outcome.children_error, outcome.task_ids) == (("a Task on Opportunity",), None, ())


def test_without_enhanced_email_a_batch_is_written_found_and_completed(
    real: SandboxProcess, mia: SalesforceClient
) -> None:
    several = filings(mia, 10)
    real.change_org(enhanced_email=False)
    how = {**HOW, "enhanced": False}
    outcomes = write_emails(mia, several, **how)
    identifiers = [one.message_identifier for one in several]
    found = find_emails(mia, identifiers, enhanced=False)
    assert [found[one].id for one in identifiers] == [getattr(one, "email_id", "") for one in outcomes]
    asked = {one: ContextQuestion(addresses=(), message_identifier=one, enhanced_email=False) for one in identifiers}
    contexts = read_contexts(mia, asked)
    assert [contexts[one].filed for one in identifiers] == [find_email(mia, one, enhanced=False) for one in identifiers]
    before = standing(mia)
    items = [(found[one.message_identifier].id, one, found[one.message_identifier]) for one in several]
    completed = complete_emails(mia, items, **how)
    assert [one.task_ids for one in completed] == [getattr(one, "task_ids", "") for one in outcomes]
    assert standing(mia) == before


def test_what_was_deleted_is_told_and_the_allowance_too(real: SandboxProcess, mia: SalesforceClient) -> None:
    (kept, gone) = write_emails(mia, filings(mia, 2, records=1), **HOW)
    assert isinstance(gone, FiledRecords)
    now = datetime.fromisoformat(
        mia.query(f"SELECT CreatedDate FROM EmailMessage WHERE Id = '{gone.email_id}'")[0]["CreatedDate"]
    )
    remove_email(mia, gone)
    real.advance(180)
    ids, covered = read_deleted(mia, "EmailMessage", now - timedelta(hours=1), now + timedelta(minutes=2))
    assert (gone.email_id in ids, getattr(kept, "email_id", "") in ids) == (True, False)
    assert covered > now - timedelta(minutes=1)
    with pytest.raises(errors.CursorExpired):
        read_deleted(mia, "EmailMessage", now - timedelta(days=31), now)
    told: list[ApiUsage] = []
    watched = SalesforceClient(mia.session, observe=told.append)
    usage = read_limits(watched)
    assert told == [usage]
