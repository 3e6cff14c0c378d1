"""What a card, a row and a group of the pane show. Plain data; `grouping` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of a person: `kind` names the field for the template, `href` is a mailto: or tel: address or empty.

    A field that is a day has no text. `label` is what a field without a kind of its own is called.
    """

    kind: str
    text: str
    href: str = ""
    day: date | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of several people in Salesforce with the same address; `owner` is the name of whose record it is."""

    id: str
    name: str
    title: str
    company: str
    owner: str
    kind: str
    url: str
    chosen: bool
    last_activity: date | None


@dataclass(frozen=True, slots=True)
class PersonCard:
    """`kind` is contact, lead or person-account. `note` is "", lead-beside-contact, was-lead or without-tag.

    Title and company are two of the fields that always show; `facts` are the others of them.
    """

    id: str
    kind: str
    name: str
    address: str
    role: str
    url: str
    ticked: bool
    title: str
    company: str
    facts: tuple[Fact, ...]
    more: tuple[Fact, ...]
    note: str
    alternatives: tuple[Alternative, ...]
    object_name: str = "Contact"
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountRow:
    id: str
    name: str
    url: str
    ticked: bool
    type: str
    country: str
    facts: tuple[Fact, ...] = ()
    more: tuple[Fact, ...] = ()
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpportunityRow:
    """`outcome` is "", won or lost; `amount` is in `currency`, which may be unknown ("")."""

    id: str
    name: str
    url: str
    ticked: bool
    stage: str
    amount: float | None
    currency: str
    close_date: date | None
    outcome: str
    facts: tuple[Fact, ...] = ()
    more: tuple[Fact, ...] = ()
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseRow:
    id: str
    number: str
    subject: str
    url: str
    ticked: bool
    status: str
    created_at: datetime | None
    is_closed: bool
    facts: tuple[Fact, ...] = ()
    more: tuple[Fact, ...] = ()
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomRow:
    id: str
    name: str
    url: str
    ticked: bool
    facts: tuple[Fact, ...] = ()
    more: tuple[Fact, ...] = ()
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordList(Generic[RowT]):
    """`folded` are shown once the list is opened."""

    shown: tuple[RowT, ...] = ()
    folded: tuple[RowT, ...] = ()

    def __len__(self) -> int:
        return len(self.shown) + len(self.folded)


@dataclass(frozen=True, slots=True)
class CustomSection:
    """The records of an object of the org's own; `title` is what Salesforce calls them."""

    name: str
    title: str
    rows: RecordList[CustomRow]


@dataclass(frozen=True, slots=True)
class Group:
    """One account with its people, opportunities, cases and records of the org's own objects, or people without an
    account.
    """

    account: AccountRow | None
    people: tuple[PersonCard, ...]
    opportunities: RecordList[OpportunityRow]
    cases: RecordList[CaseRow]
    sections: tuple[str, ...] = ("People", "Account", "Opportunity", "Case")
    custom: tuple[CustomSection, ...] = ()

    @property
    def has_records(self) -> bool:
        return bool(self.account or len(self.opportunities) or len(self.cases) or self.custom)
