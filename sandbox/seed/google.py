"""The mailboxes of the subsidiary's people, whose mail is at Google: the same customers, other conversations.

Standing messages, beside the usual ones of every mailbox (newsletters, private, damaged, unsent …):
- Noor talks with Dana Ruiz of Northwind Ltd about the laboratory's access, four messages, newest of all;
- Oliver Hartnell's message about both offices stands in Noor's mailbox and in Mia's, under one Message-ID;
- one message of Dana's carries the label `Salesforce`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.seed import content
from sandbox.seed.company import Company
from sandbox.seed.message import Attached, SeedMail
from sandbox.seed.oddities import add_oddities
from sandbox.seed.office import Office
from sandbox.seed.standing import both_offices
from sandbox.seed.threads import Conversation, usual_thread

NOOR = "noor.haddad@larkfield-labs.example"
MARK = "Salesforce"


def seed_google_mail(company: Company, seed: int, now: datetime) -> dict[str, list[SeedMail]]:
    """Messages by address of the mailbox, none received after `now`. Gmail takes no message of 25 MB and more."""
    office = Office(company, seed, now, "google")
    _laboratory_thread(office)
    both_offices(office)
    add_oddities(office)
    for address in office.boxes:
        rng = office.random(address)
        number = 0
        while not office.is_full(address):
            usual_thread(office, address, number, rng)
            number += 1
    return {address: [_fitting(mail) for mail in mails if mail.big is None] for address, mails in office.boxes.items()}


def _fitting(mail: SeedMail) -> SeedMail:
    """Links to files in the cloud are known to Microsoft's mailboxes only."""
    return replace(mail, links=()) if mail.links else mail


def _laboratory_thread(office: Office) -> None:
    noor = office.staff[NOOR]
    dana = office.party(office.contact("dana@northwind.example"))
    talk = Conversation(office, "laboratory", "Access to the test laboratory")
    floor = Attached("Floor plan.pdf", "application/pdf", content.pdf("Floor plan", ["Laboratory", "Hall 2"]))
    image = Attached("logo.png", "image/png", content.png(120, 32, (20, 90, 140)), content_id="logo@northwind.example")
    talk.say(
        dana,
        (noor,),
        office.now - timedelta(days=3, hours=4),
        ["Hi Noor,", "may two of us see the gauges under test before we sign for more of them?", "Kind regards"],
        files=(image,),
        extra={"categories": (MARK,)},
    )
    talk.say(
        noor,
        (dana,),
        office.now - timedelta(days=3),
        ["Hi Dana,", "of course. Thursday morning is free; the plan of the floor is attached.", "Best regards"],
        files=(floor,),
    )
    talk.say(
        dana,
        (noor,),
        office.now - timedelta(days=2, hours=6),
        ["Hi Noor,", "Thursday at nine then. Oliver comes along.", "Kind regards"],
        cc=(office.party(office.contact("oliver.hartnell@northwind.example")),),
    )
    talk.say(
        dana,
        (noor,),
        office.now - timedelta(minutes=11),
        ["Hi Noor,", "we are on the list at the gate, thank you. Is there a place to park a van?", "Kind regards"],
        unread=(noor.address,),
    )
