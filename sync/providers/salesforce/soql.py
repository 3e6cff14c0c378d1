"""The only place where SOQL is put together.

Values go through `format_soql`, which quotes and escapes them; names of objects and fields come from the lists here,
or from `describe` and are checked to be names. A query is a plain string; how long its URL becomes is the caller's.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql.htm
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
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
MAX_CHILDREN = 20
#: How many contacts of an account are read to learn which of the domains asked for are its own.
MAX_WITNESSES = 200
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}\Z")
#: Further fields per object, as (API name, path) pairs; the path is what a query asks for.
Fields = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True)
class Children:
    """Records of an object of the org's own below an account or a contact: by which relationship, with which fields.

    `fields` are (API name, path) pairs; `owned`: it has an owner, which a detail of a master has not.
    """

    object_name: str
    label: str
    parent: str
    relationship: str
    fields: tuple[tuple[str, str], ...] = ()
    owned: bool = True


def children_of(parent: str, children: Iterable[Children]) -> str:
    """The sub-queries that bring these records with each record of the parent, the newest first."""
    found = []
    for one in children:
        if one.parent != parent:
            continue
        names = ["Id", "Name", *(("OwnerId",) if one.owned else ()), *(path for _, path in one.fields)]
        paths = dict.fromkeys(".".join(field_name(part) for part in name.split(".")) for name in names)
        query = " (SELECT {names:literal} FROM {relationship:literal} ORDER BY CreatedDate DESC LIMIT {most})"
        found.append(
            ","
            + format_soql(query, names=",".join(paths), relationship=field_name(one.relationship), most=MAX_CHILDREN)
        )
    return "".join(found)


def field_name(name: str) -> str:
    """The name itself when it is one, else ValueError: names are never escaped, they are checked."""
    if not _NAME.match(name):
        raise ValueError("not the name of a field")
    return name


def is_name(name: str) -> bool:
    return _NAME.match(name) is not None


def visible(object_name: str, hidden: Collection[str], fields: Fields = ()) -> tuple[str, ...]:
    """The fields of an object that are read, each once; `hidden` are `Object.Field` names that the user may not read.

    `fields` are further ones. Raises ValueError where one's path is none.
    """
    names = [name for name in FIELDS[object_name] if name in REQUIRED or (object_name + "." + name) not in hidden]
    for name, path in dict(fields).get(object_name, ()):
        if (object_name + "." + name) not in hidden:
            names.append(".".join(field_name(part) for part in path.split(".")))
    return tuple(dict.fromkeys(names))


def contacts(
    addresses: Sequence[str],
    *,
    email_fields: Sequence[str] = (),
    person_accounts: bool = False,
    multi_currency: bool = False,
    closed_since: date,
    hidden: Collection[str] = (),
    limit: int | None = MAX_PEOPLE,
    fields: Fields = (),
    children: Iterable[Children] = (),
) -> str:
    """Contacts with one of the addresses, each with its account and its roles in opportunities that are still shown."""
    names = [*visible("Contact", hidden, fields), *(field_name(name) for name in email_fields)]
    if person_accounts:
        names.append("IsPersonAccount")
    names += _prefixed("Account.", visible("Account", hidden, fields))
    shown = [*visible("Opportunity", hidden, fields), *(_CURRENCY if multi_currency else ())]
    opportunity = _prefixed("Opportunity.", dict.fromkeys(shown))
    return format_soql(
        "SELECT {names:literal},"
        " (SELECT OpportunityId,{opportunity:literal} FROM OpportunityContactRoles"
        " WHERE Opportunity.IsClosed = false OR Opportunity.CloseDate >= {closed_since} LIMIT {roles})"
        "{children:literal} FROM Contact WHERE {where:literal} ORDER BY Id{limit:literal}",
        names=",".join(dict.fromkeys(names)),
        opportunity=",".join(opportunity),
        closed_since=closed_since,
        roles=MAX_OPPORTUNITIES,
        children=children_of("Contact", children),
        where=_has_address(addresses, email_fields),
        limit=_limit(limit),
    )


def leads(
    addresses: Sequence[str], *, hidden: Collection[str] = (), limit: int | None = MAX_PEOPLE, fields: Fields = ()
) -> str:
    """Leads with one of the addresses; converted ones bring the contact that they became, and its account."""
    names = [
        *visible("Lead", hidden, fields),
        *_prefixed("ConvertedContact.", visible("Contact", hidden, fields)),
        *_prefixed("ConvertedContact.Account.", visible("Account", hidden, fields)),
    ]
    return format_soql(
        "SELECT {names:literal} FROM Lead WHERE Email IN {addresses} ORDER BY Id{limit:literal}",
        names=",".join(dict.fromkeys(names)),
        addresses=list(addresses),
        limit=_limit(limit),
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
    most_cases: int = MAX_CASES,
    limit: int | None = MAX_ACCOUNTS,
    witnesses: bool = False,
    fields: Fields = (),
    children: Iterable[Children] = (),
) -> str:
    """Accounts that have a contact with one of the addresses, or with a main address in one of the domains.

    With `witnesses` each account brings the addresses of its contacts that end in one of the domains, which tell why
    it was found. What merely ends like a domain is found too then: half the length, and the addresses tell.
    """
    cases = "IsClosed = false OR CreatedDate >= {since}"
    if case_ids:
        cases += " OR Id IN {case_ids}"
    if case_numbers:
        cases += " OR CaseNumber IN {case_numbers}"
    people = [_has_address(addresses, email_fields)] if addresses else []
    people += [_ends_in(domain) if witnesses else _in_domain(domain) for domain in domains]
    contacts = ""
    if witnesses and domains:
        contacts = format_soql(
            ", (SELECT Email FROM Contacts WHERE {domains:literal} ORDER BY Id LIMIT {most})",
            domains=" OR ".join(_ends_in(domain) for domain in domains),
            most=MAX_WITNESSES,
        )
    return format_soql(
        "SELECT {names:literal},"
        " (SELECT {opportunity:literal} FROM Opportunities"
        " WHERE IsClosed = false OR CloseDate >= {closed_since}"
        " ORDER BY IsClosed, CloseDate DESC LIMIT {opportunities}),"
        " (SELECT {case:literal} FROM Cases WHERE {cases:literal}"
        " ORDER BY IsClosed, CreatedDate DESC LIMIT {most_cases}){contacts:literal}"
        " FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE {people:literal}){limit:literal}",
        names=",".join(visible("Account", hidden, fields)),
        opportunity=",".join(
            dict.fromkeys([*visible("Opportunity", hidden, fields), *(_CURRENCY if multi_currency else ())])
        ),
        closed_since=closed_since,
        opportunities=MAX_OPPORTUNITIES,
        case=",".join(visible("Case", hidden, fields)),
        cases=format_soql(cases, since=created_since, case_ids=list(case_ids), case_numbers=list(case_numbers)),
        most_cases=most_cases,
        contacts=contacts + children_of("Account", children),
        people=" OR ".join(people),
        limit=_limit(limit),
    )


def witnesses_of(account_ids: Sequence[str], domains: Sequence[str]) -> str:
    """The contacts of these accounts whose main address ends in one of the domains."""
    return format_soql(
        "SELECT AccountId,Email FROM Contact WHERE AccountId IN {account_ids} AND ({domains:literal})",
        account_ids=list(account_ids),
        domains=" OR ".join(_ends_in(domain) for domain in domains),
    )


def accounts_by_website(
    domains: Sequence[str], *, hidden: Collection[str] = (), limit: int | None = MAX_ACCOUNTS, fields: Fields = ()
) -> str:
    """Accounts whose Website contains one of the domains: a net, to be checked by registrable domain afterwards."""
    sites = [format_soql("Website LIKE '%{domain:like}%'", domain=domain) for domain in domains]
    return format_soql(
        "SELECT {names:literal} FROM Account WHERE {sites:literal}{limit:literal}",
        names=",".join(visible("Account", hidden, fields)),
        sites=" OR ".join(sites),
        limit=_limit(limit),
    )


def email_messages(message_identifier: str) -> str:
    """EmailMessages with this identifier. `=` ignores case there, so the caller compares again."""
    return format_soql(
        _EMAIL_MESSAGES + " WHERE MessageIdentifier = {identifier} ORDER BY CreatedDate,Id LIMIT 20",
        identifier=message_identifier,
    )


def emails_of(message_identifiers: Sequence[str]) -> str:
    """EmailMessages with one of these identifiers, whatever its case, the oldest first."""
    return format_soql(
        _EMAIL_MESSAGES + " WHERE MessageIdentifier IN {identifiers} ORDER BY CreatedDate,Id",
        identifiers=list(message_identifiers),
    )


def email_tasks(identity: str) -> str:
    """Email Tasks that carry this identity (an org without Enhanced Email)."""
    return format_soql(
        _EMAIL_TASKS + " WHERE CallObject = {identity} AND TaskSubtype = 'Email' ORDER BY CreatedDate,Id LIMIT 50",
        identity=identity,
    )


def email_tasks_of(identities: Sequence[str]) -> str:
    """Email Tasks that carry one of these identities (main ones) or keys (further ones), the oldest first."""
    return format_soql(
        _EMAIL_TASKS + " WHERE CallObject IN {identities} AND TaskSubtype = 'Email' ORDER BY CreatedDate,Id",
        identities=list(identities),
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


def last_seen(object_name: str, paths: Sequence[str]) -> str:
    """The record of an object that was changed last, of those that the user may see. Names and paths are checked."""
    names = [".".join(field_name(part) for part in path.split(".")) for path in paths]
    return format_soql(
        "SELECT {names:literal} FROM {name:literal} ORDER BY LastModifiedDate DESC LIMIT 1",
        names=",".join(names),
        name=field_name(object_name),
    )


def seen(object_name: str, paths: Sequence[str], record_id: str) -> str:
    """One record of an object, where the user may see it. Names and paths are checked."""
    names = [".".join(field_name(part) for part in path.split(".")) for path in paths]
    return format_soql(
        "SELECT {names:literal} FROM {name:literal} WHERE Id = {id}",
        names=",".join(names),
        name=field_name(object_name),
        id=record_id,
    )


def those(object_name: str, ids: Sequence[str]) -> str:
    """Which of these ids the user may see. The name is checked to be one; a custom object's is as good."""
    return format_soql("SELECT Id FROM {name:literal} WHERE Id IN {ids}", name=field_name(object_name), ids=list(ids))


