"""The oracle on one message in one mailbox: every row of the table, for the modes and for the mark."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from soak.oracle import Settings
from tests.soak.hand import COMPANY, NOW, copy, decision, judged, mail, mode, ruling

UNKNOWN = "Who <who@nowhere.example>"
SAME_DOMAIN = "New <new@mail.northwind.example>"


@pytest.mark.parametrize(
    ("content", "more", "by_mode", "by_mark"),
    [
        (mail(), {"place": "drafts"}, "skipped draft|folder-scope|gone", "skipped draft|folder-scope|gone"),
        (mail(), {"place": "trash"}, "skipped draft|folder-scope|gone", "skipped draft|folder-scope|gone"),
        (mail(), {"gone_early": True}, "skipped draft|folder-scope|gone", "skipped draft|folder-scope|gone"),
        (mail(kind="text/calendar; method=REPLY"), {}, "skipped calendar-response", "skipped calendar-response"),
        (mail("tom@larkfield.example"), {}, "skipped internal-only", "skipped internal-only"),
        (mail("x@sub.larkfield.example"), {}, "skipped internal-only", "skipped internal-only"),
        (mail("mia.private@gmx.de"), {}, "skipped internal-only", "skipped internal-only"),
        (
            mail("dana@northwind.example", "a@x.example", "Sensitivity: Private"),
            {},
            "skipped private",
            "skipped private",
        ),
        (
            mail("dana@northwind.example", "a@x.example", "Auto-Submitted: auto-replied"),
            {},
            "skipped automatic-mail",
            "",
        ),
        (mail("dana@northwind.example", "a@x.example", "Precedence: list"), {}, "skipped automatic-mail", ""),
        (
            mail("dana@northwind.example", "a@x.example", "List-Id: <n.gauges.example>"),
            {},
            "skipped automatic-mail",
            "",
        ),
        (mail("dana@northwind.example", "a@x.example", "Return-Path: <>"), {}, "skipped automatic-mail", ""),
        (mail(kind='multipart/report; boundary="b"'), {}, "skipped automatic-mail", ""),
        (mail(), {"received": NOW - timedelta(days=7)}, "skipped window", ""),
        (mail(), {"place": "archive-folder"}, "skipped folder-scope|window", ""),
        (mail(), {"place": "promotions"}, "skipped folder-scope|window", ""),
        (mail(UNKNOWN), {}, "skipped unknown-people", "skipped unknown-people"),
        (mail(SAME_DOMAIN), {}, "skipped unknown-people", ""),
        (mail(), {"settings": mode("off")}, "skipped mode-off", ""),
        (mail(UNKNOWN), {"settings": mode("off")}, "skipped mode-off", "skipped unknown-people"),
        (mail(""), {}, "failed malformed", "failed malformed"),
    ],
)
def test_a_row_names_the_decision_for_the_mode_and_for_the_mark(
    content: bytes, more: dict[str, Any], by_mode: str, by_mark: str
) -> None:
    assert decision(copy(content, **more)) == by_mode
    assert decision(copy(content, mark_turn=2, **more)) == (by_mark or "captured mark")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (mail(), "captured everything-external captured known-people captured same-domain"),
        (mail("luca@moretti.example"), "captured everything-external captured known-people captured same-domain"),
        (mail(SAME_DOMAIN), "captured everything-external skipped unknown-people captured same-domain"),
        (mail("x@brightwater.example"), "captured everything-external skipped unknown-people captured same-domain"),
        (mail("x@gmail.com"), "captured everything-external skipped unknown-people skipped unknown-people"),
        (mail(UNKNOWN), "captured everything-external skipped unknown-people skipped unknown-people"),
    ],
)
def test_each_mode_takes_what_it_says(content: bytes, expected: str) -> None:
    modes = ("everything-external", "known-people", "same-domain")
    assert " ".join(decision(copy(content, settings=mode(name))) for name in modes) == expected


@pytest.mark.parametrize(
    ("blocked", "by_organisation", "expected"),
    [
        ("dana@northwind.example", "", "skipped block-list"),
        ("", "northwind.example", "skipped block-list"),
        ("*.northwind.example", "", "skipped block-list"),
        ("*.wind.example", "", "captured known-people"),
        ("other@northwind.example", "", "captured known-people"),
    ],
)
def test_the_block_list_stops_a_message_whose_externals_are_all_blocked(
    blocked: str, by_organisation: str, expected: str
) -> None:
    settings = Settings("known-people", frozenset({blocked} - {""}), frozenset({by_organisation} - {""}))
    assert decision(copy(settings=settings)) == expected
    beside = mail("dana@northwind.example", "mia@larkfield.example, own@mine.example")
    assert decision(copy(beside, settings=settings)) == "captured known-people"


@pytest.mark.parametrize(
    "header", ["Auto-Submitted: no", "List-Id: Sales <sales.larkfield.example>", "Precedence: normal"]
)
def test_what_only_looks_automatic_is_not(header: str) -> None:
    assert decision(copy(mail("dana@northwind.example", "mia@larkfield.example", header))) == "captured known-people"


def test_a_list_of_our_own_is_not_automatic_by_its_precedence_either() -> None:
    content = mail(
        "dana@northwind.example", "a@larkfield.example", "List-Id: <s.larkfield.example>", "Precedence: list"
    )
    assert decision(copy(content)) == "captured known-people"
    assert decision(copy(content.replace(b"Precedence: list", b"Precedence: bulk"))) == "skipped automatic-mail"


def test_a_mark_from_the_beginning_may_name_the_filing_or_the_mode_may() -> None:
    assert decision(copy(mark_turn=1)) == "captured known-people|mark"


def test_a_mark_afterwards_names_nothing_anew() -> None:
    assert decision(copy(mark_turn=2)) == "captured known-people"


def test_a_mark_that_is_taken_away_in_time_leaves_the_other_rules() -> None:
    bulk = mail("dana@northwind.example", "a@x.example", "Precedence: bulk")
    assert decision(copy(bulk, mark_turn=1, unmarked=True)) == "skipped automatic-mail|mark-removed"
    assert decision(copy(mark_turn=1, unmarked=True)) == "captured known-people"


def test_a_marked_stranger_brings_an_issue() -> None:
    assert ruling(copy(mail(UNKNOWN), mark_turn=2)).issue == "unknown-people"
    assert ruling(copy(mail(UNKNOWN))).issue == ""


def test_only_what_need_not_be_seen_may_be_absent() -> None:
    assert ruling(copy(place="trash")).may_be_absent
    assert ruling(copy(place="archive-folder")).may_be_absent
    assert not ruling(copy(place="archive-folder", mark_turn=2)).may_be_absent
    assert not ruling(copy(mail(UNKNOWN))).may_be_absent


def test_bcc_makes_a_message_external_in_the_senders_copy_alone() -> None:
    content = mail("mia@larkfield.example", "tom@larkfield.example", "Bcc: dana@northwind.example")
    assert decision(copy(content, place="sent")) == "captured known-people"
    assert judged(copy(content, place="sent"), company=COMPANY).records[0].people == {}
