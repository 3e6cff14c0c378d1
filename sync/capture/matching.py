"""⑤ and ⑥: who the people of a batch are in Salesforce, what it holds already, and what the rules say then.

all addresses, domains, identities ──► one call ──► each email's context
    └─ each mailbox's rules again, now with what Salesforce knows ──► who captures it, who does not
          └─ whole messages of those that will be filed ──► the rules once more ──► what it stands on
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from accounts.models import SalesforceOrg
from sync.capture.candidates import Candidate, Copy, unite
from sync.capture.judging import Judgement, Known, is_cause_followed, judge
from sync.crm import CrmContext
from sync.errors import Gone, ProviderError
from sync.mail import Message
from sync.models import Activity, Intent, Item, Link
from sync.providers.salesforce.context import ACCOUNTS, EMAIL, LEADS, PEOPLE, ContextQuestion
from sync.providers.salesforce.contexts import read_contexts
from sync.providers.salesforce.upkeep import visible_ids
from sync.rules.business import (
    ThreadFiling,
    address_hash,
    automatic_choice,
    case_lookup,
    case_references,
    thread_gives_record,
)
from sync.rules.content import files_of
from sync.rules.following import referenced_ids
from sync.rules.participants import Standing
from sync.rules.people import Matches, lookup_addresses, lookup_domains, match_people
from sync.rules.scope import is_marked
from sync.services.clients import Crm
from sync.services.context import hidden_fields
from sync.services.org_wide import org_wide
from sync.services.relating import TYPES, only

#: Without an answer to these nobody knows whom an email is about, or whether it stands there already.
_NEEDED = frozenset({PEOPLE, LEADS, EMAIL, ACCOUNTS})


def read_all(crm: Crm, candidates: Sequence[Candidate], types: frozenset[str]) -> list[Candidate]:
    """One call for the whole batch; gives those of which Salesforce did not say enough. Raises sync.errors.*.

    `types`: onto which types of records may be filed; records of others are left out.
    """
    _read(crm, candidates, types)
    unsaid = [one for one in candidates if _is_unsaid(one)]
    if unsaid and not hidden_fields(crm) and hidden_fields(crm, learn=True):
        # A field that this person may not read must not cost the whole part.
        _read(crm, unsaid, types)
    return [one for one in candidates if _is_unsaid(one)]


def _read(crm: Crm, candidates: Sequence[Candidate], types: frozenset[str]) -> None:
    hidden = hidden_fields(crm)
    asked = {str(one.intent.pk): question(crm, one, hidden) for one in candidates}
    contexts = read_contexts(crm.client, asked)
    for candidate in candidates:
        candidate.context = only(contexts[str(candidate.intent.pk)], types)
        candidate.matches = _matches(crm, candidate)


def _is_unsaid(candidate: Candidate) -> bool:
    return candidate.context is not None and not _NEEDED.isdisjoint(candidate.context.failed)


def find_unseen(crm: Crm, candidates: Sequence[Candidate]) -> None:
    """What the org holds already, and the batch's user does not see."""
    asked = [one for one in candidates if one.context is not None and one.context.filed is None]
    standing = org_wide(crm, [one.intent.activity.identity for one in asked])
    for candidate in asked:
        found = standing.get(candidate.intent.activity.identity)
        if found is not None and candidate.context is not None:
            candidate.context = replace(candidate.context, filed=found)
            candidate.unseen = True


def question(crm: Crm, candidate: Candidate, hidden: frozenset[str]) -> ContextQuestion:
    """What to ask of one email; once its message is there, also for the cases that it names."""
    settings = candidate.first.view.settings
    message = candidate.message
    references = case_references(message.subject, candidate.said()) if message else ()
    ids, numbers = case_lookup(references)
    return ContextQuestion(
        addresses=lookup_addresses(candidate.everyone),
        domains=lookup_domains(candidate.everyone),
        message_identifier=candidate.intent.activity.identity,
        enhanced_email=crm.shape.enhanced_email,
        person_accounts=crm.shape.person_accounts,
        email_fields=crm.shape.email_fields,
        opportunity_days=settings.opportunity_days,
        case_days=settings.case_days,
        multi_currency=crm.shape.multi_currency,
        case_ids=ids,
        case_numbers=numbers,
        hidden_fields=hidden,
    )


def _matches(crm: Crm, candidate: Candidate) -> Matches:
    link_bcc = candidate.first.view.settings.link_blind_copies
    context = candidate.context or CrmContext()
    return match_people(candidate.everyone, context, salesforce_user_id=crm.user_id, link_bcc=link_bcc)


