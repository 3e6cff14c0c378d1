"""The Gmail-shaped page of the demo: the pane beside Gmail's mail for people without the extension."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.conftest import Outlook, Stack

pytestmark = pytest.mark.browser

Windows = Callable[..., Outlook]
HARMFUL = (
    'From: "<img src=x onerror=hit=1>" <hostile@hostile.example>\r\nTo: noor.haddad@larkfield-labs.example\r\n'
    'Subject: "><svg onload=hit=1>\r\nContent-Type: text/html\r\n\r\n'
    "<p onclick=\"hit=1\">Hello</p><script>parent.hit=1</script><img src='https://tracker.example/x.gif'>\r\n"
)


def started(window: Outlook, query: str = "") -> None:
    window.page.goto(f"{window.stack.address}/demo/gmail/{query}")
    window.page.locator(".message").first.wait_for()


def test_an_email_of_gmail_is_shown_and_filed(outlook: Windows) -> None:
    window = outlook()
    started(window)
    window.message("Access to the test laboratory").click()
    expect(window.page.locator(".mail__subject")).to_have_text("Access to the test laboratory")
    expect(window.pane.locator(".card__name").first).to_have_text("Dana Ruiz")
    window.pane.locator("[data-file]").click()
    expect(window.filed()).to_be_visible()


def test_a_list_that_is_opened_often_shows_what_changed_and_spends_no_quota(stack: Stack) -> None:
    address = f"{stack.address}/demo/gmail/jonas.weber/messages/?view=inbox&page="

    def opened() -> list[dict[str, Any]]:
        answer = requests.get(address, timeout=60)
        assert answer.status_code == 200
        rows: list[dict[str, Any]] = answer.json()["rows"]
        return rows

    first = opened()
    stack.sandbox.clear_log()
    # Read anew each time, a dozen of them are all that a user's minute has.
    assert all(opened() == first for _ in range(30))
    assert [call for call in stack.sandbox.log("gmail") if "/messages/" in call["path"]] == []
    stack.sandbox.deliver("jonas", "From: dana@northwind.example\r\nSubject: Just arrived\r\n\r\nHello\r\n")
    assert opened()[0]["subject"] == "Just arrived"
    stack.sandbox.mark_mail("jonas", first[0]["id"], "UNREAD", on=not first[0]["unread"])
    assert next(row for row in opened() if row["id"] == first[0]["id"])["unread"] is not first[0]["unread"]


def test_the_pane_follows_the_message_that_is_opened_in_a_conversation(outlook: Windows) -> None:
    window = outlook()
    started(window)
    window.message("Access to the test laboratory").click()
    expect(window.page.locator(".mail__body")).to_have_count(1)
    with window.page.expect_request("**/pane/context/") as asked:
        window.page.locator(".mail__open", has_text="Noor Haddad").click()
    expect(window.page.locator(".mail__open[aria-expanded=true]")).to_have_text("Noor Haddad")
    assert asked.value.headers["x-item-key"] != ""
    assert re.fullmatch("[0-9a-f]{16}", asked.value.headers["x-item-key"])


def test_salesforce_is_connected_in_a_dialog(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("409")
    started(window, "?person=jonas.weber")
    window.page.locator(".message").first.click()
    window.pane.get_by_role("button", name="Connect Salesforce").click()
    dialog = window.page.frame_locator("#dialog-frame")
    dialog.locator('button[value="jonas.weber@larkfield-labs.example"]').click()
    dialog.get_by_role("button", name="Allow").click()
    expect(dialog.get_by_text("jonas.weber@larkfield-labs.example").first).to_be_visible()
    dialog.get_by_role("button", name="Connect").click()
    expect(window.page.locator("#dialog")).to_be_hidden()
    expect(window.pane.get_by_text("Salesforce is not connected")).to_have_count(0)


def test_outlook_and_gmail_lead_to_each_other(outlook: Windows) -> None:
    window = outlook()
    started(window)
    window.page.get_by_role("link", name="Outlook").click()
    expect(window.page).to_have_url(f"{window.stack.address}/demo/")
    window.page.get_by_role("link", name="Gmail").click()
    expect(window.page).to_have_url(f"{window.stack.address}/demo/gmail/")


def test_theme_and_keyboard_reach_the_pane(outlook: Windows) -> None:
    window = outlook()
    started(window)
    window.message("Access to the test laboratory").click()
    html = window.pane.locator("html")
    expect(html).to_have_attribute("data-theme", "light")
    window.page.locator("#theme").click()
    expect(html).to_have_attribute("data-theme", "dark")
    expect(window.pane.locator("#filing")).to_be_visible()
    window.page.locator("#reading").focus()
    window.page.keyboard.press("F6")
    assert window.page.evaluate("document.activeElement.id") == "pane"
    window.page.keyboard.press("F6")
    expect(window.page.locator("#folders button").first).to_be_focused()


def test_mail_that_means_harm_is_text(outlook: Windows) -> None:
    window = outlook()
    window.stack.sandbox.deliver("noor", HARMFUL)
    requested: list[str] = []
    window.page.on("request", lambda request: requested.append(request.url))
    started(window)
    window.page.locator(".message").first.click()
    expect(window.page.locator(".mail__subject")).to_have_text('"><svg onload=hit=1>')
    window.page.frame_locator(".mail__body").get_by_text("Hello").click()
    assert window.page.evaluate("window.hit") is None
    assert [url for url in requested if not url.startswith((window.stack.address, "data:"))] == []


def test_it_gives_google_people_alone_and_a_token_only_to_its_own_page(outlook: Windows) -> None:
    address = f"{outlook().stack.address}/demo/gmail"
    good = {"nonce": "n" * 32}
    with requests.Session() as stranger:
        stranger.trust_env = False
        for path in ("messages/", "thread/?id=0", "body/?id=0"):
            assert stranger.get(f"{address}/mia.keller/{path}", timeout=30).status_code == 404
        assert stranger.get(f"{address}/noor.haddad/messages/?view=else", timeout=30).status_code == 404
        for identifier in ("0" * 16, "../labels", ""):
            asked = {"id": identifier}
            assert stranger.get(f"{address}/noor.haddad/thread/", params=asked, timeout=30).status_code == 404
        token = f"{address}/noor.haddad/token/"
        assert stranger.post(token, data=good, timeout=30).json()["token"].count(".") == 2
        assert stranger.post(token, data={"nonce": "short"}, timeout=30).status_code == 404
        crossed = stranger.post(token, data=good, headers={"Sec-Fetch-Site": "cross-site"}, timeout=30)
        assert crossed.status_code == 404


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_wider_than_the_window(outlook: Windows, width: int) -> None:
    window = outlook(viewport={"width": width, "height": 800})
    started(window)
    window.page.locator(".message").first.click()
    expect(window.pane.locator("#filing")).to_be_visible()
    assert window.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
