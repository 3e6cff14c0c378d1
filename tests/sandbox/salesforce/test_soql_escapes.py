"""Texts survive the way into a statement and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce.format import format_soql

from sandbox.salesforce.soql_parse import Compare, like_test, parse, unescape

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def _literal(statement: str) -> str:
    where = parse(statement).where
    assert isinstance(where, Compare)
    return where.values[0].text


@given(text=_TEXT)
def test_a_quoted_text_is_read_as_itself(text: str) -> None:
    # The formatter leaves a vertical tab and its like alone, and so does SOQL.
    assert unescape(_literal(format_soql("SELECT Id FROM Contact WHERE Name = {}", text))) == text


@given(text=_TEXT, other=_TEXT)
def test_a_quoted_pattern_matches_the_text_and_nothing_else(text: str, other: str) -> None:
    matches = like_test(_literal(format_soql("SELECT Id FROM Contact WHERE Name LIKE '{:like}'", text)))
    assert matches(text)
    if other.casefold() != text.casefold() and len(other) != len(text):
        assert not matches(other)


@given(text=_TEXT)
def test_wildcards_around_a_quoted_pattern_find_it_inside(text: str) -> None:
    matches = like_test(_literal(format_soql("SELECT Id FROM Contact WHERE Name LIKE '%{:like}%'", text)))
    assert matches(f"before {text} after")
