"""A few calls at a time for each mailbox, counted across all processes.

Graph takes four at once for an app and mailbox; three leave one for whatever else works there.
https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from django.utils.translation import gettext_noop

from sync.errors import Throttled

SLOTS = 3
HOLD_SECONDS = 120
WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.02


@contextmanager
def mailbox_slot(mailbox: str, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Holds one of the mailbox's slots; a holder that died gives it back after two minutes.

    Raises Throttled when none comes free in time.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        for number in range(SLOTS):
            name = f"mailbox-slot:{mailbox}:{number}"
            if cache.add(name, 1, HOLD_SECONDS):
                try:
                    yield
                finally:
                    cache.delete(name)
                return
        if time.monotonic() > deadline:
            raise Throttled(gettext_noop("The mailbox is busy."), retry_after=10.0)
        time.sleep(_POLL_SECONDS)
