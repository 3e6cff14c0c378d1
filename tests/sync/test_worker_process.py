"""A worker of its own process, as in production: `manage.py rundramatiq` on the broker that BROKER_URL names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from sync import tasks
from sync.models import Intent
from tests.sync.queue import wait_for
from tests.sync.services.conftest import stage as stage
from tests.sync.services.stage import Stage
from tests.sync.test_queue import put_off

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.rabbitmq,
    pytest.mark.skipif(not settings.BROKER_URL, reason="without a broker the worker is part of the process"),
]

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "ALONGSIDE_CA_FILE",
    "ALONGSIDE_VAR",
    "BROKER_URL",
    "MICROSOFT_CLIENT_ID",
    "MICROSOFT_CLIENT_SECRET",
    "MICROSOFT_GRAPH_URL",
    "MICROSOFT_LOGIN_URL",
    "SALESFORCE_CLIENT_ID",
    "SALESFORCE_CLIENT_SECRET",
    "SALESFORCE_LOGIN_URL",
)


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        **{name: str(getattr(settings, name)) for name in NAMES},
        "DJANGO_SETTINGS_MODULE": "tests.beside_settings",
        "TEST_DATABASE": str(connection.settings_dict["NAME"]),
    }
    command = [sys.executable, "manage.py", "rundramatiq", "--processes", "1", "--threads", "2"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def test_a_worker_process_carries_out_what_is_due_and_ends_cleanly(stage: Stage) -> None:
    intent, message_id = put_off(stage)
    with worker() as process:
        tasks.look.send(str(intent.pk))
        assert wait_for(lambda: Intent.objects.get(pk=intent.pk).state == Intent.State.DONE, 40)
        process.terminate()
        assert process.wait(30) == 0
    assert len(stage.records_of(message_id)) == 1


def test_what_a_killed_worker_held_is_taken_over_by_the_next(stage: Stage) -> None:
    intent, message_id = put_off(stage)
    # It hangs at Salesforce, its claim made, when it is killed.
    stage.sandbox.fault(service="salesforce", path=".*composite.*", kind="slow", delay_ms=20_000)
    with worker() as process:
        tasks.look.send(str(intent.pk))
        assert wait_for(lambda: Intent.objects.get(pk=intent.pk).state == Intent.State.CLAIMED, 40)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
    stage.sandbox.clear_faults()
    Intent.objects.update(lease_until=timezone.now())
    with worker():
        tasks.look.send(str(intent.pk))
        assert wait_for(lambda: Intent.objects.get(pk=intent.pk).state == Intent.State.DONE, 40)
    assert len(stage.records_of(message_id)) == 1
