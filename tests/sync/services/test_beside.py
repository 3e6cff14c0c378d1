"""A record's activities and related lists: one call when opened, none again, and what failed costs itself alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from sync.crm_beside import ActivityKind
from sync.errors import Gone, Unavailable
from sync.services.reading.records import PAGE, page_of, related_of, timeline_of
from tests.sync.services.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)
COMPOSITE = "POST /services/data/v66.0/composite"


def one(stage: Stage, soql: str) -> str:
    found: str = stage.query(soql)[0]["Id"]
    return found


def dana(stage: Stage) -> str:
    return one(stage, "SELECT Id FROM Contact WHERE Email = 'dana@northwind.example'")


def made(stage: Stage, sobject: str, **fields: Any) -> str:
    answer = stage.salesforce("POST", f"/sobjects/{sobject}", **fields)
    answer.raise_for_status()
    record: str = answer.json()["id"]
    return record


def day(stage: Stage, days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def test_what_is_planned_and_what_is_past_stand_apart(stage: Stage) -> None:
    who = dana(stage)
    soon = made(stage, "Task", Subject="Send the offer", WhoId=who, ActivityDate=day(stage, 2))
    late = made(stage, "Task", Subject="Answer her", WhoId=who, ActivityDate=day(stage, -2))
    done = made(stage, "Task", Subject="Rang her", WhoId=who, Status="Completed", TaskSubtype="Call")
    timeline = timeline_of(stage.actor(), who)
    planned = {entry.id: entry for entry in timeline.planned}
    assert [entry.id for entry in timeline.planned if entry.id in (soon, late)] == [late, soon]
    assert planned[late].is_overdue
    assert not planned[soon].is_overdue
    past = {entry.id: entry for entry in timeline.past}
    assert past[done].kind is ActivityKind.CALL
    assert timeline.failed == ()


def test_it_costs_one_call_and_none_again(stage: Stage) -> None:
    who = dana(stage)
    stage.sandbox.clear_log()
    timeline_of(stage.actor(), who)
    timeline_of(stage.actor(), who)
    assert stage.calls() == [COMPOSITE]
    related_of(stage.actor(), who)
    related_of(stage.actor(), who)
    assert stage.calls() == [COMPOSITE, COMPOSITE]


def test_each_salesforce_user_reads_for_themselves(stage: Stage) -> None:
    who = dana(stage)
    timeline_of(stage.actor("mia"), who)
    stage.sandbox.clear_log()
    timeline_of(stage.actor("tom"), who)
    assert stage.calls() == [COMPOSITE]


def test_a_filed_email_stands_there_once(stage: Stage) -> None:
    from sync.services.filing import file_email

    message = stage.message("Northwind renewal")
    status = file_email(stage.actor(), stage.request(message))
    assert status.records
    entries = [one for one in timeline_of(stage.actor(), dana(stage)).past if one.subject == message["subject"]]
    assert [entry.kind for entry in entries] == [ActivityKind.EMAIL]
    on_record = timeline_of(stage.actor(), status.records[0].id).past
    assert [entry.kind for entry in on_record if entry.subject == message["subject"]] == [ActivityKind.EMAIL]


def test_what_was_read_before_an_email_was_filed_or_taken_back_is_read_anew(stage: Stage) -> None:
    from sync.services.filing import file_email, undo_filing

    message, who = stage.message("Northwind renewal"), dana(stage)

    def stands_there() -> bool:
        return message["subject"] in [entry.subject for entry in timeline_of(stage.actor(), who).past]

    before = stands_there()
    status = file_email(stage.actor(), stage.request(message))
    assert (before, stands_there()) == (False, True)
    assert status.filing_id
    undo_filing(stage.actor(), UUID(status.filing_id))
    assert not stands_there()


@pytest.mark.parametrize("name", ["Account", "Opportunity", "Case", "Lead"])
def test_every_kind_of_record_has_a_timeline_and_lists(stage: Stage, name: str) -> None:
    record = one(stage, f"SELECT Id FROM {name} ORDER BY Id LIMIT 1")
    assert timeline_of(stage.actor(), record).failed == ()
    assert [found.name for found in related_of(stage.actor(), record).lists if found.failed] == []


def test_the_lists_of_an_account(stage: Stage) -> None:
    account = one(stage, "SELECT Id FROM Account WHERE Name = 'Northwind Ltd'")
    lists = {found.name: found for found in related_of(stage.actor(), account).lists}
    assert "Dana Ruiz" in [entry.name for entry in lists["contacts"].entries]
    assert {"Renewal 2027", "Extra seats"} <= {entry.name for entry in lists["opportunities"].entries}
    assert lists["cases"].entries[0].name.startswith("00012877")
    assert list(lists) == ["contacts", "opportunities", "cases", "files"]


def test_more_than_are_read_is_said(stage: Stage) -> None:
    who = dana(stage)
    body: dict[str, Any] = {
        "records": [{"attributes": {"type": "Task"}, "Subject": f"Nr {n}", "WhoId": who} for n in range(200)]
    }
    answer = stage.salesforce("POST", "/composite/sobjects", **body)
    answer.raise_for_status()
    made(stage, "Task", Subject="Rang", WhoId=who, Status="Completed")
    assert timeline_of(stage.actor(), who).more


def test_the_past_comes_in_pages(stage: Stage) -> None:
    who = dana(stage)
    body: dict[str, Any] = {
        "records": [
            {"attributes": {"type": "Task"}, "Subject": f"Nr {n}", "WhoId": who, "Status": "Completed"}
            for n in range(PAGE + 5)
        ]
    }
    stage.salesforce("POST", "/composite/sobjects", **body).raise_for_status()
    timeline = timeline_of(stage.actor(), who)
    first, follows = page_of(timeline, 0)
    assert (len(first.past), follows) == (PAGE, True)
    last, follows = page_of(timeline, (len(timeline.past) - 1) // PAGE)
    assert (last.planned, follows) == ((), False)
    assert {entry.id for entry in first.past} & {entry.id for entry in last.past} == set()


def test_a_part_that_may_not_be_read_costs_itself(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from sync.providers.salesforce import timeline as provider

    asked = provider._queries
    monkeypatch.setattr(
        provider,
        "_queries",
        lambda *given: {**asked(*given), provider.EVENTS: "SELECT Id,Nowhere__c FROM Event"},
    )
    who = dana(stage)
    made(stage, "Task", Subject="Rang", WhoId=who, Status="Completed")
    timeline = timeline_of(stage.actor(), who)
    assert timeline.failed == ("events",)
    assert "Rang" in [entry.subject for entry in timeline.past]


def test_what_is_no_id_names_no_record(stage: Stage) -> None:
    stage.sandbox.clear_log()
    for text in ("003", "' OR Id != '", "../../services"):
        with pytest.raises(Gone):
            timeline_of(stage.actor(), text)
        with pytest.raises(Gone):
            related_of(stage.actor(), text)
    assert stage.calls() == []


def test_an_outage_is_an_error(stage: Stage) -> None:
    who = dana(stage)
    stage.sandbox.fault(service="salesforce", path=".*composite.*", kind="error", status=503, times=20)
    with pytest.raises(Unavailable):
        timeline_of(stage.actor(), who)
