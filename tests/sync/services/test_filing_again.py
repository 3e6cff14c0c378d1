"""Filing again: a later, better choice takes the place of the record, which cannot be changed itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.models import Intent, Link, Tombstone
from sync.services.background import carry_out, due_intents
from sync.services.filing import file_email
from sync.services.status import StatusKind
from tests.sync.services.stage import Stage
from tests.trails import told

pytestmark = pytest.mark.django_db(transaction=True)


def test_another_choice_takes_the_place_of_the_record(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    first = file_email(stage.actor(), request)
    [old] = stage.records_of(message["internetMessageId"])
    assert first.replaceable == old["Id"]
    account = stage.open(message).crm.accounts[0].id
    again = replace(request, record_ids=(account,), replaces=old["Id"])
    status = file_email(stage.actor(), again)
    [new] = stage.records_of(message["internetMessageId"])
    assert status.kind is StatusKind.FILED
    assert new["Id"] != old["Id"]
    assert new["RelatedToId"] == account
    assert Link.objects.get(part="email").record_id == new["Id"]
    assert not Tombstone.objects.exists()
    work = [(action, detail["record"]) for action, detail in told("filing.made", "filing.undone")]
    assert work == [("filing.made", old["Id"]), ("filing.undone", old["Id"]), ("filing.made", new["Id"])]
    # Pressed twice, the record that is named is not there any more: nothing is taken back.
    assert file_email(stage.actor(), again).kind is StatusKind.FILED
    assert [one["Id"] for one in stage.records_of(message["internetMessageId"])] == [new["Id"]]


def test_an_outage_between_leaves_nothing_lost(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    file_email(stage.actor(), request)
    [old] = stage.records_of(message["internetMessageId"])
    stage.sandbox.fault(service="salesforce", kind="error", status=503, method="DELETE")
    status = file_email(stage.actor(), replace(request, replaces=old["Id"]))
    assert status.kind is StatusKind.FILING
    for _ in range(3):
        Intent.objects.filter(state=Intent.State.WAITING).update(due_at="2020-01-01T00:00:00Z")
        for intent_id in due_intents():
            carry_out(intent_id)
    [new] = stage.records_of(message["internetMessageId"])
    assert new["Id"] != old["Id"]
    assert not Intent.objects.filter(state__in=["waiting", "claimed", "parked"]).exclude(kind="file").exists()


def test_a_colleagues_record_is_not_replaced(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    file_email(stage.actor(), request)
    [old] = stage.records_of(message["internetMessageId"])
    stage.graph("/me/messages", "tom")
    Link.objects.update(filed_by=stage.users["tom"])
    file_email(stage.actor(), replace(request, replaces=old["Id"]))
    assert [one["Id"] for one in stage.records_of(message["internetMessageId"])] == [old["Id"]]
