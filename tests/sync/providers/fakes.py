"""A connection's tokens without a broker, and Salesforce's answers without a Salesforce."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import responses
from requests import PreparedRequest

from sync.errors import NeedsReconnect

INSTANCE = "https://larkfield.my.salesforce.com"
BASE = INSTANCE + "/services/data/v66.0/"
GRAPH = "https://localhost:9445/v1.0"


class FakeTokens:
    """Gives `tokens` one after another: the first until it is rejected, then the next."""

    def __init__(self, *tokens: str, instance_url: str = INSTANCE) -> None:
        self._tokens = list(tokens or ("token-1", "token-2"))
        self.rejected: list[str] = []
        self.instance_url = instance_url
        self.org_id = "00D000000000001AAA"
        self.user_id = "005000000000001AAA"

    def token(self) -> str:
        return self._tokens[0]

    def renew(self, rejected: str) -> str:
        self.rejected.append(rejected)
        if len(self._tokens) < 2:
            raise NeedsReconnect("revoked", code="invalid_grant")
        self._tokens.pop(0)
        return self._tokens[0]


def error_body(code: str, message: str = "no", fields: list[str] | None = None) -> list[dict[str, Any]]:
    return [{"message": message, "errorCode": code, **({"fields": fields} if fields is not None else {})}]


def page(*records: Mapping[str, Any]) -> dict[str, Any]:
    return {"totalSize": len(records), "done": True, "records": [dict(record) for record in records]}


def composite_answers(parts: Mapping[str, Any]) -> Callable[[PreparedRequest], tuple[int, dict[str, str], str]]:
    """Answers a composite call: for each reference a body, or (status, body)."""

    def answer(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        asked = sent_json(request)["compositeRequest"]
        answers = []
        for part in asked:
            given = parts.get(part["referenceId"], page())
            status, body = given if isinstance(given, tuple) else (200, given)
            answers.append(
                {"referenceId": part["referenceId"], "httpStatusCode": status, "httpHeaders": {}, "body": body}
            )
        return 200, {"Sforce-Limit-Info": "api-usage=18/5000"}, json.dumps({"compositeResponse": answers})

    return answer


def on_composite(parts: Mapping[str, Any]) -> None:
    responses.add_callback(responses.POST, BASE + "composite", callback=composite_answers(parts))


def sent_json(request: PreparedRequest) -> dict[str, Any]:
    body = request.body
    assert isinstance(body, str | bytes)
    decoded = json.loads(body)
    assert isinstance(decoded, dict)
    return decoded
