"""Words of headers: encoded words (RFC 2047), bytes of unknown charsets, texts as one line.

Takes any text or bytes and raises nothing; what cannot be decoded stands with replacement characters.
"""

from __future__ import annotations

import base64
import quopri
import re
import unicodedata
from contextlib import suppress

_WORD = re.compile(r"=\?([^?\s]{1,64})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,64}\?[bBqQ]\?)")
_FOLD = re.compile(r"\r\n|[\r\n]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Codecs that Python offers and no mail may ask for: not charsets, or slow on hostile input.
_NO_CHARSETS = frozenset(
    {
        "idna",
        "punycode",
        "unicode_escape",
        "raw_unicode_escape",
        "undefined",
        "mbcs",
        "oem",
        "utf_7",
        "utf_16",
        "utf_32",
    }
)
_SPELLINGS = {"cp_850": "cp850", "unicode_1_1_utf_7": "utf_8", "x_unknown": "utf_8", "iso_8859_8_i": "iso8859_8"}


def unfold(value: str) -> str:
    """A header's value in one line: line ends go, the blanks behind them stay."""
    return _FOLD.sub("", value)


def one_line(text: str) -> str:
    """Text without control characters, blanks run together, as names and addresses are shown."""
    return " ".join("".join(" " if unicodedata.category(one) == "Cc" else one for one in text).split())


def decode_words(value: str) -> str:
    """The text with its encoded words decoded; neighbours of one charset are put together before they are decoded."""
    if "=?" not in value:
        return value
    text = _BETWEEN.sub(r"\1", value)
    pieces: list[str] = []
    place, charset, waiting = 0, "", b""
    for word in _WORD.finditer(text):
        if word.start() > place or word.group(1).lower() != charset:
            pieces.append(decode_bytes(waiting, charset))
            waiting = b""
        pieces.append(text[place : word.start()])
        charset, place = word.group(1).lower(), word.end()
        waiting += _word_bytes(word.group(2), word.group(3))
    pieces += [decode_bytes(waiting, charset), text[place:]]
    return "".join(pieces)


def decode_bytes(data: bytes, charset: str = "") -> str:
    """Text of bytes: by the charset that is named, else UTF-8, else Windows-1252. Never with lone surrogates."""
    name = charset.partition("*")[0].strip().strip("\"'").lower()  # RFC 2231: =?utf-8*en?…
    name = re.sub(r"[^a-z0-9]+", "_", name)
    name = _SPELLINGS.get(name, name)
    if name and name not in _NO_CHARSETS and name not in {"us_ascii", "ascii", "utf_8", "utf8"}:
        # What is no charset is read as if none were named.
        with suppress(LookupError, ValueError):
            return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", data.decode(name, "replace"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if name in {"utf_8", "utf8"}:
            return data.decode("utf-8", "replace")
        return data.decode("cp1252", "replace")


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return quopri.decodestring(raw.replace(b"_", b" "), header=True)
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    # A last lone character carries no byte.
    clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
    return base64.b64decode(clean + b"=" * (-len(clean) % 4))
