"""A worker over the broker that BROKER_URL names, in a namespace of its own."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dramatiq
from django.conf import settings
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker


def make_broker() -> dramatiq.Broker:
    """The kind of broker that the settings choose, with the product's own middleware."""
    url = settings.BROKER_URL
    if url.startswith("amqp"):
        broker: dramatiq.Broker = RabbitmqBroker(url=url, middleware=[], confirm_delivery=True)
    elif url:
        broker = RedisBroker(url=url, middleware=[], namespace=f"tests-{secrets.token_hex(4)}")  # type: ignore[no-untyped-call]
    else:
        broker = StubBroker(middleware=[])
    for middleware in (dramatiq.middleware.AgeLimit(), dramatiq.middleware.TimeLimit()):
        broker.add_middleware(middleware)
    return broker


@contextmanager
def working(broker: dramatiq.Broker, function: Callable[[str], None]) -> Iterator[dramatiq.Actor[[str], None]]:
    """An actor on a queue of its own, with a worker that is stopped at the end."""
    actor = dramatiq.Actor(
        function,
        broker=broker,
        actor_name=f"look-{secrets.token_hex(4)}",
        queue_name=f"tests-{secrets.token_hex(4)}",
        priority=0,
        options={},
    )
    worker = dramatiq.Worker(broker, worker_threads=4, worker_timeout=50)
    worker.start()
    try:
        yield actor
    finally:
        worker.stop(timeout=5_000)
        broker.flush(actor.queue_name)
        broker.close()


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < deadline:
        if condition():
            return True
        pause.wait(0.05)
    return condition()
