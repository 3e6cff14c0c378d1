"""Very many small messages for one mailbox, each no more than a few numbers until somebody reads it.

    number ─► thread of one to three, its person and its time ─► headers, text and HTML when asked

The same company, user, seed and salt give the same messages, whichever suite the mailbox belongs to.
"""

from __future__ import annotations

import base64
import hashlib
import html
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, formataddr

from sandbox.seed.company import Company, CompanyUser
from sandbox.seed.message import Party
from sandbox.seed.texts import DETAILS, PRODUCTS, TOPICS

_BODY = 1_900  # characters of text
_EVERY = 5  # of messages with attachments
_SITES = ("Hull", "Swansea", "Derby", "Leith", "Cork", "Bremen", "Ghent", "Turku")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_GIVEN = ("Rowan", "Edda", "Milo", "Tamsin", "Casimir", "Ilse", "Bram", "Odile", "Fergus", "Petra", "Aldo", "Wren")
_FAMILY = ("Hale", "Thrush", "Kestrel", "Marlowe", "Ashdene", "Quist", "Verney", "Lomax", "Tarrant", "Brandt")
_FIRMS = ("harbour", "granite", "willow", "copper", "meridian", "thistle", "lantern", "cinder")
_TRADES = ("metrics", "foundry", "freight", "optics", "textiles", "pumps", "paper", "signals")
_SENTENCES = tuple(text for topic in TOPICS for turn in topic.turns for text in turn) + tuple(DETAILS)
_COMMON = {
    "first": "all",
    "account": "the customer",
    "opp": "the new line",
    "product": "flow meters",
    "qty": "24",
    "more": "48",
    "weeks": "5",
    "amount": "£4,875",
    "site": "Hull",
    "po": "PO-40417",
    "invoice": "LI-2617-204",
    "serial": "418207",
    "day": "Thursday",
    "case_subject": "Display stays dark",
    "case_lower": "display stays dark",
}


def _paragraph(place: int) -> str:
    return " ".join(_SENTENCES[(place + step * 31) % len(_SENTENCES)] for step in range(3)).format_map(_COMMON)


