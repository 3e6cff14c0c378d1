"""The synchronisation page in the pane and in a tab: each thing that a person does there, and how it looks."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import ARTIFACTS
from tests.browser.conftest import Outlook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

Windows = Callable[..., Outlook]

MIME = """From: Dana Ruiz <dana@northwind.example>
To: {name} <{address}>
Subject: {subject}
Date: {date}
Message-ID: <{key}@northwind.example>
Content-Type: text/plain; charset=utf-8

A line about it.
"""
READ_MS = 90_000


def arrive(window: Outlook, subject: str, person: str = "mia") -> None:
    user = window.stack.sandbox.user(person)
    key = re.sub(r"\W+", "-", subject)
    date = format_datetime(datetime.now(UTC))
    window.stack.sandbox.deliver(
        person, MIME.format(name=user["name"], address=user["email"], subject=subject, date=date, key=key)
    )


@pytest.fixture
def mia(outlook: Windows) -> Outlook:
    """Mia's window with an email open, so that her mailbox is connected."""
    window = outlook()
    window.start()
    window.open("Northwind renewal 2027")
    return window


def test_it_shows_how_the_mailbox_stands_and_goes_back_to_the_email(mia: Outlook) -> None:
    pane = mia.sync_page()
    expect(pane.locator("#sync .box__address").first).to_have_text("mia.keller@larkfield.example")
    expect(pane.locator("#status")).not_to_be_visible()
    expect(pane.locator("#sync .standing").first).to_have_attribute(
        "data-state", re.compile("waiting|current"), timeout=READ_MS
    )
    expect(pane.locator("#sync .chart__bar")).to_have_count(14)
    mia.page.keyboard.press("Escape")
    expect(pane.locator("#sync")).not_to_be_visible()
    expect(pane.locator("#filing")).to_be_visible()
    expect(pane.locator("#open-sync")).to_be_focused()


def test_pause_and_resume(mia: Outlook) -> None:
    pane = mia.sync_page()
    pane.get_by_role("button", name="Pause").click()
    expect(pane.locator("#sync .said")).to_have_text("Paused. Nothing is read or filed.")
    expect(pane.locator("#sync .standing").first).to_have_attribute("data-state", "paused")
    pane.get_by_role("button", name="Resume").click()
    expect(pane.locator("#sync .said")).to_have_text("It goes on.")
    expect(pane.locator("#sync .standing").first).not_to_have_attribute("data-state", "paused")


def test_sync_now_finds_what_has_just_arrived(mia: Outlook) -> None:
    pane = mia.sync_page()
    arrive(mia, "Found at once")
    pane.get_by_role("button", name="Sync now").click()
    expect(pane.locator("#sync .said")).to_have_text("Looking for new mail now.")
    mia.page.wait_for_timeout(3000)
    mia.part("decisions")
    pane.locator("[data-search]").fill("Found at once")
    pane.locator("[data-search]").press("Enter")
    line = pane.locator(".mailline", has_text="Found at once").first
    expect(line).to_have_attribute("data-rule", "known-people")
    expect(line).to_contain_text("because people in it are known to Salesforce")


def test_the_mode_is_changed_and_taken_back(mia: Outlook) -> None:
    pane = mia.sync_page()
    mia.part("settings")
    form = pane.locator("#setting-auto_file_mode")
    expect(form).to_have_attribute("data-source", "default")
    form.get_by_text("Everything external").click()
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_attribute("data-source", "user")
    expect(form).to_contain_text("Saved.")
    expect(form.locator("#mode-everything-external")).to_be_checked()
    form.get_by_role("button", name="Take back").click()
    expect(form).to_have_attribute("data-source", "default")
    expect(form.locator("#mode-known-people")).to_be_checked()


def test_a_delay_that_cannot_be_is_said_at_its_field(mia: Outlook) -> None:
    mia.expect_console("status of 422")
    pane = mia.sync_page()
    mia.part("settings")
    form = pane.locator("#setting-auto_file_delay_minutes")
    field = pane.locator("#value-auto_file_delay_minutes")
    expect(form).to_have_attribute("data-source", "organisation")
    field.evaluate("one => one.removeAttribute('max')")
    field.fill("5000")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("Write a whole number from 0 to 1,440.")
    expect(field).to_be_focused()


