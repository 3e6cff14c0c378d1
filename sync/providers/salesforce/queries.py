"""Many queries in as few calls as Salesforce takes: five to a composite, each page of each answer followed.

    queries ──► five at a time ──► a page ──► `done`, its children's pages too ──► all records of that query
                     ▲               └──► nextRecordsUrl, of the query or of one record's children ──┐
                     └───────────────────────────────────────────────────────────────────────────────┘

A query that fails costs itself only. Nothing is left out in silence: what is too long to be asked, or has too many
rows, comes back named.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.utils.translation import gettext_noop

from sync import errors
from sync.providers.salesforce.client import MAX_QUERIES, MAX_URI_BYTES, SalesforceClient, Subrequest, Subresponse
from sync.providers.salesforce.errors import error_for

#: Pages of one query, those of its records' children included: more is not an answer but a wrong question.
MAX_PAGES = 25
# After these the rest of the answer is not to be relied on either: the whole call failed.
FATAL = (errors.Throttled, errors.QuotaSpent, errors.NeedsReconnect)
T = TypeVar("T")
Records = list[dict[str, Any]]


@dataclass(frozen=True)
class _Page:
    """A page still to be read, and the list that its records belong to."""

    query: str
    number: int
    url: str
    into: Records


def run_queries(client: SalesforceClient, queries: Mapping[str, str]) -> dict[str, Records | errors.ProviderError]:
    """All records of each query, or why there are none, by the query's name (letters, digits and underscores).

    One call for five queries, and further ones for further pages, again five to a call. Raises what
    `SalesforceClient` raises where a call failed as a whole.
    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query_more_results.htm
    """
    results: dict[str, Records | errors.ProviderError] = {}
    pages = dict.fromkeys(queries, 1)
    waiting: deque[_Page] = deque()
    for name, query in queries.items():
        records: Records = []
        results[name] = records
        waiting.append(_Page(name, 1, client.query_url(query), records))
    while waiting:
        some = [waiting.popleft() for _ in range(min(MAX_QUERIES, len(waiting)))]
        parts = [Subrequest(_reference(page), "GET", page.url) for page in some]
        answers = client.composite(parts, all_or_none=False, writes=False)
        for page in some:
            try:
                further = list(_taken(page, answers.get(_reference(page))))
                if pages[page.query] + len(further) > MAX_PAGES:
                    raise errors.Refused(gettext_noop("More records than can be read at once."), code="TOO_MANY_ROWS")
            except FATAL:
                raise
            except errors.ProviderError as error:
                results[page.query] = error
                waiting = deque(other for other in waiting if other.query != page.query)
                continue
            for into, url in further if isinstance(results[page.query], list) else ():
                pages[page.query] += 1
                waiting.append(_Page(page.query, pages[page.query], url, into))
    return results


def fitting(
    client: SalesforceClient, items: Sequence[T], query: Callable[[Sequence[T]], str]
) -> tuple[list[Sequence[T]], tuple[T, ...]]:
    """The items in as few parts as fit into the length of a query's URL, and those that do not fit even alone."""

    def fits(some: Sequence[T]) -> bool:
        return len(client.query_url(query(some))) <= MAX_URI_BYTES

    parts: list[Sequence[T]] = []
    too_long: list[T] = []
    start = 0
    while start < len(items):
        least, most = 0, len(items) - start
        if fits(items[start:]):
            least = most
        while least < most:
            middle = (least + most + 1) // 2
            if fits(items[start : start + middle]):
                least = middle
            else:
                most = middle - 1
        if least:
            parts.append(items[start : start + least])
        else:
            too_long.append(items[start])
        start += least or 1
    return parts, tuple(too_long)


def _reference(page: _Page) -> str:
    return page.query if page.number == 1 else page.query + "_" + str(page.number)


def _taken(page: _Page, answer: Subresponse | None) -> Iterator[tuple[Records, str]]:
    """Keeps a page's records; gives the lists that go on elsewhere, with the addresses of their next pages."""
    if answer is None:
        raise _unreadable()
    if not answer.ok:
        raise error_for(answer.status, answer.body)
    body = answer.body
    if not isinstance(body, dict) or not isinstance(body.get("records"), list):
        raise _unreadable()
    page.into.extend(body["records"])
    if body.get("done", True) is not True:
        yield page.into, _next(body)
    for record in body["records"]:
        for children in record.values() if isinstance(record, dict) else ():
            is_page = isinstance(children, dict) and isinstance(children.get("records"), list)
            if is_page and children.get("done", True) is not True:
                yield children["records"], _next(children)


def _next(body: Mapping[str, Any]) -> str:
    url = body.get("nextRecordsUrl")
    if not isinstance(url, str) or not url.startswith("/services/data/"):
        raise _unreadable()
    return url


def _unreadable() -> errors.Unavailable:
    return errors.Unavailable(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE")
