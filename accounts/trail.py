"""What accounts tell the audit trail: who acts, and who was not let in.

Somebody who is not let in may try as often as they like; what is recorded of it is bounded, in each minute, for each
network address and altogether (`MOST_FROM_ONE`, `MOST_FROM_ALL`). The address itself is not kept, but a keyed hash.
"""

from __future__ import annotations

import time
from typing import Any, Final
from uuid import UUID

import structlog
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts.actor import Actor
from accounts.models import Organisation, User
from permissions.audit.recording import UNKNOWN, Doer, record

MOST_FROM_ONE: Final = 10
MOST_FROM_ALL: Final = 120
_MINUTE: Final = 60

log = structlog.get_logger("accounts.trail")


def doer(actor: Actor) -> Doer:
    return Doer.user(actor.principal_id)


def as_user(user: User) -> Doer:
    """A person who acts without a pane's session: an administrator, or an operator, who belongs to no organisation."""
    return Doer("user" if user.organisation_id else "operator", user.principal_id)


def root_of(user: User) -> UUID | None:
    """The root of the chain that tells of a user; None for an operator."""
    return None if user.organisation is None else user.organisation.resource_id


def record_own(actor: Actor, action: str, on: tuple[str, UUID | str | int], **detail: Any) -> None:
    """What somebody did in their own organisation. Raises as `permissions.audit.recording.record`."""
    record(action, root=actor.organisation.resource_id, by=doer(actor), on=on, detail=detail)


def record_refusal(
    request: HttpRequest,
    *,
    reason: str,
    stage: str,
    organisation: Organisation | None = None,
    user: User | None = None,
) -> None:
    """Somebody was not let in at a `stage`; `user`: whom they claimed to be, where that much was proven."""
    client = salted_hmac("accounts.trail", request.META.get("REMOTE_ADDR", ""), algorithm="sha256").hexdigest()[:16]
    if not _may_be_recorded(client):
        return
    root = organisation.resource_id if organisation is not None else root_of(user) if user is not None else None
    detail = {"reason": reason, "stage": stage, "client": client}
    with transaction.atomic():
        record(
            "sign-in.refused", root=root, by=UNKNOWN, on=("user", user.pk if user is not None else ""), detail=detail
        )


def _may_be_recorded(client: str) -> bool:
    minute = int(time.time()) // _MINUTE
    for whose, most in ((client, MOST_FROM_ONE), ("all", MOST_FROM_ALL)):
        key = f"audit-refused:{whose}:{minute}"
        cache.add(key, 0, 2 * _MINUTE)
        try:
            count = cache.incr(key)
        except ValueError:  # it ended in between
            count = 1
        if count > most:
            if count == most + 1:
                log.warning("sign_in.refusals_unrecorded", whose=whose, minute=minute)
            return False
    return True
