"""One message in several mailboxes of both suites: one record, and nobody learns of what they may not see."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from sync.capture import mailboxes
from sync.capture.batches import file_lane
from sync.models import Activity, Intent, Item, Link, Sighting
from sync.services.status import StatusKind
from tests.sync.capture.scene import DANA, MIA, NOOR, TOM, Scene, activity_of, at_once, letter

FILED, AGAIN = ("captured", "known-people"), ("captured", "duplicate")


def test_mia_at_microsoft_and_noor_at_google_have_one_record(scene: Scene) -> None:
    scene.switch_on("mia", "noor", delay_minutes=3)
    key = scene.arrives("both", at=("mia", "noor"))
    scene.read()
    assert Activity.objects.filter(identity=key).count() == 1
    assert Intent.objects.filter(activity__identity=key).count() == 1
    scene.let_pass()
    assert sorted([scene.decided(key, "mia"), scene.decided(key, "noor")]) == [AGAIN, FILED]
    assert len(scene.records(key)) == 1
    assert Sighting.objects.filter(activity=activity_of(key)).count() == 2


def test_a_mailbox_that_sees_it_after_it_was_filed_is_linked_without_another_write(scene: Scene) -> None:
    scene.switch_on("mia", "noor")
    what: dict[str, Any] = {"to": f"{MIA}, {NOOR}", "Date": "Sat, 28 Nov 2026 09:00:00 +0000"}
    key = scene.arrives("late", at="mia", **what)
    scene.read()
    scene.arrives("late", at="noor", **what)
    scene.sandbox.clear_log()
    scene.read()
    assert scene.decided(key, "noor") == AGAIN
    assert scene.stage.calls("salesforce") == []
    assert len(scene.records(key)) == 1


def test_what_one_person_stops_another_mailbox_still_files(scene: Scene) -> None:
    scene.switch_on("mia", "noor", delay_minutes=3)
    key = scene.arrives("stopped", at=("mia", "noor"))
    scene.read()
    assert mailboxes.veto(scene.item(key, "mia"))
    scene.let_pass()
    assert scene.decided(key, "mia") == ("skipped", "veto")
    assert scene.decided(key, "noor")[0] == "captured"
    [record] = scene.records(key)
    assert Link.objects.get(activity__identity=key).filed_by == scene.stage.users["noor"]
    assert record["Subject"] == "About stopped"


def test_what_one_person_deletes_another_mailbox_still_files(scene: Scene) -> None:
    scene.switch_on("mia", "noor", delay_minutes=3)
    what: dict[str, Any] = {"to": f"{MIA}, {NOOR}", "Date": "Sat, 28 Nov 2026 09:00:00 +0000"}
    key = scene.arrives("deleted", at="mia", **what)
    scene.read()
    scene.arrives("deleted", at="noor", **what)
    scene.read()
    scene.sandbox.delete_mail("mia", scene.find("mia", key)["id"])
    scene.let_pass()
    assert scene.decided(key, "mia") == ("skipped", "gone")
    assert scene.decided(key, "noor")[0] == "captured"
    assert len(scene.records(key)) == 1


def test_three_mailboxes_one_message_each_their_own_decision(scene: Scene) -> None:
    scene.switch_on("mia", "tom", "noor", delay_minutes=3)
    scene.block("northwind.example", "tom")
    key = scene.arrives("three", at=("mia", "tom", "noor"))
    scene.read()
    scene.let_pass()
    assert sorted([scene.decided(key, "mia"), scene.decided(key, "noor")]) == [AGAIN, FILED]
    assert scene.decided(key, "tom") == ("skipped", "block-list")
    assert len(scene.records(key)) == 1


def test_somebody_who_cannot_see_the_record_learns_nothing_of_it(scene: Scene) -> None:
    """Mia's opportunity is not shared with Tom: his copy of the email says that a colleague filed it, and no more."""
    scene.switch_on("mia", "tom", delay_minutes=3)
    key = scene.arrives("hidden", at=("mia", "tom"))
    scene.read()
    Intent.objects.filter(activity__identity=key).update(user=scene.stage.users["mia"])
    scene.let_pass()
    link = Link.objects.get(activity__identity=key)
    assert link.filed_by == scene.stage.users["mia"]
    opened = scene.stage.open(scene.stage.message("About hidden", "tom"), "tom")
    assert (opened.status.kind, opened.status.records, opened.status.url) == (StatusKind.FILED_BY_COLLEAGUE, (), "")
    [opportunity] = [record for name, record in link.related if name == "Opportunity"]
    told = repr(opened)
    assert opportunity not in told
    assert link.record_id not in told
    inputs = scene.item(key, "tom").decision.inputs
    assert link.record_id not in repr(inputs)
    assert opportunity not in repr(inputs)


@pytest.mark.django_db(transaction=True)
def test_lanes_of_two_people_at_once_write_one_record(scene: Scene) -> None:
    scene.switch_on("mia", "noor", delay_minutes=3)
    keys = [scene.arrives(f"race-{number}", at=("mia", "noor")) for number in range(6)]
    scene.read()
    # As if each mailbox had been the first of half of them.
    for number, key in enumerate(keys):
        name = "noor" if number % 2 else "mia"
        Intent.objects.filter(activity__identity=key).update(user=scene.stage.users[name])
    Intent.objects.filter(activity__identity__in=keys).update(due_at=timezone.now())
    at_once(*[lambda name=name: file_lane(scene.stage.users[name].pk) for name in ("mia", "noor", "mia", "noor")])
    scene.let_pass()
    for key in keys:
        assert len(scene.records(key)) == 1
        assert {scene.decided(key, name)[0] for name in ("mia", "noor")} == {"captured"}


def test_a_message_sent_from_one_mailbox_to_the_other_is_one_with_its_outside_people(scene: Scene) -> None:
    scene.switch_on("mia", "noor", delay_minutes=3)

    sent = scene.sandbox.send_mail(
        "mia", letter("sent", sender=MIA, to=f"{DANA}, {NOOR}", message_id="<sent@larkfield.example>")
    )
    assert len(sent["delivered"]) == 1
    scene.read()
    scene.let_pass()
    key = "<sent@larkfield.example>"
    assert sorted([scene.decided(key, "mia"), scene.decided(key, "noor")]) == [AGAIN, FILED]
    assert scene.record(key)["Incoming"] is False
    assert not Item.objects.filter(user=scene.stage.users["tom"]).exists()
    assert TOM not in repr(scene.record(key))
