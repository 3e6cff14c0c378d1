"""What is fetched after the first email stands: no press before it is lost, and nothing moves when it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Frame, Locator, Request, Route, expect

from tests.browser.conftest import Outlook

pytestmark = pytest.mark.browser

Windows = Callable[..., Outlook]
RENEWAL = "Northwind renewal 2027"
#: Of what comes later, the module that every one of these presses needs.
READING = "**/static/pane/reading*.js"
LATER = ("reading", "edits", "views", "connecting", "compose", "sync", "panel", "records", "outlook_marks", "bridge.")


def frame(window: Outlook) -> Frame:
    return next(one for one in window.page.frames if "/pane/" in one.url)


def card(window: Outlook, name: str) -> Locator:
    return window.pane.locator("[data-record]", has=window.pane.get_by_role("checkbox", name=name)).first


def begin_with(window: Outlook, text: str) -> None:
    """The pane is opened while an email is open: that one is the first thing that it shows."""
    shell = "**/pane/outlook/"
    window.page.route(shell, lambda route: route.fulfill(content_type="text/html", body=""))
    window.page.goto(f"{window.stack.address}/demo/")
    window.message(text).click()
    expect(window.page.locator(".mail__subject")).to_be_visible()
    window.page.unroute(shell)
    address = f"{window.stack.address}/pane/outlook/"
    window.page.evaluate("address => { document.getElementById('pane').src = address; }", address)


def begun_with(window: Outlook, text: str) -> None:
    begin_with(window, text)
    expect(window.pane.locator("#filing")).to_be_visible()


@contextmanager
def held(window: Outlook) -> Iterator[None]:
    """What comes later is on its way for as long as this lasts."""
    waiting: list[Route] = []
    window.page.route(READING, lambda route: waiting.append(route))
    yield
    # What was pressed, or the time that has passed, has asked for it.
    window.page.wait_for_timeout(2_500)
    assert waiting, "it was not asked for"
    for route in waiting:
        route.continue_()
    window.page.unroute(READING)


@pytest.fixture
def window(outlook: Windows) -> Outlook:
    made = outlook()
    # What a panel shows is kept for the person: other tests look at how it is asked for.
    made.page.route("**/timeline/", lambda _: None)
    return made


def test_an_email_stands_without_what_comes_later(window: Outlook) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url.rsplit("/static/", 1)[-1])

    answers: list[Route] = []
    window.page.on("request", note)
    window.page.route("**/pane/context/", lambda route: answers.append(route))
    begin_with(window, RENEWAL)
    # As long as its answer takes, and longer than anything waits for.
    window.page.wait_for_timeout(4_000)
    assert len(answers) == 1
    assert [one for one in asked if one.startswith(tuple(f"pane/{name}" for name in LATER))] == []
    answers[0].continue_()
    expect(window.pane.locator("#filing")).to_be_visible()
    expect(window.pane.locator("#later-styles")).to_have_count(0)
    assert any(one.startswith("pane/reading") for one in asked)


def test_presses_before_it_is_there_are_made_again_in_their_order(window: Outlook) -> None:
    with held(window):
        begun_with(window, RENEWAL)
        northwind, renewal = card(window, "Northwind Ltd"), card(window, "Renewal 2027")
        northwind.locator("[data-panel-of]").click()
        for _ in range(3):
            renewal.locator("[data-panel-of]").click()
        card(window, "Dana Ruiz").get_by_role("button", name="Note").click()
        expect(window.pane.locator("[data-panel]")).to_have_count(0)
    expect(northwind.locator("[data-panel]")).to_be_visible()
    expect(renewal.locator("[data-panel-of]")).to_have_attribute("aria-expanded", "true")
    expect(card(window, "Dana Ruiz").locator('[data-act="note"]')).to_be_visible()


def test_the_tabs_follow_the_arrows_that_were_pressed_before(window: Outlook) -> None:
    with held(window):
        begun_with(window, RENEWAL)
        tabs = window.pane.locator("#email [data-tab]")
        tabs.first.focus()
        tabs.first.press("ArrowRight")
        tabs.first.press("ArrowRight")
        expect(tabs.first).to_be_focused()
    expect(tabs.nth(2)).to_be_focused()
    expect(tabs.nth(2)).to_have_attribute("aria-selected", "true")
    with window.page.expect_response("**/habits/"):
        tabs.first.click()


def test_what_was_opened_before_is_kept_open_for_the_next_time(window: Outlook) -> None:
    with window.page.expect_response("**/habits/") as kept, held(window):
        begun_with(window, RENEWAL)
        more = window.pane.locator("[data-expands]").first
        opened = more.get_attribute("open") is not None
        more.locator("summary").click()
        window.pane.locator("#open-records").click()
    assert kept.value.status == 204
    assert ("collapsed" if opened else "expanded") in (kept.value.request.post_data or "")
    # As it was, for whoever looks at it next.
    window.pane.locator("#close-records").click()
    with window.page.expect_response("**/habits/"):
        more.locator("summary").click()


def test_what_was_pressed_for_an_email_that_was_left_is_not_done_to_the_next(window: Outlook) -> None:
    with held(window):
        begun_with(window, RENEWAL)
        card(window, "Northwind Ltd").locator("[data-panel-of]").click()
        window.open("Login fails")
    expect(window.pane.locator("#later-styles")).to_have_count(0)
    window.page.wait_for_timeout(300)
    expect(window.pane.locator("[data-panel]")).to_have_count(0)
    expect(window.pane.locator("#filing")).to_be_visible()


def test_a_press_that_cannot_be_answered_says_so_and_the_next_one_can(window: Outlook) -> None:
    window.expect_console("ERR_FAILED")
    window.page.route(READING, lambda route: route.abort())
    begun_with(window, RENEWAL)
    northwind = card(window, "Northwind Ltd")
    northwind.locator("[data-panel-of]").click()
    expect(northwind.locator("[data-not-there]")).to_contain_text("Press again in a moment")
    expect(window.pane.locator("#said")).to_contain_text("Press again in a moment")
    window.page.unroute(READING)
    northwind.locator("[data-panel-of]").click()
    expect(northwind.locator("[data-panel]")).to_be_visible()
    expect(window.pane.locator("[data-not-there]")).to_have_count(0)


def test_what_is_typed_after_the_press_that_opens_the_search_is_searched_for(window: Outlook) -> None:
    keys = window.page.keyboard
    search = window.pane.locator("#records-q")
    with held(window):
        begun_with(window, RENEWAL)
        window.into_pane()
        keys.press("/")
        keys.type("danx")
        keys.press("Backspace")
    expect(search).to_be_focused()
    expect(search).to_have_value("dan")
    keys.type("a ruiz")
    expect(search).to_have_value("dana ruiz")
    expect(window.pane.locator("#records-list .found__name").first).to_have_text("Dana Ruiz")


def test_nothing_moves_when_it_comes(window: Outlook) -> None:
    begun_with(window, RENEWAL)
    pane = frame(window)
    pane.evaluate(
        """() => {
          globalThis.shifts = [];
          new PerformanceObserver((list) => globalThis.shifts.push(...list.getEntries().map(
            (one) => `${one.value} ${one.sources.map(({ node }) => node?.outerHTML?.slice(0, 80)).join(" | ")}`)))
            .observe({ type: "layout-shift" });
        }"""
    )
    expect(window.pane.locator("#later-styles")).to_have_count(0)
    window.page.wait_for_timeout(300)
    assert pane.evaluate("globalThis.shifts") == []
