"""Reads `Retry-After`, which is seconds or an HTTP date (RFC 9110, 10.2.3)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_SECONDS = 3600.0


def retry_after_seconds(value: str | None, *, default: float = 30.0, now: datetime | None = None) -> float:
    """Seconds to wait, between 0 and an hour; `default` where the header is missing or unreadable."""
    text = (value or "").strip()
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, now or datetime.now(UTC), default)
    if seconds != seconds:  # NaN
        return default
    return min(max(seconds, 0.0), LONGEST_SECONDS)


def _seconds_until(text: str, now: datetime, default: float) -> float:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return default
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - now).total_seconds()
