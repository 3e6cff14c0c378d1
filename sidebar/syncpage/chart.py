"""Filed per day as bars of an inline drawing: geometry here, colours in the style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sidebar.syncpage.models import Day

WIDTH, HEIGHT, GAP = 280, 56, 4


@dataclass(frozen=True, slots=True)
class Bar:
    """In the drawing's own units. A day without any shows a line of one unit."""

    day: date
    filed: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    width: int
    height: int
    bars: tuple[Bar, ...]
    total: int
    most: int

    @property
    def first_day(self) -> date | None:
        return self.bars[0].day if self.bars else None


def chart(days: Sequence[Day]) -> Chart:
    """One bar for each day, the tallest as high as the drawing."""
    most = max((one.filed for one in days), default=0)
    step = WIDTH / max(len(days), 1)
    bars = []
    for number, one in enumerate(days):
        height = max(1.0, HEIGHT * one.filed / most) if most else 1.0
        bars.append(
            Bar(
                day=one.day,
                filed=one.filed,
                x=round(number * step + GAP / 2, 1),
                y=round(HEIGHT - height, 1),
                width=round(step - GAP, 1),
                height=round(height, 1),
            )
        )
    return Chart(WIDTH, HEIGHT, tuple(bars), sum(one.filed for one in days), most)
