"""Delta rounds over a folder's messages and over the folders: opaque tokens, pages, and what changed since.

    no token ─► pages of what is there ──skiptoken──► … ──► deltatoken (as of the round's start)
    deltatoken ─► pages of changes ──skiptoken──► … ──► deltatoken

A token holds its whole round, sealed, so nothing is kept between calls. It is good for one mailbox, one collection and
one generation of cursors; any other answers 410 `syncStateNotFound`.
https://learn.microsoft.com/graph/api/message-delta
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sandbox.microsoft import ids
from sandbox.microsoft.errors import sync_state_not_found
from sandbox.microsoft.mailbox import Change, Folder, Mailbox

_SEAL = b"sandbox delta tokens"  # keeps clients from making tokens up; guards nothing
# Long rounds are grouped once and kept while their pages are read.
_WORTH_KEEPING = 400
_KEPT_ROUNDS = 8


@dataclass(frozen=True)
class Round:
    """`since` None = first round. `upto` is the sequence at the round's start, `after` the last row's place."""

    mailbox: str
    folder: str
    generation: int
    since: int | None
    upto: int
    after: int | None = None
    select: tuple[str, ...] | None = None
    extended: tuple[str, ...] = ()
    not_before: str | None = None
    strictly: bool = False
    kinds: str | None = None
    page: int | None = None


@dataclass(frozen=True)
class Row:
    """One row: an item that is there (whole, or only `fields`), or one that left, by its two ids."""

    serial: int
    place: int
    fields: tuple[str, ...] | None = None
    removed: tuple[str, str] | None = None  # default id, immutable id


def seal(state: Round) -> str:
    payload = json.dumps(asdict(state), separators=(",", ":")).encode()
    tag = hmac.new(_SEAL, payload, hashlib.sha256).digest()[:12]
    return base64.urlsafe_b64encode(tag + payload).decode("ascii").rstrip("=")


def unseal(token: str, mailbox: Mailbox, folder: str) -> Round:
    """Raises 410 for a token of another mailbox or folder, of an expired generation, and for what is none."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        payload = raw[12:]
        if not hmac.compare_digest(raw[:12], hmac.new(_SEAL, payload, hashlib.sha256).digest()[:12]):
            raise sync_state_not_found()
        values: dict[str, Any] = json.loads(payload)
    except ValueError as error:
        raise sync_state_not_found() from error
    for name in ("select", "extended"):
        values[name] = None if values[name] is None else tuple(values[name])
    state = Round(**values)
    known = state.upto <= mailbox.sequence and (state.since or 0) <= mailbox.sequence
    if (state.mailbox, state.folder, state.generation) != (mailbox.oid, folder, mailbox.generation) or not known:
        raise sync_state_not_found()
    return state


def page(mailbox: Mailbox, state: Round, size: int) -> tuple[list[Row], Round, bool]:
    """The next rows of a round, the state to go on with, and whether the round is over."""
    rows = list(islice(_present(mailbox, state) if state.since is None else _changed(mailbox, state), size + 1))
    shown = rows[:size]
    if len(rows) > size:
        return shown, replace(state, after=shown[-1].place), False
    return shown, replace(state, since=state.upto, upto=state.upto, after=None), True


def begin(mailbox: Mailbox, state: Round) -> Round:
    """The round that a delta token starts: everything between its sequence and now."""
    return replace(state, since=state.upto, upto=mailbox.sequence, after=None)


def _present(mailbox: Mailbox, state: Round) -> Iterator[Row]:
    """What stood in the folder when the round began and still does, newest placement first."""
    earliest = datetime.fromisoformat(state.not_before) if state.not_before else None
    folder = mailbox.folders[state.folder]
    last = state.upto if state.after is None else min(state.upto, state.after - 1)
    for place in range(bisect_right(folder.log, last, key=_number) - 1, -1, -1):
        change = folder.log[place]
        message = folder.items.get(change.serial) if change.kind == "placed" else None
        if message is None or message.placed != change.number:
            continue
        if earliest is None or _in_time(message.received, earliest, state.strictly):
            yield Row(change.serial, change.number)


def _changed(mailbox: Mailbox, state: Round) -> Iterator[Row]:
    """One row for each item that changed, at the place of its last change."""
    steps_of = _steps(mailbox, state)
    earliest = datetime.fromisoformat(state.not_before) if state.not_before else None
    start = 0 if state.after is None else bisect_right(steps_of, state.after, key=lambda steps: steps[-1].number)
    for steps in islice(steps_of, start, None):
        serial = steps[-1].serial
        row = _row(mailbox, serial, steps)
        kind = "deleted" if row.removed else "updated" if row.fields else "created"
        if state.kinds and state.kinds != kind:
            continue
        if earliest and not row.removed and not _in_time(mailbox.messages[serial].received, earliest, state.strictly):
            continue
        yield row


def _steps(mailbox: Mailbox, state: Round) -> list[list[Change]]:
    """The steps of a round by item, in the order of their last ones. The log only grows, so a round's never change."""
    log = mailbox.folders[state.folder].log
    start = bisect_right(log, state.since or 0, key=_number)
    end = bisect_right(log, state.upto, key=_number)
    if end - start < _WORTH_KEEPING:
        return _grouped(log[start:end])
    found = mailbox.rounds.pop((state.folder, start, end), None) or _grouped(log[start:end])
    mailbox.rounds[state.folder, start, end] = found
    if len(mailbox.rounds) > _KEPT_ROUNDS:
        del mailbox.rounds[next(iter(mailbox.rounds))]
    return found


def _grouped(log: list[Change]) -> list[list[Change]]:
    changes: dict[int, list[Change]] = {}
    for change in log:
        changes.setdefault(change.serial, []).append(change)
    return sorted(changes.values(), key=lambda steps: steps[-1].number)


def _number(change: Change) -> int:
    return change.number


def _in_time(received: datetime, earliest: datetime, strictly: bool) -> bool:
    return received > earliest if strictly else received >= earliest


def _row(mailbox: Mailbox, serial: int, steps: list[Change]) -> Row:
    last = steps[-1]
    message = mailbox.messages.get(serial)
    elsewhere = message is None or message.folder_id != last.folder_id
    if last.kind == "removed" or elsewhere:
        return Row(serial, last.number, removed=_ids(mailbox, last))
    if any(step.kind == "placed" for step in steps):
        return Row(serial, last.number)
    touched = dict.fromkeys(name for step in steps for name in step.fields)
    return Row(serial, last.number, fields=tuple(touched))


def _ids(mailbox: Mailbox, last: Change) -> tuple[str, str]:
    default = ids.default_id(mailbox.address, last.serial, last.placed)
    return default, ids.immutable_id(mailbox.address, last.serial)


def changed_folders(mailbox: Mailbox, state: Round) -> list[Folder]:
    """Folders that came or whose counts changed in the round; the root is never listed."""
    after = state.after if state.after is not None else state.since or 0
    found = [
        folder
        for folder in mailbox.folders.values()
        if folder.parent_id and not folder.is_hidden and after < folder.changed <= state.upto
    ]
    return sorted(found, key=lambda folder: folder.changed)
