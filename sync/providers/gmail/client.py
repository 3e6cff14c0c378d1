"""One mailbox over Gmail: what `sync.providers.mailbox` asks of it.

    client ──► folders, marks, search, push                    one call each
       ├─────► changes   ids and history, page by page ──► fetch   heads, whole messages in batches
       └─────► one attachment, out of its message
                                                    all through transport (tokens, quota, errors)

The whole mailbox is one collection; folders are labels, of which a message carries several. Ids never change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.utils.translation import gettext_noop

from accounts.google_http import AnswerTooLong
from accounts.http import BLOCK_BYTES
from sync import errors
from sync.mail import Attachment, AttachmentKind, FolderKind, Message
from sync.providers.gmail import quota
from sync.providers.gmail.changes import PAGE_IDS, ChangeReader
from sync.providers.gmail.errors import gone, unreadable
from sync.providers.gmail.fetch import MAX_RAW, MessageFetcher
from sync.providers.gmail.labels import LabelNames, folders_of, is_own
from sync.providers.gmail.mapping import unpacked
from sync.providers.gmail.parts import parts_by_key
from sync.providers.gmail.queries import api_id, is_message_id, message_id_query, words_query
from sync.providers.gmail.quota import QuotaMeter
from sync.providers.gmail.transport import GmailCalls
from sync.providers.gmail.wire import GmailBody, GmailLabel, GmailLabelList, GmailMessageList, GmailPart, GmailWatch
from sync.providers.mailbox import ChangePage, FolderPage, Known, MailboxProfile, WatchTicket
from sync.providers.tokens import TokenSource
from sync.rules.mime import read_attachment

MAX_MARKED = 1000
_SAME_ID_COPIES = 5
_UNWANTED = (FolderKind.TRASH, FolderKind.JUNK, FolderKind.DRAFTS)


@dataclass(slots=True)
class _Opened:
    """The message whose attachments were read last: they are asked for one after another."""

    message_id: str
    raw: bytes = b""
    parts: Mapping[str, GmailPart] | None = None


class GmailMailbox:
    """One mailbox as one principal sees it. Cheap to make; not to be shared between threads.

    `mailbox` is `me` or an address. `meter` holds it to the quota of a minute and may be shared by all that read the
    same mailbox; `spend` is told the units of each call before it begins, and may refuse with `Throttled`.

    Raises, from every call: `Throttled`, `NeedsReconnect`, `Gone`, `Conflict`, `Refused`, `Forbidden`, `QuotaSpent`,
    `CursorExpired`, `Unavailable`.
    """

    provider: str = "gmail"
    collection_per_folder: bool = False

    def __init__(
        self,
        tokens: TokenSource,
        *,
        mailbox: str = "me",
        meter: QuotaMeter | None = None,
        spend: Callable[[int], None] = lambda units: None,
    ) -> None:
        self._calls = GmailCalls(tokens, mailbox, meter or QuotaMeter(), spend)
        self._names = LabelNames(self._labels)
        self._fetcher = MessageFetcher(self._calls, self._names.of)
        self._reader = ChangeReader(self._calls, self._fetcher, self._names.of)
        self._opened = _Opened("")

    def profile(self) -> MailboxProfile:
        """Gmail tells no id and no name of its user: the address stands for the id."""
        address = self._reader.profile().email_address
        return MailboxProfile(id=address, address=address, name="")

    def folders(self, cursor: str) -> FolderPage:
        """All labels that stand for folders, whole every time."""
        labels = self._labels()
        self._names.learn(labels)
        return FolderPage(folders=folders_of(labels), cursor="whole", done=True, whole=True)

    def begin(self, folder_id: str, *, since: datetime | None) -> str:
        return self._reader.begin(since)

    def changes(self, folder_id: str, cursor: str, known: Known) -> ChangePage:
        return self._reader.page(cursor, known)

    def heads(self, provider_ids: Sequence[str]) -> Mapping[str, Message | errors.ProviderError]:
        return self._fetcher.heads(provider_ids).for_all(provider_ids)

    def messages(self, provider_ids: Sequence[str]) -> Mapping[str, Message | errors.ProviderError]:
        return self._fetcher.messages(provider_ids).for_all(provider_ids)

    def marked(self, name: str) -> tuple[str, ...]:
        """Labels within labels have other names: `A/Salesforce` is not `Salesforce`."""
        labels = self._labels()
        self._names.learn(labels)
        wanted = name.casefold()
        found = next((label.id for label in labels if is_own(label) and label.name.casefold() == wanted), "")
        return self._ids(MAX_MARKED, labelIds=[found]) if found else ()

    def search(self, words: str, *, limit: int = 100) -> tuple[str, ...]:
        query = words_query(words)
        return self._ids(limit, q=query) if query and limit > 0 else ()

    def find_message(self, *, item_id: str = "", internet_message_id: str = "") -> Message:
        """By the API's id, or the `msg-f:` of Gmail's page. Where both are given and disagree the Message-ID decides.

        Of several copies it is the one that is no draft and not deleted, else the first. Raises `Gone` for none.
        """
        found = self._by_item(item_id) if item_id else None
        if internet_message_id and (found is None or not _same_id(found.internet_message_id, internet_message_id)):
            found = self._by_message_id(internet_message_id)
        if found is None:
            raise gone()
        return found

    @contextmanager
    def open_attachment(self, message: Message, attachment: Attachment) -> Iterator[Iterator[bytes]]:
        """The bytes of one attachment, decoded, in blocks of 64 KiB. All of one message come with one call."""
        if attachment.kind is AttachmentKind.LINK:
            raise errors.Refused(
                gettext_noop("A link to a file in a cloud store has no content of its own."), code="REFERENCE"
            )
        yield _blocks(self._content(message, attachment.key))

    def watch(self, *, notification_url: str, secret: str, until: datetime) -> WatchTicket:
        """Gmail pushes to the topic of the settings, for seven days at most.

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/watch
        """
        topic: str = settings.GOOGLE_PUBSUB_TOPIC
        if not topic:
            raise errors.Refused(gettext_noop("No Pub/Sub topic is set: GOOGLE_PUBSUB_TOPIC."), code="NO_TOPIC")
        request = self._calls.api().watch(userId=self._calls.user, body={"topicName": topic})
        answer = self._calls.run(GmailWatch, request, quota.WATCH)
        try:
            return WatchTicket(id="", expires_at=datetime.fromtimestamp(int(answer.expiration) / 1000, UTC))
        except (ValueError, OverflowError, OSError):
            raise unreadable() from None

    def renew(self, watch_id: str, *, until: datetime) -> WatchTicket:
        """A push is renewed by asking for it again; never `Gone`."""
        return self.watch(notification_url="", secret="", until=until)

    def stop(self, watch_id: str) -> None:
        """https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/stop"""
        self._calls.order(self._calls.api().stop(userId=self._calls.user), quota.STOP)

    def _labels(self) -> list[GmailLabel]:
        """https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/list"""
        request = self._calls.api().labels().list(userId=self._calls.user)
        return self._calls.run(GmailLabelList, request, quota.LABELS).labels

    def _ids(self, limit: int, **asked: object) -> tuple[str, ...]:
        """The first ids of a listing, newest first."""
        found: list[str] = []
        page = ""
        while len(found) < limit:
            further = {**asked, **({"pageToken": page} if page else {})}
            size = min(limit - len(found), PAGE_IDS)
            request = self._calls.messages().list(userId=self._calls.user, maxResults=size, **further)
            listing = self._calls.run(GmailMessageList, request, quota.LIST)
            found += [message.id for message in listing.messages]
            page = listing.next_page_token
            if not page:
                break
        return tuple(dict.fromkeys(found))[:limit]

    def _by_item(self, item_id: str) -> Message | None:
        found = api_id(item_id)
        try:
            return self._fetcher.one(found) if found else None
        except errors.Gone:
            return None

    def _by_message_id(self, internet_message_id: str) -> Message | None:
        query = message_id_query(internet_message_id)
        ids = self._ids(_SAME_ID_COPIES, q=query, includeSpamTrash=True) if query else ()
        results = list(self.messages(ids).values()) if ids else []
        copies = [one for one in results if isinstance(one, Message)]
        exact = [one for one in copies if _same_id(one.internet_message_id, internet_message_id)]
        if exact:
            return next((one for one in exact if one.folder not in _UNWANTED), exact[0])
        failed = (one for one in results if isinstance(one, errors.ProviderError) and not isinstance(one, errors.Gone))
        failure = next(failed, None)
        if failure is not None:
            raise failure
        return None

    def _content(self, message: Message, key: str) -> bytes:
        if not is_message_id(message.provider_id):
            raise gone()
        if self._opened.message_id != message.provider_id:
            self._opened = self._open(message)
        try:
            if self._opened.parts is not None:
                return self._part(message.provider_id, self._opened.parts[key])
            return read_attachment(self._opened.raw, key)
        except KeyError:
            raise gone() from None

    def _open(self, message: Message) -> _Opened:
        """The mail as it is, or the tree of its parts where it would be too large."""
        message_id = message.provider_id
        if _size(message) <= MAX_RAW:
            try:
                return _Opened(message_id, raw=unpacked(self._fetcher.raw(message_id).raw))
            except AnswerTooLong:
                pass
        return _Opened(message_id, parts=parts_by_key(self._fetcher.full(message_id).payload or GmailPart()))

    def _part(self, message_id: str, part: GmailPart) -> bytes:
        """https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages.attachments/get"""
        if not part.body.attachment_id:
            return unpacked(part.body.data)
        attachments = self._calls.messages().attachments()
        request = attachments.get(userId=self._calls.user, messageId=message_id, id=part.body.attachment_id)
        try:
            return unpacked(self._calls.run(GmailBody, request, quota.ATTACHMENT).data)
        except AnswerTooLong:
            raise errors.Refused(gettext_noop("The attachment is too large to be read."), code="TOO_LONG") from None


def _size(message: Message) -> float:
    """About how large the mail is as it is: attachments in base64, and the bodies."""
    attached = sum(attachment.size for attachment in message.attachments)
    return attached * 1.37 + len(message.html) + len(message.text)


def _same_id(first: str, second: str) -> bool:
    return "".join(first.split()).strip("<>") == "".join(second.split()).strip("<>")


def _blocks(content: bytes) -> Iterator[bytes]:
    view = memoryview(content)
    for start in range(0, len(view), BLOCK_BYTES):
        yield bytes(view[start : start + BLOCK_BYTES])
