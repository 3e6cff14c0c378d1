"""A day's work in both mail clients, and everybody whom the browser asked meanwhile.

One browser has the extension, unpacked, beside Gmail's page in one tab and the Outlook pane in another. Two logs are
held against the same list: what its pages asked for, stopped or not, and what its network stack did, which knows the
extension's service worker and the browser itself.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Frame, FrameLocator, expect

from tests.browser.conftest import Outlook, Stack
from tests.browser.gmail import Gmail, gmail_with_extension
from tests.browser.network import NetworkLog, captured, capturing, network_log

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

MAIL_CLIENT = "https://mail.google.com"
LABORATORY = "Access to the test laboratory"
RENEWAL = "Northwind renewal 2027"
Pane = Frame | FrameLocator


@dataclass
class Day:
    """What was asked until the browser was closed: by its pages, and by its network stack."""

    pages: NetworkLog
    browser: NetworkLog

    def strangers(self, gmail: Gmail) -> set[str]:
        """Foreign addresses. The sandbox has Google's sign-in at an address of its own.

        The sign-in ends at an address that Chromium keeps for the extension, and stops there.
        https://developer.chrome.com/docs/extensions/reference/api/identity#method-launchWebAuthFlow
        """
        back = f"https://{gmail.extension_id}.chromiumapp.org"
        allowed = gmail.stack.address, gmail.stack.sandbox.info["google_auth_url"], back
        asked = self.pages.strangers(*allowed, MAIL_CLIENT) + self.browser.strangers(*allowed)
        return {address for _method, address in asked}


@contextmanager
def day_of(stack: Stack, folder: Path) -> Iterator[tuple[Gmail, Day]]:
    """A browser set up for the product; the day is complete once the block is left."""
    file = folder / "network.json"
    day = Day(NetworkLog(), NetworkLog())
    with (
        gmail_with_extension(stack, folder / "profile", arguments=capturing(file)) as gmail,
        network_log(gmail.context) as day.pages,
    ):
        gmail.set_server(stack.address)
        yield gmail, day
    sign_in = stack.sandbox.info["google_auth_url"]
    day.browser = captured(file, mail_client=MAIL_CLIENT, its_sign_in=sign_in)


def back_to_the_email(pane: Pane) -> None:
    """Out of whatever stands in its place, a step with each press."""
    for _ in range(5):
        pane.locator("body").press("Escape")
        with contextlib.suppress(AssertionError):
            expect(pane.locator("#filing")).to_be_visible(timeout=1_500)
            return
    raise AssertionError("the email does not come back")


def work(pane: Pane, name: str) -> None:
    """With an email of Dana's open: file it, take it back, write down, look up, change, create, arrange, look after."""
    pane.locator("[data-file]").click()
    expect(pane.locator('#foot [data-mode="filed"]')).to_be_visible(timeout=30_000)
    pane.locator("[data-undo]").click()
    expect(pane.locator("#status")).to_contain_text("Taken back")
    dana = pane.locator("[data-record]", has=pane.get_by_role("checkbox", name="Dana Ruiz")).first
    for button, kind, field in (("Note", "note", "Note"), ("Call", "call", "Subject"), ("Task", "task", "Subject")):
        dana.get_by_role("button", name=button).first.click()
        act = dana.locator(f'[data-act="{kind}"]')
        act.get_by_label(field, exact=True).fill(f"{button} of {name}")
        act.get_by_role("button", name="Save").click()
        expect(dana.locator("[data-written]")).to_be_visible()
    pane.locator("#open-records").click()
    pane.locator("#records-q").press_sequentially("amara", delay=20)
    expect(pane.locator("#records-list mark").first).to_be_visible()
    pane.locator("#records-list .found").first.click()
    pane.get_by_role("button", name="Edit").click()
    form = pane.locator("form.edit")
    form.get_by_label("Department", exact=True).fill(f"Department of {name}")
    pane.get_by_role("button", name="Save", exact=True).click()
    expect(pane.get_by_text("Saved in Salesforce.")).to_be_visible()
    pane.locator("body").press("Escape")
    pane.locator('[data-create-record="Contact"]').click()
    form.get_by_label(re.compile("^Last Name")).fill(f"Person of {name}")
    form.get_by_role("combobox", name="Account Name").press_sequentially("northw", delay=20)
    pane.locator(".options__one").first.click()
    pane.get_by_role("button", name="Save", exact=True).click()
    expect(pane.locator(".record__name")).to_have_text(f"Person of {name}")
    back_to_the_email(pane)
    pane.locator("#open-customise").click()
    pane.get_by_role("button", name="Contacts…").click()
    expect(pane.get_by_role("heading", name="Preview with")).to_be_visible()
    back_to_the_email(pane)
    pane.locator("#open-sync").click()
    expect(pane.locator("#sync-part")).to_be_visible()
    for part in ("settings", "decisions"):
        pane.locator(f'#sync .tab[data-part="{part}"]').click()
        expect(pane.locator(f'#sync .tab[data-part="{part}"]')).to_have_attribute("aria-current", "page")
    back_to_the_email(pane)


