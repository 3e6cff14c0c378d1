"""What a card offers beside the email, and records that are looked up and chosen for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Outlook
from tests.browser.test_reading import RENEWAL, card, opened

pytestmark = pytest.mark.browser

Windows = Callable[..., Outlook]


def test_a_card_leads_to_the_form_of_its_record_and_back(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    panel = opened(window, "Dana Ruiz")
    names = panel.locator("[data-offers]").evaluate_all("all => all.map((one) => one.dataset.offers)")
    assert names == ["task", "call", "note", "open", "follow-up", "edit"]
    expect(panel.locator('[data-offers="open"] a')).to_have_attribute(
        "href", card(window, "Dana Ruiz").get_attribute("data-address") or "-"
    )
    panel.get_by_role("button", name="Edit").click()
    form = window.pane.locator("#records-record form[data-edits]")
    expect(form.get_by_label("Title", exact=True)).to_have_value("VP Operations")
    form.get_by_label("Title", exact=True).fill("Chief Operations")
    form.get_by_role("button", name="Save").click()
    expect(window.pane.locator("#records-record")).to_contain_text("Saved in Salesforce.")
    window.page.keyboard.press("Escape")
    window.page.keyboard.press("Escape")
    expect(card(window, "Dana Ruiz")).to_contain_text("Chief Operations")
    assert window.unexpected() == []


def test_a_leads_card_leads_to_its_conversion_and_shows_what_it_became(outlook: Windows) -> None:
    window = outlook()
    mime = "From: Jasmine Lau <jasmine@peakmetrology.example>\r\nSubject: Gauges for our laboratory\r\n\r\nHello\r\n"
    window.stack.sandbox.deliver("mia", mime)
    window.start()
    window.open("Gauges for our laboratory")
    panel = opened(window, "Jasmine Lau")
    panel.get_by_role("button", name="Convert").click()
    records = window.pane.locator("#records-record")
    expect(records.get_by_role("radio", name="New: Peak Metrology")).to_be_checked()
    records.get_by_role("button", name="Convert").click()
    expect(records).to_contain_text("The lead is converted.")
    window.page.keyboard.press("Escape")
    window.page.keyboard.press("Escape")
    expect(window.pane.locator("#records")).not_to_be_visible()
    expect(card(window, "Jasmine Lau")).to_contain_text("Contact")
    expect(card(window, "Peak Metrology")).to_be_visible()
    assert window.unexpected() == []


def test_an_account_begins_a_contact_and_an_opportunity_of_its_own(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    panel = opened(window, "Northwind Ltd")
    assert "create" in panel.locator("[data-offers]").evaluate_all("all => all.map((one) => one.dataset.offers)")
    for button, title in (("New contact", "New: Contact"), ("New opportunity", "New: Opportunity")):
        panel.get_by_role("button", name=button).click()
        form = window.pane.locator("#records-record form[data-edits]")
        expect(window.pane.locator("#records")).to_contain_text(title)
        if button == "New opportunity":
            window.pane.locator("#records .kinds__one").first.click()
        expect(form.get_by_role("combobox", name="Account Name")).to_have_value("Northwind Ltd")
        window.page.keyboard.press("Escape")
        expect(window.pane.locator("#records")).not_to_be_visible()
    assert window.unexpected() == []


def test_a_record_that_was_looked_up_takes_the_email(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    window.pane.locator("#open-records").click()
    window.pane.locator("#records-q").fill("Ashdown")
    window.pane.locator('#records-list [data-object="Account"] [data-open-record]').first.click()
    window.pane.get_by_role("button", name="Choose for this email").click()
    added = window.pane.locator("[data-added]")
    expect(added.get_by_role("checkbox")).to_be_checked()
    expect(added.get_by_role("checkbox")).to_be_focused()
    expect(window.pane.locator("[data-file]")).to_contain_text("File to 3 records")
    # What was chosen is still there after a look at another email.
    window.open("Kitchen on the second floor")
    window.open(RENEWAL)
    expect(added.get_by_role("checkbox")).to_be_checked()
    window.pane.locator("[data-file]").click()
    expect(window.filed()).to_contain_text("Filed")
    assert window.unexpected() == []
