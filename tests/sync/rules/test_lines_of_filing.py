"""The rules of what files an email, and which message it is, line by line: each name quotes its line (`sync.rules`)."""

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest

from sync.mail import FolderKind, Message, Sensitivity
from sync.rules.eligibility import Cause, Facts, Mode, files_itself, may_file
from sync.rules.identity import computed_identity, message_identity, same_message
from tests.sync.rules.build import PARTY, SENT, message
from tests.sync.rules.test_table import PLAIN, known

OFF = replace(PLAIN, mode=Mode.OFF)


def rule(mail: Message | None = None, cause: Cause = Cause.MODE, **values: Any) -> str:
    return may_file(mail or message(), known(internal_domains=PARTY.internal_domains, **values), cause).rule


def headed(*headers: tuple[str, str]) -> Message:
    return message(headers=headers)


def test_identity_message_id_unfolded_compared_exactly() -> None:
    assert message_identity(message(internet_message_id="<A@\r\n x>")) == "<A@x>"
    assert message_identity(message(internet_message_id="<a@x>")) == "<a@x>"


def test_missing_sha256_of_from_instant_of_date_subject_and_text_with_normalised_line_ends() -> None:
    first = message(internet_message_id="", text="Hello \r\nAnn\r\n\r\n")
    second = replace(first, text="Hello\nAnn", sent_at=SENT.astimezone(timezone(timedelta(hours=2))), to=())
    assert message_identity(first).startswith("sha256:")
    assert message_identity(first) == message_identity(second)
    for changed in ({"subject": "x"}, {"text": "x"}, {"sent_at": None}, {"from_": None}):
        assert message_identity(replace(first, **changed)) != message_identity(first)


def test_longer_than_255_sha256_of_itself() -> None:
    long = f"<{'a' * 300}@x>"
    assert message_identity(message(internet_message_id=long)).startswith("sha256:")
    assert message_identity(message(internet_message_id=long)) != computed_identity(message(internet_message_id=long))


def test_the_same_message_id_with_another_from_or_another_instant_of_date_is_another_message() -> None:
    mail = message()
    for values in ({"from_": message("mallory@x.example").from_}, {"sent_at": SENT + timedelta(seconds=1)}):
        other = replace(mail, **values)
        assert not same_message(mail, other)
        assert message_identity(other) == message_identity(mail)
        assert computed_identity(other) != computed_identity(mail)


def test_the_uppermost_row_that_fits_names_the_decision_then_mode_off_then_the_mode() -> None:
    automatic = headed(("Precedence", "bulk"))
    assert rule(automatic, mode=Mode.OFF, known_people=False) == "automatic-mail"
    assert rule(mode=Mode.OFF, known_people=False) == "mode-off"
    assert rule(known_people=False) == "unknown-people"


@pytest.mark.parametrize(
    ("cause", "mode", "name"),
    [
        (Cause.BUTTON, Mode.OFF, "button"),
        (Cause.MARK, Mode.OFF, "mark"),
        (Cause.FOLLOWED_THREAD, Mode.OFF, "followed-thread"),
        (Cause.MODE, Mode.KNOWN_PEOPLE, "known-people"),
        (Cause.MODE, Mode.SAME_DOMAIN, "same-domain"),
        (Cause.MODE, Mode.EVERYTHING_EXTERNAL, "everything-external"),
    ],
)
def test_a_filing_is_named_by_what_caused_it(cause: Cause, mode: Mode, name: str) -> None:
    verdict = may_file(message(), known(mode=mode), cause)
    assert (verdict.answer, verdict.rule) == ("yes", name)


@pytest.mark.parametrize("cause", list(Cause))
def test_a_second_sighting_of_a_filed_message_is_duplicate(cause: Cause) -> None:
    verdict = may_file(message(), known(already_filed=True), cause)
    assert (verdict.answer, verdict.rule) == ("yes", "duplicate")


