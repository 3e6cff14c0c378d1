"""`$search` over messages: words that all have to begin a word of subject, sender or body, or of one of them.

https://learn.microsoft.com/graph/search-query-parameter#using-search-on-message-collections
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.datastructures import QueryParams

from sandbox.microsoft import bodies
from sandbox.microsoft.errors import GraphError, bad_request
from sandbox.microsoft.mailbox import StoredMessage
from sandbox.microsoft.mime import Person

MOST = 1_000
_TERM = re.compile(r'\s*(?:(?P<field>[A-Za-z]+):\s*)?(?:\\"(?P<phrase>(?:[^"\\])+)\\"|(?P<word>[^\s"\\]+))\s*')


def _people(*found: Person | None) -> str:
    return " ".join(f"{person.name} {person.address}" for person in found if person)


def _sender(message: StoredMessage) -> str:
    return _people(message.parsed.from_)


def _recipients(message: StoredMessage) -> str:
    parsed = message.parsed
    return _people(*parsed.to, *parsed.cc, *parsed.bcc)


_FIELDS: dict[str, Callable[[StoredMessage], str]] = {
    "subject": lambda message: message.parsed.subject,
    "from": _sender,
    "body": lambda message: bodies.plain(message.parsed),
    "to": lambda message: _people(*message.parsed.to),
    "cc": lambda message: _people(*message.parsed.cc),
    "bcc": lambda message: _people(*message.parsed.bcc),
    "recipients": _recipients,
    "participants": lambda message: f"{_sender(message)} {_recipients(message)}",
    "attachment": lambda message: " ".join(part.name for part in message.parts),
}
_EVERYWHERE = ("subject", "from", "body")


def check(params: QueryParams) -> None:
    """A search has an order of its own. Raises the service's refusal of what cannot stand beside it."""
    for name, code in (("$filter", "Filter"), ("$orderby", "OrderBy"), ("$count", "Count"), ("$skip", "Skip")):
        if name in params:
            shown = "$orderBy" if name == "$orderby" else name
            raise GraphError(
                400, f"SearchWith{code}", f"The query parameter '{shown}' is not supported with '$search'."
            )


def matcher(raw: str) -> Callable[[StoredMessage], bool]:
    """Reads the option's value, which stands in double quotes."""
    if not re.fullmatch(r'"(?:[^"\\]|\\.)+"', raw):
        raise bad_request(f"Syntax error: character is not valid at position 0 in '{raw}'.")
    inner, position = raw[1:-1], 0
    tests: list[tuple[tuple[str, ...], re.Pattern[str]]] = []
    while position < len(inner):
        found = _TERM.match(inner, position)
        if not found:
            raise bad_request(f"Syntax error: character is not valid at position {position + 1} in '{raw}'.")
        position = found.end()
        field, text = (found["field"] or "").lower(), found["phrase"] or found["word"]
        if not field and text in ("AND", "and"):
            continue
        if (field and field not in _FIELDS) or text in ("OR", "NOT"):
            raise bad_request(f"The sandbox's search knows words and {', '.join(_FIELDS)}, not '{found[0].strip()}'.")
        pattern = re.compile(rf"(?<!\w){re.escape(text.rstrip('*'))}", re.IGNORECASE)
        tests.append(((field,) if field else _EVERYWHERE, pattern))

    def fits(message: StoredMessage) -> bool:
        return all(any(pattern.search(_FIELDS[name](message)) for name in names) for names, pattern in tests)

    return fits
