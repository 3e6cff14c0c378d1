"""Runs a statement and builds the records of the answer, nested as the REST API nests them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce import activity_lists, recent
from sandbox.salesforce import soql_aggregate as aggregate
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import OBJECTS, Child, Field, SObject
from sandbox.salesforce.soql_filter import Conditions, Filter
from sandbox.salesforce.soql_names import Column, Reader
from sandbox.salesforce.soql_order import sort
from sandbox.salesforce.soql_parse import Call, Item, Operand, Path, Query, parse, refuse
from sandbox.salesforce.store import Org, Row
from sandbox.salesforce.values import render

MAX_OFFSET = 2_000
MAX_FIELDS_ROWS = 200


@dataclass(frozen=True)
class Result:
    """`size` counts all rows of the answer; `records` are their JSON forms (none for a bare COUNT())."""

    size: int
    records: list[dict[str, Any]]


def run(org: Org, user_id: str, version: str, text: str, *, deleted: bool = False) -> Result:
    """Answer one statement as a user; raises `SalesforceError` with the code that Salesforce gives."""
    query = parse(text)
    reader = Reader(org, user_id, version, text, deleted)
    return _Run(reader, query).result()


def run_inside(org: Org, user_id: str, version: str, inner: str, found: SObject, hit: Callable[[Row], bool]) -> Result:
    """The part of a SOSL statement that stands behind an object's name, over the rows that the search hit."""
    # The text in parentheses is a query without SELECT and FROM: `Id, Name WHERE … ORDER BY … LIMIT …`.
    match = _CLAUSE.search(inner)
    fields, rest = (inner[: match.start()], inner[match.start() :]) if match else (inner, "")
    text = " ".join(("SELECT", fields.strip(), "FROM", found.name, rest))
    query = parse(text)
    return _Run(Reader(org, user_id, version, text), query, hit=hit).result()


_CLAUSE = re.compile(r"\b(USING|WHERE|ORDER\s+BY|LIMIT|OFFSET)\b", re.IGNORECASE)


@dataclass
class _Shape:
    """What to write of a row: `parts` in the order of the select list."""

    found: SObject | None
    parts: dict[str, Callable[[Row], Any] | _Above] = field(default_factory=dict)


@dataclass
class _Above:
    hop: Field
    shape: _Shape


