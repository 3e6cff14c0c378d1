"""Whether an email may be filed: one row after the other, and the uppermost that fits decides.

    draft ► gone, junk ► unreadable ► calendar ► internal only ► private ► block lists ► undone ► deleted in Salesforce
          ► automatic ► window, folders ► people unknown ► for the mode: off, known, same domain ► stopped by hand

Each row says something to each cause: `no`, `cannot` (not by the button either), or under which condition it lets the
email pass. A condition that is met (a record chosen, a confirmation given) hands on to the rows below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from sync.mail import FolderKind, Message, MessageHint, Sensitivity
from sync.rules.automatic import is_automatic
from sync.rules.participants import Participant, Standing

Answer = Literal["yes", "no", "confirm", "choose", "cannot"]


class Cause(StrEnum):
    """What asks for the filing."""

    BUTTON = "button"
    MARK = "mark"
    FOLLOWED_THREAD = "followed-thread"
    MODE = "mode"


class Mode(StrEnum):
    """What the mailbox files by itself. All but `OFF` name their filings."""

    OFF = "off"
    KNOWN_PEOPLE = "known-people"
    SAME_DOMAIN = "same-domain"
    EVERYTHING_EXTERNAL = "everything-external"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known beside the email itself.

    `known_people`: somebody of it is in Salesforce. `record_chosen`: a person chose a record (or creates one);
    `confirmed`: a person said yes to the question. `thread_record`: its thread is filed on a business record.
    `domain_accounts`: how many accounts its external domains stand for. `vetoed`: a person stopped it within the delay.
    `internal_domains`: whose mailing lists are not automatic mail.
    """

    participants: tuple[Participant, ...] = ()
    known_people: bool = False
    record_chosen: bool = False
    confirmed: bool = False
    mode: Mode = Mode.OFF
    thread_record: bool = False
    domain_accounts: int = 0
    undone: bool = False
    deleted_in_salesforce: bool = False
    before_window: bool = False
    outside_folders: bool = False
    vetoed: bool = False
    internal_domains: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, the rule that gave it, and one English sentence that says so. `issue`: somebody should know."""

    answer: Answer
    rule: str
    sentence: str
    issue: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: when it fits, what it says to each cause, and the words behind "because" """

    rule: str
    because: str
    fits: Callable[[Message | MessageHint, Facts], bool]
    by_itself: Answer = "no"  # auto mode and followed thread
    mark: Answer = "no"
    button: Answer = "cannot"
    question: str = ""

    def answer(self, cause: Cause) -> Answer:
        if cause is Cause.BUTTON:
            return self.button
        return self.mark if cause is Cause.MARK else self.by_itself


def may_file(mail: Message | MessageHint, facts: Facts, cause: Cause) -> Verdict:
    """What the rules say of filing this email for this cause.

    For a hint they judge what a hint can tell; the message, once it is fetched, decides.
    """
    for row in _ROWS:
        if row.fits(mail, facts):
            verdict = _stopped(row, facts, cause)
            if verdict is not None:
                return verdict
    if cause is Cause.BUTTON:
        return _with_people(facts)
    if cause is Cause.MODE:
        stopped = _outside_mode(facts)
        if stopped is not None:
            return stopped
    elif cause is Cause.MARK and not facts.known_people and not (facts.thread_record or facts.domain_accounts == 1):
        return Verdict("no", "unknown-people", _UNKNOWN, issue=True)
    if facts.vetoed:
        return Verdict("no", "veto", "Will not be filed because it was stopped by hand.")
    rule = str(facts.mode) if cause is Cause.MODE else str(cause)
    return Verdict("yes", rule, _YES[rule])


def _stopped(row: _Row, facts: Facts, cause: Cause) -> Verdict | None:
    """What a row that fits says; None where it lets the email pass."""
    answer = row.answer(cause)
    if answer == "yes" or (answer == "confirm" and facts.confirmed) or (answer == "choose" and facts.record_chosen):
        return None
    if answer in {"confirm", "choose"}:
        return Verdict(answer, row.rule, row.question)
    # What the button may not either cannot be filed, whoever asks.
    words = "Cannot be filed" if row.button == "cannot" else "Will not be filed"
    return Verdict(answer, row.rule, f"{words} because {row.because}.")


def _with_people(facts: Facts) -> Verdict:
    if not facts.known_people and not facts.record_chosen:
        return Verdict("choose", "unknown-people", "Choose a record to file it on, because nobody in it is known yet.")
    return Verdict("yes", "button", _YES["button"])


