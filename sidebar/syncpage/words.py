"""Names of outcomes and rules as people say them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

OUTCOMES: tuple[tuple[str, Promise], ...] = (
    ("captured", _("Filed")),
    ("waiting", _("Waiting")),
    ("skipped", _("Skipped")),
    ("failed", _("Failed")),
)

RULES: dict[str, Promise] = {
    "automatic-mail": _("Automatic message"),
    "block-list": _("Block list"),
    "button": _("Filed by hand"),
    "calendar-response": _("Calendar item"),
    "deleted-in-salesforce": _("Deleted in Salesforce"),
    "draft": _("Draft"),
    "duplicate": _("Filed by way of another mailbox"),
    "everything-external": _("Everything external"),
    "fetch-failed": _("Could not be fetched"),
    "folder-scope": _("Outside the folders"),
    "followed-thread": _("Followed conversation"),
    "forbidden": _("Not allowed in Salesforce"),
    "gone": _("Deleted"),
    "internal-only": _("Colleagues only"),
    "known-people": _("Known people"),
    "mailbox-refused": _("Refused by the mailbox"),
    "malformed": _("Too damaged to be read"),
    "mark": _("Marked"),
    "mark-removed": _("Mark taken away"),
    "mode-off": _("Automatic filing off"),
    "needs-reconnect": _("Connection ended"),
    "private": _("Private"),
    "salesforce-refused": _("Refused by Salesforce"),
    "same-domain": _("Known people and companies"),
    "unavailable": _("No answer"),
    "undone": _("Taken back"),
    "unknown-people": _("Nobody known"),
    "veto": _("Stopped by hand"),
    "window": _("Before the window"),
}


def named_rules(rules: tuple[str, ...]) -> list[tuple[str, str]]:
    """(name, words) of each, by its words."""
    return sorted(((rule, str(RULES.get(rule, rule))) for rule in rules), key=lambda one: one[1].casefold())
