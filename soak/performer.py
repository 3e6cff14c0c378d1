"""Performs a plan: each step when it is due, what it needs is settled, and its user's settings are in order.

    waiting ──(due, needs settled, no barrier before it)──► performed
       └── the soak is over, the grace too ──► dropped, and the oracle never hears of it

A change of a user's settings is a barrier in that mailbox: what comes before it is settled first, what comes after it
waits. The ledger alone says what is settled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from soak import steps
from soak.cast import User
from soak.oracle import HIDDEN, OUTSIDE
from soak.performed import Performed
from soak.product import Product
from soak.wires import Refused

_TICK = 0.05
_LOOK_EVERY = 1.5
# A copy that the ledger need never hear of counts as settled after so long.
_UNSEEN = 25.0
_RECONNECT_AFTER = 3.0
WINDOW_HOURS = 6 * 24


@dataclass
class Performer:
    """`say` prints a line. `ids` are the provider's ids of the copies that were delivered, by key."""

    product: Product
    users: Sequence[User]
    say: Callable[[str], None]
    ids: dict[str, str] = field(default_factory=dict)
    done: list[Performed] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    _owner: dict[str, str] = field(default_factory=dict)
    _delivered: dict[str, float] = field(default_factory=dict)
    _settled: set[str] = field(default_factory=set)
    _looked: float = 0.0
    _refused: dict[tuple[str, str], float] = field(default_factory=dict)
    _optional: set[str] = field(default_factory=set)
    _held: dict[str, float] = field(default_factory=dict)

    def before(self, plan: Iterable[steps.Step]) -> None:
        """What lies in the mailboxes already when they are connected."""
        for step in plan:
            if step.at < 0:
                self.carry_out(step)

    def perform(self, plan: Sequence[steps.Step], seconds: float, grace: float) -> list[steps.Step]:
        """Everything from 0 on; gives what could not be performed in time."""
        begun = time.monotonic()
        waiting = [step for step in plan if step.at >= 0]
        minute = 0
        while waiting and (now := time.monotonic() - begun) < seconds + grace:
            self.product.processes.check()
            if now >= seconds:
                waiting = [step for step in waiting if _is_mail(step)]
            self._look()
            waiting = self._round(waiting, now)
            if now // 60 > minute:
                minute = int(now // 60)
                self.say(f"minute {minute}: {self.tally()}, {len(waiting)} steps to come")
            time.sleep(_TICK)
        while (time.monotonic() - begun) < seconds:
            self.product.processes.check()
            self._look()
            time.sleep(_TICK)
        return waiting

    def tally(self) -> str:
        done = ", ".join(f"{count} {name}" for name, count in sorted(self.counts.items()))
        return f"{len(self._settled & set(self.ids))} of {len(self.ids)} messages settled ({done or 'nothing yet'})"

    def are_seen(self) -> bool:
        """Whether everything that must be seen has a decision, be it that it waits."""
        rows = {(row.user, row.provider_id) for row in self.product.inside.decided() if row.outcome}
        return all((self._owner[key], item) in rows for key, item in self.ids.items() if key not in self._optional)

    def unsettled(self) -> list[str]:
        self._looked = 0.0
        self._look()
        return [key for key in self.ids if key not in self._settled]

    # Which steps are ready

    def _round(self, waiting: list[steps.Step], now: float) -> list[steps.Step]:
        kept: list[steps.Step] = []
        held: set[str] = set()  # users with a barrier that waits
        behind: set[str] = set()  # users with any step that waits: their barrier must not overtake it
        for step in waiting:
            user = self._user_of(step)
            is_barrier = isinstance(step, steps.Choose | steps.Block)
            ready = (
                step.at <= now
                and user not in held
                and time.monotonic() >= self._held.get(user, 0.0)
                and all(self._is_settled(key) for key in step.needs)
                and (not is_barrier or (user not in behind and self._is_quiet(user)))
            )
            if ready and self._knows(step):
                self.carry_out(step)
                continue
            kept.append(step)
            if user:
                behind.add(user)
            if is_barrier:
                held.add(user)
            if step.at > now + 1:
                # Nothing after it is due; what is held does not matter any more.
                kept += waiting[waiting.index(step) + 1 :]
                break
        return kept

    def _user_of(self, step: steps.Step) -> str:
        if isinstance(step, steps.Deliver | steps.Choose | steps.Block):
            return step.user
        if isinstance(step, steps.Mark | steps.Move | steps.Delete):
            return self._owner.get(step.key, "")
        return ""

    def _knows(self, step: steps.Step) -> bool:
        return not isinstance(step, steps.Mark | steps.Move | steps.Delete) or step.key in self.ids

    def _is_settled(self, key: str) -> bool:
        return key in self._settled

    def _is_quiet(self, user: str) -> bool:
        now = time.monotonic()
        own = [key for key, owner in self._owner.items() if owner == user and key in self.ids]
        return all(
            key in self._settled or (key in self._optional and now - self._delivered[key] > _UNSEEN) for key in own
        )

    def _look(self) -> None:
        if time.monotonic() - self._looked < _LOOK_EVERY:
            return
        keys = {(self._owner[key], item): key for key, item in self.ids.items()}
        for row in self.product.inside.decided():
            key = keys.get((row.user, row.provider_id))
            if key is not None:
                (self._settled.add if row.settled else self._settled.discard)(key)
        self._reconnect()
        self._looked = time.monotonic()

    def _reconnect(self) -> None:
        """A person whose grant is gone reads so, and connects again a little later."""
        now = time.monotonic()
        refused = set(self.product.inside.refused())
        self._refused = {pair: since for pair, since in self._refused.items() if pair in refused}
        for pair in refused:
            if now - self._refused.setdefault(pair, now) > _RECONNECT_AFTER:
                address, system = pair
                user = next(one for one in self.users if one.address == address)
                try:
                    self.product.connect(user, system)
                    self.product.inside.open_mailboxes(user.address)
                    self._count("reconnected")
                except Exception as error:  # noqa: BLE001 - the provider is faulty on purpose: tried again
                    self.say(f"{address} could not connect {system} yet: {str(error)[:120]}")
                self._refused[pair] = now

    # Carrying them out

    def carry_out(self, step: steps.Step) -> None:
        """Now, whether or not it is due."""
        moment = datetime.now(UTC)
        try:
            self._act(step)
        except (Refused, httpx.HTTPError) as error:
            raise RuntimeError(f"{step!r}: {error}") from error
        self.done.append(Performed(step, moment))
        self._count(type(step).__name__.lower())

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def _act(self, step: steps.Step) -> None:
        sandbox, inside = self.product.sandbox, self.product.inside
        match step:
            case steps.Deliver():
                received = datetime.now(UTC) - timedelta(hours=step.age) if step.age else None
                self._owner[step.key] = step.user
                self.ids[step.key] = sandbox.deliver(step.user, step.content, step.place, received)
                self._delivered[step.key] = time.monotonic()
                if step.place in HIDDEN | OUTSIDE or step.age > WINDOW_HOURS:
                    self._optional.add(step.key)
            case steps.Mark():
                sandbox.mark(self._owner[step.key], self.ids[step.key], step.on)
                self._settled.discard(step.key)
            case steps.Move():
                if not step.needs:
                    self._optional.add(step.key)
                sandbox.move(self._owner[step.key], self.ids[step.key], step.to)
            case steps.Delete():
                if not step.needs:
                    self._optional.add(step.key)
                sandbox.delete(self._owner[step.key], self.ids[step.key])
            case steps.Choose():
                inside.choose(step.user, "auto_file_mode", step.mode)
            case steps.Block():
                inside.block(step.user, step.value)
                self._held[step.user] = time.monotonic() + inside.block_seconds
            case steps.Fault():
                sandbox.control("POST", "faults", step.fault)
            case steps.Notify():
                sandbox.notifications(step.how)
            case steps.Limit():
                daily = sandbox.control("GET", "limits")["salesforce_daily"]
                sandbox.control("POST", "limits", {"salesforce_used": daily if step.spent else 0})
                if not step.spent:
                    inside.a_quarter_later()
            case steps.Revoke():
                sandbox.revoke(step.system)
            case steps.Kill():
                self.product.kill(step.worker)
            case steps.Flush():
                self.product.flush_broker()


def _is_mail(step: steps.Step) -> bool:
    return not isinstance(step, steps.Fault | steps.Notify | steps.Limit | steps.Revoke | steps.Kill | steps.Flush)