def _outside_mode(facts: Facts) -> Verdict | None:
    """Why the mode leaves the email alone, or None."""
    if facts.mode is Mode.OFF:
        return Verdict("no", "mode-off", "Will not be filed because automatic filing is switched off.")
    if facts.known_people or facts.mode is Mode.EVERYTHING_EXTERNAL:
        return None
    if facts.mode is Mode.SAME_DOMAIN and facts.domain_accounts:
        return None
    return Verdict("no", "unknown-people", _UNKNOWN)


def _all_blocked(facts: Facts) -> bool:
    outside = [one for one in facts.participants if one.standing is not Standing.INTERNAL]
    return bool(outside) and all(one.standing is not Standing.EXTERNAL for one in outside)


def _blocked_by_organisation(_mail: Message | MessageHint, facts: Facts) -> bool:
    outside = [one for one in facts.participants if one.standing is not Standing.INTERNAL]
    return bool(outside) and all(one.standing is Standing.BLOCKED_BY_ORGANISATION for one in outside)


def _internal_only(_mail: Message | MessageHint, facts: Facts) -> bool:
    return all(one.standing is Standing.INTERNAL for one in facts.participants)


def _is_draft(mail: Message | MessageHint, _facts: Facts) -> bool:
    return mail.is_draft or (isinstance(mail, Message) and mail.folder is FolderKind.DRAFTS)


def _is_calendar(mail: Message | MessageHint, _facts: Facts) -> bool:
    if isinstance(mail, Message):
        return mail.is_meeting
    return mail.item_class.lower().startswith(("ipm.schedule.meeting", "ipm.notification.meeting", "ipm.appointment"))


def _is_private(mail: Message | MessageHint, _facts: Facts) -> bool:
    return isinstance(mail, Message) and mail.sensitivity is not Sensitivity.NORMAL


def _in(*folders: FolderKind) -> Callable[[Message | MessageHint, Facts], bool]:
    return lambda mail, _facts: isinstance(mail, Message) and mail.folder in folders


_UNKNOWN = "Will not be filed because nobody in it is known to Salesforce."
_YES = {
    "button": "Can be filed.",
    "mark": "Will be filed because it is marked for filing.",
    "followed-thread": "Will be filed because its conversation is followed.",
    "known-people": "Will be filed because people in it are known to Salesforce.",
    "same-domain": "Will be filed because people in it, or their company's domain, are known to Salesforce.",
    "everything-external": "Will be filed because everything from and to people outside is filed.",
}

_ROWS = (
    _Row("draft", "it is a draft", _is_draft),
    _Row("gone", "it is in the deleted items", _in(FolderKind.TRASH)),
    _Row("folder-scope", "it is in the junk folder", _in(FolderKind.JUNK)),
    _Row(
        "malformed",
        "it is too damaged to be read",
        lambda mail, _facts: isinstance(mail, Message) and mail.problem == "malformed",
    ),
    _Row("calendar-response", "it is a calendar item: file the event instead", _is_calendar),
    _Row(
        "internal-only",
        "everybody in it belongs to your organisation",
        _internal_only,
        button="choose",
        question="Choose a record to file it on, because everybody in it belongs to your organisation.",
    ),
    _Row(
        "private",
        "it is marked as private, personal or confidential",
        _is_private,
        button="confirm",
        question="It is marked as private, personal or confidential: file it all the same?",
    ),
    _Row("block-list", "your organisation's block list names everybody outside", _blocked_by_organisation),
    _Row(
        "block-list",
        "block lists name everybody outside",
        lambda _mail, facts: _all_blocked(facts),
        button="confirm",
        question="Your block list names everybody outside: file it all the same?",
    ),
    _Row("undone", "it was taken back before", lambda _mail, facts: facts.undone, button="yes"),
    _Row(
        "deleted-in-salesforce",
        "its record was deleted in Salesforce",
        lambda _mail, facts: facts.deleted_in_salesforce,
        button="yes",
    ),
    _Row(
        "automatic-mail",
        "it is an automatic message",
        lambda mail, facts: is_automatic(mail, facts.internal_domains),
        mark="yes",
        button="yes",
    ),
    _Row(
        "window",
        "it is older than the mailbox's connection reaches",
        lambda _mail, facts: facts.before_window,
        mark="yes",
        button="yes",
    ),
    _Row(
        "folder-scope",
        "it is outside the folders that are filed from",
        lambda _mail, facts: facts.outside_folders,
        mark="yes",
        button="yes",
    ),
)
