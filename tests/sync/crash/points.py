"""The crash points of the engine: the numbered steps of `sync.capture`, and what a test lets happen at them.

    point (a step; before, after or within it) ──► the function that is the step, as its caller looks it up
        └─ at its n-th call ──► killed, asleep, or the broker's queues emptied

The product has no hooks for this: `arm` wraps the function in the worker process of a test alone (`worker`).
"""

from __future__ import annotations

import functools
import os
import pkgutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker

NOT_YET = object()
WAKE = "wake"
Matters = Callable[[tuple[Any, ...], object], bool]


def _any(given: tuple[Any, ...], found: object) -> bool:
    return True


def _won(given: tuple[Any, ...], found: object) -> bool:
    return bool(found)


def _has_rows(given: tuple[Any, ...], found: object) -> bool:
    return bool(given[2].rows)


def _has_news(given: tuple[Any, ...], found: object) -> bool:
    return found is NOT_YET or bool(getattr(found, "changes", ()))


@dataclass(frozen=True, slots=True)
class Step:
    """`number` as in the drawing. `owner` is `module` or `module:Class`; calls that do not `matter` are not counted."""

    number: str
    owner: str
    function: str
    matters: Matters = _any


STEPS = {
    "claimed": Step("①", "sync.capture.reading", "claim", _won),
    "page-read": Step("②", "sync.services.clients:OpenMailbox", "changes", _has_news),
    "page-stored": Step("③", "sync.capture.reading", "store", _has_rows),
    "lane-claimed": Step("④", "sync.capture.batches", "claim_lane", _won),
    "matched": Step("⑤", "sync.capture.matching", "read_all"),
    "fetched": Step("⑥", "sync.services.clients:OpenMailbox", "messages"),
    "emails-written": Step("⑦", "sync.providers.salesforce.filings", "create_records"),
    "relations-written": Step("⑧", "sync.providers.salesforce.filings", "create_beside"),
    "recorded": Step("⑨", "sync.capture.recording", "record"),
    "file-stored": Step("⑩", "sync.services.execute", "put_file"),
}
#: The two steps that are a transaction, where it is open and everything in it is written.
WITHIN = {
    "page-stored": Step("③", "sync.capture.storing", "write_rows", lambda given, _: bool(given[2].rows)),
    "recorded": Step("⑨", "sync.capture.recording", "record_links"),
}


@dataclass(frozen=True, slots=True)
class Point:
    """`when`: before, after or within. `deed`: kill, sleep or flush."""

    step: str
    when: str = "after"
    call: int = 1
    deed: str = "kill"

    def __str__(self) -> str:
        return f"{self.deed}-{self.when}-{self.step}"

    def order(self) -> dict[str, Any]:
        return asdict(self)


def arm(point: Point, marks: Path) -> None:
    """From here on this process does the deed at that point, and notes in `marks` that it got there."""
    step = WITHIN[point.step] if point.when == "within" else STEPS[point.step]
    holder = pkgutil.resolve_name(step.owner)
    original = getattr(holder, step.function)
    count, lock = 0, threading.Lock()

    def reached(given: tuple[Any, ...], found: object) -> bool:
        nonlocal count
        if not step.matters(given, found):
            return False
        with lock:
            count += 1
            if count != point.call:
                return False
        note(marks, str(point))
        if point.deed == "sleep":
            sleep(marks)
        else:
            DEEDS[point.deed]()
        return True

    @functools.wraps(original)
    def wrapper(*given: Any, **named: Any) -> Any:
        here = point.when == "before" and reached(given, NOT_YET)
        found = original(*given, **named)
        if here:
            note(marks, f"{point} gave {found}")
        if point.when != "before":
            reached(given, found)
        return found

    setattr(holder, step.function, wrapper)


def note(marks: Path, line: str) -> None:
    """One line in one write: what several processes note does not mix."""
    with marks.open("ab", buffering=0) as file:
        file.write(f"{line}\n".encode())


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(marks: Path) -> None:
    """This thread alone, until the test notes that it is over: a process that is stopped may hold SQLite's lock."""
    while WAKE not in marks.read_text().splitlines():
        time.sleep(0.05)


def flush() -> None:
    """The broker forgets everything: what waits in it, and on Redis who works on what.

    On Redis that is every key of this broker, which is what FLUSHDB takes where nobody else has keys.
    """
    broker = dramatiq.get_broker()
    if isinstance(broker, RedisBroker):
        keys = list(broker.client.scan_iter(f"{broker.namespace}*"))
        if keys:
            broker.client.delete(*keys)
        return
    broker.flush_all()


DEEDS = {"kill": kill, "flush": flush}
