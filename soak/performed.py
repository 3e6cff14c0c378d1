"""What was performed of a plan, as the copies that the oracle judges. Pure.

A step that waited for its copy to be settled came after the write; one that did not came before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from soak import steps
from soak.cast import ORGANISATION_BLOCKS, User
from soak.oracle import Copy, Settings


@dataclass(frozen=True, slots=True)
class Performed:
    """A step and when it was carried out."""

    step: steps.Step
    at: datetime


def copies(performed: Iterable[Performed], users: Iterable[User]) -> list[Copy]:
    """The copies as they stood when it mattered, in the order of their delivery."""
    settings = {user.address: Settings(user.mode, frozenset(), frozenset(ORGANISATION_BLOCKS)) for user in users}
    found: dict[str, Copy] = {}
    for one in performed:
        step = one.step
        if isinstance(step, steps.Deliver):
            found[step.key] = Copy(
                key=step.key,
                user=step.user,
                content=step.content,
                received=one.at - timedelta(hours=step.age),
                turn=step.turn,
                place=step.place,
                settings=settings[step.user],
            )
        elif isinstance(step, steps.Choose):
            settings[step.user] = replace(settings[step.user], mode=step.mode)
        elif isinstance(step, steps.Block):
            known = settings[step.user]
            settings[step.user] = replace(known, blocked=known.blocked | {step.value})
        elif isinstance(step, steps.Mark | steps.Move | steps.Delete):
            found[step.key] = _after(found[step.key], step)
    return list(found.values())


def _after(copy: Copy, step: steps.Mark | steps.Move | steps.Delete) -> Copy:
    if isinstance(step, steps.Mark):
        if step.on:
            return replace(copy, mark_turn=step.turn)
        return copy if step.needs else replace(copy, unmarked=True)
    is_gone = isinstance(step, steps.Delete) or step.to in ("trash", "junk")
    return replace(copy, gone_early=True) if is_gone and not step.needs else copy
