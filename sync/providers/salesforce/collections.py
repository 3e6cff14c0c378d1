"""Creating many records in as few calls as Salesforce takes, each by itself: one that is refused leaves the others be.

    up to 200 records and 8 MB ──► one collection, one call
    more of what stands beside ──► up to five collections in one composite, 8 MB in all

Every record gets its answer, in order: its id, or its error. Without an answer all of that call are `Ambiguous`. After
an error that the next call would meet too (a spent allowance, no connection) no further call is made: the rest gets
that error, and nothing has happened to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from sync import errors
from sync.providers.salesforce.client import MAX_QUERIES, SalesforceClient, Subrequest, Subresponse
from sync.providers.salesforce.errors import error_for

MAX_RECORDS = 200
MAX_BYTES = 8 * 1024 * 1024
Outcome = str | errors.ProviderError
# What the next call would meet as well.
_STOPPING = (errors.Throttled, errors.QuotaSpent, errors.NeedsReconnect, errors.Unavailable)


def create_records(client: SalesforceClient, records: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Creates records (with `attributes`, of one object) by collections: one call for 200 of them, or 8 MB.

    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections_create.htm
    """
    calls = [[part] for part in _parts(records, MAX_RECORDS)]
    return _all(calls, lambda parts: [_saved(client.post("composite/sobjects", _body(parts[0])), len(parts[0]))])


def create_beside(client: SalesforceClient, records: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """As `create_records`, with up to five collections in a call: 1,000 records, or 8 MB.

    Records of one object stand together: a collection takes ten changes of the object at most.
    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite.htm
    """

    def send(parts: Sequence[Sequence[Mapping[str, Any]]]) -> list[list[Outcome]]:
        url = client.collections_url
        asked = [Subrequest(f"part{place}", "POST", url, _body(part)) for place, part in enumerate(parts)]
        answers = client.composite(asked, all_or_none=False, writes=True)
        return [_answered(answers.get(f"part{place}"), len(part)) for place, part in enumerate(parts)]

    calls: list[list[Sequence[Mapping[str, Any]]]] = []
    for whole in _parts(records, MAX_RECORDS * MAX_QUERIES):
        calls.append([whole[start : start + MAX_RECORDS] for start in range(0, len(whole), MAX_RECORDS)])
    return _all(calls, send)


def with_type(object_name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"attributes": {"type": object_name}, **body}


def _body(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"allOrNone": False, "records": list(records)}


def _parts(records: Sequence[Mapping[str, Any]], most: int) -> Iterable[Sequence[Mapping[str, Any]]]:
    """The records in parts of at most so many, and of at most so many bytes (a single one goes whatever its size)."""
    start, size = 0, 0
    for place, record in enumerate(records):
        length = len(json.dumps(record)) + 2
        if place > start and (place - start == most or size + length > MAX_BYTES):
            yield records[start:place]
            start, size = place, 0
        size += length
    if start < len(records):
        yield records[start:]


def _all(
    calls: Iterable[list[Sequence[Mapping[str, Any]]]],
    send: Callable[[Sequence[Sequence[Mapping[str, Any]]]], list[list[Outcome]]],
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    stopped: errors.ProviderError | None = None
    for parts in calls:
        count = sum(map(len, parts))
        if stopped is not None:
            outcomes += [stopped] * count
            continue
        try:
            for answered in send(parts):
                outcomes += answered
        except errors.ProviderError as error:
            outcomes += [error] * count
            stopped = error if isinstance(error, _STOPPING) else None
    return outcomes


def _answered(answer: Subresponse | None, count: int) -> list[Outcome]:
    if answer is None:
        return [_unreadable()] * count
    if not answer.ok:
        return [error_for(answer.status, answer.body)] * count
    return _saved(answer.body, count)


def _saved(results: Any, count: int) -> list[Outcome]:
    """The ids and errors of a collection's answer."""
    if not isinstance(results, list) or len(results) != count:
        return [_unreadable()] * count
    return [_result(result) for result in results]


def _result(result: Any) -> Outcome:
    if isinstance(result, Mapping) and result.get("success") is True and isinstance(result.get("id"), str):
        return str(result["id"])
    if isinstance(result, Mapping) and result.get("success") is False:
        return error_for(400, result)
    return _unreadable()


def _unreadable() -> errors.Ambiguous:
    return errors.Ambiguous(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE")
