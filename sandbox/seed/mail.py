"""The four mailboxes of the seed company: 300 messages each, newest first the conversation with Northwind Ltd.

The same company, hour and seed number give the same messages. MIME is rendered when a message is first read.
"""

from __future__ import annotations

from datetime import datetime

from sandbox.seed.company import Company
from sandbox.seed.message import SeedMail
from sandbox.seed.oddities import add_oddities
from sandbox.seed.office import PER_MAILBOX, Office
from sandbox.seed.standing import both_offices, northwind_thread
from sandbox.seed.threads import usual_thread

__all__ = ["PER_MAILBOX", "SeedMail", "seed_mail"]


def seed_mail(company: Company, seed: int, now: datetime) -> dict[str, list[SeedMail]]:
    """Messages by address of the mailbox, `PER_MAILBOX` each, none received after `now`."""
    office = Office(company, seed, now)
    northwind_thread(office)
    both_offices(office)
    add_oddities(office)
    for address in office.boxes:
        rng = office.random(address)
        number = 0
        while not office.is_full(address):
            usual_thread(office, address, number, rng)
            number += 1
    return office.boxes
