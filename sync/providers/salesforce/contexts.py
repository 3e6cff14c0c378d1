"""The contexts of many emails at once: what `context.read_context` says of each, in the calls of one.

    all questions ──► the union of their addresses, domains, identifiers ──► five queries ──► records
                                                                                                │
    one question ◄── the records that have its addresses, its domains, its identifier ◄─────────┘

Why an account was found is told by its contacts: those of the people asked for, and its *witnesses*, the contacts
whose address ends in a domain asked for. Where these do not tell (a person account has none, a large account more than
are read) they are asked for once more.

What does not fit into the length of a URL is asked in several queries, and every page is read: nothing is shortened,
and an answer has no upper number of people and accounts. A question of which a part failed says so in `failed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sync import errors
from sync.crm import CrmContext, FiledEmail
from sync.providers.salesforce import soql
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.context import (
    ACCOUNTS,
    EMAIL,
    LEADS,
    PARTS,
    PEOPLE,
    SUGGESTIONS,
    ContextQuestion,
    Found,
    context_of,
    website_domain,
)
from sync.providers.salesforce.queries import Records, fitting, run_queries
from sync.providers.salesforce.union import QuestionUnion, Reason, domains_of
from sync.providers.salesforce.wire import (
    AccountRecord,
    AddressRecord,
    CaseRecord,
    ContactRecord,
    EmailRecord,
    LeadRecord,
    R,
    Rows,
    TaskRecord,
    read,
    rows,
)

# More ids in one query would leave no room for the domains.
_ACCOUNTS_AT_ONCE = 200
_WHY = "why"
Answers = Mapping[str, Records | errors.ProviderError]


def read_contexts(client: SalesforceClient, questions: Mapping[str, ContextQuestion]) -> dict[str, CrmContext]:
    """The context of each question, by its key, as `read_context` would have read it alone.

    One call for the questions of one user and org as long as each of the five queries fits into a URL (about 400
    addresses, 200 identifiers, 180 domains), then one for each five queries; one for each further five pages of 2,000
    records; at most one or two more where accounts were found whose contacts do not tell why. No call where nothing is
    asked. Questions that differ in more than whom they ask for share calls, not queries.

    With Enhanced Email off the email Tasks with the identifier are looked up, which `read_context` leaves to
    `find_email`. Raises what `SalesforceClient` raises where a call failed as a whole, or every query.
    """
    now = datetime.now(UTC)
    batches: dict[ContextQuestion, _Batch] = {}
    by_key: dict[str, _Batch] = {}
    for key, question in questions.items():
        alike = QuestionUnion.alike_of(question)
        batch = by_key[key] = batches.setdefault(
            alike, _Batch(client, QuestionUnion(alike, now), str(len(batches)), now)
        )
        batch.union.add(question)
    asked = {name: query for batch in batches.values() for name, query in batch.queries().items()}
    answers = run_queries(client, asked)
    failures = [answer for answer in answers.values() if isinstance(answer, errors.ProviderError)]
    if failures and len(failures) == len(answers):
        raise failures[0]
    for batch in batches.values():
        batch.take(answers)
    doubtful = {name: query for batch in batches.values() for name, query in batch.doubts().items()}
    answers = run_queries(client, doubtful)
    for batch in batches.values():
        batch.settle(answers)
    return {key: by_key[key].context(question) for key, question in questions.items()}


@dataclass
class _Known:
    """An account as several queries told of it; `domains` are those that its contacts' addresses were held against."""

    record: AccountRecord
    cases: dict[str, CaseRecord] = field(default_factory=dict)
    witnesses: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    cut: bool = False


