"""The Salesforce context of an email's people, read as one Salesforce user: one call cold, none warm.

Cache keys hold the organisation, the Salesforce org and the Salesforce user, since people see different records.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from django.core.cache import cache
from pydantic import TypeAdapter

from sync.crm import CrmContext
from sync.errors import Throttled, Unavailable
from sync.mail import Message, MessageHint
from sync.providers.salesforce.context import ContextQuestion, read_context
from sync.providers.salesforce.schema import read_hidden_fields
from sync.rules.business import case_references
from sync.rules.identity import stored_identifier
from sync.rules.participants import Participant
from sync.rules.people import lookup_addresses, lookup_domains
from sync.services import flight
from sync.services.clients import Crm

MATCH_SECONDS = 300.0
MISS_SECONDS = 120.0
HIDDEN_SECONDS = 3600

_contexts: TypeAdapter[CrmContext] = TypeAdapter(CrmContext)


@dataclass(frozen=True, slots=True)
class ReadContext:
    """`stale_reason` is set when the provider did not answer and an older answer is shown instead."""

    crm: CrmContext
    from_cache: bool
    version: str
    stale_reason: str = ""


def question_of(
    crm: Crm, participants: tuple[Participant, ...], message_identifier: str, subject: str
) -> ContextQuestion:
    """What to ask for an email. Cases that its subject refers to are found whatever their age."""
    references = case_references(subject, "")
    return ContextQuestion(
        addresses=lookup_addresses(participants),
        domains=lookup_domains(participants),
        message_identifier=message_identifier,
        enhanced_email=crm.shape.enhanced_email,
        person_accounts=crm.shape.person_accounts,
        email_fields=crm.shape.email_fields,
        multi_currency=crm.shape.multi_currency,
        case_ids=tuple(one.value for one in references if one.kind == "id" and len(one.value) in {15, 18}),
        case_numbers=tuple(one.value for one in references if one.kind == "number"),
    )


def cache_key(crm: Crm, question: ContextQuestion) -> str:
    asked = "\n".join(
        [
            *question.addresses,
            "",
            *question.domains,
            "",
            question.message_identifier,
            "",
            *question.case_ids,
            *question.case_numbers,
        ]
    )
    digest = hashlib.sha256(asked.encode()).hexdigest()
    return f"context:{crm.org.organisation_id}:{crm.org.org_id}:{crm.user_id}:{digest}"


def context_for(crm: Crm, question: ContextQuestion) -> ReadContext:
    """From the cache while it is fresh, else one call. Raises sync.errors.* when there is no older answer either."""
    key = cache_key(crm, question)

    def load() -> tuple[str, float]:
        context = _read(crm, question)
        seconds = MATCH_SECONDS if context.people else MISS_SECONDS
        # A part that failed is asked for again soon.
        return _contexts.dump_json(context).decode(), 5.0 if context.failed else seconds

    try:
        answer = flight.fetch(key, load)
    except (Unavailable, Throttled) as error:
        old = flight.known(key)
        if old is None:
            raise
        return ReadContext(
            _contexts.validate_json(old.value), True, f"{old.read_at}-stale", type(error).__name__.lower()
        )
    return ReadContext(_contexts.validate_json(answer.value), answer.from_cache, str(answer.read_at))


def fresh_context(crm: Crm, question: ContextQuestion) -> CrmContext:
    """One call, whatever is cached: the look-up before a write. What it says replaces the cached answer."""
    context = _read(crm, question)
    flight.store(cache_key(crm, question), _contexts.dump_json(context).decode(), MATCH_SECONDS)
    return context


def _read(crm: Crm, question: ContextQuestion) -> CrmContext:
    """One call. Where a part fails, what this person may not read is asked for once an hour and left out from then on:
    a hidden field must not cost the whole part on every open.
    """
    key = f"hidden-fields:{crm.org.organisation_id}:{crm.org.org_id}:{crm.user_id}"
    hidden = cache.get(key)
    context = read_context(crm.client, replace(question, hidden_fields=frozenset(hidden or ())))
    if context.failed and hidden is None:
        hidden = sorted(read_hidden_fields(crm.client))
        cache.set(key, hidden, HIDDEN_SECONDS)
        if hidden:
            context = read_context(crm.client, replace(question, hidden_fields=frozenset(hidden)))
    return context


def known_context(crm: Crm, question: ContextQuestion) -> CrmContext | None:
    """What is cached, without a call."""
    answer = flight.known(cache_key(crm, question))
    return _contexts.validate_json(answer.value) if answer else None


def message_identifier_of(mail: Message | MessageHint) -> str:
    """What a hint or a message says its Message-ID is, as Salesforce holds it; empty when there is none."""
    return stored_identifier(mail.internet_message_id) if mail.internet_message_id else ""
