"""A person's page against a real mailbox: what it tells of emails, what would be filed, and trying again."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import format_datetime

import pytest
import time_machine
from django.core import signing
from django.utils import timezone

from sidebar.syncpage import models
from sync.capture import dryrun, folder_choice, issues, mailboxes, steering
from sync.capture.dryrun import UnknownCursor
from sync.capture.standing import standing_of
from sync.capture.trace import trace
from sync.models import Activity, Decision, Intent, Item, Mailbox
from tests.sync.capture import engine
from tests.sync.services.stage import Stage

RULE = {"object": "EmailMessage", "field": "Subject", "contains": "poison", "message": "No poison here."}


def switched_on(stage: Stage) -> Mailbox:
    """Mia's mailbox, of which only the last hour is read."""
    (mailbox,) = engine.switch_on(stage, "mia")
    Mailbox.objects.filter(pk=mailbox.pk).update(window_from=timezone.now() - timedelta(hours=1))
    return steering.own_mailbox(stage.actor(), mailbox.pk)


def arrive(stage: Stage, key: str, *, sender: str = "Dana Ruiz <dana@northwind.example>") -> str:
    stage.receive(
        f"From: {sender}\nTo: Mia Keller <mia.keller@larkfield.example>\nSubject: About {key}\n"
        f"Date: {format_datetime(timezone.now())}\nMessage-ID: <{key}@northwind.example>\n\nHello.\n"
    )
    return f"<{key}@northwind.example>"


def test_a_refused_email_is_an_issue_that_is_told_and_tried_again(stage: Stage) -> None:
    mailbox = switched_on(stage)
    stage.sandbox.change_org(validation_rules=[RULE])
    key = arrive(stage, "poison")
    fine = arrive(stage, "fine")
    engine.run()
    assert len(stage.records_of(fine)) == 1
    (line,) = models.issues_out(stage.actor(), issues.lines(issues.open_issues(stage.actor())))
    assert (line.subject, line.sender) == ("About poison", "Dana Ruiz")
    assert line.words == "No poison here."
    assert line.mail_url.startswith("https://outlook.office365.com/owa/?ItemID=")
    page = trace(stage.actor(), mailbox, outcome="failed")
    assert [row.sentence for row in page.lines] == ["Failed: Salesforce refused it: “No poison here.”"]
    assert issues.retry(stage.actor(), line.id)
    assert Intent.objects.get(activity__identity=key).state == Intent.State.WAITING
    engine.run()
    # It fails again, and says so again.
    (again,) = issues.lines(issues.open_issues(stage.actor()))
    assert again.id != line.id
    assert engine.decision_of(key) == [("failed", "salesforce-refused")]


def test_the_words_of_an_email_are_looked_for_by_its_mailbox(stage: Stage) -> None:
    mailbox = switched_on(stage)
    arrive(stage, "needle")
    arrive(stage, "haystack")
    engine.run()
    page = models.decision_page(trace(stage.actor(), mailbox, words="needle"))
    assert [line.subject for line in page.decisions] == ["About needle"]
    page = models.decision_page(trace(stage.actor(), mailbox, words="<haystack@northwind.example>"))
    assert [line.subject for line in page.decisions] == ["About haystack"]


def test_a_dry_run_tells_what_would_be_filed_and_writes_nothing(stage: Stage) -> None:
    mailbox = switched_on(stage)
    engine.run()
    before = (Item.objects.count(), Decision.objects.count(), Activity.objects.count())
    stage.sandbox.clear_log()
    arrive(stage, "dry")
    arrive(stage, "stranger", sender="Nobody <nobody@nowhere.example>")
    page = models.dry_page(dryrun.dry_run(stage.actor(), mailbox, since=timezone.now().date()))
    lines = {line.subject: line for line in page.lines}
    assert lines["About dry"].files
    assert [record.name for record in lines["About dry"].records] == ["Renewal 2027"]
    assert not lines["About stranger"].files
    assert lines["About stranger"].sentence == "Skipped because nobody in it is known to Salesforce."
    assert (Item.objects.count(), Decision.objects.count(), Activity.objects.count()) == before
    assert not [call for call in stage.calls() if call.startswith(("PATCH", "DELETE")) or "collections" in call]
    while page.has_more:
        following = dryrun.dry_run(stage.actor(), mailbox, since=timezone.now().date(), cursor=page.cursor)
        page = models.dry_page(following)


def test_a_dry_run_goes_on_only_where_its_own_cursor_leads(stage: Stage) -> None:
    mailbox = switched_on(stage)
    engine.run()
    day = timezone.now().date()
    page = dryrun.dry_run(stage.actor(), mailbox, since=day)
    assert page.cursor
    (toms,) = mailboxes.open_mailboxes(stage.actor("tom").user)
    graph = stage.sandbox.info["microsoft_graph_url"]
    elsewhere = json.dumps({"phase": "full", "link": f"{graph}/v1.0/users/tom.okafor@larkfield.example/messages/delta"})
    stage.sandbox.clear_log()
    for cursor in (elsewhere, page.cursor[:-2] + "xx", signing.dumps(["", elsewhere], salt="dry-run:")):
        with pytest.raises(UnknownCursor):
            dryrun.dry_run(stage.actor(), mailbox, since=day, cursor=cursor)
    with pytest.raises(UnknownCursor):
        dryrun.dry_run(stage.actor("tom"), toms, since=day, cursor=page.cursor)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)), pytest.raises(UnknownCursor):
        dryrun.dry_run(stage.actor(), mailbox, since=day, cursor=page.cursor)
    assert stage.calls("graph") == []


def test_the_folders_of_the_mailbox_are_shown_and_chosen(stage: Stage) -> None:
    mailbox = switched_on(stage)
    engine.run()
    lines = folder_choice.folder_lines(stage.actor(), mailbox)
    names = [line.name for line in lines if not line.depth]
    assert names[:2] == ["Inbox", "Sent Items"]
    assert not {"Deleted Items", "Junk Email", "Drafts"} & set(names)
    archive = next(line for line in lines if line.name == "Archive")
    folder_choice.choose_folders(stage.actor(), mailbox.pk, [archive.id])
    assert mailbox.collections.get(remote_id=archive.id).in_scope


def test_a_mailbox_stands_as_it_is(stage: Stage) -> None:
    mailbox = switched_on(stage)
    assert standing_of(stage.actor(), mailbox).state == "reading"
    arrive(stage, "one")
    engine.run()
    told = models.mailbox_standing(standing_of(stage.actor(), steering.own_mailbox(stage.actor(), mailbox.pk)))
    filed = Decision.objects.filter(outcome=Decision.Outcome.CAPTURED).count()
    assert filed
    assert (told.state, told.filed, told.waiting) == ("current", filed, 0)
    assert told.filed_by_day[-1].filed == filed
    assert 0 < told.calls_used < told.calls_allowed
