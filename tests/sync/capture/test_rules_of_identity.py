"""What one message is: Message-IDs that are missing, too long, or claimed by another message."""

from __future__ import annotations

from typing import Any

import pytest

from sync.models import Activity, Item
from tests.sync.capture.scene import NOBODY, OLIVER, Scene, issues

FILED = ("captured", "known-people")


def of(scene: Scene, name: str) -> Activity:
    """The activity of the newest message of a mailbox."""
    item = Item.objects.filter(user=scene.stage.users[name], sighting__isnull=False).latest("created_at")
    return Activity.objects.get(sightings__item=item)


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_without_a_message_id_it_is_known_by_what_it_says(scene: Scene, name: str) -> None:
    scene.switch_on(name)
    scene.read()
    scene.arrives("nameless", at=name, message_id="", text="Nameless and known.")
    scene.read()
    activity = of(scene, name)
    assert activity.identity.startswith("sha256:")
    [record] = scene.stage.records_of(activity.identity)
    assert record["Subject"] == "About nameless"


def test_the_same_nameless_message_in_two_mailboxes_of_both_suites_is_one(scene: Scene) -> None:
    scene.switch_on("mia", "noor", delay_minutes=3)
    scene.arrives("nameless", at=("mia", "noor"), message_id="", text="Nameless and known.")
    scene.read()
    scene.let_pass()
    found = scene.stage.query("SELECT MessageIdentifier FROM EmailMessage WHERE Subject = 'About nameless'")
    assert len(found) == 1
    assert Item.objects.filter(sighting__activity__identity=found[0]["MessageIdentifier"]).count() == 2


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_one_that_is_too_long_is_stored_as_its_hash(scene: Scene, name: str) -> None:
    scene.switch_on(name)
    scene.read()
    scene.arrives("long", at=name, message_id=f"<{'x' * 300}@northwind.example>")
    scene.read()
    activity = of(scene, name)
    assert activity.identity.startswith("sha256:")
    assert len(activity.identity) <= 255
    assert len(scene.stage.records_of(activity.identity)) == 1


def test_one_that_differs_in_case_alone_is_another(scene: Scene) -> None:
    scene.switch_on("mia")
    small = scene.arrives("small", message_id="<case@northwind.example>")
    large = scene.arrives("large", message_id="<CASE@northwind.example>")
    scene.read()
    # SOQL compares without case, so each look finds both.
    assert sorted(row["Subject"] for row in scene.records(small)) == ["About large", "About small"]
    assert [scene.decided(one) for one in (small, large)] == [FILED, FILED]
    assert issues() == []


def test_another_message_with_a_filed_ones_id_is_filed_beside_it_with_an_issue(scene: Scene) -> None:
    """Nobody can occupy someone's record by sending its Message-ID first, or again."""
    scene.switch_on("mia")
    first = scene.arrives("first", message_id="<same@northwind.example>")
    scene.read()
    scene.arrives("second", message_id="<same@northwind.example>", sender=OLIVER)
    scene.read()
    assert scene.record(first)["Subject"] == "About first"
    activity = of(scene, "mia")
    assert activity.identity.startswith("sha256:")
    assert [one["Subject"] for one in scene.stage.records_of(activity.identity)] == ["About second"]
    assert issues() == ["same-message-id"]


def test_an_id_that_was_occupied_first_does_not_keep_the_real_message_out(scene: Scene) -> None:
    scene.switch_on("mia", auto_file_mode="everything-external")
    scene.arrives("forged", message_id="<same@northwind.example>", sender=NOBODY)
    scene.read()
    scene.arrives("real", message_id="<same@northwind.example>")
    scene.read()
    found = scene.stage.query("SELECT Subject FROM EmailMessage WHERE Subject IN ('About forged', 'About real')")
    assert sorted(row["Subject"] for row in found) == ["About forged", "About real"]


def test_two_messages_of_one_page_with_one_id_are_two(scene: Scene) -> None:
    scene.switch_on("mia")
    scene.arrives("first", message_id="<twins@northwind.example>")
    scene.arrives("second", message_id="<twins@northwind.example>", sender=OLIVER)
    scene.read()
    found = scene.stage.query("SELECT Subject FROM EmailMessage WHERE Subject IN ('About first', 'About second')")
    assert sorted(row["Subject"] for row in found) == ["About first", "About second"]


def test_a_copy_of_the_same_message_in_another_folder_is_a_duplicate(scene: Scene) -> None:
    scene.switch_on("mia")
    what: dict[str, Any] = {"message_id": "<copied@northwind.example>", "Date": "Sat, 28 Nov 2026 09:00:00 +0000"}
    key = scene.arrives("copied", **what)
    scene.read()
    scene.arrives("copied", folder="sentitems", **what)
    scene.read()
    assert len(scene.records(key)) == 1
    rules = Item.objects.filter(sighting__activity__identity=key).values_list("decision__rule", flat=True)
    assert sorted(rules) == ["duplicate", "known-people"]
