"""What the policy has found out within one request, or within one step of a task. Nothing outlives it.

    with remembered():        the middleware, around a request; a task, around each of its steps
        policy.allows(…)      asks the database once for all that a principal holds
        policy.allows(…)      answers from it
        services.grant(…)     forgets it

Outside of `remembered` every question asks the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from permissions.holdings import Holdings


@dataclass(slots=True)
class Memory:
    holdings: dict[UUID, Holdings] = field(default_factory=dict)
    decisions: dict[tuple[UUID, str, UUID], bool] = field(default_factory=dict)


_memory: ContextVar[Memory | None] = ContextVar("permissions_memory", default=None)


def current() -> Memory | None:
    return _memory.get()


@contextmanager
def remembered() -> Iterator[None]:
    """Remembers what is found out within the block. A block within a block begins anew."""
    token = _memory.set(Memory())
    try:
        yield
    finally:
        _memory.reset(token)


def forget() -> None:
    """The next question asks the database."""
    memory = _memory.get()
    if memory is not None:
        memory.holdings.clear()
        memory.decisions.clear()


class RememberedMiddleware:
    """One memory for each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with remembered():
            return self.get_response(request)
