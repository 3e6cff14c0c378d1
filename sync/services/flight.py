"""One flight per key: of many who ask for the same thing at once, one fetches and the rest wait for its answer.

An answer is fresh for some time; after that it is kept a while longer, to be shown (and named as old) when the
provider does not answer. Values are JSON texts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.cache import cache

KEEP_SECONDS = 3600
FLIGHT_SECONDS = 40
_POLL_SECONDS = 0.02

_locks: dict[str, threading.Lock] = {}
_locks_guard = threading.Lock()


@dataclass(frozen=True, slots=True)
class Answer:
    """`read_at` is in seconds since the epoch; `from_cache` says that no call was made for it."""

    value: str
    read_at: float
    from_cache: bool


def known(key: str) -> Answer | None:
    """The last answer, however old (up to an hour)."""
    entry = cache.get(key)
    return Answer(entry[0], entry[1], True) if entry else None


def fetch(key: str, load: Callable[[], tuple[str, float]], *, now: Callable[[], float] = time.time) -> Answer:
    """The fresh answer for a key, or what `load` gives: (value, seconds it stays fresh). Errors of `load` go up."""
    answer = _fresh(key, now())
    if answer:
        return answer
    with _lock(key):
        answer = _fresh(key, now())
        if answer:
            return answer
        flight = f"{key}:flight"
        deadline = now() + FLIGHT_SECONDS
        while not cache.add(flight, 1, FLIGHT_SECONDS):
            answer = _fresh(key, now())
            if answer:
                return answer
            if now() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        try:
            # Another process may have landed between the look and the take-off.
            answer = _fresh(key, now())
            if answer:
                return answer
            value, fresh_seconds = load()
            read_at = store(key, value, fresh_seconds, now=now)
        finally:
            cache.delete(flight)
    return Answer(value, read_at, False)


def store(key: str, value: str, fresh_seconds: float, *, now: Callable[[], float] = time.time) -> float:
    """Keeps an answer and says when it was read."""
    moment = now()
    cache.set(key, [value, moment, moment + fresh_seconds], KEEP_SECONDS)
    return moment


@contextmanager
def alone(key: str, *, wait_seconds: float = 8.0) -> Iterator[None]:
    """One at a time for a key, in all processes; who has waited long enough goes on all the same.

    It spares calls and makes nothing safe: a process that was killed leaves its entry behind.
    """
    deadline = time.monotonic() + wait_seconds
    lock, name, mine = _lock(key), f"{key}:alone", False
    held = lock.acquire(timeout=wait_seconds)
    try:
        while not mine and time.monotonic() < deadline:
            mine = cache.add(name, 1, FLIGHT_SECONDS)
            if not mine:
                time.sleep(_POLL_SECONDS)
        yield
    finally:
        if mine:
            cache.delete(name)
        if held:
            lock.release()


def drop(key: str) -> None:
    cache.delete(key)


def _fresh(key: str, moment: float) -> Answer | None:
    entry = cache.get(key)
    return Answer(entry[0], entry[1], True) if entry and entry[2] > moment else None


def _lock(key: str) -> threading.Lock:
    with _locks_guard:
        if len(_locks) > 10_000:
            for idle in [name for name, lock in _locks.items() if not lock.locked()]:
                del _locks[idle]
        return _locks.setdefault(key, threading.Lock())