def lead_to_convert(lead_id: str) -> str:
    """A lead with what becomes of it, or what it became."""
    return format_soql(
        "SELECT Id,Name,Company,Email,OwnerId,Owner.Name,IsConverted,ConvertedAccountId,ConvertedContactId,"
        "ConvertedOpportunityId FROM Lead WHERE Id = {id}",
        id=lead_id,
    )


def converted_statuses() -> str:
    return "SELECT ApiName,MasterLabel FROM LeadStatus WHERE IsConverted = true ORDER BY SortOrder"


def accounts_called(name: str, most: int) -> str:
    """Accounts whose name begins with this one."""
    return format_soql(
        "SELECT Id,Name,BillingCity FROM Account WHERE Name LIKE '{name:like}%' ORDER BY Name LIMIT {most}",
        name=name,
        most=most,
    )


def contacts_with(address: str, most: int) -> str:
    """Contacts with exactly this address, and their accounts."""
    return format_soql(
        "SELECT Id,Name,Email,AccountId,Account.Name FROM Contact WHERE Email = {email} ORDER BY Name LIMIT {most}",
        email=address,
        most=most,
    )


def closed_task_statuses() -> str:
    return "SELECT ApiName FROM TaskStatus WHERE IsClosed = true ORDER BY SortOrder LIMIT 1"


