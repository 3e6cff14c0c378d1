"""Gmail's answers without a Gmail: what stands in place of httplib2's connection, and counts what is asked."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httplib2
import pytest

Answer = tuple[int, Any]
MIME = """\
From: Dana Ruiz <Dana@NORTHWIND.example>
To: Noor Haddad <noor.haddad@larkfield-labs.example>, undisclosed
Cc: =?utf-8?q?J=C3=BCrgen?= <juergen@northwind.example>
Subject: =?utf-8?q?Verl=C3=A4ngerung?=
 of the contract
Date: Fri, 20 Nov 2026 10:30:00 +0100
Message-ID: <{id}@northwind.example>
Sensitivity: Private
Content-Type: text/plain; charset=utf-8

Hello
"""


def envelope(code: int, reason: str, message: str = "why", **more: Any) -> Answer:
    """Google's error answer."""
    error = {"code": code, "message": message, "errors": [{"message": message, "reason": reason}], **more}
    return code, {"error": error}


class FakeGmail:
    """A mailbox as raw mail by id, answered in each format. `answers` go before it: (path's end, answer), once each."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.labels = [
            {"id": "INBOX", "name": "INBOX", "type": "system"},
            {"id": "UNREAD", "name": "UNREAD", "type": "system"},
            {"id": "Label_7", "name": "Salesforce", "type": "user"},
        ]
        self.history: list[dict[str, Any]] = []
        self.answers: list[tuple[str, Answer | Exception | Callable[[], Answer]]] = []
        self.calls: list[str] = []
        self.parts: list[str] = []
        self.tokens: list[str] = []
        self.queries: list[dict[str, list[str]]] = []
        self.bodies: list[Any] = []
        self.history_id = 1000
        self.page_size = 0

    def put(self, number: int, mime: str | bytes = "", labels: tuple[str, ...] = ("INBOX",), thread: str = "") -> str:
        """A message; newer ones have higher numbers."""
        message_id = f"{number:016x}"
        raw = (mime or MIME.replace("{id}", f"a{number}")).encode() if not isinstance(mime, bytes) else mime
        self.messages[message_id] = {
            "id": message_id,
            "threadId": thread or message_id,
            "labelIds": list(labels),
            "internalDate": str(1_795_167_000_000 + number),
            "sizeEstimate": len(raw),
            "bytes": raw,
        }
        return message_id

    def fail(self, path_end: str, answer: Answer | Exception, times: int = 1) -> None:
        self.answers += [(path_end, answer)] * times

    def counted(self) -> Counter[str]:
        return Counter(call.split("?")[0].rsplit("/", 1)[-1] for call in self.calls)

    def request(
        self, uri: str, method: str = "GET", body: Any = None, headers: Any = None, **options: Any
    ) -> tuple[httplib2.Response, bytes]:
        parts = urlsplit(uri)
        self.calls.append(f"{method} {parts.path}")
        self.tokens.append(headers.get("authorization", ""))
        if parts.path == "/batch/gmail/v1":
            planned = self._planned("batch")
            if planned is None:
                return self.batch(body, headers)
            return _response(*planned)
        self.queries.append(parse_qs(parts.query))
        self.bodies.append(json.loads(body) if body else None)
        return _response(*self._answer(parts.path, parse_qs(parts.query)))

    def _planned(self, path: str) -> Answer | None:
        for place, (end, answer) in enumerate(self.answers):
            if path.endswith(end):
                del self.answers[place]
                if isinstance(answer, Exception):
                    raise answer
                return answer() if callable(answer) else answer
        return None

    def batch(self, body: str, headers: dict[str, str]) -> tuple[httplib2.Response, bytes]:
        mail = message_from_bytes(f"content-type: {headers['content-type']}\r\n\r\n{body}".encode())
        pieces = mail.get_payload()
        assert isinstance(pieces, list)
        assert len(pieces) <= 50
        answers = []
        for piece in pieces:
            assert isinstance(piece, Message)
            line = str(piece.get_payload()).split("\n", 1)[0].split(" ")
            target = urlsplit(line[1])
            self.parts.append(f"{line[0]} {target.path}")
            status, told = self._answer(target.path, parse_qs(target.query))
            answers.append(
                f"--b\r\nContent-Type: application/http\r\n"
                f"Content-ID: {piece['Content-ID'].replace('<', '<response-')}\r\n\r\n"
                f"HTTP/1.1 {status} Told\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(told)}\r\n"
            )
        return _response(200, ("".join(answers) + "--b--").encode(), "multipart/mixed; boundary=b")

    def _answer(self, path: str, query: dict[str, list[str]]) -> Answer:
        planned = self._planned(path)
        if planned is not None:
            return planned
        end = path.partition("/users/me/")[2]
        if end == "profile":
            told = {"emailAddress": "noor.haddad@larkfield-labs.example", "messagesTotal": len(self.messages)}
            return 200, {**told, "historyId": str(self.history_id)}
        if end == "labels":
            return 200, {"labels": self.labels}
        if end == "history":
            return 200, {"history": self.history, "historyId": str(self.history_id)}
        if end == "messages":
            return self._listing(query)
        if end.startswith("messages/"):
            found = self.messages.get(end.partition("/")[2])
            return (200, _formatted(found, query["format"][0])) if found else envelope(404, "notFound", "Not Found")
        raise AssertionError(path)

    def _listing(self, query: dict[str, list[str]]) -> Answer:
        wanted = set(query.get("labelIds", []))
        newest = sorted(self.messages, reverse=True)
        ids = [one for one in newest if wanted <= set(self.messages[one]["labelIds"])]
        start, size = int(query.get("pageToken", ["0"])[0]), self.page_size or int(query["maxResults"][0])
        told: dict[str, Any] = {"resultSizeEstimate": 201}
        if ids[start : start + size]:
            told["messages"] = [{"id": one, "threadId": one} for one in ids[start : start + size]]
        if len(ids) > start + size:
            told["nextPageToken"] = str(start + size)
        return 200, told


def _formatted(found: dict[str, Any], form: str) -> dict[str, Any]:
    told = {name: value for name, value in found.items() if name != "bytes" and value != []}
    mail = message_from_bytes(found["bytes"])
    if form == "raw":
        return {**told, "raw": base64.urlsafe_b64encode(found["bytes"]).decode()}
    if form == "metadata":
        return {**told, "payload": {"mimeType": mail.get_content_type(), "headers": _headers(mail)}}
    return {**told, "payload": _tree(mail)} if form == "full" else told


def _tree(mail: Message, key: str = "") -> dict[str, Any]:
    told: dict[str, Any] = {
        "partId": key,
        "mimeType": mail.get_content_type(),
        "filename": mail.get_filename() or "",
        "headers": _headers(mail),
    }
    children = mail.get_payload()
    if isinstance(children, list):
        inner = [_tree(child, f"{key}.{n}" if key else str(n)) for n, child in enumerate(children)]
        return {**told, "body": {"size": 0}, "parts": inner}
    content = mail.get_payload(decode=True)
    assert isinstance(content, bytes)
    if told["filename"]:
        return {**told, "body": {"attachmentId": "at-" + key, "size": len(content)}}
    return {**told, "body": {"size": len(content), "data": base64.urlsafe_b64encode(content).decode()}}


def _headers(mail: Message) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in mail.items()]


def _response(status: int, told: Any, kind: str = "application/json; charset=UTF-8") -> tuple[httplib2.Response, bytes]:
    content = told if isinstance(told, bytes) else json.dumps(told).encode()
    return httplib2.Response({"status": str(status), "content-type": kind}), content


@pytest.fixture
def gmail(monkeypatch: pytest.MonkeyPatch) -> FakeGmail:
    fake = FakeGmail()
    monkeypatch.setattr(httplib2.Http, "request", lambda self, *given, **named: fake.request(*given, **named))
    return fake
