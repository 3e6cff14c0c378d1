"""SOSL: searching for words in several objects at once.

The search index of the real service lags behind the records; this one does not. A term is the beginning of a word only
where it ends with `*`; words stand for all of themselves otherwise.

Reference: https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_sosl.htm
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce import soql_run
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import OBJECTS, SObject, sobject
from sandbox.salesforce.store import Org, Row

MAX_RESULTS = 2_000
_FIND = re.compile(
    r"\s*FIND\s*\{(?P<term>(?:\\.|[^\\}])*)\}\s*(?:IN\s+(?P<where>\w+)\s+FIELDS\s*)?(?:RETURNING\s+(?P<returning>.+))?\Z",
    re.IGNORECASE | re.DOTALL,
)
_ENTRY = re.compile(r"\s*(?P<name>\w+)\s*", re.DOTALL)
_SPECIAL = set("?&|!{}[]()^~*:\\\"'+-")
_GROUPS: dict[str, Callable[[str, str], bool]] = {
    "ALL": lambda kind, _name: kind in ("string", "email", "phone", "url", "textarea", "combobox"),
    "EMAIL": lambda kind, _name: kind == "email",
    "NAME": lambda _kind, name: name in ("Name", "FirstName", "LastName", "CaseNumber", "Subject", "Title"),
    "PHONE": lambda kind, _name: kind == "phone",
    "SIDEBAR": lambda kind, name: kind in ("email", "phone") or name in ("Name", "CaseNumber"),
}


@dataclass(frozen=True)
class _Term:
    text: str
    prefix: bool

    def found_in(self, words: list[str]) -> bool:
        if self.prefix:
            return any(word.startswith(self.text) for word in words)
        return self.text in words


@dataclass(frozen=True)
class _Returning:
    found: SObject
    inner: str


def _malformed(message: str) -> SalesforceError:
    return SalesforceError("MALFORMED_SEARCH", message)


def search(org: Org, user_id: str, version: str, text: str) -> list[dict[str, Any]]:
    """The records of `FIND {…} IN … FIELDS RETURNING …`; raises `SalesforceError` MALFORMED_SEARCH."""
    match = _FIND.match(text)
    if match is None:
        raise _malformed("No search string specified or the statement cannot be read")
    group = (match["where"] or "ALL").upper()
    if group not in _GROUPS:
        raise _malformed(f"unexpected token: '{match['where']}'")
    alternatives = terms(match["term"])
    returning = _returning(match["returning"]) if match["returning"] else _everything()
    records: list[dict[str, Any]] = []
    for entry in returning:
        records += _search_object(org, user_id, version, entry, group, alternatives)
    return records[:MAX_RESULTS]


def parameterized(org: Org, user_id: str, version: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of a parameterized search: `q`, `in`, `fields`, `sobjects`, `overallLimit`, `defaultLimit`."""
    words = given.get("q")
    if not isinstance(words, str) or len(words.strip()) < 2:
        raise _malformed("search term must be longer than one character")
    group = str(given.get("in", "ALL")).upper()
    if group not in _GROUPS:
        raise _malformed(f"unexpected token: '{group}'")
    common = given.get("fields", ["Id"])
    entries: list[_Returning] = []
    names = given.get("sobjects") or given.get("sobject") or [{"name": e.found.name} for e in _everything()]
    for wanted in names.split(",") if isinstance(names, str) else names:
        entry = wanted if isinstance(wanted, dict) else {"name": wanted}
        fields = entry.get("fields", common)
        fields = fields if isinstance(fields, str) else ",".join(fields)
        condition = " WHERE " + str(entry["where"]) if entry.get("where") else ""
        limit = entry.get("limit", given.get("defaultLimit"))
        tail = f" LIMIT {_number(limit)}" if limit is not None else ""
        entries.append(_Returning(_known(str(entry.get("name", "")).strip()), f"{fields}{condition}{tail}"))
    records: list[dict[str, Any]] = []
    for one in entries:
        records += _search_object(org, user_id, version, one, group, terms(_escaped(words)))
    return records[: _number(given.get("overallLimit", MAX_RESULTS))]


def _number(value: Any) -> int:
    if isinstance(value, (int, str)) and str(value).isdecimal():
        return int(value)
    raise _malformed(f"{value} is no limit")


def _escaped(words: str) -> str:
    return "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in words)


def terms(raw: str) -> list[list[_Term]]:
    """Alternatives of terms that must all be found; raises MALFORMED_SEARCH for unescaped special characters."""
    groups: list[list[_Term]] = [[]]
    for token in re.findall(r"\"(?:\\.|[^\"\\])*\"|(?:\\.|[^\s\\\"])+", raw):
        if token.upper() == "OR":
            groups.append([])
            continue
        if token.upper() == "AND":
            continue
        quoted = token.startswith('"')
        body = token[1:-1] if quoted else token
        prefix = body.endswith("*") and not body.endswith("\\*")
        body = body.removesuffix("*") if prefix else body
        plain = re.sub(r"\\(.)", r"\1", body)
        bare = re.sub(r"\\.", "", body)
        if not quoted and any(letter in _SPECIAL - {"*"} for letter in bare):
            raise _malformed(f"unexpected token: '{token}'")
        split = re.findall(r"\w+", plain.casefold())
        for place, word in enumerate(split):
            groups[-1].append(_Term(word, prefix and place == len(split) - 1))
    if sum(len(term.text) for group in groups for term in group) < 2:
        raise _malformed("search term must be longer than one character")
    return [group for group in groups if group]


def _known(name: str) -> SObject:
    found = sobject(name)
    if found is None or not found.can("searchable"):
        raise SalesforceError("INVALID_TYPE", f"sObject type '{name}' is not supported in a search")
    return found


def _everything() -> list[_Returning]:
    return [_Returning(found, "Id") for found in OBJECTS.values() if found.can("searchable")]


def _returning(text: str) -> list[_Returning]:
    entries: list[_Returning] = []
    place = 0
    while place < len(text):
        match = _ENTRY.match(text, place)
        if match is None:
            raise _malformed(f"unexpected token: '{text[place:].strip()[:20]}'")
        place = match.end()
        if match["name"].upper() == "LIMIT" and entries:
            break
        inner = "Id"
        if place < len(text) and text[place] == "(":
            end = _closing(text, place)
            inner, place = text[place + 1 : end], end + 1
        entries.append(_Returning(_known(match["name"]), inner))
        rest = text[place:].lstrip()
        if rest and not rest.startswith(","):
            raise _malformed(f"unexpected token: '{rest[:20]}'")
        place = len(text) - len(rest) + 1 if rest else len(text)
    return entries


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
    raise _malformed("unexpected token: '<EOF>'")


def _search_object(
    org: Org, user_id: str, version: str, entry: _Returning, group: str, alternatives: list[list[_Term]]
) -> list[dict[str, Any]]:
    hit = _hits(org, user_id, entry.found, group, alternatives)
    return soql_run.run_inside(org, user_id, version, entry.inner, entry.found, hit).records


def _hits(org: Org, user_id: str, found: SObject, group: str, alternatives: list[list[_Term]]) -> Callable[[Row], bool]:
    wanted = _GROUPS[group]
    hidden = org.access.hidden_fields(user_id, found.name)
    fields = [f.name for f in found.fields.values() if wanted(f.type, f.name) and f.name not in hidden]

    def hit(row: Row) -> bool:
        words = re.findall(r"\w+", " ".join(str(row[name]) for name in fields if row[name]).casefold())
        return any(all(term.found_in(words) for term in terms) for terms in alternatives)

    return hit
