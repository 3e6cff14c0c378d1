"""Several sweepers and schedulers at once, and what SIGTERM does: each row is woken once, each process ends cleanly."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from sync.models import Activity, Collection, Intent, Mailbox, Watch
from tests.sandbox_process import ROOT
from tests.sync.crash.mail import ADDRESS, assert_filed_once, await_rest, is_at_rest, let_pass, stuck
from tests.sync.crash.nursery import Nursery, environment_of
from tests.sync.queue import wait_for
from tests.sync.services.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

A_FEW_SECONDS = 8.0
Start = Callable[..., "Program"]


class Program:
    """A command line of production, as a supervisor runs it."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    def says(self, words: str, seconds: float = 40) -> bool:
        return wait_for(lambda: words in self.log.read_text() or self.process.poll() is not None, seconds) and (
            words in self.log.read_text()
        )

    def end(self) -> tuple[int, float]:
        """SIGTERM; the exit status and how long it took."""
        begun = time.monotonic()
        self.process.terminate()
        return self.process.wait(30), time.monotonic() - begun


@pytest.fixture
def start(stage: Stage, nursery: Nursery, tmp_path: Path) -> Iterator[Start]:
    """Starts `manage.py …`, or a program of the environment."""
    programs: list[Program] = []

    def run(name: str, *arguments: str) -> Program:
        beside = Path(sys.executable).with_name(name)
        command = [str(beside)] if beside.exists() else [sys.executable, "manage.py", name]
        environment = environment_of(stage.sandbox, str(connection.settings_dict["NAME"])) | {"PYTHONUNBUFFERED": "1"}
        programs.append(Program([*command, *arguments], environment, tmp_path / f"log{len(programs)}"))
        return programs[-1]

    yield run
    for program in programs:
        if program.process.poll() is None:
            os.killpg(program.process.pid, 9)
            program.process.wait(10)


def rows_that_wait(mailbox: Mailbox) -> list[str]:
    """Rows of every kind, none of them due yet; the messages that wake them, each once."""
    later = timezone.now() + timedelta(hours=1)
    organisation, lanes = mailbox.organisation, [User.objects.get(email=ADDRESS)]
    lanes += User.objects.filter(email__in=["mia.keller@larkfield.example", "tom.okafor@larkfield.example"])
    Collection.objects.bulk_create(
        Collection(organisation=organisation, mailbox=mailbox, kind="mail", remote_id=f"folder{number}")
        for number in range(30)
    )
    Collection.objects.update(due_at=later)
    Watch.objects.update(due_at=later)
    org = mailbox.user.connections.get(system="salesforce").salesforce_org
    assert org is not None
    for user in lanes:
        for number in range(8):
            activity = Activity.objects.create(
                organisation=organisation, salesforce_org=org, identity=f"<{number}@{user.pk}>", fingerprint=""
            )
            Intent.objects.create(
                organisation=organisation,
                activity=activity,
                user=user,
                kind=Intent.Kind.EMAIL,
                key="email",
                automatic=number < 4,
                due_at=later,
            )
    woken = [
        *(("read_collection", pk) for pk in Collection.objects.values_list("pk", flat=True)),
        *(("keep_watch", pk) for pk in Watch.objects.values_list("pk", flat=True)),
        *(("look", pk) for pk in Intent.objects.filter(automatic=False).values_list("pk", flat=True)),
        *(("file_due", user.pk) for user in lanes),
    ]
    return [f"{actor} {pk} {organisation.pk}" for actor, pk in woken]


def test_three_sweepers_wake_each_row_once_in_a_while(
    stage: Stage, mailbox: Mailbox, nursery: Nursery, tmp_path: Path
) -> None:
    expected, sent = rows_that_wait(mailbox), tmp_path / "sent"
    sent.touch()
    for _ in range(3):
        nursery.start("sweeper", sent=str(sent))

    def lines() -> Counter[str]:
        return Counter(sent.read_text().splitlines())

    time.sleep(1)  # all three sweep before anything is due
    assert lines() == {}
    for times in (1, 2, 3):
        # An hour passes for all rows at once; then what was woken may be woken again.
        let_pass(3600)
        Watch.objects.update(due_at=timezone.now())
        wanted = Counter(expected * times)
        assert wait_for(lambda wanted=wanted: lines() == wanted, 20), lines() - wanted  # type: ignore[misc]
        time.sleep(1)
        assert lines() == wanted
    for child in nursery.children:
        status, seconds = child.end(20)
        assert (status, seconds < A_FEW_SECONDS) == (0, True)


def test_a_worker_ends_what_it_does_and_the_next_one_goes_on(stage: Stage, mailbox: Mailbox, nursery: Nursery) -> None:
    stage.sandbox.latency(400, "salesforce")
    nursery.sweep_beside()
    first = nursery.start("worker")
    assert wait_for(lambda: Intent.objects.filter(state=Intent.State.CLAIMED).exists(), 40), nursery.log()
    status, seconds = first.end(30)
    assert status == 0
    assert seconds < A_FEW_SECONDS
    assert not Intent.objects.filter(state=Intent.State.CLAIMED).exists()
    assert not Collection.objects.filter(lease_until__isnull=False).exists()
    stage.sandbox.latency(0)
    let_pass()  # what it was told of and did not begin
    nursery.start("worker")
    await_rest(nursery)
    assert_filed_once(stage)


def test_the_sweeper_of_production_wakes_until_it_is_told_to_end(stage: Stage, mailbox: Mailbox, start: Start) -> None:
    sweeper = start("sweep", "--forever")
    assert wait_for(lambda: not Collection.objects.filter(woken_until__isnull=True).exists(), 40), sweeper.log
    status, seconds = sweeper.end()
    assert (status, seconds < A_FEW_SECONDS) == (0, True)


@pytest.mark.skipif(not settings.CACHE_URL, reason="schedulers of several machines meet in the shared cache")
def test_of_two_schedulers_the_second_waits_and_takes_over(start: Start) -> None:
    first = start("crontab", "--no-heartbeat")
    assert first.says("Starting scheduler")
    second = start("crontab", "--no-heartbeat")
    assert second.says("Acquiring lock")
    time.sleep(1)
    assert "Starting scheduler" not in second.log.read_text()
    assert (first.end()[0], second.says("Starting scheduler", 10)) == (0, True)
    status, seconds = second.end()
    assert (status, seconds < A_FEW_SECONDS) == (0, True)


@pytest.mark.rabbitmq
@pytest.mark.skipif(not settings.BROKER_URL, reason="without a broker the worker is part of the process")
@pytest.mark.parametrize(
    "command",
    [("rundramatiq",), ("dramatiq", "django_dramatiq.setup", "sync.tasks")],
    ids=["rundramatiq", "dramatiq"],
)
def test_the_workers_of_production_file_and_end(
    stage: Stage, mailbox: Mailbox, nursery: Nursery, start: Start, command: tuple[str, ...]
) -> None:
    nursery.sweep_beside()
    worker = start(*command, "--processes", "2", "--threads", "2")
    assert worker.says("booting up"), worker.log.read_text()
    assert wait_for(is_at_rest, 40), f"it does not come to rest: {stuck()}\n{worker.log.read_text()}"
    assert_filed_once(stage)
    status, seconds = worker.end()
    assert (status, seconds < A_FEW_SECONDS) == (0, True)
