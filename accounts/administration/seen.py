"""What the vendor's staff open in a staff session is recorded where the organisation sees it: once for each page."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from accounts.administration.place import Place
from permissions.audit.recording import record


def note(place: Place, kind: str, object_id: UUID | str | int = "", *, page: str, rows: int | None = None) -> None:
    """Nothing for the organisation's own people. `kind`: as the audit trail calls it; `page`: what was opened."""
    if place.staff_session is None:
        return
    with transaction.atomic():
        record(
            "record.seen",
            root=place.here.resource_id,
            by=place.doer,
            on=(kind, object_id),
            detail={"kind": page, "rows": rows},
        )
