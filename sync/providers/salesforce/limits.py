"""How much text Salesforce's fields hold, and cutting to it so that people see that something was cut.

Salesforce counts UTF-16 code units: a character beyond the basic plane (most emoji) takes two.
"""

from __future__ import annotations

from collections.abc import Iterable

from sync.rules.content import cut

BODY = 131_072
HEADERS = 32_000
TASK_DESCRIPTION = 32_000
ADDRESSES = 4_000
EMAIL_SUBJECT = 3_000
TASK_SUBJECT = 255
NAME = 1_000
IDENTIFIER = 255
_HTML_NOTICE = "<p>[…] The email is longer than Salesforce keeps: the rest was left out.</p>"
_LONGEST_ENTITY = 32


def text_within(text: str, limit: int) -> str:
    """`text`, or its beginning with a line that says that it was cut."""
    return text if _units(text) <= limit else cut(text, _characters(text, limit))


def html_within(html: str, limit: int) -> str:
    """`html`, or its beginning with a paragraph that says that it was cut; never ends inside a tag or an entity."""
    if _units(html) <= limit:
        return html
    head = html[: _characters(html, limit - len(_HTML_NOTICE))]
    if head.rfind("<") > head.rfind(">"):
        head = head[: head.rfind("<")]
    entity = head.rfind("&", max(0, len(head) - _LONGEST_ENTITY))
    if entity > head.rfind(";"):
        head = head[:entity]
    return head + _HTML_NOTICE


def line_within(text: str, limit: int) -> str:
    """The beginning of a one-line text, ending in an ellipsis where it was cut."""
    return text if _units(text) <= limit else text[: _characters(text, limit - 1)].rstrip() + "…"


def lines_within(text: str, limit: int) -> str:
    """Whole lines only."""
    if _units(text) <= limit:
        return text
    head = text[: _characters(text, limit)]
    return head[: head.rfind("\n") + 1]


def addresses_within(addresses: Iterable[str], limit: int = ADDRESSES) -> str:
    """As many whole addresses as fit, separated by semicolons, each once."""
    joined = ""
    for address in dict.fromkeys(addresses):
        longer = joined + ("; " if joined else "") + address
        if _units(longer) > limit:
            break
        joined = longer
    return joined


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _characters(text: str, limit: int) -> int:
    """How many characters of `text` are at most `limit` code units."""
    if text.isascii():
        return limit
    used = 0
    for place, character in enumerate(text):
        used += 2 if character > "\uffff" else 1
        if used > limit:
            return place
    return len(text)
