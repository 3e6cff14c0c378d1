"""From the address that `./dev demo` prints to a filed email, and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Outlook

pytestmark = pytest.mark.browser

Windows = Callable[..., Outlook]


def test_three_clicks_from_the_printed_address_to_a_filed_email(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open("Northwind renewal 2027")
    expect(window.pane.locator(".card__name").first).to_have_text("Dana Ruiz")
    expect(window.pane.get_by_role("checkbox", name="Renewal 2027")).to_be_checked()
    button = window.pane.locator("[data-file]")
    expect(button).to_have_text("File to 2 records")
    window.click(button)
    expect(window.filed()).to_contain_text("Filed to 2 records")
    expect(window.pane.locator("#status")).to_contain_text("Filed to 2 records.")
    assert window.clicks <= 3
    instance = re.escape(window.stack.sandbox.info["salesforce_login_url"])
    link = window.filed().get_by_role("link")
    expect(link).to_have_attribute("href", re.compile(f"^{instance}/.*02s"))
    with window.page.context.expect_page() as opened:
        link.click()
    record = opened.value
    expect(record.get_by_role("heading", name="Re: Northwind renewal 2027")).to_be_visible()
    expect(record.get_by_text("EmailMessage")).to_be_visible()


def test_ticks_change_what_the_button_says_and_what_is_filed(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open("Login fails")
    window.pane.get_by_role("checkbox", name="Extra seats").check()
    window.pane.get_by_role("checkbox", name="Northwind Ltd").check()
    label = window.pane.locator("[data-file]")
    before = label.inner_text()
    window.pane.get_by_role("checkbox", name="Northwind Ltd").uncheck()
    assert label.inner_text() != before
    for box in window.pane.locator("#filing input[name=record]").all():
        box.set_checked(False)
    expect(label).to_have_text("File to 1 person")
    window.pane.locator("#filing input[name=person]").uncheck()
    expect(label).to_have_text("Choose where to file it")
    expect(label).to_have_attribute("aria-disabled", "true")
    label.click(force=True)
    expect(window.pane.locator("#foot [data-mode=file]")).to_be_visible()
    window.pane.get_by_role("checkbox", name="Extra seats").check()
    window.pane.locator("#filing input[name=person]").check()
    expect(label).to_have_text("File to 1 record")
    label.click()
    expect(window.filed()).to_contain_text("Filed to 1 record")
    expect(window.pane.locator("#status")).to_contain_text("Extra seats")


def test_undo_takes_it_back_and_it_can_be_filed_again(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open("Your agreement ends")
    window.pane.locator("#filing input[name=person]").first.check()
    window.pane.locator("[data-file]").click()
    expect(window.filed()).to_be_visible()
    expect(window.pane.locator("#filing input[name=person]").first).to_be_disabled()
    undo = window.filed().get_by_role("button", name="Undo")
    undo.click()
    expect(window.pane.locator("#status")).to_contain_text("Taken back")
    expect(window.pane.locator("#filing input[name=person]").first).to_be_enabled()
    expect(window.pane.locator("[data-file]")).to_contain_text("File to")
    window.pane.locator("[data-file]").click()
    expect(window.filed()).to_be_visible()


PLACES = """() => ['#status', '#email', '#foot'].map(name => {
    const box = document.querySelector(name).getBoundingClientRect();
    return [Math.round(box.top), Math.round(box.height)];
})"""


def test_nothing_moves_when_it_is_filed_and_taken_back(outlook: Windows) -> None:
    window = outlook()
    window.start("tom.okafor")
    window.open("Invoices from now on")
    before = window.pane.locator("body").evaluate(PLACES)
    window.pane.locator("[data-file]").click()
    expect(window.filed()).to_be_visible()
    assert window.pane.locator("body").evaluate(PLACES) == before
    window.filed().get_by_role("button", name="Undo").click()
    expect(window.pane.locator("#status")).to_contain_text("Taken back")
    assert window.pane.locator("body").evaluate(PLACES) == before


def test_files_on_their_way_are_counted_and_what_was_left_out_is_named(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open("Report and photograph")
    window.stack.sandbox.fault(service="salesforce", kind="slow", path="ContentVersion", delay_ms=2000, times=None)
    window.pane.locator("[data-file]").click()
    expect(window.filed()).to_contain_text("of 2 files stored")
    names = window.pane.locator("#status").inner_text()
    undo = window.filed().get_by_role("button", name="Undo")
    undo.focus()
    expect(window.filed()).to_contain_text("Photo.jpg was left out. It starts like a program.")
    expect(window.filed()).not_to_contain_text("files stored")
    expect(undo).to_be_focused()
    assert window.pane.locator("#status").inner_text() == names


def test_a_private_email_is_filed_only_after_a_confirmation(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open("Between us")
    window.pane.locator("#filing input[name=person]").first.check()
    window.pane.locator("[data-file]").click()
    expect(window.pane.locator("#foot")).to_contain_text("file it all the same?")
    expect(window.pane.locator("#status")).to_contain_text("Not filed yet.")
    window.pane.get_by_role("button", name="Do not file").click()
    expect(window.pane.locator("[data-file]")).to_contain_text("File to")
    window.pane.locator("[data-file]").click()
    window.pane.get_by_role("button", name="File it").click()
    expect(window.filed()).to_be_visible()


TO_BOTH = """From: Dana Ruiz <dana@northwind.example>
To: Mia Keller <mia.keller@larkfield.example>, Tom Okafor <tom.okafor@larkfield.example>
Subject: {subject}
Date: {date}
Message-ID: <{identifier}@northwind.example>
Content-Type: text/plain; charset=utf-8

