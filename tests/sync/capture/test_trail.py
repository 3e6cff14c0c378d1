"""What the audit trail is told of what a mailbox files by itself, and of what a person steers."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from permissions.audit.models import AuditEntry
from sync.capture import block_list, issues, steering
from sync.models import Activity, Link
from tests.sync.capture import engine
from tests.sync.capture.test_steering import RULE, arrive, switched_on
from tests.sync.services.stage import Stage
from tests.trails import said_anywhere, told, whole


def test_a_batch_is_recorded_whole_in_three_queries(stage: Stage) -> None:
    switched_on(stage)
    keys = [arrive(stage, f"planted-{number}") for number in range(5)]
    with CaptureQueriesContext(connection) as asked:
        engine.run()
    made = told("filing.made")
    records = set(Link.objects.filter(part="email").values_list("record_id", flat=True))
    assert {detail["record"] for _, detail in made} == records
    assert len(records) >= len(keys)
    assert all(detail["automatic"] for _, detail in made)
    about = set(AuditEntry.objects.filter(action="filing.made").values_list("object_id", flat=True))
    filed = Activity.objects.filter(links__part="email").values_list("pk", flat=True)
    assert about == {str(pk) for pk in filed}
    inserts = [query["sql"] for query in asked if query["sql"].startswith('INSERT INTO "permissions_auditentry"')]
    # Those of the mailbox that was read and of the batch: none for each email.
    assert len(inserts) < len(made)
    assert said_anywhere("planted", "northwind", "dana", "@") == []
    assert whole()


def test_what_a_person_steers_is_recorded(stage: Stage) -> None:
    mailbox = switched_on(stage)
    actor = stage.actor()
    steering.pause(actor, mailbox.pk)
    steering.pause(actor, mailbox.pk)
    steering.resume(actor, mailbox.pk)
    steering.look_now(actor, mailbox.pk)
    steering.read_again(actor, mailbox.pk, timezone.now().date())
    steps = [detail["step"] for _, detail in told("collection.steered")]
    assert steps == ["opened", "paused", "resumed", "hurried", "read-again"]
    before = len(told("setting.changed"))
    steering.choose(actor, "mark_name", "Planted name")
    steering.withdraw(actor, "mark_name")
    steering.withdraw(actor, "mark_name")
    line = block_list.add(actor, "planted@rival.example")
    block_list.add(actor, "planted@rival.example")
    block_list.remove(actor, line.id)
    settled = [action for action, _ in told("setting.changed", "setting.withdrawn", "block.added", "block.removed")]
    assert settled[before:] == ["setting.changed", "setting.withdrawn", "block.added", "block.removed"]
    assert said_anywhere("planted", "rival", "@") == []
    assert whole()


def test_what_a_person_says_to_an_issue_is_recorded(stage: Stage) -> None:
    switched_on(stage)
    stage.sandbox.change_org(validation_rules=[RULE])
    arrive(stage, "poison")
    engine.run()
    (line,) = issues.lines(issues.open_issues(stage.actor()))
    assert issues.retry(stage.actor(), line.id)
    engine.run()
    (again,) = issues.lines(issues.open_issues(stage.actor()))
    issues.ignore(stage.actor(), again.id)
    assert [(detail["how"], detail["reason"]) for _, detail in told("issue.settled")] == [
        ("retried", "salesforce-refused"),
        ("ignored", "salesforce-refused"),
    ]
    assert said_anywhere("poison") == []
