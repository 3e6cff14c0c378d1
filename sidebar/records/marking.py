"""Which parts of a name are what somebody searched for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sync.providers.salesforce.sosl import words_of

Segment = tuple[str, bool]


def marked(name: str, text: str) -> tuple[Segment, ...]:
    """The name in parts, each with whether it was found: every beginning of a word that was typed."""
    words = sorted({re.escape(word) for word in words_of(text)}, key=len, reverse=True)
    if not words or not name:
        return ((name, False),) if name else ()
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(words) + ")", re.IGNORECASE)
    return tuple(_segments(name, pattern.finditer(name)))


def _segments(name: str, found: Iterable[re.Match[str]]) -> Iterable[Segment]:
    place = 0
    for match in found:
        if match.start() > place:
            yield name[place : match.start()], False
        yield match.group(), True
        place = match.end()
    if place < len(name):
        yield name[place:], False
