"""The extension in Chromium, unpacked, beside the sandbox's Gmail at Gmail's own address."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import RULES, violations
from tests.browser.chromium import ARTIFACTS
from tests.browser.conftest import Stack, without_given_up
from tests.browser.gmail import EXTENSION, GMAIL, NOOR, Gmail, gmail_with_extension

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

JONAS = "jonas.weber@larkfield-labs.example"
LABORATORY = "Access to the test laboratory"
POLICIES = Path("/etc/chromium/policies/managed")
#: What the browser itself notes of a refusal that is tried.
REFUSALS = re.compile(r"status of (401|403|404|409)")


@pytest.fixture
def gmail(stack: Stack, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Gmail]:
    """A fresh browser with the extension set up for the product."""
    with gmail_with_extension(stack, tmp_path / "profile") as opened:
        opened.set_server(stack.address)
        yield opened
        if getattr(request.node, "failed", False):
            ARTIFACTS.mkdir(exist_ok=True)
            for number, page in enumerate(opened.context.pages):
                page.screenshot(path=ARTIFACTS / f"{request.node.name}-{number}.png")
    stack.sandbox.clear_faults()
    assert [line for line in without_given_up(opened.errors) if not REFUSALS.search(line)] == []


def record_count(stack: Stack) -> int:
    given = stack.sandbox.salesforce_login("ines")
    answer = stack.sandbox.http.get(
        f"{given['instance_url']}/services/data/v66.0/query",
        params={"q": f"SELECT Id FROM EmailMessage WHERE Subject LIKE '%{LABORATORY}%'"},
        headers={"Authorization": f"Bearer {given['access_token']}"},
        timeout=60,
    )
    return int(answer.json()["totalSize"])


def reading(gmail: Gmail, text: str = LABORATORY) -> Page:
    """Noor with an email open, signed in."""
    page = gmail.open()
    gmail.read(page, text)
    pane = gmail.pane(page)
    # Whoever has allowed it once in Google is signed in without a word.
    unknown, known = pane.locator('[data-state="sign-in"]'), pane.locator("#email", has_text="Dana Ruiz")
    expect(unknown.or_(known)).to_be_visible()
    if unknown.count():
        gmail.sign_in(page)
    expect(known).to_be_visible()
    return page


def test_a_person_signs_in_sees_who_it_is_files_and_takes_it_back(gmail: Gmail, stack: Stack) -> None:
    stack.sandbox.ask_google_consent_again()
    page = gmail.open()
    pane = gmail.pane(page)
    expect(pane.locator('[data-state="no-item"]')).to_be_visible()
    gmail.read(page, LABORATORY)
    expect(pane.locator('[data-state="sign-in"]')).to_be_visible()
    assert [one.url for one in gmail.context.pages if "/auth" in one.url] == [], "no window before a press"
    gmail.sign_in(page)
    expect(pane.locator("#email")).to_contain_text("Dana Ruiz")
    expect(pane.locator("#email")).to_contain_text("Northwind Ltd")
    before = record_count(stack)
    pane.locator("[data-file]").click()
    expect(pane.locator('#foot [data-mode="filed"]')).to_be_visible()
    assert record_count(stack) == before + 1
    pane.locator("[data-undo]").click()
    expect(pane.locator("#status")).to_contain_text("Taken back")
    assert record_count(stack) == before


def test_what_the_email_refers_to_is_shown_and_its_text_stays_in_gmail(gmail: Gmail, stack: Stack) -> None:
    given = stack.sandbox.salesforce_login("ines")
    answer = stack.sandbox.http.get(
        f"{given['instance_url']}/services/data/v66.0/query",
        params={"q": "SELECT Id FROM Account WHERE Name = 'Northwind Ltd'"},
        headers={"Authorization": f"Bearer {given['access_token']}"},
        timeout=60,
    )
    link = f"{given['instance_url']}/lightning/r/Account/{answer.json()['records'][0]['Id']}/view"
    stack.sandbox.deliver(
        "noor",
        f"From: Dana Ruiz <dana@northwind.example>\r\nTo: {NOOR}\r\nSubject: The case in question\r\n"
        "Content-Type: text/html\r\n\r\n"
        f"<p>The word is quicksilver.</p><a href='{link}'>their account</a>"
        "<a href='https://another.my.salesforce.com/001000000000001AAA'>elsewhere</a>\r\n",
    )
    sent: list[str] = []
    gmail.context.on("request", lambda asked: sent.append(f"{asked.url} {asked.post_data or ''}"))
    page = reading(gmail, "The case in question")
    expect(gmail.pane(page).locator("[data-linked]")).to_contain_text("Northwind Ltd")
    ours = [one for one in sent if one.startswith(stack.address)]
    assert any("reading/references" in one for one in ours)
    assert [one for one in ours if "quicksilver" in one or "another.my" in one] == []


def test_gmails_page_finds_neither_the_pane_nor_a_token(gmail: Gmail) -> None:
    page = reading(gmail)
    found = page.evaluate(
        """() => ({
            frames: document.querySelectorAll('iframe').length,
            root: document.getElementById('alongside-pane').shadowRoot,
            stored: JSON.stringify({...localStorage, ...sessionStorage}),
            chrome: typeof chrome !== 'undefined' && Boolean(chrome.runtime?.id),
            html: document.documentElement.outerHTML,
        })"""
    )
    kept = gmail.worker.evaluate("chrome.storage.session.get()")
    [(place, told)] = kept.items()
    assert place.endswith(NOOR)
    assert told["token"].count(".") == 2
    assert found["frames"] == 0
    assert found["root"] is None
    assert found["chrome"] is False
    for text in (found["stored"], found["html"]):
        assert told["token"] not in text
        assert told["nonce"] not in text
        assert "frame.html" not in text


def test_a_message_of_gmails_page_or_of_a_forged_frame_is_not_heard(gmail: Gmail) -> None:
    page = reading(gmail)
    shown = gmail.pane(page).locator("#email").inner_text()
    page.evaluate(
        f"""async () => {{
            const forged = document.createElement('iframe');
            forged.src = 'chrome-extension://{gmail.extension_id}/frame.html#' + 'a'.repeat(48);
            document.body.append(forged);
            await new Promise(done => setTimeout(done, 1500));
            for (const text of ['{{"bridge":"alongside","kind":"hello","nonce":"{"n" * 32}","versions":[1]}}']) {{
                for (let at = 0; at < window.length; at += 1) window[at].postMessage(text, '*');
            }}
            await new Promise(done => setTimeout(done, 500));
        }}"""
    )
    forged = [one for one in page.frames if one.url.endswith("#" + "a" * 48)]
    assert len(forged) == 1
    # It stands there as a page, but without the content script's nonce it is told nothing.
    assert forged[0].evaluate("document.getElementById('pane').contentWindow.length") == 0
    assert gmail.pane(page).locator("#email").inner_text() == shown


HOSTILE = """if (location.host === "mail.google.com") {
    window.roots = [];
    const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function (...given) {
        const root = attach.apply(this, given);
        window.roots.push(root);
        return root;
    };
    const create = Document.prototype.createElement;
    Document.prototype.createElement = function (...given) {
        const made = create.apply(this, given);
        if (made.localName === "iframe") window.roots.push(made);
        return made;
    };
    customElements.define("alongside-pane", class extends HTMLElement {
        constructor() {
            super();
            this.inside = this.attachInternals();
        }
        connectedCallback() {
            if (this.inside.shadowRoot) window.roots.push(this.inside.shadowRoot);
        }
    });
}"""


def test_a_page_that_lies_in_wait_finds_neither_the_frame_nor_its_address(gmail: Gmail) -> None:
    """Before anything of ours: its own elements, its own prototypes; afterwards whatever a page is told of frames."""
    gmail.context.add_init_script(HOSTILE)
    page = reading(gmail)
    found = page.evaluate(
        """() => {
            const holder = document.getElementById('alongside-pane');
            const told = [holder.attachInternals, customElements.get('alongside-pane')].map((one) => typeof one);
            let inside = null;
            try {
                inside = holder.attachInternals().shadowRoot;
            } catch { /* no element of the page's */ }
            let second = null;
            try {
                second = holder.attachShadow({mode: 'open'});
            } catch { /* it has one */ }
            return {
                told, inside, second, name: holder.localName, roots: window.roots.length,
                entries: performance.getEntries().map((one) => one.name).filter((one) => /extension|pane/.test(one)),
                animations: document.getAnimations({subtree: true}).length,
                frames: window.length,
                hit: document.elementFromPoint(innerWidth - 40, innerHeight / 2) === holder,
            };
        }"""
    )
    assert found == {
        "told": ["function", "function"],
        "inside": None,
        "second": None,
        "name": "div",
        "roots": 0,
        "entries": [],
        "animations": 0,
        "frames": 0,
        "hit": True,
    }


def test_a_mail_that_is_too_long_to_be_told_is_asked_for_by_the_server(gmail: Gmail) -> None:
    """And never is the email before it shown in its place."""
    page = reading(gmail)
    with page.expect_request("**/pane/context/") as asked:
        page.evaluate(
            """() => {
                const people = [...document.querySelectorAll('[role="main"] .g2[email]')];
                const to = people.find((one) => one.checkVisibility());
                for (let at = 0; at < 450; at += 1) {
                    const more = to.cloneNode(true);
                    more.setAttribute('email', `${'p'.repeat(40)}${at}@${'d'.repeat(60)}.example`);
                    more.setAttribute('name', 'N'.repeat(256));
                    to.after(more);
                }
            }"""
        )
    hint = json.loads(parse_qs(asked.value.post_data or "")["hint"][0])
    assert set(hint) == {"item_key", "conversation_id", "account"}
    expect(gmail.pane(page).locator("#email")).to_have_attribute("aria-busy", "false")
    expect(gmail.pane(page).locator("#email")).to_contain_text("Dana Ruiz")


def test_what_is_no_address_is_nobody(gmail: Gmail) -> None:
    page = reading(gmail)
    with page.expect_request("**/pane/context/") as asked:
        page.evaluate(
            """() => {
                const people = [...document.querySelectorAll('[role="main"] .g2[email]')];
                const to = people.find((one) => one.checkVisibility());
                const two = 'eve@evil.example, mia@larkfield.example';
                const lies = ['<img src=x> eve@evil.example', two, 'e'.repeat(999) + '@evil.example'];
                for (const lie of lies) {
                    const more = to.cloneNode(true);
                    more.setAttribute('email', lie);
                    to.after(more);
                }
                const good = to.cloneNode(true);
                good.setAttribute('email', 'new.person@northwind.example');
                to.after(good);
            }"""
        )
    told = [one["address"] for one in json.loads(parse_qs(asked.value.post_data or "")["hint"][0])["to"]]
    assert "new.person@northwind.example" in told
    assert [one for one in told if "evil" in one] == []


def test_after_a_reload_nobody_has_to_sign_in_again(gmail: Gmail) -> None:
    page = reading(gmail)
    page.reload()
    expect(gmail.pane(page).locator("#email")).to_contain_text("Dana Ruiz")
    assert len([one for one in gmail.context.pages if "oauth2" in one.url]) == 0


def test_a_service_worker_that_was_ended_wakes_and_knows_the_person(gmail: Gmail) -> None:
    page = reading(gmail)
    session = gmail.context.new_cdp_session(page)
    browser = gmail.context.browser
    cdp = browser.new_browser_cdp_session() if browser is not None else session
    targets = cdp.send("Target.getTargets")["targetInfos"]
    [worker] = [one for one in targets if one["type"] == "service_worker" and gmail.extension_id in one["url"]]
    cdp.send("Target.closeTarget", {"targetId": worker["targetId"]})
    page.wait_for_timeout(500)
    left = [one for one in cdp.send("Target.getTargets")["targetInfos"] if one["targetId"] == worker["targetId"]]
    assert left == []
    # A new page has no session of the pane yet: the token for it comes from the worker, which has to wake.
    page.reload()
    expect(gmail.pane(page).locator("#email")).to_contain_text("Dana Ruiz")


def test_another_account_of_the_browser_begins_anew(gmail: Gmail) -> None:
    page = reading(gmail)
    page.locator("a.gb_B").click()
    page.get_by_role("link", name="Add another account").click()
    page.locator(f'button[value="{JONAS}"]').click()
    page.locator("tr.zA").first.wait_for()
    assert page.url.startswith(f"{GMAIL}/1/")
    page.locator("tr.zA").first.click()
    pane = gmail.pane(page)
    expect(pane.locator('[data-state="sign-in"]')).to_be_visible()
    expect(pane.locator("#email")).not_to_contain_text("Dana Ruiz")
    kept = gmail.worker.evaluate("chrome.storage.session.get()")
    assert [place.split()[-1] for place in kept] == [NOOR]


def test_who_signs_in_as_somebody_else_than_the_mailbox_is_refused(gmail: Gmail) -> None:
    page = reading(gmail)
    other = "somebody.else@larkfield-labs.example"
    page.evaluate(f"document.querySelector('a.gb_B').setAttribute('aria-label', 'Google Account: Somebody ({other})')")
    expect(gmail.pane(page).locator('[data-state="sign-in"]')).to_be_visible()
    gmail.sign_in(page, NOOR)
    wrong = gmail.pane(page).locator('[data-state="mismatch"]')
    expect(wrong).to_contain_text(NOOR)
    expect(wrong).to_contain_text(other)
    kept = gmail.worker.evaluate("chrome.storage.session.get()")
    assert [place.split()[-1] for place in kept] == [NOOR]


def test_a_page_that_does_not_say_whose_mailbox_it_is_gets_nothing(gmail: Gmail) -> None:
    page = gmail.open("?markup=anonymous#inbox")
    gmail.read(page, LABORATORY)
    expect(gmail.pane(page).locator('[data-state="mismatch"]')).to_contain_text("whose mailbox")


def test_where_gmail_was_rebuilt_the_pane_floats_and_says_so(gmail: Gmail, shot: Callable[[Page, str], None]) -> None:
    page = gmail.context.new_page()
    gmail.watch(page)
    page.goto(f"{GMAIL}/0/?markup=changed#inbox")
    page.locator(f'button[value="{NOOR}"]').click()
    page.get_by_role("row").first.wait_for()
    frame = gmail.frame(page)
    expect(frame.locator("#strange")).to_contain_text("looks different")
    expect(frame.locator("#strange")).to_be_visible()
    box = frame.frame_element().bounding_box()
    assert box is not None
    assert box["y"] > 100
    # Landmarks and headings are those of the pane within it.
    assert violations(frame, runOnly={"type": "tag", "values": RULES[:-1]}) == []
    page.get_by_role("row").filter(has_text="test laboratory").click()
    expect(gmail.pane(page).locator('[data-state="no-item"]')).to_be_visible()
    shot(page, "floating")


def test_a_letter_that_is_written_is_told_and_the_mail_afterwards_again(gmail: Gmail) -> None:
    page = reading(gmail)
    page.locator('[gh="cm"]').click()
    page.locator('div[role="dialog"] input').first.focus()
    written = gmail.pane(page).locator('[data-state="compose"]')
    expect(written).to_contain_text("Gmail lets no extension label a draft. Give it the label Salesforce yourself")
    expect(written).to_contain_text("file it from Sent.")
    expect(written.locator("input")).to_have_count(0)
    page.locator('div[role="dialog"] .Ha').click()
    expect(gmail.pane(page).locator("#email")).to_contain_text("Dana Ruiz")


def test_the_keyboard_goes_to_the_pane_and_back(gmail: Gmail) -> None:
    page = reading(gmail)
    page.locator('input[name="q"]').focus()
    page.keyboard.press("F6")
    gmail.pane(page).wait_for_function("document.activeElement !== document.body")
    page.keyboard.press("F6")
    expect(page.locator('input[name="q"]')).to_be_focused()


def test_systems_are_connected_in_windows_of_the_extension(gmail: Gmail) -> None:
    page = gmail.open(account=JONAS)
    page.locator("tr.zA").first.click()
    pane = gmail.pane(page)
    unknown, known = pane.locator('[data-state="sign-in"]'), pane.locator('[data-state="not-connected"]')
    expect(unknown.or_(known)).to_be_visible()
    if unknown.count():
        gmail.sign_in(page, JONAS)
    expect(known).to_be_visible()
    with gmail.context.expect_page() as opened:
        pane.locator('[data-action="connect"]').click()
    window = opened.value
    window.locator(f'button[value="{JONAS}"]').click()
    window.locator('button[value="allow"]').click()
    window.locator('form button[type="submit"], form button').first.click()
    expect(pane.locator('[data-state="not-connected"]')).to_have_count(0)
    expect(pane.locator("#email")).to_have_attribute("aria-busy", "false")


def test_without_an_address_it_asks_for_one_and_takes_only_a_good_one(stack: Stack, tmp_path: Path) -> None:
    with gmail_with_extension(stack, tmp_path / "profile") as gmail:
        page = gmail.open()
        frame = gmail.frame(page)
        expect(frame.locator("#notice")).to_contain_text("Not set up yet")
        for theme in ("light", "dark"):
            frame.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
            assert violations(frame, runOnly={"type": "tag", "values": RULES}) == []
        options = gmail.context.new_page()
        options.goto(f"chrome-extension://{gmail.extension_id}/options.html")
        for scheme in ("light", "dark"):
            options.emulate_media(color_scheme=scheme)
            assert violations(options, runOnly={"type": "tag", "values": RULES}) == []
        for wrong in (
            "http://alongside.example",
            "https://x.example/path",
            "javascript:alert(1)",
            "https://a@b.example",
            "",
        ):
            options.locator("#server").fill(wrong)
            options.locator("#save").click()
            expect(options.locator("#said")).to_contain_text("Enter an address")
        options.locator("#server").fill(f"{stack.address}/")
        options.locator("#save").click()
        expect(options.locator("#said")).to_have_text("Saved.")
        expect(gmail.pane(page).locator('[data-state="no-item"]')).to_be_visible()


def test_an_administrators_address_wins_and_cannot_be_changed(stack: Stack, tmp_path: Path) -> None:
    if not os.access(POLICIES.parent.parent.parent, os.W_OK):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("policies are the machine's: only root can set them")
    copy = tmp_path / "extension"
    shutil.copytree(EXTENSION, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["key"]  # an id of its own, so that the policy reaches no other test
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with gmail_with_extension(stack, tmp_path / "first", extension=copy) as gmail:
        own = gmail.extension_id
    policy = POLICIES / f"{own}.json"
    POLICIES.mkdir(parents=True, exist_ok=True)
    try:
        policy.write_text(json.dumps({"3rdparty": {"extensions": {own: {"server": stack.address}}}}))
        with gmail_with_extension(stack, tmp_path / "second", extension=copy) as gmail:
            gmail.worker.evaluate("chrome.storage.local.set({server: 'https://elsewhere.example'})")
            options = gmail.context.new_page()
            options.goto(f"chrome-extension://{own}/options.html")
            expect(options.locator("#server")).to_have_value(stack.address)
            expect(options.locator("#server")).not_to_be_editable()
            expect(options.locator("#save")).to_be_disabled()
            expect(options.locator("#said")).to_contain_text("administrator")
            page = gmail.open()
            expect(gmail.frame(page).locator("#pane")).to_have_attribute("src", f"{stack.address}/pane/gmail/")
    finally:
        policy.unlink(missing_ok=True)


def test_chromium_itself_has_nothing_to_say_against_it(gmail: Gmail) -> None:
    page = gmail.context.new_page()
    page.goto("chrome://extensions/")
    told: list[dict[str, Any]] = page.evaluate(
        """() => new Promise(done => chrome.developerPrivate.getExtensionsInfo(
            {includeDisabled: true, includeTerminated: true}, done))"""
    )
    [own] = [one for one in told if one["id"] == gmail.extension_id]
    assert own["manifestErrors"] == []
    assert own["runtimeErrors"] == []
    assert own["state"] == "ENABLED"
    assert sorted(one["message"] for one in own["permissions"]["simplePermissions"]) == []


@pytest.mark.parametrize(
    ("name", "address", "options"),
    [
        ("wide", "#inbox", {}),
        ("dark", "?theme=dark#inbox", {"color_scheme": "dark"}),
        ("rtl", "?hl=ar#inbox", {"locale": "ar"}),
        ("narrow", "#inbox", {"viewport": {"width": 320, "height": 640}}),
    ],
)
def test_it_fits_the_page(
    stack: Stack, tmp_path: Path, name: str, address: str, options: dict[str, Any], shot: Callable[[Page, str], None]
) -> None:
    with gmail_with_extension(stack, tmp_path / "profile", **options) as gmail:
        gmail.set_server(stack.address)
        if name == "narrow":
            gmail.worker.evaluate("chrome.storage.local.set({folded: false})")
        page = gmail.open(address)
        expect(gmail.pane(page).locator("#email")).to_have_attribute("aria-busy", "false")
        page.wait_for_timeout(300)
        box = gmail.frame(page).frame_element().bounding_box()
        assert box is not None
        assert box["width"] <= 320
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        theme = gmail.frame(page).evaluate("document.documentElement.dataset.theme")
        assert theme == ("dark" if name == "dark" else "light")
        if name == "rtl":
            assert box["x"] < 10
        shot(page, name)


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Keeps what it looks like in .artifacts/."""

    def keep(page: Page, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"extension-{name}.png")

    return keep
