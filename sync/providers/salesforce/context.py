"""What Salesforce knows of an email's people: one composite call with at most five queries.

    contacts (with their account and roles)   leads (with the contact a converted one became)   the filed email
    accounts of those contacts and of the domains' contacts, with opportunities and cases        accounts by website

The queries do not depend on each other, so one that fails (a field that this user may not read) costs its part only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from sync import errors
from sync.crm import Account, Case, CrmContext, CustomRecord, FiledEmail, Opportunity, Person
from sync.providers.salesforce import soql
from sync.providers.salesforce.client import MAX_URI_BYTES, SalesforceClient, Subrequest, Subresponse
from sync.providers.salesforce.errors import error_for
from sync.providers.salesforce.queries import FATAL
from sync.providers.salesforce.wire import AccountRecord, ContactRecord, EmailRecord, Further, LeadRecord, R, read, rows
from sync.rules.addresses import registrable_domain

PARTS = PEOPLE, LEADS, EMAIL, ACCOUNTS, SUGGESTIONS = "people", "leads", "email", "accounts", "suggestions"


@dataclass(frozen=True)
class ContextQuestion:
    """Whose people, and what this org has.

    `addresses` and `domains` (registrable ones) are lower-case, the most important first. `email_fields` are further
    email fields of Contact. `hidden_fields` are `Object.Field` names that this user may not read.
    `case_ids` and `case_numbers` bring cases of the people's accounts whatever their age. `fields` are further ones
    that are shown, per object, as (API name, path): ("OwnerId", "Owner.Name") asks for the owner's name. `children` are
    objects of the org's own that come with accounts and contacts.
    """

    addresses: tuple[str, ...]
    domains: tuple[str, ...] = ()
    message_identifier: str = ""
    enhanced_email: bool = True
    person_accounts: bool = False
    email_fields: tuple[str, ...] = ()
    opportunity_days: int = 365
    case_days: int = 90
    multi_currency: bool = False
    hidden_fields: frozenset[str] = frozenset()
    case_ids: tuple[str, ...] = ()
    case_numbers: tuple[str, ...] = ()
    fields: soql.Fields = ()
    children: tuple[soql.Children, ...] = ()

    @property
    def further(self) -> Further:
        """The further fields by object."""
        return dict(self.fields)


@dataclass(frozen=True)
class Found:
    """The records that concern one question. `known` are accounts of its people and of its domains' contacts."""

    contacts: Sequence[ContactRecord]
    leads: Sequence[LeadRecord]
    filed: FiledEmail | None
    known: Sequence[AccountRecord]
    by_website: Sequence[AccountRecord]


def read_context(client: SalesforceClient, question: ContextQuestion) -> CrmContext:
    """All that is known of these addresses, in one call; no call at all where nothing is asked.

    Raises what `SalesforceClient` raises where the call failed as a whole, or every part of it. A single part that
    failed, or of which only a part fitted into the length of a URL, is named in `failed`.
    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite.htm
    """
    now = datetime.now(UTC)
    queries, shortened = _queries(client, question, now)
    if not queries:
        return CrmContext(read_at=now)
    parts = [Subrequest(name, "GET", client.query_url(query)) for name, query in queries.items()]
    answers = client.composite(parts, all_or_none=False, writes=False)
    failed = _failures(queries, answers)

    contacts = _records(ContactRecord, answers, PEOPLE, failed)
    leads = _records(LeadRecord, answers, LEADS, failed)
    emails = _records(EmailRecord, answers, EMAIL, failed)
    known = _records(AccountRecord, answers, ACCOUNTS, failed)
    by_website = _records(AccountRecord, answers, SUGGESTIONS, failed)

    found = Found(contacts, leads, exactly(emails, question.message_identifier), known, by_website)
    return context_of(question, found, failed | shortened, now)


