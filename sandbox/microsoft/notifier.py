"""Delivers notices to the addresses of subscriptions, beside the API, as well and as badly as the real service does.

    send ─► waiting ──(gathered)──► posted ──(2xx within 3 s)──► delivered
               │                      └──(anything else)──► again later, and later … ──► given up, `missed`
               └── the address is slow: dropped for ten minutes, `missed`

https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import httpx

ANSWER_SECONDS = 3.0
HANDSHAKE_SECONDS = 10.0
_GATHER_SECONDS = 0.02
_BATCH = 100
_FIRST_RETRY_SECONDS = 0.5
_LONGEST_RETRY_SECONDS = 60.0
_GIVE_UP = timedelta(hours=4)
_DROP_FOR = timedelta(minutes=10)
# An address is slow when of at least so many recent deliveries more than this share had no answer in time.
_SLOW_AFTER = 10
_SLOW_SHARE = 0.15
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class NoHandshake(Exception):
    """The address did not prove that it wants notices; the text is the service's."""


@dataclass
class Settings:
    """How badly it is delivered: `duplicate` and `drop` are probabilities, `phantom` notices are added to a batch."""

    duplicate: float = 0.0
    reorder: bool = False
    drop: float = 0.0
    delay_ms: int = 0
    phantom: int = 0


@dataclass(eq=False)
class Notice:
    """One notice. `wanted` tells whether it still has a reader, `lost` is called when it will never arrive."""

    url: str
    body: dict[str, Any]
    wanted: Callable[[], bool]
    lost: Callable[[], object] | None = None
    phantom: Callable[[int], Notice] | None = None
    is_lifecycle: bool = False
    at: datetime | None = None


@dataclass(eq=False)
class _Outbox:
    waiting: deque[Notice] = field(default_factory=deque)
    in_time: deque[bool] = field(default_factory=lambda: deque(maxlen=20))
    dropped_until: datetime | None = None
    is_run: bool = False


