"""The performer: what waits for what, held against a product that a test moves by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from soak import performer, steps
from soak.cast import User
from soak.inside import Decided
from soak.performer import Performer

USER = User("mia@x.example", "Mia", "microsoft", "005", False, "known-people", 0, "", "n@x.example")


@dataclass
class Stage:
    """In the place of the product: what was done, and which copies the ledger calls settled."""

    done: list[str] = field(default_factory=list)
    settled: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    def deliver(self, user: str, content: bytes, place: str, received: datetime | None) -> str:
        self.done.append(f"deliver {content.decode()}")
        return content.decode()

    def mark(self, user: str, item: str, on: bool) -> None:
        self.done.append(f"mark {item}")

    def choose(self, address: str, name: str, value: object) -> None:
        self.done.append(f"choose {value}")

    def refused(self) -> list[tuple[str, str]]:
        return []

    def decided(self) -> list[Decided]:
        known = self.seen | self.settled
        return [Decided(USER.address, key, "captured", "mode", {}, (), key in self.settled) for key in sorted(known)]


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def player(stage: Stage) -> Performer:
    processes = SimpleNamespace(check=lambda: None)
    product: Any = SimpleNamespace(sandbox=stage, inside=stage, processes=processes)
    return Performer(product, [USER], lambda line: None)


def deliver(key: str, at: float = 0.0, *needs: str, place: str = "inbox") -> steps.Deliver:
    return steps.Deliver(at=at, key=key, user=USER.address, content=key.encode(), needs=needs, place=place)


def play(player: Performer, plan: Iterable[steps.Step], monkeypatch: pytest.MonkeyPatch) -> list[steps.Step]:
    monkeypatch.setattr(performer, "_LOOK_EVERY", 0.0)
    monkeypatch.setattr(performer, "_TICK", 0.005)
    return player.perform(list(plan), 0.1, 0.05)


def test_steps_are_carried_out_when_they_are_due(
    player: Performer, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped = play(player, [deliver("a"), deliver("b", 0.02), deliver("c", 60.0)], monkeypatch)
    assert stage.done == ["deliver a", "deliver b"]
    assert dropped == [deliver("c", 60.0)]
    assert [one.step for one in player.done] == [deliver("a"), deliver("b", 0.02)]


def test_a_step_waits_for_what_it_needs(player: Performer, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.seen.add("a")
    plan = [deliver("a"), steps.Mark(at=0.01, key="a", needs=("a",))]
    assert play(player, plan, monkeypatch) == plan[1:]
    stage.settled.add("a")
    assert play(player, plan[1:], monkeypatch) == []
    assert stage.done == ["deliver a", "mark a"]


def test_a_setting_waits_for_the_mail_before_it_and_holds_the_mail_after_it(
    player: Performer, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = [deliver("a"), steps.Choose(at=0.01, user=USER.address, mode="off"), deliver("b", 0.02)]
    assert play(player, plan, monkeypatch) == plan[1:]
    assert stage.done == ["deliver a"]
    stage.settled.add("a")
    assert play(player, plan[1:], monkeypatch) == []
    assert stage.done == ["deliver a", "choose off", "deliver b"]


def test_what_the_ledger_need_never_hear_of_holds_a_setting_up_for_a_while_only(
    player: Performer, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = [deliver("a", place="trash"), steps.Choose(at=0.01, user=USER.address, mode="off")]
    assert play(player, plan, monkeypatch) == plan[1:]
    monkeypatch.setattr(performer, "_UNSEEN", 0.0)
    assert play(player, plan[1:], monkeypatch) == []


def test_no_trouble_is_made_once_the_time_is_over(
    player: Performer, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.seen.add("a")
    late = [deliver("a"), steps.Kill(at=0.1, worker=0), steps.Mark(at=0.1, key="a", needs=("a",))]
    assert play(player, late, monkeypatch) == [late[2]]
    assert stage.done == ["deliver a"]


def test_everything_that_must_be_seen_is_waited_for(
    player: Performer, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(player, [deliver("a"), deliver("junk", place="junk")], monkeypatch)
    assert not player.are_seen()
    stage.seen.add("a")
    assert player.are_seen()
