"""Every way in which the pane has no answer, tried with the sandbox's faults: what it says, and how it goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Outlook

pytestmark = pytest.mark.browser

Windows = Callable[..., Outlook]
ASKED = r"/composite"
SELECT = """item => document.getElementById("pane").contentWindow.postMessage(
    { alongsideOffice: true, kind: "item", value: item }, location.origin)"""


def composite_calls(window: Outlook) -> int:
    calls = window.stack.sandbox.log("salesforce")
    return sum("/composite" in call["path"] for call in calls)


def test_salesforce_is_connected_in_a_dialog_and_the_email_shows(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("status of 409")
    window.start("sofia.marin")
    window.click(window.page.locator(".message").first)
    expect(window.pane.get_by_role("heading", name="Salesforce is not connected")).to_be_visible()
    window.pane.get_by_role("button", name="Connect Salesforce").click()
    dialog = window.page.frame_locator("#dialog-frame")
    dialog.get_by_label("User name").fill("sofia.marin@larkfield.example")
    dialog.get_by_label("Password").fill("larkfield")
    dialog.get_by_role("button", name="Sign in").click()
    dialog.get_by_role("button", name="Allow").click()
    expect(dialog.get_by_text("sofia.marin@larkfield.example").first).to_be_visible()
    dialog.get_by_role("button", name="Connect").click()
    expect(window.page.locator("#dialog")).not_to_be_visible()
    expect(window.pane.locator("#filing")).to_be_visible()


def test_closing_the_dialog_leaves_the_offer_to_connect(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("status of 409")
    window.start("ines.falk")
    expect(window.page.locator(".message").first).to_be_visible()
    window.click(window.page.locator(".message").first)
    connect = window.pane.get_by_role("button", name="Connect Salesforce")
    connect.click()
    expect(window.page.frame_locator("#dialog-frame").get_by_label("User name")).to_be_visible()
    window.page.locator("#dialog-close").click()
    expect(window.page.locator("#dialog")).not_to_be_visible()
    expect(connect).to_be_enabled()


def test_a_mail_program_without_dialogs_says_where_to_connect(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("status of 409")
    window.page.goto(f"{window.stack.address}/demo/?nested=office")
    window.page.locator(".message").first.wait_for()
    window.page.locator("#person").select_option("ines.falk")
    window.page.locator(".message").first.click()
    connect = window.pane.get_by_role("button", name="Connect Salesforce")
    connect.click()
    expect(window.pane.get_by_role("alert")).to_contain_text("Connect in another one, such as Outlook on the web")
    expect(connect).to_be_enabled()
    # The synchronisation page says the same.
    window.pane.locator("#open-sync").click()
    window.pane.locator("#sync").get_by_role("button", name="Connect").first.click()
    expect(window.pane.locator("#sync .problem--connect")).to_contain_text("Connect in another one")


def test_throttled_says_when_it_tries_again_and_does(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("status of 429")
    window.start()
    window.stack.sandbox.fault(service="salesforce", kind="throttle", path=ASKED, retry_after=2, times=1)
    window.open("Training at Newcastle")
    expect(window.pane.get_by_role("heading", name="Salesforce is busy")).to_be_visible()
    expect(window.pane.locator("[data-countdown]")).to_be_visible()
    expect(window.pane.locator("#filing")).to_be_visible()


def test_no_answer_can_be_tried_again(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("status of 503")
    window.start()
    window.stack.sandbox.fault(service="salesforce", kind="error", status=503, path=ASKED, times=None)
    window.open("Level sensors, site 7")
    expect(window.pane.get_by_role("heading", name="Salesforce did not answer")).to_be_visible()
    expect(window.pane.locator("#foot")).to_be_empty()
    window.stack.sandbox.clear_faults()
    window.pane.get_by_role("button", name="Try again").click()
    expect(window.pane.locator("#filing")).to_be_visible()


def test_offline_says_so_and_goes_on_by_itself(outlook: Windows) -> None:
    window = outlook()
    window.start()
    with window.page.expect_response("**/item/**") as answer:
        window.open("Northwind renewal 2027")
    item = {**answer.value.json(), "itemId": "another"}
    window.page.context.set_offline(True)
    # The mail client has the email at hand already, as a real one does.
    window.page.evaluate(SELECT, item)
    expect(window.pane.get_by_role("heading", name="You are offline")).to_be_visible()
    window.page.context.set_offline(False)
    expect(window.pane.locator("#filing")).to_be_visible()


def test_an_ended_session_is_renewed_without_a_word(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("status of 401")
    window.start()
    with window.page.expect_request("**/pane/context/") as asked:
        window.open("Northwind renewal 2027")
    bearer = asked.value.headers["authorization"]
    ended = window.page.context.request.delete(
        f"{window.stack.address}/api/v1/sessions/", headers={"Authorization": bearer}
    )
    assert ended.status == 204
    window.open("Login fails")
    expect(window.pane.locator("#filing")).to_be_visible()
    assert any("401" in line for line in window.errors)


def test_a_session_that_ends_while_one_ticks_files_all_the_same(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("status of 401")
    window.start("tom.okafor")
    with window.page.expect_request("**/pane/context/") as asked:
        window.open("Re: Renewal of the service agreement")
    window.page.context.request.delete(
        f"{window.stack.address}/api/v1/sessions/", headers={"Authorization": asked.value.headers["authorization"]}
    )
    window.pane.locator("#filing input[name=person]").first.check()
    window.pane.locator("[data-file]").click()
    expect(window.filed()).to_be_visible()


def test_a_sign_in_that_fails_says_so_and_can_be_tried_again(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("status of 50[23]")
    window.page.route(
        "**/api/v1/sessions/", lambda route: route.fulfill(status=502, json={"detail": "No one is home."})
    )
    window.start()
    window.click(window.message("Northwind renewal 2027"))
    expect(window.pane.get_by_role("heading", name="Signing in did not work")).to_be_visible()
    expect(window.pane.get_by_text("No one is home.")).to_be_visible()
    window.page.unroute("**/api/v1/sessions/")
    window.pane.get_by_role("button", name="Try again").click()
    expect(window.pane.locator("#filing")).to_be_visible()


def test_a_write_that_salesforce_does_not_answer_stands_at_the_foot(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("status of (503|429|502)")
    window.start()
    window.open("Re: Renewal of the service agreement")
    window.pane.locator("#filing input[name=person]").first.check()
    window.stack.sandbox.fault(service="salesforce", kind="error", status=503, path=ASKED, times=None)
    window.pane.locator("[data-file]").click()
    expect(
        window.pane.locator('#foot [data-mode="error"], #foot [data-mode="filing"], #foot [data-mode="file"]').first
    ).to_be_visible()
    expect(window.pane.locator(".card").first).to_be_visible()
    window.stack.sandbox.clear_faults()


def test_switching_emails_never_shows_the_old_answer(outlook: Windows) -> None:
    window = outlook()
    window.start("tom.okafor")
    rows = window.page.locator(".message")
    rows.first.wait_for()
    window.stack.sandbox.fault(service="salesforce", kind="slow", path=ASKED, delay_ms=1500, times=1)
    before = len(window.stack.sandbox.log("salesforce"))
    keys = []

    def note(request) -> None:  # type: ignore[no-untyped-def]
        if request.url.endswith("/pane/context/"):
            keys.append(request.headers["x-item-key"])

    window.page.on("request", note)
    with window.page.expect_request("**/pane/context/"):
        rows.nth(2).click()
    # The answer to the second email, whichever comes first.
    with window.page.expect_response(
        lambda answer: answer.url.endswith("/pane/context/") and answer.request.headers["x-item-key"] != keys[0]
    ):
        rows.nth(3).click()
    form = window.pane.locator("#filing")
    expect(form).to_have_attribute("data-item-key", keys[-1])
    # Until after the slow answer must have come.
    window.page.wait_for_timeout(2000)
    expect(form).to_have_attribute("data-item-key", keys[-1])
    assert len(set(keys)) == 2
    assert len(window.stack.sandbox.log("salesforce")) > before


def test_ticks_of_an_email_are_kept_while_another_is_looked_at(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open("Terms for Level sensors")
    box = window.pane.locator("#filing input[name=record]").first
    ticked = not box.is_checked()
    box.set_checked(ticked)
    window.open("Training at Newcastle")
    window.open("Terms for Level sensors")
    expect(window.pane.locator("#filing input[name=record]").first).to_be_checked(checked=ticked)


def test_no_email_selected_is_a_state(outlook: Windows) -> None:
    window = outlook()
    window.start()
    expect(window.pane.get_by_role("heading", name="No email selected")).to_be_visible()
    expect(window.pane.locator("#foot")).to_be_empty()


def test_a_denied_connection_is_said_beside_the_button_that_takes_the_focus_again(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("status of 409")
    window.start("ines.falk")
    window.click(window.page.locator(".message").first)
    connect = window.pane.get_by_role("button", name="Connect Salesforce")
    connect.click()
    dialog = window.page.frame_locator("#dialog-frame")
    dialog.get_by_label("User name").fill("ines.falk@larkfield.example")
    dialog.get_by_label("Password").fill("larkfield")
    dialog.get_by_role("button", name="Sign in").click()
    dialog.get_by_role("button", name="Deny").click()
    expect(window.page.locator("#dialog")).not_to_be_visible()
    expect(window.pane.get_by_role("alert")).to_have_text("Salesforce was not connected: access was not allowed.")
    expect(connect).to_be_enabled()
    expect(connect).to_be_focused()
    connect.click()
    expect(window.pane.get_by_role("alert")).to_have_count(0)


def test_a_spent_allowance_is_said_with_when_it_works_again(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("status of 503")
    window.start("tom.okafor")
    window.stack.sandbox.fault(service="salesforce", kind="spent_limit", times=None)
    window.open("Oven thermometer")
    expect(window.pane.get_by_role("heading", name="Salesforce takes no more calls today")).to_be_visible()
    expect(window.pane.get_by_text("It works again")).to_be_visible()
    expect(window.pane.locator("#foot")).to_be_empty()


def test_an_ended_connection_can_be_made_again_where_it_is_said(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("status of 409")
    window.start("tom.okafor")
    sandbox = window.stack.sandbox
    sandbox.fault(service="salesforce", kind="revoked_token", times=1)
    sandbox.fault(service="salesforce", kind="rotated_token", times=1)
    window.open("Second-hand gauges")
    expect(window.pane.get_by_role("heading", name="Salesforce has to be connected again")).to_be_visible()
    window.pane.get_by_role("button", name="Connect again").click()
    dialog = window.page.frame_locator("#dialog-frame")
    dialog.get_by_label("User name").fill("tom.okafor@larkfield.example")
    dialog.get_by_label("Password").fill("larkfield")
    dialog.get_by_role("button", name="Sign in").click()
    dialog.get_by_role("button", name="Allow").click()
    dialog.get_by_role("button", name="Connect").click()
    expect(window.pane.locator("#filing")).to_be_visible()


def test_a_session_that_is_refused_twice_is_said_and_signing_in_goes_on(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("status of 401")
    window.start()
    window.page.route("**/pane/context/", lambda route: route.fulfill(status=401, json={"detail": "No session."}))
    window.click(window.message("Northwind renewal 2027"))
    expect(window.pane.get_by_role("heading", name="You have been signed out")).to_be_visible()
    window.page.unroute("**/pane/context/")
    window.pane.get_by_role("button", name="Sign in").click()
    expect(window.pane.locator("#filing")).to_be_visible()


def test_a_draft_says_that_it_is_filed_when_it_is_sent(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.page.locator(".folder", has_text="Drafts").click()
    expect(window.page.locator("#folder-name")).to_have_text("Drafts")
    window.message("Draft:").click()
    expect(window.pane.locator("#status")).to_contain_text("A draft. It is not marked for filing.")
    expect(window.pane.get_by_role("heading", name="File when sent")).to_be_visible()
    expect(window.pane.locator("#foot")).to_be_empty()


def test_what_turns_out_to_lie_in_deleted_items_loses_its_ticks(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.page.locator(".folder", has_text="Deleted Items").click()
    expect(window.page.locator("#folder-name")).to_have_text("Deleted Items")
    window.open("Old:")
    window.pane.locator("#filing input[name=person]").first.check()
    window.pane.locator("[data-file]").click()
    expect(window.pane.locator("#status")).to_contain_text("Cannot be filed because it is in the deleted items.")
    expect(window.pane.locator("#filing input:checked")).to_have_count(0)
