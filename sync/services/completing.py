"""What Gmail's page cannot say of an open email: its Message-ID, and whose mailbox it really is.

    hint (ids and addresses of the page) ──► ours, by Gmail's id ──► Message-ID out of the ledger          no call
                    └──► the page shows no people ──► Gmail                                                one call

Outlook says all of it by itself: its hints come back as they are. The page of Gmail is of one account among several of
a browser: where that is not the one that the session's mailbox is of, nothing is looked up.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import TypeAdapter

from accounts.actor import Actor
from accounts.models import AddressAlias, Connection, System
from sync import errors
from sync.mail import Message, MessageHint
from sync.models import Item
from sync.providers.gmail.errors import gone
from sync.providers.gmail.queries import api_id, api_thread_id
from sync.services import flight
from sync.services.clients import GMAIL, mailbox_of, provider_of

HEAD_SECONDS = 900.0

_hints: TypeAdapter[MessageHint] = TypeAdapter(MessageHint)


class WrongMailbox(Exception):
    """The page shows the mailbox of `shown`, while the session is of somebody whose mailbox is `own`."""

    def __init__(self, shown: str, own: str) -> None:
        super().__init__("the page's account is not the session's")
        self.shown = shown
        self.own = own


def completed(actor: Actor, hint: MessageHint) -> MessageHint:
    """The hint with what is known here beside it. Raises WrongMailbox, NotConnected and sync.errors.*."""
    if provider_of(actor) != GMAIL:
        return hint
    _check_account(actor, hint.account)
    key = api_id(hint.item_key)
    if not key:
        raise gone()  # written, and not known to Gmail's server yet
    hint = replace(hint, item_key=key, conversation_id=api_thread_id(hint.conversation_id))
    identity = known_identity(actor, key)
    if identity and hint.from_ is not None:
        return replace(hint, internet_message_id=identity)
    known = flight.known(_head_key(actor, key))
    if known is None and hint.from_ is not None:
        return hint
    told = _looked_up(actor, key) if known is None else _hints.validate_json(known.value)
    return _beside(hint, replace(told, internet_message_id=identity or told.internet_message_id))


def known_identity(actor: Actor, item_key: str) -> str:
    """The Message-ID (or what stands for it) of an email of the actor's Gmail mailbox that the ledger knows, or ""."""
    key = api_id(item_key)
    mine = Item.objects.filter(user=actor.user, provider=GMAIL, provider_id=key, sighting__isnull=False)
    return mine.values_list("sighting__activity__identity", flat=True).first() or "" if key else ""


def _check_account(actor: Actor, shown: str) -> None:
    if not shown:
        return
    connection = Connection.objects.filter(user=actor.user, system=System.GOOGLE).exclude(external_username="")
    connected = connection.exclude(state=Connection.State.DISCONNECTED).values_list("external_username", flat=True)
    own = connected.first() or actor.user.google_address
    theirs = {own.lower()}
    if not own:
        own = actor.user.email
        aliases = AddressAlias.objects.filter(user=actor.user).values_list("address", flat=True)
        theirs = {own.lower(), *(alias.lower() for alias in aliases)}
    if shown.lower() not in theirs:
        raise WrongMailbox(shown, own)


def _head_key(actor: Actor, key: str) -> str:
    return f"gmail-head:{actor.organisation.pk}:{actor.user.pk}:{key}"


def _looked_up(actor: Actor, key: str) -> MessageHint:
    """From the person's own mailbox; what it said is kept for a while, since an email does not change."""

    def load() -> tuple[str, float]:
        head = mailbox_of(actor, GMAIL).heads([key])[key]
        if isinstance(head, errors.ProviderError):
            raise head
        return _hints.dump_json(_hint_of(head)).decode(), HEAD_SECONDS

    return _hints.validate_json(flight.fetch(_head_key(actor, key), load).value)


def _hint_of(head: Message) -> MessageHint:
    return MessageHint(
        item_key=head.provider_id,
        internet_message_id=head.internet_message_id,
        conversation_id=head.conversation_id,
        subject=head.subject,
        sent_at=head.sent_at,
        from_=head.from_,
        sender=head.sender,
        reply_to=head.reply_to,
        to=head.to,
        cc=head.cc,
        bcc=head.bcc,
        is_draft=head.is_draft,
    )


def _beside(hint: MessageHint, known: MessageHint) -> MessageHint:
    """What Gmail said, with the files that the page shows."""
    return replace(known, attachments=hint.attachments, account=hint.account)
