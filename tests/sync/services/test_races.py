"""Filing and taking back at the same time, and what comes late: one record or none, and the ledger knows which."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from sync.models import Intent, Link, Tombstone
from sync.providers.salesforce.files import attach_file
from sync.providers.salesforce.filing import remove_email
from sync.services import leases
from sync.services.background import carry_out, due_intents
from sync.services.choosing import FilingRequest
from sync.services.context import fresh_context
from sync.services.filing import file_email, filing_status, undo_filing
from sync.services.status import EmailStatus, StatusKind
from tests.sync.services.stage import Stage, related_ids

pytestmark = pytest.mark.django_db(transaction=True)


def sweep() -> None:
    for intent_id in due_intents():
        carry_out(intent_id)


def without_files(stage: Stage, message: dict[str, Any], name: str = "mia") -> FilingRequest:
    return replace(stage.request(message, name), attachment_keys=())


def at_once(*calls: Callable[[], EmailStatus]) -> list[EmailStatus]:
    def run(call: Callable[[], EmailStatus]) -> EmailStatus:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_undo_pressed_many_times_at_once_takes_back_once(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    filed = file_email(stage.actor(), without_files(stage, message))
    stage.sandbox.clear_log()
    answers = at_once(*[lambda: undo_filing(stage.actor(), UUID(filed.filing_id))] * 6)
    assert {answer.kind for answer in answers} == {StatusKind.UNDONE}
    assert stage.calls().count("DELETE /services/data/v66.0/composite/sobjects") == 1
    assert Tombstone.objects.count() == 1
    assert stage.records_of(message["internetMessageId"]) == []


def test_filing_and_taking_back_at_once_leave_what_the_ledger_says(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = without_files(stage, message)
    filed = file_email(stage.actor(), request)
    at_once(
        lambda: undo_filing(stage.actor(), UUID(filed.filing_id)),
        lambda: file_email(stage.actor(), request),
        lambda: undo_filing(stage.actor(), UUID(filed.filing_id)),
        lambda: file_email(stage.actor(), request),
    )
    sweep()
    records = {record["Id"] for record in stage.records_of(message["internetMessageId"])}
    assert records == set(Link.objects.filter(part=Link.Part.EMAIL).values_list("record_id", flat=True))
    state = Intent.objects.get(kind=Intent.Kind.EMAIL).state
    assert state == (Intent.State.DONE if records else Intent.State.UNDONE)


def test_pressing_file_while_the_record_is_being_deleted_does_not_file_it_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is gone in Salesforce and the ledger does not know yet: that is no deletion by somebody else."""
    message = stage.message("Northwind renewal")
    request = without_files(stage, message)
    filed = file_email(stage.actor(), request)
    Link.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    answers: list[EmailStatus] = []

    def remove_and_press(*given: Any) -> None:
        remove_email(*given)
        answers.append(file_email(stage.actor(), request))

    monkeypatch.setattr("sync.services.execute.remove_email", remove_and_press)
    assert undo_filing(stage.actor(), UUID(filed.filing_id)).kind is StatusKind.UNDONE
    assert [answer.sentence for answer in answers] == ["Being taken back."]
    assert stage.records_of(message["internetMessageId"]) == []
    assert Intent.objects.get(kind=Intent.Kind.EMAIL).state == Intent.State.UNDONE


