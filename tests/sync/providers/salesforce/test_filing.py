"""Writing an email, finding it again, taking it back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import responses
from responses.matchers import query_param_matcher

from sync import errors
from sync.crm import EmailFiling, FiledRecords, PersonRelation, RelatedRecord
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.filing import find_email, remove_email, write_email
from tests.sync.providers.fakes import BASE, FakeTokens, error_body, page, sent_json

DANA, LI, ANN = "003000000000001AAA", "003000000000002AAA", "00Q000000000001AAA"
MIA = "005000000000001AAA"
RENEWAL = RelatedRecord("006000000000001AAA", "Opportunity", "Renewal")
CASE = RelatedRecord("500000000000001AAA", "Case", "00012877")
NORTHWIND = RelatedRecord("001000000000001AAA", "Account", "Northwind")
PEOPLE = (
    PersonRelation("From", "dana@northwind.example", "Dana Ruiz", DANA, "Contact"),
    PersonRelation("To", "mia.keller@larkfield.example", "Mia Keller", MIA, "User"),
    PersonRelation("To", "someone@else.example", "Someone"),
    PersonRelation("Cc", "li@northwind.example", "Li Wei", LI, "Contact"),
)
FILING = EmailFiling(
    message_identifier="<a1@northwind.example>",
    thread_identifier="<a0@northwind.example>",
    subject="Renewal",
    sent_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
    incoming=True,
    people=PEOPLE,
    business_records=(RENEWAL,),
    html="<p>Hello</p>",
    text="Hello",
    headers="Message-ID: <a1@northwind.example>",
)


def created(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
    answers = [
        {
            "referenceId": part["referenceId"],
            "httpStatusCode": 201,
            "httpHeaders": {},
            "body": {"id": "id-of-" + part["referenceId"], "success": True, "errors": []},
        }
        for part in sent_json(request)["compositeRequest"]
    ]
    return 200, {}, json.dumps({"compositeResponse": answers})


def write(filing: EmailFiling = FILING, **options: Any) -> tuple[FiledRecords, list[dict[str, Any]]]:
    """What was written: the records, and the composite's parts."""
    with responses.RequestsMock() as mock:
        mock.add_callback(responses.POST, BASE + "composite", callback=created)
        client = SalesforceClient(FakeTokens())
        records = write_email(client, filing, **{"enhanced": True, "closed_status": "Done", **options})
        assert len(mock.calls) == 1
        body = sent_json(mock.calls[0].request)
        assert body["allOrNone"] is True
        return records, body["compositeRequest"]


def test_people_are_linked_in_their_roles_and_others_stay_addresses() -> None:
    records, (email, sender) = write()

    assert email["url"] == "/services/data/v66.0/sobjects/EmailMessage"
    assert email["body"] == {
        "MessageIdentifier": "<a1@northwind.example>",
        "ThreadIdentifier": "<a0@northwind.example>",
        "Status": "1",
        "Incoming": True,
        "MessageDate": "2026-11-20T09:30:00Z",
        "Subject": "Renewal",
        "TextBody": "Hello",
        "HtmlBody": "<p>Hello</p>",
        "Headers": "Message-ID: <a1@northwind.example>",
        "FromAddress": "dana@northwind.example",
        "FromName": "Dana Ruiz",
        "ToIds": [MIA],
        "ToAddress": "someone@else.example",
        "CcIds": [LI],
        "RelatedToId": RENEWAL.id,
    }
    assert sender["url"] == "/services/data/v66.0/sobjects/EmailMessageRelation"
    assert sender["body"] == {
        "EmailMessageId": "@{email.id}",
        "RelationId": DANA,
        "RelationType": "FromAddress",
        "RelationAddress": "dana@northwind.example",
    }
    assert records == FiledRecords("id-of-email", "EmailMessage", ())


def test_an_outgoing_email_is_sent_not_read() -> None:
    _, (email, *_) = write(replace(FILING, incoming=False))
    assert (email["body"]["Status"], email["body"]["Incoming"]) == ("3", False)


def test_a_case_is_the_parent() -> None:
    _, (email, *_) = write(replace(FILING, business_records=(CASE,)))
    assert email["body"]["ParentId"] == CASE.id
    assert "RelatedToId" not in email["body"]


def test_each_further_record_gets_a_completed_email_task_with_the_same_people() -> None:
    records, parts = write(replace(FILING, business_records=(CASE, RENEWAL, NORTHWIND)))

    tasks = [part["body"] for part in parts if part["url"].endswith("/Task")]
    assert [task["WhatId"] for task in tasks] == [RENEWAL.id, NORTHWIND.id]
    for task in tasks:
        assert (task["Status"], task["TaskSubtype"], task["ActivityDate"]) == ("Done", "Email", "2026-11-20")
        assert task["WhoId"] == DANA
        assert task["TaskWhoIds"] == [DANA, LI], "users are no Who"
    assert records.task_ids == ("id-of-task0", "id-of-task1")


def test_without_shared_activities_a_task_has_one_person() -> None:
    _, parts = write(replace(FILING, business_records=(CASE, RENEWAL)), shared_activities=False)
    task = parts[-1]["body"]
    assert task["WhoId"] == DANA
    assert "TaskWhoIds" not in task


