"""Background work: each task fetches a row and calls a service. A lost or repeated message changes nothing.

The row is the truth: the broker retries nothing (the middleware for it is not installed), `sweep` wakes what is due.
"""

from __future__ import annotations

from uuid import UUID

import dramatiq

from permissions.declare import requires
from sync.services.background import carry_out, due_intents


@requires("filing.recover")
@dramatiq.actor(queue_name="filing", time_limit=600_000)
def look(intent_id: str) -> None:
    """Carry out an intent if it is due and nobody else works on it."""
    carry_out(UUID(intent_id))


@requires("filing.recover")
@dramatiq.actor(queue_name="filing", time_limit=60_000)
def sweep() -> None:
    """Wake every due intent."""
    for intent_id in due_intents():
        look.send(str(intent_id))
