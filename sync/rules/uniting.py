"""Uniting what several mailboxes know of one message, before it is written once.

    mailbox seen first ──┐  everybody in its order
    another mailbox    ──┼─► whoever only it knows joins: Bcc stands in the sender's own copy alone
    one that stopped it ─╳   adds nothing: it is not handed in

Each mailbox hands in `participants()` by its own user's lists. What one user blocks, that mailbox adds nothing of;
another that captures the message may know the address all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sync.rules.addresses import is_no_reply
from sync.rules.participants import Participant, Standing

_ROLES = ("From", "Sender", "Reply-To", "To", "Cc", "Bcc")
_STRONGEST_FIRST = (
    Standing.INTERNAL,
    Standing.BLOCKED_BY_ORGANISATION,
    Standing.EXTERNAL,
    Standing.BLOCKED_BY_USER,
)


def united(participant_lists: Iterable[Sequence[Participant]]) -> tuple[Participant, ...]:
    """Everybody of one message, each once, in the order sender, To, Cc, Bcc, and within that the first mailbox's.

    `participant_lists` come from the mailboxes that capture the message, the one that saw it first in front. Whoever is
    internal, or blocked by the organisation, to one is so in the whole; whoever a user blocks is blocked only where no
    other mailbox adds them. An address that one copy shows in To or Cc is in Bcc nowhere.
    """
    lists = [tuple(one) for one in participant_lists]
    found: dict[str, Participant] = {}
    for everyone in _giving_way(lists):
        for participant in everyone:
            known = found.get(participant.address)
            found[participant.address] = participant if known is None else _both(known, participant)
    return tuple(sorted(found.values(), key=lambda one: _place(one.role)))


def _both(known: Participant, other: Participant) -> Participant:
    return replace(
        known,
        name=known.name or other.name,
        role=min(known.role, other.role, key=_place),
        standing=min(known.standing, other.standing, key=_STRONGEST_FIRST.index),
    )


def _giving_way(lists: Sequence[Sequence[Participant]]) -> list[list[Participant]]:
    """The lists without a From that nobody reads, where it gave way to a Reply-To in one of them."""
    gave_way = any(everyone and all(one.role != "From" for one in everyone) for everyone in lists)
    return [
        [one for one in everyone if not (gave_way and one.role == "From" and is_no_reply(one.address))]
        for everyone in lists
    ]


def _place(role: str) -> int:
    return _ROLES.index(role) if role in _ROLES else len(_ROLES)
