"""Every state of the pane with an example of it: what the gallery draws, and what is held against the rules of use.

An example draws parts of the page under the ids of the places that they stand in; the shell around them is the real
one. The parts' modules (`tests/look/parts/`) each give a tuple EXAMPLES; `test_registry.py` finds what none shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from django.utils import translation

PARTS: dict[str, str] = {
    "email": "Reading an email",
    "reading": "What a card opens",
    "foot": "Filing: the foot of the pane",
    "compose": "Writing an email",
    "states": "When there is nothing to show",
    "clients": "What only one mail client has",
    "records": "Salesforce's records",
    "sync": "Synchronisation",
    "customise": "Arranging the pane",
    "languages": "Languages",
}
_OUT_OF_BAND = re.compile(r'<div id="(\w+)" hx-swap-oob="innerHTML">(.*?)</div>\s*(?=<div id="|\Z)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """`name` is part/state; `says` is the state in a sentence. `draw` gives place → HTML, or templates of the shell.

    Places: status, email, foot; or the id of a view that stands in the email's place, whose body it fills (`view`).
    `state`: a state that the client shows by itself, out of the shell's own template, with the mail client's `words`.
    `host`: the one mail client that has it, where the others have not. `mailbox`: whose the open item is, as the host
    bridge tells it. `pictured` is False where only a
    word tells it from another state: the rules hold for it all the same.
    """

    name: str
    says: str
    draw: Callable[[], Mapping[str, str]] = dict
    view: str = ""
    state: str = ""
    words: str = ""
    mailbox: Mapping[str, str] | None = None
    language: str = "en"
    host: str = ""
    is_tab: bool = False
    opens: tuple[str, ...] = ()
    pictured: bool = True

    @property
    def part(self) -> str:
        return self.name.partition("/")[0]

    @property
    def slug(self) -> str:
        return self.name.replace("/", "-")

    def places(self) -> Mapping[str, str]:
        with translation.override(self.language):
            return self.draw()


def places_of(answer: str) -> dict[str, str]:
    """An answer of the server as htmx puts it into the page: what is out of band, and the rest into the email."""
    places = dict(_OUT_OF_BAND.findall(answer))
    return {"email": _OUT_OF_BAND.sub("", answer), **places}


def examples() -> dict[str, Example]:
    """All of them by name, in the order of the parts."""
    found: dict[str, Example] = {}
    for part in PARTS:
        for example in import_module(f"tests.look.parts.{part}").EXAMPLES:
            if example.part != part or example.name in found:
                raise LookupError(f"{example.name} stands in {part}, or twice")
            found[example.name] = example
    return found


def template_of(html: str, name: str) -> str:
    """What the client clones: the inside of <template id="name">."""
    found = re.search(rf'<template id="{re.escape(name)}"[^>]*>(.*?)</template>', html, re.DOTALL)
    if found is None:
        raise LookupError(f"there is no template {name}")
    return found[1]
