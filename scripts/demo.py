"""`./dev demo`: the whole product beside its sandbox, on this machine alone, with nothing else installed.

    sandbox answers ─► migrate ─► seed_demo ─► gunicorn answers ─► one address printed ─► Ctrl-C: all stop

The sandbox's state is in memory, so the database is made anew on each start; the keys and the sandbox's certificate
authority are kept. Everything lies in var/demo (var/demo-2 … while another demo runs).
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import shutil
import socket
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scripts import ROOT, caller_path
from scripts.environment import over_shell, sandbox_environment
from scripts.processes import ChildFailed, Processes, Stopped

KEPT = {"keys.json", "sandbox", "lock"}
SANDBOX_SERVICES = ("salesforce", "microsoft", "graph", "google", "gmail", "webmail")
SANDBOX_SECONDS = 60.0
PREPARE_SECONDS = 120.0
READY_SECONDS = 60.0
PORTS_TRIED = 100
INSTALLATIONS = 9


def arguments() -> argparse.ArgumentParser:
    """The command line of `./dev demo`."""
    parser = argparse.ArgumentParser(prog="./dev demo", description="Start the whole product with its sandbox.")
    parser.add_argument("--check", action="store_true", help="stop, with exit status 0, once everything answers")
    parser.add_argument("--mail", metavar="PATH", help="an mbox file or a folder of .eml files for a rep's mailbox")
    parser.add_argument("--port", type=int, default=8000, help="the first port to try (default 8000)")
    parser.add_argument("--seed", type=int, default=1, help="the number that the sandbox's company grows from")
    parser.add_argument("--person-accounts", metavar="N", help="so many private customers more in Salesforce")
    parser.add_argument("--custom-object", action="store_true", help="an object of the org's own, Installation__c")
    parser.add_argument("--related-records", metavar="N", help="so many records of each kind on Delmar Shipyards")
    return parser


def main() -> int:
    parser = arguments()
    options = parser.parse_args()
    mail = caller_path(options.mail) if options.mail else None
    if mail and not mail.exists():
        parser.error(f"--mail: {options.mail} does not exist")
    if not 0 <= options.port < 2**16:
        parser.error("--port: a number up to 65535")
    ready = False
    try:
        with installation() as var, Processes(var / "logs") as processes:
            processes.listen_to_signals()
            address = start(
                processes, var, port=options.port, seed=options.seed, mail=mail, growth=growth_words(options)
            )
            ready = True
            if options.check:
                print(f"Alongside answers: {address}")
                return 0
            print(f"Alongside is ready: {address}  (Ctrl-C stops it)", flush=True)
            processes.watch()
    except Stopped:
        return 0 if ready and not options.check else 130
    except ChildFailed as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def growth_words(options: argparse.Namespace) -> list[str]:
    """What the sandbox is told of records beyond its first ones; the demo always has activities to show."""
    words = ["--activities", *(["--custom-object"] if options.custom_object else [])]
    for name in ("person_accounts", "related_records"):
        number = getattr(options, name)
        words += [f"--{name.replace('_', '-')}", number] if number is not None else []
    return words


def start(
    processes: Processes, var: Path, *, port: int, seed: int, mail: Path | None, growth: Sequence[str] = ()
) -> str:
    """Starts sandbox and product; gives the address to open once all of it answers. Raises as `Processes` does."""
    info = start_sandbox(processes, var, "--seed", str(seed), *growth, *(["--mail", str(mail)] if mail else []))
    for line in info["mail_report"]:
        print(f"demo: not shown: {line}", file=sys.stderr)
    with listen(port) as listener:
        port = listener.getsockname()[1]
        environment = over_shell(sandbox_environment(info, var, port))
        report = str(var / "sandbox" / "sandbox.json")
        manage = [sys.executable, "manage.py"]
        processes.run("migrate", [*manage, "migrate", "--no-input"], environment, seconds=PREPARE_SECONDS)
        processes.run("seed_demo", [*manage, "seed_demo", report], environment, seconds=PREPARE_SECONDS)
        start_server(processes, environment, listener)
    address = f"http://127.0.0.1:{port}"
    processes.wait_until(lambda: answers(f"{address}/readyz"), "the product to be ready", seconds=READY_SECONDS)
    for page, ca_file in (
        (f"{address}/demo/", None),
        (f"{info['salesforce_login_url']}/_sandbox/log", info["ca_file"]),
        (f"{info['microsoft_graph_url']}/_sandbox/log", info["ca_file"]),
    ):
        if not answers(page, ca_file):
            raise ChildFailed(f"{page} does not answer as it should. The logs are in {processes.logs}")
    return f"{address}/demo/"


def start_sandbox(processes: Processes, var: Path, *arguments: str) -> dict[str, Any]:
    """Starts the sandbox on free ports and answers with what it wrote into sandbox.json once all of it answers."""
    state = var / "sandbox"
    state.mkdir(parents=True, exist_ok=True)
    report = state / "sandbox.json"
    report.unlink(missing_ok=True)
    ports = [word for name in SANDBOX_SERVICES for word in (f"--{name}-port", "0")]
    command = [sys.executable, "-m", "sandbox", "--state-dir", str(state), *ports, *arguments]
    processes.start("sandbox", command, over_shell({"PYTHONUNBUFFERED": "1"}))
    processes.wait_until(report.is_file, "the sandbox", seconds=SANDBOX_SECONDS)
    info: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return info


def start_server(processes: Processes, environment: dict[str, str], listener: socket.socket) -> None:
    """gunicorn on a socket that listens already, so that nobody else can take the port in between."""
    descriptor = listener.fileno()
    command = [
        *(sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"fd://{descriptor}"),
        *("--worker-class", "gthread", "--workers", "1", "--threads", "8"),
        *("--graceful-timeout", "4", "--no-control-socket"),
    ]
    processes.start("server", command, environment, pass_fds=[descriptor])


@contextlib.contextmanager
def installation() -> Iterator[Path]:
    """The folder of this start, empty but for keys and certificate authority, and nobody else's while it is used."""
    for number in range(1, INSTALLATIONS + 1):
        var = ROOT / "var" / ("demo" if number == 1 else f"demo-{number}")
        var.mkdir(parents=True, exist_ok=True)
        with (var / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            for entry in var.iterdir():
                if entry.name not in KEPT:
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            yield var
            return
    raise ChildFailed(f"{INSTALLATIONS} demos run already; stop one of them first.")


def listen(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1, on `port` or the next free one. Raises ChildFailed when none of them is free."""
    for candidate in range(port, min(port + PORTS_TRIED, 2**16)):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", candidate))
            listener.listen(128)
        except OSError:
            listener.close()
            continue
        return listener
    raise ChildFailed(f"No port from {port} on is free.")


def answers(address: str, ca_file: str | None = None) -> bool:
    """Whether a GET is answered with 200. A proxy of the person's own is not asked: the address is on this machine."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if ca_file:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca_file)))
    try:
        with urllib.request.build_opener(*handlers).open(address, timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    sys.exit(main())
