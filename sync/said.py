"""A provider's own words without the values that they repeat: a person is shown them, and they are kept.

Providers repeat what they refuse: an address that is none, the text that was too long, the token that was not taken.
What was sent is known to who sent it; kept, it would be mail and secrets in the ledger.
"""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext

LEFT_OUT: Final = "…"

_ADDRESS: Final = re.compile(r"[^\s<>\"'(),;:@]+@[^\s<>\"'(),;:@]+")
# Salesforce repeats the whole of a text: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/
_TOO_LONG: Final = re.compile(r"(data value too large: ).*?(?= \(max length|\Z)", re.DOTALL)
_SCHEME: Final = re.compile(r"\b(bearer|basic)\s+\S+", re.IGNORECASE)
# Salesforce's sessions, and whatever is long and holds a digit: tokens, keys and codes of every kind. Ids are shorter.
_SESSION: Final = re.compile(r"\b00D\w{9,15}!\S+")
_LONG: Final = re.compile(r"(?<![\w\-+/=.~!%])(?=[\w\-+/=.~!%]*\d)[\w\-+/=.~!%]{32,}")


def without_values(words: str) -> str:
    """Addresses, repeated texts and whatever could be a token are left out."""
    words = _TOO_LONG.sub(rf"\g<1>{LEFT_OUT}", words)
    words = _SCHEME.sub(rf"\g<1> {LEFT_OUT}", words)
    for pattern in (_SESSION, _ADDRESS, _LONG):
        words = pattern.sub(LEFT_OUT, words)
    return words


def in_the_readers_language(words: str) -> str:
    """Words as they are shown: those of the product itself, which are kept in English, in the language that is on."""
    return gettext(words) if words else ""
