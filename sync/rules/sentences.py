"""One sentence for each stored decision: what became of an email, and by which rule.

    waiting    Will be filed at 10:42 because …      captured   Filed because …
    skipped    Skipped because …                     failed     Failed: …

`sync.rules.eligibility` says what will be; this says what was decided, to whoever looks at the trace, and beside the
open email (`standing_sentence`). The sentences are in the language that is switched on, the time in the zone that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop

_MOST_WORDS = 500

_WAITING = {
    "button": gettext_noop("Will be filed at %(time)s because it was asked for by hand."),
    "mark": gettext_noop("Will be filed at %(time)s because it is marked for filing."),
    "followed-thread": gettext_noop("Will be filed at %(time)s because its conversation is followed."),
    "known-people": gettext_noop("Will be filed at %(time)s because people in it are known to Salesforce."),
    "same-domain": gettext_noop(
        "Will be filed at %(time)s because people in it, or their company's domain, are known to Salesforce."
    ),
    "everything-external": gettext_noop(
        "Will be filed at %(time)s because everything from and to people outside is filed."
    ),
    "duplicate": gettext_noop("Will be filed at %(time)s by way of another mailbox, where it also arrived."),
}
_WAITING_UNTIMED = {
    "button": gettext_noop("Will be filed because it was asked for by hand."),
    "mark": gettext_noop("Will be filed because it is marked for filing."),
    "followed-thread": gettext_noop("Will be filed because its conversation is followed."),
    "known-people": gettext_noop("Will be filed because people in it are known to Salesforce."),
    "same-domain": gettext_noop(
        "Will be filed because people in it, or their company's domain, are known to Salesforce."
    ),
    "everything-external": gettext_noop("Will be filed because everything from and to people outside is filed."),
    "duplicate": gettext_noop("Will be filed by way of another mailbox, where it also arrived."),
}
_CAPTURED = {
    "button": gettext_noop("Filed by hand."),
    "mark": gettext_noop("Filed because it is marked for filing."),
    "followed-thread": gettext_noop("Filed because its conversation is followed."),
    "known-people": gettext_noop("Filed because people in it are known to Salesforce."),
    "same-domain": gettext_noop("Filed because people in it, or their company's domain, are known to Salesforce."),
    "everything-external": gettext_noop("Filed because everything from and to people outside is filed."),
    "duplicate": gettext_noop("Filed already: it also arrived in another mailbox."),
}
_SKIPPED = {
    "draft": gettext_noop("Skipped because it is a draft."),
    "gone": gettext_noop("Skipped because it was deleted."),
    "folder-scope": gettext_noop("Skipped because it is outside the folders that are filed from."),
    "malformed": gettext_noop("Skipped because it is too damaged to be read."),
    "calendar-response": gettext_noop("Skipped because it is a calendar item: the event is what is filed."),
    "internal-only": gettext_noop("Skipped because everybody in it belongs to your organisation."),
    "private": gettext_noop("Skipped because it is marked as private, personal or confidential."),
    "block-list": gettext_noop("Skipped because block lists name everybody outside."),
    "undone": gettext_noop("Skipped because it was taken back before."),
    "deleted-in-salesforce": gettext_noop("Skipped because its record was deleted in Salesforce."),
    "automatic-mail": gettext_noop("Skipped because it is an automatic message."),
    "window": gettext_noop("Skipped because it is older than the mailbox's connection reaches."),
    "unknown-people": gettext_noop("Skipped because nobody in it is known to Salesforce."),
    "mode-off": gettext_noop("Skipped because automatic filing is switched off."),
    "veto": gettext_noop("Skipped because you stopped it."),
    "mark-removed": gettext_noop("Skipped because its mark was taken away."),
}
# The same of an open email, which a person may still file.
_WILL_NOT = {
    "gone": gettext_noop("Will not be filed because it was deleted."),
    "folder-scope": gettext_noop("Will not be filed because it is outside the folders that are filed from."),
    "internal-only": gettext_noop("Will not be filed because everybody in it belongs to your organisation."),
    "private": gettext_noop("Will not be filed because it is marked as private, personal or confidential."),
    "block-list": gettext_noop("Will not be filed because block lists name everybody outside."),
    "undone": gettext_noop("Will not be filed because it was taken back before."),
    "deleted-in-salesforce": gettext_noop("Will not be filed because its record was deleted in Salesforce."),
    "automatic-mail": gettext_noop("Will not be filed because it is an automatic message."),
    "window": gettext_noop("Will not be filed because it is older than the mailbox's connection reaches."),
    "unknown-people": gettext_noop("Will not be filed because nobody in it is known to Salesforce."),
    "mode-off": gettext_noop("Will not be filed because automatic filing is switched off."),
    "veto": gettext_noop("Will not be filed because it was stopped by hand."),
    "mark-removed": gettext_noop("Will not be filed because its mark was taken away."),
}
_FAILED = {
    "salesforce-refused": gettext_noop("Failed: Salesforce refused it."),
    "forbidden": gettext_noop("Failed: Salesforce does not allow it."),
    "fetch-failed": gettext_noop("Failed: it could not be fetched from the mailbox."),
    "mailbox-refused": gettext_noop("Failed: the mailbox did not give it."),
    "malformed": gettext_noop("Failed: it is too damaged to be read."),
    "needs-reconnect": gettext_noop("Failed: the connection has ended and has to be made again."),
    "unavailable": gettext_noop("Failed: there was no answer, however often it was tried."),
}
_FAILED_IN_WORDS = {
    "salesforce-refused": gettext_noop("Failed: Salesforce refused it: “%(words)s”"),
    "forbidden": gettext_noop("Failed: Salesforce does not allow it: “%(words)s”"),
    "fetch-failed": gettext_noop("Failed: it could not be fetched from the mailbox: “%(words)s”"),
    "mailbox-refused": gettext_noop("Failed: the mailbox did not give it: “%(words)s”"),
}
_BY_OUTCOME = {"waiting": _WAITING_UNTIMED, "captured": _CAPTURED, "skipped": _SKIPPED, "failed": _FAILED}
_PLAIN = {
    "waiting": gettext_noop("Will be filed."),
    "captured": gettext_noop("Filed."),
    "skipped": gettext_noop("Skipped."),
    "failed": gettext_noop("Failed."),
}
# Where one rule has more than one ground, an input tells which.
_GROUNDS = {
    ("folder-scope", "folder", "junk"): gettext_noop("Skipped because it is in the junk folder."),
    ("block-list", "list", "organisation"): gettext_noop(
        "Skipped because your organisation's block list names everybody outside."
    ),
}

#: The rules that a decision of each outcome can bear.
RULES = {outcome: frozenset(sentences) for outcome, sentences in _BY_OUTCOME.items()}


def decision_sentence(outcome: str, rule: str, inputs: Mapping[str, object]) -> str:
    """What a decision says, as one sentence in the language that is switched on.

    Of `inputs` are read: `due_at` (ISO 8601, of a waiting one), `words` (a provider's own, of a failed one), `folder`
    (the kind of the folder) and `list` (`organisation` where its list alone blocks). None of them has to be there.
    """
    if outcome == "waiting" and rule in _WAITING and (time := _time(inputs.get("due_at"))):
        return gettext(_WAITING[rule]) % {"time": time}
    if outcome == "failed" and rule in _FAILED_IN_WORDS and (words := _words(inputs.get("words"))):
        return gettext(_FAILED_IN_WORDS[rule]) % {"words": words}
    if outcome == "skipped":
        grounds = (text for (name, key, value), text in _GROUNDS.items() if name == rule and inputs.get(key) == value)
        if ground := next(grounds, ""):
            return gettext(ground)
    sentences = _BY_OUTCOME.get(outcome, {})
    return gettext(sentences.get(rule) or _PLAIN.get(outcome, _PLAIN["skipped"]))


def standing_sentence(outcome: str, rule: str, inputs: Mapping[str, object]) -> str:
    """What a decision means for an email that is open: what will be, not what was; without a time."""
    if (
        outcome == "skipped"
        and rule in _WILL_NOT
        and not any((name, inputs.get(key)) == (rule, value) for name, key, value in _GROUNDS)
    ):
        return gettext(_WILL_NOT[rule])
    return decision_sentence(outcome, rule, {**inputs, "due_at": ""})


def _time(due_at: object) -> str:
    """The hour and minute of an instant, in the zone that is switched on; empty for what is none."""
    try:
        moment = datetime.fromisoformat(str(due_at)) if due_at else None
    except ValueError:
        return ""
    if moment is None or moment.tzinfo is None:
        return ""
    return date_format(timezone.localtime(moment), "H:i")


def _words(words: object) -> str:
    text = " ".join(str(words or "").split())
    return text if len(text) <= _MOST_WORDS else text[:_MOST_WORDS].rstrip() + "…"
