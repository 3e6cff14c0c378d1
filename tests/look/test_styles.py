"""What every stylesheet keeps to: colours by tokens, sides by logical properties, no motion for who wants none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.look.css import STATIC, TOKENS, rules, stylesheets

SHEETS = [path for path in stylesheets() if path != TOKENS]
#: The pages of the dialog that connects stand alone and name their few colours themselves, at their head.
OWN_COLOURS = STATIC / "connect" / "connect.css"
_RAW = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color|color-mix)\(")
_NAMED = re.compile(
    r"\b(?:white|black|red|green|blue|gray|grey|orange|yellow|silver|navy|teal|purple|maroon|pink|brown)\b"
)
_COLOURS = re.compile(r"color|background|border|outline|fill|stroke|shadow")
_SIDES = re.compile(
    r"^(?:(?:scroll-)?(?:margin|padding)-(?:left|right|top|bottom)|border-(?:left|right|top|bottom).*|"
    r"border-(?:top|bottom)-(?:left|right)-radius|left|right|top|bottom)$"
)


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: str(path.relative_to(STATIC)))
def test_colours_come_from_tokens(path: Path) -> None:
    raw = [
        f"{rule}: {name}: {value}"
        for rule in rules(path)
        for name, value in rule.declarations
        if not (path == OWN_COLOURS and name.startswith("--"))
        and (_RAW.search(value) or (_COLOURS.search(name) and _NAMED.search(value)))
    ]
    assert raw == []


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: str(path.relative_to(STATIC)))
def test_sides_are_logical(path: Path) -> None:
    physical = [
        f"{rule}: {name}: {value}"
        for rule in rules(path)
        for name, value in rule.declarations
        if _SIDES.match(name)
        or (name in {"float", "clear", "text-align", "caption-side"} and value in {"left", "right"})
        or (name in {"margin", "padding", "inset"} and _uneven(value))
    ]
    assert physical == []


def _uneven(value: str) -> bool:
    """Four values of which the second and the fourth differ: left and right are told apart."""
    parts = re.findall(r"(?:[^\s()]+(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?)+", value.replace("!important", "").strip())
    return len(parts) == 4 and parts[1] != parts[3]


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: str(path.relative_to(STATIC)))
def test_nothing_moves_for_who_wants_no_motion(path: Path) -> None:
    """An animation or a transition with a length stands only where the system says that motion is welcome."""
    moving = [
        f"{rule}: {name}: {value}"
        for rule in rules(path)
        for name, value in rule.declarations
        if name in {"animation", "transition", "scroll-behavior", "animation-duration", "transition-duration"}
        and "prefers-reduced-motion: no-preference" not in rule.around
        and value not in {"none", "auto"}
        and not re.search(r"\b0s\b", value)
    ]
    assert moving == []


def test_the_rules_are_read_at_all() -> None:
    """A reader that finds nothing would let everything pass."""
    assert sum(1 for path in SHEETS for _ in rules(path)) > 200
    assert _uneven("1px 2px 3px 4px")
    assert not _uneven("1px var(--a, calc(1px + 2px)) 3px var(--a, calc(1px + 2px))")