One order, two of you.
"""


def to_both(outlook: Windows, subject: str) -> tuple[Outlook, Outlook]:
    """Mia's and Tom's window with one email of Dana's open in both."""
    mia, tom = outlook(), outlook()
    date = format_datetime(datetime.now(UTC))
    mime = TO_BOTH.format(date=date, subject=subject, identifier=subject.replace(" ", "-"))
    for window, name, person in ((mia, "mia", "mia.keller"), (tom, "tom", "tom.okafor")):
        window.stack.sandbox.deliver(name, mime)
        window.start(person)
        window.open(subject)
    return mia, tom


def test_a_second_rep_is_shown_the_record_of_the_first(outlook: Windows) -> None:
    mia, tom = to_both(outlook, "One account for both")
    mia.pane.get_by_role("checkbox", name="Renewal 2027").uncheck()
    mia.pane.locator("[data-file]").click()
    record = mia.filed().get_by_role("link").get_attribute("href")
    # Tom's pane does not know of it yet: his press is answered with Mia's record.
    tom.pane.locator("[data-file]").click()
    expect(tom.filed().get_by_role("link")).to_have_attribute("href", record or "")
    tom.open("Invoices from now on")
    tom.open("One account for both")
    expect(tom.filed().get_by_role("link")).to_have_attribute("href", record or "")


def test_who_may_not_see_the_record_reads_that_a_colleague_filed_it(outlook: Windows) -> None:
    mia, tom = to_both(outlook, "Mia alone sees the deal")
    expect(mia.pane.get_by_role("checkbox", name="Renewal 2027")).to_be_checked()
    mia.pane.locator("[data-file]").click()
    expect(mia.filed()).to_be_visible()
    tom.pane.locator("[data-file]").click()
    expect(tom.pane.locator("#status")).to_contain_text("Filed by a colleague.")
    expect(tom.pane.locator("#foot a, #foot button")).to_have_count(0)
    expect(tom.pane.locator("body")).not_to_contain_text("Renewal 2027")


def test_an_invitation_says_in_two_lines_why_it_cannot_be_filed(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open("Line walk")
    status = window.pane.locator("#status")
    expect(status).to_contain_text("Cannot be filed because it is a calendar item")
    assert status.evaluate("one => one.offsetHeight") == 61
    expect(window.pane.locator("#filing input:checked")).to_have_count(0)
