"""Batches of a lane that failed as a whole, one after the other: how long the next waits, and how large it is.

    1, 2, 3 in a row     the same again, a little later each time
    more                 smaller and smaller, down to one email alone

An outage costs one call now and then, and no email an attempt. An email that makes every call fail that it is part of
is found by being tried alone: then the attempts are its own, and it is set aside in the end while the rest goes on.
"""

from __future__ import annotations

import random
from datetime import timedelta
from uuid import UUID

from django.core.cache import cache

from permissions import isolation
from sync.capture.candidates import BATCH

PATIENCE = 3
LONGEST_SECONDS = 60.0
REMEMBERED_SECONDS = 3600


def another(user_id: UUID) -> timedelta:
    """One more failed batch: how long the lane waits."""
    failed = _failed(user_id) + 1
    cache.set(_key(user_id), failed, REMEMBERED_SECONDS)
    return timedelta(seconds=min(2.0 * 2**failed, LONGEST_SECONDS) * random.uniform(0.8, 1.2))


def over(user_id: UUID) -> None:
    """A batch went through."""
    if _failed(user_id):
        cache.delete(_key(user_id))


def batch_size(user_id: UUID) -> int:
    """How many emails the next batch takes."""
    return max(1, BATCH >> (3 * max(_failed(user_id) - PATIENCE, 0)))


def _failed(user_id: UUID) -> int:
    return int(cache.get(_key(user_id)) or 0)


def _key(user_id: UUID) -> str:
    return f"setbacks:{isolation.current_id()}:{user_id}"
