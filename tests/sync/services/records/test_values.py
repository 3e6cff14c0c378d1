"""Between what a form says and what Salesforce takes."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from sync.services.records.fields import Kind, Option, RecordField
from sync.services.records.values import Unfit, as_text, check_dependents, safe_link, to_value


def field(kind: Kind, **more: Any) -> RecordField:
    return RecordField("F", "Field", kind, **more)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.TEXT, "  Dana ", "Dana"),
        (Kind.TEXT, "a\x00b\nc", "abc"),
        (Kind.TEXTAREA, "one\r\ntwo", "one\ntwo"),
        (Kind.CHECKBOX, "true", True),
        (Kind.CHECKBOX, "", False),
        (Kind.DATE, "2026-02-28", "2026-02-28"),
        (Kind.URL, "northwind.example/a?b", "northwind.example/a?b"),
        (Kind.REFERENCE, "001000000000001", "001000000000001AAA"),
        (Kind.TEXT, "   ", None),
        (Kind.NUMBER, "", None),
    ],
)
def test_a_text_becomes_a_value(kind: Kind, text: str, value: Any) -> None:
    assert to_value(field(kind), text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.DATE, "31.12.2026"),
        (Kind.DATE, "2026-02-30"),
        (Kind.DATETIME, "soon"),
        (Kind.TIME, "25:00"),
        (Kind.NUMBER, "ten"),
        (Kind.NUMBER, "NaN"),
        (Kind.NUMBER, "1e400"),
        (Kind.NUMBER, "1.5"),
        (Kind.URL, "javascript:alert(1)"),
        (Kind.URL, "data:text/html,x"),
        (Kind.REFERENCE, "Northwind"),
    ],
)
def test_what_cannot_be_is_said(kind: Kind, text: str) -> None:
    with pytest.raises(Unfit):
        to_value(field(kind), text)


def test_numbers_keep_their_decimals_and_their_size() -> None:
    money = field(Kind.CURRENCY, scale=2, precision=10)
    assert to_value(money, "1200.50") == 1200.5
    assert to_value(money, "12") == 12
    for wrong in ("1.234", "123456789"):
        with pytest.raises(Unfit):
            to_value(money, wrong)


def test_a_moment_is_meant_in_the_persons_zone_and_comes_back_in_it() -> None:
    with timezone.override(ZoneInfo("America/New_York")):
        assert to_value(field(Kind.DATETIME), "2026-11-28T10:30") == "2026-11-28T15:30:00.000Z"
        assert as_text(Kind.DATETIME, "2026-11-28T15:30:00.000+0000") == "2026-11-28T10:30"


def test_lengths_count_as_salesforce_counts() -> None:
    assert to_value(field(Kind.TEXT, length=4), "😀😀") == "😀😀"
    with pytest.raises(Unfit, match="1 character too long"):
        to_value(field(Kind.TEXT, length=4), "😀😀x")


OPTIONS = (Option("a", "A", ("x",)), Option("b", "B", ("x", "y")), Option("c", "C", ("true",)))


def test_only_what_is_offered_can_be_chosen_but_what_is_there_may_stay() -> None:
    picklist = field(Kind.PICKLIST, options=OPTIONS, value="old")
    assert to_value(picklist, "a") == "a"
    assert to_value(picklist, "old") == "old"
    with pytest.raises(Unfit):
        to_value(picklist, "z")
    many = field(Kind.MULTIPICKLIST, options=OPTIONS)
    assert to_value(many, "a;b") == "a;b"
    with pytest.raises(Unfit):
        to_value(many, "a;z")


def test_what_depends_is_checked_again() -> None:
    fields = {
        "Top": RecordField("Top", "Top", Kind.PICKLIST),
        "Low": RecordField("Low", "Low", Kind.PICKLIST, options=OPTIONS, controller="Top"),
    }
    assert check_dependents(fields, {"Top": "x", "Low": "a"}) == {}
    assert list(check_dependents(fields, {"Top": "y", "Low": "a"})) == ["Low"]
    assert list(check_dependents(fields, {"Top": "", "Low": "a"})) == ["Low"]
    ticked = {**fields, "Top": RecordField("Top", "Top", Kind.CHECKBOX)}
    assert check_dependents(ticked, {"Top": "true", "Low": "c"}) == {}
    assert list(check_dependents(ticked, {"Low": "c"})) == ["Low"]


@given(st.text(max_size=200))
def test_no_text_makes_a_link_that_runs(text: str) -> None:
    link = safe_link(text)
    assert link == "" or link.lower().startswith(("http://", "https://"))


@given(st.text(max_size=200), st.sampled_from(sorted(Kind)))
def test_every_text_is_a_value_or_refused(text: str, kind: Kind) -> None:
    try:
        value = to_value(field(kind, length=50), text)
    except Unfit:
        return
    assert value is None or isinstance(value, str | int | float | bool)
    if isinstance(value, str):
        assert "\x00" not in value
