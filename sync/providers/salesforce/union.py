"""The union of many emails' questions: what is asked for all of them at once.

Each address and domain is asked for once. Accounts are asked for by a *reason*, an address or a domain, and a reason
brings the cases that its questions refer to: so the queries can be parted anywhere. An address whose domain is asked
for anyway is no reason of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sync.providers.salesforce import soql
from sync.providers.salesforce.context import ACCOUNTS, EMAIL, LEADS, PEOPLE, SUGGESTIONS, ContextQuestion

# More cases in one query would leave no room for the address that they belong to.
_CASES_AT_ONCE = 200
Query = Callable[[Sequence[Any]], str]


@dataclass(frozen=True)
class Reason:
    """Why accounts are asked for: a person's address or a domain, with cases that belong to it whatever their age."""

    kind: str
    value: str
    case_ids: tuple[str, ...] = ()
    case_numbers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.value


class QuestionUnion:
    """Questions that differ only in whom they ask for; `alike` is what they have in common."""

    def __init__(self, alike: ContextQuestion, now: datetime) -> None:
        self.alike = alike
        self.questions: list[ContextQuestion] = []
        self._domains: set[str] = set()
        self.cases_since = now - timedelta(days=alike.case_days)
        self._opportunities_since: date = (now - timedelta(days=alike.opportunity_days)).date()

    def add(self, question: ContextQuestion) -> None:
        self.questions.append(question)
        self._domains.update(question.domains)

    @staticmethod
    def alike_of(question: ContextQuestion) -> ContextQuestion:
        return replace(question, addresses=(), domains=(), message_identifier="", case_ids=(), case_numbers=())

    def parts(self) -> Iterable[tuple[str, Sequence[Any], Query]]:
        """Each part's name, what is asked for (`str` says it), and the query for some of that."""
        hidden = self.alike.hidden_fields
        addresses = _each(address for question in self.questions for address in question.addresses)
        domains = _each(domain for question in self.questions for domain in question.domains)
        identifiers = _each(one.message_identifier for one in self.questions if one.message_identifier)
        yield PEOPLE, addresses, self._contacts
        yield LEADS, addresses, lambda some: soql.leads(some, hidden=hidden, limit=None, fields=self.alike.fields)
        yield EMAIL, identifiers, soql.emails_of if self.alike.enhanced_email else soql.email_tasks_of
        yield ACCOUNTS, self._reasons(), self._accounts
        yield (
            SUGGESTIONS,
            domains,
            lambda some: soql.accounts_by_website(some, hidden=hidden, limit=None, fields=self.alike.fields),
        )

    def _contacts(self, addresses: Sequence[str]) -> str:
        return soql.contacts(
            addresses,
            email_fields=self.alike.email_fields,
            person_accounts=self.alike.person_accounts,
            multi_currency=self.alike.multi_currency,
            closed_since=self._opportunities_since,
            hidden=self.alike.hidden_fields,
            limit=None,
            fields=self.alike.fields,
        )

    def _accounts(self, reasons: Sequence[Reason]) -> str:
        case_ids = _each(case_id for reason in reasons for case_id in reason.case_ids)
        case_numbers = _each(number for reason in reasons for number in reason.case_numbers)
        return soql.accounts_of_people(
            _each(reason.value for reason in reasons if reason.kind == PEOPLE),
            _each(reason.value for reason in reasons if reason.kind == SUGGESTIONS),
            email_fields=self.alike.email_fields,
            multi_currency=self.alike.multi_currency,
            closed_since=self._opportunities_since,
            created_since=self.cases_since,
            case_ids=case_ids,
            case_numbers=case_numbers,
            hidden=self.alike.hidden_fields,
            # Nobody's cases are pushed out by those that others refer to.
            most_cases=soql.MAX_CASES + len(case_ids) + len(case_numbers),
            limit=None,
            witnesses=True,
            fields=self.alike.fields,
        )

    def covering(self, address: str) -> str:
        """The domain asked for that finds the accounts of this address too, or ""."""
        if self.alike.email_fields:
            return ""  # a domain is looked for in main addresses alone
        return next((domain for domain in domains_of(address) if domain in self._domains), "")

    def _reasons(self) -> tuple[Reason, ...]:
        """Each address and domain once, with the cases that any question with it refers to."""
        referred: dict[tuple[str, str], tuple[dict[str, None], dict[str, None]]] = {}
        for question in self.questions:
            for reason in self._reasons_of(question):
                ids, numbers = referred.setdefault(reason, ({}, {}))
                ids.update(dict.fromkeys(question.case_ids))
                numbers.update(dict.fromkeys(question.case_numbers))
        return tuple(
            Reason(kind, value, *part)
            for (kind, value), (ids, numbers) in referred.items()
            for part in _slices(tuple(ids), tuple(numbers))
        )

    def _reasons_of(self, question: ContextQuestion) -> Iterable[tuple[str, str]]:
        for address in question.addresses:
            domain = self.covering(address)
            yield (SUGGESTIONS, domain) if domain else (PEOPLE, address)
        for domain in question.domains:
            yield SUGGESTIONS, domain


def domains_of(address: str) -> Iterable[str]:
    """The domain of an address and all that it is a part of."""
    _, _, domain = address.strip().lower().rpartition("@")
    labels = domain.split(".")
    return (".".join(labels[place:]) for place in range(len(labels)))


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _slices(ids: tuple[str, ...], numbers: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Parts that leave room in a query; one, empty, where there are none."""
    for start in range(0, max(len(ids), len(numbers), 1), _CASES_AT_ONCE):
        yield ids[start : start + _CASES_AT_ONCE], numbers[start : start + _CASES_AT_ONCE]
