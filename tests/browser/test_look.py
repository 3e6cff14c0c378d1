"""Every example of the pane held against what everybody needs: axe-core, targets, narrow panes, zoom, the keyboard.

Each example is shown once and asked everything at once. Colours are asked in each set of tokens, light and dark; what
does not depend on them once. https://www.w3.org/TR/WCAG22/
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import RULES, violations
from tests.look import pictures
from tests.look.registry import PARTS, Example, examples

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NARROW, TALL = 320, 560
#: High enough for nothing to lie behind the foot that sticks: what is covered cannot be asked.
WHOLE = 6_000
CONTRAST = {"type": "rule", "values": ["color-contrast"]}
NO_COLOURS = {"color-contrast": {"enabled": False}}
#: The shell is a whole page; an example of it is asked as such.
DRESS = """([looks, theme]) => {
    document.documentElement.dataset.looks = looks;
    document.documentElement.dataset.theme = theme;
}"""
COLOURS = (("fluent", "light"), ("fluent", "dark"), ("google", "light"), ("google", "dark"))
#: What has words in a colour on grounds that nothing had before with these tokens: contrast follows from those alone.
FRESH = """() => {
    const {looks, theme} = document.documentElement.dataset;
    const every = (globalThis.asked ||= {});
    const asked = (every[`${looks} ${theme}`] ||= new Set());
    const pair = (one) => {
        const {color, fontSize, fontWeight} = getComputedStyle(one);
        const parts = [color, fontSize, fontWeight];
        for (let at = one; at; at = at.parentElement) {
            const {backgroundColor, backgroundImage, opacity, filter} = getComputedStyle(at);
            parts.push(opacity, filter);
            if (backgroundImage !== "none" || !/, 0\\)$/.test(backgroundColor)) {
                parts.push(backgroundColor, backgroundImage);
            }
        }
        return parts.filter((part) => part !== "1" && part !== "none").join(" ");
    };
    const wordy = (one) => one.matches("input, select, textarea")
        || [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    return [...document.body.querySelectorAll("*")].filter((one) => {
        if (!one.checkVisibility({visibilityProperty: true}) || !wordy(one)) {
            return false;
        }
        const key = pair(one);
        return !asked.has(key) && asked.add(key);
    });
}"""
SMALL = """() => {
    const small = [];
    for (const one of document.querySelectorAll("a[href], button, input, select, textarea, summary")) {
        if (!one.checkVisibility({visibilityProperty: true}) || one.type === "hidden" || one.disabled
            || one.ariaHidden === "true") {
            continue;
        }
        const sizes = [one, ...(one.labels || [])].map((target) => target.getBoundingClientRect());
        if (!sizes.some((size) => size.width >= 24 && size.height >= 24)) {
            const {width, height} = sizes[0];
            small.push(`${one.outerHTML.slice(0, 120)} ${width.toFixed(1)} x ${height.toFixed(1)}`);
        }
    }
    return small;
}"""
WIDE = """() => {
    const wide = [];
    const across = document.documentElement.clientWidth;
    for (const one of document.body.querySelectorAll("*")) {
        const {left, right, width} = one.getBoundingClientRect();
        if (width && (right > across + 1 || left < -1) && !one.closest(".visually-hidden, svg, template")) {
            wide.push(`${one.tagName} ${one.className} ${left.toFixed(0)}–${right.toFixed(0)} of ${across}`);
        }
    }
    return document.documentElement.scrollWidth > across ? wide : [];
}"""
FOCUS = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) {
        return null;
    }
    const style = getComputedStyle(one);
    const {left, top, width, height} = one.getBoundingClientRect();
    const places = [[0.5, 0.5], [0.1, 0.1], [0.9, 0.9]].map(([x, y]) => [left + width * x, top + height * y]);
    const seen = places.filter(([x, y]) => {
        const over = document.elementFromPoint(x, y);
        return over && (over === one || one.contains(over) || over.contains(one));
    });
    return {
        what: one.outerHTML.slice(0, 120),
        ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        seen: seen.length === places.length,
    };
}"""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Where the examples are."""
    with pictures.served(examples()) as address:
        yield address


@pytest.fixture(scope="module")
def looked(browser: Browser, origin: str) -> tuple[Page, str]:
    """A page as narrow as a pane is, and where the examples are."""
    return pictures.window(browser, viewport={"width": NARROW, "height": TALL}).new_page(), origin


@pytest.fixture(scope="module")
def stand(browser: Browser, origin: str) -> pictures.Stand:
    """One on which an example takes the place of another."""
    page = pictures.window(browser, viewport={"width": NARROW, "height": WHOLE}).new_page()
    return pictures.Stand(page, origin, "show")


def show(looked: tuple[Page, str], example: Example, height: int = WHOLE) -> Page:
    page, origin = looked
    page.set_viewport_size({"width": NARROW, "height": height})
    page.goto(f"{origin}/show/{pictures.hosts(example)[0]}/{example.name}")
    pictures.finish(page, example)
    return page


@pytest.mark.parametrize("part", PARTS)
def test_everybody_can_use_each_state(part: str, stand: pictures.Stand) -> None:
    wrong: dict[str, list[str]] = {}
    page = stand.page
    for example in examples().values():
        if example.part != part:
            continue
        page.set_viewport_size({"width": NARROW, "height": WHOLE})
        stand.put(example, pictures.hosts(example)[0])
        page.evaluate(DRESS, COLOURS[0])
        # A language changes the words alone; what is asked of the whole is asked once for each direction of writing.
        whole = example.language in {"en", "ar"}
        found = violations(page, runOnly={"type": "tag", "values": RULES}, rules=NO_COLOURS) if whole else []
        dressed = COLOURS if example.pictured and example.language == "en" else COLOURS[:1]
        for looks, theme in dressed:
            page.evaluate(DRESS, [looks, theme])
            found += [f"{looks} {theme} {line}" for line in violations(page, FRESH, runOnly=CONTRAST)]
        found += [f"target {line}" for line in page.evaluate(SMALL)]
        found += [f"wide {line}" for line in page.evaluate(WIDE)]
        page.set_viewport_size({"width": NARROW // 2, "height": WHOLE})
        found += [f"wide at 200 % {line}" for line in page.evaluate(WIDE)]
        if found:
            wrong[example.name] = found
    assert not wrong, "\n".join(f"{name}\n    " + "\n    ".join(lines) for name, lines in wrong.items())


@pytest.mark.parametrize("name", ["email/several", "foot/following", "sync/settings", "sync/decisions"])
def test_the_keyboard_s_place_is_always_seen(name: str, looked: tuple[Page, str]) -> None:
    """Forwards and backwards: a ring, and nothing of the sticky status and foot over what has the focus."""
    page = show(looked, examples()[name], TALL)
    for key in ("Tab", "Shift+Tab"):
        steps = 0
        while steps < 200:
            page.keyboard.press(key)
            at = page.evaluate(FOCUS)
            if at is None:
                break
            steps += 1
            assert at["ringed"], f"no ring: {at['what']}"
            assert at["seen"], f"covered: {at['what']}"
        assert 3 < steps < 200


#: From the skeleton to what takes its place, and from one email or part to the next.
PAINTED = (
    ("email/loading", ("email/one-person", "email/loading", "email/several", "foot/filed", "states/unavailable")),
    ("email/loading", ("email/will-file", "foot/filing", "foot/filed", "foot/following")),
    ("sync/loading", ("sync/current", "sync/settings", "sync/issues", "sync/no-issues")),
)
SHIFTS = """() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
            const at = ({x, y, width, height}) => `${x},${y} ${width}x${height}`;
            const moved = entry.sources.map(
                (one) => `${one.node?.outerHTML?.slice(0, 80)} ${at(one.previousRect)} to ${at(one.currentRect)}`,
            );
            window.shifts.push(`${entry.value.toFixed(4)} ${moved}`);
        }
    }).observe({type: "layout-shift", buffered: true});
}"""
PAINT = """async (places) => {
    for (const [name, html] of Object.entries(places)) {
        const place = document.getElementById(name);
        htmx.swap(place.querySelector("[data-sync-body]") || place, html, {swapStyle: "innerHTML"});
    }
    await new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 60));
}"""


@pytest.mark.parametrize(("skeleton", "painted"), PAINTED)
def test_nothing_moves_after_the_first_paint(skeleton: str, painted: tuple[str, ...], looked: tuple[Page, str]) -> None:
    """Cumulative layout shift is 0. https://web.dev/articles/cls"""
    page, origin = looked
    page.set_viewport_size({"width": NARROW, "height": TALL})
    page.goto(f"{origin}/show/outlook/{skeleton}")
    page.add_script_tag(url=f"{origin}/static/vendor/htmx/htmx.min.js")
    empty = {name: page.locator(f"#{name}").inner_html() for name in ("status", "email", "foot")}
    page.evaluate(SHIFTS)
    for name in painted:
        places = examples()[name].places()
        page.evaluate(PAINT, {**empty, **places} if not examples()[name].view else dict(places))
    assert page.evaluate("window.shifts") == []


