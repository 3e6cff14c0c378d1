"""What only one mail client has: other people's mailboxes in Outlook, several accounts in Gmail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.look.parts import compose, email
from tests.look.registry import Example, places_of
from tests.sidebar import examples

LOCALES: Final = Path(__file__).resolve().parents[3] / "clients" / "chrome" / "_locales"
SALES: Final = {"address": "sales@larkfield.example", "kind": "shared", "name": "Larkfield sales"}
TOM: Final = {"address": "tom.okafor@larkfield.example", "kind": "delegated"}
LONG: Final = {"address": f"{'l' * 64}@{'d' * 60}.example", "kind": "shared", "name": f"Team {email.LONG}"}


def _opened() -> Mapping[str, str]:
    return places_of(examples.draw(examples.opened(), ()))


def _said(name: str, *given: str) -> str:
    """A sentence of the extension's, with what stands in it."""
    entry = json.loads((LOCALES / "en" / "messages.json").read_text(encoding="utf-8"))[name]
    text: str = entry["message"]
    for place, about in entry.get("placeholders", {}).items():
        text = text.replace(f"${place.upper()}$", given[int(about["content"].removeprefix("$")) - 1])
    return text


EXAMPLES = (
    Example(
        "clients/shared-mailbox",
        "An email in a shared mailbox, which is named",
        _opened,
        host="outlook",
        mailbox=SALES,
    ),
    Example(
        "clients/delegated-mailbox",
        "An email in a colleague's mailbox, who gave no name",
        _opened,
        host="outlook",
        mailbox=TOM,
    ),
    Example(
        "clients/shared-mailbox-long",
        "A shared mailbox with a name that does not end",
        _opened,
        host="outlook",
        mailbox=LONG,
    ),
    Example(
        "clients/shared-mailbox-draft",
        "A draft in a shared mailbox",
        compose.draft("active", shows="others-mailbox"),
        host="outlook",
        mailbox=SALES,
    ),
    Example(
        "clients/shared-calendar",
        "An appointment of a shared calendar, read or written",
        host="outlook",
        state="appointment",
        mailbox=SALES,
    ),
    Example(
        "clients/own-server-draft",
        "A draft in an Outlook on the organisation's own Exchange, whose mailbox nobody reads",
        compose.draft("none"),
        host="outlook",
    ),
    Example(
        "clients/another-account",
        "Gmail shows the mailbox of another account than the one that signed in",
        host="gmail",
        state="mismatch",
        words=_said("mismatch", "noor.haddad@larkfield-labs.example", "jonas.weber@larkfield-labs.example"),
    ),
    Example(
        "clients/unknown-account",
        "Gmail does not say whose mailbox it shows",
        host="gmail",
        state="mismatch",
        words=_said("no_account"),
    ),
    Example(
        "clients/sign-in-words",
        "Signing in did not work, in the extension's words",
        host="gmail",
        state="sign-in-failed",
        words=_said("unreachable"),
    ),
)
