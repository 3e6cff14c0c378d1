"""Mailboxes at rest, by the thousand: rows as the engine leaves them, with nothing behind them. Within the product."""

from __future__ import annotations

import hashlib
import time
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Connection, System
from accounts.services import connection_for, create_organisation, create_user
from sync.capture import scheduling
from sync.models import Collection, Mailbox, Watch

_AT_ONCE = 2_000
SECRET = "a secret of one mailbox"  # noqa: S105 - the sandbox's alone


def fill(*, mailboxes: int, collections: int, provider: str = "graph") -> list[Mailbox]:
    """So many mailboxes of so many collections each, read a while ago and due within the next hour."""
    now = timezone.now()
    organisation = create_organisation(f"At rest {provider}", domains=[f"{provider}.example"])
    users = [
        create_user(organisation, email=f"user{number:05}@{provider}.example", name=f"User {number}", reason="a rest")
        for number in range(mailboxes)
    ]
    system = System.MICROSOFT if provider == "graph" else System.GOOGLE
    connections = [connection_for(user, system) for user in users]
    Connection.objects.filter(organisation=organisation).update(state=Connection.State.ACTIVE)
    made = [
        Mailbox(
            organisation=organisation,
            user=user,
            connection=one,
            provider=provider,
            address_hash=hashlib.sha256(user.email.encode()).hexdigest(),
            window_from=now - timedelta(days=6),
            initial_done_at=now,
        )
        for user, one in zip(users, connections, strict=True)
    ]
    Mailbox.objects.bulk_create(made, batch_size=_AT_ONCE)
    rows = (
        Collection(
            organisation=organisation,
            mailbox=mailbox,
            kind=Collection.Kind.MAIL,
            remote_id=f"folder{number:04}" if collections > 1 else "",
            cursor="a place",
            in_scope=True,
            full_read=False,
            due_at=now + timedelta(minutes=10, seconds=3_600 * ((place * 7_919 + number) % 10_000) / 10_000),
            last_success_at=now - timedelta(minutes=5),
        )
        for place, mailbox in enumerate(made)
        for number in range(collections)
    )
    Collection.objects.bulk_create(rows, batch_size=_AT_ONCE)
    Watch.objects.bulk_create(
        [
            Watch(
                organisation=organisation,
                mailbox=mailbox,
                remote_id=f"{provider}-{number:05}" if provider == "graph" else "",
                secret_hash=hashlib.sha256(SECRET.encode()).hexdigest(),
                expires_at=now + timedelta(days=6),
                due_at=now + timedelta(days=1),
            )
            for number, mailbox in enumerate(made)
        ],
        batch_size=_AT_ONCE,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return made


def timed_sweep() -> float:
    """The seconds of one round. Raises AssertionError where something was due."""
    began = time.perf_counter()
    swept = scheduling.sweep()
    took = time.perf_counter() - began
    assert swept.all == 0, swept
    return took


def watched(mailboxes: int) -> dict[str, list[Any]]:
    """Mailboxes of both providers; the subscriptions of the ones and the addresses of the others."""
    graph = fill(mailboxes=mailboxes, collections=3)
    gmail = fill(mailboxes=mailboxes, collections=1, provider="gmail")
    return {
        "graph": [mailbox.watch.remote_id for mailbox in graph],
        "gmail": [mailbox.user.email for mailbox in gmail],
    }
