"""Gmail's tree of parts written as mail, so that the rules that read mail read it too.

Keys are those of `sync.rules.mime`: a part's place among the parts, `2.1`. Texts come decoded from their transfer
encoding, attachments without their content.
https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages#MessagePart
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

from django.utils.translation import gettext_noop

from sync import errors
from sync.providers.gmail.wire import GmailHeader, GmailPart

_MAX_DEPTH = 50
_NAME = re.compile(r"[!-9;-~]+\Z")
_CHARSET = re.compile(r";\s*charset\s*=\s*(?:\"[^\"]*\"|[^;\s]*)", re.IGNORECASE)
_BREAKS = re.compile(r"[\r\n]+[ \t]*")
_OWN = frozenset({"content-type", "content-transfer-encoding"})


def header_lines(headers: Iterable[GmailHeader]) -> bytes:
    """The lines of a head, each header in one; without the empty line behind them."""
    return b"".join(
        f"{header.name}: {_BREAKS.sub(' ', header.value)}\r\n".encode("utf-8", "replace")
        for header in headers
        if _NAME.match(header.name)
    )


def written_as_mail(part: GmailPart, key: str = "", depth: int = 0) -> bytes:
    """A part and those within it. Messages within stay closed."""
    kept = header_lines(header for header in part.headers if header.name.lower() not in _OWN)
    kind = _header(part, "content-type") or part.mime_type or "text/plain"
    if part.parts and kind.lower().startswith("multipart/") and depth < _MAX_DEPTH:
        # Which boundary was used does not matter; that it cannot stand within a text (base64) does.
        boundary = f"=_{key or '0'}_="
        inner = (written_as_mail(child, _below(key, number), depth + 1) for number, child in enumerate(part.parts, 1))
        body = b"".join(f"--{boundary}\r\n".encode() + text + b"\r\n" for text in inner)
        named = f'Content-Type: {part.mime_type or "multipart/mixed"}; boundary="{boundary}"\r\n\r\n'
        return kept + named.encode("utf-8", "replace") + body + f"--{boundary}--\r\n".encode()
    data = _text(part)
    named = "Content-Type: " + _BREAKS.sub(" ", _with_charset(kind, data))
    lines = f"{named}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode("utf-8", "replace")
    return kept + lines + base64.encodebytes(data)


def parts_by_key(part: GmailPart) -> dict[str, GmailPart]:
    """The parts that hold no others."""
    found: dict[str, GmailPart] = {}
    waiting = [("", part, 0)]
    while waiting:
        key, current, depth = waiting.pop()
        if current.parts and current.mime_type.lower().startswith("multipart/") and depth < _MAX_DEPTH:
            waiting += [(_below(key, number), child, depth + 1) for number, child in enumerate(current.parts, 1)]
        else:
            found[key or "1"] = current
    return found


def _below(key: str, number: int) -> str:
    return f"{key}.{number}" if key else str(number)


def _header(part: GmailPart, name: str) -> str:
    return next((header.value for header in part.headers if header.name.lower() == name), "")


def _text(part: GmailPart) -> bytes:
    data = part.body.data
    try:
        return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))
    except ValueError:
        raise errors.Unavailable(gettext_noop("Gmail's answer could not be read."), code="UNREADABLE") from None


def _with_charset(kind: str, data: bytes) -> str:
    """Gmail may have turned a text into UTF-8 and left its header alone: what reads as UTF-8 is."""
    if not kind.lower().startswith("text/") or data.isascii():
        return kind
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return kind
    return _CHARSET.sub("", kind) + "; charset=utf-8"
