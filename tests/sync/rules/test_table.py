"""What may file what: a test for each cell of the table, made from the table's own words (`sync.rules.eligibility`)."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sync.mail import FolderKind, Message, Sensitivity
from sync.rules.eligibility import Cause, Facts, Mode, Verdict, may_file
from sync.rules.participants import Standing
from tests.sync.rules.build import message, outside

TABLE = """
| the message is | auto mode | followed thread | mark (category, label) | button |
| --- | --- | --- | --- | --- |
| a draft (`draft`) | no | no | no | cannot |
| in trash, deleted items, spam or junk (`gone`, `folder-scope`) | no | no | no | cannot |
| a calendar invitation, answer, cancellation (`calendar-response`) | no: the event is what is filed | no | no | cannot: file the event |
| internal only (`internal-only`) | no | no | no | only with a record chosen by hand |
| private, personal or confidential by sensitivity (`private`; labels of the tenant do not count) | no | no | no | after a confirmation |
| all externals blocked by the organisation (`block-list`) | no | no | no | cannot |
| all externals blocked by the user (`block-list`) | no | no | no | after a confirmation |
| undone before (`undone`) | no | no | no | yes |
| its record deleted in Salesforce (`deleted-in-salesforce`) | no | no | no | yes |
| automatic (`automatic-mail`) | no | no | yes | yes |
| before the window (`window`), outside the folders (`folder-scope`) | no | no | yes | yes |
| from people unknown to Salesforce (`unknown-people`) | by mode | yes | if the thread or the domain gives a record; else skipped, with an issue | choose or create |
"""  # noqa: E501

INSIDE = outside("mia.keller@larkfield.example", standing=Standing.INTERNAL)
ANN = outside("ann@customer.example")
BY_ORGANISATION = outside("x@rival.example", standing=Standing.BLOCKED_BY_ORGANISATION)
BY_USER = outside("y@home.example", standing=Standing.BLOCKED_BY_USER)
PLAIN = Facts(participants=(*ANN, *INSIDE), known_people=True, mode=Mode.KNOWN_PEOPLE)
CAUSES = {
    "auto mode": Cause.MODE,
    "followed thread": Cause.FOLLOWED_THREAD,
    "mark (category, label)": Cause.MARK,
    "button": Cause.BUTTON,
}

#: (what the message is, the rule's name, the message, what else is known)
Example = tuple[str, str, Message, Facts]


def known(**values: Any) -> Facts:
    return replace(PLAIN, **values)


def blocked(*by: Any) -> Facts:
    return known(participants=(*by, *INSIDE))


#: Messages of each row, by what the row calls them.
EXAMPLES: dict[str, list[Example]] = {
    "a draft": [
        ("by its flag", "draft", message(is_draft=True), PLAIN),
        ("by its folder", "draft", message(folder=FolderKind.DRAFTS), PLAIN),
    ],
    "in trash, deleted items, spam or junk": [
        ("in trash", "gone", message(folder=FolderKind.TRASH), PLAIN),
        ("deleted for good", "gone", message(), known(gone=True)),
        ("in junk", "folder-scope", message(folder=FolderKind.JUNK), PLAIN),
    ],
    "a calendar invitation, answer, cancellation": [
        ("a meeting", "calendar-response", message(is_meeting=True), PLAIN),
    ],
    "internal only": [("to colleagues", "internal-only", message(), known(participants=INSIDE))],
    "private, personal or confidential by sensitivity": [
        (kind, "private", message(sensitivity=kind), PLAIN)
        for kind in (Sensitivity.PRIVATE, Sensitivity.PERSONAL, Sensitivity.CONFIDENTIAL)
    ],
    "all externals blocked by the organisation": [
        ("by the organisation", "block-list", message(), blocked(*BY_ORGANISATION))
    ],
    "all externals blocked by the user": [
        ("by the user", "block-list", message(), blocked(*BY_USER)),
        ("some by each", "block-list", message(), blocked(*BY_USER, *BY_ORGANISATION)),
    ],
    "undone before": [("undone", "undone", message(), known(undone=True))],
    "its record deleted in Salesforce": [
        ("deleted there", "deleted-in-salesforce", message(), known(deleted_in_salesforce=True))
    ],
    "automatic": [
        (name, "automatic-mail", message(headers=((name, value),)), PLAIN)
        for name, value in (
            ("Auto-Submitted", "auto-replied"),
            ("Precedence", "bulk"),
            ("Precedence", "junk"),
            ("Precedence", "list"),
            ("List-Id", "<news.shop.example>"),
            ("Return-Path", "<>"),
            ("Content-Type", "multipart/report; report-type=delivery-status"),
        )
    ],
    "before the window, outside the folders": [
        ("too old", "window", message(), known(before_window=True)),
        ("elsewhere", "folder-scope", message(), known(outside_folders=True)),
    ],
    "from people unknown to Salesforce": [("strangers", "unknown-people", message(), known(known_people=False))],
}


def rows() -> dict[str, tuple[frozenset[str], dict[str, str]]]:
    """What the row calls the message -> the names of its rules, and its cells by the name of their column."""
    head, _, *lines = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in TABLE.strip().splitlines())
    found = {}
    for first, *cells in lines:
        name = re.sub(r" ?\([^)]*\)", "", first)
        found[name] = (frozenset(re.findall(r"`([^`]+)`", first)), dict(zip(head[1:], cells, strict=True)))
    return found


def never(mail: Message, facts: Facts, cause: Cause, rule: str) -> None:
    """No, whatever the mailbox files by itself and whatever a person has said."""
    for mode in Mode:
        verdict = may_file(mail, replace(facts, mode=mode, record_chosen=True, confirmed=True), cause)
        assert (verdict.answer, verdict.rule) == ("no", rule)


def cannot(mail: Message, facts: Facts, cause: Cause, rule: str) -> None:
    assert cause is Cause.BUTTON
    verdict = may_file(mail, replace(facts, record_chosen=True, confirmed=True), cause)
    assert (verdict.answer, verdict.rule) == ("cannot", rule)
    assert verdict.sentence.startswith("Cannot be filed because ")


def cannot_file_the_event(mail: Message, facts: Facts, cause: Cause, rule: str) -> None:
    cannot(mail, facts, cause, rule)
    assert may_file(mail, facts, cause).sentence.endswith("file the event instead.")


def passes(mail: Message, facts: Facts, cause: Cause, rule: str) -> None:
    for mode in Mode:
        verdict = may_file(mail, replace(facts, mode=mode), cause)
        assert (verdict.answer, verdict.rule) == ("yes", cause)


def with_a_record(mail: Message, facts: Facts, cause: Cause, rule: str) -> None:
    verdict = may_file(mail, replace(facts, confirmed=True), cause)
    assert (verdict.answer, verdict.rule) == ("choose", rule)
    assert may_file(mail, replace(facts, record_chosen=True), cause).answer == "yes"


def after_a_confirmation(mail: Message, facts: Facts, cause: Cause, rule: str) -> None:
    verdict = may_file(mail, replace(facts, record_chosen=True), cause)
    assert (verdict.answer, verdict.rule, verdict.sentence[-1]) == ("confirm", rule, "?")
    assert may_file(mail, replace(facts, confirmed=True), cause).answer == "yes"


def by_mode(mail: Message, facts: Facts, cause: Cause, rule: str) -> None:
    def answer(mode: Mode, accounts: int) -> tuple[str, str]:
        verdict = may_file(mail, replace(facts, mode=mode, domain_accounts=accounts), cause)
        return verdict.answer, verdict.rule

    for accounts in (0, 1, 2):
        assert answer(Mode.OFF, accounts) == ("no", "mode-off")
        assert answer(Mode.KNOWN_PEOPLE, accounts) == ("no", rule)
        assert answer(Mode.SAME_DOMAIN, accounts) == (("yes", "same-domain") if accounts else ("no", rule))
        assert answer(Mode.EVERYTHING_EXTERNAL, accounts) == ("yes", "everything-external")


def with_a_record_given(mail: Message, facts: Facts, cause: Cause, rule: str) -> None:
    def answer(**values: Any) -> Verdict:
        return may_file(mail, replace(facts, **values), cause)

    for given in ({"thread_record": True}, {"domain_accounts": 1}, {"thread_record": True, "domain_accounts": 2}):
        assert (answer(**given).answer, answer(**given).rule) == ("yes", "mark")
    for not_given in ({}, {"domain_accounts": 2}, {"mode": Mode.EVERYTHING_EXTERNAL}):
        verdict = answer(**not_given)
        assert (verdict.answer, verdict.rule, verdict.issue) == ("no", rule, True)


#: What each cell says, as a check.
CELLS: dict[str, Callable[[Message, Facts, Cause, str], None]] = {
    "no": never,
    "no: the event is what is filed": never,
    "cannot": cannot,
    "cannot: file the event": cannot_file_the_event,
    "yes": passes,
    "only with a record chosen by hand": with_a_record,
    "choose or create": with_a_record,
    "after a confirmation": after_a_confirmation,
    "by mode": by_mode,
    "if the thread or the domain gives a record; else skipped, with an issue": with_a_record_given,
}


@pytest.mark.parametrize(
    ("cell", "cause", "rules", "examples"),
    [
        pytest.param(cell, CAUSES[column], rules, EXAMPLES[name], id=f"{name} | {column}")
        for name, (rules, cells) in rows().items()
        for column, cell in cells.items()
    ],
)
def test_what_may_file_what(cell: str, cause: Cause, rules: frozenset[str], examples: list[Example]) -> None:
    for _, rule, mail, facts in examples:
        assert rule in rules
        CELLS[cell](mail, facts, cause, rule)
    assert rules == {rule for _, rule, _, _ in examples}


def test_every_row_and_column_is_held_against_a_message() -> None:
    assert list(rows()) == list(EXAMPLES)
    assert all(list(cells) == list(CAUSES) for _, cells in rows().values())


@pytest.mark.parametrize(
    ("above", "below"),
    [
        pytest.param(above, below, id=f"{above} before {below}")
        for place, above in enumerate(EXAMPLES)
        for below in list(EXAMPLES)[place + 1 :]
    ],
)
def test_the_uppermost_row_that_fits_names_the_decision(above: str, below: str) -> None:
    """Both at once, where they can be: the message of the one with what is known of the other."""
    _, rule, mail, facts = EXAMPLES[above][0]
    _, _, other_mail, other_facts = EXAMPLES[below][0]
    blank, nothing = message(), PLAIN
    both_mail = replace(
        mail, **{name: getattr(other_mail, name) for name in FIELDS if getattr(mail, name) == getattr(blank, name)}
    )
    both_facts = replace(
        facts, **{name: getattr(other_facts, name) for name in FACTS if getattr(facts, name) == getattr(nothing, name)}
    )
    verdict = may_file(both_mail, both_facts, Cause.MODE)
    assert (verdict.answer, verdict.rule) == ("no", rule)


FIELDS = ("is_draft", "folder", "is_meeting", "sensitivity", "headers")
FACTS = ("participants", "known_people", "undone", "deleted_in_salesforce", "before_window", "outside_folders", "gone")
