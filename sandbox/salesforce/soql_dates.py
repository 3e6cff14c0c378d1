"""SOQL's date literals: spans of days, in UTC, from the first to before the last.

Reference: https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_dateformats.htm
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

Span = tuple[date, date]


def _month(day: date, offset: int) -> date:
    index = day.year * 12 + day.month - 1 + offset
    return date(index // 12, index % 12 + 1, 1)


def _week(day: date, offset: int) -> date:
    # Weeks begin on Sunday in Salesforce's default locale.
    return day - timedelta(days=(day.weekday() + 1) % 7) + timedelta(weeks=offset)


def _quarter(day: date, offset: int) -> date:
    return _month(date(day.year, (day.month - 1) // 3 * 3 + 1, 1), 3 * offset)


def _year(day: date, offset: int) -> date:
    return date(day.year + offset, 1, 1)


def _day(day: date, offset: int) -> date:
    return day + timedelta(days=offset)


_UNITS: dict[str, Callable[[date, int], date]] = {
    "DAY": _day,
    "WEEK": _week,
    "MONTH": _month,
    "QUARTER": _quarter,
    "YEAR": _year,
    "FISCAL_QUARTER": _quarter,
    "FISCAL_YEAR": _year,
}


def span(literal: str, today: date) -> Span | None:
    """The days from the first (included) to the second (not included), or None if it is no date literal."""
    name, _, count = literal.partition(":")
    if count:
        try:
            return _counted(name, int(count), today)
        except (ValueError, OverflowError):
            # A day before the first year or after the last.
            return None
    single = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
    if name in single:
        return _day(today, single[name]), _day(today, single[name] + 1)
    if name == "LAST_90_DAYS":
        return _day(today, -90), _day(today, 1)
    if name == "NEXT_90_DAYS":
        return _day(today, 1), _day(today, 91)
    which, _, unit = name.partition("_")
    offset = {"LAST": -1, "THIS": 0, "NEXT": 1}.get(which)
    start = _UNITS.get(unit)
    if offset is None or start is None or unit == "DAY":
        return None
    return start(today, offset), start(today, offset + 1)


def _counted(name: str, count: int, today: date) -> Span | None:
    if name.endswith("_AGO"):
        unit, start = _unit(name.removesuffix("_AGO").removeprefix("N_"))
        return (start(today, -count), start(today, 1 - count)) if start and name.startswith("N_") else None
    for prefix in ("LAST_N_", "NEXT_N_"):
        if not name.startswith(prefix):
            continue
        unit, start = _unit(name.removeprefix(prefix))
        if start is None:
            return None
        if prefix == "LAST_N_":
            # The last n days count today as well; weeks, months and years end before the present one.
            return start(today, -count), start(today, 1 if unit == "DAY" else 0)
        return start(today, 1), start(today, count + 1)
    return None


def _unit(plural: str) -> tuple[str, Callable[[date, int], date] | None]:
    unit = plural.removesuffix("S")
    return unit, _UNITS.get(unit) if plural.endswith("S") else None
