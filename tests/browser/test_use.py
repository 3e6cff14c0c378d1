"""Using the pane: keyboard alone, narrow and zoomed, light and dark, and mail that means harm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.conftest import Outlook

pytestmark = pytest.mark.browser

Windows = Callable[..., Outlook]

PAYLOADS = (
    '"><img src=x onerror="parent.hit=1;alert(1)">',
    "<script>parent.hit=1;alert(2)</script>",
    "</title><svg onload=alert(3)>",
    "{{7*7}}${7*7}",
)
HARMFUL = """From: "{name}" <{sender}>
To: Mia Keller <mia.keller@larkfield.example>
Subject: {subject}
Date: {date}
Message-ID: <{identifier}@hostile.example>
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<html><body><script>parent.hit=1;alert(4)</script><p onclick="alert(5)">Hello</p>
<img src="https://tracker.example/pixel.gif"><img src=x onerror="alert(6)">
<a href="javascript:alert(7)">press</a><iframe src="https://hostile.example/"></iframe>
<form action="https://hostile.example/"><input name=a><button>send</button></form>
<style>body{{background:url(https://tracker.example/b.gif)}}</style></body></html>
"""


def test_an_email_is_filed_with_the_keyboard_alone(outlook: Windows) -> None:
    window = outlook()
    window.start()
    keyboard = window.page.keyboard
    window.message("Your agreement ends on Thursday").focus()
    keyboard.press("Enter")
    expect(window.pane.locator("#filing")).to_be_visible()
    first = window.pane.locator("#filing input[type=checkbox]").first
    window.into_pane()
    first.focus()
    if not first.is_checked():
        keyboard.press("Space")
    expect(first).to_be_checked()
    keyboard.press("ArrowDown")
    second = window.pane.locator("#filing input[type=checkbox]").nth(1)
    expect(second).to_be_focused()
    ticked = second.is_checked()
    keyboard.press("Enter")
    expect(second).to_be_checked(checked=not ticked)
    keyboard.press("ArrowUp")
    expect(first).to_be_focused()
    button = window.pane.locator("[data-file]")
    for _ in range(80):
        keyboard.press("Tab")
        if button.evaluate("element => element === document.activeElement"):
            break
    expect(button).to_be_focused()
    keyboard.press("Enter")
    expect(window.filed()).to_be_visible()
    expect(window.filed().get_by_role("button", name="Undo")).to_be_focused()


def test_escape_closes_what_is_open_and_gives_the_focus_back(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open("Northwind renewal 2027")
    more = window.pane.locator(".card details").first
    window.into_pane()
    more.locator("summary").focus()
    window.page.keyboard.press("Enter")
    expect(more).to_have_attribute("open", "")
    window.page.keyboard.press("Escape")
    expect(more).not_to_have_attribute("open", "")
    expect(more.locator("summary")).to_be_focused()


@pytest.mark.parametrize("width", [320, 160])
def test_nothing_is_cut_off_at_320_px_and_at_twice_the_size(outlook: Windows, width: int) -> None:
    window = outlook()
    window.start()
    window.page.locator(".panes").evaluate(f"grid => grid.style.gridTemplateColumns = '150px 250px 1fr {width}px'")
    window.open("Northwind renewal 2027")
    expect(window.pane.locator(".card__name").first).to_be_visible()
    wide = window.pane.locator("html").evaluate("html => html.scrollWidth - html.clientWidth")
    assert wide <= 0


def test_targets_are_24_px_and_the_focus_is_seen(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open("Northwind renewal 2027")
    small = window.pane.locator("body").evaluate(
        """body => [...body.querySelectorAll('a, button, summary, label')]
            .filter(one => one.checkVisibility())
            .map(one => [one.textContent.trim(), one.getBoundingClientRect()])
            .filter(([, box]) => box.height < 24 || box.width < 24)
            .map(([name]) => name)"""
    )
    assert small == []
    window.into_pane()
    window.page.keyboard.press("Tab")
    outline = window.pane.locator("body").evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_the_pane_takes_the_theme_of_the_mail_client(outlook: Windows) -> None:
    window = outlook()
    window.start()
    html = window.pane.locator("html")
    expect(html).to_have_attribute("data-theme", "light")
    light = html.evaluate("() => getComputedStyle(document.body).backgroundColor")
    window.page.locator("#theme").click()
    expect(html).to_have_attribute("data-theme", "dark")
    assert html.evaluate("() => getComputedStyle(document.body).backgroundColor") != light


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(outlook: Windows, scheme: str) -> None:
    window = outlook(color_scheme=scheme)
    window.start()
    window.open("Northwind renewal 2027")
    faint = window.pane.locator("body").evaluate(
        """body => {
            const parts = colour => colour.match(/[\\d.]+/g).map(Number);
            const light = ([r, g, b]) => [r, g, b]
                .map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
            const ground = one => {
                for (let at = one; at; at = at.parentElement) {
                    const colour = parts(getComputedStyle(at).backgroundColor);
                    if (colour.length < 4 || colour[3] > 0.99) return colour;
                }
                return [255, 255, 255];
            };
            return [...body.querySelectorAll('*')]
                .filter(one => one.checkVisibility() && !one.matches('.visually-hidden, .visually-hidden *'))
                .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
                .filter(one => !one.closest(':disabled, [aria-disabled=true]'))
                .map(one => {
                    const both = [light(parts(getComputedStyle(one).color)), light(ground(one))];
                    const [a, b] = both.sort((x, y) => y - x);
                    return [one.textContent.trim().slice(0, 40), (a + 0.05) / (b + 0.05)];
                })
                .filter(([, ratio]) => ratio < 4.5);
        }"""
    )
    assert faint == []


def test_nothing_moves_when_the_answer_comes(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.stack.sandbox.fault(service="salesforce", kind="slow", path="/composite", delay_ms=700, times=1)
    places = """() => ['#status', '#email', '#foot'].map(name => {
        const box = document.querySelector(name).getBoundingClientRect();
        return [Math.round(box.top), Math.round(box.left), Math.round(box.width)];
    })"""
    window.click(window.message("Your agreement ends on Wednesday"))
    expect(window.pane.locator("#email .skeleton")).to_be_attached()
    waiting = window.pane.locator("body").evaluate(places)
    expect(window.pane.locator("#filing")).to_be_visible()
    arrived = window.pane.locator("body").evaluate(places)
    assert arrived[:2] == waiting[:2]
    assert arrived[2] == waiting[2]


def test_screen_readers_hear_the_status_first(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open("Northwind renewal 2027")
    first = window.pane.locator("body").evaluate("body => body.querySelector('[role=status], main, footer').id")
    assert first == "status"
    status = window.pane.locator("#status")
    expect(status).to_have_attribute("aria-live", "polite")
    expect(status).to_have_attribute("role", "status")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_mail_and_records_that_mean_harm_are_text(outlook: Windows, payload: str) -> None:
    window = outlook()
    sandbox = window.stack.sandbox
    number = PAYLOADS.index(payload)
    sender = f"hostile{number}@hostile.example"
    name = payload.replace('"', '\\"')
    mime = HARMFUL.format(
        name=name, sender=sender, subject=payload, date=format_datetime(datetime.now(UTC)), identifier=f"m{number}"
    )
    sandbox.deliver("mia", mime)
    create_contact(window, payload, sender)
    requested: list[str] = []
    window.page.on("request", lambda request: requested.append(request.url))
    window.start()
    window.click(window.page.locator(".message").first)
    expect(window.page.locator(".mail__subject")).to_have_text(payload)
    expect(window.pane.locator(".card__name").first).to_have_text(payload)
    expect(window.page.frame_locator(".mail__body").get_by_text("Hello")).to_be_visible()
    window.page.frame_locator(".mail__body").get_by_text("Hello").click()
    window.page.wait_for_timeout(300)
    assert window.page.evaluate("window.hit") is None
    assert [url for url in requested if not url.startswith((window.stack.address, "data:"))] == []
    assert window.unexpected() == []


def create_contact(window: Outlook, name: str, address: str) -> None:
    """A contact with that last name, made in Salesforce by Mia."""
    sandbox = window.stack.sandbox
    answer: requests.Response = sandbox.http.post(
        f"{sandbox.info['salesforce_login_url']}/services/data/v66.0/sobjects/Contact",
        json={"LastName": name, "Email": address, "Title": name},
        headers={"Authorization": f"Bearer {sandbox.salesforce_login('mia')['access_token']}"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text


UNSEEN = """() => {
    const one = document.activeElement;
    const top = document.querySelector('#status').getBoundingClientRect().bottom;
    const end = document.querySelector('#foot').getBoundingClientRect().top;
    const box = one.getBoundingClientRect();
    return one.closest('#foot') || (box.top >= top && box.bottom <= end) ? '' : one.textContent || one.name;
}"""


def test_what_has_the_focus_is_never_under_the_status_or_the_foot(outlook: Windows) -> None:
    window = outlook(viewport={"width": 1360, "height": 620})
    window.start()
    window.open("everybody's addresses")
    body = window.pane.locator("body")
    window.into_pane()
    unseen = []
    for key, times in (("Tab", 60), ("Shift+Tab", 50)):
        for _ in range(times):
            window.page.keyboard.press(key)
            unseen.append(body.evaluate(UNSEEN))
    assert [name for name in unseen if name] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ticks_are_seen_in_high_contrast(outlook: Windows, scheme: str) -> None:
    window = outlook(color_scheme=scheme, forced_colors="active")
    window.start()
    window.open("Northwind renewal 2027")
    grounds = window.pane.locator("body").evaluate(
        """body => ['Renewal 2027', 'Extra seats'].map(name => [...body.querySelectorAll('.row')]
            .find(row => row.textContent.includes(name)).querySelector('input'))
            .map(box => [box.checked, getComputedStyle(box).backgroundColor])"""
    )
    assert [ticked for ticked, _ in grounds] == [True, False]
    assert grounds[0][1] != grounds[1][1]


def test_why_a_file_is_left_out_is_readable_at_twice_the_size(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.page.locator(".panes").evaluate("grid => grid.style.gridTemplateColumns = '150px 250px 1fr 160px'")
    window.open("Overdue")
    for part in window.pane.locator(".row--out").locator(".row__name, .row__meta--why").all():
        assert part.evaluate("one => one.getBoundingClientRect().width") > 80
