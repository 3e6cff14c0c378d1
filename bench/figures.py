"""What a benchmark answers with: figures with a name, a value, a unit, a target, and whether it is met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypedDict


class Row(TypedDict):
    """A figure as `./dev bench --json` writes it."""

    name: str
    value: float
    unit: str
    target: float
    met: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `better` says on which side of `target` it may lie; `equal` allows no other value."""

    name: str
    value: float
    unit: str
    target: float
    better: Literal["lower", "higher", "equal"]

    @property
    def met(self) -> bool:
        if self.better == "equal":
            return self.value == self.target
        return self.value <= self.target if self.better == "lower" else self.value >= self.target

    def row(self) -> Row:
        return {"name": self.name, "value": self.value, "unit": self.unit, "target": self.target, "met": self.met}

    def cells(self) -> tuple[str, str, str, str, str]:
        bound = {"lower": "≤", "higher": "≥", "equal": "="}[self.better]
        return self.name, number(self.value), self.unit, f"{bound} {number(self.target)}", "yes" if self.met else "NO"


HEAD = ("name", "value", "unit", "target", "met")


def number(value: float) -> str:
    """Three digits behind the point for small values, none for whole or large ones."""
    return f"{value:.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3f}".rstrip("0").rstrip(".")


def table(figures: Iterable[Figure]) -> str:
    """The figures as aligned columns, names and units to the left, numbers to the right."""
    rows = [HEAD, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = []
    for name, value, unit, target, met in rows:
        line = f"{name:<{widths[0]}}  {value:>{widths[1]}}  {unit:<{widths[2]}}  {target:>{widths[3]}}  {met}"
        lines.append(line.rstrip())
    return "\n".join(lines)
