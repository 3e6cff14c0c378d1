"""How the token broker renews a token once, however many threads and processes need it.

    renewed(row, rejected)
        row lock, re-read ── another token there already ──► that one     somebody else has renewed
              │
              claim the renewal ── claimed by another ──► wait for what comes of it
              │
              ask the provider once, outside any transaction
              │
              row lock, store the new tokens, token_number + 1 ──► use    a rotated token is never used unsaved
              └─ refused ── re-read once ──► needs_reconnect, the tokens kept

The claim is a row's column that one conditional step sets, so that 20 threads in 20 processes ask once; it ends with
the answer, or after `CLAIM_SECONDS` where its process died. Waiting for the provider under the row lock itself would
hold a transaction open for as long, and on SQLite stop every writer: there the lock is the database's.

A renewal refuses to run inside a transaction (RuntimeError): rolled back, it would lose a token that exists once.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.errors import NeedsReconnect, NotConnected, ProviderUnavailable
from accounts.models import Connection, ServiceCredential
from permissions.audit.recording import PRODUCT, record

CLAIM_SECONDS: Final = 90  # longer than the HTTP policy lets an answer take
WAIT_SECONDS: Final = 40

#: A row with tokens that are renewed.
RowT = TypeVar("RowT", Connection, ServiceCredential)

log = structlog.get_logger("accounts.renewals")


@dataclass(frozen=True, slots=True, repr=False)
class Fresh:
    """What a provider answered. `also` are further columns; an empty one changes nothing."""

    access_token: str
    expires_at: datetime | None = None
    also: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The provider refuses to renew."""


TOKEN_FIELDS: Final = ("access_token", "access_expires_at", "token_number", "renewal_claim", "renewal_until")


def check_usable(row: Connection | ServiceCredential) -> None:
    """Raises NeedsReconnect or NotConnected for a row that is not active."""
    if row.state == row.State.NEEDS_RECONNECT:
        raise NeedsReconnect(row.system)
    if row.state != row.State.ACTIVE or (isinstance(row, Connection) and not row.access_token):
        raise NotConnected(row.system)


def renewed(row: RowT, rejected: str, ask: Callable[[RowT], Fresh]) -> RowT:
    """The row with a token other than `rejected`. Raises NotConnected, NeedsReconnect, ProviderUnavailable."""
    waited_for: uuid.UUID | None = None
    while True:
        current, mine, others = _claim(row, rejected, waited_for)
        if mine is not None:
            return _ask_and_store(current, mine, ask)
        if others is None:
            return current
        waited_for = others
        _wait_for(current, others)


def store(row: Connection | ServiceCredential, fresh: Fresh, *further: str) -> None:
    """Puts tokens on a locked row, together with `further` columns that the caller has set."""
    row.access_token = fresh.access_token
    row.access_expires_at = fresh.expires_at
    changed = [name for name, value in fresh.also.items() if value]
    for name in changed:
        setattr(row, name, fresh.also[name])
    row.token_number += 1
    row.renewal_claim = row.renewal_until = None
    row.save(update_fields=[*TOKEN_FIELDS, *changed, *further])


def _rows(row: RowT) -> QuerySet[RowT]:
    return type(row)._default_manager.filter(pk=row.pk)


def _claim(row: RowT, rejected: str, waited_for: uuid.UUID | None) -> tuple[RowT, uuid.UUID | None, uuid.UUID | None]:
    """(row, our claim, another's claim); with neither, the row holds another token than the rejected one."""
    with transaction.atomic(durable=True):
        current = _rows(row).select_for_update().get()
        check_usable(current)
        if current.access_token.unseal() != rejected:
            return current, None, None
        now = timezone.now()
        if current.renewal_claim is not None and current.renewal_until is not None and current.renewal_until > now:
            return current, None, current.renewal_claim
        if waited_for is not None and current.renewal_claim is None:
            raise ProviderUnavailable(row.system)  # whom we waited for got no answer: ours would be no better
        current.renewal_claim = uuid.uuid4()
        current.renewal_until = now + timedelta(seconds=CLAIM_SECONDS)
        current.save(update_fields=["renewal_claim", "renewal_until"])
        _record("secret.used", current, kind=current.kind)
        return current, current.renewal_claim, None


def _record(action: str, row: Connection | ServiceCredential, **detail: str) -> None:
    """Of what a renewal does: nobody asked for it, it was due."""
    kind, user = ("connection", row.user_id) if isinstance(row, Connection) else ("credential", None)
    said = {"system": row.system, "user": user, **detail}
    record(action, root=row.organisation.resource_id, by=PRODUCT, on=(kind, row.pk), detail=said)


def _wait_for(row: RowT, claim: uuid.UUID) -> None:
    """Returns when the claim has ended, by an answer or by its time. Raises ProviderUnavailable after WAIT_SECONDS."""
    pause = 0.02
    patience = time.monotonic() + WAIT_SECONDS
    while _rows(row).filter(renewal_claim=claim, renewal_until__gt=timezone.now()).exists():
        if time.monotonic() > patience:
            raise ProviderUnavailable(row.system)
        time.sleep(pause * random.uniform(0.5, 1.5))
        pause = min(pause * 1.5, 0.25)


def _ask_and_store(row: RowT, claim: uuid.UUID, ask: Callable[[RowT], Fresh]) -> RowT:
    try:
        fresh = ask(row)
    except Refused:
        return _give_up(row)
    except BaseException:
        _rows(row).filter(renewal_claim=claim).update(renewal_claim=None, renewal_until=None)
        raise
    with transaction.atomic(durable=True):
        current = _rows(row).select_for_update().get()
        check_usable(current)  # disconnected meanwhile: what was renewed hangs on a grant that has been ended
        if current.token_number == row.token_number:
            store(current, fresh)
    log.info("tokens.renewed", row=str(row.pk), system=row.system)
    return current


def _give_up(row: RowT) -> RowT:
    with transaction.atomic(durable=True):
        current = _rows(row).select_for_update().get()
        if current.token_number != row.token_number:
            check_usable(current)
            return current
        current.state = current.State.NEEDS_RECONNECT
        current.renewal_claim = current.renewal_until = None
        current.save(update_fields=["state", "renewal_claim", "renewal_until"])
        _record("connection.refused", current, reason="renewal")
    log.warning("tokens.refused", row=str(row.pk), system=row.system)
    raise NeedsReconnect(row.system)
