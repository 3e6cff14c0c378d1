"""Subscriptions: what is refused, the handshake, renewing, lapsing, and who sees them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.sandbox.graph.conftest import Claims, Clock, Graph
from tests.sandbox.graph.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def order(graph: Graph, receiver: Receiver, **changed: Any) -> dict[str, Any]:
    """A good order of a subscription with some values replaced; None leaves one out."""
    expires = graph.tenant.clock.now() + timedelta(days=6)
    body = {
        "changeType": "created,updated,deleted",
        "notificationUrl": receiver.url,
        "resource": "/me/messages",
        "expirationDateTime": expires.strftime("%Y-%m-%dT%H:%M:%S.0000000Z"),
        "clientState": "secret",
        "latestSupportedTlsVersion": "v1_2",
    }
    return {name: value for name, value in (body | changed).items() if value is not None}


def _subscribe(graph: Graph, receiver: Receiver, by: str = "mia", **changed: Any) -> httpx.Response:
    return graph.post("/subscriptions", order(graph, receiver, **changed), by=by)


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_it_is_made_after_both_addresses_have_shaken_hands(graph: Graph, receiver: Receiver) -> None:
    answer = _subscribe(graph, receiver, lifecycleNotificationUrl=f"{receiver.url}/life")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["clientState"], body["creatorId"], body["applicationId"]) == ("secret", graph.mia.oid, "app")
    assert len(receiver.tokens) == 2
    assert " " in receiver.tokens[0]
    assert [row["id"] for row in graph.get("/subscriptions").json()["value"]] == [body["id"]]
    read = graph.get(f"/subscriptions/{body['id']}").json()
    assert read["clientState"] is None
    assert read["expirationDateTime"] == body["expirationDateTime"]


@pytest.mark.parametrize(
    "shake",
    [
        (202, "text/plain", "{}"),
        (200, "application/json", "{}"),
        (200, "text/plain", "something else"),
        (200, "text/plain", "Validation%3A+Testing"),
        (500, "text/plain", "{}"),
    ],
)
def test_a_wrong_handshake_is_a_validation_error(graph: Graph, receiver: Receiver, shake: tuple[int, str, str]) -> None:
    receiver.shake = lambda token: (shake[0], shake[1], token if shake[2] == "{}" else shake[2])
    assert _code(_subscribe(graph, receiver)) == (400, "ValidationError")
    assert graph.get("/subscriptions").json()["value"] == []


def test_nobody_at_the_address_is_a_validation_error(graph: Graph, receiver: Receiver) -> None:
    receiver.close()
    assert _code(_subscribe(graph, receiver)) == (400, "ValidationError")


@pytest.mark.parametrize(
    "changed",
    [
        {"changeType": None},
        {"notificationUrl": None},
        {"resource": None},
        {"expirationDateTime": None},
        {"changeType": "created,renamed"},
        {"changeType": "created,created"},
        {"notificationUrl": "http://hooks.example/x"},
        {"notificationUrl": "hooks"},
        {"lifecycleNotificationUrl": "http://hooks.example/x"},
        {"clientState": "x" * 129},
        {"resource": "/me/events"},
        {"resource": "/me/messages?$filter=isRead eq false"},
        {"expirationDateTime": "2026-11-23T09:00:00Z"},
        {"expirationDateTime": "2026-12-23T09:00:00Z"},
        {"expirationDateTime": "tomorrow"},
        {"latestSupportedTlsVersion": "v9"},
        {"includeResourceData": True},
        {"id": "mine"},
    ],
)
def test_what_it_does_not_take_is_refused_before_anybody_is_asked(
    graph: Graph, receiver: Receiver, changed: dict[str, Any]
) -> None:
    assert _code(_subscribe(graph, receiver, **changed)) == (400, "InvalidRequest")
    assert receiver.tokens == []


def test_an_unknown_property_is_refused(graph: Graph, receiver: Receiver) -> None:
    assert _code(_subscribe(graph, receiver, mood="good")) == (400, "BadRequest")


@pytest.mark.parametrize(
    "resource",
    [
        "/me/messages",
        "me/messages",
        "me/mailFolders('inbox')/messages",
        "/me/mailFolders/Inbox/messages",
        "/me/mailfolders(%27inbox%27)/messages",
        "/users/mia.keller@larkfield.example/messages",
        "/users/mia.keller%40larkfield.example/mailFolders('sentitems')/messages",
        "users('mia.keller@larkfield.example')/messages",
    ],
)
def test_every_way_to_write_a_resource_is_understood(graph: Graph, receiver: Receiver, resource: str) -> None:
    answer = _subscribe(graph, receiver, resource=resource)
    assert answer.status_code == 201, answer.text
    assert answer.json()["resource"] == resource


def test_scopes_and_foreign_mailboxes(graph: Graph, receiver: Receiver) -> None:
    assert _code(_subscribe(graph, receiver, by="stranger")) == (403, "ErrorAccessDenied")
    assert _subscribe(graph, receiver, by="reader").status_code == 201
    toms = f"/users/{graph.tom.oid}/messages"
    assert _code(_subscribe(graph, receiver, resource=toms)) == (403, "ErrorAccessDenied")
    assert _subscribe(graph, receiver, by="app", resource=toms).status_code == 201
    assert _code(_subscribe(graph, receiver, by="app")) == (400, "BadRequest")
    assert _code(_subscribe(graph, receiver, resource="/me/mailFolders/17/messages"))[0] == 400


def test_the_same_twice_is_a_conflict_but_not_for_another_client(graph: Graph, receiver: Receiver) -> None:
    first = _subscribe(graph, receiver).json()
    again = _subscribe(graph, receiver, changeType="deleted,created,updated", clientState="other")
    assert _code(again) == (409, "Conflict")
    assert first["id"] in again.json()["error"]["message"]
    assert _code(_subscribe(graph, receiver, resource=f"/users/{graph.mia.email}/messages"))[0] == 409
    assert _subscribe(graph, receiver, changeType="created").status_code == 201
    assert _subscribe(graph, receiver, resource="/me/mailFolders/inbox/messages").status_code == 201
    mine = f"/users/{graph.mia.oid}/messages"
    assert _subscribe(graph, receiver, by="app", resource=mine).status_code == 201


def test_a_mailbox_has_room_for_so_many(graph: Graph, receiver: Receiver) -> None:
    graph.post("/_sandbox/notifications", {"per_mailbox": 1})
    assert _subscribe(graph, receiver).status_code == 201
    assert _code(_subscribe(graph, receiver, changeType="created")) == (403, "Forbidden")
    assert _subscribe(graph, receiver, by="tom").status_code == 201


def test_it_is_renewed_until_it_lapses(graph: Graph, receiver: Receiver) -> None:
    made = _subscribe(graph, receiver).json()
    path = f"/subscriptions/{made['id']}"
    clock = graph.tenant.clock
    assert isinstance(clock, Clock)
    clock.moment += timedelta(days=5)
    later = (clock.now() + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
    renewed = graph.patch(path, {"expirationDateTime": later})
    assert (renewed.status_code, renewed.json()["expirationDateTime"]) == (200, later)
    assert _code(graph.patch(path, {"expirationDateTime": "2027-01-01T00:00:00Z"})) == (400, "InvalidRequest")
    assert _code(graph.patch(path, {"resource": "/me/messages"})) == (400, "InvalidRequest")
    clock.moment += timedelta(days=7)
    for answer in (graph.get(path), graph.patch(path, {"expirationDateTime": later}), graph.call("DELETE", path)):
        assert _code(answer) == (404, "ResourceNotFound")
    assert graph.get("/subscriptions").json()["value"] == []
    assert graph.tenant.mailbox(graph.mia.oid).watcher is None


def test_it_belongs_to_who_made_it(graph: Graph, receiver: Receiver) -> None:
    graph.identity.tokens["other"] = Claims(graph.mia.oid, frozenset({"Mail.Read"}), app_id="other app")
    path = f"/subscriptions/{_subscribe(graph, receiver).json()['id']}"
    for by in ("tom", "app", "other"):
        assert graph.get(path, by=by).status_code == 404
        assert graph.call("DELETE", path, by=by).status_code == 404
        assert graph.get("/subscriptions", by=by).json()["value"] == []
    assert graph.call("DELETE", path).status_code == 204
    assert graph.get(path).status_code == 404


def test_another_address_shakes_hands_before_it_is_taken(graph: Graph, receiver: Receiver) -> None:
    path = f"/subscriptions/{_subscribe(graph, receiver).json()['id']}"
    assert graph.patch(path, {"notificationUrl": f"{receiver.url}/new"}).status_code == 200
    assert len(receiver.tokens) == 2
    receiver.shake = lambda token: (404, "text/plain", "")
    assert _code(graph.patch(path, {"notificationUrl": receiver.url})) == (400, "ValidationError")
