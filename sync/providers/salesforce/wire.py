"""Salesforce's records as they come over the wire, and what becomes of them in the product's own words.

Fields that the user may not read are missing or null; both read as empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar, cast

from django.utils.translation import gettext_noop
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sync import errors
from sync.crm import (
    Account,
    Case,
    CustomRecord,
    FieldValue,
    FiledEmail,
    FiledRelation,
    ObjectName,
    Opportunity,
    Person,
    RelatedRecord,
    Value,
    Values,
)

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
Flag = Annotated[bool, BeforeValidator(bool)]
R = TypeVar("R", bound=BaseModel)
#: Further fields by object: each with the path under which the query asked for its text, such as Owner.Name.
Further = Mapping[str, Sequence[tuple[str, str]]]
NONE_FURTHER: Further = {}


class Rows(BaseModel, Generic[R]):
    """A page of records: the answer of a query, or the children within a record."""

    total: int = Field(0, alias="totalSize")
    done: bool = True
    records: list[R] = Field(default_factory=list)


class Record(BaseModel):
    model_config = ConfigDict(extra="allow", populate_by_name=True, coerce_numbers_to_str=True)

    def values(self, fields: Sequence[tuple[str, str]]) -> Values:
        """What the record says in these further fields, the empty ones left out."""
        found = ((name, self._at(path.split("."))) for name, path in fields)
        return tuple(FieldValue(name, value) for name, value in found if value is not None)

    def children(self, relationship: str) -> Sequence[ChildRecord]:
        """What a sub-query brought along that relationship."""
        page = self._raw(relationship)
        return read(ChildRecord, page.get("records")) if isinstance(page, dict) else ()

    def _at(self, path: Sequence[str]) -> Value | None:
        value: object = self._raw(path[0])
        for name in path[1:]:
            value = value._raw(name) if isinstance(value, Record) else _within(value, name)
        if isinstance(value, date | datetime):
            return value.isoformat()
        return value if isinstance(value, str | int | float) and value != "" else None

    def _raw(self, name: str) -> object:
        """What came under an API name: as a field of the model, or beside them."""
        for known, about in type(self).model_fields.items():
            if about.alias == name:
                return getattr(self, known)
        return (self.model_extra or {}).get(name)


def _within(value: object, name: str) -> object:
    return cast("dict[str, object]", value).get(name) if isinstance(value, dict) else None


class AddressRecord(Record):
    """A contact of whom only the main address and the account were asked for."""

    email: Text = Field("", alias="Email")
    account_id: Text = Field("", alias="AccountId")


class AccountRecord(Record):
    id: Text = Field("", alias="Id")
    name: Text = Field("", alias="Name")
    type: Text = Field("", alias="Type")
    industry: Text = Field("", alias="Industry")
    country: Text = Field("", alias="BillingCountry")
    website: Text = Field("", alias="Website")
    phone: Text = Field("", alias="Phone")
    owner_id: Text = Field("", alias="OwnerId")
    contacts: Rows[AddressRecord] | None = Field(None, alias="Contacts")
    opportunities: Rows[OpportunityRecord] | None = Field(None, alias="Opportunities")
    cases: Rows[CaseRecord] | None = Field(None, alias="Cases")

    def account(self, account_id: str = "", further: Further = NONE_FURTHER) -> Account:
        return Account(
            id=self.id or account_id,
            name=self.name,
            type=self.type,
            industry=self.industry,
            country=self.country,
            website=self.website,
            phone=self.phone,
            owner_id=self.owner_id,
            values=self.values(further.get("Account", ())),
        )


class OpportunityRecord(Record):
    id: Text = Field("", alias="Id")
    name: Text = Field("", alias="Name")
    account_id: Text = Field("", alias="AccountId")
    stage: Text = Field("", alias="StageName")
    amount: float | None = Field(None, alias="Amount")
    currency: Text = Field("", alias="CurrencyIsoCode")
    close_date: date | None = Field(None, alias="CloseDate")
    is_closed: Flag = Field(False, alias="IsClosed")
    is_won: Flag = Field(False, alias="IsWon")
    owner_id: Text = Field("", alias="OwnerId")

    def opportunity(self, further: Further = NONE_FURTHER) -> Opportunity:
        return Opportunity(
            id=self.id,
            name=self.name,
            account_id=self.account_id,
            stage=self.stage,
            amount=self.amount,
            currency=self.currency,
            close_date=self.close_date,
            is_closed=self.is_closed,
            is_won=self.is_won,
            owner_id=self.owner_id,
            values=self.values(further.get("Opportunity", ())),
        )


class CaseRecord(Record):
    id: Text = Field("", alias="Id")
    number: Text = Field("", alias="CaseNumber")
    subject: Text = Field("", alias="Subject")
    status: Text = Field("", alias="Status")
    priority: Text = Field("", alias="Priority")
    is_closed: Flag = Field(False, alias="IsClosed")
    created_at: datetime | None = Field(None, alias="CreatedDate")
    account_id: Text = Field("", alias="AccountId")
    contact_id: Text = Field("", alias="ContactId")
    owner_id: Text = Field("", alias="OwnerId")

    def case(self, further: Further = NONE_FURTHER) -> Case:
        return Case(
            id=self.id,
            number=self.number,
            subject=self.subject,
            status=self.status,
            priority=self.priority,
            is_closed=self.is_closed,
            created_at=self.created_at,
            account_id=self.account_id,
            contact_id=self.contact_id,
            owner_id=self.owner_id,
            values=self.values(further.get("Case", ())),
        )


class ChildRecord(Record):
    """A record of an object of the org's own."""

    id: str = Field(alias="Id")
    name: Text = Field("", alias="Name")
    owner_id: Text = Field("", alias="OwnerId")

    def custom(self, object_name: str, label: str, fields: Sequence[tuple[str, str]]) -> CustomRecord:
        return CustomRecord(
            id=self.id,
            object_name=object_name,
            object_label=label,
            name=self.name,
            owner_id=self.owner_id,
            values=self.values(fields),
        )


