"""The plan: the same for the same seed, everything in it once, and nothing that depends on a race."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest

from sandbox.seed.company import build_company
from soak import activity, steps
from soak.activity import SCENES, Plan
from soak.cast import DOMAINS, ORGANISATION_BLOCKS, Cast, cast
from soak.oracle import Company, Oracle, Verdict
from soak.org import Org
from soak.performed import Performed, copies

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def company_cast(seed: int) -> Cast:
    company = build_company(1, now=NOW, extra={"microsoft": 10, "google": 10})
    people = [
        {
            "email": user.email,
            "name": user.name,
            "suite": user.suite,
            "role": user.role,
            "salesforce_user_id": user.salesforce_user_id,
        }
        for user in company.users
        if user.is_extra
    ]
    return cast(seed, people, company.records, company.salesforce_org_id)


@pytest.fixture(scope="module")
def players() -> Cast:
    return company_cast(7)


@pytest.fixture(scope="module")
def whole(players: Cast) -> Plan:
    return activity.plan(7, 600, players, NOW)


def verdict_of(whole: Plan, players: Cast) -> Verdict:
    performed = [Performed(step, NOW + timedelta(seconds=step.at)) for step in whole.steps]
    company = Company(
        colleagues={user.address: user.colleague() for user in players.users},
        domains=DOMAINS,
        aliases=frozenset(user.alias for user in players.users if user.alias),
        window=NOW - timedelta(days=6),
        org_id=players.org_id,
    )
    org = Org(players.records, frozenset(players.shares))
    return Oracle(org, company).judge(copies(performed, players.users))


def test_the_same_seed_gives_the_same_plan(whole: Plan, players: Cast) -> None:
    assert activity.plan(7, 600, company_cast(7), NOW) == whole
    assert activity.plan(8, 600, players, NOW) != whole


def test_every_scene_is_played_even_in_a_short_soak(players: Cast) -> None:
    short = activity.plan(3, 120, players, NOW)
    played = {step.scene for step in activity.copies_of(short)}
    assert played >= set(SCENES)


def test_twenty_mailboxes_of_both_suites_take_part(whole: Plan, players: Cast) -> None:
    assert {step.user for step in activity.copies_of(whole)} == {user.address for user in players.users}
    assert [sum(user.suite == suite for user in players.users) for suite in ("microsoft", "google")] == [10, 10]


def test_what_a_step_needs_comes_before_it(whole: Plan) -> None:
    delivered: dict[str, steps.Deliver] = {}
    for step in whole.steps:
        for key in step.needs:
            assert delivered[key].turn < step.turn
            assert delivered[key].at < step.at
        if isinstance(step, steps.Deliver):
            assert step.key not in delivered
            delivered[step.key] = step
        elif isinstance(step, steps.Mark | steps.Move | steps.Delete):
            assert step.key in delivered


def test_what_happens_before_a_write_happens_where_the_delay_runs(whole: Plan, players: Cast) -> None:
    delays = {user.address: user.delay for user in players.users}
    owner = {step.key: step.user for step in activity.copies_of(whole)}
    in_time = [step for step in whole.steps if isinstance(step, steps.Move | steps.Delete) and not step.needs]
    assert in_time
    assert all(delays[owner[step.key]] == 1 for step in in_time)


def test_blocked_people_write_to_others_only_alone(whole: Plan, players: Cast) -> None:
    nuisances = {user.nuisance for user in players.users}
    for step in activity.copies_of(whole):
        message = message_from_bytes(step.content)
        named = {
            one for one in nuisances if one in f"{message['from']} {message['to']} {message['cc']} {message['bcc']}"
        }
        assert not named or step.scene == "a_nuisance"


def test_a_letters_mark_stands_in_no_other_message(whole: Plan) -> None:
    marks: dict[str, bytes] = {}
    for step in activity.copies_of(whole):
        mark = step.key.partition("/")[0].removesuffix("b")
        sent = message_from_bytes(step.content)["date"].encode()
        assert mark.encode() in step.content
        assert marks.setdefault(mark, sent) == sent


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_oracle_meets_every_rule_in_ten_minutes(seed: int) -> None:
    players = company_cast(seed)
    verdict = verdict_of(activity.plan(seed, 600, players, NOW), players)
    rules = {rule for ruling in verdict.rulings.values() for rule in ruling.rules}
    assert rules >= {
        "automatic-mail", "block-list", "calendar-response", "duplicate", "everything-external", "folder-scope",
        "internal-only", "known-people", "malformed", "mark", "mode-off", "private", "same-domain", "unknown-people",
        "window",
    }  # fmt: skip
    assert {ruling.issue for ruling in verdict.rulings.values()} >= {"same-message-id", "unknown-people"}
    reasons = {record.why.partition(":")[0] for record in verdict.records}
    assert reasons >= {"1", "2", "3", "5", "6", "the domain's account"}


def test_the_organisations_block_list_names_nobody_of_the_cast(players: Cast) -> None:
    entries = [entry.removeprefix("*.") for entry in ORGANISATION_BLOCKS]
    assert not [row for row in players.contacts if row["Email"].endswith(tuple(entries))]
