"""Ids of messages by what they carry or hold: a category, words."""

from __future__ import annotations

from collections.abc import Mapping

from sync import errors
from sync.providers.graph.queries import keywords, literal
from sync.providers.graph.transport import GraphTransport
from sync.providers.graph.wire import GraphFound, Page

MOST_MARKED = 1_000
_MOST_PAGES = 20
# The largest pages that Graph gives.
_LISTED, _SEARCHED = 1_000, 250
_EARLIEST = "receivedDateTime ge 1900-01-01T00:00:00Z"
_TOO_COMPLEX = frozenset({"inefficientfilter", "errorinefficientfilter", "errorrestrictiontoocomplex"})


def marked(graph: GraphTransport, name: str) -> tuple[str, ...]:
    """Messages with the category, newest first. https://learn.microsoft.com/graph/api/user-list-messages

    Graph sorts only by what it filters by, in that order, so the date stands first in the filter. A mailbox where that
    is too complex gives them in its own order.
    """
    wanted = "categories/any(c:c eq " + literal(name) + ")"
    query = {"$select": "id,categories,receivedDateTime", "$top": str(_LISTED)}
    ordered = {**query, "$filter": f"{_EARLIEST} and {wanted}", "$orderby": "receivedDateTime desc"}
    try:
        found = _pages(graph, ordered, MOST_MARKED)
    except errors.Refused as refused:
        if refused.code.lower() not in _TOO_COMPLEX:
            raise
        found = _pages(graph, {**query, "$filter": wanted}, MOST_MARKED)
    folded = name.strip().casefold()
    # How Graph compares texts is not said: what counts is the whole name.
    exact = [one for one in found if folded in {category.strip().casefold() for category in one.categories}]
    exact.sort(key=lambda one: one.received_date_time.timestamp() if one.received_date_time else 0.0, reverse=True)
    return tuple(one.id for one in exact[:MOST_MARKED])


def search(graph: GraphTransport, words: str, limit: int) -> tuple[str, ...]:
    """Messages that hold all the words in subject, body or sender, as Graph ranks them."""
    wanted = keywords(words)
    if not wanted or limit < 1:
        return ()
    query = {"$search": wanted, "$select": "id", "$top": str(min(limit, _SEARCHED))}
    return tuple(one.id for one in _pages(graph, query, limit)[:limit])


def _pages(graph: GraphTransport, query: Mapping[str, str], limit: int) -> list[GraphFound]:
    page = graph.read(Page[GraphFound], graph.root + "/messages", query)
    found = list(page.value)
    for _ in range(_MOST_PAGES):
        if not page.next_link or len(found) >= limit:
            break
        page = graph.follow(Page[GraphFound], page.next_link)
        found += page.value
    return found
