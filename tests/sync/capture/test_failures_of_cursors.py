"""How reading by cursors fails elsewhere, row by row, and what this engine does instead, in both suites."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Connection
from sync.capture import issues as issue_room
from sync.capture import judging, preparing, reconciling
from sync.capture.reading import read_collection
from sync.errors import Unavailable
from sync.models import Collection, Decision, Issue, Item, Mailbox
from tests.sync.capture import engine
from tests.sync.capture.scene import DANA, MIA, NOBODY, Scene, issues

PEOPLE = ["mia", "noor"]
FILED, UNKNOWN = ("captured", "known-people"), ("skipped", "unknown-people")
DELTA = ".*/messages/delta.*"


def mail_of(mailbox: Mailbox) -> Collection:
    """The collection that holds what arrives: the Inbox, or all of Gmail."""
    mine = Collection.objects.filter(mailbox=mailbox, kind=Collection.Kind.MAIL)
    return mine.get(remote_id="") if mailbox.provider == "gmail" else mine.get(folder_kind="inbox")


def expire(scene: Scene, name: str) -> None:
    """The cursor that a mailbox's mail is read by is no longer known."""
    if name == "noor":
        scene.sandbox.expire_gmail_history(name)
    else:
        scene.sandbox.fault(service="graph", kind="expired_cursor", path=DELTA)


def break_reading(scene: Scene, name: str, **fault: Any) -> None:
    """The next calls that read a mailbox's mail go wrong."""
    where = {"service": "gmail", "path": ".*/(history|messages|batch).*"} if name == "noor" else {"path": DELTA}
    scene.sandbox.fault(**{"service": "graph", "kind": "error", "status": 503, "times": None, **where, **fault})


@pytest.mark.parametrize("name", PEOPLE)
def test_an_expired_cursor_is_neither_an_error_nor_an_empty_success(scene: Scene, name: str) -> None:
    [mailbox] = scene.switch_on(name)
    read_at = mail_of(mailbox).last_success_at
    generation = mail_of(mailbox).generation
    expire(scene, name)
    key = scene.arrives("meanwhile", at=name)
    engine.hurry(mailbox)
    read_collection(mail_of(mailbox).pk)
    told = mail_of(mailbox)
    assert (told.reason, told.cursor, told.full_read) == ("cursor-expired", "", True)
    assert told.last_success_at == read_at
    assert told.due_at is not None
    assert told.due_at <= timezone.now()
    engine.run()
    assert scene.decided(key, name) == FILED
    assert mail_of(mailbox).generation == generation + 1
    mailbox.refresh_from_db()
    assert mailbox.state == Mailbox.State.ACTIVE
    assert mailbox.connection.state == Connection.State.ACTIVE
    assert issues() == []


def test_a_cursor_that_expires_in_the_middle_of_a_chain_begins_anew_and_files_everything(scene: Scene) -> None:
    scene.sandbox.fill_mail("mia", 450, matching_percent=0, days=0.01)
    scene.sandbox.fault(service="graph", kind="expired_cursor", path=".*skiptoken.*")
    [mailbox] = scene.switch_on("mia", backfill_from=(timezone.now() - timedelta(days=1)).date().isoformat())
    [anew] = Collection.objects.filter(mailbox=mailbox, generation=2)
    assert not anew.full_read
    assert Item.objects.filter(mailbox=mailbox, missing_since=None).count() >= 450
    assert not Item.objects.filter(mailbox=mailbox, missing_since__isnull=False).exists()
    assert issues() == []


@pytest.mark.parametrize("name", PEOPLE)
def test_a_read_anew_sees_what_was_deleted_meanwhile(scene: Scene, name: str) -> None:
    [mailbox] = scene.switch_on(name, delay_minutes=3)
    gone, stays = scene.arrives("gone", at=name), scene.arrives("stays", at=name)
    scene.read()
    expire(scene, name)
    scene.sandbox.delete_mail(name, scene.find(name, gone)["id"])
    if name == "mia":
        # What tells of the deletion is what has expired.
        Collection.objects.filter(pk=mail_of(mailbox).pk).update(cursor="", full_read=True)
        scene.sandbox.clear_faults()
    scene.read()
    assert scene.item(gone, name).missing_since is not None
    assert scene.item(stays, name).missing_since is None
    Item.objects.filter(missing_since__isnull=False).update(missing_since=timezone.now() - timedelta(minutes=11))
    reconciling.settle_missing()
    assert scene.decided(gone, name) == ("skipped", "gone")
    scene.let_pass()
    assert scene.records(gone) == []
    assert scene.decided(stays, name) == FILED


