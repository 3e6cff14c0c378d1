"""What `docs/asvs.md` names exists, no requirement of its chapters is left out, and its sums are right."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "asvs.md"
STATES = ("met", "partly", "not met")
#: How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has: the first ones; those of level 3 come after.
SECTIONS = {
    "7": {1: 3, 2: 4, 3: 2, 4: 5, 5: 2, 6: 2},
    "8": {1: 2, 2: 3, 3: 1, 4: 1},
    "13": {1: 1, 2: 5, 3: 2, 4: 5},
    "16": {1: 1, 2: 5, 3: 4, 4: 3, 5: 3},
}
LEVEL_1 = {*(f"7.2.{number}" for number in range(1, 5)), "7.4.1", "7.4.2", "8.1.1", "8.2.1", "8.2.2", "8.3.1", "13.4.1"}


def rows() -> list[list[str]]:
    """The cells of each requirement's row."""
    lines = [
        line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d+\.\d+\.\d+, ", line)
    ]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def state(row: list[str]) -> str:
    found = re.match(r"\**(not met|met|partly)\b", row[2])
    assert found, row
    return found[1]


def functions_of(path: str) -> set[str]:
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def test_every_requirement_of_the_chapters_has_its_row_and_its_level() -> None:
    asked = [
        f"{chapter}.{section}.{number}"
        for chapter, sections in SECTIONS.items()
        for section, count in sections.items()
        for number in range(1, count + 1)
    ]
    assert [row[0] for row in rows()] == [f"{number}, {1 if number in LEVEL_1 else 2}" for number in asked]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_what_a_row_names_exists(row: list[str]) -> None:
    _number, _asked, said, where, shown = row
    places = re.findall(r"\]\((\.\./)?([^)#]+)", where)
    assert places
    for above, place in places:
        assert ((ROOT if above else DOCUMENT.parent) / place).is_file(), place
    named = re.findall(r"`([^`]+)`", shown)
    for name in named:
        path, _, test = name.partition("::")
        assert test.startswith("test_"), name
        assert test in functions_of(path), name
    if state(row) == "met":
        # A requirement about documentation is shown by the documentation.
        assert named or all(not above for above, _place in places)
    else:
        assert len(said) > len("not met. "), "what is missing is not said"


def test_the_sums_are_right() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    together = Counter(state(row) for row in rows())
    for chapter in SECTIONS:
        counted = Counter(state(row) for row in rows() if row[0].startswith(f"{chapter}."))
        sums = " | ".join(str(number) for number in (counted.total(), *(counted[one] for one in STATES)))
        assert re.search(rf"^\| V{chapter} [^|]+\| {re.escape(sums)} \|$", text, re.MULTILINE), sums
    sums = " | ".join(str(number) for number in (together.total(), *(together[one] for one in STATES)))
    assert f"| together | {sums} |" in text
