"""The supervisor of the demo and the benchmarks leaves nothing behind, whatever its children do."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from scripts import processes
from scripts.processes import ChildFailed, Processes, Stopped

PYTHON = [sys.executable, "-u", "-c"]
WITH_GRANDCHILD = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid)\n"
)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def gone(pid: int) -> bool:
    """A grandchild is buried by init, which may take a moment."""
    end = time.monotonic() + 5
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not alive(pid)


def first_line(supervisor: Processes, log: Path) -> int:
    def printed() -> bool:
        return log.read_text().endswith("\n")

    supervisor.wait_until(printed, "a line", seconds=10)
    return int(log.read_text())


def test_leaving_stops_children_and_what_they_started(tmp_path: Path) -> None:
    with Processes(tmp_path) as supervisor:
        child = supervisor.start("child", [*PYTHON, WITH_GRANDCHILD + "time.sleep(60)"], os.environ)
        grandchild = first_line(supervisor, child.log)
        assert alive(child.process.pid)
        assert alive(grandchild)
    assert gone(child.process.pid)
    assert gone(grandchild)


def test_a_child_that_does_not_listen_is_killed_after_its_grace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "GRACE", 0.2)
    deaf = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(os.getpid()); time.sleep(60)"
    with Processes(tmp_path) as supervisor:
        child = supervisor.start("deaf", [*PYTHON, deaf], os.environ)
        first_line(supervisor, child.log)
    assert child.process.returncode == -signal.SIGKILL


def test_a_child_that_ends_by_itself_is_reported_with_its_last_words_and_the_rest_is_stopped(tmp_path: Path) -> None:
    with Processes(tmp_path) as supervisor:
        other = supervisor.start("other", [*PYTHON, "import time; time.sleep(60)"], os.environ)
        supervisor.start("sandbox", [*PYTHON, "print('no such seed'); raise SystemExit(3)"], os.environ)
        with pytest.raises(ChildFailed, match=r"(?s)^sandbox ended .*exit status 3.*sandbox\.log.*no such seed"):
            supervisor.watch()
    assert gone(other.process.pid)


def test_what_a_dead_child_left_behind_is_stopped_too(tmp_path: Path) -> None:
    with Processes(tmp_path) as supervisor:
        child = supervisor.start("child", [*PYTHON, WITH_GRANDCHILD], os.environ)
        grandchild = 0
        with pytest.raises(ChildFailed):
            supervisor.watch()
        grandchild = int(child.log.read_text())
    assert gone(grandchild)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_wait_and_nothing_is_started_after_it(tmp_path: Path, number: signal.Signals) -> None:
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        with Processes(tmp_path) as supervisor:
            supervisor.listen_to_signals()
            os.kill(os.getpid(), number)
            with pytest.raises(Stopped, match=number.name):
                supervisor.watch()
            with pytest.raises(Stopped):
                supervisor.start("late", [*PYTHON, "print(1)"], os.environ)
            assert supervisor.children == []
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@pytest.mark.parametrize(
    ("code", "seconds", "words"),
    [
        ("print('no such table'); raise SystemExit(1)", 10.0, "no such table"),
        ("import time; time.sleep(60)", 0.2, "Waited"),
    ],
)
def test_a_step_that_fails_or_takes_too_long_is_reported(tmp_path: Path, code: str, seconds: float, words: str) -> None:
    with Processes(tmp_path) as supervisor, pytest.raises(ChildFailed, match=words):
        supervisor.run("migrate", [*PYTHON, code], os.environ, seconds=seconds)


def test_a_step_that_succeeds_is_not_taken_for_a_child_that_ended(tmp_path: Path) -> None:
    with Processes(tmp_path) as supervisor:
        supervisor.run("migrate", [*PYTHON, "print('done')"], os.environ, seconds=10)
        supervisor.check()
    assert (tmp_path / "migrate.log").read_text() == "done\n"


def test_waiting_ends_when_it_is_ready(tmp_path: Path) -> None:
    answers = iter([False, False, True])
    with Processes(tmp_path) as supervisor:
        supervisor.wait_until(lambda: next(answers), "it", seconds=10)
    assert list(answers) == []