def test_a_part_of_a_read_anew_infers_no_deletion(scene: Scene) -> None:
    scene.sandbox.fill_mail("mia", 450, matching_percent=0, days=0.01)
    [mailbox] = scene.switch_on("mia", backfill_from=(timezone.now() - timedelta(days=1)).date().isoformat())
    known = Item.objects.filter(mailbox=mailbox).count()
    Collection.objects.filter(pk=mail_of(mailbox).pk).update(cursor="", full_read=True, due_at=timezone.now())
    scene.sandbox.fault(service="graph", kind="error", status=503, path=".*skiptoken.*", times=None)
    engine.run()
    assert mail_of(mailbox).full_read
    assert mail_of(mailbox).reason == "unavailable"
    assert Item.objects.filter(mailbox=mailbox, missing_since=None, gone_at=None).count() == known
    scene.sandbox.clear_faults()
    scene.read()
    assert not mail_of(mailbox).full_read
    assert Item.objects.filter(mailbox=mailbox, missing_since=None, gone_at=None).count() == known


@pytest.mark.parametrize("name", PEOPLE)
def test_the_cursor_does_not_move_past_what_could_not_be_fetched(scene: Scene, name: str) -> None:
    [mailbox] = scene.switch_on(name)
    cursor = mail_of(mailbox).cursor
    key = scene.arrives("unfetched", at=name)
    break_reading(scene, name)
    engine.hurry(mailbox)
    read_collection(mail_of(mailbox).pk)
    assert (mail_of(mailbox).cursor, mail_of(mailbox).reason) == (cursor, "unavailable")
    scene.sandbox.clear_faults()
    scene.read()
    assert scene.decided(key, name) == FILED


