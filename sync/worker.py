"""The embedded worker: Dramatiq on threads inside the web process, for an installation with no broker of its own.

Its memory may be lost at any moment: rows are the truth, and the sweeper below wakes whatever is due.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable

import dramatiq
import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from django.db import close_old_connections
from dramatiq.errors import ConnectionClosed
from dramatiq_crontab import scheduler

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 0.5
THREADS = 4


def sweep_until(stop: threading.Event, every: float = SWEEP_SECONDS) -> None:
    """Wakes what is due again and again until told to stop. An error of database or broker is logged and outlived."""
    from django.db import DatabaseError

    from sync.capture.scheduling import sweep

    while not stop.wait(every):
        close_old_connections()
        try:
            sweep()
        except (DatabaseError, ConnectionClosed, OSError) as error:
            log.warning("sweep.failed", error=type(error).__name__)


def start_embedded() -> Callable[[], None]:
    """Starts the worker and its sweeper; gives the function that stops both."""
    stop = threading.Event()
    worker = dramatiq.Worker(dramatiq.get_broker(), worker_threads=THREADS, worker_timeout=250)
    worker.start()
    sweeper = threading.Thread(target=sweep_until, args=(stop,), name="sweeper", daemon=True)
    sweeper.start()
    # What is periodic runs by the same scheduler as in a process of its own (`manage.py crontab`).
    clock = BackgroundScheduler(daemon=True)
    for job in scheduler.get_jobs():
        clock.add_job(job.func, job.trigger, name=job.name)
    clock.start()

    def end() -> None:
        stop.set()
        clock.shutdown(wait=False)
        worker.stop(timeout=5_000)
        sweeper.join(timeout=5)

    atexit.register(end)
    return end
