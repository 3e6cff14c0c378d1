"""The Microsoft mailboxes as a post office: mail that arrives, moves, is marked and goes, without anybody's token."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sandbox.mailflow import Placed
from sandbox.microsoft.mailbox import Head, Mailbox, StoredMessage
from sandbox.microsoft.mime import Parsed, Part, Person
from sandbox.microsoft.tenant import Tenant
from sandbox.seed.bulk import BulkMail, bulk_mail

_NAMES = {"junk": "junkemail", "spam": "junkemail", "trash": "deleteditems", "sent": "sentitems"}


class TenantPost:
    """See `sandbox.mailflow.PostOffice`. Folders are well-known names or ids, marks are categories."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def deliver(self, user: str, content: bytes, folder: str = "inbox", *, received: datetime | None = None) -> Placed:
        return _placed(self._tenant.deliver(user, content, _NAMES.get(folder.lower(), folder), received=received))

    def move(self, user: str, id: str, to: str) -> Placed:
        mailbox, message = self._found(user, id)
        folder = mailbox.folder(_NAMES.get(to.lower(), to))
        if folder is None:
            raise KeyError(to)
        mailbox.move(message, folder, self._tenant.clock.now())
        return _placed(message)

    def delete(self, user: str, id: str) -> None:
        mailbox, message = self._found(user, id)
        mailbox.remove(message)

    def mark(self, user: str, id: str, name: str, on: bool) -> None:
        """Categories keep the case in which they were first set, and compare without it."""
        mailbox, message = self._found(user, id)
        others = [category for category in message.categories if category.lower() != name.lower()]
        if on == (len(others) < len(message.categories)):
            return
        message.categories = [*others, name] if on else others
        mailbox.update(message, ("categories",), self._tenant.clock.now())

    def fill(
        self, user: str, count: int, *, matching_percent: float, days: float, seed: int, attachments: bool = False
    ) -> Mapping[str, Any]:
        """Subscribers hear of the newest in each folder alone."""
        tenant, mailbox = self._tenant, self._tenant.mailbox(user)
        mails = bulk_mail(
            tenant.company,
            tenant.users[mailbox.oid],
            count,
            matching_percent=matching_percent,
            days=days,
            seed=seed,
            now=tenant.clock.now(),
            attachments=attachments,
            salt=str(mailbox.sequence),
        )
        watcher, mailbox.watcher = mailbox.watcher, None
        gc.disable()
        try:
            matching, files, newest = _put(mailbox, mails)
        finally:
            mailbox.watcher = watcher
            gc.enable()
        for message in newest if watcher else ():
            mailbox.tell(message)
        gc.freeze()  # the collector need not pass a hundred thousand messages again and again
        return {"matching": matching, "attachments": files}

    def listing(self, user: str) -> list[dict[str, Any]]:
        mailbox = self._tenant.mailbox(user)
        return [
            _more(message)
            | {
                "id": message.default_id,
                "internetMessageId": message.message_id,
                "folder": mailbox.folders[message.folder_id].well_known or mailbox.folders[message.folder_id].name,
                "categories": message.categories,
                "isRead": message.is_read,
                "receivedDateTime": message.received.isoformat(),
            }
            for message in mailbox.messages.values()
        ]

    def _found(self, user: str, id: str) -> tuple[Mailbox, StoredMessage]:
        mailbox = self._tenant.mailbox(user)
        message = mailbox.message(id)
        if message is None:
            raise KeyError(id)
        return mailbox, message


def _put(mailbox: Mailbox, mails: Iterator[BulkMail]) -> tuple[int, int, list[StoredMessage]]:
    """How many are with known people, how many have a file, and the newest of each folder."""
    folders = {folder.well_known: folder for folder in mailbox.folders.values()}
    newest: dict[str, StoredMessage] = {}
    matching = files = 0
    for mail in mails:
        head = Head(mail.message_id, mail.references)
        made = mailbox.add(folders[mail.folder], mail.render, head, mail.received, partial(BulkParsed, mail))
        made.may_be_meeting = False
        newest[mail.folder] = made
        matching += mail.is_matching
        files += mail.has_file
    return matching, files, list(newest.values())


class BulkParsed(Parsed):
    """What reading the message's MIME gives, without making it; the longer texts only when they are asked for."""

    __slots__ = ("_mail",)

    def __init__(self, mail: BulkMail) -> None:
        self._mail = mail
        sender = Person(mail.sender.name, mail.sender.address)
        self.subject, self.from_, self.sender, self.sent = mail.subject, sender, sender, mail.sent
        self.to = [Person(mail.recipient.name, mail.recipient.address)]
        self.cc, self.bcc, self.reply_to = [], [], []
        self.calendar, self.importance, self.sensitivity = None, "normal", 0

    # A message of this kind is never changed, so that its long fields need no place of their own.
    @property
    def headers(self) -> list[tuple[str, str]]:  # type: ignore[override]
        return self._mail.headers()

    @property
    def text(self) -> str:  # type: ignore[override]
        return self._mail.text()

    @property
    def html(self) -> str:  # type: ignore[override]
        return self._mail.html()

    @property
    def parts(self) -> list[Part]:  # type: ignore[override]
        if not self._mail.has_file:
            return []
        name, kind, content = self._mail.file()
        return [Part(name=name, content_type=kind, content=content)]


def _placed(message: StoredMessage) -> Placed:
    return Placed(message.default_id, message.message_id, _more(message))


def _more(message: StoredMessage) -> dict[str, Any]:
    return {"immutableId": message.immutable_id, "parentFolderId": message.folder_id}
