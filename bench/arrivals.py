"""Messages that arrive while the product runs, and when their records stood. Within the product."""

from __future__ import annotations

import time
from collections.abc import Sequence
from email.utils import format_datetime
from typing import Any

from django.utils import timezone

from accounts.http import requests_session
from bench import company
from sync.models import Intent, Mailbox, Watch

PATIENCE = 90.0
# A contact of the seed's Salesforce.
_SENDER = "Dana Ruiz <dana@northwind.example>"


def measure(info: company.Info, addresses: Sequence[str], messages: int, every: float) -> list[float]:
    """For each message the seconds from before it was delivered until it was filed. Raises TimeoutError."""
    mailboxes = company.switch_on(addresses, watches=True)
    _wait(lambda: company.is_settled(mailboxes) and _watched(mailboxes), "the mailboxes to be read and watched")
    # What was read a moment ago is not read again at once: a mailbox in use is at rest.
    time.sleep(5)
    sent = {}
    for number in range(messages):
        due = time.monotonic() + every
        identity = f"<arrival.{number:04}@northwind.example>"
        sent[identity] = timezone.now()
        _deliver(info, addresses[number % len(addresses)], identity)
        time.sleep(max(due - time.monotonic(), 0))
    mine = Intent.objects.filter(activity__identity__in=list(sent), state=Intent.State.DONE)
    _wait(lambda: mine.count() == messages, "all messages to be filed")
    filed = mine.filter(finished_at__isnull=False).values_list("activity__identity", "finished_at")
    return [(at - sent[identity]).total_seconds() for identity, at in filed if at is not None]


def _deliver(info: company.Info, address: str, identity: str) -> None:
    lines = [
        f"From: {_SENDER}",
        f"To: {address}",
        "Subject: About the delivery",
        f"Date: {format_datetime(timezone.now())}",
        f"Message-ID: {identity}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "Please have a look at the delivery.",
        "",
    ]
    url = f"{info['salesforce_login_url']}/_sandbox/mail"
    requests_session().post(url, json={"user": address, "mime": "\r\n".join(lines)}).raise_for_status()


def _watched(mailboxes: Sequence[Mailbox]) -> bool:
    return not Watch.objects.filter(mailbox__in=mailboxes, expires_at=None).exists()


def _wait(is_true: Any, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not is_true():
        if time.monotonic() > end:
            raise TimeoutError(f"Waited {PATIENCE:.0f} s for {what}.")
        time.sleep(0.2)
