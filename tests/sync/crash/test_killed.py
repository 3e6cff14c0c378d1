"""A worker is killed at each numbered step of `sync.capture`, and another one goes on: one record for each email."""

from __future__ import annotations

import re

import pytest

import sync.capture
from sync.models import Mailbox
from tests.sync.crash.mail import assert_filed_once, await_rest, let_pass
from tests.sync.crash.nursery import Nursery
from tests.sync.crash.points import STEPS, WITHIN, Point
from tests.sync.services.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

#: Not the first call, where the interesting one comes later: the third collection, the second email of a batch.
CALLS = {"claimed": 3, "recorded": 2}
KILLS = [Point(step, when, CALLS.get(step, 1)) for step in STEPS for when in ("before", "after")]
KILLS += [Point(step, "within") for step in WITHIN]
# The engine does not change with the broker: the queue's run on RabbitMQ takes a few of them.
ON_RABBITMQ = {"kill-after-page-stored", "kill-after-emails-written", "kill-before-file-stored"}


def test_every_numbered_step_has_its_crash_points() -> None:
    drawn = set(re.findall("[①-⑳]", (sync.capture.__doc__ or "").partition("Killed before")[0]))
    assert drawn == {step.number for step in STEPS.values()}
    for when in ("before", "after"):
        assert drawn == {STEPS[point.step].number for point in KILLS if point.when == when}


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(point, id=str(point), marks=[pytest.mark.rabbitmq] if str(point) in ON_RABBITMQ else [])
        for point in KILLS
    ],
)
def test_a_worker_is_killed_and_the_next_one_files_each_email_once(
    stage: Stage, mailbox: Mailbox, nursery: Nursery, point: Point
) -> None:
    nursery.sweep_beside()
    first = nursery.start("worker", point=point)
    nursery.await_point(point)
    first.kill()
    let_pass()
    nursery.start("worker")
    await_rest(nursery)
    assert_filed_once(stage)


def test_what_a_killed_worker_held_is_free_when_its_leases_end(
    stage: Stage, mailbox: Mailbox, nursery: Nursery
) -> None:
    point = Point("emails-written")
    nursery.sweep_beside(woken=1)
    first = nursery.start("worker", point=point, leases=3, woken=1)
    nursery.await_point(point)
    first.kill()
    nursery.start("worker", woken=1)
    await_rest(nursery)
    assert_filed_once(stage)
