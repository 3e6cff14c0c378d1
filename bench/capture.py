"""The engine that files by itself: what it costs, and how fast it is. Mailboxes of 1,000 messages, 30 % with contacts.

Figures that need PostgreSQL and Redis at 127.0.0.1 are left out, with a word, where these do not answer.

    calls        what a mailbox costs at Salesforce and at its provider, to the least that could be
    throughput   to a bare loop over the same libraries that makes the same calls and stores nothing
    memory       the most that a worker holds for 100,000 messages, to that for 10,000
    latency      from a new message to its record, by notifications of both providers
    scaling      two worker processes to one
    sweep        the sweeper's round over 100,000 collections of which none is due
    webhook      `bench.webhook`
"""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bench import webhook
from bench.capturing import Scene, reps, scene
from bench.figures import Figure
from bench.services import are_there

MESSAGES = 1_000
MATCHING = 30
ROUNDS = 4


def run() -> Iterator[Figure]:
    for name in PARTS:
        yield from run_part(name)


def run_part(name: str) -> Iterator[Figure]:
    if name in NEED_SERVICES and not are_there():
        say(f"{name} is left out: it needs PostgreSQL and Redis at 127.0.0.1")
        return
    yield from PARTS[name]()


def say(line: str) -> None:
    print(f"capture: {line}", file=sys.stderr, flush=True)


def calls() -> Iterator[Figure]:
    """One mailbox of each provider, from being switched on until all of it is filed."""
    with scene(microsoft=1, google=1) as stage:
        [outlook], [gmail] = reps("microsoft", 1, 1), reps("google", 1, 1)
        for address in (outlook, gmail):
            stage.fill(address, MESSAGES, matching=MATCHING)
        stage.connect([outlook, gmail])
        asked: dict[str, int] = {}
        for service, address in (("graph", outlook), ("gmail", gmail)):
            stage.clear_log()
            answer = stage.job("run", addresses=[address])
            _check(answer["tally"])
            asked[service] = len(stage.calls(service))
            asked["salesforce"] = max(asked.get("salesforce", 0), len(stage.calls("salesforce")))
            if service == "graph":
                least = {"graph": least_graph(_messages_of_folders(stage, outlook), answer["folders"])}
    least["gmail"] = least_gmail()
    for service, number in least.items():
        say(f"{service}: {asked[service]} calls, {number} at least")
    yield Figure("capture.salesforce_calls", float(asked["salesforce"]), "calls", 25, "lower")
    ratios = {service: asked[service] / least[service] for service in least}
    yield Figure("capture.mailbox_calls_ratio", max(ratios.values()), "ratio", 1.1, "lower")
    for service, ratio in ratios.items():
        yield Figure(f"capture.{service}_calls_ratio", ratio, "ratio", 1.1, "lower")


def _check(tally: Mapping[str, int], messages: int = MESSAGES) -> None:
    """The mailbox was read and filed as it should be: a figure of anything else would say nothing."""
    captured = messages * MATCHING // 100
    expected = {"seen": messages, "captured": captured, "skipped": messages - captured, "waiting": 0, "failed": 0}
    assert dict(tally) == expected, tally


def _messages_of_folders(stage: Scene, address: str) -> dict[str, int]:
    """How many messages lie in each folder that is not empty."""
    found: dict[str, int] = {}
    for row in stage.control("GET", "mail", user=address)["value"]:
        found[row["folder"]] = found.get(row["folder"], 0) + 1
    return found


def least_graph(folders: Mapping[str, int], watched: int) -> int:
    """The list of folders, the kinds of folders (one batch), the list of marked mail; each page of 200 of each folder,
    one for each watched folder that is empty; each 20 whole messages of those that are filed.
    """
    pages = sum(math.ceil(count / 200) for count in folders.values()) + watched - len(folders)
    return 3 + pages + math.ceil(MESSAGES * MATCHING / 100 / 20)


def least_gmail() -> int:
    """The profile, for the place in the history; the labels; each 500 ids; each 50 heads; the history; and each 50
    whole messages of those that are filed.
    """
    return 3 + math.ceil(MESSAGES / 500) + math.ceil(MESSAGES / 50) + math.ceil(MESSAGES * MATCHING / 100 / 50)


def throughput() -> Iterator[Figure]:
    """Engine and loop in turn, each in one thread, over mailboxes of their own; the lesser of the two providers."""
    ratios = {}
    for suite in ("microsoft", "google"):
        with scene(**{suite: ROUNDS + 1}) as stage:
            addresses = reps(suite, 1, ROUNDS + 1)
            for number, address in enumerate(addresses):
                stage.fill(address, MESSAGES, matching=MATCHING, seed=number)
            stage.connect(addresses)
            answer = stage.job("throughput", report=stage.report, addresses=addresses)
        _check(answer["tally"])
        engine, bare = statistics.median(answer["engine"]), statistics.median(answer["bare"])
        ratios[suite] = statistics.median(b / e for b, e in zip(answer["bare"], answer["engine"], strict=True))
        say(
            f"{suite}: engine {MESSAGES / engine:.0f} messages a second, bare loop {MESSAGES / bare:.0f};"
            f" engine {_spread(answer['engine'])}, bare {_spread(answer['bare'])}; {answer['calls']} calls"
        )
        yield Figure(f"capture.{suite}_throughput_ratio", ratios[suite], "ratio", 0.7, "higher")
    yield Figure("capture.throughput_ratio", min(ratios.values()), "ratio", 0.7, "higher")


