"""The broker forgets, or says everything thrice, in the midst of the work: nothing is lost, nothing is done twice."""

from __future__ import annotations

import pytest
from django.conf import settings

from sync.models import Mailbox
from tests.sync.crash import points
from tests.sync.crash.mail import assert_filed_once, await_rest, let_pass
from tests.sync.crash.nursery import Nursery
from tests.sync.crash.points import Point
from tests.sync.services.stage import Stage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.rabbitmq]

FLUSHES = [
    Point("claimed", "after", 1, "flush"),
    Point("page-stored", "after", 1, "flush"),
    Point("emails-written", "before", 1, "flush"),
    Point("recorded", "after", 2, "flush"),
]
KILLS = [Point("page-stored"), Point("lane-claimed"), Point("relations-written"), Point("file-stored", "before")]


@pytest.mark.parametrize("point", FLUSHES, ids=str)
def test_the_broker_is_flushed_while_a_worker_goes_on(
    stage: Stage, mailbox: Mailbox, nursery: Nursery, point: Point
) -> None:
    nursery.sweep_beside(woken=2)
    nursery.start("worker", point=point, woken=2)
    nursery.await_point(point)
    await_rest(nursery)
    assert_filed_once(stage)


@pytest.mark.skipif(not settings.BROKER_URL, reason="a process that is killed takes the broker in its memory along")
@pytest.mark.parametrize("point", KILLS, ids=str)
def test_a_worker_is_killed_and_the_broker_is_flushed(
    stage: Stage, mailbox: Mailbox, nursery: Nursery, point: Point
) -> None:
    nursery.sweep_beside()
    first = nursery.start("worker", point=point)
    nursery.await_point(point)
    first.kill()
    points.flush()
    let_pass()
    nursery.start("worker")
    await_rest(nursery)
    assert_filed_once(stage)


def test_each_message_is_sent_three_times(stage: Stage, mailbox: Mailbox, nursery: Nursery) -> None:
    nursery.sweep_beside(repeat=3)
    nursery.start("worker", repeat=3)
    nursery.start("worker", repeat=3)
    await_rest(nursery)
    assert_filed_once(stage)
