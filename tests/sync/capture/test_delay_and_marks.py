"""The veto delay, the mailbox's own mark and its removal, and what is deleted before it is written."""

from __future__ import annotations

from sync.capture import mailboxes
from sync.models import Decision, Intent, Item
from sync.rules.identity import identity_hash
from sync.services.reading.records import timeline_of
from tests.sync.capture import engine
from tests.sync.services.stage import Stage

KNOWN = "Dana Ruiz <dana@northwind.example>"
MIME = """From: {sender}
To: Mia Keller <mia.keller@larkfield.example>
Subject: {subject}
Date: Sat, 28 Nov 2026 09:00:00 +0000
Message-ID: <{key}@northwind.example>
Content-Type: text/plain; charset=utf-8
{more}
Please have a look.
"""


def arrive(stage: Stage, key: str, *, sender: str = KNOWN, more: str = "", folder: str = "inbox") -> str:
    """A message arrives; gives its Message-ID."""
    text = MIME.format(sender=sender, subject=f"About {key}", key=key, more=more)
    stage.receive(text, folder=folder)
    return f"<{key}@northwind.example>"


def read(stage: Stage) -> None:
    for mailbox in mailboxes.open_mailboxes(stage.actor("mia").user):
        engine.hurry(mailbox)
    engine.run()


def item(key: str) -> Item:

    return Item.objects.get(identity_hash=identity_hash(key))


def test_an_email_waits_for_the_delay_and_is_filed_then(stage: Stage) -> None:
    engine.switch_on(stage, "mia", delay_minutes=3)
    key = arrive(stage, "delayed")
    read(stage)
    assert item(key).decision.outcome == Decision.Outcome.WAITING
    assert stage.records_of(key) == []
    engine.let_pass()
    engine.run()
    assert engine.decision_of(key) == [("captured", "known-people")]
    assert len(stage.records_of(key)) == 1


def test_what_was_read_of_a_record_before_is_read_anew_once_mail_is_filed(stage: Stage) -> None:
    who = str(stage.query("SELECT Id FROM Contact WHERE Email = 'dana@northwind.example'")[0]["Id"])
    engine.switch_on(stage, "mia", delay_minutes=3)
    arrive(stage, "beside")
    read(stage)
    before = [entry.subject for entry in timeline_of(stage.actor("mia"), who).past]
    engine.let_pass()
    engine.run()
    after = [entry.subject for entry in timeline_of(stage.actor("mia"), who).past]
    assert "About beside" in set(after) - set(before)


def test_an_email_that_was_stopped_is_not_filed(stage: Stage) -> None:
    engine.switch_on(stage, "mia", delay_minutes=3)
    key = arrive(stage, "stopped")
    read(stage)
    assert mailboxes.veto(item(key))
    engine.let_pass()
    engine.run()
    assert engine.decision_of(key) == [("skipped", "veto")]
    assert stage.records_of(key) == []
    assert Intent.objects.get(activity__identity=key).state == Intent.State.SKIPPED
    assert not mailboxes.veto(item(key))


def test_mail_from_unknown_people_is_skipped(stage: Stage) -> None:
    engine.switch_on(stage, "mia")
    key = arrive(stage, "stranger", sender="Nobody <nobody@nowhere.example>")
    read(stage)
    assert engine.decision_of(key) == [("skipped", "unknown-people")]


def test_a_mark_files_in_mode_off_and_its_removal_before_the_write_does_not(stage: Stage) -> None:
    engine.switch_on(stage, "mia", delay_minutes=3, auto_file_mode="off")
    marked, taken = arrive(stage, "marked"), arrive(stage, "taken")
    read(stage)
    assert item(marked).decision.rule == item(taken).decision.rule == "mode-off"
    for key in (marked, taken):
        message = stage.message("About " + key[1:].split("@")[0])
        stage.graph(f"/me/messages/{message['id']}", method="PATCH", categories=["salesforce"])
    read(stage)
    assert item(marked).decision.outcome == item(taken).decision.outcome == Decision.Outcome.WAITING
    message = stage.message("About taken")
    stage.graph(f"/me/messages/{message['id']}", method="PATCH", categories=[])
    read(stage)
    engine.let_pass()
    engine.run()
    assert engine.decision_of(marked) == [("captured", "mark")]
    assert engine.decision_of(taken) == [("skipped", "mark-removed")]


def test_what_is_deleted_before_the_write_is_gone(stage: Stage) -> None:
    engine.switch_on(stage, "mia", delay_minutes=3)
    key = arrive(stage, "thrown-away")
    read(stage)
    message = stage.message("About thrown-away")
    stage.graph(f"/me/messages/{message['id']}/move", method="POST", destinationId="deleteditems")
    engine.let_pass()
    engine.run()
    assert engine.decision_of(key) == [("skipped", "gone")]
    assert stage.records_of(key) == []
