"""What was taken back or deleted stays so, for every mailbox, until somebody presses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sync.capture import mailboxes, reconciling
from sync.models import Intent, Tombstone
from sync.services.filing import file_email, undo_filing
from sync.services.status import StatusKind
from tests.sync.capture.scene import MIA, NOOR, Scene, activity_of, intent_of
from tests.trails import told

SAME: dict[str, Any] = {"to": f"{MIA}, {NOOR}", "Date": "Sat, 28 Nov 2026 09:00:00 +0000"}
TODAY = datetime.now(UTC).date()


def filed(scene: Scene, *names: str) -> str:
    scene.switch_on(*names)
    key = scene.arrives("filed", at="mia", **SAME)
    scene.read()
    assert scene.decided(key) == ("captured", "known-people")
    return key


def delete_in_salesforce(scene: Scene, key: str) -> None:
    """Somebody deletes the record there; the engine's round that looks for it comes minutes later."""
    scene.integration_user()
    record = scene.record(key)["Id"]
    scene.stage.salesforce("DELETE", f"/sobjects/EmailMessage/{record}").raise_for_status()
    with scene.later(minutes=2):  # Salesforce tells of whole minutes
        assert reconciling.find_deleted() == 1
    assert told("filing.undone") == [("filing.undone", {"record": record, "reason": "deleted-in-salesforce"})]


def test_what_was_undone_stays_undone_when_it_is_read_again(scene: Scene) -> None:
    key = filed(scene, "mia")
    assert undo_filing(scene.stage.actor("mia"), activity_of(key).pk).kind is StatusKind.UNDONE
    for mailbox in scene.stage.users["mia"].mailboxes.all():
        mailboxes.read_again(mailbox, TODAY)
    scene.read()
    assert scene.records(key) == []
    assert intent_of(key).state == Intent.State.UNDONE
    assert Tombstone.objects.get().side == Tombstone.Side.PANE


def test_what_was_undone_is_not_filed_for_a_colleague_who_receives_it_later(scene: Scene) -> None:
    key = filed(scene, "mia", "noor")
    undo_filing(scene.stage.actor("mia"), activity_of(key).pk)
    scene.arrives("filed", at="noor", **SAME)
    scene.read()
    assert scene.decided(key, "noor") == ("skipped", "undone")
    assert scene.records(key) == []


def test_not_even_its_mark_files_what_was_undone_and_the_button_does(scene: Scene) -> None:
    key = filed(scene, "mia")
    undo_filing(scene.stage.actor("mia"), activity_of(key).pk)
    scene.mark("mia", key)
    scene.read()
    assert scene.records(key) == []
    message = scene.stage.message("About filed")
    assert file_email(scene.stage.actor("mia"), scene.stage.request(message)).kind is StatusKind.FILED
    assert len(scene.records(key)) == 1


def test_what_was_deleted_in_salesforce_stays_deleted(scene: Scene) -> None:
    key = filed(scene, "mia", "noor")
    delete_in_salesforce(scene, key)
    assert Tombstone.objects.get().side == Tombstone.Side.SALESFORCE
    for mailbox in scene.stage.users["mia"].mailboxes.all():
        mailboxes.read_again(mailbox, TODAY)
    scene.arrives("filed", at="noor", **SAME)
    scene.read()
    assert scene.decided(key, "noor") == ("skipped", "deleted-in-salesforce")
    assert scene.records(key) == []
    assert reconciling.find_deleted() == 0


def test_without_an_integration_user_nothing_is_taken_to_be_deleted(scene: Scene) -> None:
    key = filed(scene, "mia")
    scene.stage.salesforce("DELETE", f"/sobjects/EmailMessage/{scene.record(key)['Id']}").raise_for_status()
    assert reconciling.find_deleted() == 0
    assert not Tombstone.objects.exists()


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_what_is_stopped_within_its_delay_stays_stopped(scene: Scene, name: str) -> None:
    [mailbox] = scene.switch_on(name, delay_minutes=3)
    key = scene.arrives("stopped", at=name)
    scene.read()
    assert mailboxes.veto(scene.item(key, name))
    mailboxes.read_again(mailbox, TODAY)
    scene.read()
    scene.let_pass()
    assert scene.decided(key, name) == ("skipped", "veto")
    assert scene.records(key) == []
