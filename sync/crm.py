"""What the product knows of Salesforce records, in Salesforce's own words. Plain data that JSON can carry.

Every record was read as one Salesforce user, and holds only what that user may see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sync.errors import ProviderError


class ObjectName(StrEnum):
    ACCOUNT = "Account"
    CONTACT = "Contact"
    LEAD = "Lead"
    OPPORTUNITY = "Opportunity"
    CASE = "Case"


#: A field's value as Salesforce's JSON has it: days and moments are texts in ISO 8601.
Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A further field that was asked for, by its API name. Empty ones are left out."""

    name: str
    value: Value


Values = tuple[FieldValue, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A Contact, or a Lead that is not converted. `emails` are all its addresses, lower-case, main one first.

    `became_from` is the Lead's id when the contact was found through a converted lead.
    """

    id: str
    object_name: ObjectName
    name: str
    emails: tuple[str, ...] = ()
    title: str = ""
    phone: str = ""
    mobile: str = ""
    company: str = ""  # a lead's Company
    status: str = ""  # a lead's Status
    account_id: str = ""
    owner_id: str = ""
    is_person_account: bool = False
    became_from: str = ""
    last_activity: date | None = None
    values: Values = ()


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    name: str
    type: str = ""
    industry: str = ""
    country: str = ""
    website: str = ""
    phone: str = ""
    owner_id: str = ""
    values: Values = ()


@dataclass(frozen=True, slots=True)
class Opportunity:
    """`contact_ids` are the contacts with a role in it, as far as asked for; `amount` in `currency` (may be empty)."""

    id: str
    name: str
    account_id: str = ""
    stage: str = ""
    amount: float | None = None
    currency: str = ""
    close_date: date | None = None
    is_closed: bool = False
    is_won: bool = False
    owner_id: str = ""
    contact_ids: tuple[str, ...] = ()
    values: Values = ()


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    number: str  # with its leading zeros
    subject: str = ""
    status: str = ""
    priority: str = ""
    is_closed: bool = False
    created_at: datetime | None = None
    account_id: str = ""
    contact_id: str = ""
    owner_id: str = ""
    values: Values = ()


@dataclass(frozen=True, slots=True)
class CustomRecord:
    """A record of an object of the org's own that points at an account or a contact. `object_label` is in the plural,
    in the user's Salesforce language.
    """

    id: str
    object_name: str
    object_label: str
    name: str
    account_id: str = ""
    contact_id: str = ""
    owner_id: str = ""
    values: Values = ()


@dataclass(frozen=True, slots=True)
class RelatedRecord:
    """A record that a filed email stands on."""

    id: str
    object_name: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class FiledRelation:
    """A record that is related to a filed email: `kind` is its RelationType, such as FromAddress."""

    record_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class FiledEmail:
    """An EmailMessage (or email Task) that Salesforce already holds for the open email.

    `relations` say in which roles people are related to an EmailMessage: what is missing can be added.
    """

    id: str
    message_identifier: str
    related: tuple[RelatedRecord, ...] = ()
    people_ids: tuple[str, ...] = ()
    relations: tuple[FiledRelation, ...] = ()


@dataclass(frozen=True, slots=True)
class CrmContext:
    """All that one composite call says of the people of an email.

    `accounts` hold those of matched people; `suggested_accounts` those that only a domain points at.
    `failed` names the parts (`people`, `leads`, `email`, `accounts`, `suggestions`) that Salesforce did not answer.
    """

    people: tuple[Person, ...] = ()
    accounts: tuple[Account, ...] = ()
    opportunities: tuple[Opportunity, ...] = ()
    cases: tuple[Case, ...] = ()
    custom: tuple[CustomRecord, ...] = ()
    suggested_accounts: tuple[Account, ...] = ()
    filed: FiledEmail | None = None
    failed: tuple[str, ...] = ()
    read_at: datetime | None = None


#: Where a record keeps the fields that are always read, by API name.
_KEPT: Mapping[str, str] = {
    "Name": "name",
    "Title": "title",
    "Phone": "phone",
    "MobilePhone": "mobile",
    "Company": "company",
    "Status": "status",
    "LastActivityDate": "last_activity",
    "Type": "type",
    "Industry": "industry",
    "BillingCountry": "country",
    "Website": "website",
    "StageName": "stage",
    "Amount": "amount",
    "CloseDate": "close_date",
    "CaseNumber": "number",
    "Subject": "subject",
    "Priority": "priority",
    "CreatedDate": "created_at",
    "IsClosed": "is_closed",
    "IsWon": "is_won",
}


def field_value(record: Person | Account | Opportunity | Case | CustomRecord, name: str) -> Value | None:
    """What a record says in a field, by its API name; None where it says nothing, or the field was not read."""
    for known in record.values:
        if known.name == name:
            return known.value
    if name == "Email" and isinstance(record, Person):
        return record.emails[0] if record.emails else None
    found = getattr(record, _KEPT.get(name, ""), None)
    if found is None or found == "":
        return None
    return found.isoformat() if isinstance(found, date | datetime) else found


@dataclass(frozen=True, slots=True)
class PersonRelation:
    """One participant of a filed email: `role` is From, To, Cc or Bcc; `record_id` is empty for unknown people."""

    role: str
    address: str
    name: str = ""
    record_id: str = ""
    object_name: str = ""


@dataclass(frozen=True, slots=True)
class EmailFiling:
    """What is written for one email.

    `business_records` come with the most specific one first:
    it is `RelatedToId` (or `ParentId` for a case); each further one gets a completed email Task.
    """

    message_identifier: str
    thread_identifier: str
    subject: str
    sent_at: datetime
    incoming: bool
    people: tuple[PersonRelation, ...]
    business_records: tuple[RelatedRecord, ...] = ()
    html: str = ""
    text: str = ""
    headers: str = ""


@dataclass(frozen=True, slots=True)
class FiledRecords:
    """Ids that a filing made (or found): the EmailMessage (or main Task) first, then the further Tasks.

    `dropped` says in words what this Salesforce user may not relate; it names no record. With `children_error` the
    email stands, and something beside it is missing: that step can be repeated.
    """

    email_id: str
    object_name: str = "EmailMessage"
    task_ids: tuple[str, ...] = field(default=())
    found: bool = False
    dropped: tuple[str, ...] = ()
    children_error: ProviderError | None = None
