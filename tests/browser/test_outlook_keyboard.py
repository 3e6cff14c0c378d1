"""The pane in Outlook with the keyboard alone: how it comes in, goes round, stays, closes things, and goes out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Outlook

pytestmark = pytest.mark.browser

Windows = Callable[..., Outlook]
RENEWAL = "Northwind renewal 2027"

#: Each thing that takes the keyboard, in the order in which it is read; of a group that arrows move in, the one.
READ = """() => [...document.querySelectorAll("a[href], button, input, select, summary, textarea, [tabindex]")]
    .filter((one) => one.checkVisibility({visibilityProperty: true}) && one.tabIndex >= 0 && !one.disabled)
    .map((one) => one.dataset.stop = String(window.stops = (window.stops || 0) + 1))"""
PLACE = "() => document.activeElement?.dataset.stop || ''"


def in_pane(window: Outlook) -> bool:
    return bool(window.page.evaluate("document.activeElement?.id === 'pane'"))


def come_in(window: Outlook) -> None:
    """From the mail that is open, as the mail client's own F6 leads."""
    window.message(RENEWAL).focus()
    window.page.keyboard.press("F6")
    window.page.keyboard.press("F6")
    assert in_pane(window)


def walked(window: Outlook, key: str) -> list[str]:
    """The places that a key leads through, until it leads out of the pane."""
    places: list[str] = []
    for _ in range(200):
        window.page.keyboard.press(key)
        place = window.pane.locator("body").evaluate(PLACE) if in_pane(window) else ""
        if not place or place in places:
            return places
        places.append(place)
    raise AssertionError(f"{key} never led out")


def test_f6_comes_in_tab_goes_through_everything_as_it_is_read_and_f6_comes_back_to_it(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    expect(window.pane.locator("#filing")).to_be_visible()
    come_in(window)
    body = window.pane.locator("body")
    # The pane takes the focus as it is given, and puts it nowhere by itself.
    assert body.evaluate("() => document.activeElement === document.body")
    stops = body.evaluate(READ)
    assert len(stops) > 10
    assert walked(window, "Tab") == stops
    come_in(window)
    file = window.pane.locator("[data-file]")
    file.focus()
    expect(file).to_be_focused()
    window.page.keyboard.press("F6")
    assert not in_pane(window)
    window.page.keyboard.press("Shift+F6")
    assert in_pane(window)
    expect(file).to_be_focused()
    back = walked(window, "Shift+Tab")
    assert back == stops[: stops.index(str(file.get_attribute("data-stop")))][::-1]


DUE = """() => {
    const line = document.querySelector("#status [data-kind]");
    Object.assign(line.dataset, {kind: "will_file", due: new Date(0).toISOString(), before: ""});
    const detail = {elt: document.body, target: document.body};
    document.dispatchEvent(new CustomEvent("htmx:afterSettle", {detail}));
}"""


@pytest.mark.parametrize("what", ['input[name="record"]', "[data-panel-of]", "[data-write]"])
def test_what_is_asked_again_without_a_word_leaves_the_keyboard_where_it_was(outlook: Windows, what: str) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    expect(window.pane.locator("#filing")).to_be_visible()
    window.into_pane()
    place = window.pane.locator(f"#email {what}").nth(1)
    place.focus()
    with window.page.expect_response(lambda answer: "x-quiet" in answer.request.headers) as answered:
        # As if the email were to be filed by itself, and its moment had come.
        window.pane.locator("body").evaluate(DUE)
    assert answered.value.status == 200
    expect(window.pane.locator("#status [data-before]")).to_have_count(0)
    expect(place).to_be_focused()


def test_what_is_opened_while_it_is_asked_again_stays_open(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    panel = window.pane.locator("[data-panel-of]").first
    window.into_pane()
    panel.focus()

    def slowly(route: Route) -> None:
        answer = route.fetch()
        panel.press("Enter")
        route.fulfill(response=answer)

    window.page.route("**/pane/context/", slowly)
    with window.page.expect_response(lambda answer: "x-quiet" in answer.request.headers):
        window.pane.locator("body").evaluate(DUE)
    window.page.wait_for_timeout(500)
    expect(panel).to_have_attribute("aria-expanded", "true")
    expect(panel).to_be_focused()
    expect(window.pane.locator("[data-panel]")).to_be_visible()


def test_another_email_takes_no_focus_from_the_list_of_mail(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    other = window.message("Login fails [Case 00012877]")
    other.focus()
    with window.page.expect_response("**/pane/context/"):
        window.page.keyboard.press("Enter")
    expect(window.pane.locator("#filing")).to_be_visible()
    expect(other).to_be_focused()


def test_escape_closes_the_topmost_thing_alone(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    pane, keys = window.pane, window.page.keyboard
    window.into_pane()
    fold = pane.locator(".card details").first
    panel = pane.locator("[data-panel-of]").first
    panel.focus()
    keys.press("Enter")
    expect(panel).to_have_attribute("aria-expanded", "true")
    fold.locator("summary").focus()
    keys.press("Enter")
    expect(fold).to_have_attribute("open", "")
    keys.press("/")
    search = pane.locator("#records-q")
    expect(search).to_be_focused()
    keys.type("dana")
    # 1: what was typed; 2: the view; 3: the fold behind it; the panel stays, for the keyboard is not in it.
    keys.press("Escape")
    expect(search).to_have_value("")
    expect(pane.locator("#records")).to_be_visible()
    keys.press("Escape")
    expect(pane.locator("#records")).to_be_hidden()
    expect(fold.locator("summary")).to_be_focused()
    expect(fold).to_have_attribute("open", "")
    keys.press("Escape")
    expect(fold).not_to_have_attribute("open", "")
    expect(panel).to_have_attribute("aria-expanded", "true")
    keys.press("Escape")
    expect(panel).to_have_attribute("aria-expanded", "true")
    tab = pane.locator("[data-panel] [data-shows]").first
    tab.focus()
    keys.press("Escape")
    expect(panel).to_be_focused()
    expect(panel).to_have_attribute("aria-expanded", "false")
    # Nothing is left to close: the email stays.
    keys.press("Escape")
    expect(pane.locator("#filing")).to_be_visible()
    expect(panel).to_be_focused()
