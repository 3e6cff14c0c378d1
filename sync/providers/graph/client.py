"""One mailbox over Microsoft Graph: who it is, one message, its attachments as streams.

    call ──► 401 ──► renew the token once ──► the same call once ──► still 401: NeedsReconnect
      └────► any other answer, or none ──► the answer, or an error of `sync.errors`

Ids are immutable ones. Where Graph does not know a client's id as it stands, it is translated; what a client says is
only good for finding the message, and its Message-ID is the surer key of the two.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from django.conf import settings
from pydantic import BaseModel, ValidationError

from accounts.http import BLOCK_BYTES, TargetRefused, httpx_client, same_origin
from sync import errors
from sync.mail import Attachment, AttachmentKind, FolderKind, Message
from sync.providers.graph import folders
from sync.providers.graph.errors import error_for, error_for_silence, unreadable
from sync.providers.graph.mapping import message_from
from sync.providers.graph.wire import (
    GraphAttachment,
    GraphFolder,
    GraphMessage,
    GraphTranslatedIds,
    GraphUser,
    Page,
)
from sync.providers.tokens import TokenSource

PREFER = 'IdType="ImmutableId", outlook.timezone="UTC", outlook.body-content-type="html"'
MESSAGE_FIELDS = (
    *("id", "internetMessageId", "conversationId", "subject", "from", "sender", "replyTo"),
    *("toRecipients", "ccRecipients", "bccRecipients", "sentDateTime", "receivedDateTime"),
    *("internetMessageHeaders", "body", "parentFolderId", "isDraft", "hasAttachments", "categories"),
)
SENSITIVITY_PROPERTY = "Integer 0x36"
ATTACHMENT_FIELDS = ("id", "name", "size", "contentType", "isInline", "microsoft.graph.fileAttachment/contentId")
MAX_ATTACHMENT_PAGES = 20
_SAME_ID_COPIES = 5

B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class MailboxProfile:
    """Whose mailbox it is. `id` is the user's object id; `address` is as Microsoft writes it."""

    id: str
    address: str
    name: str


