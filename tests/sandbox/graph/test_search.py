"""Looking for messages by words and by marks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.graph.conftest import Graph

Pages = Callable[..., Iterator[dict[str, Any]]]


def _mail(subject: str, body: str, sender: str = "Quentin <quentin@brook.example>") -> str:
    return f"From: {sender}\r\nTo: mia.keller@larkfield.example\r\nSubject: {subject}\r\n\r\n{body}\r\n"


def _found(graph: Graph, text: str, path: str = "/me/messages") -> set[str]:
    answer = graph.get(path, params={"$search": text, "$select": "subject", "$top": "100"})
    assert answer.status_code == 200, answer.text
    return {row["subject"] for row in answer.json()["value"]}


def test_words_are_looked_for_in_subject_sender_and_body(graph: Graph) -> None:
    graph.deliver(_mail("Zeppelin rigging", "Nothing else."))
    graph.deliver(_mail("Another thing", "The zeppelins are late."))
    graph.deliver(_mail("Third", "Hello", "Zeppelin Works <office@zw.example>"))
    graph.deliver(_mail("Not this", "A zep and an unzeppelined one."))
    assert _found(graph, '"zeppelin"') == {"Zeppelin rigging", "Another thing", "Third"}
    assert _found(graph, '"subject:zeppelin"') == {"Zeppelin rigging"}
    assert _found(graph, '"from:zw.example"') == {"Third"}
    assert _found(graph, '"zeppelin late"') == {"Another thing"}
    assert _found(graph, '"\\"zeppelin rigging\\""') == {"Zeppelin rigging"}
    assert _found(graph, '"zeppelin"', "/me/mailFolders/archive/messages") == set()


def test_a_search_has_pages_but_no_order(graph: Graph, pages: Pages) -> None:
    for number in range(5):
        graph.deliver(_mail(f"Zeppelin {number}", "x"))
    found = list(pages('/me/messages?$search="zeppelin"&$select=subject&$top=2'))
    assert [len(page["value"]) for page in found] == [2, 2, 1]
    assert [row["subject"][-1] for page in found for row in page["value"]] == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("beside", "code"),
    [
        ("$filter=isRead eq true", "SearchWithFilter"),
        ("$orderby=receivedDateTime desc", "SearchWithOrderBy"),
        ("$count=true", "SearchWithCount"),
        ("$skip=5", "SearchWithSkip"),
    ],
)
def test_what_cannot_stand_beside_a_search_is_refused(graph: Graph, beside: str, code: str) -> None:
    answer = graph.get(f'/me/messages?$search="renewal"&{beside}')
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize("text", ["renewal", '"', '""', '"size:5"', '"this OR that"', '"un"closed"'])
def test_what_is_no_search_is_refused(graph: Graph, text: str) -> None:
    assert graph.get("/me/messages", params={"$search": text}).status_code == 400


def test_marked_messages_are_found_by_their_category(graph: Graph) -> None:
    made = graph.deliver(_mail("Marked", "x"))["id"]
    graph.patch(f"/me/messages/{made}", {"categories": ["salesforce"]})
    path = "/me/messages?$filter=categories/any(c:c eq 'Salesforce')&$select=id,parentFolderId&$top=100"
    rows = graph.get(path).json()["value"]
    assert made in [row["id"] for row in rows]
    assert set(rows[0]) == {"@odata.etag", "id", "parentFolderId"}
    graph.patch(f"/me/messages/{made}", {"categories": []})
    assert made not in [row["id"] for row in graph.get(path).json()["value"]]


def test_filters_narrow_by_message_id_and_thread_together_with_others(graph: Graph) -> None:
    text = _mail("One", "x").replace("Subject", "Message-ID: <one@brook.example>\r\nSubject")
    made = graph.deliver(text)
    wanted = "internetMessageId eq '<one@brook.example>'"
    rows = graph.get("/me/messages", params={"$filter": wanted}).json()["value"]
    assert [row["id"] for row in rows] == [made["id"]]
    for more, count in (("isRead eq false", 1), ("isRead eq true", 0)):
        both = graph.get("/me/messages", params={"$filter": f"{more} and {wanted}"}).json()["value"]
        assert len(both) == count
    thread = rows[0]["conversationId"]
    graph.deliver(_mail("Re: One", "y").replace("Subject", "In-Reply-To: <one@brook.example>\r\nSubject"))
    assert len(graph.get("/me/messages", params={"$filter": f"conversationId eq '{thread}'"}).json()["value"]) == 2
    graph.call("DELETE", f"/me/messages/{made['id']}")
    assert graph.get("/me/messages", params={"$filter": wanted}).json()["value"] == []
    assert len(graph.get("/me/messages", params={"$filter": f"conversationId eq '{thread}'"}).json()["value"]) == 1
