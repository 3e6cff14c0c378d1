"""Gmail's search language, `q`: what is looked for never becomes an operator.

https://support.google.com/mail/answer/7190
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from urllib.parse import quote_plus

# Whatever Gmail may take for the end of a phrase; a backslash escapes nothing there.
_QUOTES = re.compile('["\\\\\u00ab\u00bb\u2018-\u201f\u2033\u2036\u301d-\u301f\uff02]')
_MESSAGE_ID = re.compile(r"[0-9a-f]{1,20}\Z")
_PAGE_ID = re.compile(r"(?P<id>[0-9a-f]{1,20})|(?P<kind>msg|thread)-f:(?P<decimal>[0-9]{1,20})")
_PLAIN_ID = re.compile(r"[A-Za-z0-9_.=+$@][A-Za-z0-9_.=+$@/!#%&*^~?-]*\Z")
# Beyond this the library sends a search in another form.
_LONGEST = 1200


def words_query(words: str) -> str:
    """`q` for mail that holds all the words, each taken as it stands; "" where there are none."""
    phrases: list[str] = []
    for word in _QUOTES.sub(" ", _printable(words)).split():
        if any(one.isalnum() for one in word):
            phrases.append(f'"{word}"')
        if len(quote_plus(" ".join(phrases))) > _LONGEST:
            phrases.pop()
            break
    return " ".join(phrases)


def message_id_query(internet_message_id: str) -> str:
    """`q` for one Message-ID, without its angle brackets; "" where nothing is left to look for.

    What cannot be asked for exactly finds more: the caller compares.
    """
    bare = internet_message_id.strip().removeprefix("<").removesuffix(">")
    if _PLAIN_ID.match(bare):
        return "rfc822msgid:" + bare
    safe = " ".join(_QUOTES.sub(" ", _printable(bare)).split())
    return f'rfc822msgid:"{safe}"' if safe else ""


def is_message_id(text: str) -> bool:
    """Whether it can be the API's id of a message."""
    return _MESSAGE_ID.match(text) is not None


def api_id(item_id: str) -> str:
    """The API's id of the message that a client names: that id itself, or the page's `msg-f:` with the decimal.

    "" for anything else, such as what the page calls a message that Gmail's server does not know yet (`msg-a:`).
    """
    return _api_id("msg", item_id)


def api_thread_id(conversation_id: str) -> str:
    """The same of a thread, for which the page has `thread-f:`."""
    return _api_id("thread", conversation_id)


def _api_id(kind: str, text: str) -> str:
    found = _PAGE_ID.fullmatch(text.strip().removeprefix("#"))
    if found is None:
        return ""
    if found["decimal"] is None:
        return found["id"]
    return f"{int(found['decimal']):x}" if found["kind"] == kind else ""


def since_query(since: datetime) -> str:
    """`q` for what was received at or after a moment; Gmail may leave out the second that it is told."""
    return f"after:{max(int(since.timestamp()) - 1, 0)}"


def _printable(text: str) -> str:
    return "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