def test_at_most_ten_further_tasks_and_twenty_five_parts() -> None:
    many = tuple(replace(NORTHWIND, id=f"001{n:012}AAA") for n in range(30))
    people = (
        *PEOPLE,
        *(PersonRelation("Other", f"p{n}@x.example", "", f"003{n:012}BBB", "Contact") for n in range(40)),
    )
    records, parts = write(replace(FILING, business_records=many, people=people))
    assert len(records.task_ids) == 10
    assert len(parts) <= 25


def test_a_lead_stands_on_nothing_else() -> None:
    people = (PersonRelation("From", "ann@x.example", "Ann", ANN, "Lead"),)
    records, (email, _) = write(replace(FILING, people=people, business_records=(RENEWAL, NORTHWIND)))
    assert not {"RelatedToId", "ParentId"} & set(email["body"])
    assert records.task_ids == ()


def test_beside_a_contact_leads_stay_addresses_and_of_several_leads_the_first_is_linked() -> None:
    ann = PersonRelation("To", "ann@x.example", "Ann", ANN, "Lead")
    bob = PersonRelation("To", "bob@x.example", "Bob", "00Q000000000002AAA", "Lead")
    _, (email, _) = write(replace(FILING, people=(*PEOPLE, ann)))
    assert email["body"]["ToIds"] == [MIA]
    assert email["body"]["ToAddress"] == "someone@else.example; ann@x.example"
    assert email["body"]["RelatedToId"] == RENEWAL.id

    _, (email,) = write(replace(FILING, people=(ann, bob)))
    assert (email["body"]["ToIds"], email["body"]["ToAddress"]) == ([ANN], "bob@x.example")


def test_somebody_in_reply_to_is_related_too() -> None:
    other = PersonRelation("Other", "li@northwind.example", "Li", LI, "Contact")
    _, (_, sender, relation) = write(replace(FILING, people=(PEOPLE[0], other)))
    assert sender["body"]["RelationType"] == "FromAddress"
    assert (relation["body"]["RelationType"], relation["body"]["RelationId"]) == ("OtherAddress", LI)


def test_without_enhanced_email_it_is_a_task_that_carries_the_identity() -> None:
    records, (main, further) = write(replace(FILING, business_records=(RENEWAL, NORTHWIND)), enhanced=False)
    assert main["body"]["CallObject"] == "<a1@northwind.example>"
    assert (main["body"]["WhatId"], main["body"]["WhoId"], main["body"]["Subject"]) == (RENEWAL.id, DANA, "Renewal")
    assert main["body"]["Description"] == (
        "From: Dana Ruiz <dana@northwind.example>\n"
        "To: Mia Keller <mia.keller@larkfield.example>, Someone <someone@else.example>\n"
        "Cc: Li Wei <li@northwind.example>\n\nHello"
    )
    assert further["body"]["WhatId"] == NORTHWIND.id
    key = further["body"]["CallObject"]
    assert key.endswith(":" + NORTHWIND.id)
    assert "a1@northwind" not in key, "the identity alone finds the email, never a Task beside it"
    assert records == FiledRecords("id-of-email", "Task", ("id-of-task0",))


def test_long_contents_are_cut_visibly_at_the_objects_limits() -> None:
    long = replace(
        FILING,
        html="<p>" + "<b>word &amp; word</b> " * 9000,
        text="word \U0001f600 " * 30_000,
        headers="X-Header: value\n" * 4000,
        subject="s" * 5000,
        people=(*PEOPLE, *(PersonRelation("To", f"recipient{n:04}@else.example") for n in range(300))),
        thread_identifier="<" + "t" * 300 + "@x>",
    )
    _, (email, *_) = write(long)
    body = email["body"]
    for name, limit in (("HtmlBody", 131_072), ("TextBody", 131_072), ("Headers", 32_000), ("Subject", 3_000)):
        assert len(body[name].encode("utf-16-le")) // 2 <= limit, name
        assert len(body[name]) > limit * 0.6, name
    assert "longer than Salesforce keeps" in body["HtmlBody"]
    assert body["HtmlBody"].count("<") == body["HtmlBody"].count(">")
    assert body["TextBody"].strip().splitlines()[-1].count("word \U0001f600") == 0, "a line of its own says so"
    assert body["Headers"].endswith("X-Header: value\n")
    assert len(body["ToAddress"]) <= 4_000
    assert all(address.endswith("@else.example") for address in body["ToAddress"].split("; "))
    assert "ThreadIdentifier" not in body, "a part of an identifier identifies something else"


def test_a_task_takes_less() -> None:
    _, parts = write(replace(FILING, text="word " * 30_000, subject="s" * 500), enhanced=False)
    task = parts[0]["body"]
    assert len(task["Description"]) <= 32_000
    assert len(task["Subject"]) == 255


