"""Which message a message is (`sync.rules.identity`)."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.rules.identity import (
    computed_identity,
    message_fingerprint,
    message_identity,
    same_message,
    stored_identifier,
)
from tests.sync.rules.build import SENT, hint, message


def test_a_message_is_known_by_its_message_id_in_exact_case() -> None:
    assert message_identity(message(internet_message_id="<AbC@Customer.example>")) == "<AbC@Customer.example>"


@pytest.mark.parametrize(
    "folded", ["\r\n <one@customer.example>", "<one@\r\n\tcustomer.example>", "<one@customer.example> "]
)
def test_it_is_unfolded(folded: str) -> None:
    assert stored_identifier(folded) == "<one@customer.example>"


def test_one_longer_than_255_is_a_hash_of_itself() -> None:
    exact, longer = f"<{'a' * 253}>", f"<{'a' * 254}>"
    assert stored_identifier(exact) == exact
    assert stored_identifier(longer).startswith("sha256:")
    assert len(stored_identifier(longer)) == len("sha256:") + 64
    assert stored_identifier(longer) != stored_identifier(longer + "b")


@pytest.mark.parametrize("missing", ["", " ", "<>", "\r\n"])
def test_a_missing_one_is_computed(missing: str) -> None:
    assert stored_identifier(missing) == ""
    assert message_identity(message(internet_message_id=missing)).startswith("sha256:")


def test_what_is_computed_is_the_same_wherever_the_message_lies() -> None:
    one = message(internet_message_id="", text="Hello \r\nAnn\r\n\r\n")
    other = message(
        "ANN@Customer.example.",
        internet_message_id="<x@y>",
        text="Hello\nAnn",
        sent_at=SENT.astimezone(timezone(timedelta(hours=5))),
        provider_id="two",
        to=("tom.okafor@larkfield.example",),
    )
    assert computed_identity(one) == computed_identity(other)


def test_text_is_taken_from_the_html_where_there_is_no_other() -> None:
    assert computed_identity(message(html="<p>Hello<br>Ann</p>")) == computed_identity(message(text="Hello\nAnn"))


def test_each_of_from_date_subject_and_text_tells_messages_apart() -> None:
    first = message(text="Hello")
    others = [
        message("bob@customer.example", text="Hello"),
        replace(first, sent_at=SENT + timedelta(seconds=1)),
        replace(first, sent_at=None),
        replace(first, subject="Our  visit"),
        replace(first, text="Hello!"),
        replace(first, text=" Hello"),
        message(None, text="Hello"),
    ]
    assert len({computed_identity(one) for one in (first, *others)}) == 8


def test_parts_cannot_be_shifted_into_each_other() -> None:
    assert computed_identity(message(subject="a\nb", text="c")) != computed_identity(message(subject="a", text="b\nc"))


def test_one_message_id_with_another_from_or_date_is_another_message() -> None:
    mail = message()
    assert same_message(mail, replace(mail, subject="changed by a list", provider_id="two"))
    assert same_message(mail, hint(sent_at=SENT))
    assert not same_message(mail, message("mallory@customer.example"))
    assert not same_message(mail, replace(mail, sent_at=SENT + timedelta(minutes=1)))


def test_a_fingerprint_is_64_characters_of_hex() -> None:
    assert len(message_fingerprint(message())) == 64
    int(message_fingerprint(message()), 16)


@given(st.text(), st.text(), st.text())
def test_no_text_stops_it_and_all_identities_fit(identifier: str, subject: str, text: str) -> None:
    mail = message(internet_message_id=identifier, subject=subject, text=text)
    assert 0 < len(message_identity(mail)) <= 255
    assert len(computed_identity(mail)) == len("sha256:") + 64


def test_lone_surrogates_do_not_stop_it() -> None:
    assert message_identity(message(internet_message_id="", subject="\ud800")).startswith("sha256:")
