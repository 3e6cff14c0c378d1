"""People of an email and the records beside them, in the order of the pane.

People come in the order sender, To, Cc, Bcc; people of one account stand under it where the first of them stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from sidebar.presentation.cards import (
    AccountRow,
    Alternative,
    CaseRow,
    Fact,
    Group,
    OpportunityRow,
    PersonCard,
    RecordList,
)
from sync.crm import Account, Case, CrmContext, ObjectName, Opportunity, Person
from sync.providers.salesforce.urls import record_url

if TYPE_CHECKING:
    from sync.rules.people import PersonMatch

#: A card shows at most this many fields before it is opened.
FACTS_SHOWN = 4
#: A list shows this many records before it is opened; ticked ones always show.
RECORDS_SHOWN = 3


class Ticked(Protocol):
    @property
    def ticked(self) -> bool: ...


TickedT = TypeVar("TickedT", bound=Ticked)


def groups(
    matches: Sequence[PersonMatch],
    crm: CrmContext,
    *,
    instance_url: str,
    people_ids: frozenset[str],
    record_ids: frozenset[str],
) -> tuple[Group, ...]:
    """Every matched person in one group; `people_ids` and `record_ids` say what is ticked."""
    accounts = {account.id: account for account in crm.accounts}
    url = _urls(instance_url)
    by_account: dict[str, list[PersonMatch]] = {}
    for match in matches:
        # People without an account of their own each stand alone.
        by_account.setdefault(match.person.account_id or f"person:{match.person.id}", []).append(match)
    shown: set[str] = set()
    result: list[Group] = []
    for key, members in by_account.items():
        account = accounts.get(key)
        contact_ids = {match.person.id for match in members}
        opportunities = [
            opportunity
            for opportunity in crm.opportunities
            if opportunity.id not in shown
            and ((account and opportunity.account_id == account.id) or contact_ids & set(opportunity.contact_ids))
        ]
        cases = [
            case
            for case in crm.cases
            if case.id not in shown and ((account and case.account_id == account.id) or case.contact_id in contact_ids)
        ]
        shown |= {opportunity.id for opportunity in opportunities} | {case.id for case in cases}
        result.append(
            Group(
                account=account_row(account, url, account.id in record_ids) if account else None,
                people=tuple(person_card(match, accounts, url, match.person.id in people_ids) for match in members),
                opportunities=_listed(
                    _opportunity_row(o, url, o.id in record_ids)
                    for o in sorted(opportunities, key=_open_and_soon_first)
                ),
                cases=_listed(_case_row(c, url, c.id in record_ids) for c in sorted(cases, key=_open_and_new_first)),
            )
        )
    return tuple(result)


def person_card(
    match: PersonMatch, accounts: dict[str, Account], url: Callable[[str], str], ticked: bool
) -> PersonCard:
    person = match.person
    facts, company = tuple(_facts(person)), _company(person, accounts)
    shown = FACTS_SHOWN - bool(person.title) - bool(company)
    return PersonCard(
        id=person.id,
        kind=_kind(person),
        name=person.name or match.participant.name or match.participant.address,
        address=match.participant.address,
        role=match.participant.role,
        url=url(person.id),
        ticked=ticked,
        title=person.title,
        company=company,
        facts=facts[:shown],
        more=facts[shown:],
        note=_note(match),
        alternatives=tuple(
            Alternative(
                id=other.id,
                name=other.name,
                detail=_company(other, accounts) or other.title,
                kind=_kind(other),
                url=url(other.id),
                chosen=other.id == person.id,
                last_activity=other.last_activity,
            )
            for other in _with_chosen(person, match.alternatives)
        ),
    )


def account_row(account: Account, url: Callable[[str], str], ticked: bool) -> AccountRow:
    return AccountRow(
        id=account.id, name=account.name, url=url(account.id), ticked=ticked, type=account.type, country=account.country
    )


def suggested_accounts(crm: CrmContext, *, instance_url: str, record_ids: frozenset[str]) -> tuple[AccountRow, ...]:
    """Accounts that only a domain points at: proposals, ticked only where the email already stands on them."""
    url = _urls(instance_url)
    known = {account.id for account in crm.accounts}
    return tuple(account_row(a, url, a.id in record_ids) for a in crm.suggested_accounts if a.id not in known)


def _facts(person: Person) -> Iterable[Fact]:
    """A person's fields below title and company, in reading order; empty ones are left out."""
    if person.emails:
        yield Fact("email", person.emails[0], f"mailto:{person.emails[0]}")
    if person.phone:
        yield Fact("phone", person.phone, _tel(person.phone))
    if person.mobile:
        yield Fact("mobile", person.mobile, _tel(person.mobile))
    if person.status:
        yield Fact("status", person.status)
    for other in person.emails[1:]:
        yield Fact("email", other, f"mailto:{other}")
    if person.last_activity:
        yield Fact("last-activity", "", day=person.last_activity)


