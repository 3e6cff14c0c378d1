"""Asking the policy, over PostgreSQL and a company of 100,000 mailboxes in twenty teams.

decision_us   a decision that the request has made before
queries       what a decision takes of which nothing is known, with groups and roles of the organisation's own
scope_ratio   reading the list of all mailboxes narrowed to those that somebody may see, to reading it as it is;
              within a request, the worst of three who see all of it: as an administrator, through a group and an
              own role, and as the lead of each team
rls_ratio     a page with row-level security to the same page as the owner: the sync page of one of them, and the list
              of all people in the administration; the worse
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from bench.capturing import scene
from bench.figures import Figure
from bench.services import are_there

MAILBOXES = 100_000


def run() -> Iterator[Figure]:
    if not are_there():
        _say("left out: it needs PostgreSQL and Redis at 127.0.0.1")
        return
    with scene() as stage:
        answer = stage.job("access", mailboxes=MAILBOXES)
    for when in ("first", "remembered"):
        for who, found in answer[when].items():
            _say(f"{when}, {who}: {_spelt(found)}")
    yield Figure("access.decision_us", answer["decision_us"], "µs", 50, "lower")
    yield Figure("access.queries", float(answer["queries"]), "queries", 1, "equal")
    worst = max(found["ratio"] for found in answer["remembered"].values())
    yield Figure("access.scope_ratio", worst, "ratio", 1.2, "lower")
    for address, found in answer["pages"].items():
        _say(f"{address}: {found['ratio']:.2f} ({found['secured_ms']:.1f} ms to {found['owner_ms']:.1f} ms)")
    yield Figure("access.rls_ratio", max(found["ratio"] for found in answer["pages"].values()), "ratio", 1.15, "lower")


def _spelt(found: dict[str, Any]) -> str:
    return f"{found['ratio']:.2f} ({found['scoped_ms']:.0f} ms to {found['unscoped_ms']:.0f} ms)"


def _say(line: str) -> None:
    print(f"access: {line}", file=sys.stderr, flush=True)
