"""What was painted a moment ago is served again, and never after something about it has changed."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Connection
from sync.capture import block_list, steering
from sync.models import Activity, Follow, Mailbox
from sync.services.filing import file_email, follow_filing, stop_filing, undo_filing
from sync.services.open_email import open_email
from tests.sessions import open_session
from tests.sync.capture import engine
from tests.sync.services.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def hint(message: dict[str, Any]) -> dict[str, Any]:
    def address(one: dict[str, Any]) -> dict[str, str]:
        return {"address": one["emailAddress"]["address"], "name": one["emailAddress"]["name"]}

    return {
        "item_key": message["id"],
        "internet_message_id": message["internetMessageId"],
        "conversation_id": message["conversationId"],
        "subject": message["subject"],
        "from": address(message["from"]),
        "to": [address(one) for one in message["toRecipients"]],
        "cc": [address(one) for one in message["ccRecipients"]],
    }


def paint(stage: Stage, message: dict[str, Any], name: str = "mia", generation: str = "1", language: str = "en") -> Any:
    session = open_session(stage.actor(name).user)
    client = Client(headers={"Authorization": f"Bearer {session}", "Accept-Language": language})
    return client.post("/pane/context/", {"hint": json.dumps(hint(message)), "generation": generation})


def test_a_second_look_asks_three_questions_of_the_database_and_nobody_else(
    stage: Stage, django_assert_num_queries: Any
) -> None:
    message = stage.message("Northwind renewal")
    first = paint(stage, message)
    assert first.status_code == 200
    session = open_session(stage.actor().user)
    client = Client(headers={"Authorization": f"Bearer {session}"})
    stage.sandbox.clear_log()
    with django_assert_num_queries(3):
        again = client.post("/pane/context/", {"hint": json.dumps(hint(message)), "generation": "1"})
    assert again.content == first.content
    assert stage.calls() == []


def test_each_answer_carries_its_own_generation(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    for generation in ("1", "27"):
        answer = paint(stage, message, generation=generation)
        assert answer.headers["X-Generation"] == generation
        assert f'data-generation="{generation}"' in answer.content.decode()
        assert answer.headers["X-Item-Key"] == message["id"]


def test_a_generation_that_is_no_number_is_refused_warm_too(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    paint(stage, message)
    assert paint(stage, message, generation='1" onload="x').status_code == 400


def test_a_filing_and_its_undo_show_at_once(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    assert "Will not be filed" in paint(stage, message).content.decode()
    status = file_email(stage.actor(), request)
    assert "Filed to 1 record" in paint(stage, message).content.decode()
    undo_filing(stage.actor(), UUID(status.filing_id))
    assert "Taken back" in paint(stage, message).content.decode()


def waits(stage: Stage, key: str) -> dict[str, Any]:
    """An email of Dana's that waits in Mia's mailbox; nothing else of it is read."""
    for mailbox in engine.switch_on(stage, "mia", delay_minutes=3):
        Mailbox.objects.filter(pk=mailbox.pk).update(window_from=timezone.now() - timedelta(hours=1))
    stage.receive(
        f"From: Dana Ruiz <dana@northwind.example>\nTo: Mia Keller <mia.keller@larkfield.example>\nSubject: {key}\n"
        f"Date: {format_datetime(timezone.now())}\nMessage-ID: <{key}@northwind.example>\n\nHello.\n"
    )
    return stage.message(key)


def test_what_the_engine_decides_shows_at_once(stage: Stage) -> None:
    message = waits(stage, "decided")
    assert "data-until" not in paint(stage, message).content.decode()
    engine.run()
    painted = paint(stage, message).content.decode()
    assert "data-until" in painted
    assert "Stop" in painted
    engine.let_pass()
    engine.run()
    assert "Filed to 1 record" in paint(stage, message).content.decode()


def test_what_the_engine_skips_shows_at_once(stage: Stage) -> None:
    message = waits(stage, "automatic")
    stage.receive(
        "From: Dana Ruiz <dana@northwind.example>\nTo: Mia Keller <mia.keller@larkfield.example>\nSubject: robot\n"
        f"Date: {format_datetime(timezone.now())}\nMessage-ID: <robot@northwind.example>\n"
        "Auto-Submitted: auto-generated\n\nHello.\n"
    )
    message = stage.message("robot")
    # What a hint tells does not show that it is automatic; the mailbox does.
    assert "Will be filed because" in paint(stage, message).content.decode()
    engine.run()
    assert "Will not be filed because it is an automatic message." in paint(stage, message).content.decode()


def test_what_a_person_stops_follows_or_settles_shows_at_once(stage: Stage) -> None:
    message = waits(stage, "settled")
    engine.run()
    filing = Activity.objects.get(identity="<settled@northwind.example>").pk
    assert "data-until" in paint(stage, message).content.decode()
    stop_filing(stage.actor(), filing)
    assert "stopped by hand" in paint(stage, message).content.decode()
    status = file_email(stage.actor(), stage.request(message))
    assert "Following until" not in paint(stage, message).content.decode()
    follow_filing(stage.actor(), UUID(status.filing_id))
    assert "Following until" in paint(stage, message).content.decode()
    steering.stop_following(stage.actor(), Follow.objects.get().pk)
    assert "Following until" not in paint(stage, message).content.decode()


def test_a_mode_a_pause_and_a_block_show_at_once(stage: Stage) -> None:
    message = waits(stage, "unread")
    mailbox = Mailbox.objects.get().pk
    assert "Will be filed because" in paint(stage, message).content.decode()
    steering.choose(stage.actor(), "auto_file_mode", "off")
    assert "automatic filing is switched off" in paint(stage, message).content.decode()
    steering.withdraw(stage.actor(), "auto_file_mode")
    assert "Will be filed because" in paint(stage, message).content.decode()
    steering.pause(stage.actor(), mailbox)
    assert "Will be filed because" not in paint(stage, message).content.decode()
    steering.resume(stage.actor(), mailbox)
    assert "Will be filed because" in paint(stage, message).content.decode()
    block_list.add(stage.actor(), "northwind.example")
    assert "block lists name everybody outside" in paint(stage, message).content.decode()


def test_each_zone_has_its_own_answer(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    session = open_session(stage.actor().user)
    form = {"hint": json.dumps(hint(message)), "generation": "1"}
    for zone in ("Asia/Kolkata", "Europe/Berlin"):
        client = Client(headers={"Authorization": f"Bearer {session}", "X-Time-Zone": zone})
        with CaptureQueriesContext(connection) as asked:
            assert client.post("/pane/context/", form).status_code == 200
        assert len(asked) > 3, "nothing that was painted for another zone is served"


def test_one_person_is_not_shown_what_was_painted_for_another(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    assert "Renewal 2027" in paint(stage, message, "mia").content.decode()
    # Tom does not own Mia's opportunity, and it is not shared with him.
    assert "Renewal 2027" not in paint(stage, message, "tom").content.decode()


def test_a_connection_that_ended_counts_at_once(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    assert paint(stage, message).status_code == 200
    Connection.objects.filter(user=stage.users["mia"], system="salesforce").update(state="disconnected")
    assert paint(stage, message).status_code == 409


def test_a_field_hidden_from_a_person_costs_the_field_and_not_the_part(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    stage.sandbox._control(
        "POST",
        "org",
        {
            "hidden_fields": [
                {"who": stage.sandbox.user("mia")["salesforce_user_id"], "object": "Opportunity", "fields": ["Amount"]}
            ]
        },
    )
    opened = open_email(stage.actor(), stage.request(message).hint)
    # The hidden field is left out, not the whole part.
    assert opened.crm.failed == ()
    assert {one.name for one in opened.crm.opportunities} >= {"Renewal 2027"}
    assert all(one.amount is None for one in opened.crm.opportunities)
