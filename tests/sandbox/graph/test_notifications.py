"""What subscribers are told, how deliveries are repeated, lost and dropped, and the lifecycle notices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.contracts.graph_csdl import checker
from tests.sandbox.graph.conftest import IMMUTABLE, Clock, Graph
from tests.sandbox.graph.receiver import Receiver
from tests.sandbox.graph.test_subscriptions import order

MAIL = "From: Dana <dana@northwind.example>\r\nTo: mia.keller@larkfield.example\r\nSubject: New\r\n\r\nHello\r\n"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


Subscribe = Callable[..., str]


@pytest.fixture
def subscribe(graph: Graph, receiver: Receiver) -> Subscribe:
    """Makes a subscription; its id."""

    def make(by: str = "mia", headers: dict[str, str] | None = None, **changed: Any) -> str:
        answer = graph.post("/subscriptions", order(graph, receiver, **changed), by=by, headers=headers or IMMUTABLE)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    return make


def _quiet(graph: Graph) -> dict[str, Any]:
    """The state of the deliveries, once nothing waits any more."""
    deadline = time.monotonic() + 10
    while True:
        state: dict[str, Any] = graph.get("/_sandbox/notifications").json()
        if not state["waiting"]:
            return state
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _told(receiver: Receiver) -> list[tuple[str, str]]:
    return [(note["changeType"], note["resourceData"]["id"]) for note in receiver.notes()]


def test_each_step_of_a_message_is_told(graph: Graph, receiver: Receiver, subscribe: Subscribe) -> None:
    subscription = subscribe()
    made = graph.deliver(MAIL)["immutableId"]
    graph.patch(f"/me/messages/{made}", {"categories": ["Salesforce"]})
    graph.call("DELETE", f"/me/messages/{made}")
    graph.deliver(MAIL, user=graph.tom.email)
    notes = receiver.wait(3)
    _quiet(graph)
    assert _told(receiver) == [("created", made), ("updated", made), ("deleted", made)]
    where = f"Users/{graph.mia.oid}/Messages/{made}"
    first = notes[0]
    assert (first["subscriptionId"], first["clientState"], first["resource"]) == (subscription, "secret", where)
    assert first["tenantId"] == graph.tenant.id
    data = first["resourceData"]
    assert (data["@odata.type"], data["@odata.id"]) == ("#Microsoft.Graph.Message", where)
    assert data["@odata.etag"].startswith('W/"')


def test_the_ids_are_of_the_kind_that_was_preferred(graph: Graph, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe(headers={"x": "y"})
    made = graph.deliver(MAIL)
    graph.post(f"/me/messages/{made['id']}/move", {"destinationId": "archive"})
    receiver.wait(3)
    moved = graph.get(f"/me/messages/{made['immutableId']}").json()["id"]
    assert _told(receiver) == [("created", made["id"]), ("deleted", made["id"]), ("created", moved)]


def test_a_folders_subscription_hears_of_that_folder_and_of_what_it_asked(
    graph: Graph, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe(resource="/me/mailFolders('archive')/messages", changeType="created")
    made = graph.deliver(MAIL)["immutableId"]
    graph.post(f"/me/messages/{made}/move", {"destinationId": "archive"})
    graph.patch(f"/me/messages/{made}", {"isRead": True})
    receiver.wait(1)
    _quiet(graph)
    assert _told(receiver) == [("created", made)]


def test_bodies_fit_the_schema(graph: Graph, receiver: Receiver, subscribe: Subscribe) -> None:
    schema = checker()
    subscription = subscribe(lifecycleNotificationUrl=receiver.url)
    assert schema.entity_problems(graph.get(f"/subscriptions/{subscription}").json(), "subscription") == []
    assert schema.collection_problems(graph.get("/subscriptions").json(), "subscription") == []
    assert schema.entity_problems(order(graph, receiver), "subscription") == []
    graph.deliver(MAIL)
    graph.post("/_sandbox/notifications/lifecycle", {"subscription": subscription, "event": "missed"})
    receiver.wait(2)
    for _, body in receiver.posts:
        for note in body["value"]:
            # `resourceData` is an open type without properties; what stands in it is the message's.
            assert schema.entity_problems({"id": note.pop("resourceData", {}).get("id")}, "message") == []
        assert schema.entity_problems(body, "changeNotificationCollection") == []


def test_a_refused_delivery_comes_again(graph: Graph, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe()
    receiver.answer = lambda number: (503 if number <= 2 else 202, 0.0)
    made = graph.deliver(MAIL)["immutableId"]
    receiver.wait(3)
    assert _told(receiver) == [("created", made)] * 3
    rows = _quiet(graph)["delivered"]
    assert [(row["status"], row["attempt"]) for row in rows] == [(503, 1), (503, 2), (202, 3)]


def test_a_filling_tells_of_the_newest_alone(graph: Graph, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe(resource="/me/mailFolders/inbox/messages")
    graph.post("/_sandbox/mail/fill", {"user": graph.mia.email, "count": 300})
    receiver.wait(1)
    _quiet(graph)
    newest = graph.get("/me/mailFolders/inbox/messages/delta?$select=id", headers=IMMUTABLE).json()["value"][0]["id"]
    assert _told(receiver) == [("created", newest)]


def test_the_api_does_not_wait_for_receivers(graph: Graph, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe()
    receiver.answer = lambda number: (202, 1.5)
    began = time.monotonic()
    graph.deliver(MAIL)
    assert graph.get("/me").status_code == 200
    assert time.monotonic() - began < 1.2
    receiver.wait(1)


def test_slow_receivers_are_dropped_and_told_that_they_missed_something(
    graph: Graph, receiver: Receiver, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.microsoft.notifier.ANSWER_SECONDS", 0.05)
    monkeypatch.setattr("sandbox.microsoft.notifier._FIRST_RETRY_SECONDS", 0.01)
    subscribe(lifecycleNotificationUrl=f"{receiver.url}/life")
    receiver.answer = lambda number: (202, 0.3)
    graph.deliver(MAIL)
    receiver.answer = lambda number: (202, 0.3 if "life" not in str(receiver.posts[-1:]) else 0.0)
    assert receiver.wait(1, "/hook/life", 20)[0]["lifecycleEvent"] == "missed"
    statuses = [row["status"] for row in graph.get("/_sandbox/notifications").json()["delivered"]]
    assert "dropped: slow" in statuses
    assert statuses.count("timeout") >= 10


def test_deliveries_can_be_repeated_lost_reordered_and_made_up(
    graph: Graph, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe()
    control = "/_sandbox/notifications"
    assert graph.post(control, {"duplicate": 1.0, "phantom": 2, "delay_ms": 150}).status_code == 200
    made = graph.deliver(MAIL)["immutableId"]
    receiver.wait(4)
    assert _told(receiver)[:2] == [("created", made)] * 2
    made_up = [identifier for kind, identifier in _told(receiver)[2:]]
    assert len(set(made_up)) == 2
    assert all(graph.get(f"/me/messages/{identifier}").status_code == 404 for identifier in made_up)
    graph.post(control, {"duplicate": 0.0, "phantom": 0, "drop": 1.0, "delay_ms": 0})
    graph.deliver(MAIL)
    assert _quiet(graph)["delivered"][-1]["status"] == "dropped"
    assert len(receiver.notes()) == 4
    graph.post(control, {"drop": 0.0, "reorder": True, "delay_ms": 300})
    sent = [graph.deliver(MAIL)["immutableId"] for _ in range(12)]
    receiver.wait(16)
    came = [identifier for _, identifier in _told(receiver)[4:]]
    assert sorted(came) == sorted(sent)
    assert came != sent


@pytest.mark.parametrize("body", [{"drop": 2.0}, {"delay_ms": -1}, {"loss": 0.5}, {"phantom": 0.5}, {"reorder": "yes"}])
def test_control_refuses_what_makes_no_sense(graph: Graph, body: dict[str, Any]) -> None:
    assert graph.post("/_sandbox/notifications", body).status_code == 400


def test_a_lapsed_subscription_hears_nothing(graph: Graph, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe()
    clock = graph.tenant.clock
    assert isinstance(clock, Clock)
    clock.moment += timedelta(days=6, seconds=1)
    graph.deliver(MAIL)
    assert _quiet(graph)["subscriptions"] == []
    assert receiver.posts == []


def test_a_removed_subscription_is_gone_and_says_so(graph: Graph, receiver: Receiver, subscribe: Subscribe) -> None:
    subscription = subscribe(lifecycleNotificationUrl=f"{receiver.url}/life")
    sent = graph.post("/_sandbox/notifications/lifecycle", {"user": graph.mia.email, "event": "subscriptionRemoved"})
    assert sent.json() == {"sent": 1, "of": 1}
    note = receiver.wait(1, "/hook/life")[0]
    assert (note["lifecycleEvent"], note["subscriptionId"]) == ("subscriptionRemoved", subscription)
    assert "changeType" not in note
    later = {"expirationDateTime": "2026-11-25T00:00:00Z"}
    assert graph.patch(f"/subscriptions/{subscription}", later).status_code == 404


def test_without_a_new_authorisation_notices_end(graph: Graph, receiver: Receiver, subscribe: Subscribe) -> None:
    subscription = subscribe(lifecycleNotificationUrl=f"{receiver.url}/life")
    event = {"subscription": subscription, "event": "reauthorizationRequired"}
    graph.post("/_sandbox/notifications/lifecycle", event)
    receiver.wait(1, "/hook/life")
    graph.deliver(MAIL)
    receiver.wait(1)
    clock = graph.tenant.clock
    assert isinstance(clock, Clock)
    clock.moment += timedelta(minutes=11)
    graph.deliver(MAIL)
    _quiet(graph)
    assert len(receiver.notes()) == 1
    assert graph.call("POST", f"/subscriptions/{subscription}/reauthorize").status_code == 204
    graph.deliver(MAIL)
    receiver.wait(2)


def test_an_unknown_subscription_or_event_is_refused(graph: Graph) -> None:
    for body in (
        {"event": "missed"},
        {"event": "forgotten", "user": graph.mia.email},
        {"event": "missed", "user": "nobody@larkfield.example"},
        {"event": "missed", "subscription": "17"},
        {"event": "missed", "subscription": "17", "user": graph.mia.email},
    ):
        assert graph.post("/_sandbox/notifications/lifecycle", body).status_code == 400


def test_an_application_that_lost_the_mailbox_hears_nothing(
    graph: Graph, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe(by="app", resource=f"/users/{graph.mia.oid}/messages")
    graph.post("/_sandbox/tenant", {"application_access": [graph.tom.email]})
    graph.deliver(MAIL)
    _quiet(graph)
    assert receiver.posts == []