def context_of(question: ContextQuestion, found: Found, failed: Collection[str], now: datetime) -> CrmContext:
    """What the records say in the product's words; `failed` are the parts that are not to be relied on."""
    people, accounts = _people(found.contacts, found.leads, question)
    listed = [account for account in found.known if account.id in accounts]
    for record in listed:
        accounts[record.id] = record.account(further=question.further)
    suggested = {
        account.id: account.account(further=question.further) for account in found.known if account.id not in accounts
    }
    for record in found.by_website:
        if record.id not in accounts and website_domain(record.website) in question.domains:
            suggested.setdefault(record.id, record.account(further=question.further))
    return CrmContext(
        people=tuple(people),
        accounts=tuple(accounts.values()),
        opportunities=tuple(_opportunities(found.contacts, listed, question.further)),
        cases=tuple(_cases(listed, question.further)),
        custom=tuple(_custom(found.contacts, listed, question.children)),
        suggested_accounts=tuple(suggested.values()),
        filed=found.filed,
        failed=tuple(name for name in PARTS if name in failed),
        read_at=now,
    )


def exactly(emails: Iterable[EmailRecord], message_identifier: str) -> FiledEmail | None:
    """The oldest email with this very identifier: Salesforce's own comparison ignores case."""
    return next((email.filed() for email in emails if email.identifier == message_identifier), None)


def website_domain(website: str) -> str:
    """The registrable domain of an account's Website, which people write with or without a scheme; or ""."""
    text = website.strip()
    try:
        host = urlsplit(text if "//" in text else "//" + text).hostname
    except ValueError:
        return ""
    return registrable_domain(host) if host else ""


def _queries(
    client: SalesforceClient, question: ContextQuestion, now: datetime
) -> tuple[dict[str, str], frozenset[str]]:
    """The queries by part, each short enough for a URL, and the parts that had to be shortened."""
    hidden = question.hidden_fields
    closed_since = (now - timedelta(days=question.opportunity_days)).date()
    addresses = tuple(dict.fromkeys(question.addresses))
    domains = tuple(dict.fromkeys(question.domains))
    queries: dict[str, str] = {}
    shortened: set[str] = set()

    def fit(part: str, asked: Sequence[str], make: Callable[[Sequence[str]], str]) -> None:
        """Asks for as many as fit, the first ones first."""
        if not asked:
            return
        count = len(asked)
        while count > 1 and len(client.query_url(make(asked[:count]))) > MAX_URI_BYTES:
            count -= 1
        queries[part] = make(asked[:count])
        if count < len(asked):
            shortened.add(part)

    def contacts(some: Sequence[str], email_fields: tuple[str, ...]) -> str:
        return soql.contacts(
            some,
            email_fields=email_fields,
            person_accounts=question.person_accounts,
            multi_currency=question.multi_currency,
            closed_since=closed_since,
            hidden=hidden,
            fields=question.fields,
            children=question.children,
        )

    # Every participant's main address goes before anybody's further ones.
    email_fields = question.email_fields
    while email_fields and addresses and len(client.query_url(contacts(addresses, email_fields))) > MAX_URI_BYTES:
        email_fields = email_fields[:-1]
        shortened.add(PEOPLE)
    fit(PEOPLE, addresses, lambda some: contacts(some, email_fields))
    fit(LEADS, addresses, lambda some: soql.leads(some, hidden=hidden, fields=question.fields))
    if question.enhanced_email and question.message_identifier:
        queries[EMAIL] = soql.email_messages(question.message_identifier)
    people = (*(("a", address) for address in addresses), *(("d", domain) for domain in domains))
    places = [str(place) for place in range(len(people))]
    fit(
        ACCOUNTS,
        places,
        lambda some: soql.accounts_of_people(
            [value for kind, value in people[: len(some)] if kind == "a"],
            [value for kind, value in people[: len(some)] if kind == "d"],
            email_fields=email_fields,
            multi_currency=question.multi_currency,
            closed_since=closed_since,
            created_since=now - timedelta(days=question.case_days),
            case_ids=question.case_ids,
            case_numbers=question.case_numbers,
            hidden=hidden,
            fields=question.fields,
            children=question.children,
        ),
    )
    fit(SUGGESTIONS, domains, lambda some: soql.accounts_by_website(some, hidden=hidden, fields=question.fields))
    return queries, frozenset(shortened)


