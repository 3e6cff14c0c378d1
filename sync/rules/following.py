"""Whether a message belongs to a conversation that its user follows.

    the provider's conversation id, or References to a filed Message-ID
        └─ and somebody outside of the filed mail takes part ──► it joins: same business record, people matched anew
    ends 90 days after the last received message, or when stopped

Who knows a Message-ID or slips into a conversation gets nothing filed: the people decide.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.mail import Message
from sync.rules.business import address_hash
from sync.rules.identity import stored_identifier
from sync.rules.participants import Participant, Standing

FOLLOWED_FOR = timedelta(days=90)
MAX_REFERENCES = 100
_IN_ANGLES = re.compile(r"<[^<>]+>")
_MAX_HEADER = 64 * 1024


@dataclass(frozen=True, slots=True)
class FollowedThread:
    """A conversation that is followed.

    `filed_identifiers` are the identities of its filed mail, `external_hashes` the `address_hash` of the people outside
    of that mail. It is followed up to and including `until`; once it is `stopped`, nothing more is filed for it.
    """

    conversation_id: str
    filed_identifiers: frozenset[str]
    external_hashes: frozenset[str]
    until: datetime
    stopped: bool = False


def is_followed(message: Message, everyone: Iterable[Participant], thread: FollowedThread) -> bool:
    """Whether a message is filed because its user follows this conversation."""
    received = message.received_at or message.sent_at
    return (
        not thread.stopped
        and (received is None or received <= thread.until)
        and in_conversation(message, thread.conversation_id, thread.filed_identifiers)
        and joins(everyone, thread.external_hashes)
    )


def in_conversation(message: Message, conversation_id: str, filed_identifiers: Collection[str]) -> bool:
    """Whether the provider says so, or the message refers to a filed one."""
    if conversation_id and message.conversation_id == conversation_id:
        return True
    return any(identifier in filed_identifiers for identifier in referenced_ids(message))


def joins(everyone: Iterable[Participant], external_hashes: Collection[str]) -> bool:
    """Whether somebody outside takes part who took part in the filed mail. Internal and blocked addresses do not count.

    `external_hashes` are `sync.rules.business.address_hash` of the external participants of the filed mail.
    """
    return any(one.standing is Standing.EXTERNAL and address_hash(one.address) in external_hashes for one in everyone)


def follow_ends(last_received_at: datetime) -> datetime:
    """Until when a conversation is followed whose last message was received then."""
    return last_received_at + FOLLOWED_FOR


def referenced_ids(message: Message) -> tuple[str, ...]:
    """The Message-IDs that a message refers to, as they are stored, the nearest first, each once, at most 100.

    `In-Reply-To` names the message that is answered, `References` the thread with the latest at its end.
    https://www.rfc-editor.org/rfc/rfc5322#section-3.6.4
    """
    found: dict[str, None] = {}
    for name in ("In-Reply-To", "References"):
        value = (message.header(name) or "")[-_MAX_HEADER:]
        # Some programs leave the angle brackets out.
        texts = _IN_ANGLES.findall(value) or [f"<{word}>" for word in value.split() if "@" in word]
        for text in reversed(texts):
            identifier = stored_identifier(text)
            if identifier:
                found.setdefault(identifier)
    return tuple(found)[:MAX_REFERENCES]
