"""The product's own stylesheets, read into rules: no @import, no nesting, no braces in strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "static"
TOKENS = STATIC / "pane" / "tokens.css"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_NOT_OURS = ("vendor", "demo")


@dataclass(frozen=True, slots=True)
class Rule:
    """`around` is the at-rule that it stands in, "" for none."""

    file: str
    around: str
    selector: str
    declarations: tuple[tuple[str, str], ...]

    def value(self, *names: str) -> str:
        """The last value given to one of the properties, "" for none."""
        found = [value for name, value in self.declarations if name in names]
        return found[-1] if found else ""

    def __str__(self) -> str:
        return f"{self.file}: {self.selector}"


def stylesheets() -> list[Path]:
    """Of panes and of the pages that use the same tokens; the mail client around the demo is none of ours."""
    return sorted(path for path in STATIC.rglob("*.css") if path.relative_to(STATIC).parts[0] not in _NOT_OURS)


def rules(path: Path) -> Iterator[Rule]:
    text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    yield from _rules(text, str(path.relative_to(STATIC)), "")


def _rules(text: str, file: str, around: str) -> Iterator[Rule]:
    at = 0
    while (opening := text.find("{", at)) >= 0:
        head = " ".join(text[at:opening].split())
        closing = _closing(text, opening)
        inside = text[opening + 1 : closing]
        if head.startswith(("@media", "@supports", "@container")):
            yield from _rules(inside, file, head)
        elif not head.startswith("@keyframes"):
            yield Rule(file, around, head, tuple(_declarations(inside)))
        at = closing + 1


def _closing(text: str, opening: int) -> int:
    depth = 0
    for place in range(opening, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise ValueError("a brace is not closed")


def _declarations(inside: str) -> Iterator[tuple[str, str]]:
    for line in inside.split(";"):
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip(), " ".join(value.split())
