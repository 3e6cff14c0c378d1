"""The entity tag of a representation: a digest of what it says, so that nobody is sent again what they have."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sandbox.salesforce.api import Answer, Call


def tagged(body: dict[str, Any]) -> dict[str, Any]:
    """The body with its `eTag`, keys in the order of the real answers."""
    digest = hashlib.md5(json.dumps(body, sort_keys=True, default=str).encode(), usedforsecurity=False).hexdigest()
    return dict(sorted({**body, "eTag": digest}.items()))


def conditional(call: Call, body: dict[str, Any]) -> Answer:
    """304 where the caller's copy (`If-None-Match`) is still good."""
    tag = f'"{body["eTag"]}"'
    known = [part.strip().removeprefix("W/") for part in call.headers.get("if-none-match", "").split(",")]
    if tag in known:
        return Answer(304, None, {"ETag": tag})
    return Answer(200, body, {"ETag": tag})