class _Batch:
    """The queries for a union of questions, and what they found."""

    def __init__(self, client: SalesforceClient, union: QuestionUnion, number: str, now: datetime) -> None:
        self.union = union
        self._client, self._number, self._now = client, number, now
        self._asked: dict[str, tuple[str, Sequence[Any]]] = {}
        self._failed: dict[str, set[str]] = {part: set() for part in (*PARTS, _WHY)}
        self._places: dict[str, int] = {}
        self._people: dict[str, list[ContactRecord]] = {}
        self._leads: dict[str, list[LeadRecord]] = {}
        self._filed: dict[str, FiledEmail] = {}
        self._known: dict[str, _Known] = {}
        self._by_domain: dict[str, list[str]] = {}
        self._by_website: dict[str, list[AccountRecord]] = {}

    def queries(self) -> dict[str, str]:
        """The queries by name."""
        queries: dict[str, str] = {}
        for part, items, query in self.union.parts():
            pieces, too_long = fitting(self._client, items, query)
            self._failed[part].update(map(str, too_long))
            for place, piece in enumerate(pieces):
                name = f"{part}{self._number}x{place}"
                self._asked[name] = (part, piece)
                queries[name] = query(piece)
        return queries

    def take(self, answers: Answers) -> None:
        """Keeps what the queries found."""
        people = self._by_id(ContactRecord, answers, PEOPLE)
        for contact in people:
            for address in contact.person(email_fields=self.union.alike.email_fields).emails:
                self._people.setdefault(address, []).append(contact)
        for lead in self._by_id(LeadRecord, answers, LEADS):
            self._leads.setdefault(lead.email.strip().lower(), []).append(lead)
        model: type[EmailRecord] | type[TaskRecord] = EmailRecord if self.union.alike.enhanced_email else TaskRecord
        # In the order in which they came: of several with one identifier the oldest counts.
        for email, _ in self._records(model, answers, EMAIL):
            filed = email.filed()
            self._filed.setdefault(filed.message_identifier, filed)
        for record, reasons in self._records(AccountRecord, answers, ACCOUNTS):
            self._know(record, reasons)
        for contact in people:
            if contact.account_id in self._known and contact.email:
                self._known[contact.account_id].witnesses.add(contact.email)
        for account in self._by_id(AccountRecord, answers, SUGGESTIONS):
            self._by_website.setdefault(website_domain(account.website), []).append(account)

    def doubts(self) -> dict[str, str]:
        """Queries for the witnesses of accounts of which it is not known which of the domains they stand for."""
        with_people = {contact.account_id for contacts in self._people.values() for contact in contacts}
        without: dict[frozenset[str], list[str]] = {}
        for account_id, known in self._known.items():
            found = {domain for address in known.witnesses for domain in domains_of(address)}
            unclear = known.cut or not (known.witnesses or account_id in with_people)
            rest = frozenset(known.domains - found)
            if unclear and rest:
                without.setdefault(rest, []).append(account_id)
        self._asked.clear()
        return {
            name: query
            for domains, account_ids in without.items()
            for start in range(0, len(account_ids), _ACCOUNTS_AT_ONCE)
            for name, query in self._witnesses(account_ids[start : start + _ACCOUNTS_AT_ONCE], sorted(domains)).items()
        }

    def settle(self, answers: Answers) -> None:
        """Keeps what the doubts' queries found: from here on each account's domains are known."""
        for record, _ in self._records(AddressRecord, answers, _WHY):
            if record.account_id in self._known:
                self._known[record.account_id].witnesses.add(record.email)
        for account_id, known in self._known.items():
            for domain in {domain for address in known.witnesses for domain in domains_of(address)}:
                self._by_domain.setdefault(domain, []).append(account_id)

    def context(self, question: ContextQuestion) -> CrmContext:
        """What concerns one question."""
        contacts = self._once(one for address in question.addresses for one in self._people.get(address, ()))
        leads = self._once(one for address in question.addresses for one in self._leads.get(address, ()))
        reasons = {contact.account_id for contact in contacts}
        reasons.update(one for domain in question.domains for one in self._by_domain.get(domain, ()))
        found = self._once(self._known[one].record for one in reasons if one in self._known)
        known = [self._account(self._known[record.id], question) for record in found]
        by_website = self._once(one for domain in question.domains for one in self._by_website.get(domain, ()))
        filed = self._filed.get(question.message_identifier) if question.message_identifier else None
        return context_of(
            question, Found(contacts, leads, filed, known, by_website), self._failures(question), self._now
        )

    def _witnesses(self, account_ids: Sequence[str], domains: Sequence[str]) -> dict[str, str]:
        pieces, too_long = fitting(self._client, domains, lambda some: soql.witnesses_of(account_ids, some))
        self._failed[_WHY].update(too_long)
        found = {f"{_WHY}{self._number}x{len(self._asked) + place}": piece for place, piece in enumerate(pieces)}
        self._asked.update({name: (_WHY, piece) for name, piece in found.items()})
        return {name: soql.witnesses_of(account_ids, piece) for name, piece in found.items()}

    def _records(self, model: type[R], answers: Answers, part: str) -> Iterable[tuple[R, Sequence[Any]]]:
        """The records of a part's queries, each with what its query asked for; what failed is noted."""
        for name, (of_part, piece) in self._asked.items():
            if of_part != part:
                continue
            answer = answers[name]
            try:
                if isinstance(answer, errors.ProviderError):
                    raise answer
                found = read(model, answer)
            except errors.ProviderError:
                self._failed[part].update(map(str, piece))
                continue
            for record in found:
                yield record, piece

    def _by_id(self, model: type[R], answers: Answers, part: str) -> list[R]:
        """Each record once: one may have been found by several queries."""
        return self._once(record for record, _ in self._records(model, answers, part))

    def _once(self, records: Iterable[Any]) -> list[Any]:
        """Each record once, in the order in which Salesforce told of them first."""
        by_id: dict[str, Any] = {}
        for record in records:
            by_id.setdefault(record.id, record)
            self._places.setdefault(record.id, len(self._places))
        return sorted(by_id.values(), key=lambda record: self._places[record.id])

    def _know(self, record: AccountRecord, reasons: Sequence[Reason]) -> None:
        self._places.setdefault(record.id, len(self._places))
        known = self._known.setdefault(record.id, _Known(record))
        known.cases.update({case.id: case for case in rows(record.cases)})
        known.witnesses.update(contact.email for contact in rows(record.contacts))
        known.domains.update(reason.value for reason in reasons if reason.kind == SUGGESTIONS)
        known.cut = known.cut or len(rows(record.contacts)) >= soql.MAX_WITNESSES

    def _account(self, known: _Known, question: ContextQuestion) -> AccountRecord:
        """The account with the cases that this question alone would have brought, in their order."""
        ids = {case_id[:15] for case_id in question.case_ids}
        cases = [
            case
            for case in known.cases.values()
            if not case.is_closed
            or (case.created_at is not None and case.created_at >= self.union.cases_since)
            or case.id[:15] in ids
            or case.number in question.case_numbers
        ]
        cases.sort(key=lambda case: case.created_at.timestamp() if case.created_at else 0.0, reverse=True)
        cases.sort(key=lambda case: case.is_closed)
        return known.record.model_copy(
            update={"cases": Rows[CaseRecord](totalSize=len(cases), records=cases[: soql.MAX_CASES])}
        )

    def _failures(self, question: ContextQuestion) -> set[str]:
        people, domains = {*question.addresses}, {*question.domains}
        asked = {
            PEOPLE: people,
            LEADS: people,
            EMAIL: {question.message_identifier},
            ACCOUNTS: people | domains | {self.union.covering(address) for address in people},
            SUGGESTIONS: domains,
        }
        failed = {part for part, values in asked.items() if values & self._failed[part]}
        # Without the people it is not known whose accounts those are, and without witnesses whose domain's.
        return failed | {ACCOUNTS} if PEOPLE in failed or domains & self._failed[_WHY] else failed
