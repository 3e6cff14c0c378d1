"""What goes wrong meanwhile: faults of every kind, lost notifications, workers that die, a broker that forgets. Pure.

Drawn from the same seed as the mail, from a source of its own: with `--calm` the same mail is played without trouble.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from soak import steps
from soak.cast import User

_CALM = {"duplicate": 0.0, "drop": 0.0, "reorder": False, "delay_ms": 0}
_SERVICES = ("salesforce", "graph", "gmail", "microsoft", "google")
_WEIGHTS = (9, 7, 7, 1, 1)


def trouble(seed: int, seconds: float, users: Sequence[User], *, workers: int, has_broker: bool) -> list[steps.Step]:
    """Steps over `seconds`; the last tenth is left in peace so that what was planned can come about."""
    rng = random.Random(f"{seed}:trouble")
    end = seconds * 0.9
    found: list[steps.Step] = []

    def every(pause: float, make: Callable[[float], steps.Step]) -> None:
        at = pause * rng.uniform(0.5, 1.0)
        while at < end:
            found.append(make(at))
            at += pause * rng.uniform(0.6, 1.4)

    every(1.5, lambda at: steps.Fault(at=at, fault=_fault(rng)))
    every(9, lambda at: steps.Notify(at=at, how=_delivery(rng)))
    every(25, lambda at: steps.Kill(at=at, worker=rng.randrange(workers)))
    every(40, lambda at: _revoked(rng, at, users))
    if has_broker:
        every(45, lambda at: steps.Flush(at=at))
    for _ in range(max(1, round(seconds / 300))):
        at = rng.uniform(end * 0.3, end * 0.7)
        found += [steps.Limit(at=at, spent=True), steps.Limit(at=at + min(12.0, seconds / 10), spent=False)]
    found += [steps.Notify(at=end, how=_CALM)]
    return sorted(found, key=lambda step: step.at)


def _fault(rng: random.Random) -> dict[str, Any]:
    service = rng.choices(_SERVICES, _WEIGHTS)[0]
    kinds = ["throttle", "error", "slow", "cut_before", "cut_after", "revoked_token"]
    if service in ("graph", "gmail"):
        kinds += ["expired_cursor"] * 2
    if service == "salesforce":
        kinds += ["locked_row"] * 3 + ["rotated_token", "cut_after"]
    if service in ("microsoft", "google"):
        kinds.remove("revoked_token")  # a grant that is taken back is a step of its own
    kind = rng.choice(kinds)
    fault: dict[str, Any] = {"service": service, "kind": kind, "times": rng.randint(1, 4)}
    if kind == "throttle":
        fault["retry_after"] = rng.randint(1, 4)
    elif kind == "error":
        fault["status"] = rng.choice((500, 502, 503))
    elif kind == "slow":
        fault["delay_ms"] = rng.choice((200, 800, 2500))
    elif kind in ("revoked_token", "rotated_token", "expired_cursor"):
        fault["times"] = 1
    return fault


def _delivery(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.3:
        return dict(_CALM)
    return {
        "duplicate": rng.choice((0.0, 0.5)),
        "drop": rng.choice((0.0, 0.2, 0.5)),
        "reorder": rng.random() < 0.5,
        "delay_ms": rng.choice((0, 0, 500, 2000)),
    }


def _revoked(rng: random.Random, at: float, users: Sequence[User]) -> steps.Step:
    user = rng.choice(users)
    own = "google" if user.suite == "google" else "microsoft"
    return steps.Revoke(at=at, user=user.address, system=rng.choice((own, "salesforce")))
