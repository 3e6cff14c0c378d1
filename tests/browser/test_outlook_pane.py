"""The pane in Outlook beyond reading one's own mail: drafts, other people's mailboxes, items that come late or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Outlook
from tests.browser.network import network_log

Windows = Callable[..., Outlook]


def tell(window: Outlook, kind: str, value: Any) -> None:
    """What the mail client around the pane says to it."""
    window.page.evaluate(
        """([kind, value]) => document.getElementById("pane").contentWindow.postMessage(
        {alongsideOffice: true, kind, value}, location.origin)""",
        [kind, value],
    )


def opened_item(window: Outlook, text: str) -> dict[str, Any]:
    with window.page.expect_response("**/item/**") as answered:
        window.open(text)
    item: dict[str, Any] = answered.value.json()
    return item


def demo(window: Outlook, query: str) -> None:
    """The mail client in one of its shapes (`static/demo/shapes.js`)."""
    window.page.goto(f"{window.stack.address}/demo/?{query}")
    window.page.locator(".message").first.wait_for()


def switch(window: Outlook) -> Locator:
    return window.pane.get_by_role("checkbox", name="File this email in Salesforce once it has been sent")


def categories(window: Outlook) -> list[str]:
    names: list[str] = window.pane.locator("body").evaluate(
        """() => new Promise((done) => Office.context.mailbox.item.categories.getAsync(
        ({value}) => done((value || []).map((one) => one.displayName))))"""
    )
    return names


def test_a_draft_is_marked_and_unmarked_and_the_mail_client_says_how_it_stands(outlook: Windows) -> None:
    window = outlook()
    demo(window, "mode=compose")
    expect(switch(window)).to_be_enabled()
    expect(window.pane.locator("#status")).to_contain_text("It is not marked for filing.")
    switch(window).check()
    expect(window.pane.locator("#status")).to_contain_text("Will be filed when it is sent.")
    assert categories(window) == ["Salesforce"]
    switch(window).uncheck()
    expect(window.pane.locator("#status")).to_contain_text("It is not marked for filing.")
    assert categories(window) == []
    # What is marked when it leaves is marked where the engine reads it; nothing held it up.
    switch(window).check()
    expect(window.pane.locator("#status")).to_contain_text("Will be filed when it is sent.")
    window.page.locator('.write [name="to"]').fill("dana@northwind.example")
    window.page.locator('.write [name="subject"]').fill("Marked in the pane")
    window.page.get_by_role("button", name="Send", exact=True).click()
    expect(window.page.locator(".reading__none")).to_have_text("Sent.")
    expect(window.pane.locator('[data-state="no-item"]')).to_be_visible()
    sent = [row for row in window.stack.sandbox.mail_of("mia") if row["folder"] == "sentitems"]
    assert max(sent, key=lambda row: str(row["receivedDateTime"]))["categories"] == ["Salesforce"]


@pytest.mark.parametrize("host", ["onprem-windows", "onprem"])
def test_an_outlook_without_categories_says_what_to_do_instead(outlook: Windows, host: str) -> None:
    window = outlook()
    demo(window, f"host={host}&mode=compose")
    expect(window.pane.locator('[data-state="sign-in-own-server"]')).to_be_visible()
    expect(window.pane.locator("#email")).to_contain_text("your company’s own Exchange server")
    window.pane.get_by_role("button", name="Sign in").click()
    dialog = window.page.frame_locator("#dialog-frame")
    dialog.locator('input[name="username"]').fill("mia.keller@larkfield.example")
    dialog.locator('input[name="password"]').fill(window.stack.sandbox.user("mia")["password"])
    dialog.locator("button.main").click()
    expect(window.pane.locator("[data-cannot-mark]")).to_be_visible()
    expect(switch(window)).to_have_count(0)


def test_a_category_that_is_not_taken_is_said_and_the_switch_goes_back(outlook: Windows) -> None:
    window = outlook()
    demo(window, "mode=compose")
    expect(switch(window)).to_be_enabled()
    window.pane.locator("body").evaluate(
        """() => { Office.context.mailbox.masterCategories.addAsync = (names, done) => done(
        {status: "failed", error: {code: 9049, message: "PermissionDenied"}}); }"""
    )
    switch(window).click()
    expect(window.pane.get_by_role("alert")).to_contain_text("did not take the mark")
    expect(switch(window)).not_to_be_checked()


def test_a_draft_in_a_mailbox_of_others_promises_nothing(outlook: Windows) -> None:
    window = outlook()
    demo(window, "mode=compose&owner=tom.okafor&access=shared")
    expect(window.pane.locator("#mailbox")).to_have_text("In the mailbox of tom.okafor@larkfield.example")
    expect(window.pane.locator("#email")).to_contain_text("This draft is in a mailbox that is not yours.")
    expect(switch(window)).to_have_count(0)
    expect(window.pane.locator("#status")).to_have_text("A draft.")


@pytest.mark.parametrize("access", ["shared", "delegated"])
def test_an_email_in_a_mailbox_of_others_says_whose_it_is_and_is_not_filed_from_there(
    outlook: Windows, access: str
) -> None:
    window = outlook()
    demo(window, f"owner=tom.okafor&access={access}")
    window.page.locator(".message").first.click()
    expect(window.pane.locator("#mailbox")).to_have_text("In the mailbox of tom.okafor@larkfield.example")
    expect(window.pane.locator("#email")).to_have_attribute("aria-busy", "false")
    expect(window.pane.locator("[data-file]")).to_have_count(0)


@pytest.mark.parametrize("mode", ["organizer", "attendee"])
def test_an_appointment_says_what_can_be_done_instead(outlook: Windows, mode: str) -> None:
    window = outlook()
    demo(window, f"mode={mode}")
    if mode == "attendee":
        window.page.locator(".message").first.click()
    expect(window.pane.locator('[data-state="appointment"]')).to_be_visible()


@pytest.mark.parametrize("changed", ["late", "doubled", "missing"])
def test_another_item_is_shown_however_outlook_tells_of_it(outlook: Windows, changed: str) -> None:
    window = outlook()
    demo(window, f"changed={changed}")
    window.open("Re: Northwind renewal 2027")
    asked = contexts(window.page)
    window.click(window.message("Login fails [Case 00012877]"))
    expect(window.pane.locator("#email")).to_contain_text("00012877", timeout=20_000)
    expect(window.pane.locator('input[name="record"]:checked').first).to_be_visible()
    window.page.wait_for_timeout(1_500)
    assert len(asked) == 1


def contexts(page: Page) -> list[str]:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/pane/context/") else None)
    return asked


def test_a_change_that_outlook_tells_twice_is_looked_at_once(outlook: Windows) -> None:
    window = outlook()
    window.start()
    item = opened_item(window, "Re: Northwind renewal 2027")
    asked = contexts(window.page)
    tell(window, "item", item)
    tell(window, "item", item)
    window.page.wait_for_timeout(1_500)
    assert asked == []


def test_a_change_that_outlook_does_not_tell_is_found_by_the_key(outlook: Windows) -> None:
    window = outlook()
    window.start()
    item = opened_item(window, "Re: Northwind renewal 2027")
    other = {**item, "itemId": f"{item['itemId']}Y", "internetMessageId": "<y@northwind.example>"}
    window.pane.locator("body").evaluate(
        "(body, told) => { Office.context.mailbox.item = {...told, dateTimeCreated: new Date(told.dateTimeCreated)}; }",
        other,
    )
    with window.page.expect_response("**/pane/context/") as answered:
        pass
    assert "Y" in (answered.value.request.headers["x-item-key"])


def test_no_item_at_all_is_a_state_and_the_next_one_is_shown(outlook: Windows) -> None:
    window = outlook()
    window.start()
    item = opened_item(window, "Re: Northwind renewal 2027")
    tell(window, "item", None)
    expect(window.pane.locator('[data-state="no-item"]')).to_be_visible()
    tell(window, "item", item)
    expect(window.pane.locator("#filing")).to_be_visible()


def test_the_theme_follows_the_mail_client_while_it_is_open(outlook: Windows) -> None:
    window = outlook()
    window.start()
    root = window.pane.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    window.page.locator("#theme").click()
    expect(root).to_have_attribute("data-theme", "dark")
    window.page.locator("#theme").click()
    expect(root).to_have_attribute("data-theme", "light")


def test_the_pane_asks_nobody_but_the_deployment(outlook: Windows) -> None:
    window = outlook()
    with network_log(window.page.context) as log:
        window.start()
        window.open("Re: Northwind renewal 2027")
        window.sync_page()
        assert len(log.requests) > 10
        assert log.strangers(window.stack.address) == []
        # The log sees what would leave the deployment, stopped or not.
        window.expect_console("elsewhere.example")
        window.page.evaluate(
            """() => { const frame = document.createElement("iframe"); frame.sandbox = "allow-scripts";
            document.body.append(frame); frame.src = "https://elsewhere.example/"; }"""
        )
        window.page.evaluate("window.open('https://elsewhere.example/')")
        window.page.wait_for_timeout(500)
        assert {address for _method, address in log.strangers(window.stack.address)} == {"https://elsewhere.example/"}
