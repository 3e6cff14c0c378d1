"""Waking a worker: a message carries an id and means "look". It leaves only after the commit."""

from __future__ import annotations

import dramatiq
from django.db import transaction

from sync.models import Intent

#: The task that looks; it stands above the services and is known here by its name.
LOOK = "look"


def wake(intent: Intent) -> None:
    """Tells a worker to look at an intent once this transaction has committed. The sweeper finds it otherwise too."""
    transaction.on_commit(lambda: dramatiq.get_broker().get_actor(LOOK).send(str(intent.pk)), robust=True)
