"""The people of the seed as they write mail, and the mailboxes of one suite that their mail falls into."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime
from typing import Any

from sandbox.seed import content
from sandbox.seed.company import Company, CompanyUser, Suite
from sandbox.seed.message import Attached, Party, SeedMail
from sandbox.seed.texts import PRODUCTS

Record = dict[str, Any]
PER_MAILBOX = 300


class Office:
    """Who is who. `boxes` collects the messages by the address of the mailbox, never more than `PER_MAILBOX` each."""

    def __init__(self, company: Company, seed: int, now: datetime, suite: Suite = "microsoft") -> None:
        self.company = company
        self.seed = seed
        self.now = now
        people = [user for user in company.of_suite(suite) if not user.is_extra]
        self.boxes: dict[str, list[SeedMail]] = {user.email: [] for user in people}
        records = company.records
        self.accounts = {record["Id"]: record for record in records["Account"]}
        self.contacts = [record for record in records["Contact"] if record["Email"]]
        self.opportunities = records["Opportunity"]
        self.cases = records["Case"]
        self.leads = [record for record in records["Lead"] if not record["IsConverted"]]
        self.staff = {user.email: self._staff(user) for user in people}

    def random(self, name: str) -> random.Random:
        """A generator of its own for each purpose, so that one purpose's draws do not move another's."""
        return random.Random(f"{self.seed}:mail:{name}")

    def put(self, address: str, mail: SeedMail) -> None:
        """Into the mailbox, unless it is full."""
        if len(self.boxes[address]) < PER_MAILBOX:
            self.boxes[address].append(mail)

    def is_full(self, address: str) -> bool:
        return len(self.boxes[address]) >= PER_MAILBOX

    def _staff(self, user: CompanyUser) -> Party:
        title = "Salesforce Administrator" if user.role == "administrator" else "Account Executive"
        return Party(user.name, user.email, (user.name, title, self.company.name, "+44 20 7946 0100"))

    def colleague(self, address: str) -> Party:
        """Somebody of the company, whichever suite their mail is in."""
        return next(self._staff(user) for user in self.company.users if user.email == address)

    def party(self, contact: Record) -> Party:
        """A contact or lead with the signature that its record suggests."""
        account = self.accounts.get(contact.get("AccountId") or "")
        firm = account["Name"] if account else contact.get("Company")
        lines = (contact["Name"], contact["Title"], firm, contact.get("Phone"), contact.get("MobilePhone"))
        return Party(contact["Name"], contact["Email"], tuple(line for line in lines if line))

    def contact(self, address: str) -> Record:
        return next(record for record in self.contacts if record["Email"] == address)

    def account_of(self, contact: Record) -> Record:
        return self.accounts[contact["AccountId"]]

    def colleagues(self, contact: Record) -> list[Record]:
        """Other contacts of the same account; none for a lead."""
        account = contact.get("AccountId")
        return [c for c in self.contacts if account and c["AccountId"] == account and c["Id"] != contact["Id"]]

    def message_id(self, name: str, domain: str) -> str:
        """An id as different mail programs write it; the same name gives the same one."""
        digest = hashlib.sha256(f"{self.seed}:{name}".encode()).hexdigest()
        if domain == "gmail.com":
            return f"<CA{digest[:32].upper()}+{digest[32:44]}@mail.gmail.com>"
        if int(digest[0], 16) < 6:
            return f"<{digest[:12].upper()}.{digest[12:24].upper()}@{domain}>"
        return f"<{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:28]}@{domain}>"


def filling(rng: random.Random, office: Office, contact: Record | None, when: datetime) -> dict[str, str]:
    """Values for the `{…}` places of the texts, taken from the contact's own account where there is one."""
    quantity = rng.choice((4, 6, 8, 12, 20, 24, 36, 60))
    related = [o for o in office.opportunities if contact and o["AccountId"] == contact.get("AccountId")]
    cases = [c for c in office.cases if contact and c["ContactId"] == contact["Id"]]
    account = office.accounts.get((contact or {}).get("AccountId") or "")
    case_subject = cases[0]["Subject"] if cases else rng.choice(office.cases)["Subject"]
    return {
        "first": (contact or {}).get("FirstName") or "all",
        "account": account["Name"] if account else str((contact or {}).get("Company", "the customer")),
        "opp": rng.choice(related)["Name"] if related else "the new line",
        "product": rng.choice(PRODUCTS),
        "qty": str(quantity),
        "more": str(quantity * 2),
        "weeks": str(rng.randint(2, 9)),
        "amount": f"£{rng.randint(9, 480) * 125:,}",
        "site": (account["BillingCity"] if account else None) or rng.choice(("Hull", "Swansea", "Derby")),
        "po": f"PO-{rng.randint(10_000, 99_999)}",
        "invoice": f"LI-{rng.randint(2600, 2699)}-{rng.randint(100, 999)}",
        "serial": f"{rng.randint(100_000, 999_999)}",
        "day": rng.choice(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", f"{rng.randint(2, 28)} {when:%B}")),
        "case_subject": case_subject,
        "case_lower": case_subject[0].lower() + case_subject[1:],
    }


def attachment(rng: random.Random, kind: str, values: dict[str, str]) -> Attached:
    """A small file of the kind that goes with a topic."""
    title = {
        "quote": f"Offer {values['po'][3:]}",
        "delivery": f"Delivery note {values['po']}",
        "invoice": f"Invoice {values['invoice']}",
        "note": "Service note",
        "contract": f"Agreement {values['opp']}",
        "programme": "Programme",
    }[kind]
    lines = [values["account"], f"{values['qty']} {values['product']}", f"Total {values['amount']}", values["site"]]
    rows = [
        ("Item", "Pieces", "Site"),
        (values["product"], values["qty"], values["site"]),
        ("Total", values["amount"], ""),
    ]
    choice = rng.randrange(10)
    name = title.replace("/", "-")
    if kind == "contract" or choice == 0:
        kind_of = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        return Attached(f"{name}.docx", kind_of, content.docx([title, *lines]))
    if choice == 1:
        return Attached(f"{name}.csv", "text/csv", content.csv(rows))
    if choice == 2:
        kind_of = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return Attached(f"{name}.xlsx", kind_of, content.xlsx(rows))
    return Attached(f"{name}.pdf", "application/pdf", content.pdf(title, lines, pages=rng.randint(1, 3)))


def logo(rng: random.Random, content_id: str) -> Attached:
    colour = (rng.randrange(200), rng.randrange(200), rng.randrange(200))
    return Attached("logo.png", "image/png", content.png(120, 32, colour), content_id=content_id)
