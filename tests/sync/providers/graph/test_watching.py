"""The push of a mailbox: made, prolonged, ended, found standing, and left in doubt."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx

from sync import errors
from sync.providers.graph.client import GraphMailbox
from sync.providers.mailbox import WatchTicket
from tests.contracts.graph_csdl import checker
from tests.sync.providers.fakes import GRAPH, FakeTokens
from tests.sync.providers.graph.batches import asked, failure

SUBSCRIPTIONS = f"{GRAPH}/subscriptions"
UNTIL = datetime(2026, 11, 27, 10, 30, 15, 999, tzinfo=UTC)
ADDRESS = "https://alongside.larkfield.example/hooks/graph/1/"
STANDING = {
    "id": "sub-1",
    "resource": "me/messages",
    "changeType": "created,updated,deleted",
    "notificationUrl": ADDRESS,
    "clientState": None,
    "expirationDateTime": "2026-11-27T10:30:15.1234567Z",
}


def watch(mailbox: GraphMailbox) -> WatchTicket:
    return mailbox.watch(notification_url=ADDRESS, secret="s3cret", until=UNTIL)


def sent(call: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(call.request.content)
    return body


def test_a_subscription_is_of_the_whole_mailbox(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    route = graph.post(SUBSCRIPTIONS).respond(201, json=STANDING)
    ticket = watch(mailbox)
    assert ticket == WatchTicket("sub-1", datetime(2026, 11, 27, 10, 30, 15, 123_456, tzinfo=UTC))
    assert sent(route.calls.last) == {
        "changeType": "created,updated,deleted",
        "resource": "/me/messages",
        "notificationUrl": ADDRESS,
        "lifecycleNotificationUrl": ADDRESS,
        "clientState": "s3cret",
        "latestSupportedTlsVersion": "v1_2",
        "expirationDateTime": "2026-11-27T10:30:15Z",
    }
    assert 'IdType="ImmutableId"' in route.calls.last.request.headers["Prefer"]


def test_the_order_of_a_subscription_is_graphs(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    schema = checker()
    route = graph.post(SUBSCRIPTIONS).respond(201, json=STANDING)
    patched = graph.patch(f"{SUBSCRIPTIONS}/sub-1").respond(json=STANDING)
    watch(mailbox)
    mailbox.renew("sub-1", until=UNTIL)
    assert schema.entity_problems(sent(route.calls.last), "subscription") == []
    assert schema.entity_problems(sent(patched.calls.last), "subscription") == []
    assert schema.entity_problems(STANDING, "subscription") == []


def test_the_applications_subscription_names_the_user(graph: respx.MockRouter) -> None:
    route = graph.post(SUBSCRIPTIONS).respond(201, json=STANDING)
    watch(GraphMailbox(FakeTokens(), mailbox="8f-oid"))
    assert sent(route.calls.last)["resource"] == "/users/8f-oid/messages"


def test_one_that_stands_already_is_replaced(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    conflict = httpx.Response(409, json=failure("ExtensionError"))
    made = httpx.Response(201, json={**STANDING, "id": "sub-2"})
    graph.post(SUBSCRIPTIONS).mock(side_effect=[conflict, made])
    others = [{**STANDING, "id": "x", "notificationUrl": "https://else.example/"}]
    graph.get(SUBSCRIPTIONS).mock(
        side_effect=[
            httpx.Response(200, json={"value": others, "@odata.nextLink": f"{SUBSCRIPTIONS}?$skiptoken=s"}),
            httpx.Response(200, json={"value": [{**STANDING, "resource": "users/1/messages", "id": "y"}, STANDING]}),
        ]
    )
    ended = graph.delete(f"{SUBSCRIPTIONS}/sub-1").respond(204)
    assert watch(mailbox).id == "sub-2"
    assert ended.call_count == 1


def test_one_of_another_address_is_not_ours_to_end(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    graph.post(SUBSCRIPTIONS).respond(409, json=failure("ExtensionError"))
    graph.get(SUBSCRIPTIONS).respond(json={"value": [{**STANDING, "notificationUrl": "https://else.example/"}]})
    with pytest.raises(errors.Conflict):
        watch(mailbox)
    assert not any("DELETE" in call for call in asked(graph))


def test_it_is_replaced_once(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    graph.post(SUBSCRIPTIONS).respond(409, json=failure("ExtensionError"))
    graph.get(SUBSCRIPTIONS).respond(json={"value": [STANDING]})
    graph.delete(f"{SUBSCRIPTIONS}/sub-1").respond(404, json=failure("ResourceNotFound"))
    with pytest.raises(errors.Conflict):
        watch(mailbox)
    assert len(graph.calls) == 4


def test_a_receiver_that_does_not_answer_is_a_refusal(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    graph.post(SUBSCRIPTIONS).respond(400, json=failure("ValidationError"))
    with pytest.raises(errors.Refused) as caught:
        watch(mailbox)
    assert caught.value.code == "ValidationError"


def test_it_is_prolonged(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    route = graph.patch(f"{SUBSCRIPTIONS}/sub-1").respond(json=STANDING)
    assert mailbox.renew("sub-1", until=UNTIL).id == "sub-1"
    assert sent(route.calls.last) == {"expirationDateTime": "2026-11-27T10:30:15Z"}


@pytest.mark.parametrize("watch_id", ["sub-1", "", ".."])
def test_one_that_has_lapsed_is_gone(graph: respx.MockRouter, mailbox: GraphMailbox, watch_id: str) -> None:
    graph.route(url__startswith=f"{SUBSCRIPTIONS}/").respond(404, json=failure("ResourceNotFound"))
    with pytest.raises(errors.Gone):
        mailbox.renew(watch_id, until=UNTIL)
    mailbox.stop(watch_id)


def test_it_is_ended(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    route = graph.delete(f"{SUBSCRIPTIONS}/sub%2F1").respond(204)
    mailbox.stop("sub/1")
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.ReadTimeout("slow"), errors.Ambiguous),
        (httpx.RemoteProtocolError("cut"), errors.Ambiguous),
        (httpx.ConnectError("refused"), errors.Unavailable),
        (httpx.Response(500, json=failure("InternalServerError")), errors.Ambiguous),
        (httpx.Response(504, headers={"Retry-After": "5"}, json=failure("GatewayTimeout")), errors.Throttled),
        (httpx.Response(201, content=b"<html>"), errors.Ambiguous),
        (httpx.Response(302, headers={"Location": "https://evil.example/"}), errors.Unavailable),
    ],
)
def test_a_write_without_an_answer_is_in_doubt(
    graph: respx.MockRouter, mailbox: GraphMailbox, answer: Any, expected: type[errors.ProviderError]
) -> None:
    graph.post(SUBSCRIPTIONS).mock(side_effect=[answer])
    with pytest.raises(errors.ProviderError) as caught:
        watch(mailbox)
    assert type(caught.value) is expected