def work_in_gmail(gmail: Gmail) -> None:
    gmail.stack.sandbox.ask_google_consent_again()
    page = gmail.open()
    gmail.read(page, LABORATORY)
    expect(gmail.pane(page).locator('[data-state="sign-in"]')).to_be_visible()
    gmail.sign_in(page)
    expect(gmail.pane(page).locator("#email")).to_contain_text("Dana Ruiz")
    work(gmail.pane(page), "Gmail")
    page.locator('[gh="cm"]').click()
    page.locator('div[role="dialog"] input').first.focus()
    expect(gmail.pane(page).locator('[data-state="compose"]')).to_be_visible()


def work_in_outlook(gmail: Gmail) -> None:
    window = Outlook(gmail.context.new_page(), gmail.stack)
    window.page.goto(f"{gmail.stack.address}/demo/?nested=none")
    window.page.locator(".message", has_text=RENEWAL).first.click()
    window.pane.get_by_role("button", name="Sign in").click()
    dialog = window.page.frame_locator("#dialog-frame")
    dialog.locator('input[name="username"]').fill("mia.keller@larkfield.example")
    dialog.locator('input[name="password"]').fill(gmail.stack.sandbox.user("mia")["password"])
    dialog.locator("button.main").click()
    expect(window.pane.locator("#filing")).to_be_visible()
    for text in ("Login fails", "Your agreement ends", RENEWAL):
        window.open(text)
    work(window.pane, "Outlook")
    window.page.goto(f"{gmail.stack.address}/demo/?mode=compose")
    mark = window.pane.get_by_role("checkbox", name="File this email in Salesforce once it has been sent")
    mark.check()
    expect(window.pane.locator("#status")).to_contain_text("Will be filed when it is sent.")


def test_a_day_s_work_asks_nobody_but_the_deployment_and_the_sign_ins(stack: Stack, tmp_path: Path) -> None:
    with day_of(stack, tmp_path) as (gmail, day):
        work_in_gmail(gmail)
        work_in_outlook(gmail)
    assert day.strangers(gmail) == set()
    for log in (day.pages, day.browser):
        asked = " ".join(address for _method, address in log.requests)
        for step in ("/pane/context/", "/pane/records/", "/write/note/", "/pane/sync/", "/pane/customise/", "/demo/"):
            assert step in asked, step


def test_a_foreign_request_of_the_pane_or_of_the_service_worker_is_found(stack: Stack, tmp_path: Path) -> None:
    with day_of(stack, tmp_path) as (gmail, day):
        page = gmail.open()
        expect(gmail.pane(page).locator("#email")).to_be_attached()
        fetched = "(address) => fetch(address).catch(() => 0).then(() => 0)"
        gmail.pane(page).evaluate("window.open('https://page.example/')")
        gmail.worker.evaluate(fetched, "https://worker.example/")
        gmail.frame(page).evaluate(fetched, f"{MAIL_CLIENT}/of-ours")
    assert day.strangers(gmail) == {"https://page.example/", "https://worker.example/", f"{MAIL_CLIENT}/of-ours"}
    # Only the network stack's log has what the service worker asks.
    assert ("GET", "https://worker.example/") in day.browser.requests
