"""Recomputing the chains: what was edited, taken out, cut off, swapped or put in, entry by entry.

    entries in their order ──► does each say what it said, and follow the one before? ──► the last: does it fit the
                               does it fit the anchor, where one was noted of it?         head, and is it far enough?

One pass in constant memory. Whoever can change entries and the head together can make a chain that fits in itself:
an anchor, a number and hash that were noted elsewhere, tells that too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from permissions.audit.chain import BEGINNING, as_said, digest
from permissions.audit.models import NO_ORGANISATION, AuditEntry, AuditHead, chain_of

_CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not fit. `number`: the entry that it shows at; 0 where it is the chain as a whole."""

    chain: UUID
    number: int
    what: str

    def __str__(self) -> str:
        return f"{self.chain} entry {self.number}: {self.what}" if self.number else f"{self.chain}: {self.what}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head as it was noted elsewhere."""

    chain: UUID
    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.chain}:{self.number}:{self.hash}"

    @classmethod
    def read(cls, text: str, chain: UUID | None = None) -> Anchor:
        """From `chain:number:hash`, or `number:hash` of the given chain. Raises ValueError."""
        parts = text.strip().split(":")
        if len(parts) == 2 and chain is not None:
            parts = [str(chain), *parts]
        if len(parts) != 3:
            raise ValueError("An anchor is CHAIN:NUMBER:HASH.")
        return cls(UUID(parts[0]), int(parts[1]), parts[2].lower())


def anchors() -> Iterator[Anchor]:
    """The heads as they are now, to be kept where nobody reaches who reaches the database."""
    for head in AuditHead.objects.order_by("chain").iterator():
        yield Anchor(head.chain, head.number, head.hash)


def chains() -> list[UUID]:
    """Every chain that has a head or an entry."""
    roots = AuditEntry.objects.order_by("root").values_list("root_id", flat=True).distinct()
    heads = AuditHead.objects.values_list("chain", flat=True)
    return sorted({chain_of(root) for root in roots} | set(heads))


class _Walk:
    """Going along a chain, one entry after the other, without keeping them."""

    def __init__(self, chain: UUID, known: Iterable[Anchor], *, gaps: bool = False) -> None:
        self.chain = chain
        self.number, self.hash = 0, BEGINNING
        self._known = {anchor.number: anchor.hash for anchor in known}
        self._gaps = gaps

    def start_at(self, number: int, previous: str) -> None:
        """For a part of a chain: what stands before it is not looked at."""
        self.number, self.hash = number - 1, previous

    def step(self, said: Mapping[str, Any], kept: str) -> Iterator[Finding]:
        number, expected = int(said["number"]), self.number + 1
        if number < expected:
            yield self._finding(number, "stands where another entry with its number or a later one stood already.")
        elif number > expected and not self._gaps:
            yield self._finding(expected, f"is missing, with all before entry {number}.")
        elif number == expected and said["previous"] != self.hash:
            yield self._finding(number, "does not follow the entry before it: one of the two was changed or put in.")
        if digest(dict(said)) != kept:
            yield self._finding(number, "does not say what it said when it was recorded.")
        yield from self._compare(number, kept)
        self.number, self.hash = number, kept

    def _compare(self, number: int, kept: str) -> Iterator[Finding]:
        noted = self._known.pop(number, None)
        if noted is not None and noted != kept:
            yield self._finding(number, "is not the one that the anchor was noted for.")

    def end(self) -> Iterator[Finding]:
        for number in sorted(self._known):
            if number > self.number:
                yield self._finding(number, "is missing, and an anchor was noted for it: the end was cut off.")

    def _finding(self, number: int, what: str) -> Finding:
        return Finding(self.chain, number, what)


def verify(chain: UUID, known: Iterable[Anchor] = ()) -> Iterator[Finding]:
    """What does not fit in a chain, from its first entry to its last. `known`: its anchors."""
    head = AuditHead.objects.filter(pk=chain).first()
    walk = _Walk(chain, [anchor for anchor in known if anchor.chain == chain and anchor.number > 0])
    root = None if chain == NO_ORGANISATION else chain
    at_head = BEGINNING if head is None or head.number == 0 else ""
    for entry in AuditEntry.objects.filter(root=root).order_by("number").iterator(chunk_size=_CHUNK):
        yield from walk.step(as_said(entry), entry.hash)
        if head is not None and entry.number == head.number:
            at_head = entry.hash
    yield from walk.end()
    if head is None:
        if walk.number:
            yield Finding(chain, 0, "has entries and no head.")
        return
    if walk.number < head.number:
        yield Finding(chain, walk.number + 1, f"is missing, and the head is at {head.number}: the end was cut off.")
    elif head.number and at_head != head.hash:
        yield Finding(chain, head.number, "is not the one that the head was set to.")
    if walk.number > head.number and not _grew(chain, walk):
        yield Finding(chain, head.number + 1, f"and what follows, up to {walk.number}, was put in behind the head.")


def _grew(chain: UUID, walk: _Walk) -> bool:
    """Whether entries behind the head were appended while we went along: then the head has followed them."""
    return AuditHead.objects.filter(pk=chain, number__gte=walk.number).exists()


def verify_file(lines: Iterable[str], known: Iterable[Anchor] = ()) -> Iterator[Finding]:
    """The same for an export (`permissions.audit.export`), with nothing but the file. Raises ValueError for another."""
    read = (json.loads(line) for line in lines if line.strip())
    opening = next(read, None)
    if not isinstance(opening, dict) or "export" not in opening:
        raise ValueError("This is no export of an audit trail.")
    asked = opening["export"]
    chain = chain_of(UUID(asked["chain"]) if asked["chain"] else None)
    walk = _Walk(chain, [anchor for anchor in known if anchor.chain == chain], gaps=asked["action"] is not None)
    rows, closed = 0, False
    for line in read:
        if closed:
            yield Finding(chain, walk.number, "stands before something that was put in behind the end of the file.")
            return
        if "end" in line:
            closed = True
            if line["end"] != {"rows": rows, "number": walk.number if rows else 0, "hash": walk.hash if rows else ""}:
                yield Finding(chain, walk.number, "is not the one that the file says it ends with.")
            continue
        kept = line.pop("hash")
        if rows == 0 and (asked["since"] or asked["action"]):
            walk.start_at(line["number"], line["previous"])
        if chain_of(UUID(line["chain"]) if line["chain"] else None) != chain:
            yield Finding(chain, line["number"], "belongs to another chain.")
        yield from walk.step(line, kept)
        rows += 1
    if not closed:
        yield Finding(chain, walk.number, "is the last in the file, which has no end: it was cut off.")
    if not asked["until"] and not asked["action"]:
        yield from walk.end()
        if (walk.number, walk.hash if rows else "") != (asked["number"], asked["hash"]) and rows:
            yield Finding(chain, walk.number, "is not the head that the file says it was made at.")
