"""Whether an email may be filed: one row after the other, and the uppermost that fits decides.

    draft ► gone, junk ► unreadable ► calendar ► internal only ► private ► block lists ► undone ► deleted in Salesforce
          ► automatic ► window, folders ► people unknown ► for the mode: off, known, same domain ► stopped by hand
          ► filed already, by way of another mailbox

Each row says something to each cause: `no`, `cannot` (not by the button either), or under which condition it lets the
email pass. A condition that is met (a record chosen, a confirmation given) hands on to the rows below.

By itself an email is asked for by its mark, else by a followed thread, else by the mode: the first that may names it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from django.utils.translation import gettext_noop

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
    `gone`: it was deleted from the mailbox. `mark_removed`: it was marked, and is no longer. `already_filed`: it stands
    in Salesforce by way of another mailbox. `internal_domains`: whose mailing lists are not automatic mail.
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
    gone: bool = False
    mark_removed: bool = False
    already_filed: bool = False
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
    """One row: when it fits, what it says to each cause, and the sentence; `question` is what the button is asked."""

    rule: str
    sentence: str
    fits: Callable[[Message | MessageHint, Facts], bool]
    by_itself: Answer = "no"  # auto mode and followed thread
    mark: Answer = "no"
    button: Answer = "cannot"
    question: str = ""
    issue: bool = False

    def answer(self, cause: Cause) -> Answer:
        if cause is Cause.BUTTON:
            return self.button
        return self.mark if cause is Cause.MARK else self.by_itself


def may_file(mail: Message | MessageHint, facts: Facts, cause: Cause) -> Verdict:
    """What the rules say of filing this email for this cause.

    For a hint they judge what a hint can tell; the message, once it is fetched, decides. `duplicate` is a yes that
    leaves nothing to write: the email is linked to the record that stands.
    """
    verdict = _judged(mail, facts, cause)
    if verdict.answer == "yes":
        return Verdict("yes", "duplicate", _DUPLICATE) if facts.already_filed else verdict
    # Only where the mark would have filed it is its removal the reason.
    by_itself = cause in {Cause.MODE, Cause.FOLLOWED_THREAD}
    if by_itself and facts.mark_removed and _judged(mail, facts, Cause.MARK).answer == "yes":
        return Verdict("no", "mark-removed", _MARK_REMOVED)
    return verdict


def files_itself(
    mail: Message | MessageHint, facts: Facts, *, marked: bool = False, followed: bool = False
) -> tuple[Cause, Verdict]:
    """What asks for the email where nobody presses the button, and what the rules say to it.

    The mark, else the followed thread, else the mode: the first that may. Where none may, the first that asks is told.
    """
    causes = [*([Cause.MARK] if marked else []), *([Cause.FOLLOWED_THREAD] if followed else []), Cause.MODE]
    verdicts = [(cause, may_file(mail, facts, cause)) for cause in causes]
    return next((one for one in verdicts if one[1].answer == "yes"), verdicts[0])


def _judged(mail: Message | MessageHint, facts: Facts, cause: Cause) -> Verdict:
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
        return Verdict("no", "veto", gettext_noop("Will not be filed because it was stopped by hand."))
    rule = str(facts.mode if cause is Cause.MODE else cause)
    return Verdict("yes", rule, _YES[rule])


def _stopped(row: _Row, facts: Facts, cause: Cause) -> Verdict | None:
    """What a row that fits says; None where it lets the email pass."""
    answer = row.answer(cause)
    if answer == "yes" or (answer == "confirm" and facts.confirmed) or (answer == "choose" and facts.record_chosen):
        return None
    if answer in {"confirm", "choose"}:
        return Verdict(answer, row.rule, row.question)
    # Where nothing is filed by itself, nobody misses an email that could not be.
    asked_for = cause is not Cause.MODE or facts.mode is not Mode.OFF
    return Verdict(answer, row.rule, row.sentence, issue=row.issue and asked_for and cause is not Cause.BUTTON)


def _with_people(facts: Facts) -> Verdict:
    if not facts.known_people and not facts.record_chosen:
        return Verdict("choose", "unknown-people", _CHOOSE)
    return Verdict("yes", "button", _YES["button"])


def _outside_mode(facts: Facts) -> Verdict | None:
    """Why the mode leaves the email alone, or None."""
    if facts.mode is Mode.OFF:
        return Verdict("no", "mode-off", gettext_noop("Will not be filed because automatic filing is switched off."))
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


def _is_in(mail: Message | MessageHint, folder: FolderKind) -> bool:
    return isinstance(mail, Message) and mail.folder is folder


_UNKNOWN = gettext_noop("Will not be filed because nobody in it is known to Salesforce.")
_CHOOSE = gettext_noop("Choose a record to file it on, because nobody in it is known yet.")
_DUPLICATE = gettext_noop("Filed already: it also arrived in another mailbox.")
_MARK_REMOVED = gettext_noop("Will not be filed because its mark was taken away.")
_YES = {
    "button": gettext_noop("Can be filed."),
    "mark": gettext_noop("Will be filed because it is marked for filing."),
    "followed-thread": gettext_noop("Will be filed because its conversation is followed."),
    "known-people": gettext_noop("Will be filed because people in it are known to Salesforce."),
    "same-domain": gettext_noop(
        "Will be filed because people in it, or their company's domain, are known to Salesforce."
    ),
    "everything-external": gettext_noop("Will be filed because everything from and to people outside is filed."),
}

_ROWS = (
    _Row("draft", gettext_noop("Cannot be filed because it is a draft."), _is_draft),
    _Row(
        "gone",
        gettext_noop("Cannot be filed because it is in the deleted items."),
        lambda mail, facts: facts.gone or _is_in(mail, FolderKind.TRASH),
    ),
    _Row(
        "folder-scope",
        gettext_noop("Cannot be filed because it is in the junk folder."),
        lambda mail, _facts: _is_in(mail, FolderKind.JUNK),
    ),
    _Row(
        "malformed",
        gettext_noop("Cannot be filed because it is too damaged to be read."),
        lambda mail, _facts: isinstance(mail, Message) and mail.problem == "malformed",
        issue=True,
    ),
    _Row(
        "calendar-response",
        gettext_noop("Cannot be filed because it is a calendar item: file the event instead."),
        _is_calendar,
    ),
    _Row(
        "internal-only",
        gettext_noop("Will not be filed because everybody in it belongs to your organisation."),
        _internal_only,
        button="choose",
        question=gettext_noop("Choose a record to file it on, because everybody in it belongs to your organisation."),
    ),
    _Row(
        "private",
        gettext_noop("Will not be filed because it is marked as private, personal or confidential."),
        _is_private,
        button="confirm",
        question=gettext_noop("It is marked as private, personal or confidential: file it all the same?"),
    ),
    _Row(
        "block-list",
        gettext_noop("Cannot be filed because your organisation's block list names everybody outside."),
        _blocked_by_organisation,
    ),
    _Row(
        "block-list",
        gettext_noop("Will not be filed because block lists name everybody outside."),
        lambda _mail, facts: _all_blocked(facts),
        button="confirm",
        question=gettext_noop("Your block list names everybody outside: file it all the same?"),
    ),
    _Row(
        "undone",
        gettext_noop("Will not be filed because it was taken back before."),
        lambda _mail, facts: facts.undone,
        button="yes",
    ),
    _Row(
        "deleted-in-salesforce",
        gettext_noop("Will not be filed because its record was deleted in Salesforce."),
        lambda _mail, facts: facts.deleted_in_salesforce,
        button="yes",
    ),
    _Row(
        "automatic-mail",
        gettext_noop("Will not be filed because it is an automatic message."),
        lambda mail, facts: is_automatic(mail, facts.internal_domains),
        mark="yes",
        button="yes",
    ),
    _Row(
        "window",
        gettext_noop("Will not be filed because it is older than the mailbox's connection reaches."),
        lambda _mail, facts: facts.before_window,
        mark="yes",
        button="yes",
    ),
    _Row(
        "folder-scope",
        gettext_noop("Will not be filed because it is outside the folders that are filed from."),
        lambda _mail, facts: facts.outside_folders,
        mark="yes",
        button="yes",
    ),
)
