"""Catching what is written to configuration, and remembering the difference.

    recorded(by) ──► row about to be written: its state, under a lock, unless it was seen before in this step
                 ──► all is written: the touched rows are read again
                 ──► where a state differs: an audit entry each ──► a ConfigurationChange each ──► commit

What is written and put back within one step leaves nothing behind, nor does what was rolled back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from django.apps import apps
from django.db import models
from django.utils import timezone

from accounts.history.events import event
from accounts.history.kinds import ORGANISATION, Key, Snapshot, recipe
from permissions.audit.recording import UNKNOWN, Doer, gathered, record_many

_BATCH: Final = 500
#: How many rows are named in one query.
_CHUNK: Final = 5_000


class Unrecorded(RuntimeError):
    """Configuration goes away with a row that is none itself, outside `recorded()`: nobody could say what it was."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing before and after a step; None where it was or is not there."""

    before: Snapshot | None
    after: Snapshot | None

    @property
    def key(self) -> Key:
        return self.either.key

    @property
    def either(self) -> Snapshot:
        """The later one that is there."""
        return cast(Snapshot, self.after or self.before)


class Recording:
    """One step. `by`: who takes it."""

    def __init__(self, by: Doer) -> None:
        self.by = by
        self._before: dict[Key, Snapshot] = {}
        self._touched: dict[type[models.Model], set[Any]] = {}
        self._outside: set[UUID] = set()
        self._cloned: dict[int, int] = {}

    def about_to_write(self, rows: models.QuerySet[Any]) -> list[Any]:
        """Reads the rows under a lock, always in the same order; their keys. One query."""
        asked = recipe(_name(rows.model))
        pks = []
        for row in rows.order_by("pk").select_related(*asked.joined).select_for_update(of=("self",), no_key=True):
            self.sees(row)
            pks.append(row.pk)
        return pks

    def sees(self, row: models.Model) -> None:
        """A row as it is before it is written or deleted."""
        seen = self._touched.setdefault(type(row), set())
        if row.pk not in seen:
            seen.add(row.pk)
            self._before.update((one.key, one) for one in recipe(_name(type(row))).states(row))

    def made(self, rows: Iterable[models.Model]) -> None:
        """Rows that were not there before. An organisation's beginning is no change of it."""
        for row in rows:
            self._touched.setdefault(type(row), set()).add(row.pk)
            if _name(type(row)) == ORGANISATION:
                self._outside.add(row.pk)

    def cloned(self, preset_id: int, source_id: int) -> None:
        """Says in the audit trail what a new preset was made from."""
        self._cloned[preset_id] = source_id

    def leave_out(self, organisation_id: UUID) -> None:
        """An organisation that goes as a whole takes its history along."""
        self._outside.add(organisation_id)

    def differences(self) -> list[Difference]:
        """What is different by now, in a steady order. One query for each model that was touched."""
        after: dict[Key, Snapshot] = {}
        for model, pks in self._touched.items():
            asked = recipe(_name(model))
            for chunk in _chunks(sorted(pks)):
                for row in model._default_manager.filter(pk__in=chunk).order_by("pk").select_related(*asked.joined):
                    after.update((one.key, one) for one in asked.states(row))
        found = [Difference(self._before.get(key), after.get(key)) for key in {**self._before, **after}]
        return [one for one in found if one.key.organisation_id not in self._outside and _differs(one)]

    def finish(self) -> None:
        differences = self.differences()
        if not differences:
            return
        owners = {one.key.organisation_id for one in differences}
        organisations = apps.get_model("accounts", "Organisation")
        roots = dict(organisations._default_manager.filter(pk__in=owners).values_list("pk", "resource_id"))
        differences = [one for one in differences if one.key.organisation_id in roots]
        entries = record_many(
            event(one.before, one.after, roots[one.key.organisation_id], self.by, self._cloned) for one in differences
        )
        now, step = timezone.now(), uuid.uuid4()
        change = apps.get_model("accounts", "ConfigurationChange")
        change._default_manager.bulk_create(
            [
                change(
                    organisation_id=one.key.organisation_id,
                    entry=entry.pk,
                    step=step,
                    at=now,
                    actor=self.by.principal,
                    actor_kind=self.by.kind,
                    on_behalf=self.by.on_behalf,
                    kind=one.key.kind,
                    object_id=one.key.object_id,
                    user_id=one.either.user_id,
                    before=one.before.state if one.before else None,
                    after=one.after.state if one.after else None,
                )
                for one, entry in zip(differences, entries, strict=True)
            ],
            batch_size=_BATCH,
        )


_open: ContextVar[Recording | None] = ContextVar("recording", default=None)


@contextmanager
def recorded(by: Doer | None = None) -> Iterator[Recording]:
    """One step of configuration, in one transaction. Within another it is a part of that one, by whoever takes it.

    Without `by` it is somebody unknown: for writes that nobody wrapped, which are recorded all the same.
    """
    outer = _open.get()
    if outer is not None:
        yield outer
        return
    with gathered():
        recording = Recording(by or UNKNOWN)
        token = _open.set(recording)
        try:
            yield recording
        finally:
            _open.reset(token)
        recording.finish()


def current() -> Recording | None:
    """The step that is under way."""
    return _open.get()


def touches(model: type[models.Model], fields: Iterable[str]) -> bool:
    """Whether a write of these fields (names or columns) could change configuration."""
    tracked = recipe(_name(model)).fields
    return any(model._meta.get_field(name).name in tracked for name in fields)


def before_delete(sender: type[models.Model], instance: models.Model, origin: Any = None, **_: Any) -> None:
    """Receives `pre_delete` of every recorded model: rows that go because of another. Raises Unrecorded."""
    recording = current()
    if recording is None:
        raise Unrecorded(f"{sender.__name__} rows go away outside recorded().")
    begun = origin.model if isinstance(origin, models.QuerySet) else type(origin)
    if _name(begun) == ORGANISATION:
        owner = instance.pk if _name(sender) == ORGANISATION else getattr(instance, "organisation_id", None)
        if owner is not None:
            recording.leave_out(owner)
    recording.sees(instance)


def _differs(one: Difference) -> bool:
    return (one.before.state if one.before else None) != (one.after.state if one.after else None)


def _name(model: type[models.Model]) -> str:
    return str(model._meta.model_name)


def _chunks(pks: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(pks), _CHUNK):
        yield pks[start : start + _CHUNK]