class Notifier:
    """Deliveries of one tenant. `now` is the sandbox's time; back-off and time-outs are real seconds."""

    def __init__(self, now: Callable[[], datetime], seed: int) -> None:
        self.settings = Settings()
        self.delivered: deque[dict[str, Any]] = deque(maxlen=5_000)
        self._now = now
        self._dice = random.Random(f"{seed}:notifications")
        self._numbers = itertools.count(1)
        self._outboxes: dict[tuple[str, bool], _Outbox] = {}
        self._clients: dict[bool, httpx.AsyncClient] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def waiting(self) -> int:
        """Notices that have not been posted yet or are to be posted again."""
        return sum(len(outbox.waiting) for outbox in self._outboxes.values()) + len(self._tasks)

    def send(self, notice: Notice) -> None:
        """Takes a notice and returns at once. Without a running loop it waits for the next one that has."""
        notice.at = self._now()
        outbox = self._outboxes.setdefault((notice.url, notice.is_lifecycle), _Outbox())
        outbox.waiting.append(notice)
        if not outbox.is_run and not self._is_closed:
            outbox.is_run = self._start(self._empty(outbox))

    def close(self) -> None:
        """Ends all deliveries: the world they belong to is over."""
        self._is_closed = True
        for task in self._tasks:
            task.cancel()
        self._outboxes.clear()

    async def handshake(self, url: str, request_id: str) -> None:
        """Asks an address to prove itself. Raises `NoHandshake`."""
        token = f"Validation: Testing client application reachability for subscription Request-Id: {request_id}"
        parts = urlsplit(url)
        query = "&".join(piece for piece in (parts.query, urlencode({"validationToken": token})) if piece)
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                answer = await self._client(url).post(
                    urlunsplit(parts._replace(query=query)),
                    headers={"content-type": "text/plain; charset=utf-8"},
                    timeout=HANDSHAKE_SECONDS,
                )
        except (TimeoutError, httpx.TimeoutException) as error:
            raise NoHandshake("Subscription validation request timed out.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoHandshake("Subscription validation request failed. The endpoint cannot be reached.") from error
        if answer.status_code != 200:
            text = "Notification endpoint must respond with 200 OK to validation request."
            raise NoHandshake(f"Subscription validation request failed. {text}")
        is_text = answer.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/plain"
        if not is_text or answer.text != token:
            text = "Response must exactly match validationToken query parameter and be text/plain."
            raise NoHandshake(f"Subscription validation request failed. {text}")

    def _start(self, work: Coroutine[Any, Any, None]) -> bool:
        try:
            task = asyncio.get_running_loop().create_task(work)
        except RuntimeError:
            work.close()
            return False
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _empty(self, outbox: _Outbox) -> None:
        try:
            while outbox.waiting:
                await asyncio.sleep(max(self.settings.delay_ms / 1000, _GATHER_SECONDS))
                batch = [outbox.waiting.popleft() for _ in range(min(_BATCH, len(outbox.waiting)))]
                await self._post(outbox, self._disturbed(batch), 1)
        finally:
            outbox.is_run = False

    def _disturbed(self, batch: list[Notice]) -> list[Notice]:
        settings, found = self.settings, list[Notice]()
        for notice in batch:
            if notice.is_lifecycle:
                found.append(notice)
            elif self._dice.random() < settings.drop:
                self._record([notice], "dropped", 0)
            else:
                found += [notice] * (2 if self._dice.random() < settings.duplicate else 1)
        makers = [notice.phantom for notice in found if notice.phantom]
        if makers:
            found += [self._dice.choice(makers)(next(self._numbers)) for _ in range(settings.phantom)]
        if settings.reorder:
            self._dice.shuffle(found)
        return found

    async def _post(self, outbox: _Outbox, batch: list[Notice], attempt: int) -> None:
        batch = [notice for notice in batch if notice.wanted()]
        if not batch:
            return
        if self._is_dropped(outbox):
            self._lose(batch, "dropped: slow", attempt)
            return
        status = await self._answer(batch)
        outbox.in_time.append(status != "timeout")
        self._record(batch, status, attempt)
        if isinstance(status, int) and 200 <= status < 300:
            return
        slow = outbox.in_time.count(False)
        if (
            not batch[0].is_lifecycle
            and len(outbox.in_time) >= _SLOW_AFTER
            and slow > _SLOW_SHARE * len(outbox.in_time)
        ):
            outbox.dropped_until = self._now() + _DROP_FOR
            outbox.in_time.clear()
        self._start(self._again(outbox, batch, attempt))

    async def _again(self, outbox: _Outbox, batch: list[Notice], attempt: int) -> None:
        pause = min(_FIRST_RETRY_SECONDS * 2 ** (attempt - 1), _LONGEST_RETRY_SECONDS)
        await asyncio.sleep(pause * self._dice.uniform(0.8, 1.2))
        late = [notice for notice in batch if notice.at is not None and self._now() - notice.at > _GIVE_UP]
        self._lose(late, "given up", attempt)
        await self._post(outbox, [notice for notice in batch if notice not in late], attempt + 1)

    async def _answer(self, batch: list[Notice]) -> int | str:
        url = batch[0].url
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._client(url).post(
                    url, json={"value": [notice.body for notice in batch]}, timeout=ANSWER_SECONDS
                )
        except (TimeoutError, httpx.TimeoutException):
            return "timeout"
        except httpx.HTTPError:
            return "unreachable"
        return answer.status_code

    def _is_dropped(self, outbox: _Outbox) -> bool:
        return outbox.dropped_until is not None and self._now() < outbox.dropped_until

    def _lose(self, batch: list[Notice], status: str, attempt: int) -> None:
        if batch:
            self._record(batch, status, attempt)
        told: set[str] = set()
        for notice in batch:
            subscription = notice.body["subscriptionId"]
            if notice.lost and subscription not in told:
                told.add(subscription)
                notice.lost()

    def _record(self, batch: list[Notice], status: int | str, attempt: int) -> None:
        value = [
            {
                "subscriptionId": notice.body["subscriptionId"],
                "event": notice.body.get("changeType") or notice.body["lifecycleEvent"],
                "id": notice.body.get("resourceData", {}).get("id"),
            }
            for notice in batch
        ]
        row = {"at": self._now().isoformat(), "url": batch[0].url, "status": status, "attempt": attempt, "value": value}
        self.delivered.append(row)

    def _client(self, url: str) -> httpx.AsyncClient:
        """Certificates are checked but on this machine, where a test's receiver signs its own."""
        is_here = urlsplit(url).hostname in _LOOPBACK
        if is_here not in self._clients:
            limits = httpx.Limits(keepalive_expiry=2)
            self._clients[is_here] = httpx.AsyncClient(trust_env=False, verify=not is_here, limits=limits)
        return self._clients[is_here]


def may_be_notified(url: object) -> bool:
    """Whether an address may be given: https, or http on this machine."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))
