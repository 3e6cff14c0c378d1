"""Gmail's search box, as far as programs use it: operators, words, quotes, `-`, `OR`, `{}` and `()`.

    query ──read──► tree of terms ──matches──► yes or no for one message

An operator that this stand-in does not know is refused, so that nobody trusts an answer that means nothing.
https://support.google.com/mail/answer/7190
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

from sandbox.google.errors import invalid_argument
from sandbox.google.labels import Labels
from sandbox.google.mailbox import StoredMessage, bare

_TOKEN = re.compile(r'-?(?:[A-Za-z_0-9]+:)?"[^"]*"|[(){}]|-(?=[({])|[^\s(){}"]+|"')
_OPERATOR = re.compile(r"([A-Za-z_0-9]+):(.*)", re.DOTALL)
_WORD = re.compile(r"\w+")
_AGE = re.compile(r"(\d{1,5})([dmy])")
_PACIFIC = timezone(timedelta(hours=-8))  # dates without a time mean midnight there
_PLACES = {
    "inbox": "INBOX",
    "sent": "SENT",
    "draft": "DRAFT",
    "drafts": "DRAFT",
    "spam": "SPAM",
    "trash": "TRASH",
    "chats": "CHAT",
    "starred": "STARRED",
    "important": "IMPORTANT",
    "unread": "UNREAD",
}
_STATES = {"unread": "UNREAD", "starred": "STARRED", "important": "IMPORTANT", "chat": "CHAT"}
_CATEGORIES = ("forums", "updates", "promotions", "social")
Test = Callable[[StoredMessage], bool]


class Reader(Protocol):
    """Gives what a search needs and a message's head does not hold."""

    def text_of(self, message: StoredMessage) -> str:
        """The words of the body and the names of the files."""

    def files_of(self, message: StoredMessage) -> list[str]: ...


@dataclass
class Query:
    """A query that was read. ``since`` and ``until`` (milliseconds) and ``message_id`` narrow before anything is
    tested; ``everywhere`` counts spam and trash in."""

    test: Test
    since: int | None = None
    until: int | None = None
    message_id: str | None = None
    everywhere: bool = False


