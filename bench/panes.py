"""The panes in Chromium, as a person has them: what the first paint weighs, and how soon an email or a search shows.

Measured in the demo's mail client with static files as production serves them, at 100 ms provider latency. A day's
Salesforce calls are counted without latency, with time that passes for the cache.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bench.figures import Figure
from bench.live import Product, live
from bench.pane import REP, hint, inbox, open_email
from tests.browser.chromium import chromium

LATENCY_MS = 100
CHANGES = 60
SETTINGS = {"DJANGO_SETTINGS_MODULE": "bench.as_served"}
PREPARE = ("collectstatic",)

#: From the host's telling of another email to the frame after the pane has painted it, in milliseconds.
_CHANGE = """async (item) => {
  const pane = document.getElementById("pane").contentWindow;
  const email = pane.document.getElementById("email");
  const busy = () => email.getAttribute("aria-busy") !== "false";
  const begun = performance.now();
  let left = false;
  const painted = new Promise((resolve, reject) => {
    const given = setTimeout(() => reject(new Error("nothing was painted")), 20000);
    const watch = new pane.MutationObserver(() => {
      left = left || busy();
      if (left && !busy() && email.querySelector("#filing")) {
        watch.disconnect();
        clearTimeout(given);
        pane.requestAnimationFrame(() => pane.setTimeout(() => resolve(performance.now() - begun)));
      }
    });
    watch.observe(email, { attributes: true, childList: true });
  });
  pane.postMessage({ alongsideOffice: true, kind: "item", value: item }, location.origin);
  return painted;
}"""


#: From the last key of a word to the frame after its results were painted, in milliseconds; keys come every 60 ms.
_SEARCH = """async (word) => {
  const input = document.getElementById("records-q");
  const list = document.getElementById("records-list");
  let last = 0;
  for (let length = 1; length <= word.length; length += 1) {
    input.value = word.slice(0, length);
    last = performance.now();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    if (length < word.length) {
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  }
  return new Promise((resolve, reject) => {
    const given = setTimeout(() => reject(new Error("nothing was found or said")), 20000);
    document.addEventListener("htmx:afterSettle", function painted({ detail }) {
      if (detail.target !== list || input.value !== word) {
        return;
      }
      document.removeEventListener("htmx:afterSettle", painted);
      clearTimeout(given);
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - last)));
    });
  });
}"""
#: Many enough that one that meets a moment of the engine's own work does not stand for one in twenty.
WORDS = tuple(
    word
    for line in (
        "northwind dana ruiz renewal level larkfield training newcastle sensor drawing halls contoso weber",
        "invoice meeting login fails seats support offer pump valve keller okafor marin falk project account",
        "berlin madrid office quote order lead paris gauge laboratory harbour subsea solar metrology baltic",
        "conseil motors calibration instruments procurement director owner engineer technical vantor",
        "rotterdam joost imogen carr introduction portal service agreement pressure bristol problem terms",
        "extra volkov moretti powell tveit herrera rousseau baxendale kenji samuel agnieszka rhiannon mateo",
        "jasmine lagos",
    )
    for word in line.split()
)


def run() -> Iterator[Figure]:
    with live(latency_ms=LATENCY_MS, settings=SETTINGS, commands=PREPARE) as product, chromium() as browser:
        yield from weight(product, browser)
        yield from changes(product, browser)
        yield from searching(product, browser)
    with live(settings=SETTINGS, commands=PREPARE) as product:
        yield from day(product)


@dataclass
class Traffic:
    """What the pane's frame has loaded over the network: bytes as they came, and how many answers.

    `sign_in` are those of Microsoft's sign-in library, which comes once and stays for as long as it is the same one.
    `later` are those that came after the first paint.
    """

    size: int = 0
    later: int = 0
    sign_in: int = 0
    addresses: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page) -> Traffic:
        """Listens from now on. The mail client's own library is the host's, not the pane's."""
        traffic, asked = cls(), {}
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.send("Page.enable")
        outer = wire.send("Page.getFrameTree")["frameTree"]["frame"]["id"]

        def answered(event: dict[str, Any]) -> None:
            response = event["response"]
            address = response["url"]
            ours = (
                event.get("frameId") != outer and not address.startswith(("data:", "blob:")) and "/demo/" not in address
            )
            if ours and not response.get("fromDiskCache"):
                asked[event["requestId"]] = address

        def loaded(event: dict[str, Any]) -> None:
            address = asked.pop(event["requestId"], "")
            size = int(event["encodedDataLength"])
            if address:
                traffic.addresses.append(address)
                if "/vendor/msal/" in address:
                    traffic.sign_in += size
                else:
                    traffic.size += size

        wire.on("Network.requestServedFromCache", lambda event: asked.pop(event["requestId"], None))
        wire.on("Network.responseReceived", answered)
        wire.on("Network.loadingFinished", loaded)
        return traffic


def weight(product: Product, browser: Browser) -> Iterator[Figure]:
    context = browser.new_context(viewport={"width": 1360, "height": 860})
    first = visited(product, context)
    again = visited(product, context)
    context.close()
    yield Figure("panes.first_paint_kb", first.size / 1024, "KiB", 60, "lower")
    yield Figure("panes.later_kb", first.later / 1024, "KiB", 60, "lower")
    yield Figure("panes.sign_in_kb", first.sign_in / 1024, "KiB", 90, "lower")
    yield Figure("panes.requests", float(len(again.addresses)), "requests", 6, "lower")


