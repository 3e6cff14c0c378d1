"""Who is served first: a person before what nobody waits for, and each mailbox beside one with a thousand due."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import dramatiq
import pytest
from django.utils import timezone
from dramatiq.brokers.stub import StubBroker

from accounts.models import SalesforceOrg, User
from sync import tasks
from sync.capture import mailboxes
from sync.capture.batches import LOOKED_AT, file_lane
from sync.capture.candidates import BATCH, lanes_due
from sync.models import Activity, Intent
from sync.services.filing import file_email
from sync.services.status import StatusKind
from tests.sync.capture import engine
from tests.sync.capture.scene import Scene, at_once, intent_of
from tests.sync.queue import wait_for

FILED = ("captured", "known-people")


def backlog(scene: Scene, user: User, count: int) -> None:
    """So many emails that have been due for an hour: their mailbox wants none of them any more."""
    org = SalesforceOrg.objects.get()
    organisation = scene.stage.organisation
    activities = Activity.objects.bulk_create(
        Activity(organisation=organisation, salesforce_org=org, identity=f"<{number}@b.example>", fingerprint="f")
        for number in range(count)
    )
    long_ago = timezone.now() - timedelta(hours=1)
    Intent.objects.bulk_create(
        Intent(
            organisation=organisation,
            activity=activity,
            user=user,
            kind=Intent.Kind.EMAIL,
            key="email",
            automatic=True,
            due_at=long_ago,
        )
        for activity in activities
    )


@pytest.mark.parametrize("count", [3_000, 5_000])
def test_a_mailbox_with_many_due_emails_does_not_hold_up_one_with_one(scene: Scene, count: int) -> None:
    [_, theirs] = scene.switch_on("mia", "noor")
    key = scene.arrives("one", at="noor")
    engine.hurry(theirs)
    backlog(scene, scene.stage.users["mia"], count)
    assert lanes_due()[0] == scene.stage.users["mia"].pk
    for _ in range(3):  # it is read in one round and filed in the next
        engine.step()
    assert scene.decided(key, "noor") == FILED
    left = Intent.objects.filter(user=scene.stage.users["mia"], state=Intent.State.WAITING).count()
    assert left >= count - 3 * BATCH * LOOKED_AT


def test_a_lane_takes_a_batch_and_then_lets_others_have_their_turn(scene: Scene) -> None:
    scene.switch_on("mia")
    backlog(scene, scene.stage.users["mia"], BATCH * LOOKED_AT + 50)
    # A turn looks at so many at most, where nobody wants them.
    assert file_lane(scene.stage.users["mia"].pk) == BATCH * LOOKED_AT
    assert Intent.objects.filter(user=scene.stage.users["mia"], state=Intent.State.WAITING).count() == 50


def test_lanes_come_in_the_order_in_which_their_emails_have_been_due(scene: Scene) -> None:
    scene.switch_on("mia", "noor", delay_minutes=3)
    mine, theirs = scene.arrives("mine"), scene.arrives("theirs", at="noor")
    scene.read()
    now = timezone.now()
    Intent.objects.filter(state=Intent.State.WAITING).exclude(activity__identity__in=[mine, theirs]).delete()
    for first, second in ((mine, theirs), (theirs, mine)):
        Intent.objects.filter(activity__identity=first).update(due_at=now - timedelta(minutes=2))
        Intent.objects.filter(activity__identity=second).update(due_at=now - timedelta(minutes=1))
        assert lanes_due() == [intent_of(first).user_id, intent_of(second).user_id]


@pytest.mark.django_db(transaction=True)
def test_a_press_is_served_while_a_large_batch_is_being_filed(scene: Scene) -> None:
    scene.switch_on("mia", "tom", delay_minutes=3)
    scene.sandbox.fill_mail("tom", 250, matching_percent=100, days=0.001)
    key = scene.arrives("pressed")
    scene.read()
    request = scene.stage.request(scene.stage.message("About pressed"))
    engine.let_pass()
    Intent.objects.filter(activity__identity=key).update(due_at=timezone.now() + timedelta(hours=1))
    tom = scene.stage.users["tom"].pk
    ends: dict[str, float] = {}

    def batch() -> None:
        file_lane(tom)
        ends["batch"] = timezone.now().timestamp()

    def press() -> object:
        begun.wait(10)
        answer = file_email(scene.stage.actor("mia"), request)
        ends["press"] = timezone.now().timestamp()
        return answer.kind

    begun = threading.Event()
    scene.sandbox.latency(100, "salesforce")
    threading.Timer(0.2, begun.set).start()
    _, kind = at_once(batch, press)
    assert kind is StatusKind.FILED
    assert ends["press"] < ends["batch"]
    assert len(scene.records(key)) == 1


def test_what_was_pressed_goes_before_what_nobody_waits_for_in_the_queue() -> None:
    """One worker that finds both in its queue, with the priorities of the product's own tasks."""
    broker = StubBroker(middleware=[])
    done: list[str] = []

    def actor(name: str, task: Any) -> dramatiq.Actor[..., Any]:
        return dramatiq.Actor(
            lambda: done.append(name),
            broker=broker,
            actor_name=name,
            queue_name=task.queue_name,
            priority=task.priority,
            options={},
        )

    batch, read, press = (
        actor("batch", tasks.file_due),
        actor("read", tasks.read_collection),
        actor("press", tasks.look),
    )
    for _ in range(20):
        batch.send()
        read.send()
    press.send()
    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=50)
    worker.start()
    try:
        assert wait_for(lambda: len(done) == 41)
    finally:
        worker.stop(timeout=5_000)
    assert done.index("press") <= 2  # what the worker had in hand when it was sent


def test_an_email_whose_mailbox_is_paused_holds_up_nobody_else(scene: Scene) -> None:
    [mine, _] = scene.switch_on("mia", "noor", delay_minutes=3)
    paused, other = scene.arrives("paused"), scene.arrives("other", at="noor")
    scene.read()
    mailboxes.pause(mine)
    scene.let_pass()
    assert scene.decided(paused) == ("waiting", "known-people")
    assert scene.decided(other, "noor") == FILED
    assert scene.stage.users["mia"].pk not in lanes_due()
    mailboxes.resume(mine)
    engine.run()
    assert scene.decided(paused) == FILED
