"""Graph's JSON batch at the HTTP edge: each part is answered from a table, as Graph answers it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import respx

from sync.providers.graph import folders

#: A body that was found, or status, body and headers.
Answer = Any


class Batches:
    """Answers `POST /$batch`. `answers` maps a part's path, unquoted, to a body or to (status, body, headers)."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers: dict[str, Answer] = dict(answers)
        self.sent: list[list[dict[str, Any]]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        parts = json.loads(request.content)["requests"]
        self.sent.append(parts)
        # Graph answers in the order in which the parts end, which is any.
        return httpx.Response(200, json={"responses": [self._answer(part) for part in reversed(parts)]})

    def _answer(self, part: dict[str, Any]) -> dict[str, Any]:
        missing: Answer = (404, failure("ErrorItemNotFound"), {})
        found = self.answers.get(path_of(part), missing)
        status, body, headers = found if isinstance(found, tuple) else (200, found, {})
        return {"id": part["id"], "status": status, "headers": headers, "body": body}

    @property
    def paths(self) -> list[list[str]]:
        return [[path_of(part) for part in parts] for parts in self.sent]


def failure(code: str, message: str = "why") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "innerError": {"request-id": "x"}}}


def asked(graph: respx.MockRouter) -> list[str]:
    return [f"{call.request.method} {call.request.url.path}" for call in graph.calls]


def path_of(part: dict[str, Any]) -> str:
    return unquote(urlsplit(part["url"]).path)


def query_of(part: dict[str, Any]) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(part["url"]).query).items()}


def well_known(user: str) -> dict[str, Answer]:
    """The five folders that everybody has, by name."""
    return {f"/{user}/mailFolders/{name}": {"id": f"folder-{name}"} for name, _ in folders.WELL_KNOWN}
