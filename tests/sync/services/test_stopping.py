"""Stopping an email within its delay, and following a conversation, from beside the open email."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from django.utils import timezone

from permissions import policy
from sidebar.presentation import foot
from sync.capture import follows
from sync.capture.follows import NothingToFollow
from sync.models import Activity, Follow, Intent
from sync.services.filing import (
    file_email,
    filing_status,
    follow_filing,
    stop_filing,
    unfollow_filing,
)
from sync.services.status import StatusKind
from tests.sync.capture import engine
from tests.sync.capture.test_delay_and_marks import arrive, read
from tests.sync.services.stage import Stage
from tests.trails import told

Kinds = Callable[[], StatusKind]


def waiting(stage: Stage, key: str) -> UUID:
    """The filing id of an email of Dana's that waits in Mia's mailbox."""
    engine.switch_on(stage, "mia", delay_minutes=3)
    identity = arrive(stage, key)
    read(stage)
    return Activity.objects.get(identity=identity).pk


def test_an_email_that_waits_says_when_it_is_filed_and_on_what(stage: Stage) -> None:
    waiting(stage, "waits")
    status = stage.open(stage.message("About waits")).status
    assert status.kind is StatusKind.WILL_FILE
    assert status.sentence == "Will be filed because people in it are known to Salesforce."
    assert status.can_stop
    assert status.due_at is not None
    assert status.due_at > timezone.now()
    assert [record.name for record in status.records] == ["Renewal 2027"]


def test_who_stops_it_reads_so_and_may_file_it_all_the_same(stage: Stage) -> None:
    filing = waiting(stage, "halted")
    status = stop_filing(stage.actor(), filing)
    assert status.kind is StatusKind.WILL_NOT
    assert status.sentence == "Will not be filed because it was stopped by hand."
    stop_filing(stage.actor(), filing)
    assert told("filing.stopped") == [("filing.stopped", {"user": str(stage.users["mia"].pk)})]
    engine.let_pass()
    engine.run()
    message = stage.message("About halted")
    assert stage.open(message).status.sentence == "Will not be filed because it was stopped by hand."
    assert stage.records_of("<halted@northwind.example>") == []
    assert file_email(stage.actor(), stage.request(message)).kind is StatusKind.FILED


def test_what_is_filed_already_is_not_stopped(stage: Stage) -> None:
    filing = waiting(stage, "late")
    engine.let_pass()
    engine.run()
    assert stop_filing(stage.actor(), filing).kind is StatusKind.FILED


def test_nobody_stops_or_follows_what_is_in_another_mailbox(stage: Stage) -> None:
    filing = waiting(stage, "theirs")
    for act in (stop_filing, follow_filing, unfollow_filing):
        with pytest.raises(policy.NotFound):
            act(stage.actor("tom"), filing)
    assert stage.open(stage.message("About theirs")).status.kind is StatusKind.WILL_FILE


def test_asking_how_it_goes_does_not_file_what_waits_for_its_batch(stage: Stage) -> None:
    filing = waiting(stage, "asked")
    engine.let_pass()
    assert filing_status(stage.actor(), filing).kind is StatusKind.WILL_FILE
    assert Intent.objects.get(activity=filing).state == Intent.State.WAITING
    assert stage.records_of("<asked@northwind.example>") == []


def test_a_conversation_is_followed_with_the_press_that_files_it(stage: Stage) -> None:
    message = stage.message("Northwind renewal 2027")
    status = file_email(stage.actor(), stage.request(message, follow=True))
    assert status.following_until is not None
    assert not status.can_follow
    assert stage.open(message).status.following_until == status.following_until
    assert Follow.objects.get().external_hashes
    stopped = unfollow_filing(stage.actor(), UUID(status.filing_id))
    assert stopped.following_until is None
    assert stopped.can_follow
    assert follow_filing(stage.actor(), UUID(status.filing_id)).following_until is not None


def test_without_the_tick_nothing_is_followed(stage: Stage) -> None:
    status = file_email(stage.actor(), stage.request(stage.message("Northwind renewal 2027")))
    assert status.can_follow
    assert not Follow.objects.exists()


def test_what_is_put_off_is_followed_once_it_is_filed(stage: Stage) -> None:
    message = stage.message("Northwind renewal 2027")
    wanted = stage.request(message, follow=True)
    stage.sandbox.fault(service="salesforce", kind="throttle", path="/composite", retry_after=60, times=1)
    assert file_email(stage.actor(), wanted).kind is StatusKind.FILING
    assert not Follow.objects.exists()
    engine.let_pass()
    engine.run()
    assert Follow.objects.filter(user=stage.users["mia"], stopped_at=None).exists()


def test_only_what_is_filed_can_be_followed(stage: Stage) -> None:
    filing = waiting(stage, "unfiled")
    with pytest.raises(NothingToFollow):
        follows.follow(stage.actor(), Activity.objects.get(pk=filing))


def both_receive(stage: Stage, key: str) -> UUID:
    """The filing id of an email that Mia's engine has read and that lies in Tom's mailbox too, unread by any engine."""
    engine.switch_on(stage, "mia", delay_minutes=3)
    for name in ("mia", "tom"):
        stage.receive(
            "From: Dana Ruiz <dana@northwind.example>\n"
            "To: Mia Keller <mia.keller@larkfield.example>, Tom Okafor <tom.okafor@larkfield.example>\n"
            "MIME-Version: 1.0\nContent-Type: text/plain\n"
            f"Date: {timezone.now():%a, %d %b %Y %H:%M:%S} +0000\n"
            f"Subject: About {key}\nMessage-ID: <{key}@northwind.example>\n\nHello.\n",
            name,
        )
    read(stage)
    return Activity.objects.get(identity=f"<{key}@northwind.example>").pk


def test_what_waits_in_a_colleagues_mailbox_alone_will_be_filed_and_can_be_pressed_for(stage: Stage) -> None:
    both_receive(stage, "shared")
    message = stage.message("About shared", "tom")
    status = stage.open(message, "tom").status
    assert (status.kind, status.rule) == (StatusKind.WILL_FILE, "duplicate")
    assert status.sentence == "Will be filed by way of another mailbox, where it also arrived."
    assert status.due_at is not None
    assert not status.can_stop
    assert foot(status).mode == "file"
    assert file_email(stage.actor("tom"), stage.request(message, "tom")).kind is StatusKind.FILED


def test_what_a_colleagues_mailbox_is_filing_names_no_filing_to_ask_about(stage: Stage) -> None:
    filing = both_receive(stage, "under-way")
    Intent.objects.filter(activity=filing).update(state=Intent.State.CLAIMED)
    status = stage.open(stage.message("About under-way", "tom"), "tom").status
    assert (status.kind, status.filing_id, status.due_at) == (StatusKind.WILL_FILE, "", None)
