"""One flight per key: many ask, one fetches; an old answer is kept for when the provider does not answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache

from sync.errors import Unavailable
from sync.services import flight


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


class Loader:
    """Counts its calls; holds each until told to go on, where a gate is given."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.calls = 0
        self.gate = gate

    def __call__(self) -> tuple[str, float]:
        self.calls += 1
        if self.gate:
            self.gate.wait(10)
        return f"answer {self.calls}", 60.0


def test_a_fresh_answer_is_not_fetched_again() -> None:
    load = Loader()
    first = flight.fetch("k", load)
    again = flight.fetch("k", load)
    assert (first.value, first.from_cache) == ("answer 1", False)
    assert (again.value, again.from_cache, again.read_at) == ("answer 1", True, first.read_at)
    assert load.calls == 1


def test_twenty_who_ask_at_once_make_one_call() -> None:
    gate = threading.Event()
    load = Loader(gate)
    started = threading.Barrier(21)

    def ask() -> str:
        started.wait(10)
        return flight.fetch("k", load).value

    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(ask) for _ in range(20)]
        started.wait(10)
        gate.set()
        assert {answer.result() for answer in answers} == {"answer 1"}
    assert load.calls == 1


def test_another_process_in_flight_is_waited_for() -> None:
    """The lock of another process is an entry of the shared cache; its answer ends the wait."""
    cache.add("k:flight", 1, 40)
    load = Loader()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(flight.fetch, "k", load)
        flight.store("k", "from the other process", 60.0)
        assert asked.result(10).value == "from the other process"
    assert load.calls == 0


def test_an_answer_that_is_no_longer_fresh_is_fetched_anew() -> None:
    load = Loader()
    flight.fetch("k", load, now=lambda: 1000.0)
    assert flight.fetch("k", load, now=lambda: 1059.0).value == "answer 1"
    assert flight.fetch("k", load, now=lambda: 1061.0).value == "answer 2"


def test_after_a_failure_the_next_one_fetches_and_the_old_answer_is_still_known() -> None:
    flight.fetch("k", Loader(), now=lambda: 1000.0)

    def fail() -> tuple[str, float]:
        raise Unavailable

    with pytest.raises(Unavailable):
        flight.fetch("k", fail, now=lambda: 2000.0)
    known = flight.known("k")
    assert known is not None
    assert (known.value, known.read_at) == ("answer 1", 1000.0)
    assert flight.fetch("k", Loader(), now=lambda: 2000.0).value == "answer 1"


def test_what_was_dropped_is_not_known() -> None:
    flight.fetch("k", Loader())
    flight.drop("k")
    assert flight.known("k") is None


def test_what_a_killed_process_left_behind_holds_nobody_up_for_long() -> None:
    cache.add("k:alone", 1, 40)
    with flight.alone("k", wait_seconds=0.1):
        assert cache.get("k:alone") == 1
    # It was not ours to take away.
    assert cache.get("k:alone") == 1


def test_one_goes_after_the_other() -> None:
    inside = threading.Semaphore(1)

    def work(_: int) -> bool:
        with flight.alone("k"):
            free = inside.acquire(blocking=False)
            if free:
                inside.release()
            return free

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(40)))
    assert cache.get("k:alone") is None