class RoleRecord(Record):
    opportunity_id: Text = Field("", alias="OpportunityId")
    opportunity: OpportunityRecord | None = Field(None, alias="Opportunity")


class ContactRecord(Record):
    id: Text = Field("", alias="Id")
    name: Text = Field("", alias="Name")
    email: Text = Field("", alias="Email")
    title: Text = Field("", alias="Title")
    phone: Text = Field("", alias="Phone")
    mobile: Text = Field("", alias="MobilePhone")
    account_id: Text = Field("", alias="AccountId")
    owner_id: Text = Field("", alias="OwnerId")
    last_activity: date | None = Field(None, alias="LastActivityDate")
    is_person_account: Flag = Field(False, alias="IsPersonAccount")
    account: AccountRecord | None = Field(None, alias="Account")
    roles: Rows[RoleRecord] | None = Field(None, alias="OpportunityContactRoles")

    def person(
        self,
        *,
        email_fields: Sequence[str] = (),
        became_from: str = "",
        contact_id: str = "",
        further: Further = NONE_FURTHER,
    ) -> Person:
        others = [(self.model_extra or {}).get(name) for name in email_fields]
        emails = dict.fromkeys(value.strip().lower() for value in (self.email, *others) if isinstance(value, str))
        return Person(
            id=self.id or contact_id,
            object_name=ObjectName.CONTACT,
            name=self.name,
            emails=tuple(email for email in emails if email),
            title=self.title,
            phone=self.phone,
            mobile=self.mobile,
            account_id=self.account_id,
            owner_id=self.owner_id,
            is_person_account=self.is_person_account,
            became_from=became_from,
            last_activity=self.last_activity,
            values=self.values(further.get("Contact", ())),
        )


