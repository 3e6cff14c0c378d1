"""`/ui-api/lookups`: what a lookup field may hold, while somebody types.

Since version 60.0 this is a POST, whose body is the record that is being edited; the GET of old is gone since 63.0.

Reference: https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_resources_lookup_post.htm
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from sandbox.salesforce import recent
from sandbox.salesforce.api import Answer, Call
from sandbox.salesforce.errors import SalesforceError, not_found
from sandbox.salesforce.schema import OBJECTS, Field, SObject
from sandbox.salesforce.store import Row
from sandbox.salesforce.uiapi import pages, record
from sandbox.salesforce.uiapi import parameters as given

SEARCH_TYPES = ("Recent", "Search", "TypeAhead")
MAX_PAGE = 100
_FIRST_VERSION = 60
_LEAST = {"Search": 2, "TypeAhead": 3}
_TEXT = ("string", "email", "phone", "url")
# What tells records of one name apart.
_SECOND = {
    "Account": "BillingCity",
    "Case": "Subject",
    "Contact": "Title",
    "Lead": "Company",
    "Opportunity": "StageName",
    "User": "Title",
}


def retired(call: Call, *_path: str) -> NoReturn:
    raise not_found()


def suggestions(call: Call, name: str, field: str) -> Answer:
    """Matches of each object that the field may point at: those that were used last, or that `q` finds."""
    if int(call.version.partition(".")[0]) < _FIRST_VERSION:
        raise not_found()
    found = given.supported(call, name)
    known = _lookup(call, found, field)
    kind = given.choice(call.query.get("searchType", "Recent"), "LookupSearchType", SEARCH_TYPES)
    text = call.query.get("q", "").strip()
    if kind in _LEAST and len(text) < _LEAST[kind]:
        raise given.bad_parameter(f"The search term must have at least {_LEAST[kind]} characters")
    if kind == "TypeAhead" and "?" in text:
        raise given.bad_parameter("The search term can't contain a ?")
    _check_source(call, found)
    size = pages.number(call, "pageSize", 25, MAX_PAGE)
    start = (pages.number(call, "page", 1, 1_000) - 1) * size
    results = {}
    for target in _targets(call, found, known):
        rows = _rows(call, target, kind, text)
        shown = rows[start : start + size]
        results[target.name] = {
            "count": len(shown),
            **pages.tokens(call, "page", start, size, len(rows), numbered=True),
            "records": [_suggestion(call, target, row) for row in shown],
        }
    return Answer(200, {"lookupResults": results, "objectApiName": found.name, "fieldApiName": known.name})


def _lookup(call: Call, found: SObject, field: str) -> Field:
    known = found.field(field)
    if known is None or known.name in call.org.access.hidden_fields(call.user_id, found.name):
        raise SalesforceError("INVALID_FIELD", f"No such column '{field}' on entity '{found.name}'.")
    if known.type != "reference":
        raise given.bad_parameter(f"Field {known.name} of object {found.name} is not a lookup field")
    return known


def _targets(call: Call, found: SObject, known: Field) -> list[SObject]:
    wanted = call.query.get("targetApiName")
    names = [
        name for name in call.org.targets(found, known.name) if name in OBJECTS and OBJECTS[name].can("mruEnabled")
    ]
    if wanted is None:
        return [OBJECTS[name] for name in names]
    if wanted not in names:
        raise given.bad_parameter(f"{wanted} is not a target of the field {known.name}")
    return [OBJECTS[wanted]]


def _check_source(call: Call, found: SObject) -> None:
    body = call.body if call.body is not None else {}
    source = body.get("sourceRecord") if isinstance(body, dict) else body
    if source is None:
        return
    if (
        not isinstance(source, dict)
        or source.get("apiName") != found.name
        or not isinstance(source.get("fields"), dict)
    ):
        raise SalesforceError("POST_BODY_PARSE_ERROR", "sourceRecord needs the apiName of the object and its fields")


def _rows(call: Call, target: SObject, kind: str, text: str) -> list[Row]:
    stored = call.org.rows[target.name]
    if kind == "Recent":
        used = [row["Id"] for row in recent.rows(call.org, call.user_id) if row["Type"] == target.name]
        return [stored[record_id] for record_id in used]
    words = [word.casefold() for word in re.findall(r"\w+", text)]
    names = [target.name_field.name] if target.name_field else []
    if kind == "Search":
        hidden = call.org.access.hidden_fields(call.user_id, target.name)
        names = [f.name for f in target.fields.values() if f.type in _TEXT and f.name not in hidden]
    rows = [
        row
        for row in stored.values()
        if not row.get("IsDeleted")
        and not row.get("IsConverted")
        and row.get("IsActive") is not False
        and _begins(words, [str(row[name]) for name in names if row[name]])
        and call.org.access.can_see(call.user_id, target.name, row)
    ]
    return sorted(rows, key=lambda row: (record.title(call, target, row) or "").casefold())


def _begins(words: list[str], texts: list[str]) -> bool:
    present = re.findall(r"\w+", " ".join(texts).casefold())
    return bool(words) and all(any(one.startswith(word) for one in present) for word in words)


def _suggestion(call: Call, target: SObject, row: Row) -> dict[str, Any]:
    label = target.name_field.name if target.name_field else "Id"
    body = record.represent(call, target, row, {"Id": None, label: None})
    second = target.fields.get(_SECOND.get(target.name, ""))
    hidden = call.org.access.hidden_fields(call.user_id, target.name)
    value = row[second.name] if second is not None and second.name not in hidden else None
    body["fields"] |= {
        "DisambiguationField": {"displayValue": None, "value": value},
        "Name": {"displayValue": None, "value": record.title(call, target, row)},
    }
    return body
