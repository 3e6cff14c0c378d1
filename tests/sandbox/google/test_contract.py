"""Everything that the sandbox's Gmail answers fits the published discovery document, by the method's id."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.google.discovery import gmail as discovery
from sandbox.google.methods import METHODS
from tests.contracts.google_discovery import gmail as document
from tests.sandbox.google.conftest import Gmail, mail


def problems(gmail: Gmail, method: str, verb: str, path: str, body: Any = None) -> list[str]:
    """Makes a call and holds both its body and its answer against the method's schemas."""
    answer = gmail.call(verb, path, json=body)
    assert answer.status_code in (200, 204), answer.text
    found = document().response_problems(f"gmail.users.{method}", answer.json() if answer.content else None)
    return found + (document().request_problems(f"gmail.users.{method}", body) if body is not None else [])


@pytest.mark.parametrize("form", ["minimal", "metadata", "full", "raw"])
def test_every_seeded_message_fits_in_every_format(gmail: Gmail, form: str) -> None:
    gmail.sandbox.limits(gmail_user_units=1_000_000)
    ids = [row["id"] for row in gmail.get("/messages?maxResults=500&includeSpamTrash=true").json()["messages"]]
    assert len(ids) > 290
    for identifier in ids:
        assert problems(gmail, "messages.get", "GET", f"/messages/{identifier}?format={form}") == []


def test_every_other_answer_fits(gmail: Gmail) -> None:
    start = gmail.history_id()
    identifier = gmail.deliver(mail("Checked"))
    topic = {"topicName": gmail.sandbox.info["google_pubsub_topic"], "labelIds": ["INBOX"]}
    full = gmail.message("from:noor has:attachment subject:laboratory")
    file = next(part for part in full["payload"]["parts"] if part["filename"])
    attachment = f"/messages/{full['id']}/attachments/{file['body']['attachmentId']}"
    calls: list[tuple[str, str, str, Any]] = [
        ("getProfile", "GET", "/profile", None),
        ("labels.create", "POST", "/labels", {"name": "Contract", "labelListVisibility": "labelShow"}),
        ("labels.list", "GET", "/labels", None),
        ("labels.get", "GET", "/labels/INBOX", None),
        ("messages.list", "GET", "/messages?q=in:inbox&maxResults=3", None),
        ("messages.list", "GET", "/messages?q=rfc822msgid:none@x.example", None),
        ("messages.modify", "POST", f"/messages/{identifier}/modify", {"addLabelIds": ["STARRED"]}),
        ("messages.trash", "POST", f"/messages/{identifier}/trash", None),
        ("messages.untrash", "POST", f"/messages/{identifier}/untrash", None),
        ("messages.attachments.get", "GET", attachment, None),
        ("threads.get", "GET", f"/threads/{full['threadId']}", None),
        ("history.list", "GET", f"/history?startHistoryId={start}&maxResults=2", None),
        ("watch", "POST", "/watch", topic),
        ("stop", "POST", "/stop", None),
    ]
    for method, verb, path, body in calls:
        assert problems(gmail, method, verb, path, body) == [], method
    assert {f"gmail.users.{method}" for method, *_ in calls} | {"gmail.users.messages.get"} == set(METHODS)


def test_the_sandbox_knows_every_path_of_the_document() -> None:
    assert {method.id for method in discovery().methods} >= set(METHODS)
    found = discovery().find("GET", "/gmail/v1/users/me/messages/18c5a1b2c3d4e5f6/attachments/x%2Fy")
    assert found is not None
    assert (found[0].id, found[1]["id"]) == ("gmail.users.messages.attachments.get", "x/y")
    sent = discovery().find("POST", "/gmail/v1/users/me/messages/send")
    assert sent is not None
    assert sent[0].id == "gmail.users.messages.send"


def test_the_checker_finds_what_does_not_fit() -> None:
    check = document()
    assert check.response_problems("gmail.users.messages.get", {"color": "red"})
    assert check.response_problems("gmail.users.messages.get", {"sizeEstimate": "1"})
    assert check.response_problems("gmail.users.messages.get", {"historyId": 1})
    assert check.response_problems("gmail.users.getProfile", {"historyId": "abc"})
    assert check.response_problems("gmail.users.messages.list", {"messages": [{"id": 1}]})
    assert check.request_problems("gmail.users.watch", {"labelFilterBehavior": "sometimes"})
    assert check.response_problems("gmail.users.stop", {"done": True})
    assert check.query_problems("gmail.users.messages.list", {"q", "color"}) == ["color"]