def test_a_shift_is_found(looked: tuple[Page, str]) -> None:
    page, origin = looked
    page.goto(f"{origin}/show/outlook/email/one-person")
    page.evaluate(SHIFTS)
    page.evaluate("""async () => {
        const late = document.createElement("p");
        late.style.height = "80px";
        document.getElementById("email").prepend(late);
        await new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 60));
    }""")
    assert page.evaluate("window.shifts") != []


def test_what_is_wrong_is_found(looked: tuple[Page, str]) -> None:
    """The measures measure: a page with one of each fault is told of each."""
    page = show(looked, examples()["email/one-person"])
    page.evaluate("""() => {
        const bad = document.createElement("button");
        bad.style.cssText = "width:12px;height:12px;padding:0;position:absolute;inset-inline-start:600px";
        document.querySelector("main").append(bad);
        const faint = document.createElement("p");
        faint.textContent = "faint";
        faint.style.color = "#e0e0e0";
        document.querySelector("main").append(faint);
    }""")
    found = "\n".join(violations(page, runOnly={"type": "tag", "values": RULES}))
    assert "button-name" in found
    assert "color-contrast" in found
    assert any(">faint<" in line for line in violations(page, FRESH, runOnly=CONTRAST))
    assert violations(page, FRESH, runOnly=CONTRAST) == []
    page.evaluate(DRESS, ["fluent", "dark"])
    assert violations(page, FRESH, runOnly=CONTRAST) == []
    page.evaluate("document.querySelector('main > p:last-child').style.color = '#404040'")
    assert any(">faint<" in line for line in violations(page, FRESH, runOnly=CONTRAST))
    assert page.evaluate(SMALL)
    assert page.evaluate(WIDE)
