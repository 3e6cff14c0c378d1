"""Gmail's quota units of a mailbox, counted across all processes.

Gmail gives each user 6,000 units a minute. They are counted in the cache by ten seconds, so that a call that would pass
the limit is not made: it waits, and costs neither the call nor an attempt.
https://developers.google.com/workspace/gmail/api/reference/quota
"""

from __future__ import annotations

import time

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext_noop

from sync.errors import Throttled

BUCKET_SECONDS = 10
_BUCKETS = 6


def spend(mailbox: str, units: int) -> None:
    """Counts units that are about to be spent. Raises Throttled, counting nothing, where there are not enough left."""
    now = time.time()
    bucket = int(now // BUCKET_SECONDS)
    keys = [f"gmail-units:{mailbox}:{bucket - back}" for back in range(_BUCKETS)]
    spent = cache.get_many(keys)
    limit: int = settings.GOOGLE_UNITS_PER_MINUTE
    if sum(spent.values()) + units > limit and spent:
        oldest = min(int(key.rpartition(":")[2]) for key in spent)
        wait = (oldest + _BUCKETS) * BUCKET_SECONDS - now
        raise Throttled(
            gettext_noop("Gmail's quota of this minute is spent."), code="QUOTA", retry_after=max(wait, 1.0)
        )
    cache.add(keys[0], 0, (_BUCKETS + 1) * BUCKET_SECONDS)
    cache.incr(keys[0], units)
