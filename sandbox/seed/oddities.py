"""What a real mailbox holds beside plain conversations: each case that the rules about filing speak of, at least once.

Newsletters, automatic and internal mail, meetings, private mail, strangers, many participants, case references, strange
senders, and files of every sort. Every mailbox gets the same kinds from its own people.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sandbox.seed import content
from sandbox.seed.crm import ascii_domain
from sandbox.seed.message import RTL_TONGUES, Attached, Party, SeedMail, as_html
from sandbox.seed.oddities_raw import bounce, encrypted, signed, without_message_id
from sandbox.seed.office import Office, Record, filling, logo
from sandbox.seed.texts import FOREIGN, INTERNAL, NEWSLETTERS, STRANGERS
from sandbox.seed.threads import Conversation

_TONGUE_DOMAINS = {
    "ar": "alnoor.example",
    "he": "tamarmed.example",
    "de": ascii_domain("müller-präzision.example"),
    "ja": "hikari-seimitsu.example",
    "fr": "beaumontvineyards.example",
    "el": "skyrodema.example",
}


def add_oddities(office: Office) -> None:
    """Into all four mailboxes."""
    for address in office.boxes:
        desk = _Desk(office, address)
        for add in (
            _newsletters,
            _automatic,
            _internal,
            _meetings,
            _private,
            _strangers,
            _foreign,
            _crowds,
            _case_references,
            _strange_senders,
            _strange_files,
            _damaged,
            _unsent_and_unwanted,
        ):
            add(desk)


class _Desk:
    """One mailbox, and a short way to put a single message into it."""

    def __init__(self, office: Office, address: str) -> None:
        self.office = office
        self.address = address
        self.me = office.staff[address]
        self.rng: random.Random = office.random(f"oddities:{address}")
        self.number = 0

    def when(self, least: float = 0.3, most: float = 60) -> datetime:
        """A moment so many days ago."""
        back = timedelta(days=self.rng.uniform(least, most))
        return (self.office.now - timedelta(hours=3) - back).replace(second=self.rng.randint(0, 59), microsecond=0)

    def someone(self, domain: str = "") -> tuple[Record, Party]:
        found = [c for c in self.office.contacts if c["Email"].endswith(domain or "")]
        contact = self.rng.choice(found)
        return contact, self.office.party(contact)

    def one(self, sender: Party, subject: str, paragraphs: list[str], **fields: Any) -> SeedMail:
        """A message to the owner of the mailbox, in the inbox unless `folder` says otherwise."""
        self.number += 1
        rtl = bool(fields.pop("rtl", False))
        images = [file for file in fields.get("files", ()) if file.content_id]
        signature = sender.signature or (sender.name,)
        body = as_html(paragraphs, signature, logo=images[0].content_id or "" if images else "", rtl=rtl)
        name = f"odd:{self.address}:{self.number}"
        usual: dict[str, Any] = {
            "folder": "inbox",
            "received": self.when(),
            "sender": sender,
            "to": (self.me,),
            "subject": subject,
            "text": "\n\n".join([*paragraphs, "\n".join(signature)]) + "\n",
            "html": body,
            "message_id": self.office.message_id(name, sender.address.rpartition("@")[2]),
        }
        mail = SeedMail(**(usual | fields))
        self.office.put(self.address, mail)
        return mail


def _newsletters(desk: _Desk) -> None:
    for place in range(14):
        name, local, domain, subject = NEWSLETTERS[place % len(NEWSLETTERS)]
        headers = (
            ("List-Id", f"{name} <{local}.{domain}>"),
            ("List-Unsubscribe", f"<https://{domain}/leave?id={place}>"),
            ("Precedence", "list" if local == "list" else "bulk"),
        )
        words = [
            f"{subject}.",
            f"Issue {140 + place}: read it on {domain}.",
            "You receive this because you subscribed.",
        ]
        desk.one(Party(name, f"{local}@{domain}"), subject, words, headers=headers, is_bulk=True, is_read=place % 3 > 0)


def _automatic(desk: _Desk) -> None:
    for _ in range(3):
        contact, party = desk.someone()
        words = [f"I am away until {desk.when().day} of next month.", "In urgent cases please call our main number."]
        subject = f"Automatic reply: {filling(desk.rng, desk.office, contact, desk.when())['opp']}"
        desk.one(party, subject, words, headers=(("Auto-Submitted", "auto-replied"),), html=None)
    portal = Party("Supplier Portal", "notifications@supplierportal.example")
    words = ["Document LI-4711 was viewed by your customer.", "Do not answer, this mailbox is not read."]
    desk.one(portal, "Document viewed", words, headers=(("Auto-Submitted", "auto-generated"),))
    bounce(desk.office, desk.address, desk.me, desk.when())


def _internal(desk: _Desk) -> None:
    others = [party for address, party in desk.office.staff.items() if address != desk.address]
    for place, (subject, paragraphs) in enumerate(INTERNAL):
        contact, _ = desk.someone()
        at = desk.when()
        values = filling(desk.rng, desk.office, contact, at)
        talk = Conversation(desk.office, f"internal:{desk.address}:{place}", subject.format_map(values))
        readers = tuple(others if place % 2 else desk.rng.sample(others, 1))
        words = ["Hi all," if len(readers) > 1 else f"Hi {readers[0].name.partition(' ')[0]},"]
        talk.say(desk.me, readers, at, [*words, *(text.format_map(values) for text in paragraphs)])
        if place % 3 == 0:
            talk.say(readers[0], (desk.me,), at + timedelta(minutes=31), ["Fine with me. Thanks for asking."])


def _meetings(desk: _Desk) -> None:
    answers = (("Accepted", "ACCEPTED"), ("Declined", "DECLINED"), ("Tentative", "TENTATIVE"))
    for place in range(3):
        _, party = desk.someone()
        start = (desk.office.now + timedelta(days=3 + 4 * place)).replace(hour=10)
        subject = ("Line walk", "Review of the figures", "Kick-off")[place]
        uid = f"{desk.address}.{place}@{party.address.rpartition('@')[2]}"
        invited = content.calendar("REQUEST", subject, start, party.address, [desk.address], uid=uid, location="Hall 2")
        desk.one(party, subject, ["Please join us."], calendar=("REQUEST", invited), received=desk.when(0.5, 5))
        word, state = answers[place]
        mine = f"{desk.address}.reply.{place}@larkfield.example"
        reply = content.calendar("REPLY", subject, start, desk.address, [party.address], uid=mine, answer=state)
        desk.one(party, f"{word}: Demonstration", ["See you."], calendar=("REPLY", reply), html=None)
    _, party = desk.someone()
    uid = f"{desk.address}.cancel@{party.address.rpartition('@')[2]}"
    gone = content.calendar("CANCEL", "Site visit", desk.office.now, party.address, [desk.address], uid=uid)
    desk.one(party, "Canceled: Site visit", ["We have to cancel, sorry."], calendar=("CANCEL", gone))


def _private(desk: _Desk) -> None:
    kinds = (
        ("Private", "Between us"),
        ("Personal", "Dinner on Saturday?"),
        ("Company-Confidential", "Before the board"),
    )
    for sensitivity, subject in kinds:
        _, party = desk.someone()
        words = ["This is for you only.", "I would rather not have it in any system. Let us talk when you have time."]
        desk.one(party, subject, words, headers=(("Sensitivity", sensitivity),))


def _strangers(desk: _Desk) -> None:
    for name, address, subject, wish in STRANGERS:
        values = filling(desk.rng, desk.office, None, desk.when())
        first = desk.me.name.partition(" ")[0]
        words = [
            f"Dear {first},",
            f"I found your address on your website and am interested in {wish.format_map(values)}.",
        ]
        words.append("Could you tell me who in your company can help?")
        desk.one(Party(name, address, (name, address)), subject, words, is_read=desk.rng.random() < 0.6)


def _foreign(desk: _Desk) -> None:
    for tongue, subject, paragraphs in FOREIGN:
        contact, party = desk.someone(_TONGUE_DOMAINS[tongue])
        values = filling(desk.rng, desk.office, contact, desk.when())
        words = [text.format_map(values) for text in paragraphs]
        desk.one(party, subject.format_map(values), words, rtl=tongue in RTL_TONGUES)


def _crowds(desk: _Desk) -> None:
    chosen = desk.rng.sample(desk.office.contacts, 60)
    several = [desk.office.party(contact) for contact in chosen[:4]]
    words = ["Dear all,", "please find the agenda for the user group below. Comments until Friday."]
    desk.one(several[0], "User group: agenda", words, to=(desk.me, several[1]), cc=tuple(several[2:]))
    unknown = [Party(f"Guest {number}", f"guest{number}@usergroup.example") for number in range(8)]
    crowd = [desk.office.party(contact) for contact in chosen[4:45]]
    parties = {person.address: person for person in (*crowd, *unknown)}
    people = tuple(parties.values())[:48]
    desk.one(several[1], "User group: everybody's addresses", words, to=(desk.me, *people[:20]), cc=people[20:])


def case_reference(org_id: str, case_id: str) -> str:
    """The reference that Salesforce puts into case mail: both ids without the zeros in their middle."""

    def short(identifier: str) -> str:
        return identifier[:5] + identifier[5:15].lstrip("0")

    return f"ref:_{short(org_id)}._{short(case_id)}:ref"


def _case_references(desk: _Desk) -> None:
    for place, case in enumerate(desk.rng.sample(desk.office.cases, 3)):
        contact = next((c for c in desk.office.contacts if c["Id"] == case["ContactId"]), None)
        if contact is None:
            continue
        party = desk.office.party(contact)
        if place < 2:
            words = ["Is there any news about this?", "Our plant manager asks every day."]
            desk.one(party, f"Re: Case {case['CaseNumber']}: {case['Subject']}", words)
            continue
        reference = case_reference(desk.office.company.salesforce_org_id, case["Id"])
        words = ["The new part works, thank you. You may close it.", f"> Your case has been updated. {reference}"]
        desk.one(party, f"Re: {case['Subject']}", words)


def _strange_senders(desk: _Desk) -> None:
    contact, party = desk.someone()
    tool = Party("Order desk", "no-reply@ordertool.example")
    reply_to = (
        ("Reply-To", f"{contact['FirstName']} <{party.address}>")
        if party.name.isascii()
        else ("Reply-To", party.address),
    )
    words = [f"{contact['Name']} has sent you a message through the order tool:", "Please call me about position 3."]
    desk.one(tool, "New message about your quote", words, headers=reply_to)
    local, _, domain = desk.office.contact("dana@northwind.example")["Email"].partition("@")
    plus = Party("Dana Ruiz", f"{local}+invoices@{domain}", ("Dana Ruiz", "Northwind Ltd"))
    desk.one(plus, "Invoices from now on to this address", ["Please use this address for invoices."])
    _, baker = desk.someone("@gmail.com")
    desk.one(baker, "Oven thermometer", ["The thermometer of oven two shows nonsense again. Can you come by?"])
    desk.one(Party("J. Marsh", "jmarsh.marine@gmail.com"), "Second-hand gauges", ["Do you buy used gauges?"])
    shared = desk.office.contact("purchasing@ashdowncivil.example")
    desk.one(
        replace(desk.office.party(shared), name="Ashdown Purchasing"),
        "Framework order",
        ["Two more sites join the order."],
    )
    _, subdomain = desk.someone("@eu.vantor.example")
    desk.one(subdomain, "Calibration in Rotterdam", ["The slot in week twelve is good for us."])
    _, other = desk.someone()
    desk.one(
        other,
        "Sent by my assistant",
        ["Please see below."],
        headers=(("Sender", f"assistant@{other.address.partition('@')[2]}"),),
    )
    lead = desk.rng.choice(desk.office.leads)
    desk.one(desk.office.party(lead), f"Demonstration at {lead['Company']}", ["When could you show us the loggers?"])


def _strange_files(desk: _Desk) -> None:
    _, party = desk.someone()
    drawing = Attached("Drawing 12.pdf", "application/pdf", content.pdf("Drawing 12", ["Hall 2"]), inline=True)
    desk.one(party, "Drawing in the mail", ["The drawing is below."], files=(logo(desk.rng, "logo.odd"), drawing))
    desk.one(party, "Photographs of the line", ["Three of them are in the cloud."], links=("Line photographs.zip",))
    desk.one(party, "Drawings for all halls", ["The whole set, sorry for the size."], big=content.big_pdf())
    _, other = desk.someone()
    inner = replace(desk.one(party, "Measured values", ["As agreed."]), folder="inbox")
    desk.one(other, "Fwd: Measured values", ["See the attached message."], enclosed=inner)
    program = Attached("invoice.pdf.exe", "application/octet-stream", b"MZ\x90\x00\x03" + b"\x00" * 400)
    empty = Attached("readme.txt", "text/plain", b"")
    desk.one(Party("Accounts", "accounts@paynow.example"), "Overdue", ["Open the invoice."], files=(program, empty))
    disguised = Attached("Photo.jpg", "image/jpeg", b"MZ\x90\x00\x03" + b"\x00" * 300)
    names = Attached("Prüfbericht – Halle 2 (ü).pdf", "application/pdf", content.pdf("Report", ["Hall 2"]))
    desk.one(other, "Report and photograph", ["Both attached."], files=(disguised, names))
    tnef = Attached("winmail.dat", "application/ms-tnef", b"\x78\x9f\x3e\x22" + bytes(range(200)))
    desk.one(party, "From the old mail program", ["I hope you can open it."], files=(tnef,), html=None)
    csv = Attached(
        "values.csv", "text/csv", content.csv([("t", "bar"), *((str(n), f"{n * 0.13:.2f}") for n in range(90))])
    )
    desk.one(other, "Values of last night", ["The dip at four is the pump."], files=(csv,), flagged=True)
    desk.one(other, "Marked for later", ["No hurry."], categories=("Customers",))


def _damaged(desk: _Desk) -> None:
    _, party = desk.someone()
    makers: tuple[Callable[[Office, str, Party, Party, datetime], None], ...] = (without_message_id, signed, encrypted)
    for make in makers:
        make(desk.office, desk.address, desk.me, party, desk.when())


def _unsent_and_unwanted(desk: _Desk) -> None:
    for place in range(6):
        contact, party = desk.someone()
        values = filling(desk.rng, desk.office, contact, desk.when())
        words = [f"Hi {contact['FirstName']},", f"about {values['opp']}: "]
        desk.one(
            desk.me, f"Draft: {values['opp']}" if place else "", words, to=(party,) if place else (), folder="drafts"
        )
    _, party = desk.someone()
    hidden = (desk.office.party(desk.office.contact("oliver.hartnell@northwind.example")),)
    desk.one(desk.me, "Price list", ["Attached is nothing yet."], to=(party,), bcc=hidden, folder="sentitems")
    for place in range(10):
        contact, party = desk.someone()
        values = filling(desk.rng, desk.office, contact, desk.when())
        desk.one(party, f"Old: {values['opp']}", ["This is settled, see my other message."], folder="deleteditems")
        spam = Party("Prize Office", f"win{place}@luckydraw.example")
        desk.one(
            spam,
            f"You have won £{values['qty']}0,000",
            ["Send us your bank details."],
            folder="junkemail",
            is_read=False,
        )
    _, customer = desk.someone()
    desk.one(customer, "Your offer is in my spam folder", ["Did you get this?"], folder="junkemail")
