"""The same states in each language that the product speaks; Arabic mirrors the page."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings

from tests.look.parts import compose, customise, email, foot, reading, records, states, sync
from tests.look.registry import Example

#: The states with the most words in the least room.
CHOSEN = (
    "email/one-person",
    "email/several",
    "email/will-file",
    "email/partial-people",
    "reading/activities",
    "reading/write-follow-up",
    "foot/following",
    "compose/marked",
    "states/throttled",
    "records/form-refused",
    "sync/current",
    "sync/settings",
    "customise/object",
)
_PARTS = (email, reading, foot, compose, states, records, sync, customise)
_ALL = {example.name: example for part in _PARTS for example in part.EXAMPLES}


def _in(language: str, name: str, example: Example) -> Example:
    return replace(
        example, name=f"languages/{language}-{example.slug}", says=f"{name}: {example.says}", language=language
    )


EXAMPLES = tuple(
    _in(code, str(name), _ALL[chosen]) for code, name in settings.LANGUAGES if code != "en" for chosen in CHOSEN
)
