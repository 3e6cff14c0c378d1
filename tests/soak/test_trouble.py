"""The trouble of a soak: of every kind, the same for the same seed, over before the end, known to the sandbox."""

from __future__ import annotations

import pytest

from sandbox.faults import SERVICES, Fault
from soak import steps
from soak.trouble import trouble
from tests.soak.test_activity import company_cast


def whole(seed: int = 1, *, has_broker: bool = True) -> list[steps.Step]:
    return trouble(seed, 600, company_cast(1).users, workers=2, has_broker=has_broker)


def test_the_same_seed_brings_the_same_trouble() -> None:
    assert whole() == whole()
    assert whole() != whole(2)


def test_every_kind_of_trouble_comes() -> None:
    found = whole()
    assert {type(step) for step in found} == {
        steps.Fault, steps.Notify, steps.Kill, steps.Revoke, steps.Limit, steps.Flush,
    }  # fmt: skip
    kinds = {step.fault["kind"] for step in found if isinstance(step, steps.Fault)}
    assert kinds >= {
        "throttle", "error", "slow", "cut_before", "cut_after", "expired_cursor", "locked_row", "revoked_token",
        "rotated_token",
    }  # fmt: skip
    assert not any(isinstance(step, steps.Flush) for step in whole(has_broker=False))


def test_trouble_ends_before_the_mail_does_and_notices_arrive_again() -> None:
    found = whole()
    assert max(step.at for step in found) <= 540
    last = [step for step in found if isinstance(step, steps.Notify)][-1]
    assert last.how["drop"] == 0
    spent = [step.spent for step in found if isinstance(step, steps.Limit)]
    assert spent.count(True) == spent.count(False)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_sandbox_knows_every_fault(seed: int) -> None:
    for step in whole(seed):
        if isinstance(step, steps.Fault) and step.fault["service"] in SERVICES:
            Fault.model_validate(step.fault)
