"""The quota of a minute: what is spent, what is refused, when it comes back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sync.errors import Throttled
from sync.providers.gmail.quota import QuotaMeter


def test_units_come_back_as_they_grow_a_minute_old() -> None:
    now = [0.0]
    meter = QuotaMeter(100, clock=lambda: now[0])
    meter.spend(60)
    now[0] = 20.0
    meter.spend(40)
    with pytest.raises(Throttled) as caught:
        meter.spend(1)
    assert caught.value.retry_after == 40.0
    with pytest.raises(Throttled) as caught:
        meter.spend(61)
    assert caught.value.retry_after == 60.0
    now[0] = 60.0
    meter.spend(60)
    now[0] = 79.9
    with pytest.raises(Throttled):
        meter.spend(1)


def test_what_is_refused_counts_nothing() -> None:
    now = [0.0]
    meter = QuotaMeter(100, clock=lambda: now[0])
    meter.spend(90)
    for _ in range(5):
        with pytest.raises(Throttled):
            meter.spend(20)
    meter.spend(10)


def test_a_call_dearer_than_a_minute_is_begun_when_nothing_else_was() -> None:
    QuotaMeter(10).spend(100)


def test_threads_spend_one_quota_together() -> None:
    meter = QuotaMeter(1000, clock=lambda: 0.0)

    def spend(_: int) -> bool:
        try:
            meter.spend(10)
        except Throttled:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(300))) == 100
