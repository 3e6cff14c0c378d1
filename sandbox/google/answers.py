"""An answer of the API host, ready to be sent alone or inside a batch."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from sandbox.google.errors import ApiError

JSON = "application/json; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = JSON


def error_answer(error: ApiError) -> Answer:
    return Answer(error.code, json.dumps(error.body(), indent=2).encode(), error.headers)
