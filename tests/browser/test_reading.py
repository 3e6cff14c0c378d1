"""Reading beside an email: what a card opens, what is written down there, and what stays when something fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.conftest import Outlook

pytestmark = pytest.mark.browser

Windows = Callable[..., Outlook]
RENEWAL = "Northwind renewal 2027"


def card(window: Outlook, name: str) -> Locator:
    return window.pane.locator("[data-record]", has=window.pane.get_by_role("checkbox", name=name)).first


def opened(window: Outlook, name: str) -> Locator:
    """The panel of a card."""
    found = card(window, name)
    found.locator("[data-panel-of]").first.click()
    panel = found.locator("[data-panel]")
    expect(panel).to_be_visible()
    return panel


def test_a_card_opens_its_activities_and_its_related_records(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    window.stack.sandbox.clear_log()
    panel = opened(window, "Northwind Ltd")
    expect(panel.locator('[data-part="timeline"] .entry').first).to_be_visible()
    panel.get_by_role("tab", name="Related").click()
    expect(panel.locator('[data-list="opportunities"]')).to_contain_text("Renewal 2027")
    expect(panel.locator('[data-list="contacts"] .count')).not_to_be_empty()
    calls = [row for row in window.stack.sandbox.log("salesforce") if row["path"].endswith("/composite")]
    assert len(calls) == 2
    panel.get_by_role("tab", name="Activities").click()
    expect(panel.locator('[data-part="timeline"] .entry').first).to_be_visible()
    assert len([row for row in window.stack.sandbox.log("salesforce") if row["path"].endswith("/composite")]) == 2
    assert window.unexpected() == []


def test_the_panel_is_used_with_the_keyboard_alone(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    window.into_pane()
    toggle = card(window, "Northwind Ltd").locator("[data-panel-of]")
    toggle.focus()
    window.page.keyboard.press("Enter")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    tab = card(window, "Northwind Ltd").get_by_role("tab", name="Activities")
    for _ in range(14):  # past further fields, and what may be written down
        window.page.keyboard.press("Tab")
        if tab.evaluate("element => element === document.activeElement"):
            break
    expect(tab).to_be_focused()
    window.page.keyboard.press("ArrowRight")
    expect(card(window, "Northwind Ltd").get_by_role("tab", name="Related")).to_be_focused()
    expect(card(window, "Northwind Ltd").locator('[data-list="contacts"]')).to_be_visible()
    window.page.keyboard.press("Escape")
    expect(toggle).to_be_focused()
    expect(card(window, "Northwind Ltd").locator("[data-panel]")).to_be_hidden()


def test_escape_closes_an_empty_note_alone_and_keeps_one_that_was_begun(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    panel, keys = opened(window, "Northwind Ltd"), window.page.keyboard
    panel.get_by_role("button", name="Note", exact=True).click()
    expect(panel.get_by_role("group", name="Note").get_by_role("textbox").last).to_be_focused()
    keys.press("Escape")
    expect(panel.get_by_role("group", name="Note")).to_have_count(0)
    expect(panel.get_by_role("button", name="Note", exact=True)).to_be_focused()
    panel.get_by_role("button", name="Task", exact=True).click()
    task = panel.get_by_role("group", name="Task")
    task.get_by_role("combobox").select_option("High")
    task.get_by_role("combobox").press("Escape")
    expect(panel).to_be_hidden()
    keys.press("Enter")
    expect(task.get_by_role("combobox")).to_have_value("High")
    panel.get_by_role("button", name="Note", exact=True).click()
    expect(panel.get_by_role("group", name="Note").get_by_role("textbox").last).to_be_focused()
    keys.type("They want a discount")
    keys.press("Escape")
    expect(panel).to_be_hidden()
    keys.press("Enter")
    expect(panel.get_by_role("group", name="Note").get_by_role("textbox").last).to_have_value("They want a discount")
    assert window.unexpected() == []


def test_a_panel_that_fails_says_so_where_it_stands_and_the_rest_stays(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    window.expect_console("503")
    window.stack.sandbox.fault(service="salesforce", path=".*composite.*", kind="error", status=503, times=4)
    panel = opened(window, "Renewal 2027")
    expect(panel.get_by_role("alert")).to_be_visible()
    expect(window.pane.locator("#filing")).to_be_visible()
    window.stack.sandbox.clear_faults()
    panel.get_by_role("button", name="Try again").click()
    expect(panel.get_by_role("alert")).to_have_count(0)


def test_a_server_that_does_not_answer_costs_the_panel_alone(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    window.expect_console("htmx:|Failed to load resource")
    window.page.route("**/timeline/", lambda route: route.abort())
    panel = opened(window, "Renewal 2027")
    expect(panel.get_by_role("alert")).to_contain_text("No answer came")
    expect(card(window, "Dana Ruiz")).to_be_visible()
    window.page.unroute("**/timeline/")
    panel.get_by_role("button", name="Try again").click()
    expect(panel.get_by_role("alert")).to_have_count(0)


def test_a_note_is_written_down_and_stands_among_the_activities(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    dana = card(window, "Dana Ruiz")
    dana.get_by_role("button", name="Note").first.click()
    form = dana.locator('[data-act="note"]')
    expect(form.get_by_label("Note", exact=True)).to_be_focused()
    form.get_by_label("Title").fill("Budget")
    window.expect_console("status of 422")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("Write something first")
    form.get_by_label("Note", exact=True).fill("<img src=x onerror=alert(1)> has the budget until March.")
    form.get_by_role("button", name="Save").click()
    expect(dana.locator("[data-written]")).to_contain_text("The note is in Salesforce")
    expect(dana.locator('[data-part="timeline"] .entry', has_text="Budget")).to_be_visible()


def test_a_follow_up_takes_a_day_and_the_email_s_subject(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    panel = opened(window, "Renewal 2027")
    panel.get_by_role("button", name="Follow up").click()
    form = panel.locator('[data-act="follow-up"]')
    expect(form.get_by_label("Subject")).to_have_value("Follow up: Northwind renewal 2027")
    form.get_by_label("Next week").check()
    form.get_by_role("button", name="Save").click()
    expect(panel.locator("[data-written]")).to_be_visible()
    expect(panel.locator('[data-part="timeline"] .entry', has_text="Follow up: Northwind").first).to_be_visible()


def test_a_press_without_an_answer_keeps_the_words_and_is_one_record(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    window.expect_console("htmx:|Failed to load resource")
    dana = card(window, "Dana Ruiz")
    dana.get_by_role("button", name="Call").first.click()
    form = dana.locator('[data-act="call"]')
    form.get_by_label("Subject").fill("Asked for a discount")
    sent: list[str] = []

    def lose(route: Route) -> None:
        sent.append(route.request.post_data or "")
        if len(sent) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    window.page.route("**/write/call/", lose)
    form.get_by_role("button", name="Save").click()
    expect(form).to_contain_text("Subject")
    expect(dana.get_by_role("alert")).to_contain_text("No answer came")
    expect(form.get_by_label("Subject")).to_have_value("Asked for a discount")
    dana.get_by_role("button", name="Try again").click()
    expect(dana.locator("[data-written]")).to_be_visible()
    window.page.unroute("**/write/call/")
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert not [name for name in ("hint=", "person=", "record=", "attachment=") if name in sent[0]]
    expect(dana.locator('[data-part="timeline"] .entry', has_text="Asked for a discount")).to_have_count(1)


def test_another_email_is_not_shown_over_what_is_not_saved(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    dana = card(window, "Dana Ruiz")
    dana.get_by_role("button", name="Note").first.click()
    words = dana.locator('[data-act="note"]').get_by_label("Note", exact=True)
    words.fill("Half a thou")
    window.click(window.message("Kitchen on the second floor"))
    question = window.pane.get_by_role("dialog")
    question.get_by_role("button", name="Keep editing").click()
    expect(words).to_have_value("Half a thou")
    expect(window.pane.locator("[data-stayed]")).to_contain_text(RENEWAL)
    window.pane.locator("[data-stayed]").get_by_role("button", name="Show the open email").click()
    expect(window.pane.locator('[data-act="note"]')).to_have_count(0)
    window.open(RENEWAL)
    dana.get_by_role("button", name="Note").first.click()
    expect(words).to_have_value("Half a thou")


def test_the_chosen_tab_and_what_is_folded_stay_for_the_next_email(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    pane = window.pane
    pane.get_by_role("tab", name="Opportunities").first.click()
    expect(card(window, "Dana Ruiz")).to_be_hidden()
    expect(card(window, "Extra seats")).to_be_visible()
    with window.page.expect_response("**/pane/reading/habits/"):
        pane.locator('[data-fold="Opportunity"]').first.click()
    expect(card(window, "Extra seats")).to_be_hidden()
    expect(card(window, "Renewal 2027")).to_be_visible()  # a tick is never hidden
    window.open("Kitchen on the second floor")
    window.open(RENEWAL)
    expect(pane.get_by_role("tab", name="Opportunities").first).to_have_attribute("aria-selected", "true")
    expect(card(window, "Extra seats")).to_be_hidden()
    with window.page.expect_response("**/pane/reading/habits/"):
        pane.locator('[data-fold="Opportunity"]').first.click()
    with window.page.expect_response("**/pane/reading/habits/"):
        pane.get_by_role("tab", name="All").click()
    expect(card(window, "Dana Ruiz")).to_be_visible()


def test_a_section_is_pinned_in_front(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    pane = window.pane
    pane.locator(".arrange summary").click()
    with window.page.expect_response("**/pane/context/"):
        pane.get_by_role("button", name="Pin first Cases").click()
    expect(pane.locator("#email")).to_have_attribute("aria-busy", "false")
    expect(pane.locator("[data-tab]").nth(1)).to_contain_text("Cases")
    names = pane.locator("#cards [data-object]").evaluate_all("all => all.map((one) => one.dataset.object)")
    assert names[:2] == ["Case", "People"]
    pane.locator(".arrange summary").click()
    with window.page.expect_response("**/pane/context/"):
        pane.get_by_role("button", name="Pin first People").click()


def test_somebody_unknown_is_proposed_or_left_out_with_undo(outlook: Windows) -> None:
    window = outlook()
    window.start()
    window.open(RENEWAL)
    row = window.pane.locator("[data-unknown]").first
    expect(row).to_contain_text("Li Wei")
    row.get_by_role("button", name="Do not sync").click()
    expect(row).to_contain_text("Is not synchronised from now on")
    row.get_by_role("button", name="Undo").click()
    expect(row.get_by_role("button", name="Do not sync")).to_be_visible()
    row.get_by_role("button", name="Add").click()
    row.get_by_role("button", name="New contact").click()
    form = window.pane.locator("#records-record")
    expect(form.get_by_label("Last Name")).to_have_value("Wei")
    expect(form.get_by_label("Email")).to_have_value("li.wei@northwind.example")


def test_links_and_references_of_the_text_lead_to_their_records(outlook: Windows) -> None:
    window = outlook()
    window.start()
    address = window.stack.sandbox.salesforce_login("mia")["instance_url"]
    answer = window.stack.sandbox.http.get(
        f"{address}/services/data/v66.0/query",
        params={"q": "SELECT Id FROM Opportunity WHERE Name = 'Extra seats'"},
        headers={"Authorization": f"Bearer {window.stack.sandbox.salesforce_login('mia')['access_token']}"},
        timeout=30,
    )
    record = answer.json()["records"][0]["Id"]
    window.stack.sandbox.deliver(
        "mia",
        "From: Dana Ruiz <dana@northwind.example>\r\nTo: Mia Keller <mia.keller@larkfield.example>\r\n"
        "Subject: Please look at this\r\nDate: Sat, 28 Nov 2026 18:00:00 +0000\r\n"
        "Message-ID: <look@northwind.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        f'<p>See <a href="{address}/lightning/r/Opportunity/{record}/view">this</a> and'
        ' <a href="https://hostile.example/001000000000001AAA">that</a>.</p>',
    )
    window.page.reload()
    window.page.locator(".message").first.wait_for()
    with window.page.expect_request("**/pane/reading/references/") as asked:
        window.open("Please look at this")
    assert "hostile" not in (asked.value.post_data or "")
    assert "person=" not in (asked.value.post_data or "")
    expect(window.pane.locator("[data-linked]")).to_contain_text("Extra seats")