@pytest.mark.parametrize("name", PEOPLE)
def test_a_page_and_its_cursor_are_stored_together_or_not_at_all(
    scene: Scene, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [mailbox] = scene.switch_on(name)
    cursor, items = mail_of(mailbox).cursor, Item.objects.count()
    key = scene.arrives("torn", at=name)
    engine.hurry(mailbox)
    with monkeypatch.context() as patch:

        def torn(*_: Any) -> None:
            raise Unavailable("torn")

        patch.setattr("sync.capture.storing._advance", torn)
        read_collection(mail_of(mailbox).pk)
    assert (mail_of(mailbox).cursor, Item.objects.count()) == (cursor, items)
    scene.read()
    assert scene.decided(key, name) == FILED


@pytest.mark.parametrize("name", PEOPLE)
def test_one_poison_message_is_an_issue_with_a_retry_and_the_rest_goes_on(scene: Scene, name: str) -> None:
    [mailbox] = scene.switch_on(name)
    before = scene.arrives("before", at=name)
    poison = scene.arrives("poison", at=name, sender="")
    after = scene.arrives("after", at=name)
    cursor = mail_of(mailbox).cursor
    scene.read()
    assert scene.decided(poison, name) == ("failed", "malformed")
    assert [scene.decided(one, name) for one in (before, after)] == [FILED, FILED]
    assert mail_of(mailbox).cursor != cursor
    [line] = issue_room.lines(issue_room.open_issues(scene.stage.actor(name)))
    assert (line.reason, line.can_retry) == ("malformed", True)
    assert issue_room.retry(scene.stage.actor(name), line.id)
    engine.run()
    assert scene.decided(poison, name) == ("failed", "malformed")
    assert Issue.objects.filter(settled_at=None).count() == 1


@pytest.mark.parametrize("name", PEOPLE)
def test_a_message_that_breaks_a_rule_does_not_pin_the_cursor(
    scene: Scene, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = judging.judge

    def judge(view: Any, message: Any, **more: Any) -> Any:
        if message.subject == "About breaking":
            raise ZeroDivisionError
        return real(view, message, **more)

    monkeypatch.setattr(preparing, "judge", judge)
    scene.switch_on(name)
    breaking, other = scene.arrives("breaking", at=name), scene.arrives("other", at=name)
    scene.read()
    assert scene.decided(breaking, name) == ("failed", "malformed")
    assert scene.decided(other, name) == FILED
    monkeypatch.undo()
    [line] = issue_room.lines(issue_room.open_issues(scene.stage.actor(name)))
    assert issue_room.retry(scene.stage.actor(name), line.id)
    engine.run()
    assert scene.decided(breaking, name) == FILED


def test_a_backlog_is_read_on_from_the_page_where_it_stopped(scene: Scene) -> None:
    scene.sandbox.fill_mail("mia", 900, matching_percent=0, days=0.01)
    scene.sandbox.fault(service="graph", kind="error", status=503, path=".*skiptoken.*", times=None, skip=2)
    [mailbox] = scene.switch_on("mia", backfill_from=(timezone.now() - timedelta(days=1)).date().isoformat())
    stopped = mail_of(mailbox)
    stored = Item.objects.filter(collection=stopped).count()
    assert stopped.full_read
    assert stored >= 400
    assert stopped.seen_count == stored
    scene.sandbox.clear_faults()
    scene.sandbox.clear_log()
    scene.read()
    first = [row["path"] for row in scene.sandbox.log("graph") if "/messages/delta" in row["path"]]
    assert any("skiptoken" in path for path in first)
    assert mail_of(mailbox).seen_count > stored
    assert mail_of(mailbox).generation == 1


def test_what_is_known_is_not_fetched_again(scene: Scene) -> None:
    scene.sandbox.fill_mail("noor", 120, matching_percent=0, days=0.01)
    [mailbox] = scene.switch_on("noor", backfill_from=(timezone.now() - timedelta(days=1)).date().isoformat())
    assert Item.objects.filter(mailbox=mailbox).count() >= 120
    expire(scene, "noor")
    key = scene.arrives("new", at="noor")
    scene.sandbox.clear_log()
    scene.read()
    assert scene.decided(key, "noor") == FILED
    parts = [row for row in scene.sandbox.log("gmail") if "/messages/" in row["path"] and row["method"] == "GET"]
    batches = [row for row in scene.sandbox.log("gmail") if "batch" in row["path"]]
    # One for its head, one for the whole message.
    assert len(batches) <= 2
    assert len(parts) <= 2


def test_each_folder_has_a_cursor_of_its_own_so_older_mail_in_another_one_is_not_skipped(scene: Scene) -> None:
    [mailbox] = scene.switch_on("mia")
    newest = scene.arrives("newest")
    scene.read()
    # Received before, and put into the folder only now, by another program.
    what: dict[str, Any] = {"sender": MIA, "to": DANA, "received": timezone.now() - timedelta(minutes=1)}
    older = scene.arrives("older", folder="sentitems", **what)
    scene.read()
    assert scene.decided(newest) == FILED
    assert scene.decided(older) == FILED
    cursors = set(Collection.objects.filter(mailbox=mailbox, kind="mail", due_at__isnull=False).values_list("cursor"))
    folders = Collection.objects.filter(mailbox=mailbox, kind="mail", due_at__isnull=False).count()
    assert len(cursors) == folders > 2


@pytest.mark.parametrize("name", PEOPLE)
def test_a_message_that_vanishes_between_its_list_and_its_fetch_holds_up_nothing(scene: Scene, name: str) -> None:
    scene.switch_on(name, delay_minutes=3)
    gone, stays = scene.arrives("gone", at=name), scene.arrives("stays", at=name, sender=NOBODY)
    scene.read()
    scene.sandbox.delete_mail(name, scene.find(name, gone)["id"])
    engine.let_pass()
    engine.run()
    assert scene.decided(gone, name) == ("skipped", "gone")
    assert scene.decided(stays, name) == UNKNOWN
    assert not Decision.objects.filter(outcome=Decision.Outcome.WAITING, item__in=[scene.item(gone, name)]).exists()
