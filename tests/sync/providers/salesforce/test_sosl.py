"""SOSL is put together so that nothing typed can be anything but words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.providers.salesforce import sosl
from sync.providers.salesforce.sosl import RESERVED, Returning, find

PEOPLE = (Returning("Contact", ("Id", "Name", "Account.Name"), limit=5),)
TAIL = " IN ALL FIELDS RETURNING Contact(Id,Name,Account.Name LIMIT 5)"


def expression(text: str) -> str:
    statement = find(text, PEOPLE)
    assert statement.startswith("FIND {")
    assert statement.endswith("}" + TAIL)
    return statement.removeprefix("FIND {").removesuffix("}" + TAIL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dana", "dana*"),
        ("Dana  Ruiz", "Dana* AND Ruiz*"),
        ("dana@northwind", "dana@northwind*"),
        ("O'Brien", r"O\'Brien*"),
        ("Li-Wei", r"Li\-Wei*"),
        ("a dana", "dana*"),
        ("12877", "12877* OR 00012877*"),
        ("case 12877", "case* AND (12877* OR 00012877*)"),
        ("00012877", "00012877*"),
        ("this or that", 'this* AND "or" AND that*'),
        ("{x} (y) zz", "zz*"),
        ("(Dana) Ruiz, Li's)", r"Dana* AND Ruiz* AND Li\'s*"),
        ("李伟", "李伟*"),
        ("one\x00two\nthree", "one* AND two* AND three*"),
    ],
)
def test_words_begin_words(text: str, expected: str) -> None:
    assert expression(text) == expected


@pytest.mark.parametrize("text", ["", " ", "a", "*", "?&|!", "- + -", "{}", "\x00\x01"])
def test_too_little_is_not_searched_for(text: str) -> None:
    assert not sosl.searchable(text)
    with pytest.raises(ValueError, match="too little"):
        find(text, PEOPLE)


@given(st.text(max_size=300))
def test_whatever_is_typed_stays_within_its_braces(text: str) -> None:
    if not sosl.searchable(text):
        return
    inner = expression(text)
    bare = re.sub(r"\\.", "", inner, flags=re.DOTALL)
    # What is left are our own operators: a star at the end of each word, quotes around operators, our alternatives.
    bare = re.sub(r"\(?\d+\* OR \d+\*\)?", "", bare)
    bare = re.sub(r'"(?:and|or|not)"', "", bare, flags=re.IGNORECASE)
    for term in bare.split(" AND "):
        assert not set(term.removesuffix("*")) & RESERVED
    assert not any(ord(letter) < 32 for letter in inner)
    assert len(inner) <= 2 * sosl.MOST_LETTERS + 8 * 30


@pytest.mark.parametrize("name", ["Contact(Id)", "Name,Id", "Name WHERE", "", "A.B.C.D", "x'"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        find("dana", (Returning("Contact", (name,)),))
