"""Every task is run with another organisation's ids in its message, and in the name of who has lost the right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dramatiq
import pytest

from permissions import isolation
from permissions.declare import declared_permission
from permissions.models import Authorization
from permissions.services import revoke
from sync.models import Intent
from tests.access.conftest import World
from tests.access.organisations import changed, dump
from tests.access.table import TASKS, Task

pytestmark = pytest.mark.django_db

ADD = "add a row to tests/access/table.py"
WITH_A_ROW = [task for task in TASKS if task.row]
#: What may change when work is refused: when it is looked at again, and that it waits for a person.
PUT_OFF = {
    *(f"sync_intent.{name}" for name in ("state", "reason", "words", "finished_at", "attempts", "due_at")),
    *(f"sync_intent.{name}" for name in ("lease_token", "lease_until", "woken_until")),
    *(f"sync_collection.{name}" for name in ("due_at", "reason", "lease_token", "lease_until", "woken_until")),
    *("sync_collection.attempts", "sync_watch.due_at", "sync_watch.attempts", "sync_hint-"),
    "sync_mailbox.last_hint_at",
}


def tasks() -> dict[str, dramatiq.Actor[..., object]]:
    return dict(dramatiq.get_broker().actors)


@contextmanager
def as_a_worker() -> Iterator[None]:
    with isolation.nobodys():
        yield


def run(task: Task, *message: object) -> None:
    with as_a_worker():
        tasks()[task.name].fn(*map(str, message))


def test_every_task_has_a_row_with_what_it_declares() -> None:
    declared = {name: declared_permission(actor) for name, actor in tasks().items()}
    assert declared == {task.name: task.needs for task in TASKS}, ADD


def test_a_task_without_a_row_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.access.test_tasks.TASKS", TASKS[1:])
    with pytest.raises(AssertionError, match="add a row to"):
        test_every_task_has_a_row_with_what_it_declares()


@pytest.mark.parametrize("task", WITH_A_ROW, ids=lambda task: task.name)
def test_a_message_that_names_another_organisation_does_nothing(task: Task, world: World, calls: list[str]) -> None:
    """The row is ours, the message says it is theirs."""
    ours, theirs = world.ours, world.theirs
    standing = dump(ours.organisation.pk), dump(theirs.organisation.pk)
    run(task, ours.due[task.row], theirs.organisation.pk)
    assert changed(standing[0], dump(ours.organisation.pk)) == set()
    assert changed(standing[1], dump(theirs.organisation.pk)) == set()
    assert calls == []


@pytest.mark.parametrize("task", WITH_A_ROW, ids=lambda task: task.name)
@pytest.mark.parametrize("named", [True, False], ids=["named", "found"])
def test_the_right_message_calls_a_provider_and_changes_one_organisation(
    task: Task, named: bool, world: World, calls: list[str]
) -> None:
    """So that the test above and the one below can fail; also where the message does not say whose it is."""
    ours, theirs = world.ours, world.theirs
    standing = dump(ours.organisation.pk), dump(theirs.organisation.pk)
    run(task, ours.due[task.row], *([ours.organisation.pk] if named else []))
    assert calls != []
    assert changed(standing[0], dump(ours.organisation.pk)) != set()
    assert changed(standing[1], dump(theirs.organisation.pk)) == set()


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_in_the_name_of_who_lost_the_right_nothing_is_read_or_written(
    task: Task, world: World, calls: list[str]
) -> None:
    """Neither asked of a provider nor filed: the work is put off, or waits for a person."""
    ours = world.ours
    for whose in (world.ours, world.theirs):  # what has no row looks through all of them
        revoke(Authorization.objects.get(principal=whose.rep.principal, role="rep"))
    standing = dump(ours.organisation.pk)
    run(task, *([ours.due[task.row], ours.organisation.pk] if task.row else []))
    assert calls == []
    assert changed(standing, dump(ours.organisation.pk)) <= PUT_OFF
    assert not Intent.objects.filter(pk=ours.due["sync.Intent"], state=Intent.State.DONE).exists()


def test_what_looks_through_all_asks_where_the_right_stands(world: World, calls: list[str]) -> None:
    """`reconcile` asks the mailbox for what left its folder: only in the name of who may."""
    (task,) = [task for task in TASKS if task.name == "reconcile"]
    run(task)
    assert calls != []