class LeadRecord(Record):
    id: Text = Field("", alias="Id")
    name: Text = Field("", alias="Name")
    email: Text = Field("", alias="Email")
    title: Text = Field("", alias="Title")
    phone: Text = Field("", alias="Phone")
    mobile: Text = Field("", alias="MobilePhone")
    company: Text = Field("", alias="Company")
    status: Text = Field("", alias="Status")
    owner_id: Text = Field("", alias="OwnerId")
    last_activity: date | None = Field(None, alias="LastActivityDate")
    is_converted: Flag = Field(False, alias="IsConverted")
    contact_id: Text = Field("", alias="ConvertedContactId")
    contact: ContactRecord | None = Field(None, alias="ConvertedContact")

    def person(self, *, further: Further = NONE_FURTHER) -> Person:
        return Person(
            id=self.id,
            object_name=ObjectName.LEAD,
            name=self.name,
            emails=(self.email.strip().lower(),) if self.email else (),
            title=self.title,
            phone=self.phone,
            mobile=self.mobile,
            company=self.company,
            status=self.status,
            owner_id=self.owner_id,
            last_activity=self.last_activity,
            values=self.values(further.get("Lead", ())),
        )


class NameRecord(Record):
    """The record behind a relationship: what a name can be read of."""

    name: Text = Field("", alias="Name")
    type: Text = Field("", alias="Type")
    number: Text = Field("", alias="CaseNumber")
    subject: Text = Field("", alias="Subject")


NAMELESS = NameRecord.model_validate({})


class RelationRecord(Record):
    relation_id: Text = Field("", alias="RelationId")
    kind: Text = Field("", alias="RelationType")


class EmailRecord(Record):
    id: str = Field(alias="Id")
    identifier: Text = Field("", alias="MessageIdentifier")
    related_id: Text = Field("", alias="RelatedToId")
    related: NameRecord | None = Field(None, alias="RelatedTo")
    case_id: Text = Field("", alias="ParentId")
    case: NameRecord | None = Field(None, alias="Parent")
    relations: Rows[RelationRecord] | None = Field(None, alias="EmailMessageRelations")

    def filed(self) -> FiledEmail:
        related: dict[str, RelatedRecord] = {}
        if self.case_id:
            case = self.case or NAMELESS
            related[self.case_id] = RelatedRecord(self.case_id, "Case", case.number or case.subject)
        if self.related_id and self.related_id not in related:
            name = self.related or NAMELESS
            related[self.related_id] = RelatedRecord(self.related_id, name.type, name.name)
        relations = [FiledRelation(row.relation_id, row.kind) for row in rows(self.relations) if row.relation_id]
        return FiledEmail(
            id=self.id,
            message_identifier=self.identifier,
            related=tuple(related.values()),
            people_ids=tuple(dict.fromkeys(relation.record_id for relation in relations)),
            relations=tuple(relations),
        )


class TaskRecord(Record):
    id: str = Field(alias="Id")
    identity: Text = Field("", alias="CallObject")
    who_id: Text = Field("", alias="WhoId")
    what_id: Text = Field("", alias="WhatId")
    what: NameRecord | None = Field(None, alias="What")

    def filed(self) -> FiledEmail:
        related = (RelatedRecord(self.what_id, self.what.type, self.what.name),) if self.what_id and self.what else ()
        return FiledEmail(self.id, self.identity, related, (self.who_id,) if self.who_id else ())


class FileRecord(BaseModel):
    checksum: Text = Field("", alias="Checksum")
    path: Text = Field("", alias="PathOnClient")


class DocumentRecord(BaseModel):
    latest: FileRecord | None = Field(None, alias="LatestPublishedVersion")


class FileLinkRecord(BaseModel):
    document_id: str = Field(alias="ContentDocumentId")
    document: DocumentRecord | None = Field(None, alias="ContentDocument")


for _model in (AccountRecord, ContactRecord, LeadRecord):
    _model.model_rebuild()


def rows(page: Rows[R] | None) -> list[R]:
    return page.records if page else []


def read(model: type[R], records: object) -> list[R]:
    """The records of an answer as `model`; `Unavailable` where they have another form."""
    try:
        return [model.model_validate(record) for record in cast("list[Any]", records)]
    except (ValidationError, TypeError):
        raise errors.Unavailable(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE") from None
