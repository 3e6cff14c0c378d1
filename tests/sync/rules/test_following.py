"""Which messages belong to a conversation that somebody follows (`sync.rules.following`)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.mail import Message
from sync.rules.business import address_hash
from sync.rules.following import FollowedThread, follow_ends, is_followed, joins, referenced_ids
from sync.rules.identity import message_identity
from sync.rules.participants import Standing, participants
from tests.sync.rules.build import PARTY, SENT, message, outside

FILED = "<one@customer.example>"
THREAD = FollowedThread(
    conversation_id="conversation",
    filed_identifiers=frozenset({FILED}),
    external_hashes=frozenset({address_hash("ann@customer.example")}),
    until=SENT + timedelta(days=90),
)


def reply(from_: str = "ann@customer.example", **values: Any) -> Message:
    return message(from_, **{"internet_message_id": "<two@customer.example>", **values})


def followed(mail: Message, thread: FollowedThread = THREAD) -> bool:
    return is_followed(mail, participants(mail, PARTY), thread)


def headed(**headers: str) -> Message:
    return reply(headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()))


def test_the_provider_s_conversation_id_joins() -> None:
    assert followed(reply(conversation_id="conversation"))
    assert not followed(reply(conversation_id="another"))
    assert not followed(reply(conversation_id=""), replace(THREAD, conversation_id=""))


def test_or_references_to_a_filed_message_id() -> None:
    assert followed(headed(References=f"<zero@x.example> {FILED}"))
    assert followed(headed(In_Reply_To=FILED))
    assert not followed(headed(References="<other@customer.example>"))
    assert not followed(headed(References=FILED.upper()))  # compared exactly


def test_either_way_with_at_least_one_external_participant_of_its_filed_mail() -> None:
    for values in ({"conversation_id": "conversation"}, {"headers": (("References", FILED),)}):
        assert not followed(reply("mallory@elsewhere.example", **values))
        assert followed(reply("mallory@elsewhere.example", cc=("ann@customer.example",), **values))
        assert followed(reply("Ann+Offer@Customer.example", **values))
        # Colleagues alone go on about it: nobody of the filed mail takes part.
        assert not followed(reply("tom@larkfield.example", **values))


def test_the_user_s_own_answer_joins_too() -> None:
    own = reply("mia.keller@larkfield.example", to=("ann@customer.example",), conversation_id="conversation")
    assert followed(own)


def test_internal_and_blocked_addresses_join_nobody() -> None:
    hashes = {address_hash("ann@customer.example")}
    assert joins(outside("ann@customer.example"), hashes)
    for standing in (Standing.INTERNAL, Standing.BLOCKED_BY_USER, Standing.BLOCKED_BY_ORGANISATION):
        assert not joins(outside("ann@customer.example", standing=standing), hashes)
    assert not joins((), hashes)
    assert not joins(outside("ann@customer.example"), ())


def test_ends_90_days_after_its_last_received_message() -> None:
    thread = replace(THREAD, until=follow_ends(SENT))
    late = SENT + timedelta(days=90)
    assert followed(reply(conversation_id="conversation", received_at=late), thread)
    assert not followed(reply(conversation_id="conversation", received_at=late + timedelta(seconds=1)), thread)
    # Each message that is received puts the end off.
    assert followed(
        reply(conversation_id="conversation", received_at=late + timedelta(days=89)),
        replace(thread, until=follow_ends(late)),
    )


def test_or_when_stopped() -> None:
    assert not followed(reply(conversation_id="conversation"), replace(THREAD, stopped=True))


def test_without_an_arrival_the_date_tells_whether_it_is_too_late() -> None:
    late = SENT + timedelta(days=91)
    assert not followed(reply(conversation_id="conversation", received_at=None, sent_at=late))
    assert followed(reply(conversation_id="conversation", received_at=None, sent_at=None))


@pytest.mark.parametrize(
    ("in_reply_to", "references", "expected"),
    [
        ("", "<a@x> <b@x>", ("<b@x>", "<a@x>")),
        ("<c@x>", "<a@x> <b@x>", ("<c@x>", "<b@x>", "<a@x>")),
        ("<b@x>", "<a@x> <b@x>", ("<b@x>", "<a@x>")),
        ("", "<a@x><b@x>", ("<b@x>", "<a@x>")),
        ("", "<a@x>,\t<b@x>", ("<b@x>", "<a@x>")),
        ("", "<a@\r\n x>", ("<a@x>",)),
        ("Ann's message of Friday <a@x>", "", ("<a@x>",)),
        ("a@x", "", ("<a@x>",)),
        ("yesterday's mail", "", ()),
        ("<>", "< >", ()),
        ("<a@x", "b@x>", ("<<a@x>", "<b@x>>")),
    ],
)
def test_references_are_read_nearest_first_and_each_once(
    in_reply_to: str, references: str, expected: tuple[str, ...]
) -> None:
    assert referenced_ids(headed(In_Reply_To=in_reply_to, References=references)) == expected


def test_an_over_long_message_id_is_known_again_in_references() -> None:
    long = f"<{'a' * 400}@customer.example>"
    filed = message_identity(message(internet_message_id=long))
    assert followed(headed(References=long), replace(THREAD, filed_identifiers=frozenset({filed})))


def test_a_thread_of_any_length_gives_its_hundred_nearest() -> None:
    found = referenced_ids(headed(References=" ".join(f"<{number}@x>" for number in range(20_000))))
    assert len(found) == 100
    assert found[0] == "<19999@x>"


@given(st.text(), st.text())
def test_no_text_stops_the_reading_of_references(in_reply_to: str, references: str) -> None:
    for identifier in referenced_ids(headed(In_Reply_To=in_reply_to, References=references)):
        assert 0 < len(identifier) <= 255
