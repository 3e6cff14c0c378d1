"""How an entry is hashed. Whoever has the entries can recompute it: nothing here is secret.

hash = SHA-256( JSON of all that the entry says, keys sorted, no spaces, ASCII, with the hash before it )
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, Final

from permissions.audit.models import AuditEntry

#: What the first entry of a chain has before it.
BEGINNING: Final = "0" * 64
_FORM: Final = 1


def as_said(entry: AuditEntry) -> dict[str, Any]:
    """All that an entry says, as plain JSON: what is hashed, and what is exported beside the hash."""
    return {
        "form": _FORM,
        "id": str(entry.id),
        "chain": _text(entry.root_id),
        "number": entry.number,
        "at": _moment(entry.at),
        "actor": _text(entry.actor),
        "actor_kind": entry.actor_kind,
        "on_behalf": _text(entry.on_behalf),
        "action": entry.action,
        "object_kind": entry.object_kind,
        "object_id": entry.object_id,
        "detail": entry.detail,
        "previous": entry.previous,
    }


def digest(said: dict[str, Any]) -> str:
    """64 hexadecimal digits. Raises ValueError for what is no JSON."""
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
