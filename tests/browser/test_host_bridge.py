"""The host bridge between two windows of different origins: what it takes, and everything that it refuses.

The scripts are the product's own; the two pages around them are made here, one for the mail client, one for the pane.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.chromium import needed

STATIC = Path(__file__).resolve().parents[2] / "static"
PANE, MAIL, ELSEWHERE = "https://pane.example", "https://mail.example", "https://elsewhere.example"
NONCE = "n" * 32
FACTS = "[channel.version, channel.opening.locale, channel.opening.theme, channel.can('dialog'), channel.can('focus')]"

PANE_PAGE = f"""<!doctype html><body data-host="gmail" data-host-origins="{MAIL}">
<script type="module">
import {{ meetHost }} from "/static/pane/bridge.js";
window.notices = [];
window.met = meetHost({{ origins: ["{MAIL}"] }}).then((channel) => {{
  window.channel = channel;
  for (const kind of ["item", "theme", "locale", "focus", "compose", "dialog-message"]) {{
    channel.on(kind, (body) => window.notices.push([kind, body]));
  }}
}});
window.met.catch(() => {{}});
window.ready = true;
</script></body>"""

MAIL_PAGE = f"""<!doctype html><body><script src="{MAIL}/static/pane/hosts/parent.js"></script>
<iframe id="pane" src="{PANE}/pane/"></iframe>
<script>
const frame = document.getElementById("pane");
window.heard = [];
addEventListener("message", (event) => {{
  const message = JSON.parse(event.data);
  window.heard.push({{...message, origin: event.origin, ports: event.ports.length}});
  if (event.ports[0]) (window.ports ||= []).push(event.ports[0]);
}});
function hello(more) {{
  const greeting = {{bridge: "alongside", kind: "hello", versions: [1], ...more}};
  frame.contentWindow.postMessage(JSON.stringify(greeting), "{PANE}");
}}
/* The handshake by hand: `said` collects what the pane says on the port. */
async function open(more) {{
  const before = (window.ports || []).length;
  hello({{nonce: crypto.randomUUID()}});
  await until(() => (window.ports || []).length > before);
  const port = window.ports.at(-1);
  const welcome = window.heard.filter((one) => one.kind === "welcome").at(-1);
  window.said = [];
  port.onmessage = ({{data}}) => window.said.push(JSON.parse(data));
  const opening = {{kind: "open", nonce: welcome.reply, client: "gmail", capabilities: ["item"], ...more}};
  port.postMessage(JSON.stringify(opening));
  window.port = port;
}}
async function until(holds) {{
  for (let tries = 0; tries < 200; tries++) {{
    if (holds()) return;
    await new Promise((next) => setTimeout(next, 10));
  }}
  throw new Error("never: " + holds);
}}
</script></body>"""


@pytest.fixture
def windows(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens the mail client's page, with the pane in its frame, at an origin."""
    needed()
    context = browser.new_context()
    context.set_default_timeout(10_000)

    def serve(route: Route) -> None:
        path = route.request.url.partition("://")[2].partition("/")[2].partition("?")[0]
        if path.startswith("static/"):
            route.fulfill(path=STATIC / path.removeprefix("static/"), content_type="text/javascript")
        elif path == "pane/":
            route.fulfill(body=PANE_PAGE, content_type="text/html")
        else:
            route.fulfill(body=MAIL_PAGE.replace(MAIL + "/static", "/static"), content_type="text/html")

    context.route("**/*", serve)

    def make(origin: str = MAIL) -> Page:
        page = context.new_page()
        page.goto(f"{origin}/")
        pane_of(page).wait_for_function("window.ready")
        return page

    yield make
    context.close()


def pane_of(page: Page) -> Any:
    return next(frame for frame in page.frames if frame.url.startswith(PANE))


def heard(page: Page) -> list[dict[str, Any]]:
    """What the mail client's window was told, after whatever is on its way has come."""
    page.wait_for_timeout(150)
    told: list[dict[str, Any]] = page.evaluate("heard")
    return told


def is_met(page: Page) -> bool:
    return bool(pane_of(page).evaluate("Boolean(window.channel)"))


def opened(page: Page, **more: Any) -> None:
    page.evaluate("(more) => open(more)", more)
    pane_of(page).wait_for_function("Boolean(window.channel)")