def judge_copies(candidate: Candidate, thread: ThreadFiling | None) -> None:
    """Each mailbox's own rules, with what Salesforce knows. Copies that do not capture it leave the candidate."""
    known = _known(candidate, thread)
    for copy in candidate.copies:
        copy.judgement = _judge_copy(candidate, copy, copy.envelope, known)


def _known(candidate: Candidate, thread: ThreadFiling | None) -> Known:
    matches, context = candidate.matches or Matches(), candidate.context or CrmContext()
    return Known(
        people=bool(matches.people),
        domain_accounts=len(context.suggested_accounts),
        thread_record=thread_gives_record(matches, thread),
    )


def _judge_copy(candidate: Candidate, copy: Copy, message: Message, known: Known, *, whole: bool = False) -> Judgement:
    item = copy.item
    marked = is_marked(message.categories, copy.view.settings.mark_name) if whole else item.marked
    return judge(
        copy.view,
        message,
        marked=marked,
        in_scope=item.in_scope,
        past=candidate.past,
        vetoed=item.vetoed_at is not None,
        unmarked=item.cause == "mark",
        known=known,
        followed=None if whole else is_cause_followed(item),
    )


def judge_whole(candidate: Candidate, thread: ThreadFiling | None) -> None:
    """The first mailbox's rules once more, of the whole message as it is there now."""
    if candidate.message is not None:
        copy = candidate.first
        copy.judgement = _judge_copy(candidate, copy, candidate.message, _known(candidate, thread), whole=True)


def keep_capturing(candidate: Candidate) -> list[Copy]:
    """Parts the copies: those that do not capture the email are given back, the others stay and are united anew."""
    others = [copy for copy in candidate.copies if copy.judgement is not None and not copy.judgement.waits]
    candidate.copies = [copy for copy in candidate.copies if copy.judgement is None or copy.judgement.waits]
    if others and candidate.copies:
        unite(candidate)
    return others


def fetch(candidates: Sequence[Candidate], found: dict[str, Message | ProviderError]) -> list[Candidate]:
    """Puts the fetched messages into their candidates; gives those whose message is not there any more."""
    gone = []
    for candidate in candidates:
        answer = found.get(candidate.first.item.provider_id)
        if isinstance(answer, Message):
            # From here on the whole message says who takes part, not what was kept of its head.
            candidate.message = candidate.first.envelope = answer
            unite(candidate)
        elif answer is None or isinstance(answer, Gone):
            gone.append(candidate)
    return gone


def choose(crm: Crm, candidate: Candidate, thread: ThreadFiling | None) -> None:
    """What the email stands on and which files go along: `Intent.choice`, as a press would have made it."""
    message, context = candidate.message, candidate.context
    matches = candidate.matches = _matches(crm, candidate)
    judgement = candidate.first.judgement
    if message is None or context is None or judgement is None:
        raise ValueError("an email that was not fetched and judged cannot be filed")
    choice = automatic_choice(
        matches,
        context,
        filed_by=judgement.rule,
        salesforce_user_id=crm.user_id,
        subject=message.subject,
        body=candidate.said(),
        thread=thread,
    )
    settings = candidate.first.view.settings
    files = files_of(message, max_bytes=settings.max_file_bytes, allowed_extensions=settings.allowed_extensions)
    external = [one.address for one in candidate.everyone if one.standing is not Standing.INTERNAL]
    candidate.intent.choice = {
        "people": _people(matches),
        "records": [[record.object_name, record.id] for record in choice.records],
        "files": [
            {
                "key": file.attachment.key,
                "name": file.attachment.name,
                "reason": file.reason,
                "words": file.sentence,
            }
            for file in files
            if file.reason != "inline-image"
        ],
        "external_hashes": sorted({address_hash(address) for address in external}),
        "rule": choice.rule,
    }


def _people(matches: Matches) -> list[dict[str, str]]:
    if matches.lead is not None:
        return [{"id": matches.lead.id, "object_name": "Lead"}]
    return [{"id": person.id, "object_name": "Contact"} for person in matches.contacts]


def names_cases(candidate: Candidate) -> bool:
    """Whether the message names a case that its context may not hold: an old one, or a closed one."""
    message = candidate.message
    return message is not None and bool(case_references(message.subject, candidate.said()))


