"""A place in a round of changes as text, the adapter's own: JSON of the phase, the link that goes on, what it needs.

full ──nextLink──► full ──► … ──deltaLink──► changes ──nextLink──► changes ──► … ──deltaLink──► changes
 └──deltaLink, but Graph stopped short──► older ──► … ──► changes
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from accounts.http import same_origin
from sync import errors
from sync.providers.graph.transport import GraphTransport
from sync.providers.graph.wire import DeltaPage

Phase = Literal["full", "older", "changes"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """`since` and `oldest` are instants as a filter has them; `shown` counts messages of the full read."""

    phase: Phase
    link: str
    since: str = ""
    shown: int = 0
    oldest: str = ""
    delta_link: str = ""

    def text(self) -> str:
        told = {name: value for name, value in asdict(self).items() if value}
        return _ANY.dump_json(told).decode()


_ANY = TypeAdapter(dict[str, str | int])
_CURSOR = TypeAdapter(Cursor)


def parsed(text: str) -> Cursor:
    """Raises CursorExpired for what is none of ours."""
    try:
        return _CURSOR.validate_json(text)
    except ValidationError:
        raise errors.CursorExpired("The cursor cannot be read.", code="UNREADABLE_CURSOR") from None


def page_behind(graph: GraphTransport, link: str, *, prefer: str) -> DeltaPage:
    """The page behind a cursor's link. Raises CursorExpired where Graph, or this server, no longer knows it."""
    if not same_origin(link, graph.origin):
        raise errors.CursorExpired("The cursor belongs to another server.", code="FOREIGN_CURSOR")
    try:
        page = graph.follow(DeltaPage, link, prefer=prefer)
    except errors.Refused as refused:
        # A link that holds a token is Graph's own text: what it cannot read in it will not become readable.
        if "token=" not in link.lower():
            raise
        raise errors.CursorExpired(refused.message, code=refused.code) from None
    for following in (page.next_link, page.delta_link):
        if following:
            graph.check_link(following)
    return page
