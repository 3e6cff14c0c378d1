"""The partials of the synchronisation page: what they show, what they change, and that text stays text."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html as lxml_html

from accounts import crypto
from accounts.models import BlockEntry, Connection, PreferenceValue
from accounts.preferences import set_for_organisation
from accounts.services import create_user
from sidebar.syncpage.chart import HEIGHT, chart
from sidebar.syncpage.models import Day
from sidebar.syncpage.words import RULES as NAMED
from sync.models import Collection, Follow, Intent, Issue, Mailbox
from sync.rules.sentences import RULES
from tests.sidebar.people import Office, Person, make_office
from tests.sidebar.sync_examples import ISSUES, LINES, PARTS, setting, standing, status
from tests.sidebar.test_pages import PAYLOADS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def office() -> Office:
    crypto.forget_keys()
    cache.clear()
    return make_office()


def parsed(text: str) -> lxml_html.HtmlElement:
    return lxml_html.fromstring(f"<div>{text}</div>")


def words(text: str) -> str:
    return " ".join(" ".join(parsed(text).itertext()).split())


def shown(answer: Any, code: int = 200) -> str:
    assert answer.status_code == code, answer.content
    assert answer.headers["Content-Type"].startswith("text/html")
    return words(answer.content.decode())


def url(name: str, *args: Any) -> str:
    return reverse(f"sidebar:{name}", args=args)


def test_the_shell_holds_no_data_and_may_be_framed_by_nobody(client: Client) -> None:
    answer = client.get("/sync/")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "@" not in page
    assert page.count("<script") == page.count("<script src=")
    assert " style=" not in page
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert not answer.cookies


def test_a_partial_without_a_session_is_no_page(client: Client, office: Office) -> None:
    answer = client.get(url("sync"))
    assert answer.status_code == 401
    assert "Synchronisation" not in answer.content.decode()


def test_the_overview_leads_to_every_part(office: Office) -> None:
    office.issue()
    answer = office.mia.page.get(url("sync"))
    page = parsed(answer.content.decode())
    assert [tab.text_content().split() for tab in page.find_class("tab")] == [
        ["Status"],
        ["Issues", "1"],
        ["Decisions"],
        ["Settings"],
        ["Pane"],
        ["Block", "list"],
        ["Followed"],
    ]
    for tab in page.find_class("tab"):
        assert office.mia.page.get(tab.get("hx-get")).status_code == 200


def test_nobody_sees_anything_of_another(office: Office) -> None:
    office.issue()
    office.follow()
    office.block("noise.example", office.mia.user)
    for person in (office.tom, office.rita):
        for name in ("sync", "sync-issues", "sync-all-decisions", "sync-settings", "sync-block-list", "sync-follows"):
            text = shown(person.page.get(url(name)))
            for secret in ("mia.keller", "Required field", "noise.example", str(office.mailbox.pk)):
                assert secret not in text


def test_pause_and_resume_say_so(office: Office) -> None:
    text = shown(office.mia.page.post(url("sync-pause", office.mailbox.pk)))
    assert text.startswith("Status Paused. Nothing is read or filed.")
    assert "Resume" in text
    assert "Pause" not in text.replace("Paused", "")
    text = shown(office.mia.page.post(url("sync-resume", office.mailbox.pk)))
    assert "It goes on." in text
    assert Mailbox.objects.get().state == "active"


@pytest.mark.parametrize("name", ["sync-pause", "sync-resume", "sync-now", "sync-read-again"])
def test_steps_on_anothers_mailbox_do_not_exist(office: Office, name: str) -> None:
    before = Mailbox.objects.values().get()
    form = {"since": timezone.now().date().isoformat()}
    for person in (office.tom, office.rita):
        assert person.page.post(url(name, office.mailbox.pk), form).status_code == 404
    assert office.mia.page.get(url("sync-pause", office.mailbox.pk)).status_code == 405
    assert Mailbox.objects.values().get() == before


def test_reading_again_says_first_what_it_does(office: Office) -> None:
    office.item("skipped", "skipped", "unknown-people")
    text = shown(office.mia.page.get(url("sync-read-again", office.mailbox.pk)))
    assert "What is filed stays as it is. What you stopped or took back stays so." in text
    since = (timezone.now() - timedelta(days=1)).date().isoformat()
    text = shown(office.mia.page.post(url("sync-read-again", office.mailbox.pk), {"since": since}))
    assert "1 emails that were not filed are judged anew" in text
    answer = office.mia.page.post(url("sync-read-again", office.mailbox.pk), {"since": "2999-01-01"})
    assert "Choose a day that is not to come." in shown(answer, 400)


def test_a_setting_is_chosen_and_taken_back(office: Office) -> None:
    answer = office.mia.page.post(url("sync-setting", "auto_file_mode"), {"value": "off"})
    form = parsed(answer.content.decode()).xpath("//form")[0]
    assert form.get("data-source") == "user"
    assert form.xpath(".//input[@checked]/@value") == ["off"]
    assert "Saved." in form.text_content()
    answer = office.mia.page.post(url("sync-withdraw", "auto_file_mode"))
    assert parsed(answer.content.decode()).xpath("//form/@data-source") == ["default"]
    assert not PreferenceValue.objects.exists()


def test_a_forced_setting_shows_as_locked_and_stays(office: Office) -> None:
    ines = Person(create_user(office.organisation, email="ines@larkfield.example", administrator=True))
    set_for_organisation(ines.actor, "auto_file_mode", "off", forced=True)
    page = parsed(office.mia.page.get(url("sync-settings")).content.decode())
    form = page.get_element_by_id("setting-auto_file_mode")
    assert form.get("data-locked") is not None
    assert form.xpath(".//fieldset/@disabled")
    assert form.xpath(".//button") == []
    assert "Locked: your administrator has set this." in form.text_content()
    answer = office.mia.page.post(url("sync-setting", "auto_file_mode"), {"value": "everything-external"})
    assert "Your administrator has set this." in shown(answer, 409)


@pytest.mark.parametrize("name", ["max_file_mib", "nothing"])
def test_only_the_settings_of_the_page_are_there(office: Office, name: str) -> None:
    assert office.mia.page.post(url("sync-setting", name), {"value": "1"}).status_code == 404
    assert office.mia.page.post(url("sync-withdraw", name)).status_code == 404


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("auto_file_delay_minutes", "5000", "Write a whole number from 0 to 1,440."),
        ("auto_file_delay_minutes", "three", "Write a whole number from 0 to 1,440."),
        ("auto_file_delay_minutes", "-1", "Write a whole number from 0 to 1,440."),
        ("mark_name", " ", "Write one line of at most 100 characters."),
        ("backfill_from", "soon", "Choose another one."),
        ("auto_file_mode", "sometimes", "Choose another one."),
    ],
)
def test_what_cannot_be_is_said_at_its_field(office: Office, name: str, value: str, sentence: str) -> None:
    answer = office.mia.page.post(url("sync-setting", name), {"value": value})
    assert sentence in shown(answer, 422)
    assert not PreferenceValue.objects.exists()


def test_folders_are_a_tree_without_trash_junk_and_drafts(office: Office) -> None:
    office.folder("inbox", "Inbox", kind="inbox")
    office.folder("trash", "Deleted Items", kind="trash")
    office.folder("old", "Old", parent="trash")
    office.folder("z", "Zeta")
    office.folder("a", "alpha")
    office.folder("a1", "below", parent="a")
    path = url("sync-folders", office.mailbox.pk)
    page = parsed(office.mia.page.get(path).content.decode())
    assert [row.text_content().split() for row in page.find_class("tree__row")] == [
        ["Inbox", "always"],
        ["alpha"],
        ["below"],
        ["Zeta"],
    ]
    assert "Saved." in shown(office.mia.page.post(path, {"folder": ["a", "z"]}))
    assert set(Collection.objects.filter(in_scope=True).values_list("remote_id", flat=True)) == {
        "inbox",
        "a",
        "a1",
        "z",
    }
    assert "has no such folder" in shown(office.mia.page.post(path, {"folder": ["trash"]}), 422)
    assert office.tom.page.post(path, {"folder": ["a"]}).status_code == 404


def test_folders_of_another_mailbox_stay_chosen(office: Office) -> None:
    PreferenceValue.objects.create(
        organisation=office.organisation, user=office.mia.user, name="chosen_folders", value=["gmail-label"]
    )
    office.folder("a", "alpha")
    office.mia.page.post(url("sync-folders", office.mailbox.pk), {"folder": ["a"]})
    assert PreferenceValue.objects.get().value == ["gmail-label", "a"]


def test_the_block_list_is_written_and_read(office: Office) -> None:
    theirs = office.block("spam.example")
    text = shown(office.mia.page.post(url("sync-block-list"), {"value": "Noise.Example"}))
    assert "noise.example is blocked." in text
    assert "spam.example domain Locked: your administrator has set this." in text
    answer = office.mia.page.post(url("sync-block-list"), {"value": "no such thing"})
    page = parsed(answer.content.decode())
    assert answer.status_code == 422
    assert page.get_element_by_id("block-value").get("value") == "no such thing"
    assert page.get_element_by_id("block-value").get("aria-invalid") == "true"
    mine = BlockEntry.objects.get(user=office.mia.user)
    assert office.mia.page.post(url("sync-unblock", theirs.pk)).status_code == 404
    assert office.tom.page.post(url("sync-unblock", mine.pk)).status_code == 404
    assert "Taken off your list." in shown(office.mia.page.post(url("sync-unblock", mine.pk)))


def test_issues_are_tried_again_and_left(office: Office) -> None:
    issue = office.issue()
    text = shown(office.mia.page.get(url("sync-issues")))
    assert "Salesforce refused the email. “Required field missing.”" in text
    for person in (office.tom, office.rita):
        assert person.page.post(url("sync-retry", issue.pk)).status_code == 404
        assert person.page.post(url("sync-ignore", issue.pk)).status_code == 404
    text = shown(office.mia.page.post(url("sync-retry", issue.pk)))
    assert text.startswith("Issues It is tried again. No issues")
    assert Intent.objects.get().state == "waiting"
    other = office.issue("another")
    assert "Left as it is." in shown(office.mia.page.post(url("sync-ignore", other.pk)))
    assert Issue.objects.get(pk=other.pk).settled_how == "ignored"


def test_an_issue_links_to_its_record(office: Office) -> None:
    from accounts.models import System
    from accounts.services import connection_for
    from sync.models import Link

    connection = connection_for(office.mia.user, System.SALESFORCE)
    connection.instance_url = "https://larkfield.my.salesforce.com"
    connection.save()
    activity = office.issue().activity
    assert activity is not None
    Link.objects.create(
        organisation=office.organisation,
        activity=activity,
        filed_by=office.mia.user,
        part="email",
        object_name="EmailMessage",
        record_id="02s000000000001AAA",
    )
    page = parsed(office.mia.page.get(url("sync-issues")).content.decode())
    assert "https://larkfield.my.salesforce.com/02s000000000001AAA" in page.xpath("//a/@href")
    Link.objects.update(filed_by=office.tom.user)
    assert "02s000000000001AAA" not in office.mia.page.get(url("sync-issues")).content.decode()


def test_decisions_are_filtered_by_outcome_and_rule(office: Office) -> None:
    office.item("a", "captured", "known-people")
    office.item("b", "skipped", "internal-only")
    path = url("sync-decisions", office.mailbox.pk)
    assert "Filed because people in it are known" in shown(office.mia.page.get(path))
    text = shown(office.mia.page.get(path, {"outcome": "skipped", "rule": "internal-only"}))
    assert "Skipped because everybody in it belongs to your organisation." in text
    assert "Filed because" not in text
    assert "No email fits" in shown(office.mia.page.get(path, {"rule": "veto"}))
    assert "outcome: one of" in shown(office.mia.page.get(path, {"outcome": "perhaps"}), 400)
    assert office.rita.page.get(path).status_code == 404


def test_the_mailbox_that_has_to_look_and_cannot_says_what_to_connect(office: Office) -> None:
    office.item("a", "captured", "known-people")
    Connection.objects.update(state="needs_reconnect")
    answer = office.mia.page.get(url("sync-decisions", office.mailbox.pk), {"words": "invoice"})
    assert "Your mailbox has to be connected again" in shown(answer, 409)


def test_followed_conversations_are_stopped(office: Office) -> None:
    follow = office.follow()
    assert "Stop following" in shown(office.mia.page.get(url("sync-follows")))
    assert office.tom.page.post(url("sync-stop-following", follow.pk)).status_code == 404
    assert Follow.objects.get().stopped_at is None
    text = shown(office.mia.page.post(url("sync-stop-following", follow.pk)))
    assert "It is not followed any more. What is filed stays filed." in text
    assert Follow.objects.get().stopped_at is not None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("current", "Up to date."),
        ("waiting", "Up to date. 3 emails wait to be filed."),
        ("reading", "Reading your mail: 120 of about 400 emails."),
        ("just-begun", "Reading your mail: it has just begun."),
        ("behind", "Behind: what is due has waited for 21 minutes."),
        ("paused", "Paused. Nothing is read or filed until you resume."),
        ("reconnect", "Salesforce has to be connected again. Nothing is lost: it goes on where it stopped."),
        ("no-mailbox", "No mailbox is read yet"),
        ("switched-on", "Your mailbox is being switched on"),
        ("no-issues", "What needs you is listed here."),
        ("block-list-empty", "Nobody is blocked by you."),
    ],
)
def test_each_state_says_how_it_stands(name: str, sentence: str) -> None:
    assert sentence in words(PARTS[name])


def test_what_has_ended_is_connected_again_where_it_is_said() -> None:
    systems = parsed(PARTS["reconnect"]).xpath("//button[@data-action='connect']/@data-system")
    assert systems == ["salesforce"]
    systems = parsed(PARTS["no-mailbox"]).xpath("//button[@data-action='connect']/@data-system")
    assert systems == ["salesforce", "google"]


def test_moments_are_the_browsers_to_keep() -> None:
    for name in ("current", "issues", "dry-run"):
        times = parsed(PARTS[name]).xpath("//time")
        assert times
        assert all(set(time.attrib) & {"data-ago", "data-until", "data-at", "data-on"} for time in times)


@pytest.mark.parametrize("name", sorted(PARTS))
def test_no_part_carries_a_script_an_inline_style_or_a_nameless_control(name: str) -> None:
    page = parsed(PARTS[name])
    assert page.xpath("//script|//style|//iframe") == []
    assert page.xpath("//@style") == []
    assert [a for a in page.xpath("//@*") if a.attrname.startswith("on")] == []
    for control in page.xpath("//a|//button|//summary"):
        assert control.text_content().strip()
    for field in page.xpath("//input[@type!='hidden']|//select"):
        assert field.xpath("ancestor::label")[0].text_content().strip()
    assert all(svg.get("aria-hidden") == "true" or svg.get("role") == "img" for svg in page.xpath("//svg"))
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_mail_and_providers_say_is_text(payload: str) -> None:
    issue = replace(ISSUES[0], words=payload, subject=payload, sender=payload)
    line = replace(LINES[0], subject=payload, sender=payload, people=(payload,))
    from sidebar.syncpage.models import DryPageOut

    html = (
        render_to_string("sync/issues.html", {"lines": (issue,), "count": 1})
        + render_to_string(
            "sync/dry_page.html",
            {"page": DryPageOut((line,), payload), "mailbox": standing(), "since": timezone.now()},
        )
        + render_to_string("sync/setting.html", {"setting": setting("mark_name", payload)})
        + status(standing(address=payload))
    )
    page = parsed(html)
    assert page.xpath("//script|//img|//*[@onmouseover]|//*[@onload]|//*[@onerror]") == []
    assert payload in page.text_content()
    assert page.xpath("//input[@name='cursor']/@value") == [payload]


def test_a_bar_is_as_high_as_its_day_was_busy() -> None:
    day = timezone.now().date()
    drawn = chart([Day(day, 0), Day(day, 5), Day(day, 10)])
    assert [bar.height for bar in drawn.bars] == [1.0, HEIGHT / 2, HEIGHT]
    assert all(bar.y + bar.height == HEIGHT for bar in drawn.bars)
    assert (drawn.total, drawn.most) == (15, 10)
    assert [bar.height for bar in chart([Day(day, 0)]).bars] == [1.0]


def test_every_rule_has_a_name_for_people() -> None:
    assert set(NAMED) == {rule for rules in RULES.values() for rule in rules}


def test_numbers_of_a_drawing_are_written_the_same_in_every_language(office: Office) -> None:
    answer = office.mia.page.get(url("sync-standing", office.mailbox.pk), headers={"Accept-Language": "de"})
    bars = parsed(answer.content.decode()).find_class("chart__bar")
    assert len(bars) == 14
    assert all("," not in bar.get(name) for bar in bars for name in ("x", "y", "width", "height"))


def test_an_unknown_mailbox_does_not_exist(office: Office) -> None:
    assert office.mia.page.get(url("sync-standing", uuid.uuid4())).status_code == 404
