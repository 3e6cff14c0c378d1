"""Child processes of the demo and the benchmarks: started in groups of their own, watched, and stopped without orphans.

    start ─► wait_until(ready) ─► watch ─► stop: TERM to each, in reverse order ─► after GRACE seconds KILL to its group

A signal never interrupts a step half-way: it is noted, and every wait looks at the note. So no child can be started and
then forgotten.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

from scripts import ROOT

GRACE = 8.0
INTERVAL = 0.05
LAST_LINES = 12


class Stopped(Exception):
    """The person, or the system, asked the supervisor to stop."""


class ChildFailed(Exception):
    """A child ended by itself, or did not become ready. The text is for the terminal and names the child's log."""


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_lines(self) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "".join(f"    {line}\n" for line in text.splitlines()[-LAST_LINES:])


@dataclass
class Processes:
    """Use as a context manager: leaving it stops every child. `logs` is the folder for one log a child."""

    logs: Path
    children: list[Child] = field(default_factory=list)
    stopping: int = 0

    def __enter__(self) -> Processes:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def listen_to_signals(self) -> None:
        """From here on SIGINT, SIGTERM and SIGHUP end every wait with `Stopped`. For a program's main thread only."""

        def note(number: int, frame: FrameType | None) -> None:
            self.stopping = number

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, note)

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, pass_fds: Sequence[int] = ()
    ) -> Child:
        """Starts a child at the project's root, without a terminal; what it prints goes to `logs/<name>.log`."""
        self._look_at_note()
        log = self.logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        child = Child(name, process, log)
        self.children.append(child)
        return child

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str], *, seconds: float) -> None:
        """Runs a child to its end. Raises ChildFailed when it fails, takes longer, or another child ends meanwhile."""
        child = self.start(name, command, environment)
        self.children.remove(child)
        try:
            self.wait_until(lambda: child.process.poll() is not None, f"{name} to end", seconds=seconds)
        finally:
            _kill_group(child)
        if child.process.returncode != 0:
            raise ChildFailed(_ended(child))

    def wait_until(self, ready: Callable[[], bool], what: str, *, seconds: float) -> None:
        """Returns when `ready()` is true. Raises Stopped, or ChildFailed when a child ends or `seconds` are over."""
        end = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > end:
                raise ChildFailed(f"Waited {seconds:.0f} s for {what}. The logs are in {self.logs}")
            time.sleep(INTERVAL)
        self._look_at_note()

    def watch(self) -> None:
        """Waits until somebody asks to stop (Stopped) or a child ends (ChildFailed)."""
        while True:
            self.check()
            time.sleep(INTERVAL)

    def check(self) -> None:
        self._look_at_note()
        for child in self.children:
            if child.process.poll() is not None:
                raise ChildFailed(_ended(child))

    def stop(self) -> None:
        """Ends every child and its group; the last one started first. Returns when none is left."""
        for child in reversed(self.children):
            _end(child)
        self.children.clear()

    def end(self, child: Child) -> None:
        """Ends one child and its group, as `stop` does all of them."""
        self.children.remove(child)
        _end(child)

    def _look_at_note(self) -> None:
        if self.stopping:
            raise Stopped(signal.Signals(self.stopping).name)


def _end(child: Child) -> None:
    if child.process.poll() is None:
        child.process.send_signal(signal.SIGTERM)
        try:
            child.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            child.process.kill()
    _kill_group(child)


def _kill_group(child: Child) -> None:
    """Ends what is left of a child's group: a worker whose master is gone, or the child itself."""
    try:
        os.killpg(child.process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nothing is left of it
    finally:
        child.process.wait()


def _ended(child: Child) -> str:
    return (
        f"{child.name} ended unexpectedly (exit status {child.process.returncode}). "
        f"Its log is {child.log}\n{child.last_lines()}"
    ).rstrip()
