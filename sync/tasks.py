"""Background work: each task fetches a row and calls a service. A lost or repeated message changes nothing.

The row is the truth: the broker retries nothing (the middleware for it is not installed), `sweep` wakes what is due.
What a person waits for goes before what nobody waits for: in a queue of its own, since a worker puts only those
messages in order that it has fetched, a few of each queue.
"""

from __future__ import annotations

from uuid import UUID

import dramatiq
from dramatiq_crontab import interval

from accounts.models import User
from permissions import isolation
from permissions.declare import requires
from sync.capture import batches, reading, reconciling, scheduling, watching
from sync.models import Collection, Intent, Watch
from sync.services.background import carry_out

SOON, LATER = 0, 100
FILING, CAPTURE = "filing", "capture"


@requires("filing.recover")
@dramatiq.actor(queue_name=FILING, time_limit=600_000, priority=SOON)
def look(intent_id: str, organisation_id: str = "") -> None:
    """Carry out an intent if it is due and nobody else works on it."""
    with isolation.for_row(Intent, intent_id, organisation_id) as found:
        if found:
            carry_out(UUID(intent_id))


@requires("capture.run")
@dramatiq.actor(queue_name=CAPTURE, time_limit=600_000, priority=LATER)
def file_due(user_id: str, organisation_id: str = "") -> None:
    """File a batch of what is due to be filed by itself in the name of one user."""
    with isolation.for_row(User, user_id, organisation_id) as found:
        if found:
            batches.file_lane(UUID(user_id))


@requires("capture.run")
@dramatiq.actor(queue_name=CAPTURE, time_limit=600_000, priority=LATER)
def read_collection(collection_id: str, organisation_id: str = "") -> None:
    """Read what is new in a collection if it is due and nobody else reads it."""
    with isolation.for_row(Collection, collection_id, organisation_id) as found:
        if found:
            reading.read_collection(UUID(collection_id))


@requires("capture.run")
@dramatiq.actor(queue_name=CAPTURE, time_limit=120_000, priority=LATER)
def keep_watch(watch_id: str, organisation_id: str = "") -> None:
    """Ask for the push of a mailbox, or renew it."""
    with isolation.for_row(Watch, watch_id, organisation_id) as found:
        if found:
            watching.keep_watch(UUID(watch_id))


@requires("filing.recover")
@dramatiq.actor(queue_name=FILING, time_limit=60_000, priority=SOON)
def sweep() -> None:
    """Wake whatever is due."""
    scheduling.sweep()


@interval(seconds=15)
@requires("capture.run")
@dramatiq.actor(queue_name=CAPTURE, time_limit=600_000, priority=LATER)
def reconcile() -> None:
    """Settle what left its folder and turned up nowhere; open and end mailboxes as they are connected or not."""
    with isolation.every_organisation("each is looked through in turn"):
        reconciling.settle_missing()
        reconciling.open_connected()
        reconciling.end_disconnected()


@interval(seconds=900)
@requires("capture.run")
@dramatiq.actor(queue_name=CAPTURE, time_limit=600_000, priority=LATER)
def reconcile_salesforce() -> None:
    """Find out which filed emails were deleted in Salesforce."""
    with isolation.every_organisation("each is looked through in turn"):
        reconciling.find_deleted()
