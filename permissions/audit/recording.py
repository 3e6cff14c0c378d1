"""Appending to the trail, in the transaction of the change that it tells of: both happen or neither.

    lock the head ──► number and hash each entry after the one before ──► one INSERT ──► head goes forward

The head is the last lock that a transaction takes, so that two of one organisation never wait for each other crosswise,
and it is held until the commit: neither a call to a provider nor another row's lock may follow. What records in the
midst of a longer transaction is `gathered`: appended together, when the rest is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from permissions import isolation
from permissions.audit import actions, shapes
from permissions.audit.chain import BEGINNING, as_said, digest
from permissions.audit.models import AuditEntry, AuditHead, chain_of

if TYPE_CHECKING:  # permissions.models ends by importing this room's models
    from permissions.models import Principal

#: Each time a chain has grown by so many, its head is written to the log, which is kept elsewhere.
ANCHOR_EVERY: Final = 100
_BATCH: Final = 500

#: What the outermost `gathered` has collected so far.
_gathering: ContextVar[list[AuditEntry] | None] = ContextVar("audit_gathering", default=None)

log = structlog.get_logger("permissions.audit")


class NotInTransaction(RuntimeError):
    """Recording outside a transaction: the entry could stand without its change, or the change without its entry."""


@dataclass(frozen=True, slots=True)
class Doer:
    """Who did it: a principal, in a staff session where one was open. `kind`: one of `actions.ACTOR_KINDS`."""

    kind: str
    principal: UUID | None = None
    on_behalf: UUID | None = None

    @classmethod
    def user(cls, principal: UUID) -> Doer:
        return cls("user", principal)

    @classmethod
    def of(cls, principal: Principal | None) -> Doer:
        """The product itself where there is none."""
        return PRODUCT if principal is None else cls(principal.kind, principal.pk)


#: Nobody asked: a schedule, a provider's answer.
PRODUCT: Final = Doer("product")
#: Who has the machine: a management command.
COMMAND: Final = Doer("command")
#: Somebody who was not let in.
UNKNOWN: Final = Doer("unknown")


@dataclass(frozen=True, slots=True)
class Event:
    """What is to be recorded. `root`: the organisation's resource; `on`: (object kind, id)."""

    action: str
    root: UUID | None
    by: Doer
    on: tuple[str, UUID | str | int]
    detail: Mapping[str, Any] = field(default_factory=dict)


def record(
    action: str,
    *,
    root: UUID | None,
    by: Doer,
    on: tuple[str, UUID | str | int],
    detail: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Appends one entry: three queries. Raises NotInTransaction, UnknownAction, BadDetail."""
    return record_many([Event(action, root, by, on, detail or {})])[0]


def record_many(events: Iterable[Event]) -> list[AuditEntry]:
    """Appends entries in their order: three queries for each organisation, however many they are. Raises as `record`.

    Nothing is appended where one of them is refused. Within `gathered` they have no number and no hash yet.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction("Record inside the transaction of the change: transaction.atomic().")
    made = [_entry(event) for event in events]
    gathering = _gathering.get()
    if gathering is None:
        _append_all(made)
    else:
        gathering.extend(made)
    return made


@contextmanager
def gathered() -> Iterator[None]:
    """A transaction (or a part of one) at whose end all that was recorded within is appended together.

    Within another one it is a savepoint: rolled back, what it recorded is not appended.
    """
    outer = _gathering.get()
    if outer is not None:
        before = len(outer)
        try:
            with transaction.atomic():
                yield
        except BaseException:
            del outer[before:]
            raise
        return
    entries: list[AuditEntry] = []
    token = _gathering.set(entries)
    try:
        with transaction.atomic():
            yield
            _append_all(entries)
    finally:
        _gathering.reset(token)


def _append_all(entries: Iterable[AuditEntry]) -> None:
    """In one order of the chains, so that two transactions lock their heads in the same one."""
    by_chain: dict[UUID, list[AuditEntry]] = {}
    for entry in entries:
        by_chain.setdefault(chain_of(entry.root_id), []).append(entry)
    for chain in sorted(by_chain):
        root_id = by_chain[chain][0].root_id
        whose = isolation.for_organisation(root_id) if root_id else isolation.every_organisation("events of nobody's")
        with whose:
            _append(chain, by_chain[chain])


def _entry(event: Event) -> AuditEntry:
    kind, object_id = event.on
    if kind not in actions.OBJECT_KINDS:
        raise actions.UnknownAction(f"No object kind is called {kind!r}: register it in permissions/audit/actions.py.")
    if event.by.kind not in actions.ACTOR_KINDS:
        raise actions.UnknownAction(f"No actor kind is called {event.by.kind!r}.")
    try:
        object_text = shapes.object_id(object_id)
    except shapes.BadShape as error:
        raise actions.BadDetail(f"{event.action}: {error}") from None
    return AuditEntry(
        root_id=event.root,
        actor=event.by.principal,
        actor_kind=event.by.kind,
        on_behalf=event.by.on_behalf,
        action=event.action,
        object_kind=kind,
        object_id=object_text,
        detail=actions.checked(event.action, event.detail),
    )


def _append(chain: UUID, entries: list[AuditEntry]) -> None:
    head = _locked_head(chain, entries[0].root_id)
    before, number, now = head.hash or BEGINNING, head.number, timezone.now()
    for entry in entries:
        number += 1
        entry.number, entry.at, entry.previous = number, now, before
        before = entry.hash = digest(as_said(entry))
    AuditEntry.objects.bulk_create(entries, batch_size=_BATCH)
    AuditHead.objects.filter(pk=chain).update(number=number, hash=before)
    if number // ANCHOR_EVERY > head.number // ANCHOR_EVERY:
        anchor = {"chain": str(chain), "number": number, "hash": before}
        transaction.on_commit(lambda: log.info("audit.anchor", **anchor))


def _locked_head(chain: UUID, root_id: UUID | None) -> AuditHead:
    heads = AuditHead.objects.select_for_update().filter(pk=chain)
    head = heads.first()
    if head is None:
        # Of two at once one makes it, and the other waits here until it is there.
        AuditHead.objects.bulk_create([AuditHead(chain=chain, root_id=root_id)], ignore_conflicts=True)
        head = heads.get()
    return head
