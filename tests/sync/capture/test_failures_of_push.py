"""How pushes fail elsewhere, row by row, and what happens here: from a message to its record by the provider's push.

The sandbox pushes as well and as badly as the real services do; the engine's round is driven by the test's hand.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts import google
from sync.capture import claims, mailboxes, scheduling
from sync.models import Collection, Decision, Hint, Issue, Mailbox, Watch
from tests.sync.capture import engine
from tests.sync.capture.scene import Scene, issues
from tests.sync.queue import wait_for
from tests.sync.services.stage import make_stage

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = ["mia", "noor"]
FILED = ("captured", "known-people")


@pytest.fixture
def scene(live_server: LiveServer, sandbox: Any, settings: Settings) -> Scene:
    """The scene, with the product's address that of the running server and Gmail's topic pushing there."""
    address = live_server.url.replace("localhost", "127.0.0.1")
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
    scene = Scene(make_stage(sandbox, settings), settings)
    settings.ALONGSIDE_PUBLIC_URL = address
    settings.GOOGLE_PUSH_AUDIENCE = f"{address}/webhooks/gmail/"
    scene.sandbox.subscribe(endpoint=settings.GOOGLE_PUSH_AUDIENCE, audience=settings.GOOGLE_PUSH_AUDIENCE)
    google.signing_keys.forget()
    return scene


def watched(scene: Scene, name: str, **settings: object) -> Mailbox:
    """A mailbox whose push stands, with everything read."""
    [mailbox] = scene.switch_on(name, **settings)
    engine.run(watches=True)
    assert Watch.objects.get(mailbox=mailbox).expires_at is not None
    wait_for(Hint.objects.exists, 0.5)  # Gmail tells of the present state when it is asked to watch
    engine.run()
    _forget_just_read(mailbox)
    return mailbox


def _forget_just_read(mailbox: Mailbox) -> None:
    """As if the last reading lay some seconds back: news of one moment are read together."""
    long_ago = timezone.now() - timedelta(minutes=1)
    Collection.objects.filter(mailbox=mailbox).update(last_success_at=long_ago)


def deliveries_go(scene: Scene, **how: Any) -> None:
    scene.sandbox._control("POST", "notifications", how)
    scene.sandbox.subscribe(**{name: value for name, value in how.items() if name != "phantom"})


@pytest.mark.parametrize("name", PEOPLE)
def test_a_message_arrives_is_told_and_is_filed(scene: Scene, name: str) -> None:
    watched(scene, name)
    key = scene.arrives("told", at=name)
    assert wait_for(Hint.objects.exists)
    engine.run()
    assert scene.decided(key, name) == FILED
    assert len(scene.records(key)) == 1


@pytest.mark.parametrize("name", PEOPLE)
def test_duplicate_reordered_and_phantom_pushes_file_each_message_once(scene: Scene, name: str) -> None:
    mailbox = watched(scene, name)
    deliveries_go(scene, duplicate=1.0, reorder=True, phantom=5)
    keys = [scene.arrives(f"many-{number}", at=name) for number in range(5)]
    assert wait_for(lambda: Hint.objects.count() >= 2)
    assert wait_for(lambda: _settles(scene, mailbox, keys, name))
    assert [len(scene.records(key)) for key in keys] == [1] * 5


def _settles(scene: Scene, mailbox: Mailbox, keys: list[str], name: str) -> bool:
    _forget_just_read(mailbox)
    engine.run()
    captured = Decision.objects.filter(item__mailbox=mailbox, item__sighting__activity__identity__in=keys)
    return captured.filter(outcome=Decision.Outcome.CAPTURED).count() == len(keys)


@pytest.mark.parametrize("name", PEOPLE)
def test_what_no_push_told_of_the_safety_poll_finds(scene: Scene, name: str) -> None:
    watched(scene, name)
    deliveries_go(scene, drop=1.0)
    key = scene.arrives("untold", at=name)
    assert not wait_for(Hint.objects.exists, 1)
    engine.run()
    assert scene.records(key) == []
    with scene.later(minutes=75):
        engine.run()
        assert scene.decided(key, name) == FILED
        assert len(scene.records(key)) == 1


@pytest.mark.parametrize("name", PEOPLE)
def test_a_push_that_lapsed_is_made_anew_with_one_notice_and_what_it_missed_is_read(scene: Scene, name: str) -> None:
    mailbox = watched(scene, name)
    before = Watch.objects.get(mailbox=mailbox)
    with scene.later(days=8):
        key = scene.arrives("meanwhile", at=name)
        for _ in range(3):
            engine.run(watches=True)
        watch = Watch.objects.get(mailbox=mailbox)
        assert watch.expires_at is not None
        assert watch.expires_at > timezone.now()
        assert (watch.remote_id != before.remote_id) is (name == "mia")
        notices = Issue.objects.filter(reason=Issue.Reason.WATCH_LAPSED)
        assert [notice.settled_how for notice in notices] == ["solved"]
        assert scene.decided(key, name) == FILED
    # The proof of a push counts by the real time.
    _forget_just_read(mailbox)
    Collection.objects.filter(mailbox=mailbox).update(due_at=timezone.now() + timedelta(minutes=15))
    Hint.objects.all().delete()
    after = scene.arrives("after", at=name)
    assert wait_for(Hint.objects.exists)
    engine.run()
    assert scene.decided(after, name) == FILED


def test_a_lapse_that_lasts_is_told_once_and_settled_when_the_push_stands_again(scene: Scene) -> None:
    mailbox = watched(scene, "mia")
    with scene.later(days=8):
        scene.sandbox.fault(service="graph", path=".*/subscriptions.*", kind="error", status=503, times=None)
        for _ in range(3):
            Watch.objects.filter(mailbox=mailbox).update(due_at=timezone.now())
            engine.run(watches=True)
        assert issues() == ["watch-lapsed"]
        assert Issue.objects.count() == 1
        scene.sandbox.clear_faults()
        Watch.objects.filter(mailbox=mailbox).update(due_at=timezone.now())
        engine.run(watches=True)
        assert issues() == []


@pytest.mark.parametrize("name", PEOPLE)
def test_a_push_is_renewed_before_half_of_its_life_is_over(scene: Scene, name: str) -> None:
    mailbox = watched(scene, name)
    before = Watch.objects.get(mailbox=mailbox)
    assert before.due_at is not None
    assert before.expires_at is not None
    assert before.due_at - timezone.now() <= (before.expires_at - timezone.now()) / 2
    with scene.later(days=3, hours=13):
        engine.run(watches=True)
        after = Watch.objects.get(mailbox=mailbox)
        assert after.expires_at is not None
        assert after.expires_at > before.expires_at
        assert after.remote_id == before.remote_id
    assert not Issue.objects.exists()


@pytest.mark.parametrize("event", ["reauthorizationRequired", "subscriptionRemoved", "missed"])
def test_a_lifecycle_notice_is_followed(scene: Scene, event: str) -> None:
    mailbox = watched(scene, "mia")
    before = Watch.objects.get(mailbox=mailbox)
    deliveries_go(scene, drop=1.0)
    key = scene.arrives("missed")
    scene.sandbox.clear_log()
    scene.sandbox._control(
        "POST", "notifications/lifecycle", {"event": event, "user": scene.sandbox.user("mia")["email"]}
    )
    assert wait_for(Hint.objects.exists)
    engine.run(watches=True)
    after = Watch.objects.get(mailbox=mailbox)
    calls = [call for call in scene.stage.calls("graph") if "subscriptions" in call]
    if event == "missed":
        assert calls == []
        assert scene.decided(key) == FILED
    elif event == "reauthorizationRequired":
        assert [call.split()[0] for call in calls] == ["PATCH"]
        assert after.remote_id == before.remote_id
    else:
        assert [call.split()[0] for call in calls] == ["PATCH", "POST"]
        assert after.remote_id != before.remote_id
        assert scene.decided(key) == FILED


@pytest.mark.parametrize("kinds", [["changed"] * 6, ["updated", "changed"], ["missed", "changed", "missed"]])
def test_many_hints_of_one_mailbox_are_one_reading(scene: Scene, kinds: list[str]) -> None:
    mailbox = watched(scene, "noor")
    scene.sandbox.subscribe(drop=1.0)
    for kind in kinds:
        Hint.objects.create(mailbox=mailbox, organisation=mailbox.organisation, kind=kind, received_at=timezone.now())
    scene.sandbox.clear_log()
    engine.run()
    assert not Hint.objects.exists()
    calls = scene.stage.calls("gmail")
    assert len([call for call in calls if call.endswith("/history")]) == 1


def test_a_hint_that_comes_while_its_collection_is_read_makes_it_due_again(scene: Scene) -> None:
    mailbox = watched(scene, "noor")
    collection = Collection.objects.get(mailbox=mailbox, kind="mail")
    engine.hurry(mailbox)
    held = claims.claim(collection.pk)
    assert held is not None
    Hint.objects.create(mailbox=mailbox, organisation=mailbox.organisation, received_at=timezone.now())
    scheduling.take_hints()
    collection.refresh_from_db()
    assert collection.due_at is not None
    assert collection.due_at > held.at


def test_a_hint_of_a_mailbox_that_has_ended_wakes_nothing(scene: Scene) -> None:
    mailbox = watched(scene, "noor")
    mailboxes.pause(mailbox)
    Hint.objects.create(mailbox=mailbox, organisation=mailbox.organisation, received_at=timezone.now())
    scene.sandbox.clear_log()
    engine.run()
    assert scene.stage.calls("gmail") == []


def test_a_mailbox_that_is_disconnected_is_told_of_no_more(scene: Scene) -> None:
    mailbox = watched(scene, "mia")
    mailboxes.end(mailbox)
    state = scene.sandbox._control("GET", "notifications").json()
    assert state["subscriptions"] == []
    assert not Watch.objects.exists()
