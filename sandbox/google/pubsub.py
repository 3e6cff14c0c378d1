"""The topic that Gmail publishes to, and its push subscription.

    publish ─► (dropped?) ─► (delayed, out of order?) ─► POST ─► 2xx: done
                                                           └─ anything else: again, after longer and longer

Deliveries run beside the API and never hold it up. There is one subscription; what is published while there is none is
lost, as in the real service. https://docs.cloud.google.com/pubsub/docs/push
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import ssl
from collections.abc import Coroutine
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, field_validator

from sandbox.clock import Clock
from sandbox.google.issuing import Signer

SUBSCRIPTION = "projects/alongside-sandbox/subscriptions/gmail-push"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ACKNOWLEDGED = frozenset({102, 200, 201, 202, 204})
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 60.0
_DEADLINE = 10.0
_AT_ONCE = 20
_REMEMBERED = 10_000
_OUT_OF_ORDER = 0.5


class Subscription(BaseModel):
    """Where pushes go, and how badly the delivery behaves: shares of messages that are sent twice or not at all."""

    model_config = ConfigDict(extra="forbid", strict=True)

    endpoint: str | None = None
    audience: str = ""
    duplicate: Annotated[float, Field(ge=0, le=1)] = 0.0
    drop: Annotated[float, Field(ge=0, le=1)] = 0.0
    reorder: bool = False
    delay_ms: Annotated[int, Field(ge=0, le=120_000)] = 0
    silent: list[str] = Field(default_factory=list)

    @field_validator("endpoint")
    @classmethod
    def _is_reachable(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if value is not None and not (
            parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK))
        ):
            raise ValueError("must be https, or http on the loopback interface")
        return value


@dataclass
class Delivery:
    """One message of the topic and how its delivery went. ``status`` is the last answer; 0 for none."""

    message_id: str
    email: str
    history_id: int
    copies: int = 1
    attempts: int = 0
    status: int | None = None
    acknowledged: int = 0
    dropped: bool = False


@dataclass
class PubSub:
    """The topic and its subscription. ``signer`` proves each push."""

    clock: Clock
    signer: Signer
    seed: int
    subscription: Subscription = field(default_factory=Subscription)
    deliveries: list[Delivery] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(f"{self.seed}:pubsub")
        self._number = 10_000_000_000_000_000 + self._dice.randrange(10**12)
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def publish(self, email: str, history_id: int) -> None:
        """One message about a mailbox. Without a running loop (nobody could receive it) nothing is sent."""
        self._number += 1 + self._dice.randrange(1000)
        delivery = Delivery(str(self._number), email, history_id)
        self.deliveries.append(delivery)
        del self.deliveries[:-_REMEMBERED]
        order = self.subscription
        if order.endpoint is None or email in order.silent or self._dice.random() < order.drop:
            delivery.dropped = True
            return
        delivery.copies = 2 if self._dice.random() < order.duplicate else 1
        message = {
            "data": base64.b64encode(json.dumps({"emailAddress": email, "historyId": history_id}).encode()).decode(),
            "messageId": delivery.message_id,
            "publishTime": self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        for _ in range(delivery.copies):
            wait = order.delay_ms / 1000 + (self._dice.random() * _OUT_OF_ORDER if order.reorder else 0)
            self._begin(self._deliver(delivery, {"message": message, "subscription": SUBSCRIPTION}, wait))

    def rows(self) -> list[dict[str, Any]]:
        """The messages that were published, oldest first."""
        return [asdict(delivery) for delivery in self.deliveries]

    def close(self) -> None:
        """What is still under way is given up."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    def _begin(self, delivery: Coroutine[Any, Any, None]) -> None:
        try:
            task = asyncio.get_running_loop().create_task(delivery)
        except RuntimeError:
            delivery.close()
            return
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery, body: dict[str, Any], wait: float) -> None:
        await asyncio.sleep(wait)
        again = _FIRST_WAIT
        while not await self._push(delivery, body):
            await asyncio.sleep(again)
            again = min(again * 2, _LONGEST_WAIT)

    async def _push(self, delivery: Delivery, body: dict[str, Any]) -> bool:
        """One attempt, to where the subscription points by now; whether the message is done with."""
        order = self.subscription
        if order.endpoint is None:
            delivery.dropped = True
            return True
        token = self.signer.sign(self.signer.push_claims(order.audience or order.endpoint))
        async with self._slots:
            delivery.attempts += 1
            try:
                answer = await self._http().post(
                    order.endpoint, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=_DEADLINE
                )
                delivery.status = answer.status_code
            except httpx.HTTPError:
                delivery.status = 0
        done = delivery.status in _ACKNOWLEDGED
        delivery.acknowledged += done
        return done

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                trust_env=False, follow_redirects=False, verify=ssl.create_default_context()
            )
        return self._client
