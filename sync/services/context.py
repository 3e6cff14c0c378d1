"""The Salesforce context of an email's people, read as one Salesforce user: one call cold, none warm.

Cache keys hold the organisation, the Salesforce org and the Salesforce user, since people see different records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.core.cache import cache
from pydantic import TypeAdapter

from sync.crm import CrmContext
from sync.errors import ProviderError, Throttled, Unavailable
from sync.mail import Message, MessageHint
from sync.providers.salesforce import soql
from sync.providers.salesforce.context import ContextQuestion, read_context
from sync.providers.salesforce.schema import CustomAbout, FieldAbout, read_custom, read_fields, read_hidden_fields
from sync.rules.business import case_lookup, case_references
from sync.rules.identity import stored_identifier
from sync.rules.participants import Participant
from sync.rules.people import lookup_addresses, lookup_domains
from sync.services import flight
from sync.services.clients import Crm
from sync.services.pane_layout import PaneLayout, children_asked, custom_objects, further_fields, needs_describe
from sync.services.records.caches import key_of, own_version

MATCH_SECONDS = 300.0
MISS_SECONDS = 120.0
HIDDEN_SECONDS = 3600

_contexts: TypeAdapter[CrmContext] = TypeAdapter(CrmContext)
_about: TypeAdapter[dict[str, tuple[FieldAbout, ...]]] = TypeAdapter(dict[str, tuple[FieldAbout, ...]])
_custom: TypeAdapter[tuple[CustomAbout, ...]] = TypeAdapter(tuple[CustomAbout, ...])


@dataclass(frozen=True, slots=True)
class ReadContext:
    """`stale_reason` is set when the provider did not answer and an older answer is shown instead."""

    crm: CrmContext
    from_cache: bool
    version: str
    stale_reason: str = ""


def question_of(
    crm: Crm, layout: PaneLayout, participants: tuple[Participant, ...], message_identifier: str, subject: str
) -> ContextQuestion:
    """What to ask for an email, as the person's pane shows it. Cases that its subject refers to are found whatever
    their age. One call at most once an hour, where the layout has fields of which only describe can tell.
    """
    case_ids, case_numbers = case_lookup(case_references(subject, ""))
    return ContextQuestion(
        addresses=lookup_addresses(participants),
        domains=lookup_domains(participants),
        message_identifier=message_identifier,
        enhanced_email=crm.shape.enhanced_email,
        person_accounts=crm.shape.person_accounts,
        email_fields=crm.shape.email_fields,
        multi_currency=crm.shape.multi_currency,
        case_ids=case_ids,
        case_numbers=case_numbers,
        opportunity_days=layout.of("Opportunity").filters.closed_days or 0,
        case_days=layout.of("Case").filters.closed_days or 0,
        fields=further_fields(layout, fields_about(crm, layout)),
        children=children_asked(layout, custom_about(crm, custom_objects(layout))),
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
            "",
            f"{question.opportunity_days} {question.case_days} {question.fields!r} {question.children!r}",
        ]
    )
    digest = hashlib.sha256(asked.encode()).hexdigest()
    return key_of(crm, "context", own_version(crm), digest)


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
    a hidden field must not cost the whole part on every open. Further fields that cost a part are left out as long.
    """
    hidden = hidden_fields(crm)
    refused = _refused_key(crm, question)
    further = bool(question.fields or question.children)
    if further and cache.get(refused):
        question, further = replace(question, fields=(), children=()), False
    context = read_context(crm.client, replace(question, hidden_fields=hidden))
    if context.failed and further:
        question = replace(question, fields=(), children=())
        without = read_context(crm.client, replace(question, hidden_fields=hidden))
        if len(without.failed) < len(context.failed):
            cache.set(refused, True, HIDDEN_SECONDS)
        context = without
    if context.failed and not hidden:
        hidden = hidden_fields(crm, learn=True)
        if hidden:
            context = read_context(crm.client, replace(question, hidden_fields=hidden))
    return context


def _refused_key(crm: Crm, question: ContextQuestion) -> str:
    """By what is shown, not by whose email: a field that is refused for one email is refused for the next."""
    digest = hashlib.sha256(repr((question.fields, question.children)).encode()).hexdigest()
    return f"fields-refused:{crm.org.organisation_id}:{crm.org.org_id}:{crm.user_id}:{digest}"


def hidden_fields(crm: Crm, *, learn: bool = False) -> frozenset[str]:
    """What this person may not read, as far as it is known; `learn` asks for it where it is not (five calls)."""
    key = f"hidden-fields:{crm.org.organisation_id}:{crm.org.org_id}:{crm.user_id}"
    hidden = cache.get(key)
    if hidden is None and learn:
        hidden = sorted(read_hidden_fields(crm.client))
        cache.set(key, hidden, HIDDEN_SECONDS)
    return frozenset(hidden or ())


def fields_about(crm: Crm, layout: PaneLayout) -> Mapping[str, tuple[FieldAbout, ...]]:
    """What the person may read of the layout's objects, if it takes describe to know; nothing where it did not answer:
    the rest of the pane shows without these fields.
    """
    if not needs_describe(layout):
        return {}
    try:
        return readable_fields(crm, [one.name for one in layout.shown if one.name in soql.FIELDS])
    except ProviderError:
        return {}


def custom_about(crm: Crm, names: tuple[str, ...]) -> tuple[CustomAbout, ...]:
    """What these objects of the org's own are to the person; nothing where Salesforce did not answer.

    One call, kept for an hour; none where there are no such objects.
    """
    if not names:
        return ()
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
    key = f"custom:{crm.org.organisation_id}:{crm.org.org_id}:{crm.user_id}:{digest}"
    load = lambda: (_custom.dump_json(read_custom(crm.client, names)).decode(), HIDDEN_SECONDS)  # noqa: E731
    try:
        return _custom.validate_json(flight.fetch(key, load).value)
    except ProviderError:
        return ()


def readable_fields(crm: Crm, object_names: Iterable[str]) -> Mapping[str, tuple[FieldAbout, ...]]:
    """What the person may read of these objects and a card can show. One call, kept for an hour.

    Raises sync.errors.*
    """
    names = sorted(set(object_names))
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
    key = f"fields:{crm.org.organisation_id}:{crm.org.org_id}:{crm.user_id}:{digest}"
    load = lambda: (_about.dump_json(read_fields(crm.client, names)).decode(), HIDDEN_SECONDS)  # noqa: E731
    return _about.validate_json(flight.fetch(key, load).value)


def known_context(crm: Crm, question: ContextQuestion) -> CrmContext | None:
    """What is cached, without a call."""
    answer = flight.known(cache_key(crm, question))
    return _contexts.validate_json(answer.value) if answer else None


def message_identifier_of(mail: Message | MessageHint) -> str:
    """What a hint or a message says its Message-ID is, as Salesforce holds it; empty when there is none."""
    return stored_identifier(mail.internet_message_id) if mail.internet_message_id else ""
