"""What lies outside of the database carries the organisation as well: entries of the cache, locks, messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dramatiq
import pytest
from django.core.cache import caches
from django.utils import timezone
from dramatiq import Message

from permissions import isolation
from sync.capture import scheduling
from sync.models import Collection
from sync.services.filing import file_email
from sync.services.open_email import open_email
from tests.sync.capture.scene import Scene
from tests.sync.services.stage import hint_of


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The keys that are written to the cache."""
    keys: set[str] = set()

    def watched(name: str, found: Any) -> None:
        really = getattr(type(caches["default"]), name)

        def noted(self: Any, given: Any, *args: Any, **kwargs: Any) -> Any:
            keys.update([given] if isinstance(given, str) else found(given))
            return really(self, given, *args, **kwargs)

        monkeypatch.setattr(type(caches["default"]), name, noted)

    for name in ("set", "add", "incr"):
        watched(name, list)
    watched("set_many", list)
    return keys


def whose(keys: Iterable[str], organisation_id: str) -> set[str]:
    return {key for key in keys if organisation_id not in key}


@pytest.mark.django_db(transaction=True)
def test_every_entry_of_the_cache_names_the_organisation(scene: Scene, named: set[str]) -> None:
    with isolation.for_organisation(scene.stage.organisation.pk):
        scene.switch_on("mia")
        scene.switch_on("noor")
        scene.arrives("filed", at="mia")
        scene.arrives("also", at="noor")
        scene.read()
        message = scene.stage.message("Northwind renewal")
        actor = scene.stage.actor()
        open_email(actor, hint_of(message))
        file_email(actor, scene.stage.request(message))
    kinds = {key.split(":")[0] for key in named}
    assert {"context", "mailbox-slot", "gmail-units", "party", "press", "version"} <= kinds
    assert whose(named, str(scene.stage.organisation.pk)) == set()


def test_every_message_names_the_organisation(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Message[Any]] = []
    broker = dramatiq.get_broker()
    monkeypatch.setattr(broker, "enqueue", lambda message, **_: sent.append(message))
    with isolation.for_organisation(scene.stage.organisation.pk):
        scene.switch_on("mia")
        scene.arrives("waits", at="mia")
        scene.read()
    Collection.objects.update(due_at=timezone.now(), woken_until=None)
    scheduling.sweep()
    tasks = {message.actor_name for message in sent}
    assert {"read_collection"} <= tasks
    assert {message.args[1] for message in sent} == {str(scene.stage.organisation.pk)}
