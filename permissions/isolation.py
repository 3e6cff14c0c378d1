"""Whose rows a piece of work may touch. Outside of both contexts below, none: a query is refused (`Unscoped`).

    with for_organisation(id):          that organisation's rows and no others: a pane's request, a task, an admin page
    with every_organisation("why"):     rows of all: finding whose session this is, waking what is due

    request / task ──► a context ──► `permissions.isolated` narrows each query     (in code, on every database)
                                └──► `permissions.postgresql` tells each transaction ──► row-level security
                                                                                   (below the code, on PostgreSQL)

An organisation's id is the id of its root resource. A thread begins with none.
"""

from __future__ import annotations

import contextvars
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from django.db import models

ModelT = TypeVar("ModelT", bound=models.Model)

#: What stands for every organisation, in the context and in the database's setting.
EVERY: Final = "*"

_current: contextvars.ContextVar[str] = contextvars.ContextVar("isolation", default="")


class Unscoped(RuntimeError):
    """A query for organisations' rows in work that is for none: a mistake in the code."""


class ForeignRow(RuntimeError):
    """A row of another organisation than the one that this work is for: a mistake in the code."""


@contextmanager
def for_organisation(organisation_id: uuid.UUID) -> Iterator[None]:
    """Everything within is that organisation's. Raises ForeignRow where the work is another's already."""
    token = _current.set(_allowed(organisation_id))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def every_organisation(reason: str) -> Iterator[None]:
    """Work that is no organisation's, or that has to find out whose it is. The reason is for who reads the code."""
    if not reason:
        raise ValueError("Work across organisations says why.")
    token = _current.set(EVERY)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def nobodys() -> Iterator[None]:
    """As a request or a task begins: no rows yet. What is entered within is left with it."""
    token = _current.set("")
    try:
        yield
    finally:
        _current.reset(token)


def enter(organisation_id: uuid.UUID) -> None:
    """From here on, to the end of the surrounding `nobodys`: for what is found out in the middle of a request."""
    _current.set(_allowed(organisation_id))


def _allowed(organisation_id: uuid.UUID) -> str:
    # Through UUID, so that the database is told nothing but one.
    wanted = str(uuid.UUID(str(organisation_id)))
    if _current.get() not in ("", EVERY, wanted):
        raise ForeignRow("A piece of work belongs to one organisation.")
    return wanted


@contextmanager
def for_row(model: type[models.Model], pk: uuid.UUID | str | int, organisation_id: str = "") -> Iterator[bool]:
    """A task's context: the organisation that its message names, else the row's. Gives whether there is any.

    A message is no proof: within, only rows of that organisation are there.
    """
    with nobodys():
        if not organisation_id:
            with every_organisation("finding whose work this is"):
                rows = model._default_manager.filter(pk=pk)
                organisation_id = str(rows.values_list(column(model), flat=True).first() or "")
        if not organisation_id:
            yield False
            return
        with for_organisation(uuid.UUID(organisation_id)):
            yield True


def current() -> str:
    """An organisation's id, EVERY, or nothing."""
    return _current.get()


def current_id() -> str:
    """The id of the organisation that this work is for; nothing where it is for none or for every one."""
    now = _current.get()
    return "" if now == EVERY else now


def narrow(queryset: models.QuerySet[ModelT]) -> models.QuerySet[ModelT]:
    """The rows of the current organisation. Raises Unscoped where there is none."""
    now = _current.get()
    if now == EVERY:
        return queryset
    if not now:
        raise Unscoped(f"{queryset.model.__name__}: for whom? Enter `isolation.for_organisation` first.")
    model = queryset.model
    mine = models.Q((column(model), now))
    if getattr(model, "OWN_WHERE_NULL", False):
        mine |= models.Q((column(model), None), pk=now)
    if getattr(model, "SHARED_WHERE_NULL", False):
        mine |= models.Q((column(model), None))
    return queryset.filter(mine)


def check_row(row: models.Model) -> None:
    """Raises ForeignRow for a row of another organisation, Unscoped outside of every context."""
    now = _current.get()
    if not now:
        raise Unscoped(f"{type(row).__name__}: for whom? Enter `isolation.for_organisation` first.")
    whose = getattr(row, column(type(row)))
    if whose is None and getattr(row, "OWN_WHERE_NULL", False):
        whose = row.pk
    if now != EVERY and str(whose) != now:
        raise ForeignRow(f"A {type(row).__name__} of another organisation is not written here.")


def column(model: type[models.Model]) -> str:
    """The column that says whose a row is."""
    return str(model._meta.get_field(getattr(model, "ISOLATED_BY", "")).attname)  # type: ignore[union-attr]
