"""`Retry-After` in both of its forms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sync.providers.retry_after import retry_after_seconds

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("17", 17.0),
        (" 0 ", 0.0),
        ("Mon, 23 Nov 2026 12:00:42 GMT", 42.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("-5", 0.0),
        ("99999999", 3600.0),
        ("nan", 30.0),
        ("soon", 30.0),
        ("", 30.0),
        (None, 30.0),
    ],
)
def test_it_reads_seconds_and_dates_and_survives_anything_else(value: str | None, seconds: float) -> None:
    assert retry_after_seconds(value, now=NOW) == seconds
