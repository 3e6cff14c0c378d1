"""Conditions of a statement into a test of rows, and into the few rows that an index leaves to be tested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, NoReturn

from sandbox.salesforce import ids, values
from sandbox.salesforce.schema import NUMBERS, REFERENCES, TEXT, SObject
from sandbox.salesforce.soql_dates import Span, span
from sandbox.salesforce.soql_names import Column, Reader
from sandbox.salesforce.soql_parse import (
    Call,
    Compare,
    Condition,
    Operand,
    Place,
    Query,
    SemiJoin,
    Value,
    like_test,
    refuse,
    unescape,
)
from sandbox.salesforce.store import Row, index_key

Test = Callable[[Row], bool]


@dataclass(frozen=True)
class Filter:
    """`test` decides; `candidates` are the only ids worth testing, or None for all."""

    test: Test
    candidates: set[str] | None = None


Resolve = Callable[[Operand], Column]
RunInner = Callable[[Query], "set[str]"]


class Conditions:
    """Compiles the conditions of one query; `inner` answers a semi-join's sub-select with ids."""

    def __init__(self, reader: Reader, found: SObject, resolve: Resolve, inner: RunInner | None) -> None:
        self._reader = reader
        self._found = found
        self._resolve = resolve
        self._inner = inner
        self._semi_joins = 0
        self.compared: list[tuple[str, str]] = []

    def compile(self, condition: Condition, *, top: bool = True) -> Filter:
        if isinstance(condition, Compare):
            return self._compare(condition)
        if isinstance(condition, SemiJoin):
            return self._semi_join(condition, top)
        parts = [self.compile(part, top=top and condition.operator == "and") for part in condition.parts]
        tests = [part.test for part in parts]
        known = [part.candidates for part in parts if part.candidates is not None]
        if condition.operator == "and":
            return Filter(lambda row: all(test(row) for test in tests), min(known, key=len) if known else None)
        if condition.operator == "or":
            whole = set().union(*known) if len(known) == len(parts) else None
            return Filter(lambda row: any(test(row) for test in tests), whole)
        only = tests[0]
        return Filter(lambda row: not only(row))

    def _refuse(self, at: Place, message: str, code: str = "MALFORMED_QUERY") -> NoReturn:
        refuse(self._reader.text, at, message, code)

    def _compare(self, condition: Compare) -> Filter:
        column = self._resolve(condition.operand)
        at = condition.operand.at
        if column.field is not None and not column.field.can("filterable"):
            self._refuse(at, f"field '{column.field.name}' can not be filtered in a query call", "INVALID_FIELD")
        if column.type == "junctionidlist":
            self._refuse(at, f"field '{column.name}' can not be filtered in a query call", "INVALID_FIELD")
        self._check_operator(column, condition.operator, at)
        if column.direct:
            self.compared.append((column.name, condition.operator))
        if condition.operator == "like":
            return self._like(column, condition.values[0])
        wanted = [self._value(column, value) for value in condition.values]
        if condition.operator in ("includes", "excludes"):
            return self._multi(column, condition.operator, wanted)
        if condition.operator in ("in", "not in", "=", "!=") and not any(isinstance(w, tuple) for w in wanted):
            return self._equal(column, wanted, negated=condition.operator in ("not in", "!="))
        if condition.operator in ("in", "not in"):
            tests = [_ordered(column.read, "=", w) for w in wanted]
            positive = condition.operator == "in"
            return Filter(lambda row: any(test(row) for test in tests) is positive)
        return Filter(_ordered(column.read, condition.operator, wanted[0]))

    def _check_operator(self, column: Column, operator: str, at: Place) -> None:
        code = "INVALID_QUERY_FILTER_OPERATOR"
        if operator in ("includes", "excludes") and column.type != "multipicklist":
            self._refuse(at, "includes or excludes operator only valid on multipicklist field", code)
        if operator == "like" and column.type in REFERENCES:
            self._refuse(at, "invalid operator on id field", code)
        if operator == "like" and column.type not in TEXT:
            self._refuse(at, f"invalid operator on {column.type} field", code)
        if operator in ("<", "<=", ">", ">=") and column.type == "boolean":
            self._refuse(at, "invalid operator on boolean field", code)

    def _like(self, column: Column, value: Value) -> Filter:
        if value.kind != "string":
            self._wrong_type(column, value)
        try:
            matches = like_test(value.text)
        except ValueError as error:
            self._refuse_escape(value, error)
        read = column.read
        return Filter(lambda row: (text := read(row)) is not None and matches(text))

    def _multi(self, column: Column, operator: str, wanted: list[Any]) -> Filter:
        groups = [set(str(w).split(";")) for w in wanted]
        positive = operator == "includes"
        read = column.read
        return Filter(lambda row: any(g <= set((read(row) or "").split(";")) for g in groups) is positive)

    def _equal(self, column: Column, wanted: list[Any], *, negated: bool) -> Filter:
        keys = {index_key(w) for w in wanted} if column.type not in REFERENCES else set(wanted)
        read = column.read
        if not any(wanted) and None in wanted:
            return Filter(lambda row: (read(row) is None) is not negated)
        if column.type in TEXT:

            def holds(row: Row) -> bool:
                value = read(row)
                return (value.casefold() if isinstance(value, str) else value) in keys
        else:

            def holds(row: Row) -> bool:
                return read(row) in keys

        if negated:
            return Filter(lambda row: not holds(row))
        return Filter(holds, self._candidates(column, wanted))

    def _candidates(self, column: Column, wanted: list[Any]) -> set[str] | None:
        if not column.direct or None in wanted or not self._reader.org.indexed(self._found.name, column.name):
            return None
        org, name = self._reader.org, self._found.name
        return {row["Id"] for value in wanted for row in org.by_value(name, column.name, value)}

    def _value(self, column: Column, value: Value) -> Any:
        """The value in stored form; a date literal becomes a `Span`."""
        if value.kind == "word" and value.text == "NULL":
            return None
        kind = column.type
        if kind in TEXT or kind in REFERENCES:
            if value.kind != "string":
                self._wrong_type(column, value)
            return self._string(column, value)
        if kind in NUMBERS and value.kind == "number":
            return float(value.text)
        if kind == "boolean" and value.kind == "word" and value.text in ("TRUE", "FALSE"):
            return value.text == "TRUE"
        if kind in ("date", "datetime"):
            return self._moment(column, value)
        return self._wrong_type(column, value)

    def _string(self, column: Column, value: Value) -> str | None:
        try:
            text = unescape(value.text)
        except ValueError as error:
            self._refuse_escape(value, error)
        if text == "":
            return None
        if column.type not in REFERENCES:
            return text
        found = ids.normalise(text)
        if found is None:
            self._refuse(value.at, f"invalid ID field: {text}", "INVALID_QUERY_FILTER_OPERATOR")
        return found

    def _moment(self, column: Column, value: Value) -> date | Span:
        if value.kind in ("word", "counted"):
            days = span(value.text, self._reader.org.now().date())
            if days is not None:
                if column.type == "date":
                    return days
                return _midnight(days[0]), _midnight(days[1])
        found: date | None = None
        if value.kind == "date" and column.type == "date":
            found = values.parse_date(value.text)
        elif value.kind == "datetime" and column.type == "datetime":
            found = values.parse_datetime(value.text)
        if found is None:
            self._wrong_type(column, value)
        return found

    def _wrong_type(self, column: Column, value: Value) -> NoReturn:
        kind = {"datetime": "dateTime", "reference": "ID", "id": "ID"}.get(column.type, column.type)
        kind = "string" if column.type in TEXT else kind
        quoted = "should be enclosed in quotes" if kind in ("string", "ID") else "should not be enclosed in quotes"
        name = column.name.rpartition(".")[2]
        self._refuse(
            value.at,
            f"value of filter criterion for field '{name}' must be of type {kind} and {quoted}",
            "INVALID_FIELD",
        )

    def _refuse_escape(self, value: Value, error: ValueError) -> NoReturn:
        self._refuse(
            value.at,
            f"Invalid string literal '{value.text}'. Illegal character sequence '{error}' in string literal.",
        )

    def _semi_join(self, condition: SemiJoin, top: bool) -> Filter:
        at = condition.operand.at
        if self._inner is None:
            self._refuse(at, "Nesting of semi join sub-selects is not supported")
        if not top:
            self._refuse(
                at,
                "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE"
                " expressions.",
            )
        self._semi_joins += 1
        if self._semi_joins > 2:
            self._refuse(at, "Only up to 2 Semi Join Sub-selects are allowed")
        column = self._resolve(condition.operand)
        if column.type not in REFERENCES:
            self._refuse(
                at,
                "The left operand field in the where expression for outer query should be an id field, cannot use:"
                f" '{column.name}'",
            )
        self._check_inner(column, condition.query, at)
        wanted: set[str | None] = set(self._inner(condition.query))
        if condition.negated:
            return Filter(lambda row: column.read(row) not in wanted)
        return Filter(lambda row: column.read(row) in wanted, self._candidates(column, list(wanted)))

    def _check_inner(self, column: Column, query: Query, at: Place) -> None:
        if query.limit is not None or query.order or query.group or query.offset:
            self._refuse(at, "ORDER BY, LIMIT, OFFSET and GROUP BY are not allowed in semi join sub-selects")
        inner = self._reader.source(query.source)
        if inner is self._found:
            self._refuse(at, "The inner and outer selects should not be on the same object type")
        item = query.items[0]
        if len(query.items) != 1 or isinstance(item, Query):
            self._refuse(query.source.at, "Semi join sub-selects must select exactly one field")
        operand = item.operand
        if isinstance(operand, Call):
            self._refuse(operand.at, "Aggregate functions are not allowed in semi join sub-selects")
        selected = self._reader.column(inner, operand, query.alias)
        if selected.type not in REFERENCES:
            self._refuse(
                operand.at,
                f"The selected field '{selected.name}' in the subquery should be an id or a reference field",
            )
        left, right = _targets(column, self._found), _targets(selected, inner)
        if not left & right:
            self._refuse(
                at,
                f"The selected field '{selected.name}' in the subquery and the left operand field in the where"
                f" expression in the outer query '{column.name}' should point to the same object type",
            )


