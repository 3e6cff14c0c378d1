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
    CustomRow,
    CustomSection,
    Fact,
    Group,
    OpportunityRow,
    PersonCard,
    RecordList,
)
from sidebar.presentation.fields import facts, person_facts
from sync.crm import Account, Case, CrmContext, CustomRecord, ObjectName, Opportunity, Person, field_value
from sync.providers.salesforce.urls import record_url
from sync.services.pane_layout import custom_objects

if TYPE_CHECKING:
    from sync.rules.people import PersonMatch
    from sync.services.pane_layout import ObjectLayout, PaneLayout

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
    layout: PaneLayout,
    own_id: str = "",
) -> tuple[Group, ...]:
    """Every matched person in one group; `people_ids` and `record_ids` say what is ticked.

    `layout` says which objects show, in which order, with which fields; what is ticked shows all the same. `own_id` is
    the person's user in Salesforce.
    """
    shows = _Shows(layout, own_id, people_ids | record_ids)
    matches = [match for match in matches if shows.person(match)]
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
            and shows.record("Opportunity", opportunity)
            and ((account and opportunity.account_id == account.id) or contact_ids & set(opportunity.contact_ids))
        ]
        cases = [
            case
            for case in crm.cases
            if case.id not in shown
            and shows.record("Case", case)
            and ((account and case.account_id == account.id) or case.contact_id in contact_ids)
        ]
        custom = [
            record
            for record in crm.custom
            if record.id not in shown
            and shows.record(record.object_name, record)
            and ((account and record.account_id == account.id) or record.contact_id in contact_ids)
        ]
        shown |= {one.id for one in opportunities} | {one.id for one in cases} | {one.id for one in custom}
        result.append(
            Group(
                account=account_row(account, url, account.id in record_ids, layout.of("Account"))
                if account and shows.record("Account", account)
                else None,
                people=tuple(
                    person_card(match, accounts, url, match.person.id in people_ids, layout) for match in members
                ),
                opportunities=_listed(
                    _opportunity_row(o, url, o.id in record_ids, layout.of("Opportunity"))
                    for o in sorted(opportunities, key=_open_and_soon_first)
                ),
                cases=_listed(
                    _case_row(c, url, c.id in record_ids, layout.of("Case"))
                    for c in sorted(cases, key=_open_and_new_first)
                ),
                sections=sections_of(layout),
                custom=_custom_sections(custom, url, record_ids, layout),
            )
        )
    return tuple(result)


class _Shows:
    """What the layout shows; what is ticked shows whatever the layout says."""

    def __init__(self, layout: PaneLayout, own_id: str, ticked: frozenset[str]) -> None:
        self._layout, self._own_id, self._ticked = layout, own_id, ticked

    def person(self, match: PersonMatch) -> bool:
        if match.person.id in self._ticked:
            return True
        beside = self._layout.of("Lead").filters.beside_contact
        return self.record(match.person.object_name, match.person) and (match.linked or beside is not False)

    def record(self, name: str, record: Person | Account | Opportunity | Case | CustomRecord) -> bool:
        if record.id in self._ticked:
            return True
        one = self._layout.of(name)
        return one.shown and not (one.filters.own_only and self._own_id and record.owner_id[:15] != self._own_id[:15])


def sections_of(layout: PaneLayout) -> tuple[str, ...]:
    """The sections of a group in the layout's order; contacts and leads stand together, where the first of them is."""
    names = ["People" if one.name in {"Contact", "Lead"} else one.name for one in layout.objects]
    own = set(custom_objects(layout))
    known = dict.fromkeys(name for name in names if name in _SECTIONS or name in own)
    return tuple(dict.fromkeys([*known, *_SECTIONS]))


_SECTIONS = ("People", "Account", "Opportunity", "Case")


def person_card(
    match: PersonMatch, accounts: dict[str, Account], url: Callable[[str], str], ticked: bool, layout: PaneLayout
) -> PersonCard:
    person = match.person
    own = layout.of(person.object_name)
    title = person.title if "Title" in own.fields else ""
    company = _company(person, accounts) if {"AccountId", "Company"} & set(own.fields) else ""
    always, opened = person_facts(person, own.collapsed, own.expanded)
    return PersonCard(
        id=person.id,
        kind=_kind(person),
        name=person.name or match.participant.name or match.participant.address,
        address=match.participant.address,
        role=match.participant.role,
        url=url(person.id),
        ticked=ticked,
        title=title,
        company=company,
        facts=tuple(always),
        more=tuple(opened),
        note=_note(match),
        alternatives=tuple(
            Alternative(
                id=other.id,
                name=other.name,
                title=other.title,
                company=_company(other, accounts),
                owner=str(field_value(other, "OwnerId") or ""),
                kind=_kind(other),
                url=url(other.id),
                chosen=other.id == person.id,
                last_activity=other.last_activity,
            )
            for other in _with_chosen(person, match.alternatives)
        ),
        object_name=person.object_name,
        actions=tuple(map(str, own.actions)),
    )