class _Run:
    def __init__(
        self,
        reader: Reader,
        query: Query,
        child: tuple[SObject, Child] | None = None,
        hit: Callable[[Row], bool] | None = None,
    ) -> None:
        self.hit = hit
        # Whether the statement may have one row only, for the sake of the activities below it.
        self.single = False
        self.reader = reader
        self.query = query
        self.child = child
        self.found = child[0] if child else reader.source(query.source)
        self._check()

    def _check(self) -> None:
        query, text = self.query, self.reader.text
        if query.with_ and query.with_.upper() not in ("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"):
            refuse(text, query.source.at, f"unexpected token: '{query.with_}'")
        if query.offset > MAX_OFFSET:
            raise SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        if query.offset < 0 or (query.limit or 0) < 0:
            refuse(text, query.source.at, "LIMIT and OFFSET must not be negative")
        if query.scope is not None and query.scope.lower() not in ("mine", "everything"):
            refuse(text, query.source.at, f"Unknown scope: {query.scope}")
        for word in ("FOR UPDATE", "ALL ROWS"):
            # Apex alone knows these; over REST deleted rows are asked for with queryAll.
            if word in query.tail:
                refuse(text, query.source.at, f"{word} not allowed in this context")

    def result(self) -> Result:
        query = self.query
        if aggregate.is_bare_count(query):
            return Result(len(self._cut(self._rows())), [])
        if aggregate.is_aggregate(query):
            records = aggregate.records(self.reader, query, self.found, self._rows(), self._resolve)
            return Result(len(records), records)
        write = self._writer()
        rows = self._cut(self._sorted(self._rows()))
        if self.single and len(rows) > 1:
            refuse(self.reader.text, query.source.at, "Activities can be queried for a single record only")
        for word in ("VIEW", "REFERENCE"):
            if f"FOR {word}" in query.tail:
                for row in rows:
                    recent.mark(self.reader.org, self.reader.user_id, self.found, row["Id"], viewed=word == "VIEW")
        return Result(len(rows), [write(row) for row in rows])

    def ids(self) -> set[str]:
        """The values of the one selected field: the answer of a semi-join's sub-select."""
        item = self.query.items[0]
        if isinstance(item, Query):
            refuse(self.reader.text, self.query.source.at, "A semi join sub-select must select a field")
        read = self._resolve(item.operand).read
        return {value for row in self._rows() if (value := read(row)) is not None}

    def _resolve(self, operand: Operand) -> Column:
        if isinstance(operand, Call):
            if operand.name.upper() == "TOLABEL" and len(operand.arguments) == 1:
                return _labelled(self._resolve(operand.arguments[0]))
            refuse(self.reader.text, operand.at, f"Unknown or unsupported function: {operand.name}", "INVALID_FIELD")
        return self.reader.column(self.found, operand, self.query.alias)

    def _conditions(self, inner: bool = True) -> Conditions:
        run_inner = (lambda query: _Inner(self.reader, query).ids()) if inner else None
        return Conditions(self.reader, self.found, self._resolve, run_inner)

    def filter(self) -> Filter | None:
        if self.query.where is None:
            self._check_implementation(())
            return None
        conditions = self._conditions(inner=not isinstance(self, _Inner))
        compiled = conditions.compile(self.query.where)
        self._check_implementation(conditions.compared)
        return compiled

    def _check_implementation(self, compared: Iterable[tuple[str, str]]) -> None:
        if self.found.name != "ContentDocumentLink" or self.child is not None:
            return
        if not {
            ("ContentDocumentId", "="),
            ("ContentDocumentId", "in"),
            ("LinkedEntityId", "="),
            ("LinkedEntityId", "in"),
        } & {*compared}:
            raise SalesforceError(
                "MALFORMED_QUERY",
                "Implementation restriction: ContentDocumentLink requires a filter by a single Id on ContentDocumentId"
                " or LinkedEntityId using the equals operator or multiple Id's using the IN operator.",
            )

    def _rows(self) -> list[Row]:
        compiled = self.filter()
        org, name = self.reader.org, self.found.name
        rows: Iterable[Row] = org.rows[name].values()
        if name == "RecentlyViewed":
            rows = recent.rows(org, self.reader.user_id)
        elif compiled is not None and compiled.candidates is not None:
            stored = org.rows[name]
            rows = [stored[record_id] for record_id in sorted(compiled.candidates)]
        return [row for row in rows if (compiled is None or compiled.test(row)) and self._in_scope(row)]

    def _in_scope(self, row: Row) -> bool:
        if (self.query.scope or "").lower() == "mine" and row.get("OwnerId") != self.reader.user_id:
            return False
        if self.hit is not None and not self.hit(row):
            return False
        return self.reader.sees(self.found, row)

    def _cut(self, rows: list[Row]) -> list[Row]:
        end = None if self.query.limit is None else self.query.offset + self.query.limit
        return rows[self.query.offset : end]

    def _sorted(self, rows: list[Row]) -> list[Row]:
        for ordering in reversed(self.query.order):
            column = self._resolve(ordering.operand)
            if column.field is not None and not column.field.can("sortable"):
                refuse(
                    self.reader.text,
                    ordering.operand.at,
                    f"field '{column.field.name}' can not be sorted in a query call",
                )
            rows = sort(rows, column.read, ordering)
        return rows

    def _writer(self) -> Callable[[Row], dict[str, Any]]:
        shape = _Shape(self.found)
        for item in self.query.items:
            if isinstance(item, Query):
                self._add_children(shape, item)
            elif isinstance(item.operand, Call) and item.operand.name.upper() == "FIELDS":
                self._add_all_fields(shape, item.operand)
            else:
                self._add(shape, item)
        return lambda row: self._write(shape, self.found, row)

    def _add(self, shape: _Shape, item: Item) -> None:
        place = item.operand.at
        if item.alias is not None and not isinstance(item.operand, Call):
            refuse(self.reader.text, place, "only aggregate expressions use field aliasing")
        column = self._resolve(item.operand)
        target = shape
        for hop in column.hops:
            above = target.parts.setdefault(hop.relationship_name or "", _Above(hop, _Shape(None)))
            if not isinstance(above, _Above):
                refuse(self.reader.text, place, f"duplicate alias: {hop.relationship_name}")
            target = above.shape
        name = item.alias or column.name.rpartition(".")[2]
        if name in target.parts:
            refuse(self.reader.text, place, f"duplicate field selected: {column.name}")
        target.parts[name] = self._leaf(column)

    def _leaf(self, column: Column) -> Callable[[Row], Any]:
        """How the value is read from the row that it stands in, the relationships having been followed."""
        last = column.hops[-1] if column.hops else None
        name = column.name.rpartition(".")[2]
        if last is not None and last.polymorphic:
            find = self.reader.org.find
            return lambda row: self.reader.name_value(target, name) if (target := find(row["Id"])) else None
        if not column.hops or column.field is None:
            return column.read
        return (
            self.reader.getter(self.reader.source(Path(last.reference_to[0], self.query.source.at)), column.field)
            if last
            else column.read
        )

    def _add_all_fields(self, shape: _Shape, call: Call) -> None:
        text = self.reader.text
        which = call.arguments[0].text.upper() if call.arguments and isinstance(call.arguments[0], Path) else ""
        if which not in ("ALL", "STANDARD", "CUSTOM"):
            refuse(text, call.at, "The SOQL FIELDS function must have ALL, CUSTOM or STANDARD as its argument")
        if which != "STANDARD" and (self.query.limit is None or self.query.limit > MAX_FIELDS_ROWS):
            refuse(text, call.at, f"The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_ROWS}")
        hidden = self.reader.org.access.hidden_fields(self.reader.user_id, self.found.name)
        for known in self.found.fields.values():
            if known.name in hidden or (which != "ALL" and known.can("custom") is (which == "STANDARD")):
                continue
            if known.name in shape.parts:
                refuse(text, call.at, f"duplicate field selected: {known.name}")
            shape.parts[known.name] = self.reader.getter(self.found, known)

    def _add_children(self, shape: _Shape, query: Query) -> None:
        text = self.reader.text
        if self.child is not None:
            refuse(text, query.source.at, "SOQL statements cannot query aggregate relationships more than 1 level away")
        relationship = query.source.parts[-1]
        child = self.found.child_relationships.get(relationship.casefold())
        if child is None:
            refuse(
                text,
                query.source.at,
                f"Didn't understand relationship '{relationship}' in FROM part of query call. If you are attempting to"
                " use a custom relationship, be sure to append the '__r' after the custom relationship name. Please"
                " reference your WSDL or the describe call for the appropriate names.",
                "INVALID_TYPE",
            )
        if aggregate.is_aggregate(query):
            refuse(text, query.source.at, "aggregate functions are not allowed in a child sub-select")
        listed = child.child in activity_lists.OBJECT_NAMES
        found = OBJECTS[child.child] if listed else self.reader.source(Path(child.child, query.source.at))
        if listed:
            activity_lists.check(self.reader, query, child)
            self.single = not self.reader.org.access.is_administrator(self.reader.user_id)
        inner = _Run(self.reader, query, (found, child))
        write, compiled, org = inner._writer(), inner.filter(), self.reader.org

        def read(row: Row) -> dict[str, Any] | None:
            below = (
                activity_lists.rows(org, self.reader.user_id, child, row)
                if listed
                else org.by_value(found.name, child.field, row["Id"])
            )
            rows = [r for r in below if (compiled is None or compiled.test(r)) and self.reader.sees(found, r)]
            rows = inner._cut(inner._sorted(rows))
            return {"totalSize": len(rows), "done": True, "records": [write(r) for r in rows]} if rows else None

        name = child.relationship_name or relationship
        if name in shape.parts:
            refuse(text, query.source.at, f"duplicate relationship selected: {name}")
        shape.parts[name] = read

    def _write(self, shape: _Shape, found: SObject, row: Row) -> dict[str, Any]:
        kind = found.name if shape.found is not None else "Name"
        base = f"/services/data/v{self.reader.version}/sobjects/{found.name}/{row['Id']}"
        out: dict[str, Any] = {"attributes": {"type": kind, "url": base}}
        for name, part in shape.parts.items():
            if isinstance(part, _Above):
                above = self.reader.parent(part.hop, row)
                if not part.hop.polymorphic and above is not None:
                    part.shape.found = above[0]
                out[name] = self._write(part.shape, *above) if above else None
            else:
                out[name] = render(part(row))
        return out


class _Inner(_Run):
    """The sub-select of a semi-join."""


def _labelled(column: Column) -> Column:
    """The column with a picklist's labels for its values."""
    if column.field is None:
        return column
    labels = dict(column.field.values)
    read = column.read
    return Column(
        lambda row: labels.get(value := read(row), value), column.type, column.name, column.field, column.hops
    )
