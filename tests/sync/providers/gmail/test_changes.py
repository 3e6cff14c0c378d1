"""The mailbox page by page: the full read, the history behind it, and what goes wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import errors
from sync.mail import FolderKind, Message
from sync.providers.gmail.client import GmailMailbox
from sync.providers.gmail.cursor import Cursor
from sync.providers.mailbox import Change, ChangePage
from tests.sync.providers.fakes import FakeTokens
from tests.sync.providers.gmail.fake import FakeGmail, envelope

SINCE = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def nothing_known(ids: Sequence[str]) -> frozenset[str]:
    return frozenset()


def box(**more: Any) -> GmailMailbox:
    return GmailMailbox(FakeTokens(), **more)


def read(mailbox: GmailMailbox, cursor: str, known: Any = nothing_known) -> list[ChangePage]:
    """Pages until the last for now."""
    pages = [mailbox.changes("", cursor, known)]
    while not pages[-1].done:
        pages.append(mailbox.changes("", pages[-1].cursor, known))
    return pages


def row(message_id: str, *labels: str, **more: Any) -> dict[str, Any]:
    return {
        "message": {"id": message_id, "threadId": message_id, **({"labelIds": list(labels)} if labels else {})},
        **more,
    }


def caught_up(gmail: FakeGmail) -> str:
    return Cursor("changes", str(gmail.history_id)).text


def test_a_full_read_pins_the_history_then_lists_everything_newest_first(gmail: FakeGmail) -> None:
    ids = [gmail.put(number) for number in range(1, 251)]
    gmail.page_size = 120
    mailbox = box()
    cursor = mailbox.begin("", since=None)
    assert gmail.counted() == {"profile": 1}
    gmail.history_id = 2000
    pages = read(mailbox, cursor)

    full = [page for page in pages if page.full]
    assert [change.provider_id for page in full for change in page.changes] == ids[::-1]
    assert all(change.head for page in full for change in page.changes)
    assert {page.expected for page in full} == {250}
    assert max(len(page.changes) for page in full) == 100
    assert [page.done for page in pages] == [False] * len(full) + [True]
    assert gmail.queries[-1]["startHistoryId"] == ["1000"], "the id that was pinned before the listing"
    assert Cursor.of(pages[-1].cursor) == Cursor("changes", "2000")


def test_a_thousand_new_messages_cost_twenty_four_calls(gmail: FakeGmail) -> None:
    for number in range(1, 1001):
        gmail.put(number)
    units: list[int] = []
    pages: list[ChangePage] = []
    cursor = box(spend=units.append).begin("", since=None)
    while not pages or not pages[-1].done:  # a mailbox for each page: each has a minute of its own
        pages.append(box(spend=units.append).changes("", cursor, nothing_known))
        cursor = pages[-1].cursor
    assert sum(change.head is not None for page in pages for change in page.changes) == 1000
    # The profile, two pages of ids, twenty batches, the history.
    assert (len(gmail.calls), sum(units)) == (1 + 2 + 20 + 1, 1 + 2 * 5 + 1000 * 20 + 2)


def test_a_window_asks_for_what_came_since_and_counts_when_it_knows(gmail: FakeGmail) -> None:
    for number in range(1, 6):
        gmail.put(number)
    gmail.page_size = 3
    mailbox = box()
    pages = read(mailbox, mailbox.begin("", since=SINCE))
    asked = [query["q"] for query in gmail.queries if "q" in query]
    assert asked == [[f"after:{int(SINCE.timestamp()) - 1}"]] * 2
    assert [page.expected for page in pages] == [0, 5, 0]


def test_known_messages_are_listed_and_not_fetched(gmail: FakeGmail) -> None:
    ids = [gmail.put(number) for number in range(1, 401)]
    have = frozenset(ids[10:])
    mailbox = box()
    pages = read(mailbox, mailbox.begin("", since=None), lambda asked: have & set(asked))
    assert len(pages) == 2
    assert [change.provider_id for change in pages[0].changes] == ids[::-1]
    assert {change for change in pages[0].changes if change.head is None} == {Change(one) for one in have}
    assert len(gmail.parts) == 10


def test_an_empty_mailbox_is_read_in_full_too(gmail: FakeGmail) -> None:
    mailbox = box()
    pages = read(mailbox, mailbox.begin("", since=None))
    assert [(page.changes, page.full, page.done) for page in pages] == [((), True, False), ((), False, True)]


def test_what_vanishes_while_it_is_read_is_left_out(gmail: FakeGmail) -> None:
    ids = [gmail.put(number) for number in range(1, 4)]
    mailbox = box()
    cursor = mailbox.begin("", since=None)
    gmail.fail(ids[1], envelope(404, "notFound"))
    page = mailbox.changes("", cursor, nothing_known)
    assert [change.provider_id for change in page.changes] == [ids[2], ids[0]]


def test_what_is_throttled_waits_for_the_next_page(gmail: FakeGmail) -> None:
    ids = [gmail.put(number) for number in range(1, 4)]
    mailbox = box()
    cursor = mailbox.begin("", since=None)
    gmail.fail(ids[1], envelope(429, "rateLimitExceeded"))
    first, second, _ = read(mailbox, cursor)
    assert [change.provider_id for change in first.changes] == [ids[2], ids[0]]
    assert [change.provider_id for change in second.changes] == [ids[1]]
    assert (first.full, second.full) == (True, True)


def test_a_page_of_which_nothing_comes_is_throttled_as_a_whole(gmail: FakeGmail) -> None:
    ids = [gmail.put(number) for number in range(1, 4)]
    mailbox = box()
    cursor = mailbox.begin("", since=None)
    for one in ids:
        gmail.fail(one, envelope(403, "userRateLimitExceeded"))
    with pytest.raises(errors.Throttled):
        mailbox.changes("", cursor, nothing_known)
    assert len(mailbox.changes("", cursor, nothing_known).changes) == 3


def test_one_message_that_cannot_be_fetched_holds_up_no_other(gmail: FakeGmail) -> None:
    ids = [gmail.put(number) for number in range(1, 4)]
    mailbox = box()
    cursor = mailbox.begin("", since=None)
    gmail.fail(ids[1], envelope(500, "backendError"))
    page = mailbox.changes("", cursor, nothing_known)
    assert [(change.provider_id, change.head is None) for change in page.changes] == [
        (ids[2], False),
        (ids[1], True),
        (ids[0], False),
    ]


def test_a_page_stops_at_the_minutes_quota_and_goes_on_behind_it(gmail: FakeGmail) -> None:
    for number in range(1, 401):
        gmail.put(number)
    mailbox = box()
    cursor = mailbox.begin("", since=None)
    changes: list[Change] = []

    def read_on() -> None:
        nonlocal cursor
        page = mailbox.changes("", cursor, nothing_known)
        cursor = page.cursor
        changes.extend(page.changes)

    for _ in range(3):
        read_on()
    with pytest.raises(errors.Throttled):
        read_on()
    # 6 of 6,000 units went into the profile and the listing, so the sixth batch waits.
    assert sum(change.head is not None for change in changes) == len(changes) == 250
    rest = read(box(), cursor)
    assert sum(len(page.changes) for page in rest) == 150


def test_a_batch_that_is_not_answered_leaves_the_cursor_where_it_was(gmail: FakeGmail) -> None:
    gmail.put(1)
    mailbox = box()
    cursor = mailbox.begin("", since=None)
    gmail.fail("batch", TimeoutError("x"))
    with pytest.raises(errors.Unavailable):
        mailbox.changes("", cursor, nothing_known)
    assert len(mailbox.changes("", cursor, nothing_known).changes) == 1


def test_history_tells_each_message_once_as_it_is_now(gmail: FakeGmail) -> None:
    new, gone, moved, marked = gmail.put(1, labels=("INBOX", "Label_7")), "a2", "a3", "a4"
    gmail.history = [
        {"id": "1001", "messagesAdded": [row(new, "INBOX")]},
        {"id": "1004", "messagesAdded": [row(gone, "INBOX")]},
        {"id": "1005", "labelsAdded": [row(new, "INBOX", "Label_7", labelIds=["Label_7"])]},
        {"id": "1006", "labelsAdded": [row(marked, "INBOX", "Label_7", labelIds=["Label_7"])]},
        {"id": "1007", "messagesDeleted": [row(gone, "INBOX")]},
        {"id": "1008", "labelsRemoved": [row(marked, "Label_7", labelIds=["INBOX"])]},
        {"id": "1009", "labelsRemoved": [row(moved, labelIds=["INBOX"])]},
        {"id": "1010", "labelsAdded": [row(moved, "TRASH", labelIds=["TRASH"])]},
    ]
    gmail.history_id = 1010
    page = box().changes("", caught_up(gmail), nothing_known)
    assert (page.done, page.full) == (True, False)
    told = {change.provider_id: change for change in page.changes}
    assert len(told) == len(page.changes) == 4
    head = told[new].head
    assert isinstance(head, Message)
    assert (head.categories, head.folder) == (("Salesforce",), FolderKind.INBOX)
    assert told[gone] == Change(gone, removed=True)
    assert told[marked] == Change(marked, categories=("Salesforce",), folder=FolderKind.OTHER, folder_ids=("Label_7",))
    assert told[moved] == Change(moved, categories=(), folder=FolderKind.TRASH, folder_ids=("TRASH",))
    assert gmail.counted() == {"history": 1, "v1": 1, "labels": 1}
    assert Cursor.of(page.cursor).history == "1010"


def test_a_message_that_lost_its_last_label_is_told_without_any(gmail: FakeGmail) -> None:
    gmail.history = [{"id": "1", "labelsRemoved": [row("a1", labelIds=["INBOX"])]}]
    page = box().changes("", caught_up(gmail), nothing_known)
    assert page.changes == (Change("a1", categories=(), folder=FolderKind.OTHER, folder_ids=()),)


def test_reading_and_starring_cost_and_tell_nothing(gmail: FakeGmail) -> None:
    gmail.history = [
        {"id": "1", "labelsRemoved": [row("a1", "INBOX", labelIds=["UNREAD"])]},
        {"id": "2", "labelsAdded": [row("a1", "INBOX", "STARRED", labelIds=["STARRED", "IMPORTANT"])]},
    ]
    page = box().changes("", caught_up(gmail), nothing_known)
    assert (page.changes, page.done, len(gmail.calls)) == ((), True, 1)


def test_known_messages_of_the_history_are_told_without_their_heads(gmail: FakeGmail) -> None:
    gmail.history = [{"id": "1", "messagesAdded": [row("a1", "SENT")]}]
    page = box().changes("", caught_up(gmail), frozenset)
    assert page.changes == (Change("a1", categories=(), folder=FolderKind.SENT, folder_ids=("SENT",)),)
    assert len(gmail.calls) == 1


def test_what_comes_back_from_spam_is_read_like_new_mail(gmail: FakeGmail) -> None:
    back = gmail.put(1)
    gmail.history = [{"id": "1", "labelsRemoved": [row(back, "INBOX", labelIds=["SPAM"])]}]
    page = box().changes("", caught_up(gmail), nothing_known)
    assert [isinstance(change.head, Message) for change in page.changes] == [True]


def test_much_history_comes_in_pages_of_which_none_is_lost(gmail: FakeGmail) -> None:
    ids = [gmail.put(number) for number in range(1, 231)]
    gone = Change("ffff", removed=True)
    gmail.history = [{"id": "1", "messagesAdded": [row(one, "INBOX") for one in ids]}]
    gmail.history.append({"id": "2", "messagesDeleted": [row("ffff")]})
    gmail.fail("/history", (200, {"history": gmail.history, "historyId": "1200", "nextPageToken": "p2"}))
    cursor = caught_up(gmail)
    gmail.history, gmail.history_id = [{"id": "3", "messagesDeleted": [row(ids[0])]}], 1300
    pages = read(box(), cursor)
    told = [change for page in pages for change in page.changes]
    assert told[0] == gone
    assert [change.provider_id for change in told[1:-1]] == ids
    assert told[-1] == Change(ids[0], removed=True)
    asked = [query for query in gmail.queries if "startHistoryId" in query]
    assert [query.get("pageToken") for query in asked] == [None, ["p2"]]
    assert {query["startHistoryId"][0] for query in asked} == {"1000"}
    assert asked[0]["historyTypes"] == ["messageAdded", "messageDeleted", "labelAdded", "labelRemoved"]
    assert Cursor.of(pages[-1].cursor) == Cursor("changes", "1300")


def test_an_expired_history_is_an_expired_cursor(gmail: FakeGmail) -> None:
    gmail.fail("/history", envelope(404, "notFound", "Requested entity was not found."))
    with pytest.raises(errors.CursorExpired):
        box().changes("", caught_up(gmail), nothing_known)


def test_a_history_that_expires_between_its_pages_is_an_expired_cursor(gmail: FakeGmail) -> None:
    gmail.fail("/history", (200, {"historyId": "1200", "nextPageToken": "p2"}))
    page = box().changes("", caught_up(gmail), nothing_known)
    gmail.fail("/history", envelope(404, "notFound"))
    with pytest.raises(errors.CursorExpired):
        box().changes("", page.cursor, nothing_known)


def test_a_new_label_is_looked_up_once(gmail: FakeGmail) -> None:
    mailbox = box()
    mailbox.folders("")
    gmail.labels.append({"id": "Label_9", "name": "New", "type": "user"})
    gmail.history = [{"id": "1", "labelsAdded": [row("a1", "Label_9", "Label_404", labelIds=["Label_9"])]}]
    for _ in range(2):
        page = mailbox.changes("", caught_up(gmail), nothing_known)
        assert page.changes[0].categories == ("New",)
    assert gmail.counted() == {"labels": 2, "history": 2}


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "3", "{}", "{", "null", '{"phase":"full"}', '{"phase":"odd","history":"1"}'),
        *('{"phase":"full","history":1}', '{"phase":"full","history":"1","waiting":[1]}'),
        '{"phase":"full","history":"1","new":1}',
    ],
)
def test_a_cursor_that_is_none_begins_anew(gmail: FakeGmail, text: str) -> None:
    with pytest.raises(errors.CursorExpired):
        box().changes("", text, nothing_known)
    assert gmail.calls == []


@given(
    st.builds(
        Cursor,
        st.sampled_from(["full", "changes"]),
        st.text(min_size=1),
        page=st.text(),
        waiting=st.lists(st.text()).map(tuple),
        query=st.text(),
        total=st.integers(0),
        listed=st.integers(0),
        through=st.booleans(),
    )
)
def test_a_cursor_is_read_as_it_was_written(cursor: Cursor) -> None:
    assert Cursor.of(cursor.text) == cursor
    assert json.loads(cursor.text)["phase"] == cursor.phase
