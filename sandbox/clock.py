"""The one clock of the sandbox: every date, lifetime and limit is read from it, and a test may move it forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Real time plus what a test has added. ``start`` is the hour in which the present state was built."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self.start = self._this_hour()

    def now(self) -> datetime:
        """The aware UTC time in the sandbox."""
        return datetime.now(UTC) + self._offset

    def timestamp(self) -> int:
        """Whole seconds since 1970, as tokens carry them."""
        return int(self.now().timestamp())

    def advance(self, seconds: float) -> None:
        """Move forward. Time never runs backwards, so a negative number raises ``ValueError``."""
        if seconds < 0:
            raise ValueError("The clock only moves forward.")
        self._offset += timedelta(seconds=seconds)

    def restart(self) -> None:
        """Back to real time, for a fresh state."""
        self._offset = timedelta()
        self.start = self._this_hour()

    def _this_hour(self) -> datetime:
        return self.now().replace(minute=0, second=0, microsecond=0)
