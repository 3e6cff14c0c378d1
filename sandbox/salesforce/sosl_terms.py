"""The expression in the braces of a search: words, phrases, wildcards, AND, OR, AND NOT and parentheses.

```
 or    := and ( OR and )*
 and   := one ( [AND [NOT]] one )*            words side by side must all be found
 one   := "phrase" | word | ( or )            in a word `*` stands for any letters, `?` for one
```
Reference: https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_sosl_find.htm
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.salesforce.errors import SalesforceError

LEAST = 2
# More of these serves nobody but who wants to keep the server busy.
MOST_DEPTH = 20
MOST_WILDCARDS = 5
_TOKEN = re.compile(r"\s*(\"(?:\\.|[^\"\\])*\"|\(|\)|(?:\\.|[^\s\\\"()])+)", re.DOTALL)
_RESERVED = set("?&|!{}[]()^~*:\\\"'+-")
_WILD = set("*?")
_PIECE = re.compile(r"[\w*?]+")

Test = Callable[[list[str]], bool]


def malformed(message: str) -> SalesforceError:
    return SalesforceError("MALFORMED_SEARCH", message)


def escaped(words: str) -> str:
    return "".join(f"\\{letter}" if letter in _RESERVED else letter for letter in words)


def parse(raw: str) -> Test:
    """Whether the words of a record (in small letters, in their order) are what is searched for.

    Raises `SalesforceError` MALFORMED_SEARCH.
    """
    tokens = _tokens(raw)
    reader = _Reader(tokens)
    test = reader.alternatives()
    if reader.place < len(tokens):
        raise malformed(f"unexpected token: '{tokens[reader.place]}'")
    if reader.letters < LEAST:
        raise malformed("search term must be longer than one character")
    return test


def _tokens(raw: str) -> list[str]:
    tokens, place = [], 0
    while raw[place:].strip():
        found = _TOKEN.match(raw, place)
        if found is None:
            raise malformed(f"unexpected token: '{raw[place:].strip()[:20]}'")
        tokens.append(found[1])
        place = found.end()
    return tokens


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0
        self.letters = 0
        self.depth = 0

    def _next(self) -> str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def alternatives(self) -> Test:
        tests = [self._all()]
        while (self._next() or "").upper() == "OR":
            self.place += 1
            tests.append(self._all())
        return lambda words: any(test(words) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while (token := self._next()) is not None and token != ")" and token.upper() != "OR":
            if token.upper() == "AND":
                self.place += 1
                if (self._next() or "").upper() == "NOT":
                    self.place += 1
                    tests.append(_negated(self._one()))
                    continue
            tests.append(self._one())
        return lambda words: all(test(words) for test in tests)

    def _one(self) -> Test:
        token = self._next()
        if token is None or token == ")" or token.upper() in ("AND", "OR", "NOT"):
            raise malformed(f"unexpected token: '{token or '<EOF>'}'")
        self.place += 1
        if token == "(":
            self.depth += 1
            if self.depth > MOST_DEPTH:
                raise malformed("the search expression is nested too deeply")
            inner = self.alternatives()
            self.depth -= 1
            if self._next() != ")":
                raise malformed("expecting a right parentheses")
            self.place += 1
            return inner
        return self._phrase(token[1:-1], quoted=True) if token.startswith('"') else self._phrase(token, quoted=False)

    def _phrase(self, body: str, *, quoted: bool) -> Test:
        bare = re.sub(r"\\.", "", body)
        if not quoted and any(letter in _RESERVED - _WILD for letter in bare):
            raise malformed(f"unexpected token: '{body}'")
        # An escaped sign parts words as any other sign does.
        plain = re.sub(r"\\(.)", lambda found: found[1] if found[1] not in _WILD else " ", body)
        pieces = _PIECE.findall(plain.casefold())
        self.letters += sum(len(re.sub(r"[*?]", "", piece)) for piece in pieces)
        if any(piece[0] in _WILD for piece in pieces):
            raise malformed("a search term cannot begin with a wildcard")
        if any(sum(letter in _WILD for letter in piece) > MOST_WILDCARDS for piece in pieces):
            raise malformed("a search term has too many wildcards")
        patterns = [re.compile(re.escape(p).replace(r"\*", r"\w*").replace(r"\?", r"\w")) for p in pieces]
        if not quoted:
            return lambda words: all(any(p.fullmatch(word) for word in words) for p in patterns)
        return lambda words: _in_a_row(patterns, words)


def _negated(test: Test) -> Test:
    return lambda words: not test(words)


def _in_a_row(patterns: list[re.Pattern[str]], words: list[str]) -> bool:
    length = len(patterns)
    return any(
        all(p.fullmatch(word) for p, word in zip(patterns, words[start : start + length], strict=True))
        for start in range(len(words) - length + 1)
    )
