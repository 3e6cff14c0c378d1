"""Which message a message is: the same in every mailbox, and nobody else's.

    Message-ID ──► itself, unfolded          longer than 255 ──► sha256: of itself
    none, or one that another message has ──► sha256: of From, Date, Subject and text

Salesforce compares MessageIdentifier without regard to case; whoever looks up compares exactly.
https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_emailmessage.htm
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime

from sync.mail import Message, MessageHint
from sync.rules.addresses import normalise
from sync.rules.content import html_to_text

MAX_IDENTIFIER = 255
_PREFIX = "sha256:"
_NOT_IN_AN_ID = re.compile(r"[\s\x00-\x1f\x7f]+")


def message_identity(message: Message) -> str:
    """What the message is known by: its Message-ID as stored, or what is computed where it has none."""
    return stored_identifier(message.internet_message_id) or computed_identity(message)


def stored_identifier(internet_message_id: str) -> str:
    """A Message-ID as it is stored and compared, at most 255 characters; empty where there is none."""
    # Blanks in it can only come from folding, and not every server leaves them.
    identifier = _NOT_IN_AN_ID.sub("", internet_message_id)
    if not identifier.strip("<>"):
        return ""
    return identifier if len(identifier) <= MAX_IDENTIFIER else _PREFIX + _digest(identifier)


def computed_identity(message: Message) -> str:
    """`sha256:` of parsed From, instant of Date, decoded Subject and decoded text, whatever its Message-ID says."""
    text = message.text or html_to_text(message.html)
    lines = (line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    parts = [_sender(message), _instant(message.sent_at), message.subject, "\n".join(lines).rstrip("\n")]
    return _PREFIX + _digest(json.dumps(parts))


def message_fingerprint(message: Message | MessageHint) -> str:
    """SHA-256 in hex of the parsed From and the instant of Date: with another one it is another message."""
    return _digest(json.dumps([_sender(message), _instant(message.sent_at)]))


def identity_hash(internet_message_id: str) -> str:
    """SHA-256 in hex of a Message-ID as it is stored; empty where there is none."""
    identifier = stored_identifier(internet_message_id)
    return _digest(identifier) if identifier else ""


def same_message(one: Message | MessageHint, other: Message | MessageHint) -> bool:
    """Whether two messages with one Message-ID are the same: the same From and the same instant of Date."""
    return message_fingerprint(one) == message_fingerprint(other)


def _sender(message: Message | MessageHint) -> str:
    return (normalise(message.from_.address) or message.from_.address) if message.from_ else ""


def _instant(moment: datetime | None) -> str:
    """To the second, as Date has it; providers add fractions of their own."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat() if moment else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