def connected(page: Page, handlers: str = "{}") -> None:
    """Both ends of ours."""
    page.evaluate(
        f"""() => {{ window.host = alongsideHost.connect({{frame, origin: "{PANE}", client: "gmail",
        opening: {{capabilities: ["item", "dialog", "compose"], theme: "dark", locale: "de-AT"}},
        handlers: {handlers}, onRefused: (reason) => {{ window.refused = reason; }}}}); }}"""
    )


def test_the_two_ends_meet_ask_and_tell(windows: Callable[..., Page]) -> None:
    page = windows()
    connected(
        page,
        """{
          read: () => ({item: {kind: "message", hint: {item_key: "k1", subject: "Grüße", invented: 1}, invented: 2}}),
          mark: ({marked}) => ({marked}),
          prove: () => { throw new alongsideHost.Refusal("cancelled", "Abgebrochen"); },
        }""",
    )
    pane = pane_of(page)
    pane.wait_for_function("Boolean(window.channel)")
    assert pane.evaluate(FACTS) == [
        1, "de-AT", "dark", True, False,
    ]  # fmt: skip
    assert pane.evaluate("channel.ask('read')") == {
        "item": {"kind": "message", "hint": {"item_key": "k1", "subject": "Grüße"}}
    }
    assert pane.evaluate("channel.ask('mark', {marked: true})") == {"marked": True}
    assert pane.evaluate("channel.ask('mark', {marked: 'yes'}).catch((e) => e.code)") == "invalid"
    assert pane.evaluate("channel.ask('prove').catch((e) => [e.code, e.message])") == ["cancelled", "Abgebrochen"]
    assert pane.evaluate("channel.ask('dialog-open', {url: 'x'}).catch((e) => e.code)") == "unsupported"
    page.evaluate("host.tell('theme', {theme: 'light'}); host.tell('item'); host.tell('focus', {to: 'first'})")
    pane.wait_for_function("notices.length === 3")
    assert pane.evaluate("notices") == [["theme", {"theme": "light"}], ["item", {}], ["focus", {"to": "first"}]]


def test_a_host_of_another_origin_is_not_answered(windows: Callable[..., Page]) -> None:
    page = windows(ELSEWHERE)
    page.evaluate("hello({nonce: crypto.randomUUID()})")
    assert heard(page) == []
    assert not is_met(page)


def test_another_window_of_the_right_origin_is_not_answered(windows: Callable[..., Page]) -> None:
    page = windows()
    page.evaluate(
        f"""() => {{ const other = document.createElement("iframe"); other.src = "{MAIL}/other/";
        other.id = "other"; document.body.append(other); return new Promise((done) => {{ other.onload = done; }}); }}"""
    )
    other = next(frame for frame in page.frames if frame.url == f"{MAIL}/other/")
    other.evaluate(
        """(told) => { window.told = []; addEventListener("message", (e) => window.told.push(e.data));
        parent.frames[0].postMessage(JSON.stringify(told), "*"); }""",
        {"bridge": "alongside", "kind": "hello", "versions": [1], "nonce": NONCE},
    )
    assert heard(page) == []
    assert other.evaluate("told") == []
    assert not is_met(page)


def test_a_version_that_nobody_speaks_is_refused_with_those_that_are(windows: Callable[..., Page]) -> None:
    page = windows()
    page.evaluate("(nonce) => hello({nonce, versions: [2, 3]})", NONCE)
    (told,) = heard(page)
    assert (told["kind"], told["reason"], told["versions"], told["nonce"]) == ("refused", "version", [1], NONCE)
    assert told["ports"] == 0
    assert not is_met(page)


def test_of_several_versions_the_one_in_common_is_spoken(windows: Callable[..., Page]) -> None:
    page = windows()
    page.evaluate("(nonce) => hello({nonce, versions: [7, 1]})", NONCE)
    (told,) = heard(page)
    assert (told["kind"], told["version"], told["ports"]) == ("welcome", 1, 1)


def test_a_nonce_is_good_once(windows: Callable[..., Page]) -> None:
    page = windows()
    page.evaluate("(nonce) => { hello({nonce}); hello({nonce}); }", NONCE)
    assert [(told["kind"], told.get("reason")) for told in heard(page)] == [("welcome", None), ("refused", "replayed")]


@pytest.mark.parametrize("nonce", ["", "short", "n" * 65, 'n"><img src=x onerror=alert(1)>nnnn', None, 7])
def test_a_nonce_that_is_none_is_not_answered(windows: Callable[..., Page], nonce: Any) -> None:
    page = windows()
    page.evaluate("(nonce) => hello({nonce})", nonce)
    assert heard(page) == []


