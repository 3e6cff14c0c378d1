"""Workers and sweepers of the product for tests, as children of one process in which Django is set up once.

    test ──► stdin, one order a line ──► fork ──► a worker or sweeper, in a process group of its own
         ◄── stdout, one answer a line

A worker is `dramatiq` itself where there is a broker (its main process and one that works), and the embedded worker
with its sweeper on threads where there is none. Settings are the product's, the database is the test's
(`tests.beside_settings`). What an order asks for besides happens in that child alone:

    point      what happens at a crash point (`points`)
    leases     seconds that a lease lasts, in place of its 90 and 45
    woken      seconds for which what was woken is not woken again, in place of 30
    repeat     how often each message is sent
    sent       a file that each message's actor, id and organisation are noted in

When stdin ends, all of them are killed.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
import dramatiq
from django.conf import settings
from django.core.management import call_command

from tests.sync.crash.points import Point, arm, note

THREADS = "4"
SWEEP_EVERY = 0.2
LEASES = ("sync.capture.claims", "sync.capture.storing", "sync.capture.foldering", "sync.services.leases")
Order = dict[str, Any]


def work() -> None:
    if settings.BROKER_URL:
        cli = importlib.import_module("dramatiq.cli")
        command = ["django_dramatiq.setup", "sync.tasks", "--processes", "1", "--threads", THREADS]
        sys.exit(cli.main(cli.make_argument_parser().parse_args(command)))
    from sync.worker import start_embedded

    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    end = start_embedded()
    # Not an Event's wait: a signal that comes just before a lock is waited for does not end that wait.
    while not told:
        time.sleep(0.05)
    end()


def sweep() -> None:
    call_command("sweep", forever=True, every=SWEEP_EVERY)


ROLES: dict[str, Callable[[], None]] = {"worker": work, "sweeper": sweep}


def prepare(order: Order) -> None:
    """What the order asks for besides, in this process."""
    if order.get("point"):
        arm(Point(**order["point"]), Path(order["marks"]))
    if order.get("leases"):
        for module in LEASES:
            vars(importlib.import_module(module))["LEASE"] = timedelta(seconds=order["leases"])
    if order.get("woken"):
        vars(importlib.import_module("sync.capture.scheduling"))["WOKEN_FOR"] = timedelta(seconds=order["woken"])
    if order.get("repeat") or order.get("sent"):
        _watch_the_broker(order.get("repeat", 1), Path(order["sent"]) if order.get("sent") else None)


def _watch_the_broker(repeat: int, sent: Path | None) -> None:
    broker = dramatiq.get_broker()
    enqueue = broker.enqueue

    def watched(message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        if sent is not None:
            note(sent, f"{message.actor_name} {' '.join(message.args)}")
        for _ in range(repeat - 1):
            enqueue(message.copy(), delay=delay)
        return enqueue(message, delay=delay)

    broker.enqueue = watched  # type: ignore[method-assign]


def start(order: Order) -> dict[str, Any]:
    pid = os.fork()
    if pid == 0:
        _be(order)
    _lead_a_group(pid)
    return {"pid": pid}


def _be(order: Order) -> None:
    code = 1
    try:
        _lead_a_group(0)
        # Orders and answers are the parent's; what a child prints goes where errors go.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        faulthandler.register(signal.SIGUSR2, file=2, all_threads=True)
        os.environ["PGAPPNAME"] = sessions_of(os.getpid())
        prepare(order)
        ROLES[order["role"]]()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code & 0xFF)


def sessions_of(pid: int) -> str:
    """What a child's sessions are called at PostgreSQL, those of the processes that it starts too."""
    return f"child-{pid}"


def _lead_a_group(pid: int) -> None:
    try:
        os.setpgid(pid, pid)
    except OSError:
        return  # the other of the two was faster, or it has ended already


def poll(order: Order) -> dict[str, Any]:
    """The exit status of a child as `subprocess` tells it, None while it runs."""
    pid, status = os.waitpid(order["pid"], os.WNOHANG)
    return {"status": os.waitstatus_to_exitcode(status) if pid else None}


def main() -> None:
    django.setup()
    born: list[int] = []
    try:
        for line in iter(sys.stdin.readline, ""):
            order = json.loads(line)
            answer = poll(order) if order["do"] == "poll" else start(order)
            born += [answer["pid"]] if "pid" in answer else []
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    finally:
        for pid in born:
            try:
                os.killpg(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue


if __name__ == "__main__":
    main()
