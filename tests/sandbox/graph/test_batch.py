"""Several calls in one, and mail that arrives while the sandbox runs."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.limits import GraphLimits
from sandbox.microsoft import parts
from tests.sandbox.graph.conftest import Clock, Graph
from tests.sandbox_process import SandboxProcess


def test_each_part_keeps_its_own_status(graph: Graph) -> None:
    message = graph.find("Marked for later")["id"]
    parts = [
        {"id": "1", "method": "GET", "url": "/me?$select=id"},
        {"id": "2", "method": "GET", "url": "/me/messages/17"},
        {
            "id": "3",
            "method": "PATCH",
            "url": f"/me/messages/{message}",
            "headers": {"Content-Type": "application/json"},
            "body": {"categories": ["Salesforce"]},
        },
        {"id": "4", "method": "GET", "url": f"/me/messages/{message}/$value"},
        {"id": "5", "method": "GET", "url": "/me", "dependsOn": ["2"]},
    ]
    answers = graph.post("/$batch", {"requests": parts}).json()["responses"]
    assert [answer["id"] for answer in answers] == ["1", "2", "3", "4", "5"]
    assert [answer["status"] for answer in answers] == [200, 400, 200, 200, 424]
    assert answers[0]["body"]["id"] == graph.mia.oid
    assert answers[2]["body"]["categories"] == ["Salesforce"]
    assert b"Subject: Marked for later" in base64.b64decode(answers[3]["body"])


def test_a_batch_has_at_most_twenty_parts(graph: Graph) -> None:
    parts = [{"id": str(number), "method": "GET", "url": "/me"} for number in range(21)]
    assert graph.post("/$batch", {"requests": parts}).status_code == 400
    assert graph.post("/$batch", {"requests": parts[:20]}).status_code == 200
    assert graph.post("/$batch", {"requests": [parts[0], parts[0]]}).status_code == 400


def test_mail_can_arrive_and_be_moved_from_outside(graph: Graph) -> None:
    raw = base64.b64encode(b"From: x@y.example\nSubject: Hi\n\nHello\n").decode()
    made = graph.post("/_sandbox/mail", {"user": graph.mia.email, "mime_base64": raw}).json()
    assert graph.get(f"/me/messages/{made['id']}").json()["subject"] == "Hi"
    moved = graph.post("/_sandbox/mail/move", {"user": graph.mia.email, "id": made["id"], "to": "junkemail"}).json()
    assert moved["immutableId"] == made["immutableId"]
    assert graph.get(f"/me/mailFolders/junkemail/messages/{moved['id']}").status_code == 200


def test_what_cannot_be_delivered_is_refused(graph: Graph) -> None:
    for body in (
        {"user": "nobody@larkfield.example", "mime": "From: a@b.example\n\nx"},
        {"user": graph.mia.email, "folder": "nowhere", "mime": "From: a@b.example\n\nx"},
        {"user": graph.mia.email},
        {"user": graph.mia.email, "mime_base64": "!"},
        {"user": graph.mia.email, "mime": ""},
    ):
        assert graph.post("/_sandbox/mail", body).status_code == 400


def test_parts_run_four_at_a_time() -> None:
    limits = GraphLimits(Clock())  # type: ignore[arg-type]
    mine, others = ("app", "mia"), ("app", "tom")
    refused, held = parts.enter(limits, [mine] * 20)
    assert refused == {}
    assert held == [mine] * 4
    assert limits.enter(mine) is not None
    assert limits.enter(others) is None
    for key in held:
        limits.leave(key)
    assert limits.enter(mine) is None


def test_parts_wait_where_other_calls_are_running() -> None:
    limits = GraphLimits(Clock())  # type: ignore[arg-type]
    mine, others = ("app", "mia"), ("app", "tom")
    for _ in range(3):
        assert limits.enter(mine) is None
    refused, held = parts.enter(limits, [mine] * 6 + [others] * 2)
    assert sorted(refused) == [1, 2, 3, 5]
    assert {(one.status, one.code, one.retry_after) for one in refused.values()} == {(429, "ApplicationThrottled", 1)}
    assert sorted(held) == [mine, others, others]


def test_parts_count_against_the_limit_of_requests() -> None:
    limits = GraphLimits(Clock(), requests=5)  # type: ignore[arg-type]
    refused, _ = parts.enter(limits, [("app", "mia")] * 7)
    assert sorted(refused) == [5, 6]
    assert {one.code for one in refused.values()} == {"TooManyRequests"}
    assert all((one.retry_after or 0) > 500 for one in refused.values())


class Batches:
    """Batches of 20 to a sandbox's process, by Mia."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        scope = "https://graph.microsoft.com/Mail.ReadWrite"
        self.http = sandbox.session()
        self.http.headers["authorization"] = f"Bearer {sandbox.microsoft_login('mia', scope=scope)['access_token']}"
        self.base = f"{sandbox.info['microsoft_graph_url']}/v1.0"

    def get(self, count: int = 20) -> list[dict[str, Any]]:
        wanted = [{"id": str(n), "method": "GET", "url": "/me/messages?$top=1&$select=id"} for n in range(count)]
        answer = self.http.post(f"{self.base}/$batch", json={"requests": wanted}, timeout=20)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["responses"]
        return found


def test_two_batches_at_once_make_parts_wait(sandbox: SandboxProcess) -> None:
    batches = Batches(sandbox)
    assert {part["status"] for part in batches.get()} == {200}
    sandbox.latency(400, "graph")
    with ThreadPoolExecutor(2) as pool:
        found = [part for answer in pool.map(lambda _: batches.get(), range(2)) for part in answer]
    late = [part for part in found if part["status"] == 429]
    assert [part["status"] for part in found].count(200) >= 20
    assert late
    assert {part["headers"]["Retry-After"] for part in late} == {"1"}
    assert {part["body"]["error"]["code"] for part in late} == {"ApplicationThrottled"}
    sandbox.latency(0, "graph")
    assert {part["status"] for part in batches.get()} == {200}


def test_faults_hit_single_parts(sandbox: SandboxProcess) -> None:
    batches = Batches(sandbox)
    sandbox.fault(service="graph", kind="throttle", path=r"/me/messages\?", times=3, retry_after=7)
    sandbox.fault(service="graph", kind="error", status=503, path=r"/me/messages\?", skip=2)
    found = batches.get()
    assert [part["status"] for part in found].count(429) == 3
    assert [part["status"] for part in found].count(503) == 1
    assert {part["headers"].get("Retry-After") for part in found if part["status"] == 429} == {"7"}
    assert {part["status"] for part in batches.get()} == {200}


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_part_may_have_no_answer(sandbox: SandboxProcess, kind: str) -> None:
    batches = Batches(sandbox)
    sandbox.fault(service="graph", kind=kind, method="GET", path=r"/me/messages\?")
    assert [part["status"] for part in batches.get(2)] == [504, 200]
