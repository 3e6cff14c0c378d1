"""A batch is filled up: emails from people whom nobody knows leave it, and others take their places."""

from __future__ import annotations

import pytest

from sync.capture import batches, scheduling, setbacks
from sync.capture.reading import read_collection
from sync.models import Decision, Link, Mailbox
from tests.sync.capture import engine
from tests.sync.services.stage import Stage

BATCH = 8


def test_what_is_written_together_was_looked_at_in_several_calls(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setbacks, "BATCH", BATCH)
    engine.switch_on(stage, "tom")
    engine.run()
    stage.sandbox.fill_mail("tom", 64, matching_percent=25, days=1, seed=7)
    written_before = Link.objects.filter(part="email").count()
    stage.sandbox.clear_log()
    engine.hurry(*Mailbox.objects.all())
    engine.run()
    written = [len(row["sub_requests"]) for row in stage.sandbox.log("salesforce") if "sobjects" in row["path"]]
    assert sum(written) == 16 == Link.objects.filter(part="email").count() - written_before
    assert max(written) <= BATCH
    # One by one, eight emails of which two are known, it would be eight calls.
    assert len(written) <= 4
    assert not Decision.objects.filter(outcome=Decision.Outcome.WAITING).exists()


def test_a_batch_looks_no_further_than_it_may(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody is known at all, a turn ends all the same."""
    monkeypatch.setattr(setbacks, "BATCH", BATCH)
    engine.switch_on(stage, "tom")
    engine.run()
    stage.sandbox.fill_mail("tom", 64, matching_percent=0, days=1, seed=7)
    engine.hurry(*Mailbox.objects.all())
    while not Decision.objects.filter(outcome=Decision.Outcome.WAITING).exists():
        for pk in list(scheduling.due_collections().values_list("pk", flat=True)):
            read_collection(pk)
    before = Decision.objects.filter(outcome=Decision.Outcome.SKIPPED).count()
    assert batches.file_lane(stage.users["tom"].pk) == BATCH * batches.LOOKED_AT
    assert Decision.objects.filter(outcome=Decision.Outcome.SKIPPED).count() - before == BATCH * batches.LOOKED_AT
