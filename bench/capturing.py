"""A company with full mailboxes beside its sandbox, for the measurements of the engine.

with scene(reps={"microsoft": 3}) as stage:
    stage.fill("rep01@larkfield.example", 1_000)
    stage.connect(["rep01@larkfield.example"])
    stage.job("run", addresses=["rep01@larkfield.example"])     # within the product, in a process of its own
    stage.calls("graph")
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.services import services
from scripts.demo import PREPARE_SECONDS, READY_SECONDS, answers, listen, start_sandbox
from scripts.environment import over_shell, sandbox_environment
from scripts.processes import Child, Processes

DOMAINS = {"microsoft": "larkfield.example", "google": "larkfield-labs.example"}
#: The services' own limits would be what is measured; a benchmark has them out of the way.
LIMITS = {
    "salesforce_daily": 10_000_000,
    "graph_requests": 10_000_000,
    "gmail_user_units": 100_000_000,
    "gmail_project_units": 1_000_000_000,
}
SETTINGS = {"GOOGLE_UNITS_PER_MINUTE": "100000000"}
JOB_SECONDS = 3_600.0


def reps(suite: str, first: int, last: int) -> list[str]:
    """Addresses of the further reps of a suite, by number."""
    return [f"rep{number:02}@{DOMAINS[suite]}" for number in range(first, last + 1)]


@dataclass
class Scene:
    """`environment` is what the product's processes are started with, `port` where its web process may listen."""

    info: dict[str, Any]
    environment: dict[str, str]
    var: Path
    processes: Processes
    address: str
    listener: Any
    http: httpx.Client = field(init=False)
    jobs: int = 0

    def __post_init__(self) -> None:
        context = ssl.create_default_context(cafile=self.info["ca_file"])
        self.http = httpx.Client(verify=context, trust_env=False, timeout=300)
        self.control("POST", "limits", LIMITS)

    @property
    def report(self) -> str:
        return str(self.var / "sandbox" / "sandbox.json")

    def control(self, method: str, what: str, body: Any = None, **query: str) -> Any:
        """One of the sandbox's control routes; its answer."""
        url = f"{self.info['salesforce_login_url']}/_sandbox/{what}"
        answer = self.http.request(method, url, json=body, params=query or None)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def fill(self, address: str, count: int, *, matching: float = 30, seed: int = 1, days: float = 5.5) -> None:
        """So many small messages of the window that is read."""
        order = {"user": address, "count": count, "matching_percent": matching, "seed": seed, "days": days}
        self.control("POST", "mail/fill", order)

    def connect(self, addresses: Sequence[str]) -> None:
        self.job("company", report=self.report, addresses=addresses)

    def calls(self, service: str) -> list[dict[str, Any]]:
        """The calls that a service has received since the log was cleared."""
        rows: list[dict[str, Any]] = self.control("GET", "log", service=service)
        return rows

    def clear_log(self) -> None:
        self.control("DELETE", "log")

    def start(self, name: str, arguments: Sequence[str]) -> Child:
        """A process of the product that goes on until the scene ends, or `processes.end` is called."""
        return self.processes.start(name, [sys.executable, *arguments], self.environment)

    def start_web(self) -> None:
        """gunicorn as `docs/operating.md` starts it, on the port that listens already. Raises ChildFailed."""
        descriptor = self.listener.fileno()
        command = [
            *(sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"fd://{descriptor}"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "8", "--no-control-socket"),
        ]
        self.processes.start("web", command, self.environment, pass_fds=[descriptor])
        self.processes.wait_until(lambda: answers(f"{self.address}/readyz"), "the product", seconds=READY_SECONDS)

    def peaks_mib(self, child: Child) -> list[float]:
        """The most memory that each process of a child's group has held so far (VmHWM)."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    if os.getpgid(int(folder.name)) == child.process.pid:
                        status = (folder / "status").read_text(encoding="ascii")
                        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
                        found.append(float(line.split()[1]) / 1024)
                except (FileNotFoundError, PermissionError, ProcessLookupError, StopIteration):
                    continue
        return found

    def job(self, name: str, **given: Any) -> dict[str, Any]:
        """Carries out a job of `bench.inside`; its answer. Raises ChildFailed."""
        self.jobs += 1
        out = self.var / f"job{self.jobs}.json"
        command = [sys.executable, "-m", "bench.inside", name, json.dumps(given), "--out", str(out)]
        self.processes.run(f"{name}{self.jobs}", command, self.environment, seconds=JOB_SECONDS)
        answer: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return answer


@contextmanager
def scene(*, microsoft: int = 0, google: int = 0) -> Iterator[Scene]:
    """The sandbox with so many further reps, and the product's database made; nothing of the product runs yet.

    On PostgreSQL and Redis where these are there, else on SQLite. Raises ChildFailed when something does not start.
    """
    with tempfile.TemporaryDirectory(prefix="alongside-") as folder, services() as found:
        var = Path(folder)
        with Processes(var / "logs") as processes:
            processes.listen_to_signals()
            extra = ("--extra-microsoft", str(microsoft), "--extra-google", str(google))
            info = start_sandbox(processes, var, *extra)
            with listen(0) as listener:
                port = listener.getsockname()[1]
                own = {**SETTINGS, "ALONGSIDE_EMBEDDED_WORKER": "0", **(found or {})}
                environment = over_shell({**sandbox_environment(info, var, port), **own})
                manage = [sys.executable, "manage.py"]
                processes.run("migrate", [*manage, "migrate", "--no-input"], environment, seconds=PREPARE_SECONDS)
                yield Scene(info, environment, var, processes, f"http://127.0.0.1:{port}", listener)
