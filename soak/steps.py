"""What a plan is made of. A step is due at `at` seconds, and not before every copy in `needs` was settled.

    Deliver ──► (settled) ──► Mark, Move, Delete, another Deliver …
    Choose, Block: the settings of one user, once everything in that user's mailbox is settled
    Fault, Notify, Kill, Flush, Limit: what goes wrong meanwhile

`turn` counts the scenes' steps: a step that needs another has a higher one, those at the same moment share one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    at: float
    turn: int = 0
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver(Step):
    """A message appears in one mailbox. `key` names this copy; `age` is how many hours ago it was received."""

    key: str
    user: str
    content: bytes = field(repr=False)
    place: str = "inbox"
    age: float = 0.0
    scene: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Step):
    key: str
    on: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(Step):
    key: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(Step):
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose(Step):
    """A user chooses a mode."""

    user: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Step):
    """A user blocks an address or a domain."""

    user: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Step):
    """As `POST /_sandbox/faults` takes it."""

    fault: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify(Step):
    """How notifications fare from here on: as `POST /_sandbox/notifications` takes it; {} is well."""

    how: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Step):
    """Salesforce's allowance is spent, or given back."""

    spent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke(Step):
    """The provider takes back a user's grant; the person connects again a little later."""

    user: str
    system: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill(Step):
    """A worker process dies by SIGKILL and is started again."""

    worker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flush(Step):
    """The broker forgets everything."""