def read_cases(crm: Crm, candidates: Sequence[Candidate], types: frozenset[str]) -> None:
    """One further call for the emails that name cases, whatever the age of those."""
    named = [one for one in candidates if names_cases(one)] if "Case" in types else []
    if not named:
        return
    hidden = hidden_fields(crm)
    asked = {str(one.intent.pk): question(crm, one, hidden) for one in named}
    contexts = read_contexts(crm.client, asked)
    for candidate in named:
        found, context = contexts[str(candidate.intent.pk)], candidate.context
        if context is not None:
            candidate.context = replace(context, cases=found.cases)


@dataclass(slots=True)
class Threads:
    """What the threads of a batch are filed on: by the conversation of this mailbox, and by the Message-IDs that are
    filed, whoever's mailbox holds them.
    """

    by_conversation: dict[str, ThreadFiling]
    by_identity: dict[str, ThreadFiling]

    def of(self, candidate: Candidate) -> ThreadFiling | None:
        """What the email's thread is filed on: its conversation's newest, else the nearest message that it answers."""
        first = candidate.first
        known = self.by_conversation.get(first.item.conversation_id) if first.item.conversation_id else None
        if known is not None:
            return known
        answered = referenced_ids(first.envelope)
        return next((self.by_identity[one] for one in answered if one in self.by_identity), None)

    def hide(self, unseen: frozenset[str]) -> None:
        for filings in (self.by_conversation, self.by_identity):
            for key, filing in filings.items():
                seen = tuple((name, record) for name, record in filing.records if record not in unseen)
                filings[key] = replace(filing, records=seen)

    def add(self, candidate: Candidate) -> None:
        """The next email of this thread, in this very batch, finds it filed."""
        choice = candidate.intent.choice
        filing = ThreadFiling(
            records=tuple((name, record) for name, record in choice["records"]),
            address_hashes=tuple(choice["external_hashes"]),
        )
        self.by_identity[candidate.intent.activity.identity] = filing
        if candidate.first.item.conversation_id:
            self.by_conversation[candidate.first.item.conversation_id] = filing


def hide_unseen_threads(crm: Crm, candidates: Sequence[Candidate], threads: Threads) -> None:
    """Takes out of the threads the records that this Salesforce user does not see. One call, or none.

    A colleague may have filed the thread on a record that is theirs alone: the email goes on to the next rule then.
    """
    asked: dict[str, set[str]] = {}
    for candidate in candidates:
        thread, context = threads.of(candidate), candidate.context or CrmContext()
        shown = {one.id for one in context.accounts}
        shown |= {one.id for one in context.opportunities} | {one.id for one in context.cases}
        for object_name, record_id in thread.records if thread else ():
            if record_id not in shown:
                asked.setdefault(object_name, set()).add(record_id)
    if not asked:
        return
    unseen = {one for ids in asked.values() for one in ids} - visible_ids(crm.client, asked)
    if unseen:
        threads.hide(frozenset(unseen))


def threads_of(user_id: UUID, org: SalesforceOrg, candidates: Sequence[Candidate], types: frozenset[str]) -> Threads:
    """What the threads of these emails are filed on already, of the types that may be filed onto. Four queries."""
    conversations = {one.first.item.conversation_id for one in candidates if one.copies} - {""}
    mine = Item.objects.filter(
        user_id=user_id, conversation_id__in=conversations, sighting__activity__links__part=Link.Part.EMAIL
    )
    conversation_of = dict(mine.values_list("sighting__activity_id", "conversation_id")) if conversations else {}
    answered = {one for candidate in candidates for one in referenced_ids(candidate.first.envelope)}
    named = Activity.objects.filter(salesforce_org=org, identity__in=answered, links__part=Link.Part.EMAIL)
    identity_of = dict(named.values_list("pk", "identity")) if answered else {}
    ids = [*conversation_of, *identity_of]
    links = Link.objects.filter(part=Link.Part.EMAIL, activity__in=ids).order_by("created_at") if ids else ()
    choices = dict(Intent.objects.filter(activity__in=ids, kind=Intent.Kind.EMAIL).values_list("activity_id", "choice"))
    threads = Threads({}, {})
    for link in links:
        filing = ThreadFiling(
            records=tuple((name, record) for name, record in link.related if name in types or name not in TYPES),
            address_hashes=tuple((choices.get(link.activity_id) or {}).get("external_hashes", [])),
        )
        if link.activity_id in conversation_of:
            threads.by_conversation[conversation_of[link.activity_id]] = filing
        if link.activity_id in identity_of:
            threads.by_identity[identity_of[link.activity_id]] = filing
    return threads
