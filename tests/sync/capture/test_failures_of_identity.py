"""How one message becomes two elsewhere, or none, row by row; and what keeps it one here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from sync.capture import mailboxes, reconciling
from sync.capture.batches import file_lane
from sync.capture.reading import read_collection
from sync.models import Activity, Collection, Decision, Intent, Item, Link, Sighting, Tombstone
from sync.services.filing import file_email
from sync.services.status import StatusKind
from tests.sync.capture import engine
from tests.sync.capture.scene import Scene, activity_of, at_once, intent_of, issues

FILED, AGAIN = ("captured", "known-people"), ("captured", "duplicate")
PLACES = {"mia": "archive", "noor": "Clients"}


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_a_message_that_is_moved_before_it_is_filed_is_filed_once(scene: Scene, name: str) -> None:
    """Its id stays, because ids that survive moves are asked for."""
    scene.switch_on(name, delay_minutes=3)
    key = scene.arrives("moved", at=name)
    scene.read()
    provider_id = scene.item(key, name).provider_id
    scene.sandbox.move_mail(name, scene.find(name, key)["id"], PLACES[name])
    scene.read()
    Item.objects.filter(missing_since__isnull=False).update(missing_since=timezone.now() - timedelta(minutes=11))
    reconciling.settle_missing()
    scene.let_pass()
    assert scene.item(key, name).provider_id == provider_id
    assert scene.decided(key, name) == FILED
    assert len(scene.records(key)) == 1


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_a_message_that_is_moved_after_it_was_filed_is_not_filed_again(scene: Scene, name: str) -> None:
    scene.switch_on(name)
    key = scene.arrives("moved", at=name)
    scene.read()
    for place in (PLACES[name], "inbox"):
        scene.sandbox.move_mail(name, scene.find(name, key)["id"], place)
        scene.read()
    assert Item.objects.filter(user=scene.stage.users[name], sighting__activity=activity_of(key)).count() == 1
    assert len(scene.records(key)) == 1


def test_every_call_asks_for_ids_that_survive_moves(scene: Scene) -> None:
    scene.switch_on("mia")
    scene.arrives("asked")
    scene.read()
    ids = set(Item.objects.filter(user=scene.stage.users["mia"]).values_list("provider_id", flat=True))
    before = {row["id"] for row in scene.sandbox.mail_of("mia")}
    for key in ("<asked@northwind.example>",):
        scene.sandbox.move_mail("mia", scene.find("mia", key)["id"], "archive")
    moved = {row["id"] for row in scene.sandbox.mail_of("mia")}
    assert before != moved  # what people's programs see changes
    scene.read()
    assert set(Item.objects.filter(user=scene.stage.users["mia"]).values_list("provider_id", flat=True)) == ids


def test_a_message_that_turns_up_nowhere_is_looked_for_by_its_id(scene: Scene) -> None:
    """The folder that it left told of it; the one that it came to has not yet."""
    scene.switch_on("mia", delay_minutes=3)
    there, gone = scene.arrives("there"), scene.arrives("gone")
    scene.read()
    scene.sandbox.delete_mail("mia", scene.find("mia", gone)["id"])
    before = timezone.now() - timedelta(minutes=11)
    Item.objects.filter(pk__in=[scene.item(key).pk for key in (there, gone)]).update(missing_since=before)
    reconciling.settle_missing()
    assert scene.item(there).missing_since is None
    assert scene.decided(there) == ("waiting", "known-people")
    assert scene.decided(gone) == ("skipped", "gone")


def test_one_message_through_two_mailboxes_is_one_record_with_two_sightings(scene: Scene) -> None:
    scene.switch_on("mia", "noor", delay_minutes=3)
    key = scene.arrives("shared", at=("mia", "noor"))
    scene.read()
    scene.let_pass()
    assert sorted([scene.decided(key, "mia"), scene.decided(key, "noor")]) == [AGAIN, FILED]
    assert Sighting.objects.filter(activity=activity_of(key)).count() == 2
    assert len(scene.records(key)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_mailboxes_that_are_read_at_once_make_one_activity(scene: Scene) -> None:
    opened = scene.switch_on("mia", "noor", delay_minutes=3)
    keys = [scene.arrives(f"race-{number}", at=("mia", "noor")) for number in range(8)]
    for mailbox in opened:
        engine.hurry(mailbox)
    due = list(Collection.objects.filter(due_at__lte=timezone.now()).values_list("pk", flat=True))
    errors = at_once(*[lambda pk=pk: read_collection(pk) for pk in due])
    assert [error for error in errors if error is not None] == []
    engine.run()
    assert Activity.objects.filter(identity__in=keys).count() == 8
    assert Intent.objects.filter(activity__identity__in=keys).count() == 8
    assert Sighting.objects.filter(activity__identity__in=keys).count() == 16


@pytest.mark.django_db(transaction=True)
def test_workers_that_file_one_lane_at_once_write_each_email_once(scene: Scene) -> None:
    scene.switch_on("mia", delay_minutes=3)
    keys = [scene.arrives(f"race-{number}") for number in range(8)]
    scene.read()
    engine.let_pass()
    user = scene.stage.users["mia"].pk
    at_once(*[lambda: file_lane(user)] * 4)
    engine.run()
    assert [len(scene.records(key)) for key in keys] == [1] * 8


def test_a_write_without_an_answer_is_looked_for_before_it_is_written_again(scene: Scene) -> None:
    scene.switch_on("mia", delay_minutes=3)
    key = scene.arrives("unanswered")
    scene.read()
    scene.sandbox.fault(service="salesforce", method="POST", path=".*composite/sobjects.*", kind="cut_after")
    scene.let_pass()
    assert intent_of(key).reason == "ambiguous"
    assert len(scene.records(key)) == 1
    scene.let_pass()
    assert scene.decided(key) == FILED
    assert len(scene.records(key)) == 1
    assert scene.people(key) == {scene.contact("dana@northwind.example")["Id"]}


def test_what_a_rule_of_the_org_refuses_is_set_aside_with_its_words_and_the_rest_goes_on(scene: Scene) -> None:
    scene.switch_on("mia")
    refused = scene.arrives("refused", Subject="Salaries [do not file]")
    good = scene.arrives("good")
    scene.read()
    assert scene.decided(refused) == ("failed", "salesforce-refused")
    assert "must not be kept" in intent_of(refused).words
    assert scene.decided(good) == FILED
    assert issues() == ["salesforce-refused"]
    assert scene.records(refused) == []


def test_that_it_is_filed_is_known_to_the_server_not_to_whoever_asks(scene: Scene) -> None:
    [mailbox] = scene.switch_on("mia")
    key = scene.arrives("filed")
    scene.read()
    record = scene.record(key)["Id"]
    message = scene.stage.message("About filed")
    pressed = file_email(scene.stage.actor("mia"), scene.stage.request(message))
    assert pressed.kind is StatusKind.FILED
    mailboxes.read_again(mailbox, datetime.now(UTC).date())
    scene.read()
    assert scene.record(key)["Id"] == record
    assert Link.objects.get(activity__identity=key, part="email").record_id == record


def test_a_press_within_the_delay_files_it_once_as_the_person_chose(scene: Scene) -> None:
    scene.switch_on("mia", delay_minutes=3)
    key = scene.arrives("pressed")
    scene.read()
    message = scene.stage.message("About pressed")
    assert file_email(scene.stage.actor("mia"), scene.stage.request(message)).kind is StatusKind.FILED
    scene.let_pass()
    assert len(scene.records(key)) == 1
    assert scene.item(key).decision.outcome == Decision.Outcome.CAPTURED


def test_what_was_deleted_in_the_crm_is_not_imported_at_the_next_poll(scene: Scene) -> None:
    [mailbox] = scene.switch_on("mia")
    scene.integration_user()
    key = scene.arrives("deleted")
    scene.read()
    record = scene.record(key)["Id"]
    scene.stage.salesforce("DELETE", f"/sobjects/EmailMessage/{record}").raise_for_status()
    with scene.later(minutes=2):
        assert reconciling.find_deleted() == 1
    Collection.objects.filter(mailbox=mailbox, kind="mail").update(cursor="", full_read=True)
    scene.read()
    assert scene.records(key) == []
    tombstone = Tombstone.objects.get()
    assert (tombstone.side, tombstone.record_id, tombstone.actor) == ("salesforce", record, None)
