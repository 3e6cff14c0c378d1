"""The embedded worker: Dramatiq on threads inside the web process, for an installation with no broker of its own.

Its memory may be lost at any moment: rows are the truth, and the sweeper below wakes whatever is due.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable

import dramatiq
import structlog
from django.db import close_old_connections, connection

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 5.0
THREADS = 4


def sweep_until(stop: threading.Event, every: float = SWEEP_SECONDS) -> None:
    """Wakes due intents again and again until told to stop. An error of the database is logged and outlived."""
    from django.db import DatabaseError

    from sync import tasks
    from sync.services.background import due_intents

    while not stop.wait(every):
        close_old_connections()
        try:
            for intent_id in due_intents():
                tasks.look.send(str(intent_id))
        except DatabaseError as error:
            log.warning("sweep.failed", error=type(error).__name__)
        finally:
            connection.close()


def start_embedded() -> Callable[[], None]:
    """Starts the worker and its sweeper; gives the function that stops both."""
    stop = threading.Event()
    worker = dramatiq.Worker(dramatiq.get_broker(), worker_threads=THREADS, worker_timeout=250)
    worker.start()
    sweeper = threading.Thread(target=sweep_until, args=(stop,), name="sweeper", daemon=True)
    sweeper.start()

    def end() -> None:
        stop.set()
        worker.stop(timeout=5_000)
        sweeper.join(timeout=5)

    atexit.register(end)
    return end
