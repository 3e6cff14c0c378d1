"""The related lists of one record: one composite call with a query for each list.

Which lists a record has, its key prefix tells; what is not a list of the product's own objects has its files alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pydantic import Field
from simple_salesforce.format import format_soql

from sync import errors
from sync.crm_beside import RelatedEntry, RelatedList, RelatedLists
from sync.providers.salesforce.client import SalesforceClient, Subrequest
from sync.providers.salesforce.errors import error_for
from sync.providers.salesforce.queries import FATAL
from sync.providers.salesforce.wire import CaseRecord, ContactRecord, OpportunityRecord, Record, Text, read

MOST = 200


class _RoleRecord(Record):
    role: Text = Field("", alias="Role")
    contact_id: Text = Field("", alias="ContactId")
    contact: ContactRecord | None = Field(None, alias="Contact")
    opportunity_id: Text = Field("", alias="OpportunityId")
    opportunity: OpportunityRecord | None = Field(None, alias="Opportunity")


class _Document(Record):
    title: Text = Field("", alias="Title")
    extension: Text = Field("", alias="FileExtension")
    changed_at: datetime | None = Field(None, alias="LastModifiedDate")


class _FileRecord(Record):
    document_id: Text = Field("", alias="ContentDocumentId")
    document: _Document | None = Field(None, alias="ContentDocument")


def _contact(record: ContactRecord) -> RelatedEntry:
    return RelatedEntry(record.id, "Contact", record.name, record.title or record.email)


def _opportunity(record: OpportunityRecord, record_id: str = "") -> RelatedEntry:
    return RelatedEntry(
        record.id or record_id, "Opportunity", record.name, record.stage, record.close_date, record.is_closed
    )


def _case(record: CaseRecord) -> RelatedEntry:
    created = record.created_at.date() if record.created_at else None
    name = f"{record.number} {record.subject}".strip()
    return RelatedEntry(record.id, "Case", name, record.status, created, record.is_closed)


def _of_role(record: _RoleRecord) -> RelatedEntry:
    name = record.contact.name if record.contact else ""
    return RelatedEntry(record.contact_id, "Contact", name, record.role)


def _by_role(record: _RoleRecord) -> RelatedEntry:
    found = record.opportunity or OpportunityRecord.model_validate({})
    return _opportunity(found, record.opportunity_id)


def _file(record: _FileRecord) -> RelatedEntry:
    found = record.document or _Document.model_validate({})
    day: date | None = found.changed_at.date() if found.changed_at else None
    return RelatedEntry(record.document_id, "ContentDocument", found.title, found.extension, day)


@dataclass(frozen=True, slots=True)
class _List:
    name: str
    query: str
    model: type[Record]
    entry: Callable[[Any], RelatedEntry]


_FILES = _List(
    "files",
    "SELECT ContentDocumentId,ContentDocument.Title,ContentDocument.FileExtension,ContentDocument.LastModifiedDate"
    " FROM ContentDocumentLink WHERE LinkedEntityId = {id} LIMIT {most:literal}",
    _FileRecord,
    _file,
)
_CASES = "SELECT Id,CaseNumber,Subject,Status,IsClosed,CreatedDate FROM Case WHERE {field} = {id}"
_CASE_ORDER = " ORDER BY IsClosed,CreatedDate DESC LIMIT {most:literal}"
_LISTS: Mapping[str, tuple[_List, ...]] = {
    "001": (
        _List(
            "contacts",
            "SELECT Id,Name,Title,Email FROM Contact WHERE AccountId = {id} ORDER BY Name,Id LIMIT {most:literal}",
            ContactRecord,
            _contact,
        ),
        _List(
            "opportunities",
            "SELECT Id,Name,StageName,CloseDate,IsClosed FROM Opportunity WHERE AccountId = {id}"
            " ORDER BY IsClosed,CloseDate DESC LIMIT {most:literal}",
            OpportunityRecord,
            _opportunity,
        ),
        _List("cases", _CASES.replace("{field}", "AccountId") + _CASE_ORDER, CaseRecord, _case),
    ),
    "003": (
        _List(
            "opportunities",
            "SELECT OpportunityId,Opportunity.Name,Opportunity.StageName,Opportunity.CloseDate,Opportunity.IsClosed"
            " FROM OpportunityContactRole WHERE ContactId = {id} LIMIT {most:literal}",
            _RoleRecord,
            _by_role,
        ),
        _List("cases", _CASES.replace("{field}", "ContactId") + _CASE_ORDER, CaseRecord, _case),
    ),
    "006": (
        _List(
            "contacts",
            "SELECT ContactId,Contact.Name,Role FROM OpportunityContactRole WHERE OpportunityId = {id}"
            " LIMIT {most:literal}",
            _RoleRecord,
            _of_role,
        ),
    ),
}


def read_related(client: SalesforceClient, record_id: str, *, most: int = MOST) -> RelatedLists:
    """Every related list of a record with at most `most` entries each, in one call.

    A list that failed says so; raises what `SalesforceClient` raises where the call failed as a whole, or every list.
    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite.htm
    """
    asked = (*_LISTS.get(record_id[:3], ()), _FILES)
    parts = [
        # One more than is shown tells whether there are more.
        Subrequest(one.name, "GET", client.query_url(format_soql(one.query, id=record_id, most=str(most + 1))))
        for one in asked
    ]
    answers = client.composite(parts, all_or_none=False, writes=False)
    lists: list[RelatedList] = []
    failures: list[errors.ProviderError] = []
    for one in asked:
        answer = answers.get(one.name)
        try:
            if answer is None or not answer.ok:
                raise error_for(answer.status, answer.body) if answer else errors.Unavailable()
            body = answer.body
            records = read(one.model, body.get("records") if isinstance(body, dict) else None)
        except FATAL:
            raise
        except errors.ProviderError as error:
            failures.append(error)
            lists.append(RelatedList(one.name, failed=True))
            continue
        entries = tuple(one.entry(record) for record in records[:most])
        lists.append(RelatedList(one.name, entries, more=len(records) > most))
    if len(failures) == len(asked):
        raise failures[0]
    return RelatedLists(tuple(lists), datetime.now(UTC))