@dataclass
class _Parser:
    """Reads one query. Only what stands at the top, not under OR, `-` or braces, may narrow."""

    labels: Labels
    reader: Reader
    now: datetime
    query: Query = field(default_factory=lambda: Query(lambda message: True))
    tokens: list[str] = field(default_factory=list)

    def read(self, text: str) -> Query:
        self.tokens = _TOKEN.findall(text)
        self.query.test = self._all(top=True)
        if self.tokens:
            raise invalid_argument("Invalid query")
        return self.query

    def _all(self, *, top: bool) -> Test:
        """Terms side by side, up to a closing bracket: all of them. `OR` binds tighter."""
        tests: list[Test] = []
        while self.tokens and self.tokens[0] not in ")}":
            joined = "OR" in self.tokens[1:2]
            one = self._one(top=top and not joined)
            while self.tokens[:1] == ["OR"]:
                self.tokens.pop(0)
                one = _either(one, self._one(top=False))
            tests.append(one)
        return lambda message: all(test(message) for test in tests)

    def _one(self, *, top: bool) -> Test:
        if not self.tokens:
            raise invalid_argument("Invalid query")
        token = self.tokens.pop(0)
        if token == "-":
            return self._not(lambda: self._one(top=False))
        if token in "({":
            inner = self._all(top=top) if token == "(" else self._any()
            if self.tokens[:1] != [")" if token == "(" else "}"]:
                raise invalid_argument("Invalid query")
            self.tokens.pop(0)
            return inner
        if token.startswith("-") and len(token) > 1:
            return self._not(lambda: self._term(token[1:], top=False))
        return self._term(token, top=top)

    def _not(self, read_one: Callable[[], Test]) -> Test:
        # What shall not be in the trash does not open the trash.
        everywhere = self.query.everywhere
        test = read_one()
        self.query.everywhere = everywhere
        return lambda message: not test(message)

    def _any(self) -> Test:
        tests: list[Test] = []
        while self.tokens and self.tokens[0] not in ")}":
            tests.append(self._one(top=False))
        return lambda message: any(test(message) for test in tests)

    def _term(self, token: str, *, top: bool) -> Test:
        found = _OPERATOR.fullmatch(token)
        if token.startswith('"') or found is None:
            return self._words(token.strip('"'))
        name, value = found[1].lower(), found[2].strip('"')
        if not value and self.tokens[:1] == ["("]:
            raise invalid_argument(f"The sandbox does not know {name}: before a bracket")
        if not value:
            return self._words(name)
        make = getattr(self, f"_op_{name}", None)
        if make is None:
            raise invalid_argument(f"The sandbox does not know the search operator {name}:")
        test: Test = make(value, top)
        return test

    def _words(self, text: str) -> Test:
        wanted = _words(text)

        def test(message: StoredMessage) -> bool:
            head = message.head
            shown = " ".join((head.subject, head.sender, head.to, head.cc, head.bcc))
            return _holds(shown, wanted) or _holds(self.reader.text_of(message), wanted)

        return test

    def _op_rfc822msgid(self, value: str, top: bool) -> Test:
        if top:
            self.query.message_id = bare(value)
        return lambda message: bare(message.head.message_id or "") == bare(value)

    def _op_from(self, value: str, top: bool) -> Test:
        return _in_head(value, "sender")

    def _op_to(self, value: str, top: bool) -> Test:
        return _either(_either(_in_head(value, "to"), _in_head(value, "cc")), _in_head(value, "bcc"))

    def _op_cc(self, value: str, top: bool) -> Test:
        return _in_head(value, "cc")

    def _op_bcc(self, value: str, top: bool) -> Test:
        return _in_head(value, "bcc")

    def _op_subject(self, value: str, top: bool) -> Test:
        return _in_head(value, "subject")

    def _op_in(self, value: str, top: bool) -> Test:
        if value.lower() == "anywhere":
            self.query.everywhere = True
            return lambda message: True
        return self._label(_PLACES.get(value.lower()) or self._by_name(value))

    def _op_label(self, value: str, top: bool) -> Test:
        return self._label(_PLACES.get(value.lower()) or self._by_name(value))

    def _op_is(self, value: str, top: bool) -> Test:
        if value.lower() == "read":
            return lambda message: "UNREAD" not in message.labels
        if value.lower() not in _STATES:
            raise invalid_argument(f"The sandbox does not know is:{value}")
        return self._label(_STATES[value.lower()])

    def _op_category(self, value: str, top: bool) -> Test:
        if value.lower() in ("primary", "personal"):
            others = {f"CATEGORY_{name.upper()}" for name in _CATEGORIES}
            return lambda message: "INBOX" in message.labels and not message.labels & others
        if value.lower() not in _CATEGORIES:
            raise invalid_argument(f"The sandbox does not know category:{value}")
        return self._label(f"CATEGORY_{value.upper()}")

    def _op_has(self, value: str, top: bool) -> Test:
        if value.lower() == "attachment":
            return lambda message: bool(self.reader.files_of(message))
        if value.lower() in ("userlabels", "nouserlabels"):
            wanted = value.lower() == "userlabels"
            return lambda message: any(name.startswith("Label_") for name in message.labels) is wanted
        raise invalid_argument(f"The sandbox does not know has:{value}")

    def _op_after(self, value: str, top: bool) -> Test:
        return self._since(_moment(value), top)

    def _op_before(self, value: str, top: bool) -> Test:
        return self._until(_moment(value), top)

    _op_newer, _op_older = _op_after, _op_before

    def _op_newer_than(self, value: str, top: bool) -> Test:
        return self._since(self._ago(value), top)

    def _op_older_than(self, value: str, top: bool) -> Test:
        return self._until(self._ago(value), top)

    def _since(self, moment: int, top: bool) -> Test:
        if top:
            self.query.since = max(moment, self.query.since or 0)
        return lambda message: message.internal_date >= moment

    def _until(self, moment: int, top: bool) -> Test:
        if top:
            self.query.until = min(moment, self.query.until or moment)
        return lambda message: message.internal_date < moment

    def _ago(self, value: str) -> int:
        found = _AGE.fullmatch(value.lower())
        if found is None:
            raise invalid_argument("Invalid query")
        days = int(found[1]) * {"d": 1, "m": 30, "y": 365}[found[2]]
        return int((self.now - timedelta(days=days)).timestamp() * 1000)

    def _label(self, identifier: str | None) -> Test:
        if identifier in ("SPAM", "TRASH"):
            self.query.everywhere = True
        return lambda message: identifier in message.labels

    def _by_name(self, name: str) -> str | None:
        wanted = _label_name(name)
        return next((label.id for label in self.labels if _label_name(label.name) == wanted), None)


def read(text: str, labels: Labels, reader: Reader, now: datetime) -> Query:
    """Raises 400 for what cannot be read and for what is not known here."""
    return _Parser(labels, reader, now).read(text)


def _label_name(name: str) -> str:
    return re.sub(r"[\s/&()|]+", "-", name.casefold())


def _moment(value: str) -> int:
    """Seconds since 1970, or a date as year, month, day; in milliseconds."""
    if re.fullmatch(r"\d{9,11}", value):
        return int(value) * 1000
    parts = re.fullmatch(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})", value)
    if parts is None:
        raise invalid_argument("Invalid query")
    try:
        day = datetime(int(parts[1]), int(parts[2]), int(parts[3]), tzinfo=_PACIFIC)
    except ValueError as error:
        raise invalid_argument("Invalid query") from error
    return int(day.astimezone(UTC).timestamp() * 1000)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _holds(text: str, wanted: list[str]) -> bool:
    """Whether the words stand in the text one after the other."""
    if not wanted:
        return True
    words = _words(text)
    last = len(words) - len(wanted)
    return any(words[at : at + len(wanted)] == wanted for at in range(last + 1) if words[at] == wanted[0])


def _in_head(value: str, name: str) -> Test:
    wanted = _words(value)
    return lambda message: _holds(getattr(message.head, name), wanted)


def _either(one: Test, other: Test) -> Test:
    return lambda message: one(message) or other(message)