def test_an_undo_that_was_put_off_takes_back_nothing_that_was_filed_after_it(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = without_files(stage, message)
    filed = file_email(stage.actor(), request)
    first = Link.objects.get(part=Link.Part.EMAIL)
    stage.sandbox.fault(service="salesforce", method="DELETE", kind="throttle", retry_after=60)
    assert undo_filing(stage.actor(), UUID(filed.filing_id)).sentence == "Being taken back."
    stage.sandbox.clear_faults()
    # Meanwhile another press took it back and the email was filed anew.
    stage.salesforce("DELETE", f"/sobjects/EmailMessage/{first.record_id}").raise_for_status()
    Link.objects.all().delete()
    Intent.objects.filter(kind=Intent.Kind.EMAIL).update(state=Intent.State.UNDONE)
    assert file_email(stage.actor(), request).kind is StatusKind.FILED
    Intent.objects.filter(kind=Intent.Kind.UNDO).update(due_at=timezone.now())
    sweep()
    assert len(stage.records_of(message["internetMessageId"])) == 1
    assert Link.objects.get(part=Link.Part.EMAIL).record_id != first.record_id


def test_a_file_that_lands_after_undo_is_not_called_stored(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    message = stage.message("Northwind renewal")
    filed = file_email(stage.actor(), stage.request(message))

    def attach_and_undo(*given: Any, **named: Any) -> str:
        document = attach_file(*given, **named)
        undo_filing(stage.actor(), UUID(filed.filing_id))
        return document

    monkeypatch.setattr("sync.services.placing.attach_file", attach_and_undo)
    sweep()
    assert Intent.objects.get(kind=Intent.Kind.FILE).state == Intent.State.UNDONE
    assert stage.records_of(message["internetMessageId"]) == []
    assert filing_status(stage.actor(), UUID(filed.filing_id)).kind is StatusKind.UNDONE


def test_who_lost_the_lease_while_reading_writes_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading takes longer than the lease, another worker files it, then the first one comes to its write."""
    message = stage.message("Northwind renewal")
    request = without_files(stage, message)
    slow: list[int] = []

    def read_slowly(*given: Any) -> Any:
        context = fresh_context(*given)
        if not slow:
            slow.append(1)
            intent = Intent.objects.get(kind=Intent.Kind.EMAIL)
            Intent.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
            carry_out(intent.pk)
        return context

    monkeypatch.setattr("sync.services.execute.fresh_context", read_slowly)
    status = file_email(stage.actor(), request)
    [record] = stage.records_of(message["internetMessageId"])
    assert status.kind is StatusKind.FILED
    assert status.url.endswith(record["Id"])


def test_what_is_filed_again_after_a_deletion_goes_where_it_is_chosen_now(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = without_files(stage, message)
    file_email(stage.actor(), request)
    [record] = stage.records_of(message["internetMessageId"])
    stage.salesforce("DELETE", f"/sobjects/EmailMessage/{record['Id']}").raise_for_status()
    Link.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    [account] = [one.id for one in stage.open(message).crm.accounts]
    again = file_email(stage.actor(), replace(request, record_ids=(account,)))
    assert related_ids(again.records) == {account}
    [record] = stage.records_of(message["internetMessageId"])
    assert record["RelatedToId"] == account


def test_what_a_colleague_could_not_file_is_filed_as_the_one_who_presses_chooses(stage: Stage) -> None:
    message_id = "<parked@northwind.example>"
    for name in ("mia", "tom"):
        stage.receive(MAIL.format(message_id=message_id), name)
    requests = {name: without_files(stage, stage.message("For both of us", name), name) for name in ("mia", "tom")}
    [chosen] = requests["mia"].record_ids
    rule = {"object": "EmailMessage", "field": "Subject", "when": {"RelatedToId": chosen}, "message": "Not there."}
    stage.sandbox.change_org(validation_rules=[rule])
    refused = file_email(stage.actor("mia"), requests["mia"])
    assert (refused.kind, refused.rule) == (StatusKind.NOT_FILED, "salesforce-refused")
    # Tom is not told of Mia's trouble, and presses for himself, with the person alone.
    tom = stage.open(stage.message("For both of us", "tom"), "tom").status
    assert "refused" not in tom.sentence
    filed = file_email(stage.actor("tom"), replace(requests["tom"], record_ids=()))
    assert filed.kind is StatusKind.FILED
    [record] = stage.records_of(message_id)
    assert record["RelatedToId"] is None
    intent = Intent.objects.get(kind=Intent.Kind.EMAIL)
    assert (intent.user_id, intent.state) == (stage.users["tom"].pk, Intent.State.DONE)
    assert file_email(stage.actor("mia"), requests["mia"]).kind is StatusKind.FILED
    assert len(stage.records_of(message_id)) == 1


def test_a_write_that_may_still_arrive_is_not_written_again_by_an_impatient_press(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = without_files(stage, message)
    # The write's answer is lost, and so is the look-up after it.
    stage.sandbox.fault(service="salesforce", method="POST", path=".*composite.*", kind="cut_after", skip=1)
    stage.sandbox.fault(service="salesforce", method="GET", path=".*query.*", kind="cut_before", times=2)
    status = file_email(stage.actor(), request)
    assert status.kind is StatusKind.FILING
    stage.sandbox.clear_faults()
    for _ in range(3):
        file_email(stage.actor(), request)
        filing_status(stage.actor(), UUID(status.filing_id))
    Intent.objects.filter(state=Intent.State.WAITING).update(due_at=timezone.now())
    sweep()
    assert len(stage.records_of(message["internetMessageId"])) == 1
    assert Link.objects.filter(part=Link.Part.EMAIL).count() == 1


def test_a_worker_that_breaks_each_time_stops_in_the_end(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = without_files(stage, message)
    stage.sandbox.fault(service="salesforce", path=".*composite.*", kind="spent_limit")
    file_email(stage.actor(), request)
    intent = Intent.objects.get(kind=Intent.Kind.EMAIL)
    Intent.objects.update(due_at=timezone.now(), attempts=10_000)
    carry_out(intent.pk)
    intent.refresh_from_db()
    assert (intent.state, intent.reason) == (Intent.State.PARKED, "unavailable")
    assert leases.claim(intent) is None


MAIL = (
    "From: Dana Ruiz <dana@northwind.example>\n"
    "To: Mia Keller <mia.keller@larkfield.example>, Tom Okafor <tom.okafor@larkfield.example>\n"
    "Date: Mon, 23 Nov 2026 09:00:00 +0000\nSubject: For both of us\nMessage-ID: {message_id}\n"
    "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nHello both.\n"
)