_CURRENCY = ("CurrencyIsoCode",)
_EMAIL_MESSAGES = (
    "SELECT Id,MessageIdentifier,RelatedToId,RelatedTo.Name,RelatedTo.Type,ParentId,Parent.CaseNumber,Parent.Subject,"
    " (SELECT RelationId,RelationType,RelationObjectType FROM EmailMessageRelations) FROM EmailMessage"
)
_EMAIL_TASKS = "SELECT Id,CallObject,WhoId,WhatId,What.Name,What.Type FROM Task"


def _prefixed(prefix: str, names: Iterable[str]) -> list[str]:
    return [prefix + name for name in names]


def _has_address(addresses: Sequence[str], email_fields: Sequence[str]) -> str:
    tests = [
        format_soql("{field:literal} IN {addresses}", field=field_name(name), addresses=list(addresses))
        for name in ("Email", *email_fields)
    ]
    return " OR ".join(tests)


def _limit(limit: int | None) -> str:
    return "" if limit is None else " LIMIT " + str(limit)


def _ends_in(domain: str) -> str:
    return format_soql("Email LIKE '%{domain:like}'", domain=domain)


def _in_domain(domain: str) -> str:
    return format_soql("Email LIKE '%@{domain:like}' OR Email LIKE '%.{domain:like}'", domain=domain)
