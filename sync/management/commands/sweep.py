"""`manage.py sweep`: wake what is due. Run one beside the workers of a production installation; more are harmless."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from permissions.declare import requires
from sync.capture.scheduling import sweep
from sync.worker import SWEEP_SECONDS, sweep_until


@requires("filing.recover")
class Command(BaseCommand):
    help = "Wake due work: once, or with --forever again and again until SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--forever", action="store_true")
        parser.add_argument("--every", type=float, default=SWEEP_SECONDS, metavar="SECONDS")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["forever"]:
            self.stdout.write(f"{sweep().all} woken")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            # Not set by the handler itself: it interrupts the very thread that may hold the event's lock.
            signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
        sweep_until(stop, options["every"])