@pytest.mark.parametrize(
    ("mail", "values", "name"),
    [
        (message(sensitivity=Sensitivity.PRIVATE), {}, "private"),
        (headed(("Auto-Submitted", "auto-replied")), {}, "automatic-mail"),
        (message(), {"outside_folders": True}, "folder-scope"),
        (message(), {"mode": Mode.OFF}, "mode-off"),
        (message(), {"vetoed": True}, "veto"),
    ],
)
def test_but_what_this_mailbox_says_no_to_is_no_duplicate(mail: Message, values: dict[str, Any], name: str) -> None:
    verdict = may_file(mail, known(already_filed=True, **values), Cause.MODE)
    assert (verdict.answer, verdict.rule) == ("no", name)


def test_will_not_be_filed_a_rule_of_choice_says_no_cannot_be_filed_the_button_may_not_either() -> None:
    assert may_file(message(), known(undone=True), Cause.MODE).sentence.startswith("Will not be filed ")
    for cause in Cause:
        assert may_file(message(is_draft=True), PLAIN, cause).sentence.startswith("Cannot be filed ")


@pytest.mark.parametrize(
    ("headers", "automatic"),
    [
        ((("Auto-Submitted", "auto-generated"),), True),
        ((("Auto-Submitted", "no"),), False),
        ((("Precedence", "bulk"), ("List-Id", "<team.larkfield.example>")), True),
        ((("Precedence", "junk"), ("List-Id", "<team.larkfield.example>")), True),
        ((("Precedence", "list"),), True),
        ((("Precedence", "list"), ("List-Id", "<team.larkfield.example>")), False),
        ((("List-Id", "<news.shop.example>"),), True),
        ((("List-Id", "<team.lists.larkfield.example>"),), False),
        ((("Return-Path", "<>"),), True),
        ((("Return-Path", "<ann@customer.example>"),), False),
        ((("Content-Type", "multipart/report; report-type=disposition-notification"),), True),
    ],
)
def test_automatic_auto_submitted_precedence_list_id_null_return_path_multipart_report(
    headers: tuple[tuple[str, str], ...], automatic: bool
) -> None:
    assert (rule(headed(*headers)) == "automatic-mail") is automatic


def test_modes_off_known_people_known_or_same_domain_everything_external() -> None:
    def takes(**values: Any) -> list[Mode]:
        return [mode for mode in Mode if may_file(message(), known(mode=mode, **values), Cause.MODE).answer == "yes"]

    assert takes() == [Mode.KNOWN_PEOPLE, Mode.SAME_DOMAIN, Mode.EVERYTHING_EXTERNAL]
    for accounts in (1, 2):
        assert takes(known_people=False, domain_accounts=accounts) == [Mode.SAME_DOMAIN, Mode.EVERYTHING_EXTERNAL]
    assert takes(known_people=False) == [Mode.EVERYTHING_EXTERNAL]


def test_scope_is_decided_when_first_seen_trash_or_deletion_before_the_write_does() -> None:
    # Seen in the Inbox, so in scope; what happens to it afterwards is told by where it lies.
    assert rule(message(folder=FolderKind.OTHER, folder_ids=("archive",))) == "known-people"
    assert rule(message(folder=FolderKind.TRASH)) == "gone"
    assert rule(gone=True) == "gone"


@pytest.mark.parametrize("cause", [Cause.MODE, Cause.FOLLOWED_THREAD, Cause.MARK])
def test_veto_when_stopped_for_modes_followed_threads_and_marks(cause: Cause) -> None:
    verdict = may_file(message(), known(vetoed=True), cause)
    assert (verdict.answer, verdict.rule) == ("no", "veto")


def test_veto_the_button_does_not_wait() -> None:
    assert may_file(message(), known(vetoed=True), Cause.BUTTON).answer == "yes"


