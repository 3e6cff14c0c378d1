"""Where pushes arrive: how long a notice waits for its answer at 200 a second, half of them Graph's, half Gmail's.

Notices come at even distances, whether those before them are answered or not; each is timed from when it was due.
"""

from __future__ import annotations

import base64
import http.client
import json
import statistics
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.capturing import Scene, scene
from bench.figures import Figure

A_SECOND = 200
SECONDS = 15
CLIENTS = 24
ROUNDS = 3
MAILBOXES = 500
_SECRET = "a secret of one mailbox"  # noqa: S105 - `bench.idle` makes the mailboxes with it


@dataclass(frozen=True, slots=True)
class Notice:
    path: str
    body: bytes
    headers: Mapping[str, str]


def measure() -> Iterator[Figure]:
    """The middle one of some rounds; web process and sweeper as in production, nobody reads what is hinted at."""
    with scene() as stage:
        endpoint = f"{stage.address}/webhooks/gmail/"
        stage.environment["GOOGLE_PUSH_AUDIENCE"] = endpoint
        known = stage.job("idle", mailboxes=MAILBOXES)["notices"]
        notices = _notices(stage, known["graph"], known["gmail"], endpoint)
        stage.start_web()
        stage.start("sweeper", ["manage.py", "sweep", "--forever"])
        # Google's keys are read by the first who needs them.
        _send(stage.address, notices[: A_SECOND * 2], accepted=(202, 503))
        p99 = []
        for number in range(ROUNDS):
            took = _send(stage.address, notices)
            cuts = statistics.quantiles(took, n=100)
            p99.append(cuts[98])
            print(f"webhook: round {number + 1}: p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms", file=sys.stderr)
    yield Figure("webhook.p99_ms", statistics.median(p99), "ms", 50, "lower")


def _notices(stage: Scene, subscriptions: Sequence[str], addresses: Sequence[str], audience: str) -> list[Notice]:
    token = stage.control("POST", "tokens", {"issuer": "google", "audience": audience})["token"]
    made = []
    for number in range(A_SECOND * SECONDS):
        place = number // 2 % len(subscriptions)
        if number % 2:
            made.append(_gmail(addresses[place], number, token))
        else:
            made.append(_graph(subscriptions[place]))
    return made


def _graph(subscription: str) -> Notice:
    notice = {
        "subscriptionId": subscription,
        "clientState": _SECRET,
        "changeType": "created",
        "resource": "Users/0/Messages/0",
        "resourceData": {"@odata.type": "#Microsoft.Graph.Message", "id": "0"},
    }
    return _notice("/webhooks/graph/", {"value": [notice]}, {})


def _gmail(address: str, number: int, token: str) -> Notice:
    data = json.dumps({"emailAddress": address, "historyId": 1_000 + number}).encode()
    message = {"data": base64.b64encode(data).decode(), "messageId": str(number)}
    return _notice("/webhooks/gmail/", {"message": message}, {"Authorization": f"Bearer {token}"})


def _notice(path: str, body: object, headers: Mapping[str, str]) -> Notice:
    return Notice(path, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})


def _send(address: str, notices: Sequence[Notice], accepted: Collection[int] = (202,)) -> list[float]:
    """Milliseconds from when each was due to its answer."""
    host = urlsplit(address).netloc
    took: list[float] = []
    failures: list[str] = []
    lock = threading.Lock()
    begin = time.perf_counter() + 0.5

    def work(first: int) -> None:
        connection = http.client.HTTPConnection(host, timeout=30)
        for number in range(first, len(notices), CLIENTS):
            due = begin + number / A_SECOND
            time.sleep(max(due - time.perf_counter(), 0))
            notice = notices[number]
            connection.request("POST", notice.path, body=notice.body, headers=dict(notice.headers))
            answer = connection.getresponse()
            answer.read()
            with lock:
                took.append((time.perf_counter() - due) * 1000)
                if answer.status not in accepted:
                    failures.append(f"{notice.path}: {answer.status}")
        connection.close()

    threads = [threading.Thread(target=work, args=(first,)) for first in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]
    assert len(took) == len(notices)
    return took