def _failures(queries: dict[str, str], answers: dict[str, Subresponse]) -> set[str]:
    failures = {
        part: error_for(answers[part].status, answers[part].body) if part in answers else errors.Unavailable()
        for part in queries
        if part not in answers or not answers[part].ok
    }
    fatal = next((error for error in failures.values() if isinstance(error, FATAL)), None)
    if fatal or len(failures) == len(queries):
        raise fatal or next(iter(failures.values()))
    return set(failures)


def _records(model: type[R], answers: dict[str, Subresponse], part: str, failed: set[str]) -> list[R]:
    if part in failed or part not in answers:
        return []
    body = answers[part].body
    try:
        return read(model, body.get("records") if isinstance(body, dict) else None)
    except errors.Unavailable:
        failed.add(part)
        return []


def _people(
    contacts: Sequence[ContactRecord], leads: Sequence[LeadRecord], question: ContextQuestion
) -> tuple[list[Person], dict[str, Account]]:
    """People, each record once, and their accounts as far as the people's own rows tell of them."""
    people: dict[str, Person] = {}
    accounts: dict[str, Account] = {}
    further = question.further

    def add(record: ContactRecord, person: Person) -> None:
        people.setdefault(person.id, person)
        if record.account and record.account_id:
            accounts.setdefault(record.account_id, record.account.account(record.account_id, further))

    for record in contacts:
        add(record, record.person(email_fields=question.email_fields, further=further))
    for lead in leads:
        if not lead.is_converted:
            people.setdefault(lead.id, lead.person(further=further))
        elif lead.contact_id and lead.contact:
            became = lead.contact.person(became_from=lead.id, contact_id=lead.contact_id, further=further)
            # The mail's address is the lead's: the contact may have got another one since.
            emails = tuple(dict.fromkeys((*became.emails, lead.email.strip().lower())))
            known = people.get(became.id)
            if known is None:
                add(lead.contact, replace(became, emails=emails))
            elif not set(emails) <= set(known.emails):
                people[became.id] = replace(
                    known, emails=tuple(dict.fromkeys((*known.emails, *emails))), became_from=lead.id
                )
    return list(people.values()), accounts


def _opportunities(
    contacts: Iterable[ContactRecord], accounts: Iterable[AccountRecord], further: Further
) -> Iterable[Opportunity]:
    roles: dict[str, list[str]] = {}
    found: dict[str, Opportunity] = {}
    for contact in contacts:
        for role in rows(contact.roles):
            if role.opportunity and role.opportunity_id:
                roles.setdefault(role.opportunity_id, []).append(contact.id)
                opportunity = replace(role.opportunity.opportunity(further), id=role.opportunity_id)
                found.setdefault(role.opportunity_id, opportunity)
    for account in accounts:
        for record in rows(account.opportunities):
            found.setdefault(record.id, record.opportunity(further))
    for opportunity in found.values():
        yield replace(opportunity, contact_ids=tuple(dict.fromkeys(roles.get(opportunity.id, ()))))


def _cases(accounts: Iterable[AccountRecord], further: Further) -> Iterable[Case]:
    for account in accounts:
        for record in rows(account.cases):
            yield record.case(further)


def _custom(
    contacts: Iterable[ContactRecord], accounts: Iterable[AccountRecord], children: Iterable[soql.Children]
) -> Iterable[CustomRecord]:
    """Each record once, with the account and the contact that it was found below."""
    found: dict[str, CustomRecord] = {}
    parents: dict[str, Iterable[AccountRecord | ContactRecord]] = {"Account": accounts, "Contact": contacts}
    for one in children:
        for parent in parents[one.parent]:
            for record in parent.children(one.relationship):
                row = record.custom(one.object_name, one.label, one.fields)
                known = found.setdefault(row.id, row)
                above = one.parent == "Account"
                found[row.id] = replace(known, account_id=parent.id) if above else replace(known, contact_id=parent.id)
    return found.values()
