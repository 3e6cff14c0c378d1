"""The history of a mailbox: what it tells, in which order, and how long its numbers hold."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.sandbox.google.conftest import Gmail, mail, reason


def history(gmail: Gmail, start: str, **more: Any) -> list[dict[str, Any]]:
    """All records since a number, over all pages."""
    rows: list[dict[str, Any]] = []
    listed = gmail.users.history()
    request = listed.list(userId="me", startHistoryId=start, **more)
    while request is not None:
        answer = request.execute()
        rows += answer.get("history", [])
        request = listed.list_next(request, answer)
    return rows


def kinds(rows: list[dict[str, Any]]) -> list[str]:
    return [key for row in rows for key in row if key not in ("id", "messages")]


def test_nothing_has_happened_yet(gmail: Gmail) -> None:
    start = gmail.history_id()
    answer = gmail.users.history().list(userId="me", startHistoryId=start).execute()
    assert answer == {"historyId": start}


def test_every_kind_of_change_is_told_in_order(gmail: Gmail) -> None:
    start = gmail.history_id()
    identifier = gmail.deliver(mail("News"))
    gmail.sandbox.mark_mail("noor", identifier, "Salesforce")
    gmail.sandbox.mark_mail("noor", identifier, "Salesforce", on=False)
    gmail.sandbox.move_mail("noor", identifier, "archive")
    gmail.sandbox.delete_mail("noor", identifier)
    rows = history(gmail, start)
    assert kinds(rows) == ["messagesAdded", "labelsAdded", "labelsRemoved", "labelsRemoved", "messagesDeleted"]
    assert {row["messages"][0]["id"] for row in rows} == {identifier}
    added = rows[0]["messagesAdded"][0]["message"]
    assert set(added["labelIds"]) == {"INBOX", "UNREAD"}
    assert rows[1]["labelsAdded"][0]["labelIds"] == rows[2]["labelsRemoved"][0]["labelIds"]
    assert rows[3]["labelsRemoved"][0]["labelIds"] == ["INBOX"]


def test_numbers_grow_and_have_gaps(gmail: Gmail) -> None:
    start = gmail.history_id()
    for number in range(12):
        gmail.deliver(mail(f"Number {number}"))
    ids = [int(row["id"]) for row in history(gmail, start)]
    assert ids == sorted(set(ids))
    assert ids[0] > int(start)
    assert any(after - before > 1 for before, after in pairwise(ids))
    assert str(ids[-1]) == gmail.history_id()
    newest = gmail.users.messages().get(userId="me", id=gmail.find('"Number 11"')[0], format="minimal").execute()
    assert newest["historyId"] == str(ids[-1])


def test_pages_hold_what_was_asked_for_and_go_on_while_more_happens(gmail: Gmail) -> None:
    start = gmail.history_id()
    made = [gmail.deliver(mail(f"Number {number}")) for number in range(7)]
    listed = gmail.users.history()
    first = listed.list(userId="me", startHistoryId=start, maxResults=3).execute()
    assert [row["messages"][0]["id"] for row in first["history"]] == made[:3]
    made.append(gmail.deliver(mail("Meanwhile")))
    rest = history(gmail, start, maxResults=3)
    assert [row["messages"][0]["id"] for row in rest] == made
    other = gmail.get("/history", startHistoryId=start, maxResults=3, labelId="SENT", pageToken=first["nextPageToken"])
    assert reason(other) == (400, "invalidArgument")


def test_types_and_a_label_narrow(gmail: Gmail) -> None:
    start = gmail.history_id()
    one, other = gmail.deliver(mail("One")), gmail.deliver(mail("Other"), "sent")
    gmail.sandbox.mark_mail("noor", one, "Salesforce")
    gmail.sandbox.move_mail("noor", other, "trash")
    label = next(row["id"] for row in gmail.get("/labels").json()["labels"] if row["name"] == "Salesforce")
    assert kinds(history(gmail, start, historyTypes=["messageAdded"])) == ["messagesAdded", "messagesAdded"]
    assert kinds(history(gmail, start, historyTypes=["labelAdded", "labelRemoved"])) == [
        "labelsAdded",
        "labelsAdded",
        "labelsRemoved",
    ]
    marked = history(gmail, start, labelId=label)
    assert [row["messages"][0]["id"] for row in marked] == [one]
    assert {row["messages"][0]["id"] for row in history(gmail, start, labelId="INBOX")} == {one}


def test_a_change_that_changes_nothing_is_none(gmail: Gmail) -> None:
    identifier = gmail.find("label:salesforce")[0]
    start = gmail.history_id()
    gmail.sandbox.mark_mail("noor", identifier, "SALESFORCE")
    assert gmail.history_id() == start


def test_a_number_of_the_past_expires_and_a_new_profile_holds(gmail: Gmail) -> None:
    start = gmail.history_id()
    gmail.deliver(mail("News"))
    gmail.sandbox.expire_gmail_history("noor")
    assert reason(gmail.get("/history", startHistoryId=start)) == (404, "notFound")
    fresh = gmail.history_id()
    assert int(fresh) > int(start)
    gmail.deliver(mail("More news"))
    assert kinds(history(gmail, fresh)) == ["messagesAdded"]


def test_numbers_last_a_week_unless_nothing_happened(gmail: Gmail) -> None:
    start = gmail.history_id()
    gmail.sandbox.advance(20 * 86_400)
    gmail.credentials.token = gmail.sandbox.google_sign_in()["access_token"]
    gmail.deliver(mail("After long silence"))
    assert kinds(history(gmail, start)) == ["messagesAdded"]
    gmail.sandbox.advance(8 * 86_400)
    gmail.credentials.token = gmail.sandbox.google_sign_in()["access_token"]
    assert reason(gmail.get("/history", startHistoryId=start)) == (404, "notFound")
    assert history(gmail, gmail.history_id()) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, (400, "invalidArgument")),
        ({"startHistoryId": "1"}, (404, "notFound")),
        ({"startHistoryId": "999999999999"}, (404, "notFound")),
        ({"startHistoryId": "yesterday"}, (400, "badRequest")),
        ({"startHistoryId": "now", "maxResults": "501"}, (400, "invalidArgument")),
        ({"startHistoryId": "now", "historyTypes": "messagesAdded"}, (400, "badRequest")),
        ({"startHistoryId": "now", "labelId": "Label_404"}, (400, "invalidArgument")),
        ({"startHistoryId": "now", "pageToken": "made-up"}, (400, "invalidArgument")),
    ],
)
def test_what_history_does_not_take(gmail: Gmail, query: dict[str, str], expected: tuple[int, str]) -> None:
    if query.get("startHistoryId") == "now":
        query = query | {"startHistoryId": gmail.history_id()}
    assert reason(gmail.get("/history", **query)) == expected


def test_a_fault_expires_the_cursor_as_time_would(gmail: Gmail) -> None:
    start = gmail.history_id()
    gmail.sandbox.fault(service="gmail", kind="expired_cursor")
    assert reason(gmail.get("/history", startHistoryId=start)) == (404, "notFound")
    assert reason(gmail.get("/history", startHistoryId=start)) == (404, "notFound")
    assert gmail.get("/history", startHistoryId=gmail.history_id()).status_code == 200
