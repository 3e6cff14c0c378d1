"""The whole process over HTTPS: an application's own token, subscriptions under the sandbox's clock, and a reset."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msal
import pytest
import requests

from tests.sandbox.graph.receiver import Receiver
from tests.sandbox_process import SandboxProcess

MAIL = "From: Dana <dana@northwind.example>\r\nTo: mia.keller@larkfield.example\r\nSubject: New\r\n\r\nHello\r\n"


class Application:
    """Our application with its certificate, as MSAL signs in with it."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        self.base = f"{sandbox.info['microsoft_graph_url']}/v1.0"
        credential = {
            "private_key": Path(sandbox.info["microsoft_cert_key_file"]).read_text(),
            "public_certificate": Path(sandbox.info["microsoft_cert_file"]).read_text(),
        }
        client = msal.ConfidentialClientApplication(
            sandbox.info["microsoft_client_id"],
            client_credential=credential,
            authority=sandbox.authority,
            instance_discovery=False,
            http_client=sandbox.session(),
        )
        self.http = sandbox.session()
        token = client.acquire_token_for_client(["https://graph.microsoft.com/.default"])["access_token"]
        self.http.headers["authorization"] = f"Bearer {token}"
        self.mia, self.tom = sandbox.user("mia"), sandbox.user("tom")

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.http.request(method, f"{self.base}{path}", timeout=20, **more)

    def control(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        address = f"{self.sandbox.info['microsoft_login_url']}/_sandbox/{path}"
        answer = self.sandbox.http.request("GET" if body is None else "POST", address, json=body, timeout=20)
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def subscribe(self, url: str) -> requests.Response:
        now = datetime.fromisoformat(self.control("clock")["now"])
        body = {
            "changeType": "created",
            "notificationUrl": url,
            "resource": f"users/{self.mia['oid']}/messages",
            "expirationDateTime": (now + timedelta(days=2)).isoformat(),
        }
        return self.call("POST", "/subscriptions", json=body, headers={"prefer": 'IdType="ImmutableId"'})


@pytest.fixture
def application(sandbox: SandboxProcess) -> Application:
    return Application(sandbox)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def test_the_application_reaches_users_in_its_scope_and_is_nobody_itself(application: Application) -> None:
    assert application.call("GET", f"/users/{application.mia['email']}/mailFolders").status_code == 200
    assert application.call("GET", "/me/mailFolders").status_code == 400
    application.control("tenant", {"application_access": [application.mia["email"]]})
    assert application.call("GET", f"/users/{application.mia['oid']}/messages?$top=1").status_code == 200
    refused = application.call("GET", f"/users/{application.tom['oid']}/messages?$top=1")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "ErrorAccessDenied")
    parts = [
        {"id": name, "method": "GET", "url": f"/users/{application.sandbox.user(name)['oid']}/messages?$top=1"}
        for name in ("mia", "tom")
    ]
    answers = application.call("POST", "/$batch", json={"requests": parts}).json()["responses"]
    assert [answer["status"] for answer in answers] == [200, 403]


def test_a_subscription_lapses_by_the_sandboxs_clock(application: Application, receiver: Receiver) -> None:
    made = application.subscribe(receiver.url)
    assert made.status_code == 201, made.text
    delivered = application.sandbox.deliver("mia", MAIL)
    note = receiver.wait(1)[0]
    assert note["resourceData"]["id"] == delivered["immutableId"]
    application.sandbox.advance(2 * 86_400 + 1)
    application = Application(application.sandbox)
    path = f"/subscriptions/{made.json()['id']}"
    later = {"expirationDateTime": "2030-01-01T00:00:00Z"}
    assert application.call("PATCH", path, json=later).status_code == 404
    assert application.control("notifications")["subscriptions"] == []
    assert application.subscribe(receiver.url).status_code == 201


def test_a_reset_ends_subscriptions_and_what_was_to_be_delivered(application: Application, receiver: Receiver) -> None:
    receiver.answer = lambda number: (503, 0.0)
    assert application.subscribe(receiver.url).status_code == 201
    application.sandbox.deliver("mia", MAIL)
    receiver.wait(1)
    application.sandbox.reset()
    tried = len(receiver.posts)
    assert application.control("notifications")["waiting"] == 0
    time.sleep(1.2)
    assert len(receiver.posts) == tried
    assert application.control("tenant")["application_access"]
