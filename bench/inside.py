"""`python -m bench.inside JOB --out FILE [JSON]`: a job of a benchmark within the product, with the settings around it.

The answer is JSON in FILE. A job's keyword arguments are the JSON given.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Answer = dict[str, Any]


def company(report: str, addresses: Sequence[str]) -> Answer:
    """Makes the company, connected."""
    from bench import company as people

    people.make(_info(report), addresses)
    return {}


def throughput(report: str, addresses: Sequence[str]) -> Answer:
    """The first mailbox warms up and its calls are listed; each further one is filed, and its calls are made again."""
    from bench import company as people
    from bench.replay import Bare, recording

    info = _info(report)
    bare = Bare(info["ca_file"], info["google_api_url"])
    engine, loop = [], []
    for number, address in enumerate(addresses):
        mailboxes = people.switch_on([address], watches=False)
        with recording() as kept:
            took = people.run_until_idle()
        tally = people.tally(mailboxes)
        again = bare.run(kept)
        if number:
            engine.append(took)
            loop.append(again)
    return {"engine": engine, "bare": loop, "tally": tally, "calls": len(kept.calls)}


def run(addresses: Sequence[str]) -> Answer:
    """Files what lies in some mailboxes, in this one thread."""
    from bench import company as people

    mailboxes = people.switch_on(addresses, watches=False)
    took = people.run_until_idle()
    return {"seconds": took, "tally": people.tally(mailboxes), "folders": people.watched_folders(mailboxes)}


def watch(addresses: Sequence[str]) -> Answer:
    """Switches mailboxes on and waits until whoever works has filed what lies in them."""
    from django.utils import timezone

    from bench import company as people

    began = timezone.now()
    mailboxes = people.switch_on(addresses, watches=False)
    pause = 0.2
    while not people.is_settled(mailboxes):
        time.sleep(pause)
        pause = min(pause * 1.05, 2.0)
    seconds = (people.settled_at(mailboxes) - began).total_seconds()
    return {"seconds": seconds, "tally": people.tally(mailboxes)}


def latency(report: str, addresses: Sequence[str], messages: int, every: float) -> Answer:
    """Delivers messages, one after the other, and waits for their records; the seconds that each took."""
    from bench import arrivals

    return {"seconds": arrivals.measure(_info(report), addresses, messages, every)}


def sweep(collections: int, rounds: int) -> Answer:
    """Rounds of the sweeper over collections of which none is due."""
    from bench import idle

    idle.fill(mailboxes=collections // 100, collections=100)
    return {"seconds": [idle.timed_sweep() for _ in range(rounds)]}


def idle(mailboxes: int) -> Answer:
    """Mailboxes of both providers at rest; what their notices look like."""
    from bench import idle as resting

    return {"notices": resting.watched(mailboxes)}


def access(mailboxes: int) -> Answer:
    """Decisions, and lists of so many mailboxes; as a request that has asked before, and as the first question."""
    from accounts.models import User
    from bench import deciding
    from permissions import isolation, policy

    organisation = deciding.company(mailboxes)
    askers = deciding.askers(organisation)
    [resource] = [user.resource for user in User.objects.filter(email="user000000@large.example")]
    assert resource is not None
    with isolation.for_organisation(organisation.pk):
        answer: Answer = {
            "decision_us": deciding.decision_us(askers["by group and own role"], resource),
            "queries": deciding.queries(list(askers.values()), resource),
            "first": deciding.scope_ratios(askers),
        }
        with policy.remembered():
            answer["remembered"] = deciding.scope_ratios(askers)
    answer["pages"] = deciding.rls_ratios(askers["directly"].user)
    return answer


def _info(report: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(report).read_text(encoding="utf-8"))
    return found


JOBS: dict[str, Callable[..., Answer]] = {
    "access": access,
    "company": company,
    "idle": idle,
    "latency": latency,
    "run": run,
    "sweep": sweep,
    "throughput": throughput,
    "watch": watch,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.inside")
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("given", nargs="?", default="{}")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from permissions import isolation

    with isolation.every_organisation("a measurement makes organisations and looks at their rows"):
        answer = JOBS[options.job](**json.loads(options.given))
    options.out.write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
