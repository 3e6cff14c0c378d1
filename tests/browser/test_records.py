"""Salesforce's records in the pane: searched, seen, written and converted, with the keyboard as with the mouse."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.conftest import Outlook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

Windows = Callable[..., Outlook]


@pytest.fixture
def mia(outlook: Windows) -> Outlook:
    window = outlook()
    window.start()
    window.open("Northwind renewal 2027")
    return window


def find(window: Outlook, text: str) -> Locator:
    """The records view with what a text finds; the keyboard alone."""
    window.into_pane()
    window.pane.locator("body").press("/")
    search = window.pane.locator("#records-q")
    expect(search).to_be_focused()
    with window.page.expect_response(f"**/pane/records/search/?q={text}"):
        window.page.keyboard.type(text)
    expect(window.pane.locator("#records-list mark").first).to_be_visible()
    return window.pane.locator("#records-list .found")


def form(window: Outlook) -> Locator:
    shown = window.pane.locator("form.edit")
    expect(shown).to_be_visible()
    return shown


def test_a_record_is_found_opened_and_left_with_the_keyboard_alone(mia: Outlook) -> None:
    pane, keys = mia.pane, mia.page.keyboard
    found = find(mia, "northwi")
    expect(pane.locator("#records-list mark").first).to_have_text(re.compile("northwi", re.IGNORECASE))
    keys.press("ArrowDown")
    expect(found.first).to_be_focused()
    keys.press("ArrowDown")
    expect(found.nth(1)).to_be_focused()
    keys.press("ArrowUp")
    keys.press("ArrowUp")
    expect(pane.locator("#records-q")).to_be_focused()
    keys.press("Enter")
    expect(pane.locator(".record__name")).to_be_focused()
    keys.press("Escape")
    expect(pane.locator("#records-list")).to_be_visible()
    keys.press("Escape")
    expect(pane.locator("#records")).not_to_be_visible()
    expect(pane.locator("#filing")).to_be_visible()


def test_typing_on_asks_for_the_last_text_alone(mia: Outlook) -> None:
    mia.stack.sandbox.latency(400, "salesforce")
    try:
        pane = mia.pane
        pane.locator("#open-records").click()
        pane.locator("#records-q").press_sequentially("dan", delay=20)
        mia.page.wait_for_timeout(250)
        pane.locator("#records-q").press_sequentially("a ruiz", delay=20)
        expect(pane.locator("#records-q")).to_have_value("dana ruiz")
        expect(pane.locator("#records-list .found__name").first).to_have_text("Dana Ruiz")
        mia.page.wait_for_timeout(800)
        expect(pane.locator("#records-list .found__name").first).to_have_text("Dana Ruiz")
    finally:
        mia.stack.sandbox.latency(0, "salesforce")


def test_what_is_typed_while_the_search_is_on_its_way_is_searched_for(outlook: Windows) -> None:
    window = outlook()
    waiting: list[Route] = []
    module = "**/static/pane/records/view*.js"
    window.page.route(module, lambda route: waiting.append(route))
    window.start()
    window.open("Northwind renewal 2027")
    window.into_pane()
    window.page.keyboard.press("/")
    window.page.keyboard.type("danx")
    window.page.keyboard.press("Backspace")
    window.page.wait_for_timeout(2_500)
    assert waiting, "it was not asked for"
    for route in waiting:
        route.continue_()
    window.page.unroute(module)
    search = window.pane.locator("#records-q")
    expect(search).to_be_focused()
    expect(search).to_have_value("dan")
    window.page.keyboard.type("a ruiz")
    expect(search).to_have_value("dana ruiz")
    expect(window.pane.locator("#records-list .found__name").first).to_have_text("Dana Ruiz")


def test_unsaved_edits_are_asked_about_kept_and_given_back(mia: Outlook) -> None:
    pane, keys = mia.pane, mia.page.keyboard
    find(mia, "oliver")
    keys.press("Enter")
    pane.get_by_role("button", name="Edit").click()
    form(mia).get_by_label("Department", exact=True).fill("Money")
    keys.press("Escape")
    question = pane.get_by_role("dialog", name="Not saved yet")
    expect(question.get_by_role("button", name="Keep editing")).to_be_focused()
    # The keyboard stays in the question.
    for _ in range(4):
        keys.press("Tab")
    assert question.evaluate(
        "dialog => dialog.contains(document.activeElement) || document.activeElement === document.body"
    )
    keys.press("Escape")
    expect(question).to_have_count(0)
    expect(form(mia).get_by_label("Department", exact=True)).to_be_focused()
    # Another email asks too; left, the edits are there again when one comes back.
    mia.message("Login fails").click()
    question.get_by_role("button", name="Leave it for now").click()
    expect(pane.locator("#records")).not_to_be_visible()
    expect(pane.locator("#email")).to_have_attribute("aria-busy", "false")
    find(mia, "oliver")
    keys.press("Enter")
    pane.get_by_role("button", name="Edit").click()
    expect(form(mia).get_by_label("Department", exact=True)).to_have_value("Money")
    pane.get_by_role("button", name="Cancel").click()
    question.get_by_role("button", name="Discard").click()
    expect(pane.locator(".record__name")).to_be_visible()
    pane.get_by_role("button", name="Edit").click()
    expect(form(mia).get_by_label("Department", exact=True)).to_have_value("")


def test_a_contact_is_created_with_a_lookup_and_in_spite_of_a_duplicate(mia: Outlook) -> None:
    mia.expect_console("status of 422")
    pane, keys = mia.pane, mia.page.keyboard
    pane.locator("#open-records").click()
    pane.locator('[data-create-record="Contact"]').click()
    form(mia).get_by_label("First Name").fill("Dana")
    form(mia).get_by_label("Email", exact=True).fill("dana@northwind.example")
    pane.get_by_role("button", name="Save").click()
    last_name = form(mia).get_by_label(re.compile("^Last Name"))
    expect(last_name).to_be_focused()
    expect(last_name).to_have_attribute("aria-invalid", "true")
    last_name.fill("Ruiz")
    lookup = form(mia).get_by_role("combobox", name="Account Name")
    lookup.press_sequentially("northw", delay=20)
    expect(pane.locator(".options__one").first).to_have_attribute("aria-selected", "true")
    keys.press("Enter")
    expect(lookup).to_have_value("Northwind Ltd")
    pane.get_by_role("button", name="Save", exact=True).click()
    expect(pane.locator(".duplicates .found__name").first).to_have_text("Dana Ruiz")
    pane.get_by_role("button", name="Save all the same").click()
    expect(pane.get_by_text("Saved in Salesforce.")).to_be_visible()
    expect(pane.locator(".record__name")).to_have_text("Dana Ruiz")
    expect(pane.locator("#records-record").get_by_role("button", name="Northwind Ltd")).to_be_visible()


def test_somebody_elses_change_is_shown_beside_ones_own(mia: Outlook) -> None:
    mia.expect_console("status of 409")
    pane = mia.pane
    find(mia, "amara")
    mia.page.keyboard.press("Enter")
    pane.get_by_role("button", name="Edit").click()
    form(mia).get_by_label("Title", exact=True).fill("Mine")
    record_id = (form(mia).get_attribute("data-edits") or "").removeprefix("record:")
    given = mia.stack.sandbox.salesforce_login("ines")
    mia.stack.sandbox.advance(5)
    mia.stack.sandbox.http.patch(
        f"{given['instance_url']}/services/data/v66.0/sobjects/Contact/{record_id}",
        headers={"Authorization": f"Bearer {given['access_token']}"},
        json={"Title": "Theirs"},
        timeout=30,
    ).raise_for_status()
    pane.get_by_role("button", name="Save").click()
    expect(pane.locator('[data-notice="conflict"]')).to_be_visible()
    expect(pane.locator(".edit__theirs")).to_contain_text("Theirs")
    expect(form(mia).get_by_label("Title", exact=True)).to_have_value("Mine")
    pane.get_by_role("button", name="Save").click()
    expect(pane.get_by_text("Saved in Salesforce.")).to_be_visible()
    expect(pane.locator("#records-record")).to_contain_text("Mine")


def test_a_lead_is_converted_and_what_it_became_opens(mia: Outlook) -> None:
    pane = mia.pane
    pane.locator("#open-records").click()
    pane.locator('[data-create-record="Lead"]').click()
    form(mia).get_by_label(re.compile("^Last Name")).fill("Quist")
    form(mia).get_by_label(re.compile("^Company")).fill("Quist & Sons")
    pane.get_by_role("button", name="Save").click()
    expect(pane.get_by_text("Saved in Salesforce.")).to_be_visible()
    pane.get_by_role("button", name="Convert").click()
    expect(form(mia).get_by_role("radio", name="New: Quist & Sons")).to_be_checked()
    form(mia).get_by_label("Create an opportunity").check()
    pane.get_by_role("button", name="Convert").click()
    expect(pane.get_by_text("The lead is converted.")).to_be_visible()
    pane.get_by_role("button", name="Open the opportunity").click()
    expect(pane.locator(".record__name")).to_have_text("Quist & Sons")


def test_what_goes_wrong_while_saving_leaves_the_form_as_it_is(mia: Outlook) -> None:
    mia.expect_console("status of 503")
    pane = mia.pane
    find(mia, "zbigniew")
    mia.page.keyboard.press("Enter")
    pane.get_by_role("button", name="Edit").click()
    form(mia).get_by_label("Title", exact=True).fill("Kept")
    mia.stack.sandbox.fault(service="salesforce", kind="error", method="PATCH", path=".*", status=503, times=1)
    mia.stack.sandbox.fault(
        service="salesforce", kind="error", method="GET", path=".*ui-api/records.*", status=503, skip=1
    )
    pane.get_by_role("button", name="Save").click()
    expect(pane.locator("#record-problem")).to_contain_text("Salesforce did not")
    expect(form(mia).get_by_label("Title", exact=True)).to_have_value("Kept")
    mia.stack.sandbox.clear_faults()
    pane.get_by_role("button", name="Save").click()
    expect(pane.get_by_text("Saved in Salesforce.")).to_be_visible()


def test_enter_waits_for_what_was_typed(mia: Outlook) -> None:
    pane = mia.pane
    pane.locator("#open-records").click()
    expect(pane.locator("#records-list .section").first).to_be_visible()
    mia.page.keyboard.type("amara")
    mia.page.keyboard.press("Enter")
    expect(pane.locator(".record__name")).to_have_text("Amara Nwosu")
