"""One folder's messages by delta: everything in a full read, newest first, then what changed since.

    begin ──► full ──page──► full ──► … ──last page──► changes ──page──► changes ──► …
                                └─► older ──page──► … ──┘   a full read from a date on that reached Graph's limit

A row is whole (it has a head), bare (only what changed) or a removal, which a move to another folder is too. A bare row
of a message that is not known yet is completed. One that tells of nothing that is read here, such as "is read now", is
dropped: Graph tells that of mail outside the filter too.

Graph shows at most 5,000 messages in a delta that is filtered by date. What is older is then listed page by page from
the oldest one shown on, each page by date again: a place by number would shift whenever mail leaves the folder.
https://learn.microsoft.com/graph/delta-query-messages and https://learn.microsoft.com/graph/api/message-delta
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sync import errors
from sync.mail import Message
from sync.providers.graph import cursors
from sync.providers.graph.cursors import Cursor
from sync.providers.graph.errors import unreadable
from sync.providers.graph.folders import FolderKinds
from sync.providers.graph.mapping import message_from
from sync.providers.graph.messages import Messages
from sync.providers.graph.queries import HEAD_FIELDS, PAGE, PAGE_SIZE, heads_query, instant, with_query
from sync.providers.graph.transport import GraphTransport, as_model
from sync.providers.graph.wire import DeltaPage, GraphMessage
from sync.providers.mailbox import Change, ChangePage, Known

# A little below Graph's limit: whether it counts what left meanwhile is not said, and one call settles it.
LISTED_FROM = 4_900
_WHOLE = frozenset({"subject", "internetMessageId", "receivedDateTime", "parentFolderId", "isDraft", "toRecipients"})
_NEWS = frozenset(HEAD_FIELDS) - {"id"}
_NEWEST_FIRST = "receivedDateTime desc"


@dataclass(slots=True)
class Changes:
    """The changes of one mailbox's folders."""

    graph: GraphTransport
    kinds: FolderKinds
    messages: Messages

    def begin(self, folder_id: str, since: datetime | None) -> str:
        """The cursor of a full read; no call is made."""
        query = {**heads_query(), "$orderby": _NEWEST_FIRST}
        if since is not None:
            query["$filter"] = "receivedDateTime ge " + instant(since)
        link = self.graph.origin + with_query(self.graph.folder_path(folder_id) + "/messages/delta", query)
        return Cursor("full", link, since="" if since is None else instant(since)).text()

    def page(self, folder_id: str, text: str, known: Known) -> ChangePage:
        """The next page. Raises CursorExpired where Graph has forgotten the round, in the middle of it too."""
        cursor = cursors.parsed(text)
        page = cursors.page_behind(self.graph, cursor.link, prefer=PAGE)
        following = self._following(folder_id, cursor, page)
        return ChangePage(
            changes=self._changes(page.value, known, full=cursor.phase != "changes"),
            cursor=following.text(),
            done=following.phase == "changes" and (cursor.phase == "older" or bool(page.delta_link)),
            full=cursor.phase != "changes",
        )

    def _following(self, folder_id: str, cursor: Cursor, page: DeltaPage) -> Cursor:
        if cursor.phase == "older":
            return self._older(folder_id, cursor, page)
        if not page.next_link and not page.delta_link:
            raise unreadable()
        if cursor.phase == "changes" or not cursor.since:
            return Cursor("changes", page.delta_link) if page.delta_link else replace(cursor, link=page.next_link)
        dates = _dates(page.value)
        shown, oldest = cursor.shown + len(dates), min([*dates, *filter(None, [cursor.oldest])], default="")
        if page.next_link:
            return replace(cursor, link=page.next_link, shown=shown, oldest=oldest)
        if shown < LISTED_FROM:
            return Cursor("changes", page.delta_link)
        link = self._list_link(folder_id, cursor.since, oldest)
        return Cursor("older", link, since=cursor.since, oldest=oldest, delta_link=page.delta_link)

    def _older(self, folder_id: str, cursor: Cursor, page: DeltaPage) -> Cursor:
        if not page.next_link:
            return Cursor("changes", cursor.delta_link)
        oldest = min(_dates(page.value), default=cursor.oldest)
        if oldest == cursor.oldest:
            # A page full of messages of one second: there is nothing but their number to go on by.
            return replace(cursor, link=page.next_link)
        return replace(cursor, link=self._list_link(folder_id, cursor.since, oldest), oldest=oldest)

    def _list_link(self, folder_id: str, since: str, until: str) -> str:
        """https://learn.microsoft.com/graph/api/mailfolder-list-messages"""
        query = {
            **heads_query(),
            "$filter": f"receivedDateTime ge {since} and receivedDateTime le {until}",
            "$orderby": _NEWEST_FIRST,
            "$top": str(PAGE_SIZE),
        }
        return self.graph.origin + with_query(self.graph.folder_path(folder_id) + "/messages", query)

    def _changes(self, rows: Sequence[dict[str, Any]], known: Known, *, full: bool) -> tuple[Change, ...]:
        rows = [row for row in rows if "@removed" in row or _matters(row, full=full)]
        self.kinds.learn(str(row["parentFolderId"]) for row in rows if row.get("parentFolderId"))
        changes = [self._change(row) for row in rows]
        bare = [change.provider_id for change in changes if change.head is None and not change.removed]
        met = known(bare) if bare else frozenset[str]()
        wanted = [one for one in bare if one not in met]
        completed = self.messages.heads(wanted) if wanted else {}
        return tuple(_with_head(change, completed.get(change.provider_id)) for change in changes)

    def _change(self, row: dict[str, Any]) -> Change:
        message_id = row.get("id")
        if not isinstance(message_id, str) or not message_id:
            raise unreadable()
        if "@removed" in row:
            return Change(message_id, removed=True)
        if row.keys() >= _WHOLE:
            try:
                head = as_model(GraphMessage, row)
            except errors.Unavailable:
                # It is asked for by its id, where it fails for itself and not for its page.
                return Change(message_id)
            return Change(message_id, head=message_from(head, (), self.kinds.of(head.parent_folder_id)))
        folder_id, categories = row.get("parentFolderId"), row.get("categories")
        return Change(
            message_id,
            categories=tuple(str(name) for name in categories) if isinstance(categories, list) else None,
            folder=self.kinds.of(str(folder_id)) if folder_id else None,
            folder_ids=(str(folder_id),) if folder_id else None,
        )


def _matters(row: dict[str, Any], *, full: bool) -> bool:
    """Whether a row tells of something that is read here. In a full read its mere being there is news."""
    told = {name for name in row if "@" not in name and name != "id"}
    return bool(told & _NEWS) or (full and not told)


def _with_head(change: Change, completed: Message | errors.ProviderError | None) -> Change:
    if completed is None:
        return change
    if isinstance(completed, Message):
        return Change(change.provider_id, head=completed)
    if isinstance(completed, errors.Gone):
        return Change(change.provider_id, removed=True)
    if isinstance(completed, errors.Refused) or completed.code == "UNREADABLE":
        # This one will not become readable: whoever asks for it by its id is told so.
        return change
    raise completed


def _dates(rows: Sequence[dict[str, Any]]) -> list[str]:
    """When the messages of a page were received, in a form that compares as text."""
    return [str(row["receivedDateTime"])[:19] + "Z" for row in rows if row.get("receivedDateTime")]
