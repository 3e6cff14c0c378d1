"""What may file what: each cell of the table, and what stands around it (`sync.rules.eligibility`)."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from sync.mail import FolderKind, Message, MessageHint, Sensitivity
from sync.rules.eligibility import Cause, Facts, Mode, may_file
from sync.rules.participants import Standing
from tests.sync.rules.build import PARTY, hint, message, outside

INSIDE = outside("mia.keller@larkfield.example", standing=Standing.INTERNAL)
ANN = outside("ann@customer.example")
BY_ORGANISATION = outside("x@rival.example", standing=Standing.BLOCKED_BY_ORGANISATION)
BY_USER = outside("y@home.example", standing=Standing.BLOCKED_BY_USER)

#: A plain email between Mia and somebody known, in a mailbox that files known people by itself.
PLAIN = Facts(participants=(*ANN, *INSIDE), known_people=True, mode=Mode.KNOWN_PEOPLE)


def facts(**values: Any) -> Facts:
    return replace(PLAIN, **values)


def headed(*headers: tuple[str, str]) -> Message:
    return message(headers=headers)


# (what the email is, rule, the email, the facts, auto mode, followed thread, mark, button)
TABLE: dict[str, tuple[str, Message | MessageHint, Facts, str, str, str, str]] = {
    "a draft": ("draft", message(is_draft=True), PLAIN, "no", "no", "no", "cannot"),
    "in drafts": ("draft", message(folder=FolderKind.DRAFTS), PLAIN, "no", "no", "no", "cannot"),
    "deleted": ("gone", message(folder=FolderKind.TRASH), PLAIN, "no", "no", "no", "cannot"),
    "junk": ("folder-scope", message(folder=FolderKind.JUNK), PLAIN, "no", "no", "no", "cannot"),
    "damaged": ("malformed", message(problem="malformed"), PLAIN, "no", "no", "no", "cannot"),
    "an invitation": ("calendar-response", message(is_meeting=True), PLAIN, "no", "no", "no", "cannot"),
    "internal only": ("internal-only", message(), facts(participants=INSIDE), "no", "no", "no", "choose"),
    "private": ("private", message(sensitivity=Sensitivity.PRIVATE), PLAIN, "no", "no", "no", "confirm"),
    "personal": ("private", message(sensitivity=Sensitivity.PERSONAL), PLAIN, "no", "no", "no", "confirm"),
    "confidential": ("private", message(sensitivity=Sensitivity.CONFIDENTIAL), PLAIN, "no", "no", "no", "confirm"),
    "all blocked by the organisation": (
        *("block-list", message(), facts(participants=(*BY_ORGANISATION, *INSIDE))),
        *("no", "no", "no", "cannot"),
    ),
    "all blocked by the user": (
        *("block-list", message(), facts(participants=(*BY_USER, *INSIDE))),
        *("no", "no", "no", "confirm"),
    ),
    "all blocked, some by each": (
        *("block-list", message(), facts(participants=(*BY_USER, *BY_ORGANISATION, *INSIDE))),
        *("no", "no", "no", "confirm"),
    ),
    "undone": ("undone", message(), facts(undone=True), "no", "no", "no", "yes"),
    "deleted in Salesforce": (
        *("deleted-in-salesforce", message(), facts(deleted_in_salesforce=True)),
        *("no", "no", "no", "yes"),
    ),
    "automatic": ("automatic-mail", headed(("Precedence", "bulk")), PLAIN, "no", "no", "yes", "yes"),
    "before the window": ("window", message(), facts(before_window=True), "no", "no", "yes", "yes"),
    "outside the folders": ("folder-scope", message(), facts(outside_folders=True), "no", "no", "yes", "yes"),
    "from unknown people": ("unknown-people", message(), facts(known_people=False), "no", "yes", "no", "choose"),
    "from unknown people of a filed thread": (
        *("unknown-people", message(), facts(known_people=False, thread_record=True)),
        *("no", "yes", "yes", "choose"),
    ),
    "from unknown people of one known domain": (
        *("unknown-people", message(), facts(known_people=False, domain_accounts=1)),
        *("no", "yes", "yes", "choose"),
    ),
    "from unknown people of a domain of several": (
        *("unknown-people", message(), facts(known_people=False, domain_accounts=2)),
        *("no", "yes", "no", "choose"),
    ),
    "nothing of these": ("", message(), PLAIN, "yes", "yes", "yes", "yes"),
}
CAUSES = (Cause.MODE, Cause.FOLLOWED_THREAD, Cause.MARK, Cause.BUTTON)
CELLS = [
    pytest.param(row[1], row[2], cause, row[0], answer, row[6], id=f"{name}-{cause}")
    for name, row in TABLE.items()
    for cause, answer in zip(CAUSES, row[3:], strict=True)
]


@pytest.mark.parametrize(("mail", "known", "cause", "rule", "answer", "by_button"), CELLS)
def test_each_cell_of_the_table(
    mail: Message | MessageHint, known: Facts, cause: Cause, rule: str, answer: str, by_button: str
) -> None:
    verdict = may_file(mail, known, cause)
    assert verdict.answer == answer
    if answer == "yes":
        assert verdict.rule == ("known-people" if cause is Cause.MODE else cause)
    else:
        assert verdict.rule == rule
    if answer in {"no", "cannot"}:
        begins = "Cannot be filed because " if by_button == "cannot" else "Will not be filed because "
        assert verdict.sentence.startswith(begins)


@pytest.mark.parametrize(("mail", "known", "cause", "rule", "answer", "by_button"), CELLS)
def test_every_answer_is_one_plain_sentence(
    mail: Message | MessageHint, known: Facts, cause: Cause, rule: str, answer: str, by_button: str
) -> None:
    sentence = may_file(mail, known, cause).sentence
    assert sentence[0].isupper()
    assert sentence[-1] in ".?"
    assert not any(mark in sentence[:-1] for mark in ".?!")


def test_the_sentences_name_the_rule_in_words() -> None:
    automatic = may_file(headed(("List-Id", "<news.shop.example>")), PLAIN, Cause.MODE)
    assert automatic.sentence == "Will not be filed because it is an automatic message."
    assert may_file(message(is_draft=True), PLAIN, Cause.BUTTON).sentence == "Cannot be filed because it is a draft."


def test_internal_mail_is_filed_only_with_a_record_chosen_by_hand() -> None:
    inside = facts(participants=INSIDE, known_people=False)
    assert may_file(message(), inside, Cause.BUTTON).answer == "choose"
    assert may_file(message(), replace(inside, record_chosen=True), Cause.BUTTON).answer == "yes"
    assert may_file(message(), replace(inside, record_chosen=True), Cause.MARK).answer == "no"


@pytest.mark.parametrize(
    ("mail", "known"),
    [(message(sensitivity=Sensitivity.PRIVATE), PLAIN), (message(), facts(participants=(*BY_USER, *INSIDE)))],
)
def test_private_mail_and_the_user_s_own_blocks_are_filed_after_a_confirmation(mail: Message, known: Facts) -> None:
    asked = may_file(mail, known, Cause.BUTTON)
    assert (asked.answer, asked.sentence[-1]) == ("confirm", "?")
    assert may_file(mail, replace(known, confirmed=True), Cause.BUTTON).answer == "yes"
    for cause in (Cause.MODE, Cause.MARK, Cause.FOLLOWED_THREAD):
        assert may_file(mail, replace(known, confirmed=True), cause).answer == "no"


def test_a_confirmation_opens_no_row_below_that_the_button_may_not_pass() -> None:
    mail = message(sensitivity=Sensitivity.PRIVATE)
    blocked = facts(participants=(*BY_ORGANISATION, *INSIDE), confirmed=True)
    assert may_file(mail, blocked, Cause.BUTTON).answer == "cannot"


def test_a_chosen_record_still_asks_whether_private_internal_mail_is_meant() -> None:
    mail = message(sensitivity=Sensitivity.PRIVATE)
    known = facts(participants=INSIDE, record_chosen=True)
    assert may_file(mail, known, Cause.BUTTON).answer == "confirm"


def test_the_block_list_stops_a_message_only_when_everybody_outside_is_on_it() -> None:
    known = facts(participants=(*BY_ORGANISATION, *BY_USER, *ANN, *INSIDE))
    assert may_file(message(), known, Cause.MODE).answer == "yes"


def test_labels_of_the_tenant_do_not_count_as_private() -> None:
    mail = headed(("msip_labels", "MSIP_Label_Enabled=True; Name=Confidential"))
    assert may_file(mail, PLAIN, Cause.MODE).answer == "yes"


def test_the_uppermost_row_names_the_decision() -> None:
    everything = message(
        is_draft=True,
        folder=FolderKind.TRASH,
        is_meeting=True,
        sensitivity=Sensitivity.PRIVATE,
        headers=(("Precedence", "bulk"),),
    )
    known = facts(participants=INSIDE, undone=True, before_window=True, known_people=False)
    assert may_file(everything, known, Cause.MODE).rule == "draft"
    assert may_file(replace(everything, is_draft=False), known, Cause.MODE).rule == "gone"
    filed = replace(everything, is_draft=False, folder=FolderKind.INBOX)
    assert may_file(filed, known, Cause.MODE).rule == "calendar-response"
    assert may_file(replace(filed, is_meeting=False), known, Cause.MODE).rule == "internal-only"
    outside_too = replace(known, participants=ANN)
    assert may_file(replace(filed, is_meeting=False), outside_too, Cause.MODE).rule == "private"
    open_mail = replace(filed, is_meeting=False, sensitivity=Sensitivity.NORMAL)
    assert may_file(open_mail, outside_too, Cause.MODE).rule == "undone"
    assert may_file(open_mail, replace(outside_too, undone=False), Cause.MODE).rule == "automatic-mail"
    assert may_file(message(), replace(outside_too, undone=False), Cause.MODE).rule == "window"


MODES = {
    # (known people, accounts of their domains) -> the rule of a filing, or what keeps it out
    Mode.OFF: {(True, 0): "mode-off", (False, 0): "mode-off", (False, 1): "mode-off", (False, 2): "mode-off"},
    Mode.KNOWN_PEOPLE: {(True, 0): "", (False, 0): "unknown-people", (False, 1): "unknown-people"},
    Mode.SAME_DOMAIN: {(True, 0): "", (False, 0): "unknown-people", (False, 1): "", (False, 2): ""},
    Mode.EVERYTHING_EXTERNAL: {(True, 0): "", (False, 0): "", (False, 1): "", (False, 2): ""},
}


@pytest.mark.parametrize(
    ("mode", "known", "accounts", "stopped"),
    [(mode, *key, rule) for mode, rows in MODES.items() for key, rule in rows.items()],
)
def test_each_mode_takes_what_it_says(mode: Mode, known: bool, accounts: int, stopped: str) -> None:
    verdict = may_file(message(), facts(mode=mode, known_people=known, domain_accounts=accounts), Cause.MODE)
    assert (verdict.answer, verdict.rule) == (("no", stopped) if stopped else ("yes", str(mode)))


def test_followed_threads_marks_and_the_button_work_while_the_mode_is_off() -> None:
    for cause in (Cause.FOLLOWED_THREAD, Cause.MARK, Cause.BUTTON):
        assert may_file(message(), facts(mode=Mode.OFF), cause).answer == "yes"


def test_a_mark_on_unknown_people_without_a_record_is_an_issue() -> None:
    known = facts(known_people=False, mode=Mode.EVERYTHING_EXTERNAL)
    assert may_file(message(), known, Cause.MARK).issue
    assert not may_file(message(), known, Cause.MODE).issue


def test_the_button_asks_to_choose_or_create_for_unknown_people() -> None:
    known = facts(known_people=False)
    assert may_file(message(), known, Cause.BUTTON).answer == "choose"
    assert may_file(message(), replace(known, record_chosen=True), Cause.BUTTON).answer == "yes"


def test_a_veto_stops_all_but_the_button() -> None:
    answers = {cause: may_file(message(), facts(vetoed=True), cause) for cause in Cause}
    assert {cause: verdict.rule for cause, verdict in answers.items() if verdict.answer == "no"} == {
        Cause.MODE: "veto",
        Cause.FOLLOWED_THREAD: "veto",
        Cause.MARK: "veto",
    }
    assert answers[Cause.BUTTON].answer == "yes"


@pytest.mark.parametrize(
    ("headers", "automatic"),
    [
        ((("Auto-Submitted", "auto-replied"),), True),
        ((("Auto-Submitted", "Auto-Generated; owner-email=x"),), True),
        ((("auto-submitted", "no"),), False),
        ((("Auto-Submitted", "No (really)"),), False),
        ((("Precedence", "bulk"),), True),
        ((("Precedence", " Junk "),), True),
        ((("Precedence", "list"),), True),
        ((("Precedence", "normal"),), False),
        ((("Precedence", "list"), ("List-Id", "Team <team.larkfield.example>")), False),
        ((("Precedence", "bulk"), ("List-Id", "Team <team.larkfield.example>")), True),
        ((("List-Id", "Team <team.lists.larkfield.example>"),), False),
        ((("List-Id", "team.larkfield.example."),), False),
        ((("List-Id", "Larkfield.example news <news.shop.example>"),), True),
        ((("List-Id", "<news.notlarkfield.example>"),), True),
        ((("List-Id", ""),), True),
        ((("Return-Path", "<>"),), True),
        ((("Return-Path", "< >"),), True),
        ((("Return-Path", "<ann@customer.example>"),), False),
        ((("Content-Type", 'multipart/report; report-type="delivery-status"'),), True),
        ((("Content-Type", "Multipart/Report"),), True),
        ((("Content-Type", "multipart/mixed"),), False),
        ((("List-Unsubscribe", "<mailto:x@shop.example>"),), False),
        ((), False),
    ],
)
def test_automatic_mail_is_known_by_its_headers(headers: tuple[tuple[str, str], ...], automatic: bool) -> None:
    verdict = may_file(headed(*headers), facts(internal_domains=PARTY.internal_domains), Cause.MODE)
    assert (verdict.rule == "automatic-mail") is automatic


def test_of_several_lines_of_a_header_the_first_counts() -> None:
    mail = headed(("List-Id", "<team.larkfield.example>"), ("List-Id", "<news.shop.example>"))
    assert may_file(mail, facts(internal_domains=PARTY.internal_domains), Cause.MODE).answer == "yes"


@pytest.mark.parametrize(
    ("item_class", "rule"),
    [
        ("IPM.Note", ""),
        ("IPM.Note.SMIME.MultipartSigned", ""),
        ("IPM.Schedule.Meeting.Request", "calendar-response"),
        ("IPM.Schedule.Meeting.Resp.Pos", "calendar-response"),
        ("ipm.schedule.meeting.canceled", "calendar-response"),
        ("IPM.Notification.Meeting.Forward", "calendar-response"),
        ("REPORT.IPM.Note.NDR", "automatic-mail"),
        ("IPM.Note.Rules.OofTemplate.Microsoft", "automatic-mail"),
    ],
)
def test_of_a_hint_the_item_class_is_judged(item_class: str, rule: str) -> None:
    verdict = may_file(hint(item_class=item_class), PLAIN, Cause.MODE)
    assert verdict.rule == (rule or "known-people")


def test_of_a_hint_drafts_lists_and_insiders_are_judged() -> None:
    assert may_file(hint(is_draft=True), PLAIN, Cause.BUTTON).rule == "draft"
    assert may_file(hint(), facts(participants=INSIDE), Cause.BUTTON).rule == "internal-only"
    assert may_file(hint(), facts(participants=BY_ORGANISATION), Cause.BUTTON).rule == "block-list"
    assert may_file(hint(), PLAIN, Cause.BUTTON).answer == "yes"


def test_no_combination_of_facts_is_without_an_answer() -> None:
    flags = ("known_people", "record_chosen", "confirmed", "undone", "before_window", "vetoed")
    mails = [row[1] for row in TABLE.values()]
    for values in product((False, True), repeat=len(flags)):
        for mail, cause, mode in product(mails, Cause, Mode):
            known = facts(**dict(zip(flags, values, strict=True)), mode=mode)
            verdict = may_file(mail, known, cause)
            assert verdict.rule
            assert verdict.sentence
            # Only a press of the button can be answered with a question.
            assert verdict.answer in (
                {"yes", "no"} if cause is not Cause.BUTTON else {"yes", "confirm", "choose", "cannot"}
            )