def test_folders_are_chosen_from_a_tree(mia: Outlook) -> None:
    pane = mia.sync_page()
    mia.part("settings")
    pane.get_by_role("button", name="Choose folders…").click()
    inbox = pane.get_by_role("checkbox", name="Inbox")
    expect(inbox).to_be_checked()
    expect(inbox).to_be_disabled()
    pane.get_by_role("checkbox", name="Archive").check()
    pane.locator("#save-chosen_folders").click()
    expect(pane.locator("form[id^=folders]")).to_contain_text("Saved.")
    expect(pane.get_by_role("checkbox", name="Archive")).to_be_checked()
    pane.get_by_role("checkbox", name="Archive").uncheck()
    pane.locator("#save-chosen_folders").click()
    expect(pane.get_by_role("checkbox", name="Archive")).not_to_be_checked()


def test_the_block_list_takes_domains_and_says_what_is_none(mia: Outlook) -> None:
    mia.expect_console("status of 422")
    pane = mia.sync_page()
    mia.part("block-list")
    value = pane.locator("#block-value")
    value.fill("not a domain")
    value.press("Enter")
    expect(pane.get_by_role("alert")).to_contain_text("Write an address such as")
    expect(value).to_be_focused()
    value.fill("*.Noise.example")
    value.press("Enter")
    expect(pane.locator("#sync .said")).to_have_text("noise.example is blocked.")
    entry = pane.locator("#sync .line", has_text="noise.example")
    expect(entry).to_contain_text("domain")
    entry.get_by_role("button").click()
    expect(pane.locator("#sync .said")).to_have_text("Taken off your list.")
    expect(entry).to_have_count(0)


def test_a_dry_run_lists_what_would_be_filed_and_writes_nothing(mia: Outlook) -> None:
    pane = mia.sync_page()
    before = sum("collections" in call["path"] for call in mia.stack.sandbox.log("salesforce"))
    pane.get_by_role("button", name="Dry run…").click()
    pane.locator("input[name=since]").fill((datetime.now(UTC) - timedelta(days=3)).date().isoformat())
    pane.get_by_role("button", name="Show", exact=True).click()
    expect(pane.locator(".dry__title").first).to_contain_text("would be filed", timeout=30_000)
    expect(pane.locator(".dry .mailline").first).to_be_visible()
    pane.get_by_role("button", name="Show older ones").click()
    expect(pane.locator(".dry__title")).to_have_count(2, timeout=30_000)
    after = sum("collections" in call["path"] for call in mia.stack.sandbox.log("salesforce"))
    assert after == before


def test_reading_again_asks_first_and_says_what_it_does(mia: Outlook) -> None:
    pane = mia.sync_page()
    pane.get_by_role("button", name="Read again…").click()
    expect(pane.locator("#sync-part")).to_contain_text("What is filed stays as it is.")
    pane.get_by_role("button", name="Cancel").click()
    pane.get_by_role("button", name="Read again…").click()
    pane.locator("input[name=since]").fill((datetime.now(UTC) - timedelta(days=2)).date().isoformat())
    pane.locator("#sync-part").get_by_role("button", name="Read again", exact=True).click()
    expect(pane.locator("#sync .said")).to_contain_text("Reading again.")


def test_an_email_that_waits_is_stopped_beside_it(mia: Outlook) -> None:
    mia.sync_page()
    arrive(mia, "Stop me please")
    mia.pane.get_by_role("button", name="Sync now").click()
    mia.page.wait_for_timeout(3000)
    mia.pane.locator("#close-sync").click()
    mia.start()
    mia.open("Stop me please")
    status = mia.pane.locator("#status")
    expect(status).to_contain_text(re.compile("Will be filed in 2[34] hr"))
    expect(status).to_contain_text("to Renewal 2027")
    assert status.evaluate("one => one.offsetHeight") == 61
    status.get_by_role("button", name="Stop").click()
    expect(status).to_contain_text("Will not be filed because it was stopped by hand.")
    expect(mia.pane.locator("[data-file]")).to_contain_text("File to")


