"""What stands in the place of the email when it cannot be shown: told by the server, or found out by the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from django.template.loader import render_to_string

from sidebar.shell import client_states
from sidebar.states import State
from sync.services.drafts import Drafts, MarkKind, Reader
from tests.look.registry import Example, places_of
from tests.sidebar.examples import STATES

#: What each is, for the reader of the gallery; the state's own words are in its template.
SERVER = {
    "not-connected": "Salesforce was never connected",
    "reconnect": "The connection to Salesforce has ended",
    "throttled": "Salesforce is busy; it goes on by itself",
    "quota": "The day's calls are used up",
    "unavailable": "Salesforce does not answer",
    "ambiguous": "A write without an answer",
    "refused": "Salesforce refused, in its own words",
    "locked": "An administrator has decided",
    "forbidden": "No permission",
    "gone": "The email is no longer there",
    "conflict": "Somebody else was faster",
    "choice": "The choice does not work",
    "other-mailbox": "Gmail shows another account's mailbox",
    "invalid": "The request could not be read",
}
CLIENT = {
    "no-item": "No email is open",
    "no-host": "The mail client does not answer",
    "appointment": "An appointment is open",
    "unsupported": "Something else than an email is open",
    "invalid": "The mail client's answer could not be read",
    "offline": "Offline",
    "expired": "Signed out",
    "sign-in": "Nobody has signed in yet",
    "sign-in-own-server": "Nobody has signed in yet, on the organisation's own Exchange",
    "mismatch": "The mailbox of another account",
    "sign-in-failed": "Signing in did not work",
    "server-down": "The server does not answer",
    "error": "Something went wrong",
    "forbidden": "No permission",
}


def _told(state: State) -> Mapping[str, str]:
    return places_of(render_to_string("pane/state_answer.html", {"state": state, "generation": "7"}))


def _drafts(reader: Reader, shown: str) -> Mapping[str, str]:
    """A draft, as it stands once the mail client has said whether it can mark one."""
    text = str(render_to_string("pane/compose.html", {"drafts": Drafts("Salesforce", MarkKind.CATEGORY, reader)}))
    return places_of(text.replace(f"{shown} hidden", shown).replace('data-name="Salesforce" disabled', "checked"))


EXAMPLES = (
    Example("states/draft", "A draft that is marked", partial(_drafts, Reader.ACTIVE, "data-can-mark")),
    Example(
        "states/draft-unmarkable",
        "A draft, where no mark is possible",
        partial(_drafts, Reader.ACTIVE, "data-cannot-mark"),
    ),
    Example("states/draft-paused", "A draft, and the mailbox is paused", partial(_drafts, Reader.PAUSED, "none")),
    Example(
        "states/draft-reconnect", "A draft, and the mailbox is cut off", partial(_drafts, Reader.RECONNECT, "none")
    ),
    Example("states/draft-unread", "A draft, and nobody reads the mailbox", partial(_drafts, Reader.NONE, "none")),
    *(Example(f"states/{name}", SERVER[name], partial(_told, state)) for name, state in STATES.items()),
    Example(
        "states/mailbox-not-connected",
        "The mailbox was never connected",
        partial(_told, replace(STATES["not-connected"], system="microsoft")),
    ),
    Example(
        "states/mailbox-reconnect",
        "The connection to the mailbox has ended",
        partial(_told, replace(STATES["reconnect"], system="microsoft")),
    ),
    Example(
        "states/quota-open-end",
        "Used up, until nobody knows when",
        partial(_told, replace(STATES["quota"], until=None)),
    ),
    Example("states/refused-silent", "Refused without a word", partial(_told, replace(STATES["refused"], words=""))),
    *(
        Example(f"states/client-{name}", CLIENT.get(name, sentence), state=name)
        for name, _, sentence in client_states()
    ),
)
