"""`manage.py sweep`: wake what is due. Run one beside the workers of a production installation; more are harmless."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from sync import tasks
from sync.services.background import due_intents
from sync.worker import SWEEP_SECONDS, sweep_until


class Command(BaseCommand):
    help = "Wake due work: once, or with --forever every few seconds until SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--forever", action="store_true")
        parser.add_argument("--every", type=float, default=SWEEP_SECONDS, metavar="SECONDS")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["forever"]:
            due = due_intents()
            for intent_id in due:
                tasks.look.send(str(intent_id))
            self.stdout.write(f"{len(due)} woken")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        sweep_until(stop, options["every"])
