"""The trail as JSON lines, one entry a line with its hash, so that a file can be verified alone.

{"export": {chain, since, until, action, number, hash}}     what was asked, and the head at that moment
{"number": 1, ..., "hash": ...}                             each entry: all that its hash covers, and the hash
{"end": {rows, number, hash}}                               so that a file that was cut off is known
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from permissions.audit import actions
from permissions.audit.chain import as_said
from permissions.audit.models import AuditEntry, AuditHead, chain_of
from permissions.audit.recording import Doer, record

_CHUNK: Final = 1_000


def export_lines(
    root: UUID | None,
    *,
    by: Doer,
    since: datetime | None = None,
    until: datetime | None = None,
    action: str | None = None,
) -> Iterator[str]:
    """Lines with their ends, in constant memory. `since` counts, `until` does not. Raises UnknownAction.

    That it was exported is recorded before the first line leaves; the entry of that is not in the export itself.
    """
    if action is not None:
        actions.action(action)
    with transaction.atomic():
        head = AuditHead.objects.select_for_update().filter(pk=chain_of(root)).first()
        number, last = (head.number, head.hash) if head is not None else (0, "")
        detail = {"since": since, "until": until, "action": action, "number": number}
        record("audit.exported", root=root, by=by, on=("audit", ""), detail=detail)
    asked = {
        "chain": str(root) if root else None,
        "since": _moment(since),
        "until": _moment(until),
        "action": action,
        "number": number,
        "hash": last,
    }
    # By number, so that a clock that was set back leaves no hole in what is exported.
    entries = AuditEntry.objects.filter(root=root, number__lte=number).order_by("number")
    if since is not None:
        entries = entries.filter(number__gte=_first(entries.filter(at__gte=since), number + 1))
    if until is not None:
        entries = entries.filter(number__lt=_first(entries.filter(at__gte=until), number + 1))
    if action is not None:
        entries = entries.filter(action=action)
    return _lines(asked, entries.iterator(chunk_size=_CHUNK))


def _first(entries: QuerySet[AuditEntry], otherwise: int) -> int:
    found = entries.values_list("number", flat=True).first()
    return otherwise if found is None else found


def _lines(asked: dict[str, Any], entries: Iterator[AuditEntry]) -> Iterator[str]:
    yield _line({"export": asked})
    rows, number, last = 0, 0, ""
    for entry in entries:
        yield _line({**as_said(entry), "hash": entry.hash})
        rows, number, last = rows + 1, entry.number, entry.hash
    yield _line({"end": {"rows": rows, "number": number, "hash": last}})


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat()