def account_row(account: Account, url: Callable[[str], str], ticked: bool, own: ObjectLayout) -> AccountRow:
    always, opened = _further(account, own, ("Type", "BillingCountry"))
    return AccountRow(
        id=account.id,
        name=account.name,
        url=url(account.id),
        ticked=ticked,
        type=account.type if "Type" in own.fields else "",
        country=account.country if "BillingCountry" in own.fields else "",
        facts=always,
        more=opened,
        actions=tuple(map(str, own.actions)),
    )


def _further(
    record: Account | Opportunity | Case | CustomRecord, own: ObjectLayout, in_row: Sequence[str]
) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    """The configured fields that the row itself does not hold: (always, opened)."""
    return (
        facts(record, (name for name in own.collapsed if name not in in_row)),
        facts(record, (name for name in own.expanded if name not in in_row)),
    )


def suggested_accounts(
    crm: CrmContext, *, instance_url: str, record_ids: frozenset[str], layout: PaneLayout, own_id: str = ""
) -> tuple[AccountRow, ...]:
    """Accounts that only a domain points at: proposals, ticked only where the email already stands on them."""
    url, own = _urls(instance_url), layout.of("Account")
    shows, known = _Shows(layout, own_id, record_ids), {account.id for account in crm.accounts}
    return tuple(
        account_row(a, url, a.id in record_ids, own)
        for a in crm.suggested_accounts
        if a.id not in known
        and shows.record("Account", a)
        and (a.id in record_ids or own.filters.by_domain is not False)
    )


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


def _opportunity_row(
    opportunity: Opportunity, url: Callable[[str], str], ticked: bool, own: ObjectLayout
) -> OpportunityRow:
    always, opened = _further(opportunity, own, ("StageName", "Amount", "CloseDate", "Name"))
    return OpportunityRow(
        id=opportunity.id,
        name=opportunity.name,
        url=url(opportunity.id),
        ticked=ticked,
        stage=opportunity.stage if "StageName" in own.fields else "",
        amount=opportunity.amount if "Amount" in own.fields else None,
        currency=opportunity.currency,
        close_date=opportunity.close_date,
        outcome=("won" if opportunity.is_won else "lost") if opportunity.is_closed else "",
        facts=always,
        more=opened,
        actions=tuple(map(str, own.actions)),
    )


def _case_row(case: Case, url: Callable[[str], str], ticked: bool, own: ObjectLayout) -> CaseRow:
    always, opened = _further(case, own, ("Status", "CreatedDate", "CaseNumber", "Subject"))
    return CaseRow(
        id=case.id,
        number=case.number,
        subject=case.subject,
        url=url(case.id),
        ticked=ticked,
        status=case.status if "Status" in own.fields else "",
        created_at=case.created_at if "CreatedDate" in own.fields else None,
        is_closed=case.is_closed,
        facts=always,
        more=opened,
        actions=tuple(map(str, own.actions)),
    )


def _custom_sections(
    records: Sequence[CustomRecord], url: Callable[[str], str], record_ids: frozenset[str], layout: PaneLayout
) -> tuple[CustomSection, ...]:
    labels = {record.object_name: record.object_label for record in records}
    return tuple(
        CustomSection(
            name,
            label,
            _listed(
                _custom_row(one, url, one.id in record_ids, layout.of(name))
                for one in records
                if one.object_name == name
            ),
        )
        for name, label in labels.items()
    )


def _custom_row(record: CustomRecord, url: Callable[[str], str], ticked: bool, own: ObjectLayout) -> CustomRow:
    always, opened = _further(record, own, ("Name",))
    return CustomRow(
        id=record.id,
        name=record.name,
        url=url(record.id),
        ticked=ticked,
        facts=always,
        more=opened,
        actions=tuple(map(str, own.actions)),
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


def _urls(instance_url: str) -> Callable[[str], str]:
    return lambda record_id: record_url(instance_url, record_id)
