"""Finds SOQL, SOSL and SQL that is put together from strings: f-strings, `%`, `.format()`, `+`, `str.join`.

Queries for Salesforce are built in one place, sync/providers/salesforce/soql.py, which escapes values and takes names
from a fixed list. Anywhere else a value could become a part of the query. Only text that reads like a query is looked
at, so a sentence with "select" in it is not found.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scripts.scans import Finding, project_files, read_text

BUILDER = "sync/providers/salesforce/soql.py"
# The sandbox answers queries and sends none; tests put some together to try out its parser. Nothing of either reaches a
# customer's Salesforce.
NOT_SCANNED = ("sandbox/", "tests/")

HOLE = "\N{WHITE SQUARE}"
QUERY = re.compile(
    r"^\s*(?:SELECT\s+\S.*\bFROM\b|FIND\s*\{|(?:INSERT\s+INTO|DELETE\s+FROM)\s+\S|UPDATE\s+\S+\s+SET\s)"
    r"|\bSELECT\s+\S.*\sFROM\s+\S"
    rf"|\b(?:WHERE|AND|OR|HAVING)\s+\S+\s*(?:=|!=|<>|[<>]=?|LIKE\b|(?:NOT\s+)?IN\b)\s*['\"(:]*\s*{HOLE}",
    re.DOTALL,
)
# In other cases than capitals a query is told from a sentence by its list of fields.
LOWER_QUERY = re.compile(
    rf"^\s*(?:select\s+[\w.*{HOLE}()]+(?:\s*,\s*[\w.*{HOLE}()]+)*\s+from\s+\S|find\s*\{{.*\}}\s+in\s)",
    re.DOTALL | re.IGNORECASE,
)


def scan(root: Path) -> Iterator[Finding]:
    """Findings in every Python file of the project below `root`. A file that cannot be parsed is itself a finding."""
    for path in project_files(root, [".py"]):
        name = path.relative_to(root).as_posix()
        if name == BUILDER or name.startswith(NOT_SCANNED):
            continue
        text = read_text(path)
        if text is None:
            continue
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            yield Finding(name, error.lineno or 1, "cannot be parsed")
            continue
        found = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.expr) and _is_built_query(node)}
        yield from (Finding(name, line, "a query put together from strings") for line in sorted(found))


def _is_built_query(node: ast.expr) -> bool:
    text = _built_text(node)
    return text is not None and HOLE in text and bool(QUERY.search(text) or LOWER_QUERY.search(text))


def _built_text(node: ast.expr) -> str | None:
    """The text that an expression builds, with a hole for each value put in; None where it builds no text."""
    match node:
        case ast.JoinedStr(values=values):
            return "".join(_literal(value) or HOLE for value in values)
        case ast.BinOp(op=ast.Mod(), left=left):
            template = _text(left)
            return None if template is None else re.sub(r"%(?:\(\w+\))?[-#0-9 +.]*[sdri]", HOLE, template)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            parts = _text(left), _text(right)
            return None if parts == (None, None) else "".join(HOLE if part is None else part for part in parts)
        case ast.Call(func=ast.Attribute(attr="format", value=value)):
            template = _text(value)
            return None if template is None else re.sub(r"\{[^{}]*\}", HOLE, template)
        case ast.Call(
            func=ast.Attribute(attr="join", value=value), args=[ast.List(elts=items) | ast.Tuple(elts=items)]
        ):
            between = _text(value)
            return None if between is None else between.join(_text(item) or HOLE for item in items)
    return None


def _text(node: ast.expr) -> str | None:
    return _built_text(node) if _literal(node) is None else _literal(node)


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
