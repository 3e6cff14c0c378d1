"""Which business record an email is filed on when nobody chooses one: the first rule that holds.

    1 filed-thread      the thread is filed already, with somebody of this email
    2 case-reference    subject or body names a case of a matched person's account
    3 contact-role      open opportunities in which a matched contact has a role: the only one, or the user's only one
    4 own-opportunity   the user's only open opportunity of the first matched contact's account
    5 account           the account of the first matched contact
    6 none

Where 3 or 4 finds more than one, the pane asks, and what stands here is a proposal; an automatic filing takes it as it
stands. A lead takes no business record. Where nobody is known, the account that a domain stands for is a proposal in
the pane; an automatic filing takes it where its rule says so and it is the only one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from sync.crm import Account, Case, CrmContext, ObjectName, Opportunity, Person, RelatedRecord
from sync.mail import Message
from sync.rules.addresses import normalise, without_tag
from sync.rules.content import html_to_text
from sync.rules.eligibility import Cause, Mode
from sync.rules.people import Matches

# The newer spelling has `!` where the older has `_`; both leave zeros out of the ids.
_REFERENCE = re.compile(r"\bref:\s*[_!]?([A-Za-z0-9]{5,18})\.[_!]?([A-Za-z0-9]{5,18})\s*:ref\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,/-])\d{4,30}(?![\w/-]|[.,]\d)")
_MOST_REFERENCES = 20
_CASE_PREFIX = "500"
_MOST_IDS = 60
MAX_RECORDS = 11  # one that the email stands on, and ten with a Task of their own
_RANKS: dict[str, int] = {ObjectName.CASE: 0, ObjectName.OPPORTUNITY: 1, ObjectName.ACCOUNT: 3}
_PEOPLE = frozenset({ObjectName.CONTACT, ObjectName.LEAD})
# What takes the account that a domain stands for: a followed thread has its record, known people have theirs.
_BY_DOMAIN = frozenset({str(Cause.MARK), str(Mode.SAME_DOMAIN), str(Mode.EVERYTHING_EXTERNAL)})


@dataclass(frozen=True, slots=True)
class ThreadFiling:
    """What an earlier email of the thread is filed on.

    `records` are (object name, id); `address_hashes` are `address_hash` of the external participants of filed mail.
    """

    records: tuple[tuple[str, str], ...]
    address_hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BusinessChoice:
    """`rule` is the name of the rule above; `ask` says that there was more than one to choose from."""

    records: tuple[RelatedRecord, ...]
    rule: str
    ask: bool


@dataclass(frozen=True, slots=True)
class CaseReference:
    """What may be a case: the id part of `ref:…:ref` (15 or 18 characters, or zeros left out), or a CaseNumber."""

    kind: Literal["id", "number"]
    value: str

    def names(self, case: Case) -> bool:
        if self.kind == "number":
            return self.value == case.number
        short = case.id[:15]
        if len(self.value) >= 15:
            return self.value[:15] == short
        # Salesforce leaves out the zeros of the middle; older templates leave out the fifth character too.
        return self.value in {short[:4] + short[start:10].replace("0", "") + short[10:] for start in (4, 5)}

    @property
    def possible_ids(self) -> tuple[str, ...]:
        """The ids of 15 characters that it may mean, which is what Salesforce can be asked for.

        A suffix is left out, since Salesforce refuses a question with a wrong one. Zeros that were left out may have
        stood anywhere in the middle.
        """
        if self.kind == "number" or len(self.value) >= 15:
            return (self.value[:15],) if self.kind == "id" else ()
        head, middle, tail = self.value[:4], self.value[4:-5], self.value[-5:]
        if len(self.value) < 9 or "0" in middle:
            return ()
        spread = (dict(zip(places, middle, strict=True)) for places in combinations(range(6), len(middle)))
        return tuple(head + "".join(kept.get(place, "0") for place in range(6)) + tail for kept in spread)


def address_hash(address: str) -> str:
    """What is kept of an address to know it again: SHA-256 in hex of its one spelling without the tag."""
    return hashlib.sha256(without_tag(normalise(address) or address).encode()).hexdigest()


def choose_business_record(
    matches: Matches,
    crm: CrmContext,
    *,
    salesforce_user_id: str,
    subject: str,
    body: str,
    thread: ThreadFiling | None,
) -> BusinessChoice:
    """The business record by the rules above. `salesforce_user_id` is the user whose mailbox saw the email first."""
    if matches.lead is not None:
        return BusinessChoice((), "none", False)
    if thread is not None and thread_gives_record(matches, thread):
        records = tuple(
            RelatedRecord(record_id, object_name, _name(record_id, crm)) for object_name, record_id in thread.records
        )
        return BusinessChoice(most_specific_first(records), "filed-thread", False)
    contacts = matches.contacts
    case = _referred_case(contacts, crm.cases, case_references(subject, body))
    if case is not None:
        return BusinessChoice((RelatedRecord(case.id, ObjectName.CASE, _case_name(case)),), "case-reference", False)
    with_role = _open_with_role(contacts, crm.opportunities)
    own = [one for one in with_role if _same_id(one.owner_id, salesforce_user_id)]
    if len(with_role) == 1:
        return _opportunity(with_role[0], "contact-role", ask=False)
    if len(own) == 1:
        return _opportunity(own[0], "contact-role", ask=True)
    ask = bool(with_role)
    account = _account(contacts[:1], crm.accounts)
    if account is not None and not ask:
        theirs = [
            one
            for one in crm.opportunities
            if not one.is_closed and one.account_id == account.id and _same_id(one.owner_id, salesforce_user_id)
        ]
        if len(theirs) == 1:
            return _opportunity(theirs[0], "own-opportunity", ask=False)
        ask = bool(theirs)
    if account is not None:
        return BusinessChoice((RelatedRecord(account.id, ObjectName.ACCOUNT, account.name),), "account", ask)
    return BusinessChoice((), "none", ask)


def automatic_choice(
    matches: Matches,
    crm: CrmContext,
    *,
    filed_by: str,
    salesforce_user_id: str,
    subject: str = "",
    body: str = "",
    thread: ThreadFiling | None = None,
) -> BusinessChoice:
    """What an email stands on that nobody chose a record for; `ask` is never set.

    `filed_by` is the rule of the verdict that files it (`mark`, `followed-thread`, or the mode). `salesforce_user_id`
    is the user whose mailbox saw it first of those that capture it, `matches` and `thread` are of all of them together.
    `body` is `reference_text()` of the message.
    """
    choice = choose_business_record(
        matches, crm, salesforce_user_id=salesforce_user_id, subject=subject, body=body, thread=thread
    )
    if choice.rule == "none" and not matches.people and filed_by in _BY_DOMAIN:
        choice = choose_by_domain(crm)
    return replace(choice, ask=False)


def thread_gives_record(matches: Matches, thread: ThreadFiling | None) -> bool:
    """Whether the thread is filed on a business record with somebody outside who takes part in this email too."""
    return (
        thread is not None
        and any(object_name not in _PEOPLE for object_name, _ in thread.records)
        and _shares_people(matches, thread)
    )


def most_specific_first(records: Iterable[RelatedRecord]) -> tuple[RelatedRecord, ...]:
    """Business records in the order in which an email takes them: the first is what it stands on, at most ten follow.

    Case, opportunity, another object, account; equals as they came. People are none and are left out.
    """
    once: dict[str, RelatedRecord] = {}
    for record in records:
        if record.object_name not in _PEOPLE:
            once.setdefault(record.id, record)
    return tuple(sorted(once.values(), key=lambda record: _RANKS.get(record.object_name, 2)))[:MAX_RECORDS]


def choose_by_domain(crm: CrmContext) -> BusinessChoice:
    """The account that a participant's domain stands for, where it is the only one (`same-domain`)."""
    accounts = crm.suggested_accounts
    if len(accounts) == 1:
        return BusinessChoice(
            (RelatedRecord(accounts[0].id, ObjectName.ACCOUNT, accounts[0].name),), "same-domain", False
        )
    return BusinessChoice((), "none", bool(accounts))


