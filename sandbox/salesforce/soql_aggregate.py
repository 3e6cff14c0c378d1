"""COUNT, MIN, MAX, SUM, AVG and GROUP BY."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.salesforce.schema import NUMBERS, SObject
from sandbox.salesforce.soql_filter import Conditions, Resolve
from sandbox.salesforce.soql_names import Column, Reader
from sandbox.salesforce.soql_order import sort
from sandbox.salesforce.soql_parse import Call, Item, Operand, Query, refuse
from sandbox.salesforce.store import Row, index_key
from sandbox.salesforce.values import render

FUNCTIONS = frozenset({"COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG"})
_ROWS = "rows"


def _is_function(operand: Operand) -> bool:
    return isinstance(operand, Call) and operand.name.upper() in FUNCTIONS


def is_bare_count(query: Query) -> bool:
    """Whether it is `SELECT COUNT() FROM …`, which answers with a size and no records."""
    item = query.items[0]
    if isinstance(item, Query) or not isinstance(item.operand, Call) or len(query.items) != 1:
        return False
    return item.operand.name.upper() == "COUNT" and not item.operand.arguments and not query.group


def is_aggregate(query: Query) -> bool:
    return bool(query.group) or any(isinstance(item, Item) and _is_function(item.operand) for item in query.items)


def records(reader: Reader, query: Query, found: SObject, rows: list[Row], resolve: Resolve) -> list[dict[str, Any]]:
    """One record for each group (one for all rows without GROUP BY), sorted and cut as the statement says."""
    text = reader.text
    grouped: dict[str, Column] = {}
    for operand in query.group:
        column = resolve(operand)
        if column.field is not None and not column.field.can("groupable"):
            refuse(text, operand.at, f"field '{column.field.name}' can not be grouped in a query call")
        if column.type == "junctionidlist":
            refuse(text, operand.at, f"field '{column.name}' can not be grouped in a query call")
        grouped[column.name] = column
    groups: dict[tuple[Any, ...], list[Row]] = {} if grouped else {(): rows}
    for row in rows if grouped else ():
        groups.setdefault(tuple(index_key(column.read(row)) for column in grouped.values()), []).append(row)

    def of_group(operand: Operand) -> Column:
        if _is_function(operand) and isinstance(operand, Call):
            return _function(reader, operand, resolve)
        column = resolve(operand)
        if column.name not in grouped:
            refuse(text, operand.at, f"Field must be grouped or aggregated: {column.name}")
        return Column(lambda group: column.read(group[_ROWS][0]), column.type, column.name, None)

    bags: list[Row] = [{_ROWS: members} for members in groups.values()]
    if query.having is not None:
        having = Conditions(reader, found, of_group, None).compile(query.having)
        bags = [bag for bag in bags if having.test(bag)]
    bags = _sort(query, bags, of_group)
    end = None if query.limit is None else query.offset + query.limit
    writers = _writers(reader, query, of_group)
    kind = {"attributes": {"type": "AggregateResult"}}
    return [{**kind, **{name: render(read(bag)) for name, read in writers}} for bag in bags[query.offset : end]]


def _sort(query: Query, bags: list[Row], of_group: Resolve) -> list[Row]:
    for ordering in reversed(query.order):
        bags = sort(bags, of_group(ordering.operand).read, ordering)
    return bags


def _writers(reader: Reader, query: Query, of_group: Resolve) -> list[tuple[str, Callable[[Row], Any]]]:
    writers: list[tuple[str, Callable[[Row], Any]]] = []
    unnamed = 0
    for item in query.items:
        if isinstance(item, Query):
            refuse(reader.text, item.source.at, "Grouped query cannot use child relationships in the SELECT list")
        column = of_group(item.operand)
        name = item.alias
        if name is None and _is_function(item.operand):
            name, unnamed = f"expr{unnamed}", unnamed + 1
        writers.append((name or column.name.rpartition(".")[2], column.read))
    return writers


def _function(reader: Reader, call: Call, resolve: Resolve) -> Column:
    name = call.name.upper()
    if not call.arguments:
        if name != "COUNT":
            refuse(reader.text, call.at, f"{name} needs a field")
        return Column(lambda bag: len(bag[_ROWS]), "int", "COUNT", None)
    column = resolve(call.arguments[0])
    if column.field is not None and not column.field.can("aggregatable") and name not in ("COUNT", "COUNT_DISTINCT"):
        refuse(reader.text, call.at, f"field {column.field.name} does not support aggregate operator {name}")
    if name in ("SUM", "AVG") and column.type not in NUMBERS:
        refuse(reader.text, call.at, f"field {column.name} does not support aggregate operator {name}")
    kind = column.type if name in ("MIN", "MAX") else "double"

    def read(bag: Row) -> Any:
        found = [value for row in bag[_ROWS] if (value := column.read(row)) is not None]
        if name == "COUNT":
            return len(found)
        if name == "COUNT_DISTINCT":
            return len({index_key(value) for value in found})
        if not found:
            return None
        if name in ("MIN", "MAX"):
            return (min if name == "MIN" else max)(found, key=index_key)
        total = sum(found)
        return total if name == "SUM" else total / len(found)

    return Column(read, kind, name, None)