def test_what_is_due_shows_as_filed_without_a_hand(mia: Outlook) -> None:
    pane = mia.sync_page()
    at_once(mia, "0")
    try:
        arrive(mia, "Filed by itself")
        mia.part("status")
        pane.get_by_role("button", name="Sync now").click()
        pane.locator("#close-sync").click()
        mia.start()
        mia.open("Filed by itself")
        expect(mia.filed()).to_contain_text("Filed to 1 record", timeout=READ_MS)
    finally:
        mia.sync_page()
        at_once(mia, "")


def test_a_conversation_is_followed_with_its_filing_and_stopped_on_the_page(outlook: Windows) -> None:
    window = outlook()
    arrive(window, "A thread to follow", "tom")
    window.start("tom.okafor")
    window.open("A thread to follow")
    window.pane.locator("#filing input[name=person]").first.check()
    window.pane.get_by_role("checkbox", name="Follow this conversation").check()
    window.pane.locator("[data-file]").click()
    expect(window.filed()).to_contain_text("Following until")
    window.filed().get_by_role("button", name="Stop following").click()
    expect(window.filed().get_by_role("button", name="Follow this conversation")).to_be_visible()
    window.filed().get_by_role("button", name="Follow").click()
    expect(window.filed()).to_contain_text("Following until")
    pane = window.sync_page()
    window.part("follows")
    line = pane.locator("#sync .line", has_text="A thread to follow")
    line.get_by_role("button", name="Stop following").click()
    expect(pane.locator("#sync .said")).to_contain_text("It is not followed any more.")
    expect(pane.get_by_role("heading", name="No conversation is followed")).to_be_visible()


def test_what_salesforce_refused_is_tried_again_and_left(mia: Outlook) -> None:
    rule = {"object": "EmailMessage", "field": "Subject", "contains": "poison", "message": "No poison here."}
    mia.stack.sandbox.change_org(validation_rules=[rule])
    pane = mia.sync_page()
    at_once(mia, "0")
    try:
        arrive(mia, "A poison for the org")
        mia.part("status")
        pane.get_by_role("button", name="Sync now").click()
        issue = pane.locator(".issue", has_text="A poison for the org")
        raised(mia, issue)
        expect(issue).to_contain_text("Salesforce refused the email.")
        expect(issue).to_contain_text("“No poison here.”")
        expect(issue.get_by_role("link", name="Open the email")).to_have_attribute(
            "href", re.compile("^https://outlook")
        )
        issue.get_by_role("button", name="Try again").click()
        expect(pane.locator("#sync .said")).to_have_text("It is tried again.")
        raised(mia, issue)
        issue.get_by_role("button", name="Ignore").click()
        expect(pane.locator("#sync .said")).to_have_text("Left as it is.")
        expect(issue).to_have_count(0)
    finally:
        at_once(mia, "")


def raised(window: Outlook, issue: Locator) -> None:
    """Looks at the issues until it is there."""
    for _ in range(READ_MS // 1000):
        window.part("issues")
        if issue.count():
            return
        window.page.wait_for_timeout(1000)


def at_once(window: Outlook, minutes: str) -> None:
    """The delay in minutes, chosen on the page; "" as the organisation has it."""
    window.part("settings")
    form = window.pane.locator("#setting-auto_file_delay_minutes")
    if minutes:
        window.pane.locator("#value-auto_file_delay_minutes").fill(minutes)
        form.get_by_role("button", name="Save").click()
    else:
        form.get_by_role("button", name="Take back").click()
    expect(form).to_have_attribute("data-source", "user" if minutes else "organisation")


@pytest.fixture
def tab(mia: Outlook) -> Page:
    """The page in a tab of its own, opened from the pane."""
    mia.sync_page()
    with mia.page.context.expect_page() as opened:
        mia.pane.get_by_role("button", name="Open in a browser tab").click()
    page = opened.value
    page.on("console", lambda message: mia.errors.append(message.text) if message.type == "error" else None)
    page.set_viewport_size({"width": 960, "height": 900})
    expect(page.locator(".standing").first).to_be_visible()
    return page


def test_the_page_in_a_tab_has_a_session_of_its_own_and_its_ticket_leaves_no_trace(mia: Outlook, tab: Page) -> None:
    assert tab.url == f"{mia.stack.address}/sync/"
    assert tab.evaluate("document.cookie") == ""
    kept = tab.evaluate("[...Object.values(localStorage), ...Object.values(sessionStorage)]")
    assert {one.partition("?lang=")[0] for one in kept} <= {"/sync/"}, (
        "htmx notes where it is, and nothing else is kept"
    )
    tab.get_by_role("button", name="Settings").click()
    expect(tab.locator("#setting-auto_file_mode")).to_be_visible()
    mia.expect_console("status of 401")
    tab.reload()
    expect(tab.get_by_role("heading", name="This page has been signed out")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 960])
