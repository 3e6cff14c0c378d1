"""ORDER BY: null first unless the statement says otherwise, text without regard to case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.salesforce.soql_parse import Ordering
from sandbox.salesforce.store import Row, index_key


def sort(rows: list[Row], read: Callable[[Row], Any], ordering: Ordering) -> list[Row]:
    """Rows in the order of one column; rows that are equal in it stay in their order."""
    keyed = [(index_key(read(row)), row) for row in rows]
    empty = [row for key, row in keyed if key is None]
    full = sorted((pair for pair in keyed if pair[0] is not None), key=lambda p: p[0], reverse=ordering.descending)
    ordered = [row for _, row in full]
    return ordered + empty if ordering.nulls_last else empty + ordered
