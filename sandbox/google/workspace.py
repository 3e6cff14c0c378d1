"""The Google Workspace of the subsidiary: a Gmail mailbox for each of its users, filled with the seed's mail.

Mail arrives, moves and goes while the sandbox runs through the same few words that the Microsoft tenant knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sandbox.clock import Clock
from sandbox.google.content import Head, Parsed, head_of
from sandbox.google.mailbox import Mailbox, StoredMessage
from sandbox.google.pubsub import PubSub
from sandbox.google.watching import Watches
from sandbox.microsoft import mime
from sandbox.seed.bulk import BulkMail, bulk_mail
from sandbox.seed.company import Company, CompanyUser
from sandbox.seed.google import seed_google_mail
from sandbox.seed.message import Party, SeedMail

# What stands for INBOX, by the names that the control routes and the seed use. The archive has no label.
PLACES: dict[str, str | None] = {
    "inbox": "INBOX",
    "sentitems": "SENT",
    "sent": "SENT",
    "drafts": "DRAFT",
    "draft": "DRAFT",
    "junkemail": "SPAM",
    "junk": "SPAM",
    "spam": "SPAM",
    "deleteditems": "TRASH",
    "trash": "TRASH",
    "archive": None,
}
_BULK_LABELS = {"inbox": frozenset({"INBOX", "UNREAD", "CATEGORY_PERSONAL"}), "sentitems": frozenset({"SENT"})}
_PLACE_LABELS = frozenset(label for label in PLACES.values() if label)


@dataclass(frozen=True, slots=True)
class Placed:
    """A message that arrived."""

    id: str
    internet_message_id: str | None


class Workspace:
    """Mailboxes by address. The same company, hour and seed number give the same mailboxes."""

    def __init__(self, company: Company, clock: Clock, seed: int, pubsub: PubSub, topic: str) -> None:
        self.company = company
        self.clock = clock
        self.watches = Watches(clock, pubsub, topic)
        self.users = {user.email: user for user in company.of_suite("google")}
        self.mailboxes = {address: Mailbox(address, clock) for address in self.users}
        start = clock.now().replace(minute=0, second=0, microsecond=0)
        for address, mails in seed_google_mail(company, seed, start).items():
            for mail in sorted(mails, key=lambda mail: mail.received):
                self._seed(self.mailboxes[address], mail)
        for mailbox in self.mailboxes.values():
            mailbox.listener.tell = self.watches.changed

    def user(self, key: str) -> CompanyUser | None:
        """By address, without case."""
        return self.users.get(key.lower())

    def mailbox(self, key: str) -> Mailbox:
        """The mailbox of an address. Raises KeyError when there is none."""
        return self.mailboxes[key.lower()]

    # What happens to mail while the sandbox runs

    def deliver(self, user: str, content: bytes, folder: str = "inbox", *, received: datetime | None = None) -> Placed:
        """A message appears in one mailbox, unread where it was received; `folder` is a place or a user label's name.

        Raises KeyError for an unknown mailbox and `mime.Unreadable` for what is no message.
        """
        mailbox = self.mailbox(user)
        mime.parse(content)
        labels = self._labels_for(mailbox, folder)
        if not labels & {"SENT", "DRAFT"}:
            labels |= {"UNREAD"}
        message = mailbox.add(_Constant(content), labels, received or self.clock.now(), head_of(content))
        return Placed(message.id, message.head.message_id)

    def move(self, user: str, id: str, to: str) -> Placed:
        """The place, or the user label, that takes the place of the present one. Raises KeyError."""
        mailbox = self.mailbox(user)
        message = mailbox.messages[id]
        wanted = self._labels_for(mailbox, to)
        mailbox.change_labels(message, wanted, _PLACE_LABELS - wanted)
        return Placed(message.id, message.head.message_id)

    def delete(self, user: str, id: str) -> None:
        """For ever. Raises KeyError."""
        mailbox = self.mailbox(user)
        mailbox.delete(mailbox.messages[id])

    def mark(self, user: str, id: str, name: str, on: bool) -> None:
        """A user label, made when it is missing; ``unread`` and ``starred`` are Gmail's own. Raises KeyError."""
        mailbox = self.mailbox(user)
        label = mailbox.labels.ensure(name).id
        mailbox.change_labels(mailbox.messages[id], [label] if on else [], [] if on else [label])

    def fill(
        self, user: str, count: int, *, matching_percent: float, days: float, seed: int, attachments: bool = False
    ) -> dict[str, Any]:
        """Many small messages over the last `days`, made when they are read; one notification for all of them."""
        mailbox = self.mailbox(user)
        made = bulk_mail(
            self.company,
            self.users[mailbox.address],
            count,
            matching_percent=matching_percent,
            days=days,
            seed=seed,
            now=self.clock.now(),
            attachments=attachments,
            salt=str(len(mailbox.messages)),
        )
        mailbox.listener.paused = True
        try:
            for mail in made:
                mailbox.add(mail.render, _BULK_LABELS[mail.folder], mail.received, _bulk_head(mail))
        finally:
            mailbox.listener.paused = False
        self.watches.changed(mailbox, frozenset({"INBOX", "SENT"}))
        return {"historyId": str(mailbox.history_id)}

    def listing(self, user: str) -> list[dict[str, Any]]:
        """Everything in a mailbox, oldest first: ids, Message-ID, thread, label names. Raises KeyError."""
        mailbox = self.mailbox(user)
        names = {label.id: label.name for label in mailbox.labels}
        return [
            {
                "id": message.id,
                "internetMessageId": message.head.message_id,
                "threadId": message.thread_id,
                "labels": sorted(names[label] for label in message.labels),
                "subject": message.head.subject,
                "received": message.internal_date,
            }
            for message in reversed(list(mailbox.newest_first()))
        ]

    def expire_history(self, user: str | None = None) -> None:
        """History numbers of one mailbox, or of all, answer 404 from now on."""
        for mailbox in [self.mailbox(user)] if user else self.mailboxes.values():
            mailbox.expire_history()

    def _labels_for(self, mailbox: Mailbox, place: str) -> frozenset[str]:
        if place.lower() in PLACES:
            label = PLACES[place.lower()]
            return frozenset() if label is None else frozenset({label})
        found = mailbox.labels.get(place) or mailbox.labels.named(place)
        return frozenset({(found or mailbox.labels.create(place)).id})

    def _seed(self, mailbox: Mailbox, mail: SeedMail) -> None:
        first, *rest = mail.folder.split("/")
        labels = set(self._labels_for(mailbox, first))
        labels |= {mailbox.labels.ensure(name).id for name in (*rest, *mail.categories)}
        if not mail.is_read and not labels & {"SENT", "DRAFT"}:
            labels.add("UNREAD")
        if mail.flagged:
            labels.add("STARRED")
        if "INBOX" in labels:
            labels.add("CATEGORY_PROMOTIONS" if mail.is_bulk else "CATEGORY_PERSONAL")
        head = Head(
            message_id=mail.message_id,
            references=mail.references,
            subject=mail.subject,
            sender=_people([mail.sender]),
            to=_people(mail.to),
            cc=_people(mail.cc),
            bcc=_people(mail.bcc) if labels & {"SENT", "DRAFT"} else "",
        )
        known = None if mail.raw is not None else head
        mailbox.add(mail.render, labels, mail.received, known, quietly=True)


class Reader:
    """The text of a mailbox's messages, for searches."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def text_of(self, message: StoredMessage) -> str:
        parsed = parsed_of(self._mailbox, message)
        bodies = [leaf.content.decode("utf-8", "replace") for leaf in parsed.leaves.values() if leaf.is_body]
        return " ".join([*bodies, *self.files_of(message)])

    def files_of(self, message: StoredMessage) -> list[str]:
        return list(parsed_of(self._mailbox, message).files)


def parsed_of(mailbox: Mailbox, message: StoredMessage) -> Parsed:
    """The message as read, made now unless it was read lately."""
    return mailbox.content.known(message.id) or mailbox.content.of(message.id, message.source())


class _Constant:
    """Bytes that are there already, in place of what makes them."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __call__(self) -> bytes:
        return self.content


def _bulk_head(mail: BulkMail) -> Head:
    return Head(
        message_id=mail.message_id,
        references=mail.references,
        subject=mail.subject,
        sender=_person(mail.sender),
        to=_person(mail.recipient),
    )


@cache
def _person(person: Party) -> str:
    return f"{person.name} <{person.address}>" if person.name else person.address


def _people(people: Iterable[Party]) -> str:
    return ", ".join(map(_person, people))
