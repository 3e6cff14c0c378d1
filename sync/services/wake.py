"""Waking a worker: a message carries an id and means "look". It leaves only after the commit."""

from __future__ import annotations

from django.db import transaction

from sync.models import Intent


def wake(intent: Intent) -> None:
    """Tells a worker to look at an intent once this transaction has committed. The sweeper finds it otherwise too."""
    from sync.tasks import look

    transaction.on_commit(lambda: look.send(str(intent.pk)), robust=True)