def rolled_back(status: int, code: str, message: str = "why", fields: list[str] | None = None) -> Any:
    halted = error_body("PROCESSING_HALTED", "The transaction was rolled back")
    return {
        "compositeResponse": [
            {"referenceId": "email", "httpStatusCode": 400, "httpHeaders": {}, "body": halted},
            {
                "referenceId": "relation1",
                "httpStatusCode": status,
                "httpHeaders": {},
                "body": error_body(code, message, fields),
            },
        ]
    }


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "UNABLE_TO_LOCK_ROW", errors.Conflict),
        (400, "ENTITY_IS_DELETED", errors.Gone),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", errors.Refused),
        (400, "DUPLICATES_DETECTED", errors.Refused),
        (400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", errors.Forbidden),
        (400, "STORAGE_LIMIT_EXCEEDED", errors.QuotaSpent),
        (400, "UNKNOWN_EXCEPTION", errors.Unavailable),
    ],
)
@responses.activate
def test_an_answer_that_all_was_undone_is_never_ambiguous(status: int, code: str, expected: type[Exception]) -> None:
    responses.post(BASE + "composite", json=rolled_back(status, code, fields=["Subject"]))
    with pytest.raises(errors.ProviderError) as caught:
        write_email(SalesforceClient(FakeTokens()), FILING, enhanced=True, closed_status="Done")
    assert type(caught.value) is expected
    assert (caught.value.code, caught.value.message) == (code, "why")


@pytest.mark.parametrize(
    "answer",
    [
        {"body": requests.ReadTimeout("slow")},
        {"body": requests.ConnectionError("cut")},
        {"status": 500, "json": error_body("UNKNOWN_EXCEPTION")},
        {"status": 503, "body": "down"},
        {"status": 200, "body": "not json"},
        {"status": 200, "json": {"compositeResponse": []}},
    ],
)
@responses.activate
def test_a_write_that_was_not_answered_is_ambiguous_and_not_repeated(answer: dict[str, Any]) -> None:
    responses.post(BASE + "composite", **answer)
    with pytest.raises(errors.Ambiguous):
        write_email(SalesforceClient(FakeTokens()), FILING, enhanced=True, closed_status="Done")
    assert len(responses.calls) == 1


@responses.activate
def test_finding_compares_exactly_and_costs_one_call() -> None:
    rows: list[dict[str, Any]] = [
        {"Id": "02s1", "MessageIdentifier": "<A1@northwind.example>"},
        {
            "Id": "02s2",
            "MessageIdentifier": "<a1@northwind.example>",
            "ParentId": CASE.id,
            "Parent": {"CaseNumber": "7"},
        },
        {"Id": "02s3", "MessageIdentifier": "<a1@northwind.example>"},
    ]
    responses.get(BASE + "query", json=page(*rows))
    client = SalesforceClient(FakeTokens())
    found = find_email(client, "<a1@northwind.example>", enhanced=True)
    assert found is not None
    assert (found.id, found.related) == ("02s2", (RelatedRecord(CASE.id, "Case", "7"),))
    assert find_email(client, "<a1@NORTHWIND.example>", enhanced=True) is None
    assert find_email(client, "", enhanced=True) is None
    assert len(responses.calls) == 2


@responses.activate
def test_without_enhanced_email_the_task_is_found_by_its_identity() -> None:
    task = {"Id": "00T1", "CallObject": "<a1@x>", "WhoId": DANA, "WhatId": RENEWAL.id}
    what = {"What": {"Name": "Renewal", "Type": "Opportunity"}}
    responses.get(BASE + "query", json=page({**task, "Id": "00T0", "CallObject": "<A1@x>"}, {**task, **what}))
    found = find_email(SalesforceClient(FakeTokens()), "<a1@x>", enhanced=False)
    assert found is not None
    assert (found.id, found.people_ids, found.related) == ("00T1", (DANA,), (RENEWAL,))


@responses.activate
def test_removing_is_one_call_and_what_is_gone_is_fine() -> None:
    responses.delete(
        BASE + "composite/sobjects",
        match=[query_param_matcher({"ids": "02s1,00T1,00T2", "allOrNone": "false"})],
        json=[
            {"id": "02s1", "success": True, "errors": []},
            {"success": False, "errors": [{"statusCode": "ENTITY_IS_DELETED", "message": "gone", "fields": []}]},
            {"success": False, "errors": [{"statusCode": "INVALID_CROSS_REFERENCE_KEY", "message": "", "fields": []}]},
        ],
    )
    remove_email(SalesforceClient(FakeTokens()), FiledRecords("02s1", "EmailMessage", ("00T1", "00T2")))
    assert len(responses.calls) == 1


@responses.activate
def test_removing_what_may_not_be_removed_says_so() -> None:
    refusal = {"statusCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "no", "fields": []}
    responses.delete(BASE + "composite/sobjects", json=[{"success": False, "errors": [refusal]}])
    with pytest.raises(errors.Forbidden):
        remove_email(SalesforceClient(FakeTokens()), FiledRecords("02s1"))


@responses.activate
def test_an_unanswered_removal_is_ambiguous() -> None:
    responses.delete(BASE + "composite/sobjects", status=502)
    with pytest.raises(errors.Ambiguous):
        remove_email(SalesforceClient(FakeTokens()), FiledRecords("02s1"))