class GraphMailbox:
    """One mailbox as one principal sees it. Cheap to make.

    Raises, from every call: `Throttled`, `NeedsReconnect`, `Gone`, `Conflict`, `Refused`, `Forbidden`, `QuotaSpent`,
    `CursorExpired`, `Unavailable`.
    """

    def __init__(self, tokens: TokenSource, *, mailbox: str = "me") -> None:
        self._tokens = tokens
        self._origin: str = settings.MICROSOFT_GRAPH_URL
        self._root = "/v1.0/me" if mailbox == "me" else "/v1.0/users/" + quote(mailbox, safe="")

    def profile(self) -> MailboxProfile:
        """https://learn.microsoft.com/graph/api/user-get"""
        user = self._read(GraphUser, self._root, {"$select": "id,displayName,mail,userPrincipalName"})
        return MailboxProfile(id=user.id, address=user.mail or user.user_principal_name, name=user.display_name)

    def find_message(self, *, item_id: str = "", internet_message_id: str = "") -> Message:
        """The message with our own id or a client's, with a Message-ID, or both.

        Where both are given and disagree, or the item id is not (or no longer) known, the Message-ID decides. Of
        several copies it is the one that is no draft and not deleted, else the first. Raises `Gone` for none.
        """
        found = self._by_item(item_id) if item_id else None
        if internet_message_id and (found is None or not _same_id(found.internet_message_id, internet_message_id)):
            found = self._by_message_id(internet_message_id)
        if found is None:
            raise errors.Gone("The email is no longer in the mailbox.", code="ErrorItemNotFound")
        return message_from(found, self._attachments(found), self._folder_kind(found.parent_folder_id))

    @contextmanager
    def open_attachment(self, message: Message, attachment: Attachment) -> Iterator[Iterator[bytes]]:
        """The bytes of one attachment, decoded, in blocks of 64 KiB; a message in the message comes as MIME.

        https://learn.microsoft.com/graph/api/attachment-get
        """
        if attachment.kind is AttachmentKind.LINK:
            raise errors.Refused("A link to a file in a cloud store has no content of its own.", code="REFERENCE")
        path = self._message_path(message.provider_id) + "/attachments/" + quote(attachment.key, safe="") + "/$value"
        with self._stream(path) as response:
            yield _blocks(response)

    def _by_item(self, item_id: str) -> GraphMessage | None:
        """By an immutable id, or by the id that Office.js calls a REST id. None where neither is known.

        An id that Graph cannot read is answered with 400, one that is no longer there with 404.
        """
        try:
            return self._message(item_id)
        except (errors.Gone, errors.Refused):
            return self._by_client_id(item_id)

    def _by_client_id(self, item_id: str) -> GraphMessage | None:
        try:
            translated = self._translated(item_id)
            return self._message(translated) if translated and translated != item_id else None
        except (errors.Gone, errors.Refused):
            return None

    def _translated(self, item_id: str) -> str:
        """https://learn.microsoft.com/graph/api/user-translateexchangeids"""
        body = {"inputIds": [item_id], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}
        answer = self._call("POST", self._root + "/translateExchangeIds", json=body)
        ids = _as(GraphTranslatedIds, answer).value
        return ids[0].target_id if ids else ""

    def _message(self, message_id: str) -> GraphMessage:
        """https://learn.microsoft.com/graph/api/message-get"""
        return self._read(GraphMessage, self._message_path(message_id), _message_query())

    def _by_message_id(self, internet_message_id: str) -> GraphMessage | None:
        """https://learn.microsoft.com/graph/api/user-list-messages"""
        wanted = internet_message_id.strip().replace("'", "''")
        query = {
            **_message_query(),
            "$filter": "internetMessageId eq '" + wanted + "'",
            "$top": str(_SAME_ID_COPIES),
        }
        copies = self._read(Page[GraphMessage], self._root + "/messages", query).value
        exact = [copy for copy in copies if _same_id(copy.internet_message_id, internet_message_id)]
        if len(exact) > 1:
            unwanted = (FolderKind.TRASH, FolderKind.JUNK, FolderKind.DRAFTS)
            kept = (copy for copy in exact if self._folder_kind(copy.parent_folder_id) not in unwanted)
            return next(kept, exact[0])
        return exact[0] if exact else None

    def _attachments(self, message: GraphMessage) -> list[GraphAttachment]:
        """https://learn.microsoft.com/graph/api/message-list-attachments"""
        html = message.body.content if message.body else ""
        # `hasAttachments` does not count inline images.
        if not message.has_attachments and "cid:" not in html.lower():
            return []
        path = self._message_path(message.id) + "/attachments"
        page = self._read(Page[GraphAttachment], path, {"$select": ",".join(ATTACHMENT_FIELDS)})
        listed = list(page.value)
        for _ in range(MAX_ATTACHMENT_PAGES):
            if not page.next_link:
                break
            page = self._next(Page[GraphAttachment], page.next_link)
            listed += page.value
        return listed

    def _folder_kind(self, folder_id: str) -> FolderKind:
        def well_known(name: str) -> str:
            """https://learn.microsoft.com/graph/api/mailfolder-get"""
            try:
                return self._read(GraphFolder, self._root + "/mailFolders/" + name, {"$select": "id"}).id
            except errors.Gone:
                # A mailbox may lack one of them, such as an archive without junk.
                return ""

        return folders.kind_of(self._origin, folder_id, well_known)

    def _message_path(self, message_id: str) -> str:
        if message_id in {".", ".."}:
            # Such an id would name another path: no quoting helps against it.
            raise errors.Gone("The email is no longer in the mailbox.", code="ErrorInvalidIdMalformed")
        return self._root + "/messages/" + quote(message_id, safe="")

    def _read(self, model: type[B], path: str, query: Mapping[str, str] | None = None) -> B:
        return _as(model, self._call("GET", path, params=dict(query or {})))

    def _next(self, model: type[B], link: str) -> B:
        """A following page: links of the answer are followed to the expected host only."""
        if not same_origin(link, self._origin):
            raise errors.Unavailable("Microsoft 365 named another host.", code="FOREIGN_LINK")
        return _as(model, self._call("GET", link))

    def _call(self, method: str, url: str, **options: Any) -> Any:
        def attempt(token: str) -> Any:
            response = self._client().request(method, url, headers=_headers(token), **options)
            return _decoded(response)

        return self._with_token(attempt)

    @contextmanager
    def _stream(self, path: str) -> Iterator[httpx.Response]:
        def attempt(token: str) -> httpx.Response:
            client = self._client()
            headers = {**_headers(token), "Accept-Encoding": "identity"}
            response = client.send(client.build_request("GET", path, headers=headers), stream=True)
            if not response.is_success:
                try:
                    response.read()
                finally:
                    response.close()
                _decoded(response)
            return response

        response = self._with_token(attempt)
        try:
            yield response
        finally:
            response.close()

    def _with_token(self, attempt: Callable[[str], Any]) -> Any:
        token = self._tokens.token()
        try:
            return _guarded(attempt, token)
        except errors.NeedsReconnect:
            renewed = self._tokens.renew(token)
        return _guarded(attempt, renewed)

    def _client(self) -> httpx.Client:
        return httpx_client(base_url=self._origin)


def _guarded(attempt: Callable[[str], Any], token: str) -> Any:
    try:
        return attempt(token)
    except TargetRefused as refused:
        raise errors.Unavailable(str(refused), code="TARGET_REFUSED") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as failure:
        raise error_for_silence(failure) from None


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": "Bearer " + token, "Prefer": PREFER, "client-request-id": str(uuid.uuid4())}


def _decoded(response: httpx.Response) -> Any:
    try:
        body = response.json()
    except ValueError:
        body = None
    if not response.is_success:
        raise error_for(response, body)
    if body is None:
        raise unreadable()
    return body


def _as(model: type[B], body: Any) -> B:
    try:
        return model.model_validate(body)
    except ValidationError:
        raise unreadable() from None


def _blocks(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_bytes(BLOCK_BYTES)
    except (httpx.HTTPError, httpx.StreamError) as failure:
        raise error_for_silence(failure) from None


def _message_query() -> dict[str, str]:
    return {
        "$select": ",".join(MESSAGE_FIELDS),
        "$expand": "singleValueExtendedProperties($filter=id eq '" + SENSITIVITY_PROPERTY + "')",
    }


def _same_id(first: str, second: str) -> bool:
    return first.strip() == second.strip()
