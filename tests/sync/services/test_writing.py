"""Writing down a note, a call, a task: one Task however often it is pressed, and what is refused told by its field."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from permissions.audit.models import AuditEntry
from sync.crm import field_value
from sync.errors import Ambiguous, Forbidden, Gone, ProviderError, Refused
from sync.models import RecordWrite
from sync.services.reading.records import timeline_of
from sync.services.reading.writing import ToWrite, Written, WrittenKind, write_down
from tests.sync.services.stage import Stage
from tests.sync.services.test_beside import dana, one

pytestmark = pytest.mark.django_db(transaction=True)


def wanted(kind: WrittenKind = WrittenKind.NOTE, **fields: Any) -> ToWrite:
    return ToWrite(**{"kind": kind, "key": uuid.uuid4(), "subject": "Rang Dana", "text": "She will sign.", **fields})


def tasks(stage: Stage, subject: str = "Rang Dana") -> list[dict[str, Any]]:
    return stage.query(
        "SELECT Id, Subject, Description, Status, IsClosed, TaskSubtype, CallType, WhoId, WhatId, ActivityDate,"
        f" Priority, OwnerId, CallObject FROM Task WHERE Subject = '{subject}'"
    )


def test_a_note_a_call_and_a_task_are_tasks_of_their_kind(stage: Stage) -> None:
    who = dana(stage)
    due = timezone.localdate() + timedelta(days=3)
    for given in (
        wanted(WrittenKind.NOTE, subject="A note"),
        wanted(WrittenKind.CALL, subject="A call", direction="Inbound"),
        wanted(WrittenKind.TASK, subject="A task", due=due, priority="High"),
        wanted(WrittenKind.FOLLOW_UP, subject="A follow-up", due=due),
    ):
        write_down(stage.actor(), who, given)
    [note], [call], [task], [follow_up] = (tasks(stage, name) for name in ("A note", "A call", "A task", "A follow-up"))
    assert (note["IsClosed"], note["TaskSubtype"], note["WhoId"], note["Description"]) == (
        True,
        "Task",
        who,
        "She will sign.",
    )
    assert (call["IsClosed"], call["TaskSubtype"], call["CallType"]) == (True, "Call", "Inbound")
    assert (task["IsClosed"], task["ActivityDate"], task["Priority"]) == (False, due.isoformat(), "High")
    assert (follow_up["IsClosed"], follow_up["ActivityDate"]) == (False, due.isoformat())


def test_a_note_is_the_last_activity_of_its_person_at_once_and_costs_no_call(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    [person] = [one for one in stage.open(message).crm.people if one.name == "Dana Ruiz"]
    account = person.account_id
    timeline_of(stage.actor(), account)
    write_down(stage.actor(), person.id, wanted(WrittenKind.TASK))
    [unmoved] = [one for one in stage.open(message).crm.people if one.id == person.id]
    assert unmoved.last_activity == person.last_activity
    write_down(stage.actor(), person.id, wanted(WrittenKind.NOTE, subject="A last word"))
    stage.sandbox.clear_log()
    opened = stage.open(message)
    assert stage.calls() == []
    [fresh] = [one for one in opened.crm.people if one.id == person.id]
    assert fresh.last_activity == timezone.localdate()
    assert fresh.last_activity != person.last_activity
    assert field_value(opened.crm.accounts[0], "LastActivityDate") == timezone.localdate().isoformat()
    # The account's activities, kept before, have it too.
    assert "A last word" in {entry.subject for entry in timeline_of(stage.actor(), account).past}


@pytest.mark.parametrize("name", ["Account", "Opportunity", "Case", "Lead"])
def test_every_kind_of_record_takes_one(stage: Stage, name: str) -> None:
    where = {"Lead": " WHERE IsConverted = false", "Case": " WHERE CaseNumber = '00012877'"}.get(name, "")
    record = one(stage, f"SELECT Id FROM {name}{where} ORDER BY Id LIMIT 1")
    write_down(stage.actor(), record, wanted())
    assert tasks(stage)[0]["WhoId" if name == "Lead" else "WhatId"] == record


def test_it_is_written_as_the_person_in_one_call(stage: Stage) -> None:
    who = dana(stage)
    stage.sandbox.clear_log()
    write_down(stage.actor(), who, wanted())
    assert stage.calls() == ["POST /services/data/v66.0/sobjects/Task"]
    assert tasks(stage)[0]["OwnerId"] == one(stage, "SELECT Id FROM User WHERE Email = 'mia.keller@larkfield.example'")


def test_pressed_twice_it_is_one(stage: Stage) -> None:
    who, given = dana(stage), wanted()
    first = write_down(stage.actor(), who, given)
    stage.sandbox.clear_log()
    second = write_down(stage.actor(), who, given)
    assert (second.id, first.again, second.again) == (first.id, False, True)
    assert stage.calls() == []
    assert len(tasks(stage)) == 1


def test_pressed_at_once_it_is_one(stage: Stage) -> None:
    who, given = dana(stage), wanted()

    def press() -> Written:
        try:
            return write_down(stage.actor(), who, given)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = [future.result() for future in [pool.submit(press) for _ in range(4)]]
    assert len({answer.id for answer in answers}) == 1
    assert len(tasks(stage)) == 1


def test_a_write_whose_answer_is_lost_is_found(stage: Stage) -> None:
    who, given = dana(stage), wanted()
    stage.sandbox.fault(service="salesforce", method="POST", path=".*sobjects/Task.*", kind="cut_after")
    written = write_down(stage.actor(), who, given)
    assert [task["Id"] for task in tasks(stage)] == [written.id]


def test_without_any_answer_the_next_press_looks_first(stage: Stage) -> None:
    who, given = dana(stage), wanted()
    stage.sandbox.fault(service="salesforce", method="POST", path=".*sobjects/Task.*", kind="cut_after")
    stage.sandbox.fault(service="salesforce", method="GET", path=".*query.*", kind="error", status=503, times=1)
    with pytest.raises(ProviderError):
        write_down(stage.actor(), who, given)
    assert RecordWrite.objects.get().state != RecordWrite.State.DONE
    written = write_down(stage.actor(), who, given)
    assert written.again
    assert [task["Id"] for task in tasks(stage)] == [written.id]


def test_what_never_arrived_is_written_by_the_next_press(stage: Stage) -> None:
    who, given = dana(stage), wanted()
    stage.sandbox.fault(service="salesforce", method="POST", path=".*sobjects/Task.*", kind="cut_before")
    with pytest.raises(Ambiguous):
        write_down(stage.actor(), who, given)
    written = write_down(stage.actor(), who, given)
    assert [task["Id"] for task in tasks(stage)] == [written.id]


def test_a_press_whose_process_died_is_taken_over(stage: Stage) -> None:
    who, given = dana(stage), wanted()
    written = write_down(stage.actor(), who, given)
    RecordWrite.objects.update(state="sending", record_id="", begun_at=timezone.now() - timedelta(minutes=2))
    assert write_down(stage.actor(), who, given).id == written.id
    assert len(tasks(stage)) == 1


def test_what_is_refused_names_its_field_and_may_be_sent_again(stage: Stage) -> None:
    who, given = dana(stage), wanted(WrittenKind.CALL, direction="Sideways")
    with pytest.raises(Refused) as refused:
        write_down(stage.actor(), who, given)
    assert refused.value.field == "CallType"
    better = ToWrite(given.kind, given.key, given.subject, given.text, direction="Inbound")
    write_down(stage.actor(), who, better)
    assert [task["CallType"] for task in tasks(stage)] == ["Inbound"]


def test_the_record_of_nobody_is_refused(stage: Stage) -> None:
    with pytest.raises((Gone, Refused, Forbidden)):
        write_down(stage.actor(), "003000000000000AAA", wanted())
    assert tasks(stage) == []


def test_the_trail_names_the_record_and_no_word(stage: Stage) -> None:
    who = dana(stage)
    written = write_down(stage.actor(), who, wanted())
    entry = AuditEntry.objects.get(action="activity.written")
    assert entry.object_id == written.id
    assert entry.detail == {"kind": "note", "record": who, "found": False}
    row = RecordWrite.objects.get()
    assert "Rang" not in "".join(str(getattr(row, field.attname)) for field in RecordWrite._meta.concrete_fields)


def test_what_was_kept_of_the_record_is_read_anew(stage: Stage) -> None:
    who = dana(stage)
    timeline_of(stage.actor(), who)
    written = write_down(stage.actor(), who, wanted())
    assert written.id in [entry.id for entry in timeline_of(stage.actor(), who).past]
