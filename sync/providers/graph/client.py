"""One mailbox over Microsoft Graph, as the engine and the pane ask for it. Each room beside this one does one part.

    transport   a call, its token, its errors          folders    the folders and their kinds
    batch       20 reads in one call                   changes    a folder's messages by delta
    messages    messages by their ids                  finding    ids by category or words
    watching    the push                               mapping    Graph's message in the product's words

Ids are immutable ones. Where Graph does not know a client's id as it stands, it is translated; what a client says is
only good for finding the message, and its Message-ID is the surer key of the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import quote

from django.utils.translation import gettext_noop

from sync import errors
from sync.errors import ProviderError
from sync.mail import Attachment, AttachmentKind, Message
from sync.providers.graph import finding, folders, watching
from sync.providers.graph.changes import Changes
from sync.providers.graph.folders import FolderKinds
from sync.providers.graph.messages import Messages
from sync.providers.graph.transport import GraphTransport
from sync.providers.graph.wire import GraphUser
from sync.providers.mailbox import ChangePage, FolderPage, Known, MailboxProfile, WatchTicket
from sync.providers.tokens import TokenSource


class GraphMailbox:
    """One mailbox as one principal sees it; a `MailboxAdapter`. Cheap to make; not to be shared between threads.

    `mailbox` is `me` for a person's own token, a user's object id for the application's.
    Raises, from every call: `Throttled`, `NeedsReconnect`, `Gone`, `Conflict`, `Refused`, `Forbidden`, `QuotaSpent`,
    `CursorExpired`, `Unavailable`, and from `watch`, `renew` and `stop` also `Ambiguous`.
    """

    provider: str = "graph"
    collection_per_folder: bool = True

    def __init__(self, tokens: TokenSource, *, mailbox: str = "me") -> None:
        self._graph = GraphTransport(tokens, mailbox)
        self._kinds = FolderKinds(self._graph)
        self._messages = Messages(self._graph, self._kinds)
        self._changes = Changes(self._graph, self._kinds, self._messages)

    def profile(self) -> MailboxProfile:
        """https://learn.microsoft.com/graph/api/user-get"""
        user = self._graph.read(GraphUser, self._graph.root, {"$select": "id,displayName,mail,userPrincipalName"})
        return MailboxProfile(id=user.id, address=user.mail or user.user_principal_name, name=user.display_name)

    def folders(self, cursor: str) -> FolderPage:
        """One call a page; and one for the kinds, where a folder is seen for the first time."""
        return folders.read_page(self._graph, self._kinds, cursor)

    def begin(self, folder_id: str, *, since: datetime | None) -> str:
        """No call."""
        return self._changes.begin(folder_id, since)

    def changes(self, folder_id: str, cursor: str, known: Known) -> ChangePage:
        """One call for 200 messages, and one for each 20 bare rows that are not known. `expected` is not told."""
        return self._changes.page(folder_id, cursor, known)

    def heads(self, provider_ids: Sequence[str]) -> Mapping[str, Message | ProviderError]:
        """One call for 20. What fails of a call as a whole is raised from the first, and stands for the rest later."""
        return self._messages.heads(provider_ids)

    def messages(self, provider_ids: Sequence[str]) -> Mapping[str, Message | ProviderError]:
        """One call for 20 messages or lists of attachments; fails as `heads` does."""
        return self._messages.whole(provider_ids)

    def marked(self, name: str) -> tuple[str, ...]:
        return finding.marked(self._graph, name)

    def search(self, words: str, *, limit: int = 100) -> tuple[str, ...]:
        """Graph ranks what it finds, and finds 1,000 at most."""
        return finding.search(self._graph, words, limit)

    def find_message(self, *, item_id: str = "", internet_message_id: str = "") -> Message:
        """The message with our own id or a client's, with a Message-ID, or both.

        Where both are given and disagree, or the item id is not (or no longer) known, the Message-ID decides. Of
        several copies it is the one that is no draft and not deleted, else the first. Raises `Gone` for none.
        """
        return self._messages.find(item_id, internet_message_id)

    @contextmanager
    def open_attachment(self, message: Message, attachment: Attachment) -> Iterator[Iterator[bytes]]:
        """The bytes of one attachment, decoded, in blocks of 64 KiB; a message in the message comes as MIME.

        https://learn.microsoft.com/graph/api/attachment-get
        """
        if attachment.kind is AttachmentKind.LINK:
            raise errors.Refused(
                gettext_noop("A link to a file in a cloud store has no content of its own."), code="REFERENCE"
            )
        attachments = self._graph.message_path(message.provider_id) + "/attachments/"
        with self._graph.stream(attachments + quote(attachment.key, safe="") + "/$value") as blocks:
            yield blocks

    def watch(self, *, notification_url: str, secret: str, until: datetime) -> WatchTicket:
        """`until` is at most 10,080 minutes ahead. Lifecycle notices come to the same address."""
        return watching.watch(self._graph, notification_url=notification_url, secret=secret, until=until)

    def renew(self, watch_id: str, *, until: datetime) -> WatchTicket:
        return watching.renew(self._graph, watch_id, until=until)

    def stop(self, watch_id: str) -> None:
        watching.stop(self._graph, watch_id)
