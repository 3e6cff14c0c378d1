"""Gmail's search language: no text becomes an operator, and Gmail's ids are told from everything else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.providers.gmail.queries import api_id, is_message_id, message_id_query, since_query, words_query

#: Texts with much of what means something to Gmail.
HOSTILE = st.text(st.one_of(st.sampled_from('"“”\\:(){}-+|* \t\n<>@'), st.characters()), max_size=80)
PHRASES = re.compile(r'"[^"“”„‟«»″＂\\\s]+"(?: "[^"“”„‟«»″＂\\\s]+")*\Z')


@given(st.lists(st.one_of(HOSTILE, st.sampled_from(["OR", "AND", "AROUND", "in:anywhere", "-from:me"]))).map(" ".join))
def test_every_word_of_a_search_stays_a_phrase(words: str) -> None:
    query = words_query(words)
    assert not query or PHRASES.match(query)
    assert len(quote_plus(query)) <= 1200


@given(st.text(st.characters(whitelist_categories=("L", "N")), min_size=1, max_size=30))
def test_a_word_of_letters_is_kept(word: str) -> None:
    assert words_query(word) == f'"{word}"'


@given(HOSTILE)
def test_a_message_id_stays_one_term(text: str) -> None:
    query = message_id_query(text)
    assert not query or re.fullmatch(r'rfc822msgid:(?:[^\s"“”(){}|:<>\\]+|"[^"“”„‟«»″＂\\\n\t]+")', query)


@pytest.mark.parametrize(
    ("internet_message_id", "query"),
    [
        ("<a.1+x=y@mail.example>", "rfc822msgid:a.1+x=y@mail.example"),
        (" <a@x> ", "rfc822msgid:a@x"),
        ("<a@x> OR in:anywhere", 'rfc822msgid:"a@x> OR in:anywhere"'),
        ('<a" OR "b@x>', 'rfc822msgid:"a OR b@x"'),
        ("<-a@x>", 'rfc822msgid:"-a@x"'),
        ("<a{b c}@x>", 'rfc822msgid:"a{b c}@x"'),
        ("<>", ""),
        ("", ""),
    ],
)
def test_what_cannot_be_asked_for_as_it_stands_is_quoted(internet_message_id: str, query: str) -> None:
    assert message_id_query(internet_message_id) == query


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("18c2f0a1b2c3d4e5", "18c2f0a1b2c3d4e5"),
        ("msg-f:1784246587410765029", f"{1784246587410765029:x}"),
        ("#msg-f:10", "a"),
        ("#18c2f0a1b2c3d4e5", "18c2f0a1b2c3d4e5"),
        ("msg-a:r-123", ""),
        ("thread-f:10", ""),
        ("msg-f:10a", ""),
        ("msg-f:-10", ""),
        ("18C2", ""),
        ("18c2/../profile", ""),
        ("18c2\n", "18c2"),
        ("", ""),
    ],
)
def test_the_ids_of_clients(text: str, found: str) -> None:
    assert api_id(text) == found


@given(st.text())
def test_an_id_can_name_no_other_path(text: str) -> None:
    found = api_id(text)
    assert not found or is_message_id(found)
    assert not is_message_id(text) or text.isalnum()


def test_a_moment_is_not_left_out() -> None:
    assert since_query(datetime(1970, 1, 1, 0, 1, 40, 900_000, tzinfo=UTC)) == "after:99"
    assert since_query(datetime(1960, 1, 1, tzinfo=UTC)) == "after:0"
