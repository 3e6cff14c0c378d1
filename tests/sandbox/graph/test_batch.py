"""Several calls in one, and mail that arrives while the sandbox runs."""

from __future__ import annotations

import base64

from tests.sandbox.graph.conftest import Graph


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
