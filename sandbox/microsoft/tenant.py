"""The Microsoft 365 tenant: one mailbox for each user of the company, filled with the seed's mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from sandbox.microsoft import mime
from sandbox.microsoft.mailbox import Folder, Head, Mailbox, StoredMessage
from sandbox.microsoft.notifier import Notifier
from sandbox.microsoft.seeded import Boxes, Seeded, seeded_mail
from sandbox.microsoft.subscriptions import Subscriptions
from sandbox.seed.company import Company, CompanyUser
from sandbox.seed.files import load_mail


class HasNow(Protocol):
    def now(self) -> datetime: ...


class Tenant:
    """`clock.now()` is the sandbox's time. The same company, hour and seed number give the same mailboxes.

    `boxes` are the messages to begin with, by address, where they are not the seed's.
    """

    def __init__(self, company: Company, clock: HasNow, seed: int, boxes: Boxes | None = None) -> None:
        self.company = company
        self.clock = clock
        self.seed = seed
        self.id = company.tenant_id
        self.users = {user.oid: user for user in company.of_suite("microsoft")}
        self.mailboxes = {user.oid: Mailbox(user.oid, user.email) for user in self.users.values()}
        # The mailboxes that applications may reach, by object id; None is all of them.
        self.application_access: frozenset[str] | None = None
        notifier = Notifier(clock.now, seed)
        self.subscriptions = Subscriptions(self.id, clock.now, notifier, self.application_reaches)
        start = clock.now().replace(minute=0, second=0, microsecond=0)
        for address, found in (seeded_mail(company, seed, start) if boxes is None else boxes).items():
            self._fill(self.mailbox(address), found)

    def application_reaches(self, oid: str) -> bool:
        """Whether the management scope of applications holds a mailbox."""
        return self.application_access is None or oid in self.application_access

    def close(self) -> None:
        """Ends what goes on beside the API."""
        self.subscriptions.notifier.close()

    def user(self, key: str) -> CompanyUser | None:
        """By object id or user principal name; both compare without case."""
        wanted = key.lower()
        return next((user for user in self.users.values() if wanted in (user.oid, user.email)), None)

    def mailbox(self, key: str) -> Mailbox:
        """The mailbox of an address or object id. Raises KeyError when there is none."""
        user = self.user(key)
        if user is None:
            raise KeyError(key)
        return self.mailboxes[user.oid]

    def deliver(
        self, key: str, content: bytes, folder: str = "inbox", *, received: datetime | None = None
    ) -> StoredMessage:
        """Puts a message into a folder (well-known name or id) as if it arrived now, or at `received`.

        Raises KeyError for an unknown mailbox or folder and `mime.Unreadable` for what is no message.
        """
        mailbox = self.mailbox(key)
        place = mailbox.folder(folder)
        if place is None:
            raise KeyError(folder)
        parsed = mime.parse(content)
        message = mailbox.add(place, _constant(content), head_of(content), received or self.clock.now())
        message.is_read = message.is_draft or message.is_sent
        message.is_bulk = parsed.header("list-id") is not None
        message.parsed = parsed
        return message

    def load(self, key: str, path: Path, *, keep: bool = False) -> list[str]:
        """Fills a mailbox from an mbox file or a folder of messages, in place of its seeded mail unless `keep`.

        Returns one line for each message that could not be shown: its name and why.
        """
        mailbox = self.mailbox(key)
        if not keep:
            for message in list(mailbox.messages.values()):
                mailbox.remove(message)
        report: list[str] = []
        arrivals: list[tuple[datetime, bytes, str]] = []
        now = self.clock.now()
        for loaded in load_mail(path):
            if loaded.data is None:
                report.append(f"{loaded.name}: {loaded.error}")
                continue
            sent = mime.date_of(_header(loaded.data, "date"))
            arrivals.append((min(sent, now) if sent else now, loaded.data, loaded.name))
        for received, content, name in sorted(arrivals, key=lambda arrival: arrival[0]):
            try:
                self.deliver(key, content, received=received)
            except mime.Unreadable as unreadable:
                report.append(f"{name}: {unreadable}")
        return report

    def expire_cursors(self, key: str | None = None) -> None:
        """Delta and skip tokens of one mailbox, or of all, answer 410 from now on."""
        for mailbox in [self.mailbox(key)] if key else self.mailboxes.values():
            mailbox.expire_cursors()

    def _fill(self, mailbox: Mailbox, found: list[Seeded]) -> None:
        for seeded in found:
            mail = seeded.mail
            folder = self._folder(mailbox, mail.folder)
            head = Head(mail.message_id, mail.references)
            message = mailbox.add(folder, seeded.mime, head, mail.received, seeded.parsed)
            message.may_be_meeting = seeded.may_be_meeting
            message.modified = mail.received + timedelta(seconds=2)
            message.is_read = mail.is_read or message.is_sent or message.is_draft
            message.is_bulk = mail.is_bulk
            message.categories = list(mail.categories)
            message.links = mail.links
            message.big = mail.big
            if mail.flagged:
                message.flag = {"flagStatus": "flagged"}

    @staticmethod
    def _folder(mailbox: Mailbox, path: str) -> Folder:
        """`inbox/Customers` is the folder Customers below the well-known Inbox; made where it is missing."""
        first, *rest = path.split("/")
        folder = mailbox.folder(first)
        if folder is None:
            raise KeyError(path)
        for name in rest:
            found = next((child for child in mailbox.children(folder.id) if child.name == name), None)
            folder = found or mailbox.add_folder(name, folder.id)
        return folder


def _constant(content: bytes) -> Callable[[], bytes]:
    return lambda: content


def _header(content: bytes, name: str) -> str | None:
    value = mime.parse_head(content).get(name)
    return None if value is None else str(value)


def head_of(content: bytes) -> Head:
    """Message-ID and the ids that the message refers to, oldest first."""
    head = mime.parse_head(content)
    references = " ".join(str(head.get(name) or "") for name in ("references", "in-reply-to"))
    message_id = mime.decoded(str(head.get("message-id") or "")) or None
    seen = dict.fromkeys(word for word in references.split() if word.startswith("<") and word.endswith(">"))
    return Head(message_id, tuple(seen))
