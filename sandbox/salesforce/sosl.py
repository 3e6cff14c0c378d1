"""SOSL: searching for words in several objects at once.

The search index of the real service lags behind the records; this one only where the org's `search_lag` says by how
many seconds. A term is the beginning of a word only where it ends with `*`; otherwise words stand for all of
themselves.

Reference: https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_sosl.htm
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sandbox.salesforce import soql_run, sosl_terms
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import OBJECTS, SObject, sobject
from sandbox.salesforce.sosl_terms import Test, malformed
from sandbox.salesforce.store import Org, Row

MAX_RESULTS = 2_000
_FIND = re.compile(
    r"\s*FIND\s*\{(?P<term>(?:\\.|[^\\}])*)\}\s*(?:IN\s+(?P<where>\w+)\s+FIELDS\s*)?(?:RETURNING\s+(?P<returning>.+))?\Z",
    re.IGNORECASE | re.DOTALL,
)
_LIMIT = re.compile(r"(?<=[\w)])\s+LIMIT\s+(\d+)\s*\Z", re.IGNORECASE)
_ENTRY = re.compile(r"\s*(?P<name>\w+)\s*", re.DOTALL)
_GROUPS: dict[str, Callable[[str, str], bool]] = {
    "ALL": lambda kind, _name: kind in ("string", "email", "phone", "url", "textarea", "combobox"),
    "EMAIL": lambda kind, _name: kind == "email",
    "NAME": lambda _kind, name: name in ("Name", "FirstName", "LastName", "CaseNumber", "Subject", "Title"),
    "PHONE": lambda kind, _name: kind == "phone",
    "SIDEBAR": lambda kind, name: kind in ("email", "phone") or name in ("Name", "CaseNumber"),
}


@dataclass(frozen=True)
class _Returning:
    found: SObject
    inner: str


def search(org: Org, user_id: str, version: str, text: str) -> list[dict[str, Any]]:
    """The records of `FIND {…} IN … FIELDS RETURNING …`; raises `SalesforceError` MALFORMED_SEARCH."""
    match = _FIND.match(text)
    if match is None:
        raise malformed("No search string specified or the statement cannot be read")
    group = (match["where"] or "ALL").upper()
    if group not in _GROUPS:
        raise malformed(f"unexpected token: '{match['where']}'")
    test = sosl_terms.parse(match["term"])
    returning, limit = _returning(org, match["returning"]) if match["returning"] else (_everything(org), MAX_RESULTS)
    records: list[dict[str, Any]] = []
    for entry in returning:
        records += _search_object(org, user_id, version, entry, group, test)
    return records[: min(limit, MAX_RESULTS)]


def parameterized(
    org: Org, user_id: str, version: str, given: dict[str, Any], *, prefix: bool = False
) -> list[dict[str, Any]]:
    """The records of a parameterized search: `q`, `in`, `fields`, `sobjects`, `overallLimit`, `defaultLimit`.

    `prefix`: the last word of `q` is the beginning of one.
    """
    words = given.get("q")
    if not isinstance(words, str) or len(words.strip()) < 2:
        raise malformed("search term must be longer than one character")
    group = str(given.get("in", "ALL")).upper()
    if group not in _GROUPS:
        raise malformed(f"unexpected token: '{group}'")
    common = given.get("fields", ["Id"])
    expression = sosl_terms.escaped(words) + ("*" if prefix else "")
    entries: list[_Returning] = []
    names = given.get("sobjects") or given.get("sobject") or [{"name": e.found.name} for e in _everything(org)]
    for wanted in names.split(",") if isinstance(names, str) else names:
        entry = wanted if isinstance(wanted, dict) else {"name": wanted}
        fields = entry.get("fields", common)
        fields = fields if isinstance(fields, str) else ",".join(fields)
        condition = " WHERE " + str(entry["where"]) if entry.get("where") else ""
        limit = entry.get("limit", given.get("defaultLimit"))
        tail = f" LIMIT {_number(limit)}" if limit is not None else ""
        entries.append(_Returning(_known(org, str(entry.get("name", "")).strip()), f"{fields}{condition}{tail}"))
    records: list[dict[str, Any]] = []
    for one in entries:
        records += _search_object(org, user_id, version, one, group, sosl_terms.parse(expression))
    return records[: _number(given.get("overallLimit", MAX_RESULTS))]


def _number(value: Any) -> int:
    if isinstance(value, (int, str)) and str(value).isdecimal():
        return int(value)
    raise malformed(f"{value} is no limit")


def _known(org: Org, name: str) -> SObject:
    found = sobject(name)
    if found is None or not found.can("searchable") or not org.knows(found):
        raise SalesforceError("INVALID_TYPE", f"sObject type '{name}' is not supported in a search")
    return found


def _everything(org: Org) -> list[_Returning]:
    return [_Returning(found, "Id") for found in OBJECTS.values() if found.can("searchable") and org.knows(found)]


def _returning(org: Org, text: str) -> tuple[list[_Returning], int]:
    """The objects with what is wanted of them, and how many records in all."""
    limited = _LIMIT.search(text)
    limit = int(limited[1]) if limited else MAX_RESULTS
    text = text[: limited.start()] if limited else text
    entries: list[_Returning] = []
    place = 0
    while place < len(text):
        match = _ENTRY.match(text, place)
        if match is None:
            raise malformed(f"unexpected token: '{text[place:].strip()[:20]}'")
        place = match.end()
        inner = "Id"
        if place < len(text) and text[place] == "(":
            end = _closing(text, place)
            inner, place = text[place + 1 : end], end + 1
        entries.append(_Returning(_known(org, match["name"]), inner))
        rest = text[place:].lstrip()
        if rest and not rest.startswith(","):
            raise malformed(f"unexpected token: '{rest[:20]}'")
        place = len(text) - len(rest) + 1 if rest else len(text)
    return entries, limit


def _closing(text: str, start: int) -> int:
    depth, quoted, place = 0, False, start
    while place < len(text):
        letter = text[place]
        if quoted and letter == "\\":
            place += 1
        elif letter == "'":
            quoted = not quoted
        elif not quoted and letter in "()":
            depth += 1 if letter == "(" else -1
            if depth == 0:
                return place
        place += 1
    raise malformed("unexpected token: '<EOF>'")


def _search_object(
    org: Org, user_id: str, version: str, entry: _Returning, group: str, test: Test
) -> list[dict[str, Any]]:
    hit = _hits(org, user_id, entry.found, group, test)
    return soql_run.run_inside(org, user_id, version, entry.inner, entry.found, hit).records


def _hits(org: Org, user_id: str, found: SObject, group: str, test: Test) -> Callable[[Row], bool]:
    wanted = _GROUPS[group]
    hidden = org.access.hidden_fields(user_id, found.name)
    fields = [f.name for f in found.fields.values() if wanted(f.type, f.name) and f.name not in hidden]

    indexed = org.now() - timedelta(seconds=org.search_lag)

    def hit(row: Row) -> bool:
        if org.search_lag and row.get("CreatedDate") and row["CreatedDate"] > indexed:
            return False
        # An empty word parts the fields, so that no phrase runs from one into the next.
        texts = (re.findall(r"\w+", str(row[name]).casefold()) for name in fields if row[name])
        words = [word for text in texts for word in (*text, "")]
        return test(words)

    return hit
