"""`./dev soak --minutes N --seed S`: the product under random mail and random faults, held against the oracle.

    start ─► connect 20 mailboxes ─► N minutes of mail and trouble ─► calm, one last letter each ─► idle ─► compare

Exit status 0 when Salesforce and the ledger are as the rules say and nothing is stuck, else 1. The seed is printed
first and last; the same seed plays the same mail and the same trouble again (`--calm`: the mail alone).
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sandbox.seed.company import Suite, build_company
from scripts.processes import ChildFailed, Processes, Stopped
from soak import activity, attached, compare, performed, records, steps
from soak.activity import Plan
from soak.cast import DOMAINS, Cast, cast
from soak.compare import Difference, Item
from soak.inside import Decided
from soak.letters import Letter, Person
from soak.oracle import Company, Copy, Oracle, Verdict
from soak.org import Org
from soak.performer import Performer
from soak.product import Product, product
from soak.trouble import trouble

# The standing users have mail of their own; these have empty mailboxes.
EXTRA: dict[Suite, int] = {"microsoft": 10, "google": 10}
_GRACE = 20.0
_QUIET_LOOKS = 3
_FIRST_SECONDS = 120.0


def say(line: str) -> None:
    print(f"soak: {line}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev soak", description="Random mail and faults, held against the rules.")
    parser.add_argument("--minutes", type=float, default=10, metavar="N", help="how long mail is played (%(default)s)")
    parser.add_argument("--seed", type=int, metavar="S", help="plays that seed's mail and trouble again")
    parser.add_argument("--calm", action="store_true", help="the mail alone, nothing goes wrong")
    parser.add_argument("--tasks", action="store_true", help="Enhanced Email is off: emails stand as Tasks")
    parser.add_argument("--wait", type=float, default=100, metavar="SECONDS", help="how long it may take to be idle")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep logs and database there")
    options = parser.parse_args()
    seed = secrets.randbelow(100_000) if options.seed is None else options.seed
    say(f"seed {seed}, {options.minutes:g} minutes{', calm' if options.calm else ''}")
    with tempfile.TemporaryDirectory(prefix="alongside-soak-") as folder:
        var = options.keep.resolve() if options.keep else Path(folder)
        try:
            with Processes(var / "logs") as processes:
                processes.listen_to_signals()
                found = soak(var, processes, seed, options)
        except Stopped as stopped:
            say(f"stopped by {stopped}")
            return 1
        except ChildFailed as failed:
            say(f"could not go on: {failed}")
            return 1
        finally:
            say(f"seed {seed}")
    return 1 if found else 0


def soak(var: Path, processes: Processes, seed: int, options: argparse.Namespace) -> Sequence[Difference | str]:
    """The whole run; what is wrong at the end."""
    begun, seconds = time.monotonic(), options.minutes * 60
    with product(var, processes, seed=seed, extra=EXTRA) as running:
        info = running.sandbox.info
        company = build_company(seed, extra=EXTRA)
        people = [person for person in info["users"] if person["email"].startswith("rep")]
        players = cast(seed, people, company.records, info["salesforce_org_id"])
        running.inside.make_company(info, players.users)
        running.inside.connect_integration_user(info)
        _prepare(running, players)
        if options.tasks:
            running.sandbox.control("POST", "org", {"enhanced_email": False, "shared_activities": True})
        performer = Performer(running, players.users, say)
        start = datetime.now(UTC)
        plan = _whole_plan(seed, seconds, players, start, running, calm=options.calm)
        performer.before(plan.steps)
        running.start()
        window = datetime.now(UTC) - timedelta(days=6)
        running.connect_all(players.users)
        say(f"{len(players.users)} mailboxes connected after {time.monotonic() - begun:.0f} s; {len(plan.steps)} steps")
        _read_once(performer)
        say(f"read for the first time after {time.monotonic() - begun:.0f} s")
        dropped = performer.perform(plan.steps, seconds, _GRACE)
        running.sandbox.calm()
        _last_letters(performer, plan, players)
        running.inside.safety_poll()
        is_idle = _wait_until_idle(performer, options.wait)
        found = judge(running, performer, players, window, as_tasks=options.tasks)
    late = [] if is_idle else [f"not idle after {options.wait:.0f} s"]
    _report(performer, found, late, dropped, time.monotonic() - begun)
    return [*found, *late]


def _read_once(performer: Performer) -> None:
    """Waits until what lay there is seen in every mailbox, so that no setting changes under it. Raises ChildFailed."""
    performer.product.processes.wait_until(
        performer.are_seen, "the first read of all mailboxes", seconds=_FIRST_SECONDS
    )


def _prepare(running: Product, players: Cast) -> None:
    """Records are owned and shared as the plan says; Gmail's topic pushes to the product."""
    running.administrator().give(players.owners)
    shares = [{"record": record, "user": user} for record, user in players.shares]
    running.sandbox.control("POST", "org", {"shares": shares})
    endpoint = f"{running.address}/webhooks/gmail/"
    running.sandbox.push = {"endpoint": endpoint, "audience": endpoint}
    running.sandbox.calm()