@pytest.mark.parametrize(
    "data",
    [
        {"bridge": "alongside", "kind": "hello", "versions": [1], "nonce": NONCE},  # an object, no text
        "{",
        "null",
        json.dumps({"bridge": "another", "kind": "hello", "versions": [1], "nonce": NONCE}),
        json.dumps({"bridge": "alongside", "kind": "hello", "versions": "1", "nonce": NONCE}),
        json.dumps({"bridge": "alongside", "kind": "hello", "versions": [1], "nonce": NONCE, "more": "x" * 262_144}),
    ],
)
def test_a_greeting_that_is_none_is_not_answered(windows: Callable[..., Page], data: Any) -> None:
    page = windows()
    page.evaluate(f"(data) => frame.contentWindow.postMessage(data, '{PANE}')", data)
    assert heard(page) == []


def test_no_more_than_a_few_ports_are_given_out(windows: Callable[..., Page]) -> None:
    page = windows()
    page.evaluate("() => { for (let i = 0; i < 12; i++) hello({nonce: crypto.randomUUID()}); }")
    told = [one["kind"] for one in heard(page)]
    assert told == ["welcome"] * 8 + ["refused"] * 4


@pytest.mark.parametrize(
    "first",
    [
        {"kind": "open", "nonce": NONCE, "client": "gmail", "capabilities": []},
        {"kind": "item", "body": {}},
        {"kind": "open", "client": "gmail", "capabilities": []},
    ],
)
def test_a_port_that_is_not_opened_with_the_panes_nonce_is_closed(windows: Callable[..., Page], first: Any) -> None:
    page = windows()
    page.evaluate(
        "async (first) => { hello({nonce: crypto.randomUUID()}); await until(() => window.ports); "
        "ports[0].postMessage(JSON.stringify(first)); }",
        first,
    )
    page.wait_for_timeout(150)
    assert not is_met(page)
    # What comes afterwards, even with the right nonce, is not heard on that port.
    page.evaluate(
        "ports[0].postMessage(JSON.stringify({kind: 'open', nonce: heard[0].reply, client: 'gmail', capabilities: []}))"
    )
    page.wait_for_timeout(150)
    assert not is_met(page)
    opened(page)  # another greeting is


def test_after_the_handshake_no_greeting_is_heard(windows: Callable[..., Page]) -> None:
    page = windows()
    opened(page)
    before = len(heard(page))
    page.evaluate("hello({nonce: crypto.randomUUID()})")
    assert len(heard(page)) == before
    # Nor a message that goes past the port.
    page.evaluate(
        f"frame.contentWindow.postMessage(JSON.stringify({{v: 1, kind: 'theme', body: {{theme: 'dark'}}}}), '{PANE}')"
    )
    page.wait_for_timeout(150)
    assert pane_of(page).evaluate("notices") == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"kind": "theme", "body": {"theme": "pink"}}, "choice"),
        ({"kind": "theme", "body": None}, "choice"),
        ({"kind": "focus", "body": []}, "object"),
        ({"kind": "locale", "body": {"locale": "de\"><script>"}}, "text"),
        ({"kind": "dialog-message", "body": {"dialog": 1, "text": "x" * 4097}}, "text"),
        ({"kind": "dialog-message", "body": {"dialog": -1, "text": "x"}}, "number"),
        ({"kind": "Not A Kind", "body": {}}, "text"),
        ({"kind": "item", "body": {}, "more": "x" * 262_144}, "too large"),
    ],
)  # fmt: skip
def test_a_message_out_of_shape_is_dropped_and_told(windows: Callable[..., Page], message: Any, reason: str) -> None:
    page = windows()
    opened(page)
    page.evaluate("(message) => port.postMessage(JSON.stringify(message))", message)
    page.wait_for_function("said.length === 1")
    assert page.evaluate("said[0]") == {"v": 1, "kind": "invalid", "body": {"reason": reason}}
    assert pane_of(page).evaluate("notices") == []


def test_an_unknown_kind_is_told_and_harmless(windows: Callable[..., Page]) -> None:
    page = windows()
    opened(page)
    page.evaluate("port.postMessage(JSON.stringify({kind: 'teleport', body: {}}))")
    page.wait_for_function("said.length === 1")
    assert page.evaluate("said[0]") == {"v": 1, "kind": "unsupported", "body": {"kind": "teleport"}}
    page.evaluate("port.postMessage(JSON.stringify({kind: 'constructor', body: {}}))")
    page.evaluate("port.postMessage(JSON.stringify({kind: 'theme', body: {theme: 'dark'}}))")
    pane_of(page).wait_for_function("notices.length === 1")


