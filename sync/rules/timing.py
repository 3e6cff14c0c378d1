"""When: from which moment on mail is filed by itself, and how long a person has to stop it.

window    6 × 24 hours before connecting, or the chosen day in the user's zone ──► received then or later
delay     first sight ──3 minutes──► written, unless it was stopped; the button does not wait
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from sync.mail import Message

WINDOW = timedelta(hours=6 * 24)
DELAY = timedelta(minutes=3)


def window_start(connected_at: datetime, *, backfill: date | None = None, zone: tzinfo | None = None) -> datetime:
    """From when on mail is filed by itself (aware). `backfill` is a day in `zone`, the user's; it counts from its first
    moment.
    """
    if backfill is None:
        return connected_at - WINDOW
    return datetime.combine(backfill, time.min, tzinfo=zone or connected_at.tzinfo)


def before_window(message: Message, window_from: datetime) -> bool:
    """Whether a message was received earlier than that. Where its arrival is not known, its Date stands in."""
    received = message.received_at or message.sent_at
    return received is not None and received < window_from


def files_at(first_seen_at: datetime, delay: timedelta = DELAY) -> datetime:
    """When a message is written that this mailbox files by itself."""
    return first_seen_at + max(delay, timedelta(0))