def _spread(seconds: list[float]) -> str:
    return f"{min(seconds):.2f}–{max(seconds):.2f} s"


def memory() -> Iterator[Figure]:
    """A worker process for each mailbox, with one thread; whatever it keeps of a mailbox shows in its peak."""
    peaks = {}
    for messages in (10_000, 100_000):
        with scene(microsoft=1) as stage:
            addresses = reps("microsoft", 1, 1)
            stage.fill(addresses[0], messages, matching=MATCHING)
            stage.connect(addresses)
            with_worker = Workers(stage, 1, threads=1)
            with_worker.start()
            answer = stage.job("watch", addresses=addresses)
            peaks[messages] = with_worker.peak_mib()
            _check(answer["tally"], messages)
            say(f"{messages} messages: {peaks[messages]:.0f} MiB, {messages / answer['seconds']:.0f} messages a second")
    yield Figure("capture.memory_ratio", peaks[100_000] / peaks[10_000], "ratio", 1.2, "lower")


def scaling() -> Iterator[Figure]:
    """One worker process and two in turn, of one thread each, at 50 ms provider latency, six mailboxes a turn."""
    mailboxes, each, rounds = 6, 100, 3
    with scene(microsoft=mailboxes * 2 * rounds) as stage:
        addresses = reps("microsoft", 1, mailboxes * 2 * rounds)
        for number, address in enumerate(addresses):
            stage.fill(address, each, matching=MATCHING, seed=number)
        stage.connect(addresses)
        stage.control("POST", "latency", {"ms": 50})
        took: dict[int, list[float]] = {1: [], 2: []}
        for turn in range(2 * rounds):
            number = 1 + turn % 2
            part = addresses[turn * mailboxes : (turn + 1) * mailboxes]
            with_workers = Workers(stage, number, threads=1)
            with_workers.start()
            took[number].append(stage.job("watch", addresses=part)["seconds"])
            with_workers.stop()
    ratios = [one / two for one, two in zip(took[1], took[2], strict=True)]
    say(f"{mailboxes} mailboxes of {each}: one process {_spread(took[1])}, two {_spread(took[2])}")
    say(f"turn by turn: {', '.join(f'{ratio:.2f}' for ratio in ratios)}; more than 2 is noise")
    yield Figure("capture.scaling", statistics.median(ratios), "ratio", 1.7, "higher")


def latency() -> Iterator[Figure]:
    """Web process, worker, sweeper; four mailboxes of each provider; a message every half second, with a contact."""
    with scene(microsoft=4, google=4) as stage:
        addresses = reps("microsoft", 1, 4) + reps("google", 1, 4)
        stage.connect(addresses)
        stage.start_web()
        workers = Workers(stage, 1, threads=8)
        workers.start()
        endpoint = f"{stage.address}/webhooks/gmail/"
        stage.control("POST", "pubsub", {"endpoint": endpoint, "audience": endpoint})
        answer = stage.job("latency", report=stage.report, addresses=addresses, messages=80, every=0.5)
        workers.stop()
    seconds = sorted(answer["seconds"])
    say(f"{len(seconds)} messages: median {statistics.median(seconds):.2f} s, longest {seconds[-1]:.2f} s")
    yield Figure("capture.latency_p95_s", statistics.quantiles(seconds, n=20)[18], "s", 2, "lower")


def sweep() -> Iterator[Figure]:
    """The longest of twenty rounds."""
    with scene() as stage:
        answer = stage.job("sweep", collections=100_000, rounds=20)
    say(f"sweep: median {statistics.median(answer['seconds']) * 1000:.1f} ms of {len(answer['seconds'])} rounds")
    yield Figure("capture.sweep_s", max(answer["seconds"]), "s", 1, "lower")


class Workers:
    """Worker processes and a sweeper, as `docs/operating.md` starts them."""

    def __init__(self, stage: Scene, number: int, *, threads: int) -> None:
        self.stage, self.number, self.threads = stage, number, threads
        self.children: list[Any] = []

    def start(self) -> None:
        """Returns when all of them wait for work."""
        stage = self.stage
        for place in range(self.number):
            command = ["manage.py", "rundramatiq", "--processes", "1", "--threads", str(self.threads)]
            self.children.append(stage.start(f"worker{stage.jobs}x{place}", command))
        sweeper = stage.start(f"sweeper{stage.jobs}", ["manage.py", "sweep", "--forever"])
        for child in self.children:
            stage.processes.wait_until(
                # Its first line says that it is ready; our logs keep the name of who says so.
                lambda child=child: b"dramatiq.WorkerProcess" in child.log.read_bytes(),  # type: ignore[misc]
                child.name,
                seconds=60,
            )
        self.children.append(sweeper)

    def stop(self) -> None:
        for child in self.children:
            self.stage.processes.end(child)
        self.children.clear()

    def peak_mib(self) -> float:
        """The most memory that a process of the workers has held so far (VmHWM)."""
        return max(peak for child in self.children[:-1] for peak in self.stage.peaks_mib(child))


PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "calls": calls,
    "throughput": throughput,
    "memory": memory,
    "latency": latency,
    "scaling": scaling,
    "sweep": sweep,
    "webhook": webhook.measure,
}
NEED_SERVICES = frozenset({"memory", "latency", "scaling", "sweep", "webhook"})
