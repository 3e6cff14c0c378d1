"""Record ids: 15 characters that tell upper from lower case, or 18 with a suffix that survives case folding."""

import re

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\Z")


def suffix(short: str) -> str:
    """The three characters that say which of the fifteen are capitals, five to a character."""
    out = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, letter in enumerate(short[start : start + 5]) if "A" <= letter <= "Z")
        out += _SUFFIX[bits]
    return out


def make(prefix: str, number: int) -> str:
    """The 18-character id of the `number`-th record of the object with this three-character prefix."""
    body = ""
    while number:
        number, rest = divmod(number, 62)
        body = _DIGITS[rest] + body
    # "8V" stands for the instance, as the fourth and fifth characters do in a real org.
    short = prefix + "8V" + body.rjust(10, "0")
    return short + suffix(short)


def normalise(value: object) -> str | None:
    """The 18-character form, or None if `value` has not the form of an id or its suffix is wrong.

    An 18-character id is accepted in any case, as its suffix restores the capitals.
    """
    if not isinstance(value, str) or not _FORM.match(value):
        return None
    if len(value) == 15:
        return value + suffix(value)
    short, given = value[:15], value[15:].upper()
    if suffix(short) == given:
        return short + given
    restored = ""
    for group, letter in enumerate(given):
        bits = _SUFFIX.find(letter)
        if bits < 0:
            return None
        for place, character in enumerate(short[group * 5 : group * 5 + 5]):
            capital = bits >> place & 1
            if capital and not character.isalpha():
                return None
            restored += character.upper() if capital else character.lower()
    return restored + given
