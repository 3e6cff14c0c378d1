"""Heads and whole messages by their ids, 20 a call: what they cost, and how one fails without the others."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import respx
from structlog.testing import capture_logs

from sync import errors
from sync.mail import Message
from sync.providers.graph import folders
from sync.providers.graph.client import GraphMailbox
from tests.sync.providers.fakes import GRAPH, FakeTokens
from tests.sync.providers.graph.batches import Batches, failure, query_of, well_known
from tests.sync.providers.graph.test_client import ATTACHMENT_SELECT, MESSAGE, listed_attachments

INLINE = {"contentType": "html", "content": '<img src="cid:logo@x">'}


def ids(count: int) -> list[str]:
    return [f"AAk{number}=" for number in range(count)]


def hold(batches: Batches, *names: str, user: str = "me", **more: Any) -> None:
    batches.answers |= {f"/{user}/messages/{name}": {**MESSAGE, "id": name, **more} for name in names}


def messages_of(results: Any) -> dict[str, Message]:
    assert all(isinstance(result, Message) for result in results.values()), results
    return dict(results)


def calls(batches: Batches) -> int:
    """Without the one that finds out the kinds of the folders."""
    return sum("mailFolders" not in paths[0] for paths in batches.paths)


def test_heads_come_twenty_a_call_without_bodies(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox
) -> None:
    hold(batches, *ids(45))
    found = messages_of(mailbox.heads(ids(45)))
    assert list(found) == ids(45)
    assert [len(parts) for parts in batches.sent if "messages" in parts[0]["url"]] == [20, 20, 5]
    part = batches.sent[0][0]
    assert part["method"] == "GET"
    assert 'IdType="ImmutableId"' in part["headers"]["Prefer"]
    assert part["url"].startswith("/me/messages/AAk0%3D?")
    assert "body" not in query_of(part)["$select"].split(",")
    assert query_of(part)["$expand"] == "singleValueExtendedProperties($filter=id eq 'Integer 0x36')"


def test_three_hundred_messages_without_attachments_cost_fifteen_calls(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox
) -> None:
    hold(batches, *ids(300))
    hold(batches, "warm")
    mailbox.heads(["warm"])
    batches.sent.clear()
    found = messages_of(mailbox.messages(ids(300)))
    assert len(found) == 300
    assert {message.html for message in found.values()} == {"<p>Hello</p>"}
    assert len(batches.sent) == 15
    assert len(graph.calls) == 15 + 2


def test_lists_of_attachments_share_the_calls_of_the_messages(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox
) -> None:
    hold(batches, *ids(30))
    hold(batches, "AAk0=", hasAttachments=True)
    hold(batches, "AAk29=", body=INLINE)
    for name in ("AAk0=", "AAk29="):
        batches.answers[f"/me/messages/{name}/attachments"] = {"value": listed_attachments()}

    found = messages_of(mailbox.messages(ids(30)))

    assert [one.name for one in found["AAk0="].attachments] == ["logo.png", "Re: offer"]
    assert [one.content_id for one in found["AAk29="].attachments] == ["logo@x", ""]
    assert found["AAk1="].attachments == ()
    sizes = [len(parts) for parts in batches.sent if "messages" in parts[0]["url"]]
    assert sizes == [20, 11, 1], "the first list goes with the second ten messages"
    listed = [part for parts in batches.sent for part in parts if "/attachments" in part["url"]]
    assert {query_of(part)["$select"] for part in listed} == {ATTACHMENT_SELECT}


def test_a_long_list_of_attachments_goes_on_by_its_link(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox
) -> None:
    hold(batches, "AAk0=", hasAttachments=True)
    link = f"{GRAPH}/me/messages/AAk0=/attachments?$skip=2"
    batches.answers["/me/messages/AAk0=/attachments"] = {"value": listed_attachments(), "@odata.nextLink": link}
    graph.get(f"{GRAPH}/me/messages/AAk0=/attachments").respond(json={"value": listed_attachments()[:1]})
    assert len(messages_of(mailbox.messages(["AAk0="]))["AAk0="].attachments) == 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((429, failure("ApplicationThrottled"), {"Retry-After": "7"}), errors.Throttled),
        ((503, failure("ServiceUnavailable"), {"retry-after": "7"}), errors.Throttled),
        ((504, failure("GatewayTimeout"), {"Retry-After": "7"}), errors.Throttled),
        ((503, failure("ServiceUnavailable"), {}), errors.Unavailable),
        ((404, failure("ErrorItemNotFound"), {}), errors.Gone),
        ((400, failure("ErrorInvalidIdMalformed"), {}), errors.Gone),
        ((403, failure("ErrorAccessDenied"), {}), errors.Forbidden),
        ((502, "<html>", {}), errors.Unavailable),
        ({"subject": "without an id"}, errors.Unavailable),
        ("text", errors.Unavailable),
    ],
)
@pytest.mark.parametrize("method", ["heads", "messages"])
def test_a_part_fails_alone(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox, answer: Any, expected: type, method: str
) -> None:
    hold(batches, *ids(3))
    batches.answers["/me/messages/AAk1="] = answer
    found = getattr(mailbox, method)(ids(3))
    failed = found["AAk1="]
    assert type(failed) is expected
    if isinstance(failed, errors.Throttled):
        assert failed.retry_after == 7.0
    assert isinstance(found["AAk0="], Message)
    assert isinstance(found["AAk2="], Message)
    assert calls(batches) == 1, "nothing is tried again here"


def test_a_list_of_attachments_fails_with_its_message(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox
) -> None:
    hold(batches, *ids(2))
    hold(batches, "AAk0=", hasAttachments=True)
    batches.answers["/me/messages/AAk0=/attachments"] = (429, failure("ApplicationThrottled"), {"Retry-After": "7"})
    found = mailbox.messages(ids(2))
    assert isinstance(found["AAk0="], errors.Throttled)
    assert isinstance(found["AAk1="], Message)


def test_a_part_without_an_answer_is_unavailable(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    lacking = [{"id": "1", "status": 200, "headers": {}, "body": {**MESSAGE, "parentFolderId": ""}}, {"id": "2"}, {}]
    graph.post(f"{GRAPH}/$batch").respond(json={"responses": lacking})
    found = mailbox.heads(ids(3))
    assert isinstance(found["AAk0="], errors.Unavailable)
    assert isinstance(found["AAk1="], Message)
    assert isinstance(found["AAk2="], errors.Unavailable)


@pytest.mark.parametrize("inside", [False, True], ids=["the whole batch", "a part of it"])
def test_an_expired_token_is_renewed_once_for_the_batch(graph: respx.MockRouter, inside: bool) -> None:
    folders.forget()
    answering = Batches(well_known("me"))
    hold(answering, *ids(2))
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        if seen[-1] == "Bearer new":
            return answering(request)
        refused = failure("InvalidAuthenticationToken")
        parts = [{"id": "0", "status": 200, "body": MESSAGE}, {"id": "1", "status": 401, "body": refused}]
        return httpx.Response(200, json={"responses": parts}) if inside else httpx.Response(401, json=refused)

    graph.post(f"{GRAPH}/$batch").mock(side_effect=answer)
    tokens = FakeTokens("old", "new")
    messages_of(GraphMailbox(tokens).heads(ids(2)))
    assert tokens.rejected == ["old"]
    assert seen[:2] == ["Bearer old", "Bearer new"]


def test_a_batch_that_fails_as_a_whole_is_raised(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    graph.post(f"{GRAPH}/$batch").respond(429, headers={"Retry-After": "11"}, json=failure("TooManyRequests"))
    with pytest.raises(errors.Throttled) as caught:
        mailbox.heads(ids(30))
    assert caught.value.retry_after == 11.0
    assert len(graph.calls) == 1


def test_what_came_before_a_failing_batch_is_kept(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox
) -> None:
    hold(batches, *ids(50), "warm")
    mailbox.heads(["warm"])
    refused = httpx.Response(503, headers={"Retry-After": "4"}, json=failure("ServiceUnavailable"))
    count = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        return refused if count == 2 else batches(request)

    graph.post(f"{GRAPH}/$batch").mock(side_effect=answer)
    found = mailbox.heads(ids(50))
    assert sum(isinstance(result, Message) for result in found.values()) == 20
    assert sum(isinstance(result, errors.Throttled) for result in found.values()) == 30
    assert count == 2, "who is told to wait does not go on"


def test_an_id_cannot_leave_its_place_in_a_batch(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox
) -> None:
    found = mailbox.heads(["..", "", "../../users/ceo?$select=id#"])
    assert {type(result) for result in found.values()} == {errors.Gone}
    assert [part["url"].partition("?")[0] for part in batches.sent[0]] == [
        "/me/messages/..%2F..%2Fusers%2Fceo%3F%24select%3Did%23"
    ]


def test_an_id_given_twice_is_asked_for_once(graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox) -> None:
    hold(batches, "AAk0=")
    assert list(mailbox.heads(["AAk0=", "AAk0="])) == ["AAk0="]
    assert len(batches.sent[0]) == 1
    assert mailbox.heads([]) == {}


def test_the_applications_token_names_the_user_in_each_part(graph: respx.MockRouter, batches: Batches) -> None:
    batches.answers |= well_known("users/8f-oid")
    hold(batches, "AAk0=", user="users/8f-oid")
    messages_of(GraphMailbox(FakeTokens(), mailbox="8f-oid").messages(["AAk0="]))
    assert all(path.startswith("/users/8f-oid/") for paths in batches.paths for path in paths)


def test_failures_are_logged_by_their_ids_and_codes_alone(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox
) -> None:
    words = "Mia Keller <mia.keller@larkfield.example> may not"
    graph.get(f"{GRAPH}/me").respond(
        403, headers={"request-id": "r-1"}, json=failure("Authorization_RequestDenied", words)
    )
    batches.answers["/me/messages/AAk0="] = (500, failure("ErrorInternal", words), {"request-id": "r-2"})
    with capture_logs() as logged:
        with pytest.raises(errors.Forbidden):
            mailbox.profile()
        mailbox.heads(["AAk0="])
    assert [(entry["event"], entry["code"], entry["request_id"]) for entry in logged] == [
        ("graph.failed", "Authorization_RequestDenied", "r-1"),
        ("graph.failed", "ErrorInternal", "r-2"),
    ]
    assert logged[0]["client_request_id"] == graph.calls[0].request.headers["client-request-id"]
    assert "keller" not in str(logged).lower()
    assert "token-1" not in str(logged)