def _company(person: Person, accounts: dict[str, Account]) -> str:
    account = accounts.get(person.account_id)
    if account and not person.is_person_account:
        return account.name
    return person.company


def _kind(person: Person) -> str:
    if person.is_person_account:
        return "person-account"
    return "lead" if person.object_name is ObjectName.LEAD else "contact"


def _note(match: PersonMatch) -> str:
    if not match.linked:
        return "lead-beside-contact"
    if match.person.became_from:
        return "was-lead"
    if match.person.emails and match.participant.address.lower() not in match.person.emails:
        return "without-tag"
    return ""


def _with_chosen(person: Person, alternatives: Sequence[Person]) -> tuple[Person, ...]:
    """All who share the address, the chosen one among them; nothing when there is no choice."""
    others = tuple(other for other in alternatives if other.id != person.id)
    return (person, *others) if others else ()


def _opportunity_row(opportunity: Opportunity, url: Callable[[str], str], ticked: bool) -> OpportunityRow:
    return OpportunityRow(
        id=opportunity.id,
        name=opportunity.name,
        url=url(opportunity.id),
        ticked=ticked,
        stage=opportunity.stage,
        amount=opportunity.amount,
        currency=opportunity.currency,
        close_date=opportunity.close_date,
        outcome=("won" if opportunity.is_won else "lost") if opportunity.is_closed else "",
    )


def _case_row(case: Case, url: Callable[[str], str], ticked: bool) -> CaseRow:
    return CaseRow(
        id=case.id,
        number=case.number,
        subject=case.subject,
        url=url(case.id),
        ticked=ticked,
        status=case.status,
        created_at=case.created_at,
        is_closed=case.is_closed,
    )


def _open_and_soon_first(opportunity: Opportunity) -> tuple[bool, float, str]:
    close = opportunity.close_date or date.max
    days = close.toordinal()
    return opportunity.is_closed, -days if opportunity.is_closed else days, opportunity.id


def _open_and_new_first(case: Case) -> tuple[bool, float, str]:
    created = case.created_at or datetime.min.replace(tzinfo=UTC)
    return case.is_closed, -created.timestamp() if case.created_at else 0.0, case.id


def _listed(rows: Iterable[TickedT]) -> RecordList[TickedT]:
    """Ticked rows first, so that a tick is never hidden; one row more than fits is shown rather than folded."""
    ordered = sorted(rows, key=lambda row: not row.ticked)
    ticked = sum(row.ticked for row in ordered)
    shown = max(RECORDS_SHOWN, ticked)
    if len(ordered) == shown + 1:
        shown += 1
    return RecordList(tuple(ordered[:shown]), tuple(ordered[shown:]))


def _tel(number: str) -> str:
    digits = "".join(letter for letter in number if letter.isascii() and (letter.isdigit() or letter == "+"))
    return f"tel:{digits}" if digits else ""


def _urls(instance_url: str) -> Callable[[str], str]:
    return lambda record_id: record_url(instance_url, record_id)
