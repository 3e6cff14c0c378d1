"""Why the User Interface API did not save a record: its "error with output", with each message at its field.

https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_responses_error_with_output.htm
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync import errors

DUPLICATES = "DUPLICATES_DETECTED"
#: Somebody else changed the record after the moment that the request named.
COLLISION = "CollisionDetectedException"


def record_refused(body: Any) -> errors.RecordRefused | None:
    """The refusal that a body tells of; None where it is another kind of answer."""
    entry = body[0] if isinstance(body, list) and body else body
    output = entry.get("output") if isinstance(entry, Mapping) else None
    if not isinstance(output, Mapping):
        return None
    page: list[str] = []
    at: dict[str, list[str]] = {}
    code, duplicates, may_go_on = "", [], False
    for field, problem in _problems(output):
        code = code or str(problem.get("errorCode") or "")
        message = str(problem.get("message") or "")
        about = problem.get("duplicateRecordError")
        if isinstance(about, Mapping):
            code = DUPLICATES
            duplicates += list(_matches(about))
            may_go_on = all(match.get("isAllowSave", True) is not False for match in _list(about.get("matchResults")))
        if field:
            at.setdefault(field, []).append(message)
        elif message and message not in page:
            page.append(message)
    if not page and not at:
        page.append(str(entry.get("message") or ""))
    return errors.RecordRefused(
        page=tuple(page),
        at={name: tuple(messages) for name, messages in at.items()},
        duplicates=tuple(dict.fromkeys(duplicates)),
        may_go_on=may_go_on,
        code=code or str(entry.get("errorCode") or ""),
    )


def _problems(output: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(field, problem) of each; the field is the part of a compound where one is told."""
    for problem in _list(output.get("errors")):
        yield str(problem.get("constituentField") or problem.get("field") or ""), problem
    by_field = output.get("fieldErrors")
    for field, problems in by_field.items() if isinstance(by_field, Mapping) else ():
        for problem in _list(problems):
            yield str(problem.get("constituentField") or problem.get("field") or field), problem


def _list(value: Any) -> list[Mapping[str, Any]]:
    entries = value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _matches(about: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(object, id) of the records that are alike, in whichever of its forms they are told."""
    for match in _list(about.get("matchResults")):
        name = str(match.get("apiName") or match.get("matchRecordApiName") or match.get("entityType") or "")
        ids = match.get("matchRecordIds")
        for one in ids if isinstance(ids, Sequence) and not isinstance(ids, str) else ():
            yield name, str(one)
        for found in _list(match.get("matchRecords")):
            inner = found.get("record")
            if isinstance(inner, Mapping) and (inner.get("id") or inner.get("Id")):
                yield str(inner.get("apiName") or name), str(inner.get("id") or inner.get("Id"))
