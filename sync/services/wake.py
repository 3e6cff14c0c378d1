"""Waking a worker: a message carries an id and whose it is, and means "look". It leaves only after the commit."""

from __future__ import annotations

from uuid import UUID

import dramatiq
from django.db import transaction

from permissions import isolation
from sync.models import Intent

#: The tasks that look; they stand above the services and are known here by their names.
LOOK = "look"
LANE = "file_due"
COLLECTION = "read_collection"


def wake(intent: Intent) -> None:
    """Tells a worker to look at an intent once this transaction has committed. The sweeper finds it otherwise too."""
    _on_commit(LOOK, intent.pk, str(intent.organisation_id))


def wake_lane(user_id: UUID) -> None:
    """Tells a worker that emails of this user are due to be filed by themselves."""
    _on_commit(LANE, user_id, isolation.current_id())


def wake_collection(collection_id: UUID) -> None:
    """Tells a worker that a collection is due to be read."""
    _on_commit(COLLECTION, collection_id, isolation.current_id())


def _on_commit(actor: str, row_id: UUID, organisation_id: str) -> None:
    transaction.on_commit(lambda: send(actor, row_id, organisation_id), robust=True)


def send(actor: str, row_id: UUID, organisation_id: UUID | str) -> None:
    """One message to a task."""
    dramatiq.get_broker().get_actor(actor).send(str(row_id), str(organisation_id))
