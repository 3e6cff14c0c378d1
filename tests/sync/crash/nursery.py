"""The test's side of `worker`: starting workers and sweepers, and ending them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from tests.sandbox_process import ROOT, SandboxProcess
from tests.sync.crash.points import WAKE, Point, note
from tests.sync.crash.worker import sessions_of
from tests.sync.queue import wait_for

#: Settings that a sandbox decides, and its own word for each.
ADDRESSES = {
    "ALONGSIDE_CA_FILE": "ca_file",
    "MICROSOFT_CLIENT_ID": "microsoft_client_id",
    "MICROSOFT_CLIENT_SECRET": "microsoft_client_secret",
    "MICROSOFT_GRAPH_URL": "microsoft_graph_url",
    "MICROSOFT_LOGIN_URL": "microsoft_login_url",
    "SALESFORCE_CLIENT_ID": "salesforce_client_id",
    "SALESFORCE_CLIENT_SECRET": "salesforce_client_secret",
    "SALESFORCE_LOGIN_URL": "salesforce_login_url",
}


def environment_of(sandbox: SandboxProcess, database: str) -> dict[str, str]:
    """For a process of the product beside a test: the test's database, the sandbox's addresses."""
    return {
        **os.environ,
        **{name: str(sandbox.info[word]) for name, word in ADDRESSES.items()},
        "DJANGO_SETTINGS_MODULE": "tests.beside_settings",
        "TEST_DATABASE": database,
    }


class Nursery:
    """One process that children are forked from. `marks` is where children note the points that they reach."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.folder = folder
        self.marks = folder / "marks"
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sync.crash.worker"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.children: list[Child] = []

    def start(self, role: str, *, point: Point | None = None, **more: Any) -> Child:
        """`more`: leases, woken, repeat, sent (`worker`)."""
        order = {"do": "start", "role": role, "point": point.order() if point else None, "marks": str(self.marks)}
        child = Child(self, role, self.ask(order | more)["pid"])
        self.children.append(child)
        return child

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the workers' parent has ended:\n{self.log()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def sweep_beside(self, **more: Any) -> None:
        """A sweeper of its own, where there is a broker; the embedded worker has one inside."""
        if settings.BROKER_URL:
            self.start("sweeper", **more)

    def notes(self) -> list[str]:
        return self.marks.read_text().splitlines() if self.marks.exists() else []

    def await_point(self, point: Point) -> None:
        assert wait_for(lambda: str(point) in self.notes(), 40), f"{point} was not reached:\n{self.log()}"

    def wake(self) -> None:
        """Whoever sleeps at a point goes on."""
        note(self.marks, WAKE)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-6000:]

    def forget(self) -> None:
        """Kills whoever is left, and begins new notes."""
        for child in self.children:
            child.kill()
        self.children.clear()
        self.marks.unlink(missing_ok=True)

    def close(self) -> None:
        self.forget()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._log.close()


class Child:
    """A worker or sweeper. Signals go to its main process, as a supervisor sends them; `kill` takes all of it."""

    def __init__(self, nursery: Nursery, role: str, pid: int) -> None:
        self.nursery, self.role, self.pid = nursery, role, pid
        self._status: int | None = None

    def status(self) -> int | None:
        """As `subprocess` tells it: None while it runs, negative for a signal."""
        if self._status is None:
            self._status = self.nursery.ask({"do": "poll", "pid": self.pid})["status"]
        return self._status

    def wait(self, seconds: float) -> int:
        ended = wait_for(lambda: self.status() is not None, seconds)
        if not ended:
            self._signal_all(signal.SIGUSR2)  # it writes down where it is
            time.sleep(0.5)
        assert ended, f"{self.role} goes on:\n{self.nursery.log()}"
        assert self._status is not None
        return self._status

    def kill(self) -> None:
        """The machine goes dark: the process and whatever it started. What it had sent to PostgreSQL is carried out."""
        self._signal_all(signal.SIGKILL)
        self.wait(10)
        assert wait_for(lambda: not self._has_sessions(), 10), f"{self.role}'s sessions outlive it"

    def _has_sessions(self) -> bool:
        if connection.vendor != "postgresql":
            return False
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_stat_activity WHERE application_name = %s", [sessions_of(self.pid)])
            return cursor.fetchone() is not None

    def end(self, seconds: float) -> tuple[int, float]:
        """SIGTERM; the exit status and how long it took."""
        begun = time.monotonic()
        if self.status() is None:
            os.kill(self.pid, signal.SIGTERM)
        return self.wait(seconds), time.monotonic() - begun

    def _signal_all(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return  # all of it has ended
