"""What becomes of a message that a mailbox shows: it waits to be filed, or it is skipped, and by which rule.

    on its page      from the head; whether Salesforce knows its people is not known yet, so they are taken to be known
    in its batch     from the addresses, once Salesforce was asked
    before the write from the whole message as it is in the mailbox now

The rules themselves stand in `sync.rules.eligibility`; here is what they are told.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sync.capture.view import MailboxView
from sync.mail import Message
from sync.models import Decision, Follow, Item
from sync.rules.eligibility import Facts, Verdict, files_itself
from sync.rules.following import is_followed
from sync.rules.participants import Participant, participants
from sync.rules.timing import before_window


@dataclass(frozen=True, slots=True)
class Past:
    """What the ledger knows of an email from before. `knew_people`: it was filed with somebody Salesforce knows."""

    undone: bool = False
    deleted_in_salesforce: bool = False
    filed: bool = False
    knew_people: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """`cause` asks for the filing while the outcome is waiting. `follow` is the followed conversation it belongs to."""

    outcome: Decision.Outcome
    rule: str
    cause: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    follow: Follow | None = None
    issue: bool = False

    @property
    def waits(self) -> bool:
        return self.outcome == Decision.Outcome.WAITING


@dataclass(frozen=True, slots=True)
class Known:
    """What Salesforce said of an email's people. Before it was asked, everybody is taken to be known."""

    people: bool = True
    domain_accounts: int = 1
    thread_record: bool = True


def followed_by(view: MailboxView, message: Message, everyone: tuple[Participant, ...]) -> Follow | None:
    """The conversation of this user that the message continues."""
    return next((row for row, thread in view.follows if is_followed(message, everyone, thread)), None)


def judge(
    view: MailboxView,
    message: Message,
    *,
    marked: bool,
    in_scope: bool,
    past: Past = Past(),
    vetoed: bool = False,
    unmarked: bool = False,
    known: Known | None = None,
    followed: bool | None = None,
) -> Judgement:
    """What the rules say of a message in this mailbox. `unmarked`: it carried the mark and carries it no more."""
    everyone = participants(message, view.party)
    follow = followed_by(view, message, everyone) if followed is None else None
    facts = Facts(
        participants=everyone,
        mode=view.settings.mode,
        undone=past.undone,
        deleted_in_salesforce=past.deleted_in_salesforce,
        already_filed=past.filed,
        before_window=before_window(message, view.window_from),
        outside_folders=not in_scope,
        vetoed=vetoed,
        mark_removed=unmarked and not marked,
        internal_domains=view.party.internal_domains,
    )
    asked = known or (Known(people=past.knew_people, domain_accounts=0, thread_record=False) if past.filed else Known())
    facts = replace(
        facts,
        known_people=asked.people,
        domain_accounts=asked.domain_accounts,
        thread_record=asked.thread_record,
    )
    cause, verdict = files_itself(
        message, facts, marked=marked, followed=follow is not None if followed is None else followed
    )
    return judged(verdict, str(cause), inputs_of(view, message, everyone, marked=marked), follow)


def judged(verdict: Verdict, cause: str, inputs: dict[str, Any], follow: Follow | None) -> Judgement:
    if verdict.rule == "malformed":
        # Somebody should know, whatever the mailbox files by itself: it may be more than an odd message.
        return Judgement(Decision.Outcome.FAILED, "malformed", inputs=inputs)
    if verdict.rule == "duplicate":
        return Judgement(Decision.Outcome.CAPTURED, "duplicate", inputs=inputs, follow=follow)
    if verdict.answer == "yes":
        return Judgement(Decision.Outcome.WAITING, verdict.rule, cause, inputs, follow)
    return Judgement(Decision.Outcome.SKIPPED, verdict.rule, inputs=inputs, issue=verdict.issue)


def is_cause_followed(item: Item) -> bool:
    return item.cause == "followed-thread"


def inputs_of(
    view: MailboxView, message: Message, everyone: tuple[Participant, ...], *, marked: bool
) -> dict[str, Any]:
    """What the rules looked at, as a decision keeps it: no word of the message."""
    standings: dict[str, int] = {}
    for one in everyone:
        standings[str(one.standing)] = standings.get(str(one.standing), 0) + 1
    return {
        "mode": str(view.settings.mode),
        "folder": str(message.folder),
        "marked": marked,
        "participants": standings,
    }