# Most of a body is put together from these, as text and as HTML, so that reading a page costs little.
_PARAGRAPHS = tuple((text, html.escape(text)) for text in (_paragraph(place) for place in range(len(_SENTENCES))))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all messages of one filling share."""

    key: str
    me: Party
    matching: tuple[Party, ...]
    others: tuple[Party, ...]
    count: int
    days: float
    now: datetime
    attachments: bool


@dataclass(frozen=True, slots=True)
class BulkMail:
    """Message `number`; its thread began with message `first`. `person` counts in the matching or in the others."""

    plan: _Plan
    number: int
    first: int
    person: int
    is_matching: bool

    @property
    def received(self) -> datetime:
        plan = self.plan
        back = timedelta(days=plan.days) * ((plan.count - 1 - self.number) / plan.count)
        return (plan.now - back).replace(microsecond=0)

    @property
    def sent(self) -> datetime:
        return self.received - timedelta(seconds=3)

    @property
    def is_mine(self) -> bool:
        """Every second message of a thread is the answer of the mailbox's owner."""
        return (self.number - self.first) % 2 == 1

    @property
    def folder(self) -> str:
        """`inbox` or `sentitems`."""
        return "sentitems" if self.is_mine else "inbox"

    @property
    def other(self) -> Party:
        return (self.plan.matching if self.is_matching else self.plan.others)[self.person]

    @property
    def sender(self) -> Party:
        return self.plan.me if self.is_mine else self.other

    @property
    def recipient(self) -> Party:
        return self.other if self.is_mine else self.plan.me

    @property
    def message_id(self) -> str:
        return self._message_id(self.number)

    @property
    def references(self) -> tuple[str, ...]:
        return tuple(self._message_id(number) for number in range(self.first, self.number))

    @property
    def has_file(self) -> bool:
        return self.plan.attachments and self.number % _EVERY == 0

    @property
    def subject(self) -> str:
        values = self._values()
        prefix = "Re: " if self.number > self.first else ""
        return f"{prefix}{values['product']} for {values['site']}, {values['po']}"

    def headers(self) -> list[tuple[str, str]]:
        """Name and value of each header, in their order, none of them folded."""
        found: list[tuple[str, str]] = []
        if not self.is_mine:
            host = self.sender.address.rpartition("@")[2]
            stamp = format_datetime(self.received)
            found.append(("Received", f"from mx.{host} (192.0.2.7) by mail.larkfield.example; {stamp}"))
            found.append(("Return-Path", f"<{self.sender.address}>"))
        found += [
            ("From", formataddr((self.sender.name, self.sender.address))),
            ("To", formataddr((self.recipient.name, self.recipient.address))),
            ("Subject", self.subject),
            ("Date", format_datetime(self.sent)),
            ("Message-ID", self.message_id),
        ]
        if self.references:
            found += [("In-Reply-To", self.references[-1]), ("References", " ".join(self.references))]
        kind = "mixed" if self.has_file else "alternative"
        return [*found, ("MIME-Version", "1.0"), ("Content-Type", f'multipart/{kind}; boundary="{self._mark(kind)}"')]

    def text(self) -> str:
        lines = [*self._own(), *(text for text, _ in self._common()), "Kind regards"]
        return "\r\n\r\n".join([*lines, "\r\n".join(self.sender.signature or (self.sender.name,))]) + "\r\n"

    def html(self) -> str:
        lines = [*map(html.escape, self._own()), *(markup for _, markup in self._common()), "Kind regards"]
        words = "</p>\r\n<p>".join(lines)
        signed = "<br>\r\n".join(html.escape(line) for line in self.sender.signature or (self.sender.name,))
        return f"<html><head></head>\r\n<body>\r\n<p>{words}</p>\r\n<p>{signed}</p>\r\n</body></html>\r\n"

    def file(self) -> tuple[str, str, bytes]:
        """Name, content type and content of the file that goes with it."""
        values = self._values()
        rows = [f"{line},{values['product']},{values['qty']},{self.number}" for line in range(1, 41)]
        content = "Line,Item,Pieces,Number\r\n" + "\r\n".join(rows) + "\r\n"
        return f"Items {values['po']}-{self.number}.csv", "text/csv", content.encode()

    def render(self) -> bytes:
        """The message as it travelled."""
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers())
        body = self._alternative()
        if self.has_file:
            name, kind, content = self.file()
            mixed, inner = self._mark("mixed"), self._mark("alternative")
            body = (
                f'--{mixed}\r\nContent-Type: multipart/alternative; boundary="{inner}"\r\n\r\n{body}\r\n--{mixed}\r\n'
                f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
                f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
                f"{base64.encodebytes(content).decode().replace(chr(10), chr(13) + chr(10))}--{mixed}--\r\n"
            )
        return f"{head}\r\n{body}".encode()

    def _alternative(self) -> str:
        mark = self._mark("alternative")
        pieces = (("plain", self.text()), ("html", self.html()))
        parts = (
            f"--{mark}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
            for kind, text in pieces
        )
        return f"{''.join(parts)}--{mark}--\r\n"

    def _mark(self, kind: str) -> str:
        return f"=_{self.plan.key}_{self.number}_{kind}"

    def _message_id(self, number: int) -> str:
        is_mine = (number - self.first) % 2 == 1
        domain = (self.plan.me if is_mine else self.other).address.rpartition("@")[2]
        return f"<{self.plan.key}.{number:06x}@{domain}>"

    def _values(self) -> dict[str, str]:
        """What a thread is about; it stays the same in all its messages."""
        n = self.first
        return {
            "product": PRODUCTS[n % len(PRODUCTS)],
            "site": _SITES[n // 3 % len(_SITES)],
            "po": f"PO-{10_000 + n % 89_999}",
            "qty": str(4 + n % 57),
            "day": _DAYS[n % len(_DAYS)],
        }

    def _own(self) -> list[str]:
        values = self._values()
        asked = "Message {number}: {qty} {product} for {site} by {day}, on order {po}.".format(
            number=self.number, **values
        )
        return [f"Hello {self.recipient.name.partition(' ')[0]},", f"Message {self.number}: {asked}"]

    def _common(self) -> list[tuple[str, str]]:
        found, length, place = list[tuple[str, str]](), 0, self.number * 7
        while length < _BODY:
            found.append(_PARAGRAPHS[place % len(_PARAGRAPHS)])
            length += len(found[-1][0])
            place += 11
        return found


def bulk_mail(
    company: Company,
    user: CompanyUser,
    count: int,
    *,
    matching_percent: float,
    days: float,
    seed: int,
    now: datetime,
    attachments: bool = False,
    salt: str = "",
) -> Iterator[BulkMail]:
    """`count` messages over the last `days`, oldest first; exactly that share of them with Salesforce's contacts."""
    plan = _Plan(
        key=hashlib.sha256(f"{seed}:{user.email}:{salt}:bulk".encode()).hexdigest()[:16],
        me=Party(user.name, user.email, (user.name, company.name)),
        matching=_contacts(company),
        others=_strangers(),
        count=count,
        days=days,
        now=now,
        attachments=attachments,
    )
    dice = random.Random(f"{seed}:{user.email}:bulk")
    number = matched = 0
    while number < count:
        length = min(dice.choice((1, 2, 3)), count - number)
        missing = int((number + length) * matching_percent / 100) - matched
        is_matching = missing > 0
        if is_matching:
            length = min(length, missing)
            matched += length
        person = dice.randrange(len(plan.matching if is_matching else plan.others))
        for place in range(number, number + length):
            yield BulkMail(plan, place, number, person, is_matching)
        number += length


def _contacts(company: Company) -> tuple[Party, ...]:
    firms = {record["Id"]: record["Name"] for record in company.records["Account"]}
    found = []
    for record in company.records["Contact"]:
        if record["Email"]:
            lines = (record["Name"], record["Title"], firms.get(record["AccountId"]))
            found.append(Party(record["Name"], record["Email"], tuple(line for line in lines if line)))
    return tuple(found)


def _strangers() -> tuple[Party, ...]:
    people = [(given, family) for given in _GIVEN for family in _FAMILY]
    domains = [f"{firm}{trade}.example" for firm in _FIRMS for trade in _TRADES]
    return tuple(
        Party(f"{given} {family}", f"{given}.{family}@{domains[place % len(domains)]}".lower())
        for place, (given, family) in enumerate(people * 3)
    )
