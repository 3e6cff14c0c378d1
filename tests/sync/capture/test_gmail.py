"""A Gmail mailbox files by itself: from consent to one record each, labels for folders, history for changes."""

from __future__ import annotations

import pytest

from sync.models import Collection, Item
from tests.sync.capture.scene import NOBODY, Scene


def test_a_gmail_mailbox_that_is_connected_files_what_arrives(scene: Scene) -> None:
    [mailbox] = scene.switch_on("noor")
    assert list(mailbox.collections.order_by("kind").values_list("kind", flat=True)) == ["mail", "marks"]
    known, unknown = scene.arrives("known", at="noor"), scene.arrives("unknown", at="noor", sender=NOBODY)
    scene.read()
    assert scene.decided(known, "noor") == ("captured", "known-people")
    assert scene.decided(unknown, "noor") == ("skipped", "unknown-people")
    assert scene.record(known)["Subject"] == "About known"
    assert scene.people(known) == {scene.contact("dana@northwind.example")["Id"]}


def test_what_is_sent_from_gmail_is_filed_as_outgoing(scene: Scene) -> None:
    scene.switch_on("noor")
    key = scene.arrives(
        "sent",
        at="noor",
        folder="sent",
        sender="noor.haddad@larkfield-labs.example",
        to="Dana <dana@northwind.example>",
    )
    scene.read()
    assert scene.decided(key, "noor") == ("captured", "known-people")
    assert scene.record(key)["Incoming"] is False


def test_a_label_files_in_mode_off_and_its_removal_before_the_write_does_not(scene: Scene) -> None:
    scene.switch_on("noor", auto_file_mode="off", delay_minutes=3)
    kept, taken, nested = (scene.arrives(key, at="noor") for key in ("kept", "taken", "nested"))
    scene.read()
    assert {scene.decided(key, "noor") for key in (kept, taken, nested)} == {("skipped", "mode-off")}
    scene.mark("noor", kept, mark="SALESFORCE")
    scene.mark("noor", taken)
    scene.mark("noor", nested, mark="Clients/Salesforce")
    scene.read()
    assert {scene.decided(key, "noor") for key in (kept, taken)} == {("waiting", "mark")}
    scene.mark("noor", taken, on=False)
    scene.read()
    scene.let_pass()
    assert scene.decided(kept, "noor") == ("captured", "mark")
    assert scene.decided(taken, "noor") == ("skipped", "mark-removed")
    assert scene.decided(nested, "noor") == ("skipped", "mode-off")


@pytest.mark.parametrize(("category", "outcome"), [("CATEGORY_PROMOTIONS", "folder-scope"), ("CATEGORY_UPDATES", "")])
def test_promotions_social_and_forums_are_left_out(scene: Scene, category: str, outcome: str) -> None:
    scene.switch_on("noor")
    key = scene.arrives("newsletter", at="noor", folder=category)
    scene.read()
    expected = ("skipped", outcome) if outcome else ("captured", "known-people")
    assert scene.decided(key, "noor") == expected


def test_a_category_that_was_chosen_is_filed_from(scene: Scene) -> None:
    scene.switch_on("noor", chosen_folders=["CATEGORY_FORUMS"])
    chosen = scene.arrives("chosen", at="noor", folder="CATEGORY_FORUMS")
    other = scene.arrives("other", at="noor", folder="CATEGORY_SOCIAL")
    scene.read()
    assert scene.decided(chosen, "noor") == ("captured", "known-people")
    assert scene.decided(other, "noor") == ("skipped", "folder-scope")


def test_archiving_changes_nothing_and_the_trash_does(scene: Scene) -> None:
    scene.switch_on("noor", delay_minutes=3)
    archived, thrown = scene.arrives("archived", at="noor"), scene.arrives("thrown", at="noor")
    scene.read()
    scene.sandbox.move_mail("noor", scene.find("noor", archived)["id"], "archive")
    scene.sandbox.move_mail("noor", scene.find("noor", thrown)["id"], "trash")
    scene.read()
    scene.let_pass()
    assert scene.decided(archived, "noor") == ("captured", "known-people")
    assert scene.decided(thrown, "noor") == ("skipped", "gone")


def test_what_lies_in_spam_is_judged_when_it_is_taken_out(scene: Scene) -> None:
    scene.switch_on("noor")
    key = scene.arrives("rescued", at="noor", folder="spam")
    scene.read()
    assert not Item.objects.filter(mailbox__user=scene.stage.users["noor"], provider_id=scene.find("noor", key)["id"])
    scene.sandbox.move_mail("noor", scene.find("noor", key)["id"], "inbox")
    scene.read()
    assert scene.decided(key, "noor") == ("captured", "known-people")


def test_nothing_new_costs_a_call_of_history_and_one_of_marks(scene: Scene) -> None:
    scene.switch_on("noor")
    scene.read()
    scene.read()
    scene.sandbox.clear_log()
    scene.read()
    paths = [call.rsplit("/", 1)[1] for call in scene.stage.calls("gmail")]
    assert sorted(paths) in (["history", "labels"], ["history", "labels", "messages"])
    assert Collection.objects.get(mailbox__provider="gmail", kind="mail").idle_rounds > 0
