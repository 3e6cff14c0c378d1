"""Gmail's quota units: what each call costs, and how many a mailbox may spend in a minute.

https://developers.google.com/workspace/gmail/api/reference/quota
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from django.utils.translation import gettext_noop

from sync.errors import Throttled

UNITS_PER_MINUTE = 6000
PROFILE, LABELS, HISTORY, LIST, GET, ATTACHMENT, WATCH, STOP = 1, 1, 2, 5, 20, 20, 100, 50
_MINUTE = 60.0


class QuotaMeter:
    """Counts the units of one mailbox over the last minute. Safe to use from several threads."""

    def __init__(self, limit: int = UNITS_PER_MINUTE, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._spent: deque[tuple[float, int]] = deque()
        self._total = 0

    def spend(self, units: int) -> None:
        """Counts a call that is about to begin. Raises `Throttled`, counting nothing, where it would pass the limit."""
        with self._lock:
            now = self._clock()
            self._drop_before(now - _MINUTE)
            excess = self._total + units - self._limit
            if excess > 0 and self._spent:
                raise Throttled(
                    gettext_noop("Gmail's quota of this minute is spent."),
                    code="QUOTA",
                    retry_after=self._wait(excess, now),
                )
            self._spent.append((now, units))
            self._total += units

    def _wait(self, excess: int, now: float) -> float:
        """Seconds until enough of what was spent is a minute old."""
        given_back = 0
        for moment, units in self._spent:
            given_back += units
            if given_back >= excess:
                return moment + _MINUTE - now
        return _MINUTE

    def _drop_before(self, moment: float) -> None:
        while self._spent and self._spent[0][0] <= moment:
            self._total -= self._spent.popleft()[1]
