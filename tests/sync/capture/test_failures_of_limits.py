"""How throttling, spent allowances and dead workers lose mail elsewhere, row by row, and what happens here."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.google_http import google_http
from accounts.models import Connection
from sync.capture import claims, scheduling, setbacks
from sync.capture.batches import file_lane
from sync.capture.candidates import BATCH, claim_lane, lanes_due
from sync.capture.preparing import prepare
from sync.capture.reading import read_collection
from sync.capture.storing import store
from sync.capture.view import view_of
from sync.errors import Throttled
from sync.models import Collection, Decision, Intent, Item, Mailbox
from sync.providers.mailbox import ChangePage
from sync.services import leases, slots
from sync.services.clients import mailbox_client
from tests.sync.capture import engine
from tests.sync.capture.scene import Scene, at_once, intent_of, issues

PEOPLE = ["mia", "noor"]
FILED = ("captured", "known-people")
SERVICE = {"mia": "graph", "noor": "gmail"}


def mail_of(mailbox: Mailbox) -> Collection:
    mine = Collection.objects.filter(mailbox=mailbox, kind=Collection.Kind.MAIL)
    return mine.get(remote_id="") if mailbox.provider == "gmail" else mine.get(folder_kind="inbox")


def now_due() -> None:
    """The time that everything waits for has come."""
    Collection.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    Intent.objects.filter(state=Intent.State.WAITING).update(due_at=timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", PEOPLE)
def test_never_more_than_three_calls_at_once_to_one_mailbox(scene: Scene, name: str) -> None:
    [mailbox] = scene.switch_on(name)
    scene.sandbox.latency(150, SERVICE[name])
    scene.sandbox.limits(**{f"{SERVICE[name]}_concurrent": slots.SLOTS})
    answers = at_once(*[lambda: mailbox_client(mailbox).profile()] * 8)
    assert [one for one in answers if isinstance(one, Exception)] == []


@pytest.mark.django_db(transaction=True)
def test_a_mailbox_whose_slots_are_all_taken_is_waited_for_and_then_put_off(scene: Scene) -> None:
    with slots.mailbox_slot("m"), slots.mailbox_slot("m"), slots.mailbox_slot("m"):
        with pytest.raises(Throttled), slots.mailbox_slot("m", wait_seconds=0.1):
            pass
        with slots.mailbox_slot("another", wait_seconds=0.1):
            pass
    with slots.mailbox_slot("m", wait_seconds=0.1):
        pass


@pytest.mark.parametrize("name", PEOPLE)
def test_throttled_reading_is_put_off_as_told_and_burns_no_attempt(scene: Scene, name: str) -> None:
    [mailbox] = scene.switch_on(name)
    key = scene.arrives("throttled", at=name)
    path = ".*/messages/delta.*" if name == "mia" else ".*/history.*"
    scene.sandbox.fault(service=SERVICE[name], kind="throttle", retry_after=120, path=path, times=None)
    for _ in range(15):  # more often than an error may be tried
        now_due()
        read_collection(mail_of(mailbox).pk)
    told = mail_of(mailbox)
    assert (told.reason, told.attempts) == ("throttled", 0)
    assert told.due_at is not None
    assert timedelta(seconds=100) < told.due_at - timezone.now() < timedelta(seconds=130)
    mailbox.refresh_from_db()
    assert mailbox.state == Mailbox.State.ACTIVE
    assert mailbox.connection.state == Connection.State.ACTIVE
    assert issues() == []
    scene.sandbox.clear_faults()
    now_due()
    engine.run()
    assert scene.decided(key, name) == FILED


def test_throttled_filing_is_put_off_as_told_and_burns_no_attempt(scene: Scene) -> None:
    scene.switch_on("mia", delay_minutes=3)
    key = scene.arrives("throttled")
    scene.read()
    scene.sandbox.fault(service="salesforce", kind="throttle", retry_after=120, times=None)
    for _ in range(15):
        now_due()
        file_lane(scene.stage.users["mia"].pk)
    intent = intent_of(key)
    assert (intent.state, intent.attempts) == ("waiting", 0)
    assert intent.reason in {"throttled", "quota-spent"}
    assert issues() == []
    scene.sandbox.clear_faults()
    scene.let_pass()
    assert scene.decided(key) == FILED


def test_a_part_of_a_batch_that_is_throttled_is_put_off_alone(scene: Scene) -> None:
    scene.switch_on("mia", delay_minutes=3)
    keys = [scene.arrives(f"part-{number}") for number in range(3)]
    scene.read()
    one = re.escape(scene.item(keys[1]).provider_id.rstrip("="))
    scene.sandbox.fault(service="graph", kind="throttle", retry_after=60, path=one, times=None)
    scene.let_pass()
    assert [scene.decided(key)[0] for key in keys] == ["captured", "waiting", "captured"]
    assert (intent_of(keys[1]).reason, intent_of(keys[1]).attempts) == ("throttled", 0)
    scene.sandbox.clear_faults()
    scene.let_pass()
    assert [scene.decided(key) for key in keys] == [FILED] * 3


def test_an_email_that_fails_alone_without_end_is_told_to_a_person(scene: Scene) -> None:
    scene.switch_on("mia", delay_minutes=3)
    key = scene.arrives("failing")
    scene.read()
    scene.sandbox.fault(service="salesforce", kind="error", status=503, times=None, path=".*/composite.*")
    for _ in range(14):
        Intent.objects.filter(pk=intent_of(key).pk, state=Intent.State.WAITING).update(due_at=timezone.now())
        file_lane(scene.stage.users["mia"].pk)
    assert intent_of(key).state == Intent.State.PARKED
    assert scene.decided(key)[0] == "failed"


def test_an_outage_burns_no_attempt_of_many_emails_and_asks_for_fewer_at_once(scene: Scene) -> None:
    scene.switch_on("mia", delay_minutes=3)
    keys = [scene.arrives(f"outage-{number}") for number in range(3)]
    scene.read()
    user = scene.stage.users["mia"]
    scene.sandbox.fault(service="salesforce", kind="error", status=503, times=None, path=".*/composite.*")
    for _ in range(setbacks.PATIENCE + 1):
        now_due()
        file_lane(user.pk)
    assert {intent_of(key).attempts for key in keys} == {0}
    assert {intent_of(key).state for key in keys} == {Intent.State.WAITING}
    assert setbacks.batch_size(user.pk) < BATCH
    scene.sandbox.clear_faults()
    scene.let_pass()
    assert [scene.decided(key) for key in keys] == [FILED] * 3
    assert setbacks.batch_size(user.pk) == BATCH


def test_a_message_of_the_broker_that_comes_twice_or_late_does_nothing(scene: Scene) -> None:
    [mailbox] = scene.switch_on("mia")
    key = scene.arrives("once")
    scene.read()
    scene.sandbox.clear_log()
    for _ in range(3):
        read_collection(mail_of(mailbox).pk)
        file_lane(scene.stage.users["mia"].pk)
    assert scene.stage.calls("graph") == []
    assert scene.stage.calls("salesforce") == []
    assert len(scene.records(key)) == 1


@pytest.mark.parametrize("name", PEOPLE)
def test_a_reader_that_wakes_up_after_another_took_over_stores_nothing(scene: Scene, name: str) -> None:
    [mailbox] = scene.switch_on(name)
    key = scene.arrives("late", at=name)
    engine.hurry(mailbox)
    first = claims.claim(mail_of(mailbox).pk)
    assert first is not None
    view = view_of(mailbox)
    client = mailbox_client(mailbox)
    page = client.changes(mail_of(mailbox).remote_id, mail_of(mailbox).cursor, lambda ids: frozenset())
    plan = prepare(view, client, page.changes)
    Collection.objects.filter(pk=first.collection_id).update(lease_until=timezone.now() - timedelta(seconds=1))
    second = claims.claim(first.collection_id)
    assert second is not None
    items = Item.objects.count()
    assert not store(view, first, plan, ChangePage(page.changes, "late", done=True, full=False))
    assert Item.objects.count() == items
    assert mail_of(mailbox).cursor != "late"
    assert not claims.prolong(first)
    claims.release(second, due_at=timezone.now())
    scene.read()
    assert scene.decided(key, name) == FILED


def test_what_a_dead_reader_held_is_due_again_when_its_lease_ends(scene: Scene) -> None:
    [mailbox] = scene.switch_on("mia")
    inbox = mail_of(mailbox)
    engine.hurry(mailbox)
    assert claims.claim(inbox.pk) is not None
    assert inbox.pk not in scheduling.due_collections().values_list("pk", flat=True)
    assert claims.claim(inbox.pk) is None
    Collection.objects.filter(pk=inbox.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert inbox.pk in scheduling.due_collections().values_list("pk", flat=True)
    key = scene.arrives("after")
    engine.run()
    assert scene.decided(key) == FILED


def test_what_a_dead_worker_was_filing_is_due_again_when_its_lease_ends(scene: Scene) -> None:
    scene.switch_on("mia", delay_minutes=3)
    key = scene.arrives("abandoned")
    scene.read()
    engine.let_pass()
    user = scene.stage.users["mia"]
    [*_, candidate] = claim_lane(user)
    assert intent_of(key).state == Intent.State.CLAIMED
    assert user.pk not in lanes_due()
    Intent.objects.filter(state=Intent.State.CLAIMED).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert user.pk in lanes_due()
    engine.run()
    assert scene.decided(key) == FILED
    assert not leases.is_held(candidate.lease)
    assert not leases.finish(candidate.lease, Intent.State.PARKED, reason="late")
    assert intent_of(key).state == Intent.State.DONE


def test_whatever_kills_each_worker_is_not_tried_for_ever(scene: Scene) -> None:
    scene.switch_on("mia", delay_minutes=3)
    key = scene.arrives("deadly")
    scene.read()
    Intent.objects.filter(activity__identity=key).update(attempts=1_000, due_at=timezone.now())
    engine.run()
    assert intent_of(key).state == Intent.State.PARKED
    assert scene.records(key) == []


@pytest.mark.django_db(transaction=True)
def test_each_thread_has_a_transport_of_its_own(scene: Scene) -> None:
    scene.switch_on("noor")
    together = threading.Barrier(3)

    def transports() -> tuple[object, object]:
        together.wait(10)
        return google_http(), google_http()

    found = [one for one in at_once(*[transports] * 3) if isinstance(one, tuple)]
    assert len({id(first) for first, _ in found}) == 3
    assert all(first is second for first, second in found)


def test_two_hundred_emails_with_long_addresses_are_asked_for_in_few_calls_and_all_filed(scene: Scene) -> None:
    scene.sandbox.fill_mail("mia", 300, matching_percent=100, days=0.01)
    scene.sandbox.clear_log()
    [mailbox] = scene.switch_on("mia", backfill_from=(timezone.now() - timedelta(days=1)).date().isoformat())
    captured = Decision.objects.filter(item__mailbox=mailbox, outcome=Decision.Outcome.CAPTURED).count()
    assert captured >= 250
    calls = [call for call in scene.stage.calls("salesforce") if "/services/data/" in call]
    files = [call for call in calls if "ContentVersion" in call]
    assert len(calls) - len(files) <= 25


def test_a_spent_allowance_waits_until_it_is_given_back_and_loses_nothing(scene: Scene) -> None:
    scene.switch_on("mia", delay_minutes=3)
    key = scene.arrives("spent")
    scene.read()
    scene.sandbox.limits(salesforce_daily=1000, salesforce_used=1000)
    for _ in range(15):
        now_due()
        file_lane(scene.stage.users["mia"].pk)
    intent = intent_of(key)
    assert (intent.state, intent.reason, intent.attempts) == ("waiting", "quota-spent", 0)
    assert intent.due_at - timezone.now() > timedelta(minutes=5)
    assert issues() == []
    scene.sandbox.limits(salesforce_daily=15_000, salesforce_used=0)
    with scene.later(minutes=20):
        engine.run()
        assert scene.decided(key) == FILED


def test_a_storage_that_is_full_waits_as_well(scene: Scene) -> None:
    scene.switch_on("mia")
    scene.sandbox.change_org(storage_full=True)
    key = scene.arrives("full")
    scene.read()
    assert intent_of(key).reason == "quota-spent"
    scene.sandbox.change_org(storage_full=False)
    scene.let_pass()
    assert scene.decided(key) == FILED


def test_gmails_units_of_a_minute_are_not_overdrawn(scene: Scene) -> None:
    scene.sandbox.fill_mail("noor", 350, matching_percent=0, days=0.01)
    scene.sandbox.clear_log()
    scene.switch_on("noor", backfill_from=(timezone.now() - timedelta(days=1)).date().isoformat())
    refused = [row for row in scene.sandbox.log("gmail") if row["status"] in {403, 429}]
    assert refused == []
    mailbox = Mailbox.objects.get(provider="gmail")
    assert mail_of(mailbox).reason in {"", "throttled"}
    with scene.later(minutes=2):
        engine.run()
        assert Item.objects.filter(mailbox=mailbox).count() >= 350


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_provider_is_asked(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.switch_on("mia", "noor", delay_minutes=3)
    seen: list[bool] = []
    real = slots.mailbox_slot

    def watch(*given: Any, **more: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return real(*given, **more)

    monkeypatch.setattr("sync.services.clients.mailbox_slot", watch)
    for name in PEOPLE:
        scene.arrives("watched", at=name)
    scene.read()
    scene.let_pass()
    assert len(seen) > 5
    assert not any(seen)
