"""One sentence for each stored decision (`sync.rules.sentences`)."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from sync.mail import FolderKind, Message
from sync.models import Decision, Issue
from sync.rules.eligibility import Cause, Facts, Mode, may_file
from sync.rules.sentences import RULES, decision_sentence
from tests.sync.rules.build import message
from tests.sync.rules.test_table import EXAMPLES, PLAIN, known

DUE = datetime(2026, 11, 20, 10, 42, 31, tzinfo=UTC).isoformat()
EVERY = [(outcome, rule) for outcome, rules in RULES.items() for rule in sorted(rules)]


@pytest.mark.parametrize(
    ("outcome", "rule", "inputs", "sentence"),
    [
        (
            *("waiting", "known-people", {"due_at": DUE}),
            "Will be filed at 10:42 because people in it are known to Salesforce.",
        ),
        ("waiting", "mark", {}, "Will be filed because it is marked for filing."),
        ("waiting", "duplicate", {}, "Will be filed by way of another mailbox, where it also arrived."),
        ("captured", "mark", {}, "Filed because it is marked for filing."),
        ("captured", "button", {}, "Filed by hand."),
        ("captured", "duplicate", {}, "Filed already: it also arrived in another mailbox."),
        ("skipped", "automatic-mail", {}, "Skipped because it is an automatic message."),
        ("skipped", "veto", {}, "Skipped because you stopped it."),
        ("skipped", "mark-removed", {}, "Skipped because its mark was taken away."),
        ("skipped", "folder-scope", {"folder": "junk"}, "Skipped because it is in the junk folder."),
        (
            *("skipped", "folder-scope", {"folder": "other"}),
            "Skipped because it is outside the folders that are filed from.",
        ),
        (
            *("skipped", "block-list", {"list": "organisation"}),
            "Skipped because your organisation's block list names everybody outside.",
        ),
        (
            *("failed", "salesforce-refused", {"words": "Bad value\nfor Subject"}),
            "Failed: Salesforce refused it: “Bad value for Subject”",
        ),
        ("failed", "salesforce-refused", {}, "Failed: Salesforce refused it."),
        ("failed", "malformed", {}, "Failed: it is too damaged to be read."),
    ],
)
def test_a_decision_is_one_sentence(outcome: str, rule: str, inputs: dict[str, object], sentence: str) -> None:
    assert decision_sentence(outcome, rule, inputs) == sentence


@pytest.mark.parametrize(("outcome", "rule"), EVERY)
@pytest.mark.parametrize("inputs", [{}, {"due_at": DUE, "words": "No such field", "folder": "junk"}])
def test_every_outcome_and_rule_has_a_sentence_of_its_own(outcome: str, rule: str, inputs: dict[str, object]) -> None:
    sentence = decision_sentence(outcome, rule, inputs)
    begins = {"waiting": "Will be filed ", "captured": "Filed ", "skipped": "Skipped because ", "failed": "Failed: "}
    assert sentence.startswith(begins[outcome])
    assert sentence[-1] in ".”"
    assert not re.search(r"[.?!%]", sentence[:-1])
    assert ("10:42" in sentence) is (outcome == "waiting" and "due_at" in inputs)
    others = {decision_sentence(outcome, other, inputs) for other in RULES[outcome] if other != rule}
    assert sentence not in others


def test_every_outcome_of_the_ledger_is_known() -> None:
    assert set(RULES) == set(Decision.Outcome.values)


def test_every_verdict_of_the_rules_has_its_sentence_in_the_trace() -> None:
    stopped = [(mail, facts) for examples in EXAMPLES.values() for _, _, mail, facts in examples]
    stopped += [(message(), known(vetoed=True)), (message(problem="malformed"), PLAIN)]
    stopped += [(message(), known(mark_removed=True, mode=Mode.OFF)), (message(), known(mode=Mode.OFF))]
    passed: list[tuple[Message, Facts]] = [(message(), known(mode=mode)) for mode in Mode]
    passed += [(message(), known(already_filed=True))]
    for mail, facts in (*stopped, *passed):
        for cause in Cause:
            verdict = may_file(mail, facts, cause)
            outcome = "captured" if verdict.answer == "yes" else "skipped"
            assert verdict.rule in RULES[outcome]
            if verdict.answer == "yes":
                assert cause is Cause.BUTTON or verdict.rule in RULES["waiting"]


def test_every_issue_of_an_email_that_fails_has_its_sentence() -> None:
    assert {
        Issue.Reason.SALESFORCE_REFUSED,
        Issue.Reason.FETCH_FAILED,
        Issue.Reason.MALFORMED,
        Issue.Reason.NEEDS_RECONNECT,
        Issue.Reason.MAILBOX_REFUSED,
    } <= RULES["failed"]


def test_the_time_is_that_of_whoever_reads() -> None:
    with timezone.override(ZoneInfo("Asia/Kolkata")):
        assert decision_sentence("waiting", "mark", {"due_at": DUE}).startswith("Will be filed at 16:12 because ")


@pytest.mark.parametrize("due_at", ["", "soon", "2026-11-20T10:42:00", 7, None])
def test_what_is_no_instant_is_not_named(due_at: object) -> None:
    assert decision_sentence("waiting", "mark", {"due_at": due_at}) == "Will be filed because it is marked for filing."


def test_a_rule_or_an_outcome_that_is_not_known_is_not_an_error() -> None:
    assert decision_sentence("captured", "older-rule", {}) == "Filed."
    assert decision_sentence("failed", "", {"words": "x"}) == "Failed."
    assert decision_sentence("", "", {}) == "Skipped."


def test_what_a_provider_says_stands_as_it_is_and_is_cut() -> None:
    assert decision_sentence("failed", "forbidden", {"words": "100% %(time)s {no}"}).endswith("“100% %(time)s {no}”")
    long = decision_sentence("failed", "forbidden", {"words": "x" * 5000})
    assert len(long) < 600
    assert long.endswith("…”")


def test_sentences_are_those_of_the_language_that_is_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {
        "Skipped because you stopped it.": "Übergangen, weil Sie es angehalten haben.",
        "Will be filed at %(time)s because it is marked for filing.": "Wird um %(time)s abgelegt: es ist markiert.",
    }
    monkeypatch.setattr("sync.rules.sentences.gettext", lambda text: words.get(text, text))
    with translation.override("de"):
        assert decision_sentence("skipped", "veto", {}) == words["Skipped because you stopped it."]
        assert decision_sentence("waiting", "mark", {"due_at": DUE}) == "Wird um 10:42 abgelegt: es ist markiert."


def test_no_sentence_holds_a_word_of_the_email() -> None:
    mail = message(subject="Secret", folder=FolderKind.TRASH)
    assert "Secret" not in may_file(mail, PLAIN, Cause.MODE).sentence
