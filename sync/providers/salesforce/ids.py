"""Ids of records: 15 characters that tell capitals from small letters, or 18 with a suffix that survives folding.

https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm (ID field type)
"""

from __future__ import annotations

import re

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_FORM = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\Z")


def long_id(text: str) -> str:
    """The 18-character form of an id; "" for what is none, or whose suffix does not fit."""
    if not _FORM.match(text):
        return ""
    short, given = text[:15], text[15:]
    suffix = "".join(_suffix_of(short[start : start + 5]) for start in (0, 5, 10))
    return short + suffix if not given or given == suffix else ""


def key_prefix(record_id: str) -> str:
    """The three characters that say of which object a record is."""
    return record_id[:3]


def _suffix_of(five: str) -> str:
    return _SUFFIX[sum(1 << place for place, letter in enumerate(five) if "A" <= letter <= "Z")]
