"""What people do on Gmail's page: read, star, label, archive, delete, write, send."""

from __future__ import annotations

from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses, make_msgid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.google.mailbox import Mailbox, StoredMessage
from sandbox.google.web import conversations
from sandbox.mailflow import MailFlow, PostOffice, Sending
from sandbox.microsoft.delivery import TenantPost
from sandbox.seed.company import CompanyUser
from sandbox.world import World


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Change(_Strict):
    """Something done to a conversation. `on` is for read, star and label, `label` a label's name."""

    id: str
    kind: Literal["read", "star", "label", "archive", "trash"]
    on: bool = True
    label: str = ""


class Letter(_Strict):
    """A message as it is written. People are `Name <address>`; `draft` is the id of the draft that it replaces."""

    to: list[str] = Field(default_factory=list, max_length=100)
    cc: list[str] = Field(default_factory=list, max_length=100)
    bcc: list[str] = Field(default_factory=list, max_length=100)
    subject: str = Field(default="", max_length=2000)
    text: str = Field(default="", max_length=500_000)
    answers: str = ""
    draft: str = ""


class Acts:
    """Over one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        offices: dict[str, PostOffice] = {"microsoft": TenantPost(world.tenant), "google": world.workspace}
        self._flow = MailFlow(world.company, offices, world.clock.now)
        self._orders: dict[str, Callable[[Mailbox, CompanyUser, Any], Any]] = {
            "act": self._change,
            "draft": self._draft,
            "send": self._send,
        }

    def run(self, order: str, mailbox: Mailbox, user: CompanyUser, body: Any) -> Any:
        """Raises KeyError for an unknown order or message, ValueError for what makes no sense."""
        return self._orders[order](mailbox, user, body)

    def _change(self, mailbox: Mailbox, user: CompanyUser, body: Any) -> Any:
        change = Change.model_validate(body)
        for message in list(mailbox.threads[change.id]):
            self._apply(mailbox, message, change)
        return {}

    def _apply(self, mailbox: Mailbox, message: StoredMessage, change: Change) -> None:
        match change.kind:
            case "read":
                adds, label = not change.on, "UNREAD"
            case "star":
                adds, label = change.on, "STARRED"
            case "label":
                adds, label = change.on, mailbox.labels.ensure(change.label).id
            case "archive":
                adds, label = False, "INBOX"
            case "trash":
                mailbox.change_labels(message, ["TRASH"], ["INBOX"])
                return
        mailbox.change_labels(message, [label] if adds else [], [] if adds else [label])

    def _draft(self, mailbox: Mailbox, user: CompanyUser, body: Any) -> Any:
        letter = Letter.model_validate(body)
        content = self._mime(mailbox, user, letter)
        self._drop(mailbox, letter.draft)
        placed = self._world.workspace.deliver(user.email, content, "drafts")
        message = mailbox.messages[placed.id]
        return {"id": message.id, "permId": conversations.perm_id(message), "threadId": message.thread_id}

    def _send(self, mailbox: Mailbox, user: CompanyUser, body: Any) -> Any:
        letter = Letter.model_validate(body)
        if not (letter.to or letter.cc or letter.bcc):
            raise ValueError("Please specify at least one recipient.")
        content = self._mime(mailbox, user, letter).decode("utf-8", "surrogateescape")
        self._drop(mailbox, letter.draft)
        sent = self._flow.send(Sending(user=user.email, mime=content))["sent"]
        return {"id": sent["id"], "threadId": mailbox.messages[sent["id"]].thread_id}

    def _drop(self, mailbox: Mailbox, identifier: str) -> None:
        message = mailbox.messages.get(identifier)
        if message is not None and "DRAFT" in message.labels:
            mailbox.delete(message)

    def _mime(self, mailbox: Mailbox, user: CompanyUser, letter: Letter) -> bytes:
        mail = EmailMessage()
        mail["From"] = str(Address(user.name, addr_spec=user.email))
        for name, people in (("To", letter.to), ("Cc", letter.cc), ("Bcc", letter.bcc)):
            if people:
                mail[name] = ", ".join(_recipient(person) for person in people)
        mail["Subject"] = " ".join(letter.subject.split())
        mail["Date"] = format_datetime(self._world.clock.now())
        mail["Message-ID"] = make_msgid(domain="mail.gmail.example")
        answered = mailbox.messages.get(letter.answers)
        if answered is not None and answered.head.message_id:
            mail["In-Reply-To"] = answered.head.message_id
            mail["References"] = " ".join((*answered.head.references, answered.head.message_id))
        mail.set_content(letter.text)
        return mail.as_bytes()


def _recipient(text: str) -> str:
    found = getaddresses([text])
    name, address = found[0] if len(found) == 1 else ("", "")
    local, _, domain = address.rpartition("@")
    if not local or not domain:
        raise ValueError(f"The address {text} in the field was not recognized.")
    try:
        return str(Address(name, addr_spec=address))
    except (ValueError, IndexError) as error:
        raise ValueError(f"The address {text} in the field was not recognized.") from error
