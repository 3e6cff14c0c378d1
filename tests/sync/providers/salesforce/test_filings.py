"""Many emails in few calls, each with an answer of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import responses

from sync import errors
from sync.crm import EmailFiling, FiledEmail, FiledRecords, FiledRelation, PersonRelation, RelatedRecord
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.collections import MAX_BYTES
from sync.providers.salesforce.email_records import email_records
from sync.providers.salesforce.filings import complete_emails, find_emails, write_emails
from tests.sync.providers.fakes import BASE, FakeTokens, composite_answers, error_body, on_composite, page, sent_json

DANA, LI = "003000000000001AAA", "003000000000002AAA"
RENEWAL = RelatedRecord("006000000000001AAA", "Opportunity", "Renewal")
CASE = RelatedRecord("500000000000001AAA", "Case", "00012877")
NORTHWIND = RelatedRecord("001000000000001AAA", "Account", "Northwind")
SENDER = PersonRelation("From", "dana@northwind.example", "Dana Ruiz", DANA, "Contact")
REPLY_TO = PersonRelation("Other", "li@northwind.example", "Li Wei", LI, "Contact")
COLLECTION = BASE + "composite/sobjects"
HOW: dict[str, Any] = {"enhanced": True, "closed_status": "Done"}
Fate = Callable[[dict[str, Any]], str]


def filing(number: int = 1, **more: Any) -> EmailFiling:
    base = EmailFiling(
        message_identifier=f"<m{number}@northwind.example>",
        thread_identifier="",
        subject=f"Mail {number}",
        sent_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
        incoming=True,
        people=(SENDER,),
        business_records=(RENEWAL,),
        text="Hello",
    )
    return replace(base, **more)


def saved(records: list[dict[str, Any]], fate: Fate) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = []
    for record in records:
        code = fate(record)
        if code:
            problem = {"statusCode": code, "message": "why", "fields": ["Subject"]}
            answers.append({"success": False, "errors": [problem]})
        else:
            name = record.get("MessageIdentifier") or record.get("RelationId") or record["CallObject"]
            parent = record.get("EmailMessageId", "")
            answers.append({"id": f"{record['attributes']['type']}:{name}:{parent}", "success": True, "errors": []})
    return answers


def on_collections(fate: Fate = lambda _: "") -> None:
    """Salesforce's collections, alone and in a composite; `fate` gives a record's error code."""

    def alone(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        body = sent_json(request)
        assert (body["allOrNone"], len(body["records"]) <= 200) == (False, True)
        return 200, {}, json.dumps(saved(body["records"], fate))

    def inside(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        body = sent_json(request)
        assert (body["allOrNone"], len(body["compositeRequest"]) <= 5) == (False, True)
        answers = []
        for part in body["compositeRequest"]:
            assert (part["method"], part["url"]) == ("POST", "/services/data/v66.0/composite/sobjects")
            assert (part["body"]["allOrNone"], len(part["body"]["records"]) <= 200) == (False, True)
            results = saved(part["body"]["records"], fate)
            answers.append({"referenceId": part["referenceId"], "httpStatusCode": 200, "body": results})
        return 200, {}, json.dumps({"compositeResponse": answers})

    responses.add_callback(responses.POST, COLLECTION, callback=alone)
    responses.add_callback(responses.POST, BASE + "composite", callback=inside)


def write(*filings: EmailFiling, **how: Any) -> list[FiledRecords | errors.ProviderError]:
    return write_emails(SalesforceClient(FakeTokens()), filings, **{**HOW, **how})


def records_of(outcome: FiledRecords | errors.ProviderError) -> FiledRecords:
    assert isinstance(outcome, FiledRecords), outcome
    return outcome


@responses.activate
def test_two_hundred_emails_and_what_stands_beside_them_are_two_calls() -> None:
    on_collections()
    outcomes = write(*(filing(n, business_records=(RENEWAL, CASE, NORTHWIND)) for n in range(200)))

    assert len(responses.calls) == 2
    assert [records_of(one).email_id for one in outcomes] == [
        f"EmailMessage:<m{n}@northwind.example>:" for n in range(200)
    ]
    assert all(len(records_of(one).task_ids) == 2 for one in outcomes)
    emails = sent_json(responses.calls[0].request)["records"]
    assert emails[0]["attributes"] == {"type": "EmailMessage"}
    assert emails[0]["RelatedToId"] == RENEWAL.id
    beside = [part["body"]["records"] for part in sent_json(responses.calls[1].request)["compositeRequest"]]
    assert [len(part) for part in beside] == [200, 200, 200]
    kinds = [record["attributes"]["type"] for part in beside for record in part]
    assert kinds == ["EmailMessageRelation"] * 200 + ["Task"] * 400, "one object after the other"
    assert beside[0][7] == {
        "attributes": {"type": "EmailMessageRelation"},
        "EmailMessageId": "EmailMessage:<m7@northwind.example>:",
        "RelationId": DANA,
        "RelationType": "FromAddress",
        "RelationAddress": "dana@northwind.example",
    }


@responses.activate
def test_the_bodies_are_those_of_a_single_filing() -> None:
    on_collections()
    one = filing(business_records=(RENEWAL, NORTHWIND), people=(SENDER, REPLY_TO))
    write(one)
    expected = email_records(one, shared_activities=True, **HOW)
    (sent,) = sent_json(responses.calls[0].request)["records"]
    assert sent == {"attributes": {"type": "EmailMessage"}, **expected.body}
    assert [child.body["RelationType"] for child in expected.relations] == ["FromAddress", "OtherAddress"]
    assert [child.body["WhatId"] for child in expected.tasks] == [NORTHWIND.id]


@responses.activate
def test_without_anything_beside_it_is_one_call_and_nothing_is_none() -> None:
    on_collections()
    nobody = PersonRelation("From", "someone@else.example")
    assert records_of(write(filing(people=(nobody,)))[0]).task_ids == ()
    assert len(responses.calls) == 1
    assert write() == []
    assert len(responses.calls) == 1


@responses.activate
def test_more_than_a_collection_takes_is_further_calls() -> None:
    on_collections()
    outcomes = write(*(filing(n, business_records=(RENEWAL, CASE, NORTHWIND)) for n in range(450)))
    assert [call.request.url for call in responses.calls] == [COLLECTION] * 3 + [BASE + "composite"] * 2
    assert len({records_of(one).email_id for one in outcomes}) == 450


@responses.activate
def test_a_call_holds_eight_megabytes_at_most() -> None:
    on_collections()
    heavy = [filing(n, html="<p>" + "ü" * 130_000 + "</p>", text="ü" * 31_000) for n in range(24)]
    heavy = [replace(one, business_records=(RENEWAL, NORTHWIND)) for one in heavy]
    outcomes = write(*heavy)
    sizes = [int(call.request.headers["Content-Length"]) for call in responses.calls]
    assert len(sizes) == 4
    assert max(sizes) > MAX_BYTES // 2
    assert max(sizes) <= MAX_BYTES + 10_000
    assert all(records_of(one).children_error is None for one in outcomes)


@responses.activate
def test_one_that_is_refused_leaves_the_others_be() -> None:
    fates = {"<m1@northwind.example>": "UNABLE_TO_LOCK_ROW", "<m3@northwind.example>": "REQUIRED_FIELD_MISSING"}
    on_collections(lambda record: fates.get(record.get("MessageIdentifier", ""), ""))
    first, second, third, fourth = write(*(filing(n) for n in range(4)))
    assert (records_of(first).email_id, records_of(third).email_id) == (
        "EmailMessage:<m0@northwind.example>:",
        "EmailMessage:<m2@northwind.example>:",
    )
    assert type(second) is errors.Conflict
    assert isinstance(fourth, errors.Refused)
    assert (fourth.code, fourth.message, fourth.field) == ("REQUIRED_FIELD_MISSING", "why", "Subject")
    beside = sent_json(responses.calls[1].request)["compositeRequest"][0]["body"]["records"]
    assert [record["EmailMessageId"] for record in beside] == [records_of(first).email_id, records_of(third).email_id]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("UNABLE_TO_LOCK_ROW", errors.Conflict),
        ("ENTITY_IS_DELETED", errors.Gone),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", errors.Refused),
        ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", errors.Forbidden),
        ("STORAGE_LIMIT_EXCEEDED", errors.QuotaSpent),
        ("UNKNOWN_EXCEPTION", errors.Unavailable),
    ],
)
@responses.activate
def test_an_answer_to_a_record_is_never_ambiguous(code: str, expected: type[Exception]) -> None:
    on_collections(lambda _: code)
    (outcome,) = write(filing())
    assert type(outcome) is expected
    assert len(responses.calls) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"body": requests.ReadTimeout("slow")},
        {"status": 500, "json": error_body("UNKNOWN_EXCEPTION")},
        {"status": 200, "body": "not json"},
        {"status": 200, "json": []},
        {"status": 200, "json": {"records": []}},
        {"status": 200, "json": [{"success": True}] * 200},
    ],
)
@responses.activate
def test_without_an_answer_all_of_that_call_are_ambiguous_and_the_next_call_goes_on(answer: dict[str, Any]) -> None:
    responses.post(COLLECTION, **answer)
    on_collections()
    outcomes = write(*(filing(n) for n in range(201)))
    assert {type(one) for one in outcomes[:200]} == {errors.Ambiguous}
    assert records_of(outcomes[200]).children_error is None
    assert len(responses.calls) == 3, "nothing is written twice"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"status": 403, "json": error_body("REQUEST_LIMIT_EXCEEDED", "TotalRequests")}, errors.QuotaSpent),
        ({"status": 429, "body": "", "headers": {"Retry-After": "7"}}, errors.Throttled),
        ({"body": requests.ConnectTimeout("no route")}, errors.Unavailable),
    ],
)
@responses.activate
def test_what_the_next_call_would_meet_too_stops_them(answer: dict[str, Any], expected: type[Exception]) -> None:
    responses.post(COLLECTION, **answer)
    outcomes = write(*(filing(n) for n in range(450)))
    assert {type(one) for one in outcomes} == {expected}
    assert len(responses.calls) == 1


@responses.activate
def test_a_governor_that_forbids_the_second_step_leaves_emails_to_complete() -> None:
    on_collections()
    asked: list[int] = []

    def before() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise errors.QuotaSpent("the share of background work")

    (outcome,) = write_emails(SalesforceClient(FakeTokens(), before=before), [filing()], **HOW)
    assert isinstance(records_of(outcome).children_error, errors.QuotaSpent)
    assert records_of(outcome).email_id == "EmailMessage:<m1@northwind.example>:"


@responses.activate
def test_what_the_user_may_not_relate_is_dropped_and_told_without_a_name() -> None:
    on_collections(
        lambda record: (
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
            if record.get("WhatId") == CASE.id or record.get("RelationId") == DANA
            else ""
        )
    )
    (outcome,) = write(filing(business_records=(RENEWAL, CASE, NORTHWIND), people=(SENDER, REPLY_TO)))
    records = records_of(outcome)
    assert records.dropped == ("the sender as Contact", "a Task on Case")
    assert records.children_error is None
    (task,) = records.task_ids
    assert task.split(":")[2] == NORTHWIND.id


@pytest.mark.parametrize("code", ["UNABLE_TO_LOCK_ROW", "REQUIRED_FIELD_MISSING", "INVALID_CROSS_REFERENCE_KEY"])
@responses.activate
def test_another_error_beside_the_email_leaves_it_written_and_to_complete(code: str) -> None:
    on_collections(lambda record: code if record.get("WhatId") == CASE.id else "")
    records = records_of(write(filing(business_records=(RENEWAL, CASE, NORTHWIND)))[0])
    assert (records.children_error or errors.ProviderError()).code == code
    assert (len(records.task_ids), records.dropped) == (1, ())


@responses.activate
def test_a_user_without_the_api_does_not_drop_anything() -> None:
    responses.post(BASE + "composite", status=403, json=error_body("API_DISABLED_FOR_ORG"))
    on_collections()
    records = records_of(write(filing())[0])
    assert isinstance(records.children_error, errors.Forbidden)
    assert records.dropped == ()


@pytest.mark.parametrize(
    "answer",
    [
        {"body": requests.ReadTimeout("slow")},
        {"status": 502, "body": "down"},
        {"status": 200, "json": {"compositeResponse": []}},
    ],
)
@responses.activate
def test_no_answer_beside_the_email_is_ambiguous_there_alone(answer: dict[str, Any]) -> None:
    responses.post(BASE + "composite", **answer)
    on_collections()
    records = records_of(write(filing())[0])
    assert records.email_id
    assert isinstance(records.children_error, errors.Ambiguous)


@responses.activate
def test_without_enhanced_email_tasks_carry_the_identity_and_further_ones_a_key() -> None:
    on_collections()
    (outcome,) = write(filing(business_records=(RENEWAL, NORTHWIND)), enhanced=False)
    records = records_of(outcome)
    assert (records.object_name, records.email_id) == ("Task", "Task:<m1@northwind.example>:")
    (main,) = sent_json(responses.calls[0].request)["records"]
    assert (main["CallObject"], main["WhatId"], main["TaskSubtype"]) == (
        "<m1@northwind.example>",
        RENEWAL.id,
        "Email",
    )
    (further,) = sent_json(responses.calls[1].request)["compositeRequest"][0]["body"]["records"]
    assert (further["attributes"], further["WhatId"]) == ({"type": "Task"}, NORTHWIND.id)
    assert further["CallObject"] != main["CallObject"]


def complete(
    one: EmailFiling, existing: FiledEmail | None = None, tasks: tuple[Mapping[str, Any], ...] = ()
) -> FiledRecords:
    """Completes one email; `tasks` are those that stand there."""
    look = composite_answers({"tasks0": page(*tasks)})

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        first = sent_json(request)["compositeRequest"][0]
        if first["method"] == "GET":
            return look(request)
        results = saved(first["body"]["records"], lambda _: "")
        part = {"referenceId": first["referenceId"], "httpStatusCode": 200, "body": results}
        return 200, {}, json.dumps({"compositeResponse": [part]})

    responses.add_callback(responses.POST, BASE + "composite", callback=answer)
    existing = existing or FiledEmail("02s1", one.message_identifier)
    (records,) = complete_emails(SalesforceClient(FakeTokens()), [("02s1", one, existing)], **HOW)
    return records


def written_beside() -> list[dict[str, Any]]:
    parts = [part for call in responses.calls for part in sent_json(call.request)["compositeRequest"]]
    return [record for part in parts if part["method"] == "POST" for record in part["body"]["records"]]


@responses.activate
def test_completing_adds_what_is_missing_and_only_that() -> None:
    one = filing(business_records=(RENEWAL, CASE, NORTHWIND), people=(SENDER, REPLY_TO))
    on_case, on_account = email_records(one, shared_activities=True, **HOW).tasks
    existing = FiledEmail("02s1", one.message_identifier, relations=(FiledRelation(LI, "OtherAddress"),))

    records = complete(one, existing, ({"Id": "00T1", "CallObject": on_case.key},))

    assert [record["attributes"]["type"] for record in written_beside()] == ["EmailMessageRelation", "Task"]
    relation, task = written_beside()
    assert (relation["EmailMessageId"], relation["RelationId"], relation["RelationType"]) == (
        "02s1",
        DANA,
        "FromAddress",
    )
    assert task["CallObject"] == on_account.key
    assert records == FiledRecords("02s1", "EmailMessage", ("00T1", f"Task:{on_account.key}:"), found=True)
    assert len(responses.calls) == 2


@responses.activate
def test_completing_what_is_complete_writes_nothing() -> None:
    one = filing(business_records=(RENEWAL, CASE))
    (task,) = email_records(one, shared_activities=True, **HOW).tasks
    existing = FiledEmail("02s1", one.message_identifier, relations=(FiledRelation(DANA[:15], "FromAddress"),))
    assert complete(one, existing, ({"Id": "00T1", "CallObject": task.key},)).task_ids == ("00T1",)
    assert written_beside() == []
    assert len(responses.calls) == 1


@responses.activate
def test_completing_without_further_records_asks_nothing() -> None:
    one = filing()
    existing = FiledEmail("02s1", one.message_identifier, relations=(FiledRelation(DANA, "FromAddress"),))
    assert complete(one, existing) == FiledRecords("02s1", "EmailMessage", found=True)
    assert len(responses.calls) == 0


@responses.activate
def test_another_role_of_the_sender_is_not_the_senders() -> None:
    existing = FiledEmail("02s1", "<m1@northwind.example>", relations=(FiledRelation(DANA, "ToAddress"),))
    complete(filing(), existing)
    assert [record["RelationType"] for record in written_beside()] == ["FromAddress"]


@responses.activate
def test_a_task_that_was_not_looked_for_is_not_written() -> None:
    responses.post(BASE + "composite", status=503, json=error_body("SERVER_UNAVAILABLE"))
    one = filing(business_records=(RENEWAL, CASE))
    existing = FiledEmail("02s1", one.message_identifier, relations=(FiledRelation(DANA, "FromAddress"),))
    (records,) = complete_emails(SalesforceClient(FakeTokens()), [("02s1", one, existing)], **HOW)
    assert isinstance(records.children_error, errors.Unavailable)
    assert len(responses.calls) == 1


@responses.activate
def test_finding_compares_exactly_and_tells_the_roles() -> None:
    relations = page({"RelationId": DANA, "RelationType": "FromAddress"}, {"RelationId": None, "RelationType": "To"})
    on_composite(
        {
            "emails0": page(
                {"Id": "02s0", "MessageIdentifier": "<A@x>"},
                {"Id": "02s1", "MessageIdentifier": "<a@x>", "EmailMessageRelations": relations},
                {"Id": "02s2", "MessageIdentifier": "<a@x>"},
            )
        }
    )
    found = find_emails(SalesforceClient(FakeTokens()), ["<a@x>", "<b@x>", ""])
    assert list(found) == ["<a@x>"]
    assert (found["<a@x>"].id, found["<a@x>"].relations) == ("02s1", (FiledRelation(DANA, "FromAddress"),))


@responses.activate
def test_finding_nothing_asks_nothing() -> None:
    assert find_emails(SalesforceClient(FakeTokens()), ["", ""]) == {}
    assert len(responses.calls) == 0


@responses.activate
def test_a_thousand_long_identifiers_are_looked_for_within_the_length_of_an_address() -> None:
    on_composite({})
    identifiers = [f"<{n:04}" + "x" * 240 + "@x.example>" for n in range(1000)]
    assert find_emails(SalesforceClient(FakeTokens()), identifiers) == {}
    parts = [part for call in responses.calls for part in sent_json(call.request)["compositeRequest"]]
    assert all(len(part["url"]) <= 16 * 1024 for part in parts)
    assert all(any(f"{n:04}xxx" in part["url"] for part in parts) for n in range(1000))
    assert len(responses.calls) == -(-len(parts) // 5)


@responses.activate
def test_finding_is_whole_or_an_error() -> None:
    on_composite({"emails1": (400, error_body("QUERY_TIMEOUT"))})
    identifiers = [f"<{n:04}" + "x" * 240 + "@x.example>" for n in range(100)]
    with pytest.raises(errors.Unavailable):
        find_emails(SalesforceClient(FakeTokens()), identifiers)
