"""Watching a mailbox: what is published, how it is pushed, and everything that can go wrong on the way."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from google.auth.transport.requests import Request
from google.oauth2 import id_token

from tests.contracts.google_discovery import pubsub
from tests.sandbox.google.conftest import Gmail, mail, reason

DAY = 86_400


class Receiver:
    """A webhook on a free port of the loopback interface. ``statuses`` are answered first, then 204."""

    def __init__(self) -> None:
        self.pushes: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                receiver.pushes.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/gmail/"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def data(self) -> list[dict[str, Any]]:
        """What the messages say, in the order of their arrival."""
        return [json.loads(base64.b64decode(body["message"]["data"])) for _, body in self.pushes]

    def wait(self, count: int, seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while len(self.pushes) < count:
            assert time.monotonic() < end, f"{len(self.pushes)} of {count} pushes"
            time.sleep(0.02)

    def quiet(self, seconds: float = 0.6) -> int:
        """How many pushes there are after a while."""
        time.sleep(seconds)
        return len(self.pushes)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def watched(gmail: Gmail, receiver: Receiver) -> Gmail:
    """A watched mailbox whose first message (the test of the topic) has arrived."""
    gmail.sandbox.subscribe(endpoint=receiver.url, audience=receiver.url)
    watch(gmail)
    receiver.wait(1)
    return gmail


def watch(gmail: Gmail, **more: Any) -> dict[str, Any]:
    body = {"topicName": gmail.sandbox.info["google_pubsub_topic"], **more}
    found: dict[str, Any] = gmail.users.watch(userId="me", body=body).execute()
    return found


def test_a_watch_says_where_history_stands_and_tells_the_topic_at_once(watched: Gmail, receiver: Receiver) -> None:
    answer = watch(watched)
    assert set(answer) == {"historyId", "expiration"}
    assert answer["historyId"] == watched.history_id()
    assert 6.9 * DAY < int(answer["expiration"]) / 1000 - time.time() <= 7 * DAY
    receiver.wait(2)
    assert receiver.data()[1] == {"emailAddress": watched.address, "historyId": int(answer["historyId"])}


def test_a_change_is_pushed_with_a_token_that_google_auth_accepts(watched: Gmail, receiver: Receiver) -> None:
    watched.deliver(mail("News"))
    receiver.wait(2)
    headers, body = receiver.pushes[1]
    assert set(body) == {"message", "subscription"}
    assert pubsub().schema_problems("PubsubMessage", body["message"]) == []
    assert receiver.data()[1] == {"emailAddress": watched.address, "historyId": int(watched.history_id())}
    scheme, _, token = headers["authorization"].partition(" ")
    assert scheme == "Bearer"
    claims: Any = id_token.verify_token(
        token,
        Request(session=watched.sandbox.session()),
        audience=receiver.url,
        certs_url=watched.sandbox.info["google_certs_url"],
    )
    assert claims["iss"] == "https://accounts.google.com"
    assert claims["email"] == watched.sandbox.info["google_push_service_account"]
    assert claims["email_verified"] is True
    assert claims["exp"] - claims["iat"] == 3600


def test_every_kind_of_change_is_pushed_and_filling_once(watched: Gmail, receiver: Receiver) -> None:
    identifier = watched.deliver(mail("News"))
    watched.users.messages().modify(userId="me", id=identifier, body={"addLabelIds": ["STARRED"]}).execute()
    watched.sandbox.delete_mail("noor", identifier)
    receiver.wait(4)
    numbers = [row["historyId"] for row in receiver.data()]
    assert sorted(numbers)[-1] == int(watched.history_id())
    watched.sandbox.fill_mail("noor", 50)
    receiver.wait(5)
    assert receiver.quiet(0.3) == 5
    assert receiver.data()[4]["historyId"] == int(watched.history_id())


def test_a_push_is_repeated_until_it_is_acknowledged(watched: Gmail, receiver: Receiver) -> None:
    receiver.statuses = [500, 429, 404, 302]
    watched.deliver(mail("News"))
    receiver.wait(6)
    assert len({body["message"]["messageId"] for _, body in receiver.pushes[1:]}) == 1
    assert receiver.quiet() == 6
    delivery = watched.sandbox.pubsub()["deliveries"][-1]
    assert (delivery["attempts"], delivery["status"], delivery["acknowledged"]) == (5, 204, 1)


def test_deliveries_never_hold_the_api_up(gmail: Gmail) -> None:
    gmail.sandbox.subscribe(endpoint="http://127.0.0.1:9/closed")
    watch(gmail)
    began = time.monotonic()
    for number in range(5):
        gmail.deliver(mail(f"Number {number}"))
    assert time.monotonic() - began < 3
    assert all(row["acknowledged"] == 0 for row in gmail.sandbox.pubsub()["deliveries"])


def test_messages_come_twice_out_of_order_late_or_never(watched: Gmail, receiver: Receiver) -> None:
    watched.sandbox.subscribe(duplicate=1.0)
    watched.deliver(mail("Twice"))
    receiver.wait(3)
    assert receiver.pushes[1][1] == receiver.pushes[2][1]
    watched.sandbox.subscribe(duplicate=0.0, delay_ms=400)
    began = time.monotonic()
    watched.deliver(mail("Late"))
    receiver.wait(4)
    assert time.monotonic() - began >= 0.4
    watched.sandbox.subscribe(delay_ms=0, reorder=True)
    for number in range(8):
        watched.deliver(mail(f"Number {number}"))
    receiver.wait(12)
    numbers = [row["historyId"] for row in receiver.data()[4:]]
    assert numbers != sorted(numbers)
    watched.sandbox.subscribe(reorder=False, drop=1.0)
    watched.deliver(mail("Never"))
    assert receiver.quiet() == 12
    watched.sandbox.subscribe(drop=0.0, silent=[watched.address])
    watched.deliver(mail("Silent"))
    assert receiver.quiet() == 12
    assert watched.sandbox.pubsub()["watches"][0]["email"] == watched.address


def test_a_watch_lapses_after_a_week_and_a_renewal_keeps_it(watched: Gmail, receiver: Receiver) -> None:
    watched.sandbox.advance(6 * DAY)
    watch(watched)
    watched.sandbox.advance(6 * DAY)
    watched.deliver(mail("Renewed"))
    receiver.wait(3)
    watched.sandbox.advance(DAY)
    watched.deliver(mail("Lapsed"))
    assert receiver.quiet() == 3
    assert watched.sandbox.pubsub()["watches"] == []


def test_stop_ends_it(watched: Gmail, receiver: Receiver) -> None:
    assert watched.users.stop(userId="me").execute() == ""
    watched.deliver(mail("Unheard"))
    assert receiver.quiet() == 1
    watched.users.stop(userId="me").execute()


def test_labels_choose_what_is_told(gmail: Gmail, receiver: Receiver) -> None:
    gmail.sandbox.subscribe(endpoint=receiver.url)
    watch(gmail, labelIds=["SENT"])
    gmail.deliver(mail("In the inbox"))
    gmail.deliver(mail("Sent"), "sent")
    receiver.wait(2)
    assert receiver.quiet(0.3) == 2
    watch(gmail, labelIds=["SENT"], labelFilterBehavior="exclude")
    receiver.wait(3)
    gmail.deliver(mail("Sent"), "sent")
    gmail.deliver(mail("In the inbox"))
    receiver.wait(4)
    assert receiver.quiet(0.3) == 4


def test_nobody_hears_of_an_unwatched_mailbox(
    gmail_of: Callable[..., Gmail], watched: Gmail, receiver: Receiver
) -> None:
    gmail_of("jonas").deliver(mail("To Jonas"))
    assert receiver.quiet() == 1
    assert {row["emailAddress"] for row in receiver.data()} == {watched.address}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "invalidArgument")),
        ({"topicName": "gmail"}, (400, "invalidArgument")),
        ({"topicName": "projects/another-project/topics/gmail"}, (400, "invalidArgument")),
        ({"topicName": "projects/alongside-sandbox/topics/missing"}, (404, "notFound")),
        ({"topicName": "projects/alongside-sandbox/topics/gmail", "labelIds": ["Label_404"]}, (400, "invalidArgument")),
        ({"topicName": "projects/alongside-sandbox/topics/gmail", "labelFilterBehavior": "x"}, (400, "badRequest")),
        ({"topicName": "projects/alongside-sandbox/topics/gmail", "expiration": "1"}, (400, "badRequest")),
    ],
)
def test_what_watch_does_not_take(gmail: Gmail, body: dict[str, Any], expected: tuple[int, str]) -> None:
    assert reason(gmail.post("/watch", body)) == expected


@pytest.mark.parametrize("endpoint", ["http://example.com/push", "ftp://127.0.0.1/", "https://", "nonsense"])
def test_pushes_go_over_https_or_to_this_machine(gmail: Gmail, endpoint: str) -> None:
    with pytest.raises(AssertionError, match="400"):
        gmail.sandbox.subscribe(endpoint=endpoint)


def test_a_reset_gives_up_what_is_under_way(watched: Gmail, receiver: Receiver) -> None:
    watched.sandbox.subscribe(delay_ms=300)
    watched.deliver(mail("Under way"))
    watched.sandbox.reset()
    assert receiver.quiet() == 1
    assert watched.sandbox.pubsub()["subscription"]["endpoint"] is None
