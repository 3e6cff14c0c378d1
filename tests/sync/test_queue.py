"""Messages only wake: they may be lost, repeated or reordered, and the rows come right all the same.

Runs on the broker that BROKER_URL names: none (in the process), Redis, or RabbitMQ.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from permissions import isolation
from sync import tasks
from sync.models import Intent
from sync.services import wake as waking
from sync.services.background import carry_out, due_intents
from sync.services.filing import file_email
from tests.sync.queue import make_broker, wait_for, working
from tests.sync.services.conftest import stage as stage
from tests.sync.services.stage import Stage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.rabbitmq]


def put_off(stage: Stage) -> tuple[Intent, str]:
    """A filing that Salesforce has put off, due now; and its Message-ID."""
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    stage.sandbox.fault(service="salesforce", path=".*composite.*", kind="spent_limit")
    file_email(stage.actor(), request)
    Intent.objects.update(due_at=timezone.now())
    return Intent.objects.get(kind=Intent.Kind.EMAIL), message["internetMessageId"]


def look(intent_id: str, organisation_id: str = "") -> None:
    try:
        with isolation.for_row(Intent, intent_id, organisation_id) as found:
            if found:
                carry_out(UUID(intent_id))
    finally:
        connection.close()


def test_a_worker_carries_out_what_a_message_names(stage: Stage) -> None:
    intent, message_id = put_off(stage)
    with working(make_broker(), look) as actor:
        actor.send(str(intent.pk))
        assert wait_for(lambda: Intent.objects.get(pk=intent.pk).state == Intent.State.DONE)
    assert len(stage.records_of(message_id)) == 1


def test_a_message_delivered_ten_times_makes_one_record(stage: Stage) -> None:
    intent, message_id = put_off(stage)
    with working(make_broker(), look) as actor:
        for _ in range(10):
            actor.send(str(intent.pk))
        assert wait_for(lambda: Intent.objects.get(pk=intent.pk).state == Intent.State.DONE)
    assert len(stage.records_of(message_id)) == 1


def test_what_a_flushed_broker_forgot_is_found_by_the_sweeper(stage: Stage) -> None:
    intent, message_id = put_off(stage)
    broker = make_broker()
    with working(broker, look) as actor:
        broker.flush(actor.queue_name)
        assert due_intents() == [intent.pk]
        for intent_id in due_intents():
            actor.send(str(intent_id))
        assert wait_for(lambda: Intent.objects.get(pk=intent.pk).state == Intent.State.DONE)
    assert len(stage.records_of(message_id)) == 1


def test_a_message_about_nothing_changes_nothing(stage: Stage) -> None:
    look("00000000-0000-4000-8000-000000000000")
    assert Intent.objects.count() == 0


def test_a_message_leaves_only_after_the_commit(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    intent, _ = put_off(stage)
    sent: list[Any] = []
    monkeypatch.setattr(tasks.look, "send", lambda *given: sent.append(given))
    with transaction.atomic():
        waking.wake(intent)
        transaction.set_rollback(True)
    assert sent == []
    with transaction.atomic():
        waking.wake(intent)
        assert sent == []
    assert sent == [(str(intent.pk), str(intent.organisation_id))]


def test_the_broker_is_the_one_that_was_asked_for() -> None:
    assert (
        settings.DRAMATIQ_BROKER["BROKER"].rsplit(".", 1)[-1]
        == {
            "": "StubBroker",
            "redis": "RedisBroker",
            "amqp": "RabbitmqBroker",
        }[settings.BROKER_URL.split(":", 1)[0]]
    )