def test_nothing_is_cut_off_and_everything_is_reached_by_the_keyboard(
    mia: Outlook, tab: Page, width: int, scheme: str
) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    ARTIFACTS.mkdir(exist_ok=True)
    for name in ("Status", "Issues", "Decisions", "Settings", "Block list", "Followed"):
        button = tab.locator(".tab", has_text=name)
        button.focus()
        with tab.expect_response("**/pane/sync/**"):
            tab.keyboard.press("Enter")
        expect(button).to_have_attribute("aria-current", "page")
        tab.wait_for_timeout(400)
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        small = tab.evaluate(
            """[...document.querySelectorAll('a, button, summary, label.option')].filter(one => one.checkVisibility())
                .filter(one => one.getBoundingClientRect().height < 24).map(one => one.textContent.trim())"""
        )
        assert small == []
        tab.screenshot(path=ARTIFACTS / f"sync-{name.lower().replace(' ', '-')}-{width}-{scheme}.png", full_page=True)


def test_a_session_that_ended_is_said_in_the_tab(mia: Outlook, tab: Page) -> None:
    mia.expect_console("status of 401")
    tab.route("**/pane/sync/settings/", lambda route: route.fulfill(status=401, json={"detail": "Ended."}))
    tab.get_by_role("button", name="Settings").click()
    expect(tab.get_by_role("heading", name="This page has been signed out")).to_be_visible()


def test_no_answer_stands_in_the_parts_place_and_is_tried_again(mia: Outlook, tab: Page) -> None:
    mia.expect_console("ERR_FAILED|htmx:")
    tab.route("**/pane/sync/block-list/", lambda route: route.abort())
    tab.get_by_role("button", name="Block list").click()
    expect(tab.get_by_role("heading", name="Alongside does not answer")).to_be_visible()
    tab.unroute("**/pane/sync/block-list/")
    tab.get_by_role("button", name="Try again").click()
    expect(tab.locator(".standing").first).to_be_visible()


def test_salesforce_is_connected_from_the_tab(outlook: Windows) -> None:
    window = outlook()
    window.start("ines.falk")
    window.pane.locator("#open-sync").click()
    expect(window.pane.get_by_role("heading", name="No mailbox is read yet")).to_be_visible()
    with window.page.context.expect_page() as opened:
        window.pane.get_by_role("button", name="Open in a browser tab").click()
    page = opened.value
    with page.context.expect_page() as asked:
        page.get_by_role("button", name="Connect Salesforce").click()
    dialog = asked.value
    dialog.get_by_label("User name").fill("ines.falk@larkfield.example")
    dialog.get_by_label("Password").fill("larkfield")
    dialog.get_by_role("button", name="Sign in").click()
    dialog.get_by_role("button", name="Allow").click()
    dialog.get_by_role("button", name="Connect").click()
    expect(page.locator(".standing").first).to_be_visible()
    expect(page.locator(".box__address").first).to_have_text("ines.falk@larkfield.example")
    assert dialog.is_closed()


def test_it_is_whole_at_twice_the_size_and_in_the_pane(mia: Outlook) -> None:
    pane = mia.sync_page()
    for width in (320, 160):
        mia.page.locator(".panes").evaluate(f"grid => grid.style.gridTemplateColumns = '150px 250px 1fr {width}px'")
        for name in ("status", "issues", "decisions", "settings", "block-list", "follows"):
            mia.part(name)
            mia.page.wait_for_timeout(200)
            assert pane.locator("html").evaluate("html => html.scrollWidth - html.clientWidth") <= 0
            mia.page.locator("#pane").screenshot(path=ARTIFACTS / f"sync-pane-{name}-{width}.png")


def test_a_slash_goes_to_the_search(tab: Page) -> None:
    tab.get_by_role("button", name="Decisions").click()
    expect(tab.locator("[data-search]")).to_be_visible()
    tab.keyboard.press("/")
    expect(tab.locator("[data-search]")).to_be_focused()
