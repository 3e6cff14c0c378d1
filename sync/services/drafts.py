"""What the pane offers while an email is written: that it is filed once it has been sent.

The draft gets the person's mark, by their own mail client. Nothing waits for it: the email leaves as ever, and whoever
reads the mailbox afterwards files it as any marked email, from what was really sent.

Outlook lets an add-in put a category on a draft. Gmail takes a label on one from people alone.
https://developers.google.com/workspace/gmail/api/guides/drafts
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import Connection, System
from accounts.selectors import connection_states
from sync.capture.standing import mailboxes_of
from sync.models import Mailbox
from sync.services.capture_settings import settings_of
from sync.services.clients import GMAIL, provider_of


class Reader(StrEnum):
    """Whether the person's mailbox is read, so that a mark is seen."""

    ACTIVE = "active"
    PAUSED = "paused"
    RECONNECT = "reconnect"
    NONE = "none"


class MarkKind(StrEnum):
    """What the mail client calls the mark."""

    CATEGORY = "category"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Drafts:
    """`mark_name`: the category or label that asks for filing."""

    mark_name: str
    mark_kind: MarkKind
    reader: Reader


def drafts_of(actor: Actor) -> Drafts:
    """What holds for the actor's drafts. No call to a provider."""
    require_own(actor, "email.view")
    # Of somebody with both, the mailbox that this pane stands beside.
    is_gmail = provider_of(actor) == GMAIL
    states = {mailbox.state for mailbox in mailboxes_of(actor) if (mailbox.provider == GMAIL) == is_gmail}
    connections = connection_states(actor)
    order = (
        (Mailbox.State.ACTIVE, Reader.ACTIVE),
        (Mailbox.State.NEEDS_RECONNECT, Reader.RECONNECT),
        (Mailbox.State.PAUSED, Reader.PAUSED),
    )
    # Who has just connected has no mailbox yet: it is made within the minute, long before anything is sent.
    system = System.GOOGLE if is_gmail else System.MICROSOFT
    connected = connections.get(system) == Connection.State.ACTIVE
    otherwise = Reader.ACTIVE if connected and not states else Reader.NONE
    reader = next((reader for state, reader in order if state in states), otherwise)
    kind = MarkKind.LABEL if is_gmail else MarkKind.CATEGORY
    return Drafts(settings_of(actor).mark_name, kind, reader)
