"""The addresses of an email that waits to be filed, sealed in its item until it is decided.

Between the page that showed it and the batch that files it, the engine keeps who takes part in it and which messages
it answers, so that matching costs no second call to the mailbox. Subject and body are not kept. The seal is the
organisation's data key.
"""

from __future__ import annotations

import json
from typing import Any

from sync.mail import Address, Message
from sync.models import Item
from sync.rules.following import referenced_ids

_LISTS = ("reply_to", "to", "cc", "bcc")
MOST_REFERENCES = 20


def envelope_of(message: Message) -> str:
    """The text to put into `Item.envelope`."""
    kept: dict[str, Any] = {name: [_pair(one) for one in getattr(message, name)] for name in _LISTS}
    kept["from"] = _pair(message.from_)
    kept["sender"] = _pair(message.sender)
    kept["references"] = list(referenced_ids(message)[:MOST_REFERENCES])
    return json.dumps(kept, separators=(",", ":"))


def open_envelope(item: Item) -> Message:
    """A message of which only its addresses are known. Raises accounts.crypto.SecretUnreadable."""
    kept = json.loads(item.envelope.unseal() or "{}")

    def those(name: str) -> tuple[Address, ...]:
        return tuple(one for pair in kept.get(name, []) if (one := _address(pair)))

    return Message(
        provider_id=item.provider_id,
        internet_message_id="",
        subject="",
        from_=_address(kept.get("from")),
        sender=_address(kept.get("sender")),
        sent_at=None,
        received_at=item.received_at,
        reply_to=those("reply_to"),
        to=those("to"),
        cc=those("cc"),
        bcc=those("bcc"),
        conversation_id=item.conversation_id,
        headers=(("References", " ".join(reversed(kept.get("references", [])))),),
    )


def _pair(one: Address | None) -> list[str] | None:
    return [one.address, one.name] if one else None


def _address(pair: list[str] | None) -> Address | None:
    return Address(pair[0], pair[1]) if pair else None
