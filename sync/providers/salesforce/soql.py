"""The only place where SOQL is put together.

Values go through `format_soql`, which quotes and escapes them; names of objects and fields come from the lists here,
or from `describe` and are checked to be names. A query is a plain string; how long its URL becomes is the caller's.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql.htm
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

from simple_salesforce.format import format_soql

FIELDS: dict[str, tuple[str, ...]] = {
    "Account": ("Id", "Name", "Type", "Industry", "BillingCountry", "Website", "Phone", "OwnerId"),
    "Contact": ("Id", "Name", "Email", "Title", "Phone", "MobilePhone", "AccountId", "OwnerId", "LastActivityDate"),
    "Lead": (
        *("Id", "Name", "Email", "Title", "Phone", "MobilePhone", "Company", "Status", "OwnerId", "LastActivityDate"),
        *("IsConverted", "ConvertedContactId"),
    ),
    "Opportunity": (*("Id", "Name", "AccountId", "StageName", "Amount", "CloseDate", "IsClosed", "IsWon", "OwnerId"),),
    "Case": (
        *("Id", "CaseNumber", "Subject", "Status", "Priority", "IsClosed", "CreatedDate", "AccountId", "ContactId"),
        "OwnerId",
    ),
}
# What a query cannot do without; whoever may not read these cannot be shown people at all.
REQUIRED = frozenset({"Id", "Name", "Email", "AccountId", "CaseNumber", "IsConverted", "ConvertedContactId"})
MAX_PEOPLE = 400
MAX_ACCOUNTS = 200
MAX_OPPORTUNITIES = 50
MAX_CASES = 50
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}\Z")


def field_name(name: str) -> str:
    """The name itself when it is one, else ValueError: names are never escaped, they are checked."""
    if not _NAME.match(name):
        raise ValueError("not the name of a field")
    return name


def visible(object_name: str, hidden: Collection[str]) -> tuple[str, ...]:
    """The fields of an object that are read; `hidden` are `Object.Field` names that the user may not read."""
    names = FIELDS[object_name]
    return tuple(name for name in names if name in REQUIRED or (object_name + "." + name) not in hidden)


def contacts(
    addresses: Sequence[str],
    *,
    email_fields: Sequence[str] = (),
    person_accounts: bool = False,
    multi_currency: bool = False,
    closed_since: date,
    hidden: Collection[str] = (),
) -> str:
    """Contacts with one of the addresses, each with its account and its roles in opportunities that are still shown."""
    names = [*visible("Contact", hidden), *(field_name(name) for name in email_fields)]
    if person_accounts:
        names.append("IsPersonAccount")
    names += _prefixed("Account.", visible("Account", hidden))
    opportunity = _prefixed("Opportunity.", [*visible("Opportunity", hidden), *(_CURRENCY if multi_currency else ())])
    return format_soql(
        "SELECT {names:literal},"
        " (SELECT OpportunityId,{opportunity:literal} FROM OpportunityContactRoles"
        " WHERE Opportunity.IsClosed = false OR Opportunity.CloseDate >= {closed_since} LIMIT {roles})"
        " FROM Contact WHERE {where:literal} ORDER BY Id LIMIT {limit}",
        names=",".join(names),
        opportunity=",".join(opportunity),
        closed_since=closed_since,
        roles=MAX_OPPORTUNITIES,
        where=_has_address(addresses, email_fields),
        limit=MAX_PEOPLE,
    )


def leads(addresses: Sequence[str], *, hidden: Collection[str] = ()) -> str:
    """Leads with one of the addresses; converted ones bring the contact that they became, and its account."""
    names = [
        *visible("Lead", hidden),
        *_prefixed("ConvertedContact.", visible("Contact", hidden)),
        *_prefixed("ConvertedContact.Account.", visible("Account", hidden)),
    ]
    return format_soql(
        "SELECT {names:literal} FROM Lead WHERE Email IN {addresses} ORDER BY Id LIMIT {limit}",
        names=",".join(names),
        addresses=list(addresses),
        limit=MAX_PEOPLE,
    )


def accounts_of_people(
    addresses: Sequence[str],
    domains: Sequence[str],
    *,
    email_fields: Sequence[str] = (),
    multi_currency: bool = False,
    closed_since: date,
    created_since: datetime,
    case_ids: Sequence[str] = (),
    case_numbers: Sequence[str] = (),
    hidden: Collection[str] = (),
) -> str:
    """Accounts that have a contact with one of the addresses, or with a main address in one of the domains."""
    cases = "IsClosed = false OR CreatedDate >= {since}"
    if case_ids:
        cases += " OR Id IN {case_ids}"
    if case_numbers:
        cases += " OR CaseNumber IN {case_numbers}"
    people = [_has_address(addresses, email_fields)] if addresses else []
    people += [_in_domain(domain) for domain in domains]
    return format_soql(
        "SELECT {names:literal},"
        " (SELECT {opportunity:literal} FROM Opportunities"
        " WHERE IsClosed = false OR CloseDate >= {closed_since}"
        " ORDER BY IsClosed, CloseDate DESC LIMIT {opportunities}),"
        " (SELECT {case:literal} FROM Cases WHERE {cases:literal}"
        " ORDER BY IsClosed, CreatedDate DESC LIMIT {most_cases})"
        " FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE {people:literal}) LIMIT {limit}",
        names=",".join(visible("Account", hidden)),
        opportunity=",".join([*visible("Opportunity", hidden), *(_CURRENCY if multi_currency else ())]),
        closed_since=closed_since,
        opportunities=MAX_OPPORTUNITIES,
        case=",".join(visible("Case", hidden)),
        cases=format_soql(cases, since=created_since, case_ids=list(case_ids), case_numbers=list(case_numbers)),
        most_cases=MAX_CASES,
        people=" OR ".join(people),
        limit=MAX_ACCOUNTS,
    )


def accounts_by_website(domains: Sequence[str], *, hidden: Collection[str] = ()) -> str:
    """Accounts whose Website contains one of the domains: a net, to be checked by registrable domain afterwards."""
    sites = [format_soql("Website LIKE '%{domain:like}%'", domain=domain) for domain in domains]
    return format_soql(
        "SELECT {names:literal} FROM Account WHERE {sites:literal} LIMIT {limit}",
        names=",".join(visible("Account", hidden)),
        sites=" OR ".join(sites),
        limit=MAX_ACCOUNTS,
    )


def email_messages(message_identifier: str) -> str:
    """EmailMessages with this identifier. `=` ignores case there, so the caller compares again."""
    return format_soql(
        "SELECT Id,MessageIdentifier,RelatedToId,RelatedTo.Name,RelatedTo.Type,"
        "ParentId,Parent.CaseNumber,Parent.Subject,"
        " (SELECT RelationId,RelationType,RelationObjectType FROM EmailMessageRelations)"
        " FROM EmailMessage WHERE MessageIdentifier = {identifier} ORDER BY CreatedDate,Id LIMIT 20",
        identifier=message_identifier,
    )


def email_tasks(identity: str) -> str:
    """Email Tasks that carry this identity (an org without Enhanced Email)."""
    return format_soql(
        "SELECT Id,CallObject,WhoId,WhatId,What.Name,What.Type FROM Task"
        " WHERE CallObject = {identity} AND TaskSubtype = 'Email' ORDER BY CreatedDate,Id LIMIT 50",
        identity=identity,
    )


def files_of(record_id: str) -> str:
    """The files that stand on a record, with the checksum of each one's latest version."""
    return format_soql(
        "SELECT ContentDocumentId,ContentDocument.LatestPublishedVersion.Checksum,"
        "ContentDocument.LatestPublishedVersion.PathOnClient FROM ContentDocumentLink"
        " WHERE LinkedEntityId = {record_id} LIMIT 200",
        record_id=record_id,
    )


def links_of(document_id: str, record_id: str) -> str:
    return format_soql(
        "SELECT Id FROM ContentDocumentLink WHERE ContentDocumentId = {document_id} AND LinkedEntityId = {record_id}",
        document_id=document_id,
        record_id=record_id,
    )


def documents_of(version_ids: Iterable[str]) -> str:
    return format_soql("SELECT Id,ContentDocumentId FROM ContentVersion WHERE Id IN {ids}", ids=list(version_ids))


def closed_task_statuses() -> str:
    return "SELECT ApiName FROM TaskStatus WHERE IsClosed = true ORDER BY SortOrder LIMIT 1"


_CURRENCY = ("CurrencyIsoCode",)


def _prefixed(prefix: str, names: Iterable[str]) -> list[str]:
    return [prefix + name for name in names]


def _has_address(addresses: Sequence[str], email_fields: Sequence[str]) -> str:
    tests = [
        format_soql("{field:literal} IN {addresses}", field=field_name(name), addresses=list(addresses))
        for name in ("Email", *email_fields)
    ]
    return " OR ".join(tests)


def _in_domain(domain: str) -> str:
    return format_soql("Email LIKE '%@{domain:like}' OR Email LIKE '%.{domain:like}'", domain=domain)
