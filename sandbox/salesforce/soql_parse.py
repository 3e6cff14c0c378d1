"""SOQL text into a tree of plain values, by the grammar in `soql.lark`.

Reference: https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Literal, NoReturn

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from sandbox.salesforce.errors import SalesforceError

MAX_LENGTH = 100_000


@dataclass(frozen=True)
class Place:
    """Row and column from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Path:
    """A field, perhaps through relationships: `Owner.Name`."""

    text: str
    at: Place

    @property
    def parts(self) -> list[str]:
        return self.text.split(".")


@dataclass(frozen=True)
class Call:
    """A function of fields: `COUNT(Id)`, `toLabel(Status)`."""

    name: str
    arguments: tuple[Path | Call, ...]
    at: Place


Operand = Path | Call


@dataclass(frozen=True)
class Value:
    """A literal; `word` is a bare word (TRUE, NULL, TODAY) and `counted` one like LAST_N_DAYS:30."""

    kind: Literal["string", "datetime", "date", "number", "counted", "word"]
    text: str
    at: Place


@dataclass(frozen=True)
class Compare:
    operand: Operand
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class SemiJoin:
    operand: Operand
    negated: bool
    query: Query


@dataclass(frozen=True)
class Logic:
    operator: Literal["and", "or", "not"]
    parts: tuple[Condition, ...]


Condition = Compare | SemiJoin | Logic


@dataclass(frozen=True)
class Item:
    operand: Operand
    alias: str | None


@dataclass(frozen=True)
class Ordering:
    operand: Operand
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    items: tuple[Item | Query, ...]
    source: Path
    alias: str | None
    scope: str | None = None
    where: Condition | None = None
    with_: str | None = None
    group: tuple[Operand, ...] = ()
    having: Condition | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0
    tail: tuple[str, ...] = field(default=())


def _at(token: Token) -> Place:
    return Place(token.line or 1, token.column or 1)


class _Build(Transformer[Token, Any]):
    """Each method gets the parts of the rule of its name."""

    def start(self, parts: list[Any]) -> Query:
        return parts[0]  # type: ignore[no-any-return]

    def query(self, parts: list[Any]) -> Query:
        items, source, scope, where, with_, group, having, order, limit, offset, *tail = parts
        return Query(
            items=items,
            source=source[0],
            alias=source[1],
            scope=scope,
            where=where,
            with_=with_,
            group=group or (),
            having=having,
            order=order or (),
            limit=limit,
            offset=offset or 0,
            tail=tuple(tail),
        )

    def items(self, parts: list[Any]) -> tuple[Any, ...]:
        return tuple(parts)

    def item(self, parts: list[Any]) -> Item:
        return Item(parts[0], str(parts[1]) if len(parts) > 1 else None)

    def subquery(self, parts: list[Any]) -> Query:
        return parts[0]  # type: ignore[no-any-return]

    def source(self, parts: list[Any]) -> tuple[Path, str | None]:
        names = [part for part in parts if part is not None]
        return Path(str(names[0]), _at(names[0])), str(names[1]) if len(names) > 1 else None

    def scope(self, parts: list[Any]) -> str:
        return str(parts[0])

    def where(self, parts: list[Any]) -> Condition:
        return parts[0]  # type: ignore[no-any-return]

    having = where

    def with_(self, parts: list[Any]) -> str:
        return str(parts[0])

    def group(self, parts: list[Any]) -> tuple[Operand, ...]:
        return tuple(parts)

    def order(self, parts: list[Any]) -> tuple[Ordering, ...]:
        return tuple(parts)

    def ordering(self, parts: list[Any]) -> Ordering:
        operand, direction, nulls = parts
        return Ordering(operand, str(direction or "").upper() == "DESC", str(nulls or "").upper() == "LAST")

    def limit(self, parts: list[Any]) -> int:
        return int(parts[0])

    offset = limit

    def for_(self, parts: list[Any]) -> str:
        return "FOR " + ",".join(str(part).upper() for part in parts)

    def all_rows(self, _parts: list[Any]) -> str:
        return "ALL ROWS"

    def and_(self, parts: list[Any]) -> Logic:
        return Logic("and", tuple(parts))

    def or_(self, parts: list[Any]) -> Logic:
        return Logic("or", tuple(parts))

    def not_(self, parts: list[Any]) -> Logic:
        return Logic("not", tuple(parts))

    def compare(self, parts: list[Any]) -> Compare:
        operator = "!=" if parts[1] == "<>" else str(parts[1])
        return Compare(parts[0], operator, (parts[2],))

    def like(self, parts: list[Any]) -> Compare:
        return Compare(parts[0], "like", (parts[1],))

    def in_(self, parts: list[Any]) -> Condition:
        return SemiJoin(parts[0], False, parts[1]) if isinstance(parts[1], Query) else Compare(parts[0], "in", parts[1])

    def not_in(self, parts: list[Any]) -> Condition:
        if isinstance(parts[1], Query):
            return SemiJoin(parts[0], True, parts[1])
        return Compare(parts[0], "not in", parts[1])

    def includes(self, parts: list[Any]) -> Compare:
        return Compare(parts[0], "includes", parts[1])

    def excludes(self, parts: list[Any]) -> Compare:
        return Compare(parts[0], "excludes", parts[1])

    def semi_join(self, parts: list[Any]) -> Query:
        return parts[0]  # type: ignore[no-any-return]

    def values(self, parts: list[Any]) -> tuple[Value, ...]:
        return tuple(parts)

    def path(self, parts: list[Any]) -> Path:
        return Path(str(parts[0]), _at(parts[0]))

    def call(self, parts: list[Any]) -> Call:
        name, *arguments = parts
        return Call(str(name), tuple(a for a in arguments if a is not None), _at(name))

    def string(self, parts: list[Any]) -> Value:
        return Value("string", str(parts[0])[1:-1], _at(parts[0]))

    def datetime(self, parts: list[Any]) -> Value:
        return Value("datetime", str(parts[0]).upper(), _at(parts[0]))

    def date(self, parts: list[Any]) -> Value:
        return Value("date", str(parts[0]), _at(parts[0]))

    def number(self, parts: list[Any]) -> Value:
        return Value("number", str(parts[0]), _at(parts[0]))

    def counted(self, parts: list[Any]) -> Value:
        return Value("counted", str(parts[0]).upper(), _at(parts[0]))

    def word(self, parts: list[Any]) -> Value:
        return Value("word", str(parts[0]).upper(), _at(parts[0]))


