"""`in` over one column takes its values as one array on PostgreSQL, as `bulk_create` takes its rows.

    id IN (%s, %s, … two hundred times)   each value is bound, written out and parsed by itself
    id = ANY(%s)                          one value; the plan is the same

Elsewhere, and for subqueries and expressions, `in` is what Django makes of it.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import CharField, ForeignObject, UUIDField
from django.db.models.expressions import ColPairs
from django.db.models.fields.related_lookups import RelatedIn
from django.db.models.lookups import In

Sql = tuple[str, Any]


class _AsArray:
    """Beside an `In`: its SQL for PostgreSQL."""

    lhs: Any
    rhs: Any

    def as_postgresql(self, compiler: Any, connection: Any) -> Sql:
        if not isinstance(self.rhs, list | tuple) or isinstance(self.lhs, ColPairs) or _has_expressions(self.rhs):
            return self.as_sql(compiler, connection)  # type: ignore[attr-defined,no-any-return]
        values = list(dict.fromkeys(value for value in self.rhs if value is not None))
        if not values:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)  # type: ignore[attr-defined]
        field = self.lhs.output_field
        # Without its length, which would cut the values that are asked for.
        kind = field.db_type(connection).partition("(")[0]
        array = [field.get_db_prep_value(one, connection, prepared=True) for one in values]
        return f"{column} = ANY(%s::{kind}[])", [*params, array]


def _has_expressions(values: list[Any] | tuple[Any, ...]) -> bool:
    return any(hasattr(value, "resolve_expression") for value in values)


class InArray(_AsArray, In):
    """For columns of their own."""


class RelatedInArray(_AsArray, RelatedIn):
    """For columns that point to another row."""


def register() -> None:
    """For ids and texts: what is asked for in hundreds."""
    for field in (UUIDField, CharField):
        field.register_lookup(InArray)
    ForeignObject.register_lookup(RelatedInArray)
