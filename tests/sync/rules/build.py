"""Short ways to say who writes to whom and what Salesforce holds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sync.crm import Account, Case, CrmContext, ObjectName, Opportunity, Person
from sync.mail import Address, Message, MessageHint
from sync.rules.participants import Participant, Party, Standing, participants
from sync.rules.people import Matches, match_people

PARTY = Party(
    internal_domains=frozenset({"larkfield.example"}),
    internal_addresses=frozenset({"mia.keller@larkfield.example", "mia@keller-family.example"}),
    own_addresses=frozenset({"mia.keller@larkfield.example", "mia@keller-family.example"}),
)
USER = "005000000000001AAA"
OTHER_USER = "005000000000002AAA"
SENT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def address(text: str) -> Address:
    return Address(text)


def message(from_: str | None = "ann@customer.example", **values: Any) -> Message:
    """A message to Mia; `to`, `cc`, `bcc`, `reply_to` are plain addresses."""
    values.setdefault("to", ("mia.keller@larkfield.example",))
    for role in ("to", "cc", "bcc", "reply_to"):
        if role in values:
            values[role] = tuple(map(address, values[role]))
    if "sender" in values:
        values["sender"] = address(values["sender"])
    values.setdefault("provider_id", "one")
    values.setdefault("internet_message_id", "<one@customer.example>")
    values.setdefault("subject", "Our visit")
    values.setdefault("sent_at", SENT)
    values.setdefault("received_at", SENT)
    return Message(from_=address(from_) if from_ else None, **values)


def hint(from_: str = "ann@customer.example", **values: Any) -> MessageHint:
    values.setdefault("to", (address("mia.keller@larkfield.example"),))
    return MessageHint(item_key="one", from_=address(from_), **values)


def outside(*addresses: str, role: str = "To", standing: Standing = Standing.EXTERNAL) -> tuple[Participant, ...]:
    return tuple(Participant(one, "", role, standing) for one in addresses)


def contact(number: int, *emails: str, **values: Any) -> Person:
    values.setdefault("object_name", ObjectName.CONTACT)
    values.setdefault("name", f"Contact {number}")
    return Person(id=f"003{number:012}AAA", emails=emails, **values)


def lead(number: int, *emails: str, **values: Any) -> Person:
    return Person(id=f"00Q{number:012}AAA", object_name=ObjectName.LEAD, name=f"Lead {number}", emails=emails, **values)


def account(number: int) -> Account:
    return Account(id=f"001{number:012}AAA", name=f"Account {number}")


def opportunity(number: int, **values: Any) -> Opportunity:
    return Opportunity(id=f"006{number:012}AAA", name=f"Opportunity {number}", **values)


def case(number: int, **values: Any) -> Case:
    values.setdefault("id", f"500{number:012}AAA")
    return Case(number=f"{number:08}", **values)


def matched(crm: CrmContext, *addresses: str) -> Matches:
    return match_people(outside(*addresses), crm, salesforce_user_id=USER)


def matches_of(mail: Message, crm: CrmContext, party: Party = PARTY) -> Matches:
    return match_people(participants(mail, party), crm, salesforce_user_id=USER)


def day(number: int) -> date:
    return date(2026, 11, number)
