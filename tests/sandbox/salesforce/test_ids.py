from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.salesforce import ids


@pytest.mark.parametrize(
    ("short", "long"),
    [("0015g00000TIuAA", "0015g00000TIuAA"), ("5001a00000ABcde", "5001a00000ABcde")],
)
def test_fifteen_characters_get_the_suffix_that_tells_their_capitals(short: str, long: str) -> None:
    assert ids.normalise(short) == long + ids.suffix(short)


def test_the_suffix_is_the_published_one() -> None:
    # The example of Salesforce's own documentation of the two forms.
    assert ids.suffix("a0D3000000AAAAA") != ids.suffix("a0D3000000aaaaa")
    assert ids.suffix("000000000000000") == "AAA"
    assert ids.suffix("AAAAAAAAAAAAAAA") == "555"
    assert ids.normalise("012000000000000AAA") == "012000000000000AAA"


@given(number=st.integers(min_value=1, max_value=10**9), prefix=st.sampled_from(["001", "00Q", "02s", "0CZ"]))
def test_an_id_survives_the_loss_of_its_case(number: int, prefix: str) -> None:
    made = ids.make(prefix, number)
    assert len(made) == 18
    assert ids.normalise(made[:15]) == made
    assert ids.normalise(made.upper()) == made
    assert ids.normalise(made.lower()) == made


@pytest.mark.parametrize("wrong", ["", "abc", "0015g00000TIuAA!", "0015g00000TIuAAAAAA", None, 7, "001 5g0000TIuAA"])
def test_what_has_not_the_form_is_no_id(wrong: object) -> None:
    assert ids.normalise(wrong) is None
