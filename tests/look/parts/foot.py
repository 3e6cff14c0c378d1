"""The one next step at the foot: filing, what came of it, and what may be done with it later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.template.loader import render_to_string

from sidebar import presentation
from sync.services.open_email import OpenEmail
from sync.services.status import EmailStatus, FileState, StatusKind
from tests.look.registry import Example, places_of
from tests.sidebar import examples
from tests.sidebar.examples import NOW, filed, opened

FILING_ID = "5b7cf3b0-8f1c-4b3e-9d6e-0c8f1d2a3b4c"


def _shown(name: str, says: str, example: OpenEmail) -> Example:
    def draw() -> Mapping[str, str]:
        return places_of(examples.draw(example))

    return Example(f"foot/{name}", says, draw)


def _again() -> Mapping[str, str]:
    status = filed(replaceable="02s000000000001AAA")
    foot = render_to_string("pane/foot.html", {"foot": presentation.foot_again(status)})
    return {**places_of(examples.draw(opened(status=status))), "foot": foot}


def _failed(name: str, says: str, state: str, doing: str = "") -> Example:
    """A press that was not answered as hoped: its state stands at the foot, the email stays."""

    def draw() -> Mapping[str, str]:
        values = {"state": examples.STATES[state], "filing_id": FILING_ID if doing else "", "doing": doing}
        answer = places_of(render_to_string("pane/foot_error.html", values))
        return {**places_of(examples.draw(opened())), "foot": answer["email"], "status": answer["status"]}

    return Example(f"foot/{name}", says, draw)


def _stepped() -> Mapping[str, str]:
    """The answer to a press: foot and status, while the email stays."""
    status = filed()
    values = {"foot": presentation.foot(status), "status": presentation.status_line(status)}
    answer = places_of(render_to_string("pane/step.html", values))
    return {**places_of(examples.draw(opened())), "foot": answer["email"], "status": answer["status"]}


EXAMPLES = (
    Example("foot/just-filed", "Filed a moment ago", _stepped),
    _shown("file", "What the press will do", opened()),
    _shown("choose", "Nothing is chosen yet", examples.nobody()),
    _shown("nothing", "There is nothing to file it to", examples.colleagues()),
    _shown("confirm", "A question first", examples.PAGES["confirm"]),
    _shown("filing", "Being filed", examples.PAGES["filing"]),
    _shown(
        "filing-no-files",
        "Being filed, without files",
        opened(status=EmailStatus(StatusKind.FILING, "Filing…", filing_id=FILING_ID)),
    ),
    _shown("filed", "Filed: undo, open", opened(status=filed())),
    _shown(
        "storing",
        "Filed, while files are still stored",
        opened(status=filed(files=(FileState("Offer v3.pdf", "stored"), FileState("Plan.pdf", "waiting")))),
    ),
    _shown(
        "files-left-out",
        "Filed, but not with every file",
        opened(
            status=filed(
                files=(
                    FileState("Offer v3.pdf", "failed", "Salesforce refused the file: too large."),
                    FileState("setup.exe", "left out", "It may be harmful."),
                )
            )
        ),
    ),
    _shown(
        "can-follow",
        "Its conversation may be followed",
        opened(status=filed(can_follow=True, replaceable="02s000000000001AAA")),
    ),
    _shown(
        "following",
        "Its conversation is followed",
        opened(status=filed(following_until=NOW + timedelta(days=90), replaceable="02s000000000001AAA")),
    ),
    Example("foot/again", "Other records are chosen: it is filed anew", _again),
    _failed("unavailable", "Salesforce did not answer the press", "unavailable"),
    _failed("throttled", "Salesforce is busy", "throttled"),
    _failed("ambiguous", "It may have been written", "ambiguous"),
    _failed("not-connected", "Salesforce is not connected", "not-connected"),
    _failed("refused", "Salesforce refused", "refused"),
    _failed("conflict", "Somebody else was there first", "conflict"),
    _failed("forbidden", "The person may not", "forbidden"),
    _failed("undo-failed", "Taking it back did not work", "unavailable", "undo"),
    _failed("stop-failed", "Stopping it did not work", "unavailable", "stop"),
    _failed("follow-failed", "Following did not work", "unavailable", "follow"),
    _failed("look-failed", "How it stands could not be asked", "unavailable", "look"),
)
