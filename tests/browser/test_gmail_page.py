"""Gmail's pages of the sandbox, as an extension finds them at their own address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, EXECUTABLE, needed
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.browser

GMAIL = "https://mail.google.com/mail/u"
NOOR, JONAS = "noor.haddad@larkfield-labs.example", "jonas.weber@larkfield-labs.example"
Pages = Callable[..., Page]


@pytest.fixture(scope="module")
def gmails_browser(sandbox_process: SandboxProcess) -> Iterator[Browser]:
    needed()
    with sync_playwright() as playwright:
        arguments = [*ARGUMENTS, *sandbox_process.info["browser_arguments"]]
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def pages(sandbox: SandboxProcess, gmails_browser: Browser) -> Iterator[Pages]:
    """Opens Gmail in a fresh browser profile and signs Noor in: `pages("?theme=dark#sent")`. A page that tells of
    errors fails the test, but for the refusals of a policy that is tried (`is_tried=True`)."""
    contexts, told = [], list[str]()

    def make(address: str = "#inbox", *, is_tried: bool = False, **options: Any) -> Page:
        context = gmails_browser.new_context(locale="en-GB", **options)
        contexts.append(context)
        page = context.new_page()
        if not is_tried:
            page.on("console", lambda said: told.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: told.append(f"thrown: {error}"))
        page.goto(f"{GMAIL}/0/{address}")
        page.locator(f'button[value="{NOOR}"]').click()
        page.wait_for_url(re.compile(re.escape(f"{GMAIL}/0/")))
        return page

    yield make
    for context in contexts:
        context.close()
    assert told == []


def visible(page: Page, selector: str) -> Any:
    return page.locator(f'[role="main"] >> {selector} >> visible=true')


def test_it_is_at_gmails_own_address_and_keeps_the_place_through_the_signing_in(pages: Pages) -> None:
    page = pages("?hl=en#sent")
    expect(page.locator("tr.zA").first).to_be_visible()
    assert page.url == f"{GMAIL}/0/?hl=en#sent"
    expect(page).to_have_title(re.compile(f"^Sent - {re.escape(NOOR)} - "))
    account = page.locator('a[aria-label*="Google Account"]')
    assert NOOR in (account.get_attribute("aria-label") or "")


def test_a_conversation_shows_its_last_message_and_leaves_the_list_behind_hidden(pages: Pages) -> None:
    page = pages()
    page.locator("tr.zA", has_text="test laboratory").click()
    heading = visible(page, "h2.hP")
    expect(heading).to_have_text("Access to the test laboratory")
    assert re.fullmatch(re.escape(f"{GMAIL}/0/#inbox/") + r"FMfcg[a-zA-Z]+", page.url)
    expect(page.locator(".kv .adn")).to_have_count(3)
    expect(page.locator(".h7 .adn")).to_have_count(1)
    last = page.locator(".h7 .adn")
    legacy, perm = last.get_attribute("data-legacy-message-id"), last.get_attribute("data-message-id")
    assert perm == f"#msg-f:{int(legacy or '', 16)}"
    assert page.locator('[role="main"]').count() == 2
    assert page.locator('[role="main"] >> visible=true').count() == 1
    page.locator(".kv .gE").first.click()
    expect(page.locator(".h7 .adn")).to_have_count(2)
    page.go_back()
    expect(page.locator("tr.zA").first).to_be_visible()
    expect(heading).to_have_count(0)


def test_a_hexadecimal_id_leads_to_the_conversation_and_is_rewritten(pages: Pages, sandbox: SandboxProcess) -> None:
    row = next(row for row in sandbox.mail_of("noor") if row["subject"] == "Access to the test laboratory")
    page = pages(f"#inbox/{row['id']}")
    expect(visible(page, "h2.hP")).to_have_attribute("data-legacy-thread-id", row["threadId"])
    expect(page).to_have_url(re.compile("FMfcg"))
    page.reload()
    expect(visible(page, "h2.hP")).to_have_attribute("data-legacy-thread-id", row["threadId"])


def test_the_list_is_made_anew_when_mail_comes(pages: Pages, sandbox: SandboxProcess) -> None:
    page = pages()
    first = page.locator("tr.zA").first
    first.wait_for()
    page.evaluate("document.querySelector('tr.zA').dataset.seen = 'yes'")
    sandbox.deliver("noor", "From: a@northwind.example\r\nTo: noor\r\nSubject: Fresh\r\n\r\nHi\r\n")
    expect(first).to_contain_text("Fresh", timeout=15_000)
    expect(page.locator("tr.zA[data-seen]")).to_have_count(0)


def test_a_second_account_is_added_and_has_its_own_number(pages: Pages) -> None:
    page = pages()
    page.locator("a.gb_B").click()
    page.get_by_role("link", name="Add another account").click()
    page.locator(f'button[value="{JONAS}"]').click()
    expect(page.locator("tr.zA").first).to_be_visible()
    assert page.url.startswith(f"{GMAIL}/1/")
    assert JONAS in (page.locator("a.gb_B").get_attribute("aria-label") or "")
    page.goto(f"{GMAIL}/0/")
    assert NOOR in (page.locator("a.gb_B").get_attribute("aria-label") or "")
    page.locator("a.gb_B").click()
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_letter_is_written_kept_and_sent(pages: Pages, sandbox: SandboxProcess) -> None:
    page = pages()
    page.locator('[gh="cm"]').click()
    window = page.locator('div[role="dialog"]')
    to = window.locator('[name="to"] input')
    to.fill("Dana Ruiz <dana@northwind.example>, mia.keller@larkfield.example")
    to.press("Enter")
    chips = window.locator('[name="to"] [data-hovercard-id]')
    expect(chips).to_have_count(2)
    assert chips.first.get_attribute("data-hovercard-id") == "dana@northwind.example"
    assert re.fullmatch(r"#msg-a:r-\d+", window.locator('input[name="draft"]').input_value())
    window.locator('input[name="subjectbox"]').fill("From the page")
    window.locator("[g_editable]").fill("Hello")
    window.locator('div[role="button"]', has_text="Send").click()
    expect(window).to_have_count(0)
    expect(page.locator('.vh[role="alert"]')).to_have_text("Message sent")
    sent = next(row for row in sandbox.mail_of("noor") if row["subject"] == "From the page")
    assert sent["labels"] == ["SENT"]
    assert sent["internetMessageId"] in [row["internetMessageId"] for row in sandbox.mail_of("mia")]


def test_changed_markup_keeps_the_page_and_drops_what_could_be_leaned_on(pages: Pages) -> None:
    page = pages("?markup=changed#inbox")
    row = page.get_by_role("row").filter(has_text="test laboratory")
    row.click()
    expect(page.get_by_role("heading", name="Access to the test laboratory")).to_be_visible()
    for selector in (
        '[role="main"]',
        "tr.zA",
        "h2.hP",
        ".adn",
        "[data-legacy-thread-id]",
        "[data-message-id]",
        "[email]",
    ):
        assert page.locator(selector).count() == 0
    assert page.locator('a[aria-label*="Google Account"]').count() == 1


def test_a_page_can_leave_out_whose_it_is(pages: Pages) -> None:
    page = pages("?markup=anonymous#inbox")
    expect(page.locator("tr.zA").first).to_be_visible()
    assert page.locator('[aria-label*="Google Account"]').count() == 0
    expect(page).to_have_title(re.compile(r"^Inbox( \(\d+\))?$"))


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("address", ["?theme=dark#inbox", "?hl=ar#inbox", "#inbox?compose=new"])
def test_nothing_is_wider_than_the_window(pages: Pages, width: int, address: str) -> None:
    page = pages(address, viewport={"width": width, "height": 700})
    expect(page.locator("tr.zA").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_an_extension_finds_no_way_around_the_pages_policy(pages: Pages) -> None:
    page = pages(is_tried=True)
    page.locator("tr.zA").first.wait_for()
    blocked = page.evaluate(
        """async () => {
            const told = [];
            document.addEventListener('securitypolicyviolation', event => told.push(event.effectiveDirective));
            const frame = document.createElement('iframe');
            frame.src = 'https://elsewhere.example/';
            const style = document.createElement('style');
            style.textContent = '*{display:none}';
            document.body.append(frame, style);
            try { document.body.insertAdjacentHTML('beforeend', '<b>x</b>'); } catch (error) { told.push(error.name); }
            await new Promise(done => setTimeout(done, 300));
            frame.remove();
            style.remove();
            return told.sort();
        }"""
    )
    assert {"TypeError", "frame-src", "style-src-elem"} <= set(blocked)
