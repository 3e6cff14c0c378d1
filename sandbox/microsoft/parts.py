"""What becomes of the single requests of a `$batch`: Graph sends them on four at a time, each counted for itself.

    four lanes ─► a part enters its mailbox's limits ─► runs, and leaves when the lane's next part enters
                        └── over them: 429 with its own Retry-After; the other parts go on

https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.faults import Fault
from sandbox.limits import GraphLimits

LANES = 4
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a part is answered in place of the service, after `delay_ms`; `runs` lets the service act all the same."""

    status: int = 0
    code: str = ""
    message: str = ""
    retry_after: int | None = None
    delay_ms: int = 0
    runs: bool = False


def enter(limits: GraphLimits, keys: list[Key]) -> tuple[dict[int, Verdict], list[Key]]:
    """Counts the parts against the limits of their mailboxes; who must wait, and what is held while the batch runs."""
    refused: dict[int, Verdict] = {}
    lanes: dict[int, Key] = {}
    for place, key in enumerate(keys):
        before = lanes.pop(place % LANES, None)
        if before is not None:
            limits.leave(before)
        throttle = limits.enter(key)
        if throttle is None:
            lanes[place % LANES] = key
        elif throttle.reason == "concurrency":
            text = "Application is over its MailboxConcurrency limit."
            refused[place] = Verdict(429, "ApplicationThrottled", text, throttle.retry_after)
        else:
            refused[place] = Verdict(429, "TooManyRequests", "Please retry again later.", throttle.retry_after)
    return refused, list(lanes.values())


def hit(faults: list[Fault], spoil: Callable[[Fault], None]) -> Verdict | None:
    """What the faults that hit a part make of it. `spoil` ends the cursor or token that the fault is about."""
    delay = sum(fault.delay_ms or 1000 for fault in faults if fault.kind == "slow")
    for fault in faults:
        match fault.kind:
            case "throttle":
                after = 10 if fault.retry_after is None else fault.retry_after
                return Verdict(429, "TooManyRequests", "Please retry again later.", after, delay)
            case "error":
                text = "The service is temporarily unavailable. Please try again later."
                return Verdict(fault.status or 503, "serviceNotAvailable", text, fault.retry_after, delay)
            case "cut_before" | "cut_after":
                text = "The upstream server did not answer in time."
                return Verdict(504, "gatewayTimeout", text, None, delay, runs=fault.kind == "cut_after")
            case "expired_cursor" | "revoked_token":
                spoil(fault)
    return Verdict(delay_ms=delay) if delay else None