def test_mark_taken_away_before_the_write_back_to_the_other_rules() -> None:
    # The mode files it all the same.
    assert files_itself(message(), known(mark_removed=True)) == (
        Cause.MODE,
        may_file(message(), PLAIN, Cause.MODE),
    )
    # The followed thread does.
    cause, verdict = files_itself(message(), replace(OFF, mark_removed=True), followed=True)
    assert (cause, verdict.answer, verdict.rule) == (Cause.FOLLOWED_THREAD, "yes", "followed-thread")


@pytest.mark.parametrize(
    ("mail", "values"),
    [
        (message(), {"mode": Mode.OFF}),
        (headed(("List-Id", "<news.shop.example>")), {}),
        (message(), {"before_window": True}),
        (message(), {"outside_folders": True}),
        (message(), {"known_people": False, "thread_record": True}),
    ],
)
def test_mark_removed_where_the_mark_alone_would_have_filed_it(mail: Message, values: dict[str, Any]) -> None:
    verdict = files_itself(mail, known(mark_removed=True, **values))[1]
    assert (verdict.answer, verdict.rule, verdict.issue) == ("no", "mark-removed", False)


@pytest.mark.parametrize(
    ("mail", "values", "name"),
    [
        (message(is_draft=True), {}, "draft"),
        (message(), {"undone": True}, "undone"),
        (message(), {"vetoed": True}, "veto"),
        (message(), {"known_people": False}, "unknown-people"),
    ],
)
def test_mark_removed_is_no_reason_where_the_mark_would_have_changed_nothing(
    mail: Message, values: dict[str, Any], name: str
) -> None:
    assert files_itself(mail, known(mark_removed=True, **values))[1].rule == name


def test_the_mark_asks_before_the_followed_thread_and_that_before_the_mode() -> None:
    assert files_itself(message(), PLAIN, marked=True, followed=True)[0] is Cause.MARK
    assert files_itself(message(), PLAIN, followed=True)[0] is Cause.FOLLOWED_THREAD
    assert files_itself(message(), PLAIN)[0] is Cause.MODE


def test_where_the_mark_does_not_file_it_another_rule_may() -> None:
    strangers = known(known_people=False, mode=Mode.EVERYTHING_EXTERNAL)
    cause, verdict = files_itself(message(), strangers, marked=True)
    assert (cause, verdict.rule, verdict.issue) == (Cause.MODE, "everything-external", False)
    cause, verdict = files_itself(message(), replace(strangers, mode=Mode.OFF), marked=True)
    assert (cause, verdict.rule, verdict.issue) == (Cause.MARK, "unknown-people", True)
    cause, verdict = files_itself(message(), replace(strangers, mode=Mode.OFF), marked=True, followed=True)
    assert (cause, verdict.answer) == (Cause.FOLLOWED_THREAD, "yes")


def test_followed_thread_in_mode_off_too() -> None:
    assert files_itself(message(), OFF, followed=True)[1].rule == "followed-thread"
    assert files_itself(message(), OFF)[1].rule == "mode-off"


def test_mail_that_cannot_be_read_malformed_fails_as_an_issue() -> None:
    broken = message(problem="malformed")
    assert may_file(broken, PLAIN, Cause.MODE).issue
    assert may_file(broken, OFF, Cause.MARK).issue
    # Where nothing asks for it, nobody has to do anything.
    assert not may_file(broken, OFF, Cause.MODE).issue
    assert not may_file(broken, PLAIN, Cause.BUTTON).issue


def test_encrypted_mail_is_filed() -> None:
    assert may_file(message(problem="encrypted"), PLAIN, Cause.MODE).answer == "yes"


def test_no_combination_names_two_answers() -> None:
    """`files_itself` is one of the answers that the causes give on their own."""
    for facts in (PLAIN, OFF, known(known_people=False), known(before_window=True), Facts()):
        for marked, followed in ((False, False), (True, False), (False, True), (True, True)):
            cause, verdict = files_itself(message(), facts, marked=marked, followed=followed)
            assert verdict == may_file(message(), facts, cause)
            assert cause is not Cause.BUTTON