def _whole_plan(seed: int, seconds: float, players: Cast, start: datetime, running: Product, *, calm: bool) -> Plan:
    mail = activity.plan(seed, seconds, players, start)
    if calm:
        return mail
    more = trouble(seed, seconds, players.users, workers=running.worker_count, has_broker=running.has_services)
    return Plan(seed, seconds, tuple(sorted([*mail.steps, *more], key=lambda step: (step.at, step.turn))))


def _last_letters(performer: Performer, plan: Plan, players: Cast) -> None:
    """One letter between colleagues into each mailbox: when it is decided, what came before it has been seen."""
    turn = max(step.turn for step in plan.steps)
    sent = datetime.now(UTC).replace(microsecond=0)
    for number, user in enumerate(players.users):
        mark, author = f"s{plan.seed}x9{number:04d}", players.users[number - 1]
        letter = Letter(
            mark,
            sent,
            Person(author.address, author.name),
            (Person(user.address, user.name),),
            subject=f"Last of all {mark}",
            message_id=f"<{mark}@larkfield.example>",
            text=f"{mark}\r\n",
        )
        last = steps.Deliver(
            at=plan.seconds,
            turn=turn + 1 + number,
            key=f"{mark}/{user.address}",
            user=user.address,
            content=letter.render(),
            scene="last",
        )
        performer.carry_out(last)


def _wait_until_idle(performer: Performer, most: float) -> bool:
    """Whether everything that must be decided is, and nothing waits or is leased, a few looks long."""
    quiet, end, last = 0, time.monotonic() + most, set(performer.ids)
    must = {key for key in performer.ids if key.startswith(f"{_prefix(performer)}x9")}
    while time.monotonic() < end:
        performer.product.processes.check()
        unsettled = set(performer.unsettled())
        left = performer.product.inside.unfinished()
        calm = not (unsettled & must) and unsettled == last and not left.waiting and not left.leases
        quiet = quiet + 1 if calm else 0
        if quiet >= _QUIET_LOOKS:
            return True
        last = unsettled
        time.sleep(1)
    return False


def _prefix(performer: Performer) -> str:
    return next(iter(performer.ids)).partition("x")[0]


def judge(
    running: Product, performer: Performer, players: Cast, window: datetime, *, as_tasks: bool
) -> list[Difference]:
    """What the oracle and the world disagree about."""
    rows = _by_key(performer, running.inside.decided())
    verdict = _verdict(performed.copies(performer.done, players.users), rows, players, window)
    org = running.administrator()
    emails = records.email_tasks(org) if as_tasks else records.email_messages(org)
    users = {user.address: user.salesforce_id for user in players.users}
    marks = {key: activity.mark_of(key) for key in performer.ids}
    titles = [row["PathOnClient"] for row in records.documents(org)]
    left = Counter(running.inside.unfinished().lines())
    stuck = [Difference("the engine", "left", "nothing", f"{count} times {line}") for line, count in left.items()]
    return [
        *compare.decisions(verdict, rows),
        *compare.records(verdict, emails, users, marks),
        *compare.files(titles, once=attached.STANDING.name),
        *stuck,
    ]


def _verdict(copies: Sequence[Copy], rows: Sequence[Item], players: Cast, window: datetime) -> Verdict:
    company = Company(
        colleagues={user.address: user.colleague() for user in players.users},
        domains=DOMAINS,
        aliases=frozenset(user.alias for user in players.users if user.alias),
        window=window,
        org_id=players.org_id,
    )
    causes = {row.key for row in rows if row.outcome == "captured" and row.rule != "duplicate"}
    oracle = Oracle(Org(players.records, frozenset(players.shares)), company)
    return oracle.judge(copies, lambda keys: next((key for key in keys if key in causes), None))


def _by_key(performer: Performer, rows: Sequence[Decided]) -> list[Item]:
    """The ledger's rows by the copies' keys; a row of nobody's delivery keeps its own id."""
    keys = {item: key for key, item in performer.ids.items()}
    return [
        Item(keys.get(row.provider_id, row.provider_id), row.outcome, row.rule, row.inputs, row.issues) for row in rows
    ]


def _report(
    performer: Performer,
    found: Sequence[Difference],
    late: Sequence[str],
    dropped: Sequence[steps.Step],
    seconds: float,
) -> None:
    say(f"{performer.tally()}, {len(dropped)} steps not reached, {seconds:.0f} s in all")
    for line in [*late, *(difference.line() for difference in found)]:
        say(f"  {line}")
    scenes = {step.key: step.scene for step in (one.step for one in performer.done) if isinstance(step, steps.Deliver)}
    where = sorted({scenes[one.about] for one in found if one.about in scenes})
    say(f"{len(found) + len(late)} differences{' in ' + ', '.join(where) if where else ''}")


if __name__ == "__main__":
    sys.exit(main())
