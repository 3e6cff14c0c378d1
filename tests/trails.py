"""Reading the audit trail in tests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection

from permissions.audit.models import AuditEntry
from permissions.audit.verifying import chains, verify


def told(*actions: str, root: UUID | None = None) -> list[tuple[str, dict[str, Any]]]:
    """(action, detail) of the entries, in their order: of these actions, where any are named, and of one chain."""
    entries = AuditEntry.objects.order_by("root", "number")
    if actions:
        entries = entries.filter(action__in=actions)
    if root is not None:
        entries = entries.filter(root=root)
    return list(entries.values_list("action", "detail"))


def last(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("at", "number")


def whole() -> bool:
    """Whether every chain verifies."""
    return [finding for chain in chains() for finding in verify(chain)] == []


def said_anywhere(*words: str) -> list[str]:
    """Which of these words stand in any column of the trail, whatever their case."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {AuditEntry._meta.db_table}")
        text = "\n".join(str(row) for row in cursor.fetchall()).lower()
    return [word for word in words if word.lower() in text]