@pytest.mark.parametrize(
    "item",
    [
        {"kind": "message"},
        {"kind": "message", "hint": {}},
        {"kind": "message", "hint": {"item_key": "a b"}},
        {"kind": "message", "hint": {"item_key": "k", "to": "dana@northwind.example"}},
        {"kind": "message", "hint": {"item_key": "k", "to": [{"address": "x"}] * 1001}},
        {"kind": "message", "hint": {"item_key": "k", "sent_at": "yesterday"}},
        {"kind": "message", "hint": {"item_key": "k", "attachments": [{"key": "a", "name": "b", "size": -1}]}},
        {"kind": "compose", "mailbox": {"address": "a@b.example", "kind": "stolen"}},
        {"kind": "folder"},
        [],
    ],
)
def test_an_answer_out_of_shape_ends_its_question(windows: Callable[..., Page], item: Any) -> None:
    page = windows()
    opened(page)
    page.evaluate(
        "(item) => { port.onmessage = ({data}) => port.postMessage("
        "JSON.stringify({kind: 'answer', re: JSON.parse(data).id, body: {item}})); }",
        item,
    )
    assert pane_of(page).evaluate("channel.ask('read').catch((error) => error.code)") == "invalid"


def test_answers_to_what_nobody_asked_and_errors_of_no_list_change_nothing(windows: Callable[..., Page]) -> None:
    page = windows()
    opened(page)
    page.evaluate("port.postMessage(JSON.stringify({kind: 'answer', re: 99, body: {item: null}}))")
    asked = pane_of(page).evaluate_handle("({answer: channel.ask('read', {}, 400).catch((error) => error.code)})")
    page.wait_for_function("said.length === 1")
    page.evaluate("port.postMessage(JSON.stringify({kind: 'answer', re: said[0].id, error: {code: 'made-up'}}))")
    assert asked.evaluate("(asked) => asked.answer") == "timeout"


def test_a_host_that_goes_on_sending_rubbish_is_left(windows: Callable[..., Page]) -> None:
    page = windows()
    opened(page)
    page.evaluate("() => { for (let i = 0; i < 20; i++) port.postMessage('rubbish'); }")
    page.wait_for_function("said.length === 20")
    page.evaluate("port.postMessage(JSON.stringify({kind: 'theme', body: {theme: 'dark'}}))")
    assert pane_of(page).evaluate("channel.ask('read').catch((error) => error.constructor.name)") == "HostGone"
    assert pane_of(page).evaluate("notices") == []


@pytest.mark.parametrize("kind", ["__proto__", "toString", "hasOwnProperty", "constructor", "answer", "open", "hello"])
def test_a_kind_that_objects_have_by_themselves_does_nothing(windows: Callable[..., Page], kind: str) -> None:
    page = windows()
    opened(page)
    page.evaluate('(kind) => port.postMessage(`{"kind": "${kind}", "body": {"__proto__": {"theme": 1}}}`)', kind)
    page.evaluate("port.postMessage(JSON.stringify({kind: 'theme', body: {theme: 'dark'}}))")
    pane_of(page).wait_for_function("notices.length === 1")
    assert pane_of(page).evaluate("[({}).theme, ({}).marked, notices[0][0]]") == [None, None, "theme"]


def test_the_first_answer_to_a_question_counts(windows: Callable[..., Page]) -> None:
    page = windows()
    opened(page)
    page.evaluate(
        """() => { port.onmessage = ({data}) => { const {id} = JSON.parse(data);
        for (const item_key of ["first", "second"]) port.postMessage(JSON.stringify(
            {kind: "answer", re: id, body: {item: {kind: "message", hint: {item_key}}}})); }; }"""
    )
    told = pane_of(page).evaluate("channel.ask('read')")
    assert told["item"]["hint"]["item_key"] == "first"


