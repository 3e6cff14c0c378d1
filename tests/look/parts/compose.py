"""A draft that is being written: whether it is filed once it is sent, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace

from django.template.loader import render_to_string

from tests.look.registry import Example, places_of


def draft(
    reader: str, *, kind: str = "category", shows: str = "", marked: bool = False, failed: bool = False
) -> Callable[[], Mapping[str, str]]:
    """As static/pane leaves it: the part for what the mail client can do is shown."""

    def draw() -> Mapping[str, str]:
        drafts = SimpleNamespace(reader=reader, mark_kind=kind, mark_name="Salesforce")
        places = dict(places_of(render_to_string("pane/compose.html", {"drafts": drafts})))
        email = places["email"].replace(f"data-{shows} hidden", f"data-{shows}").replace(" disabled>", ">")
        if shows == "can-mark":
            name = "marked" if marked else "unmarked"
            begin = email.index(f'<template id="compose-{name}">') + len(f'<template id="compose-{name}">')
            places["status"] = email[begin : email.index("</template>", begin)]
        if marked:
            email = email.replace('type="checkbox"', 'type="checkbox" checked')
        places["email"] = email.replace("data-mark-failed hidden", "data-mark-failed") if failed else email
        return places

    return draw


EXAMPLES = (
    Example("compose/unmarked", "A draft that is not filed when it is sent", draft("active", shows="can-mark")),
    Example("compose/marked", "A draft that will be filed", draft("active", shows="can-mark", marked=True)),
    Example(
        "compose/mark-failed",
        "The mail client did not take the mark",
        draft("active", shows="can-mark", failed=True),
    ),
    Example(
        "compose/cannot-mark", "A mail client in which no draft can be marked", draft("active", shows="cannot-mark")
    ),
    Example("compose/paused", "The mailbox is paused", draft("paused")),
    Example("compose/reconnect", "The mailbox has to be connected again", draft("reconnect")),
    Example("compose/not-read", "The mailbox is not read", draft("none")),
    Example(
        "compose/others", "A draft in a mailbox that is not the person's own", draft("active", shows="others-mailbox")
    ),
    Example("compose/label", "In Gmail people label the draft themselves", draft("active", kind="label"), host="gmail"),
    Example("compose/label-paused", "In Gmail: the mailbox is paused", draft("paused", kind="label"), host="gmail"),
    Example(
        "compose/label-reconnect",
        "In Gmail: the mailbox has to be connected again",
        draft("reconnect", kind="label"),
        host="gmail",
    ),
    Example("compose/label-not-read", "In Gmail: the mailbox is not read", draft("none", kind="label"), host="gmail"),
)
