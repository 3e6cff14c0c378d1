"""Contrast by computation: each set of tokens, light and dark, in each pair that the stylesheets use together.

Which pairs those are is read out of the stylesheets: a rule with a colour and a background is a pair; a colour without
one stands on the surface, plain or under the pointer. What only nesting tells is written down in `NESTED`.
https://www.w3.org/TR/WCAG22/#contrast-minimum and #non-text-contrast
"""

from __future__ import annotations

import re
from functools import cache

import pytest

from tests.look.css import TOKENS, Rule, rules, stylesheets

TEXT, BOUNDARY = 4.5, 3.0
SETS = ("fluent", "google")
SCHEMES = ("light", "dark")
#: Sheets whose pages use the tokens of hosts. The dialog that connects has colours of its own.
SHEETS = [path for path in stylesheets() if path != TOKENS and path.parts[-2] != "connect"]
#: (foreground, background): text inside something whose background another rule paints.
NESTED = {
    ("text", "warn-surface"),
    ("text", "surface-sunken"),
    ("text", "surface-pressed"),
    ("text-2", "surface-sunken"),
    ("text-3", "surface-sunken"),
    ("link", "surface-sunken"),
    ("warn", "warn-surface"),
    ("link", "warn-surface"),
    ("text-2", "warn-surface"),
    ("text-3", "surface-pressed"),
    ("good", "good-surface"),
    ("bad", "bad-surface"),
    ("text-2", "badge"),
    ("on-accent", "accent-hover"),
    ("on-accent", "accent-pressed"),
}
#: What tells that something can be ticked, typed into or pressed, or where the keyboard is.
BOUNDARIES = {
    ("control", "surface"),
    ("control", "warn-surface"),
    ("control", "surface-sunken"),
    ("stroke-strong", "surface"),
    ("stroke-strong", "surface-hover"),
    ("tick", "surface"),
    ("tick", "surface-hover"),
    ("tick", "on-tick"),
    ("tick", "bone"),
    ("focus", "surface"),
    ("focus", "surface-hover"),
    ("focus", "surface-pressed"),
    ("focus", "focus-inner"),
    ("focus-inner", "accent"),
    ("bad", "surface"),
    ("warn", "surface"),
}
_VAR = re.compile(r"var\(--([a-z0-9-]+)\)")
_HEX = re.compile(r"#[0-9a-f]{6}")


@cache
def palette(which: str, scheme: str, *, by: str = "theme") -> dict[str, str]:
    """Token → value, as the cascade gives them; `by` says whether the theme or the system's preference decides."""
    values: dict[str, str] = {}
    for rule in rules(TOKENS):
        if "forced-colors" in rule.around:
            continue
        if "prefers-color-scheme: dark" in rule.around and (scheme != "dark" or by != "system"):
            continue
        if '[data-theme="dark"]' in rule.selector and (scheme != "dark" or by != "theme"):
            continue
        if "google" in rule.selector and which != "google":
            continue
        values |= {name.removeprefix("--"): value for name, value in rule.declarations}
    return values


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def colours(rule: Rule, *names: str) -> list[str]:
    return _VAR.findall(rule.value(*names))


def used_together() -> dict[tuple[str, str], str]:
    """(colour of text, background) → a rule that has it."""
    pairs: dict[tuple[str, str], str] = dict.fromkeys(NESTED, "nested")
    known = palette("fluent", "light")
    for path in SHEETS:
        for rule in rules(path):
            if "forced-colors" in rule.around or "::" in rule.selector:
                continue
            for colour in colours(rule, "color"):
                if not _HEX.fullmatch(known.get(colour, "")):
                    continue
                behind = [name for name in colours(rule, "background", "background-color") if name in known]
                for background in behind or ("surface", "surface-hover"):
                    pairs.setdefault((colour, background), str(rule))
    # Printed on a filled button or tick, or greyed because it is inactive: their own pairs say what counts.
    # `tick` draws symbols and bars, which are held against the limit of boundaries.
    own = {"on-accent", "on-tick", "disabled-text", "tick"}
    return {
        pair: where
        for pair, where in pairs.items()
        if pair[0] not in own or pair[1] not in {"surface", "surface-hover"}
    }


def test_the_sheets_use_tokens_that_exist() -> None:
    known = set(palette("fluent", "light"))
    own = {name.removeprefix("--") for path in SHEETS for rule in rules(path) for name, _ in rule.declarations}
    missing = {
        f"{rule}: {name}"
        for path in SHEETS
        for rule in rules(path)
        for _, value in rule.declarations
        for name in _VAR.findall(value)
        if name not in known | own
    }
    assert not missing


@pytest.mark.parametrize("which", SETS)
def test_each_set_has_every_colour_in_light_and_dark(which: str) -> None:
    plain = {name for name, value in palette("fluent", "light").items() if _HEX.fullmatch(value)}
    for scheme in SCHEMES:
        for name in plain:
            assert _HEX.fullmatch(palette(which, scheme)[name]), (which, scheme, name)
    told = {rule.selector: {name for name, _ in rule.declarations} for rule in rules(TOKENS)}
    whole = {f"--{name}" for name in plain} | {"--shadow", "color-scheme"}
    for selector, names in told.items():
        if "root:root" not in selector:
            assert whole <= names, f"{selector} leaves to another set: {whole - names}"


@pytest.mark.parametrize("which", SETS)
def test_the_system_s_preference_gives_the_same_dark_as_the_host_s_theme(which: str) -> None:
    assert palette(which, "dark", by="system") == palette(which, "dark", by="theme")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("which", SETS)
def test_text_stands_out(which: str, scheme: str) -> None:
    values = palette(which, scheme)
    faint = {
        f"{colour} on {background} is {contrast(values[colour], values[background]):.2f}": where
        for (colour, background), where in used_together().items()
        if contrast(values[colour], values[background]) < TEXT
    }
    assert not faint


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("which", SETS)
def test_boundaries_of_controls_stand_out(which: str, scheme: str) -> None:
    values = palette(which, scheme)
    faint = {
        f"{one} beside {other} is {contrast(values[one], values[other]):.2f}"
        for one, other in BOUNDARIES
        if contrast(values[one], values[other]) < BOUNDARY
    }
    assert not faint


def test_the_two_hosts_do_not_look_the_same() -> None:
    for scheme in SCHEMES:
        outlook, gmail = palette("fluent", scheme), palette("google", scheme)
        assert outlook["accent"] != gmail["accent"]
        assert outlook["font"] != gmail["font"]