def visited(product: Product, context: BrowserContext) -> Traffic:
    """What the pane loads until it has painted an email that is open when it is opened, and what comes after that."""
    page = context.new_page()
    shell = "**/pane/outlook/"
    page.route(shell, lambda route: route.abort())
    page.goto(f"{product.address}/demo/")
    page.locator(".message").first.click()
    expect(page.locator(".mail__subject")).to_be_visible(timeout=30_000)
    page.unroute(shell)
    traffic = Traffic.of(page)
    page.evaluate("address => { document.getElementById('pane').src = address; }", f"{product.address}/pane/outlook/")
    expect(page.frame_locator("#pane").locator("#filing")).to_be_visible(timeout=30_000)
    size, addresses = traffic.size, list(traffic.addresses)
    expect(page.frame_locator("#pane").locator("#later-styles")).to_have_count(0, timeout=30_000)
    page.wait_for_timeout(1_000)
    page.close()
    return Traffic(size, traffic.size - size, traffic.sign_in, addresses)


def changes(product: Product, browser: Browser) -> Iterator[Figure]:
    """Other emails in turn; cold ones are of people that were asked about, in emails that were not."""
    page = browser.new_page(viewport={"width": 1360, "height": 860})
    page.goto(f"{product.address}/demo/")
    with page.expect_response("**/item/**") as answered:
        page.locator(".message").first.click()
    item = answered.value.json()
    expect(page.frame_locator("#pane").locator("#filing")).to_be_visible(timeout=30_000)

    def named(number: int) -> dict[str, Any]:
        return {
            **item,
            "itemId": f"{item['itemId']}{number}",
            "internetMessageId": f"<panes.{number}@northwind.example>",
        }

    cold = [page.evaluate(_CHANGE, named(number)) for number in range(CHANGES)]
    warm = [page.evaluate(_CHANGE, named(number)) for number in range(CHANGES)]
    page.close()
    yield Figure("panes.cold_p95_ms", p95(cold), "ms", 350, "lower")
    yield Figure("panes.warm_p95_ms", p95(warm), "ms", 80, "lower")


def searching(product: Product, browser: Browser) -> Iterator[Figure]:
    """A word is typed key by key, as fast as people do; what was typed is never asked for twice."""
    page = browser.new_page(viewport={"width": 1360, "height": 860})
    page.goto(f"{product.address}/demo/")
    page.locator(".message").first.click()
    pane = page.frame_locator("#pane")
    expect(pane.locator("#filing")).to_be_visible(timeout=30_000)
    pane.locator("#open-records").click()
    expect(pane.locator("#records-q")).to_be_focused()
    frame = next(one for one in page.frames if "/pane/" in one.url)
    took = [frame.evaluate(_SEARCH, word) for word in WORDS]
    page.close()
    yield Figure("panes.search_p95_ms", p95(took), "ms", 250, "lower")


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[18]


#: A day at work: when each sitting begins (minutes since nine o'clock), and how many emails are looked at in it.
SITTINGS = tuple((27 * place, 20 if place in {0, 9} else 10) for place in range(18))
OPENS = 200
FILINGS = 30


def day(product: Product) -> Iterator[Figure]:
    """200 opens and 30 filings in eighteen sittings of three minutes each, with 24 minutes between them.

    Of three opens in a sitting one is of a new email, two go back to what was open before in it.
    """
    rep = product.sign_in(REP)
    messages = [one for one in inbox(product) if one["internetMessageId"]]
    product.clear_log()
    fresh = itertools.cycle(messages)
    opened = filed = 0
    for place, (minute, emails) in enumerate(SITTINGS):
        if place:
            wait(rep, (minute - SITTINGS[place - 1][0]) * 60 - 180)
        seen: list[dict[str, Any]] = []
        for step in range(min(emails, OPENS - opened)):
            new = step % 3 == 0
            message = next(fresh) if new else seen[(step * 7) % len(seen)]
            if message not in seen:
                seen.append(message)
            open_email(rep, hint(message))
            opened += 1
            # What of the first ones of a sitting has somewhere to go is filed, as long as the day has filings.
            if new and step < 9 and filed < FILINGS:
                filed += pressed(rep, message)
            wait(rep, 180 / emails)
        rep = product.sign_in(REP) if place % 4 == 3 else rep
    calls = product.calls("salesforce")
    assert (opened, filed) == (OPENS, FILINGS), (opened, filed)
    yield Figure("panes.day_calls", float(len(calls)), "calls", 100, "lower")


def pressed(rep: httpx.Client, message: dict[str, Any]) -> bool:
    """Files what the open pane offers to be filed, where it offers somewhere; whether it was."""
    asked = {"hint": hint(message), "generation": "1"}
    opened = rep.post("/api/v1/context/", json=asked).json()
    people = [one["person"]["id"] for one in opened["matches"]["people"] if one["linked"]]
    if opened["status"]["kind"] not in {"will_not", "will_file", "not_filed"} or not people:
        return False
    records = [one["id"] for one in opened["choice"]["records"]]
    got = rep.post("/api/v1/filings/", json={**asked, "person": people, "record": records, "attachment": []})
    return bool(got.json().get("kind") == "filed")


def wait(rep: httpx.Client, seconds: float) -> None:
    rep.post("/bench/passing/", data={"seconds": str(seconds)}).raise_for_status()