@pytest.mark.parametrize(
    "said",
    [
        '{"kind": "toString", "id": 1, "body": {}}',
        '{"kind": "__proto__", "id": 1, "body": {}}',
        '{"kind": "constructor", "id": 1, "body": {}}',
        '{"kind": "format-disk", "id": 1, "body": {}}',
    ],
)
def test_our_host_knows_what_it_was_given_and_nothing_that_objects_have(
    windows: Callable[..., Page], said: str
) -> None:
    page = windows()
    connected(page, "{read: () => ({item: null})}")
    pane = pane_of(page)
    pane.wait_for_function("Boolean(window.channel)")
    kind = json.loads(said)["kind"]
    assert pane.evaluate("(kind) => channel.ask(kind, {}, 400).catch((error) => error.code)", kind) == "unsupported"
    assert pane.evaluate("channel.ask('read')") == {"item": None}


def test_our_host_drops_what_is_too_large_and_goes_on(windows: Callable[..., Page]) -> None:
    page = windows()
    connected(page, "{'open-link': () => { window.done = true; }, read: () => ({item: null})}")
    pane = pane_of(page)
    pane.wait_for_function("Boolean(window.channel)")
    body = "({url: 'https://northwind.example/', more: 'x'.repeat(262144)})"
    assert pane.evaluate(f"channel.ask('open-link', {body}, 400).catch((error) => error.code)") == "timeout"
    assert page.evaluate("window.done") is None
    assert pane.evaluate("channel.ask('read')") == {"item": None}


def test_our_host_is_not_spoken_to_by_a_page_that_took_the_panes_place(windows: Callable[..., Page]) -> None:
    """The frame went elsewhere: what comes from there has the right window and the wrong origin."""
    page = windows()
    connected(page, "{read: () => { window.done = true; return {item: null}; }}")
    page.evaluate(
        """(there) => { host.close(); window.refused = undefined;
        window.host = alongsideHost.connect({frame, origin: "https://pane.example", client: "gmail",
        opening: {capabilities: []}, handlers: {read: () => { window.done = true; return {item: null}; }}});
        frame.src = there; return new Promise((done) => { frame.onload = done; }); }""",
        f"{ELSEWHERE}/other/",
    )
    other = next(frame for frame in page.frames if frame.url.startswith(ELSEWHERE))
    other.evaluate(
        """() => { window.told = []; addEventListener("message", ({data}) => {
        window.told.push(data); const {port1, port2} = new MessageChannel();
        port1.onmessage = (event) => window.told.push(event.data);
        parent.postMessage(JSON.stringify({bridge: "alongside", kind: "welcome", version: 1,
            nonce: JSON.parse(data).nonce, reply: "r".repeat(32)}), "*", [port2]); }); }"""
    )
    page.wait_for_timeout(800)
    # Greetings go to the pane's origin alone, so none of them, nor any port, came here.
    assert other.evaluate("told") == []
    assert page.evaluate("window.done") is None


def test_our_host_believes_only_its_frame_and_what_it_asked(windows: Callable[..., Page]) -> None:
    page = windows(ELSEWHERE)  # the pane does not answer here, so whatever comes is another's
    connected(page)
    page.evaluate(
        """() => { const {port1, port2} = new MessageChannel();
        const lie = JSON.stringify({bridge: "alongside", kind: "welcome", version: 1, nonce: "x".repeat(32),
          reply: "r".repeat(32)});
        window.lies = []; port1.onmessage = (event) => window.lies.push(event.data);
        window.postMessage(lie, "*", [port2]); }"""
    )
    pane_of(page).evaluate(
        """() => { const {port1, port2} = new MessageChannel();
        window.lies = []; port1.onmessage = (event) => window.lies.push(event.data);
        parent.postMessage(JSON.stringify({bridge: "alongside", kind: "welcome", version: 1, nonce: "y".repeat(32),
        reply: "r".repeat(32)}), "*", [port2]); }"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("lies") == pane_of(page).evaluate("lies") == []


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "open-link", "id": 1, "body": {"url": "javascript:alert(1)"}},
        {"kind": "open-link", "id": 1, "body": {"url": "https://" + "x" * 2048}},
        {"kind": "leave", "id": 1, "body": {"direction": "up"}},
        {"kind": "mark", "id": 1, "body": {"marked": 1}},
    ],
)
def test_our_host_does_not_do_what_is_out_of_shape(windows: Callable[..., Page], asked: Any) -> None:
    page = windows()
    done = "() => { window.done = true; }"
    connected(page, f'{{"{asked["kind"]}": {done}}}')
    pane = pane_of(page)
    pane.wait_for_function("Boolean(window.channel)")
    kind, body = asked["kind"], asked["body"]
    pane.evaluate(
        "([kind, body]) => { channel.tell(kind, body); channel.ask(kind, body, 200).catch(() => {}); }", [kind, body]
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.done") is None
