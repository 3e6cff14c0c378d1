"""Every way in which a pane's request can end without its answer, as a designed state.

A state has a name (its words are `templates/pane/states/NAME.html`), the HTTP status that the API answers with, and
what the page needs to say what happens next: what to connect, when it tries again, the words of the provider.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.errors import NotConnected
from accounts.preferences import BadValue, Locked
from sidebar.hints import Invalid
from sync import errors
from sync.capture.block_list import BadEntry
from sync.capture.dryrun import UnknownCursor
from sync.capture.folder_choice import UnknownFolder
from sync.capture.follows import NothingToFollow
from sync.said import in_the_readers_language
from sync.services.choosing import BadChoice
from sync.services.completing import WrongMailbox


@dataclass(frozen=True, slots=True)
class State:
    """`retry_after` is in seconds; `words` are the provider's, for people to read.

    `own`: the address of the session's mailbox, where the client shows the one of `words`.
    """

    name: str
    status: int
    icon: str
    system: str = ""
    retry_after: int | None = None
    until: datetime | None = None
    words: str = ""
    own: str = ""
    problems: tuple[str, ...] = ()

    @property
    def template(self) -> str:
        return f"pane/states/{self.name}.html"


#: What a pane request may end with; anything else is a defect and stays an exception.
EXPECTED = (
    errors.ProviderError,
    NotConnected,
    BadChoice,
    NothingToFollow,
    WrongMailbox,
    BadEntry,
    UnknownFolder,
    UnknownCursor,
    Invalid,
    BadValue,
    Locked,
)


def state_of(error: Exception) -> State:
    """The state for an expected error. Raises the error itself when it is not one of `EXPECTED`."""
    match error:
        case NotConnected():
            return State("not-connected", 409, "state-connect", system=error.system)
        case errors.NeedsReconnect():
            return State("reconnect", 409, "state-connect", system=error.system)
        case errors.Throttled():
            wait = max(1, round(error.retry_after))
            return State(
                "throttled",
                429,
                "state-wait",
                retry_after=min(wait, 3600),
                words=in_the_readers_language(error.message),
            )
        case errors.QuotaSpent():
            return State("quota", 503, "state-wait", until=error.until, words=in_the_readers_language(error.message))
        case errors.Unavailable() | errors.CursorExpired():
            return State("unavailable", 503, "state-error", words=in_the_readers_language(error.message))
        case errors.Ambiguous():
            return State("ambiguous", 503, "state-warning", words=in_the_readers_language(error.message))
        case errors.Refused():
            return State("refused", 422, "state-warning", words=in_the_readers_language(error.message))
        case errors.Forbidden():
            return State("forbidden", 403, "state-lock", words=in_the_readers_language(error.message))
        case errors.Gone():
            return State("gone", 404, "state-mail")
        case errors.Conflict():
            return State("conflict", 409, "state-warning", words=in_the_readers_language(error.message))
        case Locked():
            return State("locked", 409, "state-lock", words=error.sentence)
        case BadValue():
            return State("choice", 422, "state-warning", words=error.sentence)
        case BadChoice() | NothingToFollow() | BadEntry() | UnknownFolder() | UnknownCursor():
            return State("choice", 422, "state-warning", words=in_the_readers_language(str(error)))
        case WrongMailbox():
            return State("other-mailbox", 409, "state-key", words=error.shown, own=error.own)
        case Invalid():
            return State("invalid", 400, "state-error", problems=error.problems)
    raise error
