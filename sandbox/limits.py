"""The services' own limits: Salesforce's daily API requests, Graph's requests and concurrency per mailbox, and Gmail's
quota units per user and minute.

https://developer.salesforce.com/docs/atlas.en-us.salesforce_app_limits_cheatsheet.meta/salesforce_app_limits_cheatsheet/salesforce_app_limits_platform_api.htm
https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits
https://developers.google.com/workspace/gmail/api/reference/quota
"""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta
from typing import Literal

from sandbox.clock import Clock

_DAY = timedelta(hours=24)
_WINDOW = timedelta(minutes=10)
_MINUTE = timedelta(minutes=1)


class SalesforceLimits:
    """API requests of the org in the last 24 hours. One composite counts as one request."""

    def __init__(self, clock: Clock, maximum: int = 15_000) -> None:
        self._clock = clock
        self._since = clock.now()
        self.maximum = maximum
        self.used = 0

    def count(self) -> bool:
        """Count one request; False when the org has none left, and then nothing is counted."""
        now = self._clock.now()
        if now - self._since >= _DAY:
            self._since, self.used = now, 0
        if self.used >= self.maximum:
            return False
        self.used += 1
        return True

    def header(self) -> str:
        """The value of ``Sforce-Limit-Info``."""
        return f"api-usage={self.used}/{self.maximum}"


class Throttle:
    """Why a request must wait, and for how many seconds."""

    __slots__ = ("reason", "retry_after")

    def __init__(self, reason: str, retry_after: int) -> None:
        self.reason = reason
        self.retry_after = retry_after


class GraphLimits:
    """Requests in ten minutes and requests at once, for each pair of application and mailbox."""

    def __init__(self, clock: Clock, requests: int = 10_000, concurrent: int = 4) -> None:
        self._clock = clock
        self.requests = requests
        self.concurrent = concurrent
        self._times: defaultdict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self._running: defaultdict[tuple[str, str], int] = defaultdict(int)

    def enter(self, key: tuple[str, str], weight: int = 1) -> Throttle | None:
        """Begin a request that counts ``weight`` times; a :class:`Throttle` when it must wait, else None."""
        now = self._clock.now()
        times = self._times[key]
        while times and now - times[0] >= _WINDOW:
            times.popleft()
        if len(times) + weight > self.requests:
            oldest = times[0] if times else now
            return Throttle("requests", max(1, int((oldest + _WINDOW - now).total_seconds()) + 1))
        if self._running[key] >= self.concurrent:
            return Throttle("concurrency", 1)
        times.extend([now] * weight)
        self._running[key] += 1
        return None

    def leave(self, key: tuple[str, str]) -> None:
        """End a request that was let in."""
        self._running[key] -= 1
        if self._running[key] <= 0:
            self._running.pop(key)


class _Minute:
    """Units that were spent in the last minute."""

    def __init__(self) -> None:
        self.spent = 0
        self._times: deque[tuple[datetime, int]] = deque()

    def at(self, now: datetime) -> int:
        while self._times and now - self._times[0][0] >= _MINUTE:
            self.spent -= self._times.popleft()[1]
        return self.spent

    def add(self, now: datetime, units: int) -> None:
        self._times.append((now, units))
        self.spent += units


class GmailLimits:
    """Quota units in a minute for each user and for the project, calls at once for each user, and parts of a batch.

    A call that is refused costs nothing.
    """

    def __init__(
        self, clock: Clock, user: int = 6_000, project: int = 1_200_000, concurrent: int = 10, batch_parts: int = 100
    ) -> None:
        self._clock = clock
        self.user = user
        self.project = project
        self.concurrent = concurrent
        self.batch_parts = batch_parts
        self._users: defaultdict[str, _Minute] = defaultdict(_Minute)
        self._project = _Minute()
        self._running: defaultdict[str, int] = defaultdict(int)

    def charge(self, user: str, units: int) -> Literal["", "user", "project"]:
        """Spend units; whose quota is too small for them, and then nothing is spent."""
        now = self._clock.now()
        if self._users[user].at(now) + units > self.user:
            return "user"
        if self._project.at(now) + units > self.project:
            return "project"
        self._users[user].add(now, units)
        self._project.add(now, units)
        return ""

    def spent(self, user: str) -> int:
        """The units of the last minute."""
        return self._users[user].at(self._clock.now())

    def enter(self, user: str) -> bool:
        """Begin a call; False when the user has too many at once."""
        if self._running[user] >= self.concurrent:
            return False
        self._running[user] += 1
        return True

    def leave(self, user: str) -> None:
        """End a call that was let in."""
        self._running[user] -= 1
        if self._running[user] <= 0:
            self._running.pop(user)


class Limits:
    """The services' limits in one place."""

    def __init__(self, clock: Clock) -> None:
        self.salesforce = SalesforceLimits(clock)
        self.graph = GraphLimits(clock)
        self.gmail = GmailLimits(clock)
