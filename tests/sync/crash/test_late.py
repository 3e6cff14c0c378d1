"""A worker wakes after its lease ended and another took over: what it has in hand is not recorded."""

from __future__ import annotations

from typing import Any

import pytest

from sync.models import Collection, Decision, Intent, Item, Link, Mailbox
from tests.sync.capture import engine
from tests.sync.crash.mail import LATER, LETTERS, assert_filed_once, await_rest, let_pass, post
from tests.sync.crash.nursery import Nursery
from tests.sync.crash.points import Point
from tests.sync.services.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

LATE_BATCHES = [Point("fetched", deed="sleep"), Point("relations-written", deed="sleep")]


def rows() -> dict[str, list[Any]]:
    """Every row that a page or a batch writes."""
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Collection, Item, Decision, Intent, Link)
    }


def written(stage: Stage) -> list[str]:
    return [call for call in stage.calls() if call.startswith("POST") and "/composite" in call]


def test_a_page_of_a_reader_that_slept_is_not_stored(stage: Stage, mailbox: Mailbox, nursery: Nursery) -> None:
    point = Point("page-stored", "before", deed="sleep")
    nursery.sweep_beside()
    sleeper = nursery.start("worker", point=point)
    nursery.await_point(point)
    # The next reader comes further: what the sleeper has in hand is older.
    post(stage, LATER)
    let_pass()
    engine.hurry(mailbox)
    nursery.start("worker")
    everything = (*LETTERS, LATER)
    await_rest(nursery, everything)
    before = rows()
    nursery.wake()
    assert sleeper.end(20)[0] == 0
    assert f"{point} gave False" in nursery.notes()
    assert rows() == before
    assert_filed_once(stage, everything)


@pytest.mark.parametrize("point", LATE_BATCHES, ids=str)
def test_a_batch_of_a_worker_that_slept_is_not_recorded(
    stage: Stage, mailbox: Mailbox, nursery: Nursery, point: Point
) -> None:
    nursery.sweep_beside()
    sleeper = nursery.start("worker", point=point)
    nursery.await_point(point)
    let_pass()
    nursery.start("worker")
    await_rest(nursery)
    before = rows()
    stage.sandbox.clear_log()
    nursery.wake()
    assert sleeper.end(20)[0] == 0
    assert rows() == before
    # It asks for its leases before it writes.
    assert [call for call in written(stage) if call.endswith("/composite/sobjects")] == []
    assert_filed_once(stage)