def _targets(column: Column, found: SObject) -> set[str]:
    if column.field is None:
        return set()
    if column.field.type == "id":
        return {column.hops[-1].reference_to[0] if column.hops else found.name}
    return set(column.field.reference_to)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _ordered(read: Callable[[Row], Any], operator: str, wanted: Any) -> Test:
    """Comparison of what has an order; null is neither below nor above anything."""
    if isinstance(wanted, tuple):
        first, end = wanted
        tests: dict[str, Callable[[Any], bool]] = {
            "=": lambda v: first <= v < end,
            "!=": lambda v: not first <= v < end,
            "<": lambda v: v < first,
            "<=": lambda v: v < end,
            ">": lambda v: v >= end,
            ">=": lambda v: v >= first,
        }
    else:
        key = index_key(wanted)
        tests = {
            "=": lambda v: index_key(v) == key,
            "!=": lambda v: index_key(v) != key,
            "<": lambda v: key is not None and index_key(v) < key,
            "<=": lambda v: key is not None and index_key(v) <= key,
            ">": lambda v: key is not None and index_key(v) > key,
            ">=": lambda v: key is not None and index_key(v) >= key,
        }
    test = tests[operator]
    null_holds = operator == "!="
    return lambda row: null_holds if (value := read(row)) is None else test(value)
