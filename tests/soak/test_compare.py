"""What counts as a difference, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from soak import compare
from soak.compare import Email, Item
from soak.oracle import Verdict
from tests.soak.hand import MIA, TOM, copy, judged, mail, mode

MARK = "s1x00001"
KEY = f"{MARK}/mia"
USERS = {MIA: "005MIA", TOM: "005TOM"}
RIGHT = Email(
    id="02s1",
    identity="<a@x>",
    subject=f"Hello {MARK}",
    text="Words",
    related="006RENEWAL",
    incoming=True,
    from_address="Dana@northwind.example",
    created_by="005MIA",
    people={"003DANA": frozenset({"FromAddress"})},
)
ROW = Item(KEY, "captured", "known-people")


def verdict() -> Verdict:
    return judged(copy(mail(subject=f"Hello {MARK}"), key=KEY))


def lines(*emails: Email) -> list[str]:
    return [one.what for one in compare.records(verdict(), emails, USERS, {KEY: MARK})]


def test_what_is_right_is_no_difference() -> None:
    assert lines(RIGHT) == []
    assert compare.decisions(verdict(), [ROW]) == []


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (replace(RIGHT, identity="<A@x>"), ["identity"]),
        (replace(RIGHT, related="001NORTH"), ["business record"]),
        (replace(RIGHT, related=None), ["business record"]),
        (replace(RIGHT, incoming=False), ["direction"]),
        (replace(RIGHT, from_address="olly@northwind.example"), ["from"]),
        (replace(RIGHT, created_by="005TOM"), ["written by"]),
        (replace(RIGHT, people={}), ["people"]),
        (replace(RIGHT, people={"003DANA": frozenset({"ToAddress"})}), ["relation of 003DANA"]),
        (replace(RIGHT, people={**RIGHT.people, "003OLLY": frozenset({"CcAddress"})}), ["people"]),
        (replace(RIGHT, files=("setup.exe",)), ["files"]),
    ],
)
def test_each_part_of_a_record_is_held(wrong: Email, what: list[str]) -> None:
    assert lines(wrong) == what


def test_none_two_and_a_strangers_record_are_told() -> None:
    assert lines() == ["records"]
    assert lines(RIGHT, replace(RIGHT, id="02s2")) == ["records"]
    assert lines(RIGHT, replace(RIGHT, id="02s2", subject="no mark")) == ["email"]


def test_a_record_of_what_is_not_to_be_filed_is_told_with_the_reason() -> None:
    skipped = judged(copy(mail(subject=f"Hello {MARK}"), key=KEY, settings=mode("off")))
    found = compare.records(skipped, [RIGHT], USERS, {KEY: MARK})
    assert [one.line() for one in found] == [
        f"{MARK}: records: expected none (because the mode is off), found 1: ['02s1']"
    ]


def test_a_computed_identity_is_held_by_its_form() -> None:
    nameless = judged(copy(mail(subject=f"Hello {MARK}", message_id=""), key=KEY))
    for identity, count in (("sha256:" + "0a" * 32, 0), ("", 1), ("<a@x>", 1)):
        assert len(compare.records(nameless, [replace(RIGHT, identity=identity)], USERS, {KEY: MARK})) == count


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([], ["decision"]),
        ([ROW, ROW], ["items"]),
        ([replace(ROW, outcome=None, rule="")], ["decision"]),
        ([replace(ROW, rule="mark")], ["decision"]),
        ([replace(ROW, outcome="skipped")], ["decision"]),
        ([replace(ROW, issues=("same-message-id",))], ["open issues"]),
        ([ROW, Item("AAMk", "skipped", "draft")], ["item"]),
    ],
)
def test_each_part_of_a_decision_is_held(rows: list[Item], what: list[str]) -> None:
    assert [one.what for one in compare.decisions(verdict(), rows)] == what


def test_an_issue_that_the_rules_ask_for_has_to_be_there() -> None:
    marked = judged(copy(mail("who@nowhere.example"), key=KEY, mark_turn=2))
    row = Item(KEY, "skipped", "unknown-people", issues=("unknown-people",))
    assert compare.decisions(marked, [row]) == []
    assert [one.what for one in compare.decisions(marked, [replace(row, issues=())])] == ["open issues"]


def test_what_need_not_be_seen_may_be_absent() -> None:
    assert compare.decisions(judged(copy(key=KEY, place="trash")), []) == []


def test_a_file_of_many_letters_is_stored_once() -> None:
    assert compare.files(["a.pdf", "terms.pdf"], once="terms.pdf") == []
    assert len(compare.files(["terms.pdf", "terms.pdf"], once="terms.pdf")) == 1


def test_a_task_is_held_by_what_a_task_has() -> None:
    task = replace(RIGHT, incoming=None, from_address=None, people={"003DANA": frozenset()})
    assert lines(task) == []
    assert lines(replace(task, related=None)) == ["business record"]
    assert lines(replace(task, people={})) == ["people"]
