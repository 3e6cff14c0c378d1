"""The only place where SOSL is put together.

Words are escaped one character at a time; names of objects and fields are checked to be names.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_sosl_find.htm
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simple_salesforce.format import format_soql

from sync.providers.salesforce.soql import field_name

#: Reserved characters of a search expression.
RESERVED = frozenset("?&|!{}[]()^~*:\\\"'+-")
#: Fewer letters than these are no search.
LEAST = 2
MOST_WORDS = 8
MOST_LETTERS = 200
_OPERATORS = frozenset({"AND", "OR", "NOT"})
_CASE_DIGITS = re.compile(r"[0-9]{1,8}\Z")
_CASE_LENGTH = 8
# Signs around a word part words and say nothing; a wildcard must not stand behind one.
_EDGES = re.compile(r"^[\W_]+|[\W_]+\Z")
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}(?:\.[A-Za-z][A-Za-z0-9_]{0,79}){0,2}\Z")


@dataclass(frozen=True, slots=True)
class Returning:
    """What is wanted of one object: its fields (also of parents, as `Account.Name`), a condition, how many."""

    object_name: str
    fields: tuple[str, ...]
    condition: str = ""
    limit: int = 6


def searchable(text: str) -> bool:
    """Whether a text has enough letters or digits to be searched for."""
    return sum(character.isalnum() for word in words_of(text) for character in word) >= LEAST


def words_of(text: str) -> list[str]:
    """The words of what somebody typed, without the signs around them, in their order; a bounded number of them."""
    plain = "".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in text[:MOST_LETTERS])
    words = (_EDGES.sub("", word) for word in plain.split())
    return [word for word in words if word][:MOST_WORDS]


def escaped(word: str) -> str:
    """The word with each reserved character escaped by a backslash."""
    return "".join("\\" + letter if letter in RESERVED else letter for letter in word)


def find(text: str, returning: Sequence[Returning]) -> str:
    """A search for records in which every word of the text begins a word. Raises ValueError where nothing is left."""
    words = words_of(text)
    if not searchable(text):
        raise ValueError("too little to search for")
    # A single letter beside longer words says nothing, and would find everything.
    longer = [word for word in words if len(word) > 1] or words
    terms = [_term(word) for word in longer]
    expression = terms[0].strip("()") if len(terms) == 1 and terms[0].startswith("(") else " AND ".join(terms)
    entries = ", ".join(_entry(one) for one in returning)
    return format_soql(
        "FIND {{{expression:literal}}} IN ALL FIELDS RETURNING {entries:literal}",
        expression=expression,
        entries=entries,
    )


def _term(word: str) -> str:
    if word.upper() in _OPERATORS:
        return '"' + word + '"'
    if _CASE_DIGITS.match(word) and len(word) < _CASE_LENGTH:
        # Numbers of cases are written without their leading zeros.
        return "(" + word + "* OR " + word.zfill(_CASE_LENGTH) + "*)"
    return escaped(word) + "*"


def _entry(one: Returning) -> str:
    fields = ",".join(path(name) for name in one.fields)
    condition = " WHERE " + one.condition if one.condition else ""
    return field_name(one.object_name) + "(" + fields + condition + " LIMIT " + str(int(one.limit)) + ")"


def path(name: str) -> str:
    """The name of a field, or of a parent's; ValueError where it is none."""
    if not _PATH.match(name):
        raise ValueError("not the name of a field")
    return name


def conditions() -> Mapping[str, str]:
    """What is never looked for: a lead that was converted is its contact."""
    return {"Lead": "IsConverted = false"}
