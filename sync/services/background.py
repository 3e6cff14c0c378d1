"""Background work on intents: what is due, and carrying one out as the person who caused it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from uuid import UUID

import structlog
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.actor import Actor
from accounts.authentication import require_acting
from accounts.errors import NotConnected
from accounts.models import System
from accounts.record_types import require_relatable
from permissions import policy
from sync.errors import NeedsReconnect, ProviderError
from sync.models import Intent
from sync.services import governor, leases, outcomes
from sync.services.choosing import types_of
from sync.services.clients import Crm, connection_of, crm_of
from sync.services.execute import run_email, run_file, run_undo
from sync.services.leases import Lease

log = structlog.get_logger(__name__)

BATCH = 200
MOST_ATTEMPTS = 50
_NEEDED = {Intent.Kind.EMAIL: "email.file", Intent.Kind.FILE: "email.file", Intent.Kind.UNDO: "email.undo"}
_RUN: dict[str, Callable[[Actor, Crm, Intent, Lease], None]] = {
    Intent.Kind.EMAIL: run_email,
    Intent.Kind.FILE: run_file,
    Intent.Kind.UNDO: run_undo,
}


def due() -> QuerySet[Intent]:
    """What waits to be carried out each for itself, or whose worker is gone; the longest due first.

    Filings that nobody pressed for go in batches (`sync.capture.candidates`).
    """
    now = timezone.now()
    waiting = Q(state=Intent.State.WAITING, due_at__lte=now) | Q(state=Intent.State.CLAIMED, lease_until__lte=now)
    return Intent.objects.filter(waiting, automatic=False).order_by("due_at")


def due_intents() -> list[UUID]:
    """Ids of those."""
    return list(due().values_list("id", flat=True)[:BATCH])


def carry_out(intent_id: UUID) -> None:
    """One intent, as the person who caused it; stops if that person has lost the right meanwhile."""
    intent = (
        Intent.objects.select_related("activity", "organisation", "user", "user__organisation", "user__resource")
        .filter(pk=intent_id)
        .first()
    )
    if intent is None:
        return
    lease = leases.claim(intent)
    if lease is None:
        return
    if intent.attempts > MOST_ATTEMPTS:
        # Whatever breaks each worker before it can say so must not be tried for ever.
        leases.finish(lease, Intent.State.PARKED, reason="unavailable")
        return
    actor = Actor.of(intent.user)
    try:
        require_acting(actor, _NEEDED[Intent.Kind(intent.kind)])
        if intent.kind == Intent.Kind.EMAIL:
            require_relatable(actor.principal_id, actor.organisation, types_of(intent.choice))
        crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    except (policy.Denied, policy.NotFound):
        leases.finish(
            lease, Intent.State.PARKED, reason="forbidden", words=gettext_noop("The right to file was taken away.")
        )
        return
    except NotConnected as error:
        outcomes.handle(intent, lease, NeedsReconnect(system=error.system))
        return
    except ProviderError as error:
        outcomes.handle(intent, lease, error)
        return
    with governor.background() if intent.choice.get("automatic") else nullcontext():
        _RUN[intent.kind](actor, crm, intent, lease)
    intent.refresh_from_db(fields=["state"])
    log.info("intent.carried_out", intent=str(intent.pk), kind=intent.kind, state=intent.state)