_PARSER = Lark(
    (FilePath(__file__).parent / "soql.lark").read_text(encoding="utf-8"),
    parser="lalr",
    transformer=_Build(),
    maybe_placeholders=True,
)


def parse(text: str) -> Query:
    """The tree of a statement; raises `SalesforceError` MALFORMED_QUERY."""
    if not text.strip():
        raise SalesforceError("MALFORMED_QUERY", "unexpected token: '<EOF>'")
    if len(text) > MAX_LENGTH:
        raise SalesforceError("MALFORMED_QUERY", f"SOQL statements cannot be longer than {MAX_LENGTH} characters.")
    try:
        tree = _PARSER.parse(text)
    except UnexpectedToken as error:
        shown = "<EOF>" if error.token.type == "$END" else str(error.token)
        refuse(text, _at_of(text, error), f"unexpected token: '{shown}'")
    except UnexpectedCharacters as error:
        refuse(text, _at_of(text, error), f"unexpected token: '{error.char}'")
    return tree  # type: ignore[return-value]


def _at_of(text: str, error: UnexpectedInput) -> Place:
    if error.line is None or error.line < 1:
        return Place(text.count("\n") + 1, len(text) - text.rfind("\n"))
    return Place(error.line, error.column)


def refuse(text: str, at: Place, message: str, code: str = "MALFORMED_QUERY") -> NoReturn:
    """Raise a refusal that shows the place in the statement, as Salesforce does."""
    lines = text.splitlines() or [""]
    line = lines[min(at.line, len(lines)) - 1]
    start = max(0, at.column - 50)
    excerpt = line[start : at.column + 40]
    pointer = " " * (at.column - 1 - start) + "^"
    raise SalesforceError(code, f"\n{excerpt}\n{pointer}\nERROR at Row:{at.line}:Column:{at.column}\n{message}")


_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


def unescape(raw: str) -> str:
    """The text that a literal stands for. Raises ValueError with the sequence that SOQL does not know."""

    def one(found: re.Match[str]) -> str:
        sequence = found[1]
        if len(sequence) == 5:
            return chr(int(sequence[1:], 16))
        if sequence not in _PLAIN:
            raise ValueError(found[0])
        return _PLAIN[sequence.lower()]

    return _ESCAPE.sub(one, raw)


def like_test(raw: str) -> Callable[[str], bool]:
    """Whether a text is like the literal; texts with `%` at their ends alone need no pattern."""
    inner = raw.removeprefix("%")
    before = len(inner) < len(raw)
    inner, after = (inner[:-1], True) if inner.endswith("%") and not inner.endswith("\\%") else (inner, False)
    if not re.search(r"[%_\\]", inner):
        wanted = inner.casefold()
        if before and after:
            return lambda text: wanted in text.casefold()
        if before:
            return lambda text: text.casefold().endswith(wanted)
        if after:
            return lambda text: text.casefold().startswith(wanted)
        return lambda text: text.casefold() == wanted
    pattern = like_pattern(raw)
    return lambda text: pattern.fullmatch(text) is not None


def like_pattern(raw: str) -> re.Pattern[str]:
    r"""A pattern for the whole text: `%` any characters, `_` one, `\%` and `\_` themselves; case does not count."""
    out = ""
    for token in re.findall(r"\\u[0-9a-fA-F]{4}|\\.|.", raw, re.DOTALL):
        if token == "%":
            out += ".*"
        elif token == "_":
            out += "."
        elif token in (r"\%", r"\_"):
            out += re.escape(token[1])
        else:
            out += re.escape(unescape(token))
    return re.compile(out, re.IGNORECASE | re.DOTALL)
