"""The mailbox page by page: a full read of the ids, then its history.

    begin ──► history id pinned ──► pages of 500 ids ──► heads, 100 a page ──► … ──► history from the pinned id
                                                                                 └──► 404: CursorExpired

What Gmail throttles waits in the cursor for the next page; what cannot be fetched for another reason is told without
its head, so that one message holds up no other; what vanished meanwhile is left out. The last page of a full read is
`full` and not `done`: the history behind it has what arrived meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sync import errors
from sync.mail import Message
from sync.providers.gmail import quota
from sync.providers.gmail.cursor import Cursor
from sync.providers.gmail.fetch import MessageFetcher
from sync.providers.gmail.labels import WITHOUT_NEWS, kind_of
from sync.providers.gmail.mapping import Names
from sync.providers.gmail.queries import since_query
from sync.providers.gmail.transport import GmailCalls
from sync.providers.gmail.wire import GmailChange, GmailHistory, GmailMessageList, GmailProfile
from sync.providers.mailbox import Change, ChangePage, Known

PAGE_IDS = 500
PAGE_HEADS = 100
# A full read leaves these out: what comes back from them has not been told yet.
_UNLISTED = frozenset({"SPAM", "TRASH"})


class ChangeReader:
    def __init__(self, calls: GmailCalls, fetcher: MessageFetcher, names: Names) -> None:
        self._calls = calls
        self._fetcher = fetcher
        self._names = names

    def profile(self) -> GmailProfile:
        """https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/getProfile"""
        return self._calls.run(GmailProfile, self._calls.api().getProfile(userId=self._calls.user), quota.PROFILE)

    def begin(self, since: datetime | None) -> str:
        """Pins the history before anything is listed, so that nothing falls between the two."""
        profile = self.profile()
        query = since_query(since) if since else ""
        return Cursor("full", profile.history_id, query=query, total=profile.messages_total).text

    def page(self, text: str, known: Known) -> ChangePage:
        cursor = Cursor.of(text)
        return self._full_page(cursor, known) if cursor.phase == "full" else self._history_page(cursor, known)

    def _full_page(self, cursor: Cursor, known: Known) -> ChangePage:
        if not cursor.waiting and not cursor.through:
            cursor = self._listed(cursor)
        changes, late = self._told(cursor.waiting, known)
        cursor = replace(cursor, waiting=late)
        expected = cursor.listed if cursor.through else 0 if cursor.query else cursor.total
        if cursor.through and not cursor.waiting:
            cursor = Cursor("changes", cursor.history)
        return ChangePage(tuple(changes), cursor.text, done=False, full=True, expected=expected)

    def _listed(self, cursor: Cursor) -> Cursor:
        """https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/list"""
        asked = {"q": cursor.query, "pageToken": cursor.page}
        asked = {name: value for name, value in asked.items() if value}
        request = self._calls.messages().list(userId=self._calls.user, maxResults=PAGE_IDS, **asked)
        listing = self._calls.run(GmailMessageList, request, quota.LIST)
        ids = tuple(dict.fromkeys(message.id for message in listing.messages))
        return replace(
            cursor,
            waiting=ids,
            page=listing.next_page_token,
            listed=cursor.listed + len(ids),
            through=not listing.next_page_token,
        )

    def _history_page(self, cursor: Cursor, known: Known) -> ChangePage:
        changes: list[Change] = []
        waiting = cursor.waiting
        if not waiting:
            history = self._history(cursor)
            seen = _seen(history)
            waiting, changes = self._sorted(seen, known)
            start = cursor.history if history.next_page_token else history.history_id
            cursor = Cursor("changes", start, page=history.next_page_token)
        told, late = self._told(waiting, known, progress=bool(changes))
        cursor = replace(cursor, waiting=late)
        return ChangePage((*changes, *told), cursor.text, done=not (late or cursor.page), full=False)

    def _history(self, cursor: Cursor) -> GmailHistory:
        """https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.history/list"""
        asked = {"pageToken": cursor.page} if cursor.page else {}
        request = (
            self._calls.api()
            .history()
            .list(
                userId=self._calls.user,
                startHistoryId=cursor.history,
                maxResults=PAGE_IDS,
                historyTypes=["messageAdded", "messageDeleted", "labelAdded", "labelRemoved"],
                **asked,
            )
        )
        try:
            return self._calls.run(GmailHistory, request, quota.HISTORY)
        except errors.Gone as gone:
            raise errors.CursorExpired(gone.message, code=gone.code) from None

    def _sorted(self, seen: dict[str, _Seen], known: Known) -> tuple[tuple[str, ...], list[Change]]:
        """The ids whose heads are needed, and what is told of the others."""
        wanted = [message_id for message_id, one in seen.items() if one.arrived and not one.removed]
        have = known(wanted) if wanted else frozenset()
        waiting = tuple(message_id for message_id in wanted if message_id not in have)
        fetched = frozenset(waiting)
        others = ((message_id, one) for message_id, one in seen.items() if message_id not in fetched)
        return waiting, [self._change(message_id, one) for message_id, one in others if one.removed or one.news]

    def _change(self, message_id: str, one: _Seen) -> Change:
        if one.removed:
            return Change(message_id, removed=True)
        if one.labels is None:
            return Change(message_id)
        names = self._names(one.labels)
        return Change(message_id, categories=names, folder=kind_of(one.labels), folder_ids=one.labels)

    def _told(
        self, waiting: Sequence[str], known: Known, *, progress: bool = False
    ) -> tuple[list[Change], tuple[str, ...]]:
        """The next of those that wait, with their heads where these are not known; and those that wait on.

        Raises what stopped it where nothing at all could be told.
        """
        have = known(waiting) if waiting else frozenset()
        taken, rest = _portion(waiting, have)
        fetched = self._fetcher.heads([message_id for message_id in taken if message_id not in have])
        changes: list[Change] = []
        late: list[str] = []
        stopped = fetched.stopped
        for message_id in taken:
            result = None if message_id in have else fetched.found.get(message_id)
            if message_id in have:
                changes.append(Change(message_id))
            elif result is None:
                late.append(message_id)
            elif isinstance(result, Message):
                changes.append(Change(message_id, head=result))
            elif isinstance(result, errors.Throttled):
                late.append(message_id)
                stopped = stopped or result
            elif not isinstance(result, errors.Gone):
                changes.append(Change(message_id))
        if stopped is not None and len(late) == len(taken) and not progress:
            raise stopped
        return changes, (*late, *rest)


@dataclass(slots=True)
class _Seen:
    """What a page of history tells of one message; its last state wins."""

    arrived: bool = False
    removed: bool = False
    news: bool = False
    labels: tuple[str, ...] | None = None


def _seen(history: GmailHistory) -> dict[str, _Seen]:
    seen: dict[str, _Seen] = {}
    for record in history.history:
        for change in record.messages_added:
            one = _noted(seen, change)
            one.arrived, one.removed, one.news = True, False, True
        for change in record.labels_added:
            _relabelled(_noted(seen, change), change.label_ids)
        for change in record.labels_removed:
            one = _noted(seen, change, without=True)
            _relabelled(one, change.label_ids)
            one.arrived = one.arrived or bool(_UNLISTED & set(change.label_ids))
        for change in record.messages_deleted:
            _noted(seen, change).removed = True
    return seen


def _noted(seen: dict[str, _Seen], change: GmailChange, *, without: bool = False) -> _Seen:
    """The row of a message. A message without labels comes without the field: told only where some were taken away."""
    one = seen.setdefault(change.message.id, _Seen())
    if change.message.label_ids is not None:
        one.labels = tuple(change.message.label_ids)
    elif without:
        one.labels = ()
    return one


def _relabelled(one: _Seen, label_ids: Iterable[str]) -> None:
    one.news = one.news or not WITHOUT_NEWS.issuperset(label_ids)


def _portion(waiting: Sequence[str], have: frozenset[str]) -> tuple[Sequence[str], Sequence[str]]:
    """As many of those that wait as need no more heads than one page fetches."""
    heads = 0
    for place, message_id in enumerate(waiting):
        heads += message_id not in have
        if heads > PAGE_HEADS:
            return waiting[:place], waiting[place:]
    return waiting, ()