def case_references(subject: str, body: str) -> tuple[CaseReference, ...]:
    """What may name a case, in the order in which it counts: the subject's ids and numbers, then the body's ids.

    `thread::…::` says nothing outside Salesforce and is not read.
    https://help.salesforce.com/s/articleView?id=000385680
    """
    in_subject = [(found.start(), _by_id(found.group(2))) for found in _REFERENCE.finditer(subject)]
    without = _REFERENCE.sub(lambda found: " " * len(found.group()), subject)
    in_subject += [(found.start(), CaseReference("number", found.group())) for found in _NUMBER.finditer(without)]
    ordered = [reference for _, reference in sorted(in_subject, key=lambda placed: placed[0])]
    ordered += [_by_id(found.group(2)) for found in _REFERENCE.finditer(body)]
    return tuple(one for one in dict.fromkeys(ordered) if one.kind == "number" or one.value.startswith(_CASE_PREFIX))[
        :_MOST_REFERENCES
    ]


def case_lookup(references: Iterable[CaseReference]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ids (of 15 characters, at most 60) and the numbers to ask Salesforce for, so that old cases are found too."""
    known = tuple(references)
    ids = tuple(dict.fromkeys(possible for one in known for possible in one.possible_ids))
    return ids[:_MOST_IDS], tuple(dict.fromkeys(one.value for one in known if one.kind == "number"))


def reference_text(message: Message) -> str:
    """All text of a message in which a case may be named, quoted text included; nothing of an encrypted one."""
    if message.problem == "encrypted":
        return ""
    return "\n".join(part for part in (message.text, html_to_text(message.html) if message.html else "") if part)


def _by_id(text: str) -> CaseReference:
    return CaseReference("id", text)


def _referred_case(
    contacts: Sequence[Person], cases: Sequence[Case], references: Iterable[CaseReference]
) -> Case | None:
    accounts = {contact.account_id for contact in contacts if contact.account_id}
    theirs = [case for case in cases if case.account_id in accounts]
    for reference in references:
        # Zeros that were left out may fit more than one case: then none is meant for sure.
        named = [case for case in theirs if reference.names(case)]
        if len(named) == 1:
            return named[0]
    return None


def _shares_people(matches: Matches, thread: ThreadFiling) -> bool:
    people = [one for match in matches.people for one in (match.participant, *match.further)]
    known = set(thread.address_hashes)
    return any(address_hash(one.address) in known for one in (*people, *matches.unknown))


def _open_with_role(contacts: Sequence[Person], opportunities: Sequence[Opportunity]) -> list[Opportunity]:
    ids = {contact.id for contact in contacts}
    return [one for one in opportunities if not one.is_closed and ids.intersection(one.contact_ids)]


def _account(contacts: Sequence[Person], accounts: Sequence[Account]) -> Account | None:
    """The account of the first matched contact, as far as the user may see it."""
    return next((one for contact in contacts for one in accounts if one.id == contact.account_id), None)


def _opportunity(opportunity: Opportunity, rule: str, *, ask: bool) -> BusinessChoice:
    return BusinessChoice((RelatedRecord(opportunity.id, ObjectName.OPPORTUNITY, opportunity.name),), rule, ask)


def _same_id(one: str, other: str) -> bool:
    return bool(one) and one[:15] == other[:15]


def _case_name(case: Case) -> str:
    return f"{case.number} {case.subject}".strip()


def _name(record_id: str, crm: CrmContext) -> str:
    names = {one.id: one.name for one in (*crm.accounts, *crm.suggested_accounts)}
    names |= {one.id: one.name for one in crm.opportunities}
    names |= {one.id: _case_name(one) for one in crm.cases}
    return names.get(record_id, "")
