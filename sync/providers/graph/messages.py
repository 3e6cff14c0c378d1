"""Messages that are known by an id: heads, whole ones with their lists of attachments, and the one that is open.

ids ──► $batch of 20 messages ──┬─► without attachments: done
                                └─► their lists wait in the same queue, for the next batch with room
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from sync import errors
from sync.errors import ProviderError
from sync.mail import FolderKind, Message
from sync.providers.graph import batch
from sync.providers.graph.folders import FolderKinds
from sync.providers.graph.mapping import message_from
from sync.providers.graph.queries import attachments_query, linked_heads_query, literal, message_query, with_query
from sync.providers.graph.transport import GraphTransport, as_model
from sync.providers.graph.wire import GraphAttachment, GraphMessage, GraphTranslatedIds, Page

MAX_ATTACHMENT_PAGES = 20
_SAME_ID_COPIES = 5


@dataclass(slots=True)
class _Asked:
    """What is to be read of one message: itself, or where it is here already its list of attachments."""

    id: str
    path: str
    found: GraphMessage | None = None


@dataclass(slots=True)
class Messages:
    """The messages of one mailbox."""

    graph: GraphTransport
    kinds: FolderKinds

    def heads(self, ids: Sequence[str]) -> Mapping[str, Message | ProviderError]:
        """Without bodies and attachments: one call for 20. https://learn.microsoft.com/graph/api/message-get"""
        return self._read(ids, linked_heads_query(), with_attachments=False)

    def whole(self, ids: Sequence[str]) -> Mapping[str, Message | ProviderError]:
        """With bodies and lists of attachments: one call for 20 messages or lists. Contents never come along.

        Attachments are not expanded into the message: there a derived type's property, the content id, cannot be
        selected, and without a selection all contents come.
        """
        return self._read(ids, message_query(), with_attachments=True)

    def find(self, item_id: str, internet_message_id: str) -> Message:
        """See `GraphMailbox.find_message`."""
        found = self._by_item(item_id) if item_id else None
        if internet_message_id and (found is None or not _same_id(found.internet_message_id, internet_message_id)):
            found = self._by_message_id(internet_message_id)
        if found is None:
            raise errors.Gone(gettext_noop("The email is no longer in the mailbox."), code="ErrorItemNotFound")
        attachments: list[GraphAttachment] = []
        if _may_have_attachments(found):
            attachments = self._attachments(self.graph.read(Page[GraphAttachment], *self._attachments_of(found.id)))
        return self._message(found, attachments)

    def _read(
        self, ids: Sequence[str], query: Mapping[str, str], *, with_attachments: bool
    ) -> Mapping[str, Message | ProviderError]:
        results: dict[str, Message | ProviderError] = {}
        queue: deque[_Asked] = deque()
        for message_id in dict.fromkeys(ids):
            try:
                queue.append(_Asked(message_id, with_query(self.graph.message_path(message_id), query)))
            except errors.Gone as gone:
                results[message_id] = gone
        while queue:
            some = [queue.popleft() for _ in range(min(batch.MOST, len(queue)))]
            try:
                answers = batch.get_parts(self.graph, [asked.path for asked in some])
                self.kinds.learn(_folder_ids(answers))
            except ProviderError as error:
                if not results:
                    raise
                # What came before is good, and what is left would meet the same.
                return results | {asked.id: error for asked in (*some, *queue)}
            for asked, answer in zip(some, answers, strict=True):
                result: Message | _Asked | ProviderError
                try:
                    result = self._result(asked, answer, with_attachments)
                except ProviderError as error:
                    result = error
                if isinstance(result, _Asked):
                    queue.append(result)
                else:
                    results[asked.id] = result
        return results

    def _result(self, asked: _Asked, answer: Any, with_attachments: bool) -> Message | _Asked:
        """The message, or what is still to be read of it."""
        if isinstance(answer, ProviderError):
            raise answer
        if asked.found is not None:
            return self._message(asked.found, self._attachments(as_model(Page[GraphAttachment], answer)))
        found = as_model(GraphMessage, answer)
        if with_attachments and _may_have_attachments(found):
            return _Asked(asked.id, with_query(*self._attachments_of(found.id)), found)
        return self._message(found, [])

    def _message(self, found: GraphMessage, attachments: Sequence[GraphAttachment]) -> Message:
        return message_from(found, attachments, self.kinds.of(found.parent_folder_id))

    def _attachments_of(self, message_id: str) -> tuple[str, dict[str, str]]:
        """https://learn.microsoft.com/graph/api/message-list-attachments"""
        return self.graph.message_path(message_id) + "/attachments", attachments_query()

    def _attachments(self, page: Page[GraphAttachment]) -> list[GraphAttachment]:
        listed = list(page.value)
        for _ in range(MAX_ATTACHMENT_PAGES):
            if not page.next_link:
                break
            page = self.graph.follow(Page[GraphAttachment], page.next_link)
            listed += page.value
        return listed

    def _by_item(self, item_id: str) -> GraphMessage | None:
        """By an immutable id, or by the id that Office.js calls a REST id. None where neither is known.

        An id that Graph cannot read is answered with 400, one that is no longer there with 404.
        """
        try:
            return self._by_id(item_id)
        except (errors.Gone, errors.Refused):
            return self._by_client_id(item_id)

    def _by_client_id(self, item_id: str) -> GraphMessage | None:
        try:
            translated = self._translated(item_id)
            return self._by_id(translated) if translated and translated != item_id else None
        except (errors.Gone, errors.Refused):
            return None

    def _translated(self, item_id: str) -> str:
        """https://learn.microsoft.com/graph/api/user-translateexchangeids"""
        body = {"inputIds": [item_id], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}
        answer = self.graph.post(self.graph.root + "/translateExchangeIds", body)
        ids = as_model(GraphTranslatedIds, answer).value
        return ids[0].target_id if ids else ""

    def _by_id(self, message_id: str) -> GraphMessage:
        """https://learn.microsoft.com/graph/api/message-get"""
        return self.graph.read(GraphMessage, self.graph.message_path(message_id), message_query())

    def _by_message_id(self, internet_message_id: str) -> GraphMessage | None:
        """https://learn.microsoft.com/graph/api/user-list-messages"""
        query = {
            **message_query(),
            "$filter": "internetMessageId eq " + literal(internet_message_id.strip()),
            "$top": str(_SAME_ID_COPIES),
        }
        copies = self.graph.read(Page[GraphMessage], self.graph.root + "/messages", query).value
        exact = [copy for copy in copies if _same_id(copy.internet_message_id, internet_message_id)]
        if len(exact) > 1:
            unwanted = (FolderKind.TRASH, FolderKind.JUNK, FolderKind.DRAFTS)
            kept = (copy for copy in exact if self.kinds.of(copy.parent_folder_id) not in unwanted)
            return next(kept, exact[0])
        return exact[0] if exact else None


def _folder_ids(answers: Sequence[Any]) -> list[str]:
    found = (answer.get("parentFolderId") for answer in answers if isinstance(answer, dict))
    return [folder_id for folder_id in found if isinstance(folder_id, str)]


def _may_have_attachments(message: GraphMessage) -> bool:
    """`hasAttachments` does not count inline images."""
    html = message.body.content if message.body else ""
    return bool(message.has_attachments) or "cid:" in html.lower()


def _same_id(first: str, second: str) -> bool:
    return first.strip() == second.strip()
