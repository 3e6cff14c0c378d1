"""Many GETs in one call: Graph's JSON batch, up to 20 parts, each answered for itself.

Graph runs four parts of a batch at once against a mailbox, which is all that it takes there: so batches go out one
after the other, and a part may be told to wait although the batch was answered.
https://learn.microsoft.com/graph/json-batching and https://learn.microsoft.com/graph/throttling-limits
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from sync import errors
from sync.providers.graph.errors import error_for, unreadable
from sync.providers.graph.transport import PREFER, VERSION, GraphTransport, as_model, log_failure
from sync.providers.graph.wire import GraphBatch, GraphPart

MOST = 20


def get_parts(graph: GraphTransport, urls: Sequence[str]) -> list[Any]:
    """The decoded bodies of at most 20 GETs, in the order of `urls`; in place of one that failed its error.

    `urls` are paths with their queries below the host. Raises what fails of the batch as a whole; a part that finds
    the token expired sends the whole batch again with a new one.
    """
    asked = [
        {"id": str(number), "method": "GET", "url": url.removeprefix(VERSION), "headers": {"Prefer": PREFER}}
        for number, url in enumerate(urls)
    ]
    batch = as_model(GraphBatch, graph.post(VERSION + "/$batch", {"requests": asked}, accept=_signed_in))
    answers = {part.id: part for part in _parts(batch)}
    return [_result(answers.get(str(number))) for number in range(len(urls))]


def _signed_in(body: Any) -> None:
    for part in _parts(as_model(GraphBatch, body)):
        if part.status == 401:
            raise error_for(401, part.headers, part.body)


def _parts(batch: GraphBatch) -> list[GraphPart]:
    """A part that cannot be read counts as one that is missing: the others are good."""
    parts = []
    for response in batch.responses:
        try:
            parts.append(GraphPart.model_validate(response))
        except ValidationError:
            continue
    return parts


def _result(part: GraphPart | None) -> Any:
    if part is None:
        return unreadable()
    if 200 <= part.status < 300:
        return part.body
    error = error_for(part.status, part.headers, part.body)
    if not isinstance(error, errors.Gone):
        named = {name.lower(): value for name, value in part.headers.items()}
        log_failure(error, part.status, named.get("request-id", ""), named.get("client-request-id", ""))
    return error
