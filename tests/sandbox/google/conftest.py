"""Gmail of the sandbox through the real libraries: google-auth for tokens, google-api-python-client for calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import httplib2
import pytest
import requests
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build_from_document

from tests.sandbox_process import SandboxProcess


def document(api_url: str) -> dict[str, Any]:
    """Gmail's discovery document with the sandbox in place of the real host."""
    folder = resources.files("googleapiclient") / "discovery_cache" / "documents"
    found: dict[str, Any] = json.loads((folder / "gmail.v1.json").read_text(encoding="utf-8"))
    found["rootUrl"] = found["baseUrl"] = f"{api_url}/"
    found["batchPath"] = "batch/gmail/v1"
    return found


class Gmail:
    """A person's mailbox. ``users`` is the library's resource, ``call`` a bare call below ``/gmail/v1/users/me``."""

    def __init__(self, sandbox: SandboxProcess, name: str = "noor", **how: Any) -> None:
        self.sandbox = sandbox
        self.name = name
        self.address = sandbox.user(name)["email"]
        self.tokens = sandbox.google_sign_in(name, **how)
        self.credentials = Credentials(  # type: ignore[no-untyped-call]
            self.tokens["access_token"],
            refresh_token=self.tokens.get("refresh_token"),
            token_uri=sandbox.info["google_token_url"],
            client_id=sandbox.info["google_client_id"],
            client_secret=sandbox.info["google_client_secret"],
        )
        http = AuthorizedHttp(self.credentials, http=httplib2.Http(ca_certs=sandbox.info["ca_file"], proxy_info=None))
        self.service: Any = build_from_document(document(sandbox.info["google_api_url"]), http=http)
        self.users: Any = self.service.users()

    def call(self, method: str, path: str, *, token: str | None = None, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.credentials.token if token is None else token}"}
        address = f"{self.sandbox.info['google_api_url']}/gmail/v1/users/me{path}"
        headers |= more.pop("headers", {})
        return self.sandbox.http.request(method, address, headers=headers, timeout=20, **more)

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.call("GET", path, params=params)

    def post(self, path: str, body: Any = None, **more: Any) -> requests.Response:
        return self.call("POST", path, json=body, **more)

    def find(self, q: str, **more: Any) -> list[str]:
        """Ids of the messages that a search gives, newest first."""
        found = self.users.messages().list(userId="me", q=q, **more).execute()
        return [row["id"] for row in found.get("messages", [])]

    def message(self, q: str, form: str = "full") -> dict[str, Any]:
        """The newest message that a search gives."""
        found: dict[str, Any] = self.users.messages().get(userId="me", id=self.find(q)[0], format=form).execute()
        return found

    def deliver(self, mime: str, folder: str = "inbox") -> str:
        """A message arrives; its id."""
        identifier: str = self.sandbox.deliver(self.name, mime, folder)["id"]
        return identifier

    def history_id(self) -> str:
        found: str = self.users.getProfile(userId="me").execute()["historyId"]
        return found


def mail(subject: str = "Hello", *, message_id: str = "", body: str = "Hi", **headers: str) -> str:
    """A small message as text. ``in_reply_to="<a@b>"`` becomes the header In-Reply-To."""
    lines = [
        f"Subject: {subject}",
        "From: Dana Ruiz <dana@northwind.example>",
        "To: noor.haddad@larkfield-labs.example",
    ]
    if message_id:
        lines.append(f"Message-ID: {message_id}")
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body, ""])


@pytest.fixture
def gmail(sandbox: SandboxProcess) -> Gmail:
    """Noor's mailbox, every scope of the product granted."""
    return Gmail(sandbox)


@pytest.fixture
def gmail_of(sandbox: SandboxProcess) -> Callable[..., Gmail]:
    """A mailbox by the name of its owner; further arguments are those of ``google_answer``."""
    return lambda name="noor", **how: Gmail(sandbox, name, **how)


def reason(answer: requests.Response) -> tuple[int, str]:
    """Status and reason of a refusal, whose envelope must be Google's."""
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    assert error["status"]
    assert {"message", "domain", "reason"} <= set(error["errors"][0])
    return answer.status_code, error["errors"][0]["reason"]
