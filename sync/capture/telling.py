"""What a mailbox says of items, for lines that a person reads: subject, sender, where it opens. Nothing is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from accounts.actor import Actor
from accounts.models import Connection, System
from sync.capture.trace import heads_of
from sync.mail import Message
from sync.models import Item, Link, Mailbox
from sync.providers.salesforce.urls import record_url


@dataclass(frozen=True, slots=True)
class Told:
    """`url` opens the email in its mail client; empty where it is not known."""

    subject: str = ""
    sender: str = ""
    url: str = ""


def told_of(actor: Actor, items: Iterable[Item]) -> dict[UUID, Told]:
    """By the item's id; a mailbox that does not answer leaves its own out. One or two calls for each mailbox."""
    mailboxes = {
        mailbox.provider: mailbox
        for mailbox in Mailbox.objects.filter(user=actor.user).select_related("connection").exclude(state="ended")
    }
    by_provider: dict[str, list[Item]] = {}
    for item in items:
        by_provider.setdefault(item.provider, []).append(item)
    told: dict[UUID, Told] = {}
    for provider, some in by_provider.items():
        mailbox = mailboxes.get(provider)
        heads = heads_of(mailbox, some) if mailbox is not None else None
        for item in some:
            head = (heads or {}).get(item.provider_id)
            if mailbox is not None and isinstance(head, Message):
                sender = head.from_
                words = (sender.name or sender.address) if sender else ""
                told[item.pk] = Told(head.subject, words, mail_url(mailbox, head))
    return told


def mail_url(mailbox: Mailbox, head: Message) -> str:
    """Where the email opens. Graph says so itself; Gmail's pages take the id."""
    if mailbox.provider == "gmail":
        account = quote(mailbox.connection.external_username, safe="")
        return f"https://mail.google.com/mail/?authuser={account}#all/{quote(head.provider_id, safe='')}"
    return head.web_link if head.web_link.startswith("https://") else ""


def record_urls(actor: Actor, activity_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Where records of activities open in Salesforce, by the activity's id: those that this person filed or found."""
    connection = Connection.objects.filter(user=actor.user, system=System.SALESFORCE).first()
    if connection is None:
        return {}
    links = Link.objects.filter(part=Link.Part.EMAIL, activity__in=list(activity_ids), filed_by=actor.user)
    return {link.activity_id: record_url(connection.instance_url, link.record_id) for link in links}
