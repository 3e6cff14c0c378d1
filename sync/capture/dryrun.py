"""What would be filed, without filing: the same pages, rules and look-ups, and nothing is written anywhere.

    the mailbox from a day on, newest first ──► page by page ──► each message's verdict, and what it would stand on

A page of messages costs the mailbox what reading it costs, and Salesforce one call. Nothing of it is kept: the
caller hands the cursor back for the next page. It is signed for its mailbox: a provider's cursor may be an address, and
nobody must lead the organisation's own grant to a mailbox that is not theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import System
from sync.capture.judging import Judgement, Known, Past, judge
from sync.capture.preparing import known_activities, pasts_of
from sync.capture.view import MailboxView, view_of
from sync.crm import CrmContext, RelatedRecord
from sync.mail import Message
from sync.models import Collection, Decision, Mailbox
from sync.providers.mailbox import Change
from sync.providers.salesforce.context import ContextQuestion
from sync.providers.salesforce.contexts import read_contexts
from sync.rules.business import automatic_choice
from sync.rules.identity import stored_identifier
from sync.rules.participants import Participant, participants
from sync.rules.people import lookup_addresses, lookup_domains, match_people
from sync.rules.scope import in_scope, is_marked
from sync.services.clients import Crm, connection_of, crm_of, mailbox_client
from sync.services.relating import only, types_for

KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DryLine:
    """One message: `outcome` is what would be decided, `records` what it would stand on, as far as is known without
    its text.
    """

    provider_id: str
    subject: str
    sender: str
    received_at: datetime | None
    outcome: str
    rule: str
    inputs: dict[str, object]
    records: tuple[RelatedRecord, ...] = ()
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DryPage:
    """`cursor` goes on behind these lines; empty when that was all."""

    lines: tuple[DryLine, ...]
    cursor: str = ""


class UnknownCursor(ValueError):
    """A cursor that was not given for this mailbox, or an hour ago. The text says what to do."""


@dataclass(frozen=True, slots=True)
class _Asked:
    message: Message
    everyone: tuple[Participant, ...]
    past: Past
    scoped: bool


def dry_run(actor: Actor, mailbox: Mailbox, *, since: date, cursor: str = "") -> DryPage:
    """One page. Raises UnknownCursor, sync.errors.*, accounts.errors.NotConnected, policy.Denied."""
    require_own(actor, "mailbox.sync")
    folder_id, behind = _opened(mailbox, cursor) if cursor else ("", "")
    moment = datetime.combine(since, time.min, tzinfo=timezone.get_current_timezone())
    mailbox.window_from = moment
    view = view_of(mailbox)
    folders = _folders(mailbox)
    if not behind or folder_id not in folders:
        folder_id, behind = folder_id if folder_id in folders else folders[0], ""
    client = mailbox_client(mailbox)
    page = client.changes(folder_id, behind or client.begin(folder_id, since=moment), lambda ids: frozenset())
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    lines = _lines(crm, view, page.changes)
    if not (page.done or not page.full):
        return DryPage(lines, _signed(mailbox, folder_id, page.cursor))
    following = folders[folders.index(folder_id) + 1 :]
    return DryPage(lines, _signed(mailbox, following[0], "") if following else "")


def _signed(mailbox: Mailbox, folder_id: str, cursor: str) -> str:
    return signing.dumps([folder_id, cursor], salt=f"dry-run:{mailbox.pk}", compress=True)


def _opened(mailbox: Mailbox, signed: str) -> tuple[str, str]:
    try:
        folder_id, cursor = signing.loads(signed, salt=f"dry-run:{mailbox.pk}", max_age=KEPT)
    except (signing.BadSignature, ValueError):
        raise UnknownCursor(gettext("This list is not known any more: begin it anew.")) from None
    return str(folder_id), str(cursor)


def _folders(mailbox: Mailbox) -> list[str]:
    """The folders that are filed from, the Inbox first."""
    scoped = Collection.objects.filter(mailbox=mailbox, kind=Collection.Kind.MAIL, in_scope=True)
    ordered = sorted(scoped, key=lambda one: (one.folder_kind != "inbox", one.folder_kind != "sent", one.name))
    return [one.remote_id for one in ordered] or [""]


def _lines(crm: Crm, view: MailboxView, changes: Sequence[Change]) -> tuple[DryLine, ...]:
    heads = [change.head for change in changes if change.head is not None]
    activities = known_activities(view, (stored_identifier(head.internet_message_id) for head in heads))
    pasts = pasts_of(activities.values())
    asked = []
    for head in heads:
        activity = activities.get(stored_identifier(head.internet_message_id))
        asked.append(
            _Asked(
                head,
                participants(head, view.party),
                pasts.get(activity.pk, Past()) if activity else Past(),
                in_scope(
                    head,
                    provider=view.mailbox.provider,
                    chosen_folder_ids=view.settings.chosen_folders,
                    scoped_folder_ids=view.scoped_folders,
                ),
            )
        )
    first = [_judge(view, one, None) for one in asked]
    waiting = {str(n): _question(crm, view, one) for n, one in enumerate(asked) if first[n].waits}
    contexts = read_contexts(crm.client, waiting) if waiting else {}
    types = types_for(view.actor)
    shown = {number: only(context, types) for number, context in contexts.items()}
    return tuple(_line(crm, view, one, shown.get(str(number))) for number, one in enumerate(asked))


def _judge(view: MailboxView, one: _Asked, known: Known | None) -> Judgement:
    marked = is_marked(one.message.categories, view.settings.mark_name)
    return judge(view, one.message, marked=marked, in_scope=one.scoped, past=one.past, known=known)


def _question(crm: Crm, view: MailboxView, one: _Asked) -> ContextQuestion:
    return ContextQuestion(
        addresses=lookup_addresses(one.everyone),
        domains=lookup_domains(one.everyone),
        message_identifier=stored_identifier(one.message.internet_message_id),
        enhanced_email=crm.shape.enhanced_email,
        person_accounts=crm.shape.person_accounts,
        email_fields=crm.shape.email_fields,
        opportunity_days=view.settings.opportunity_days,
        case_days=view.settings.case_days,
        multi_currency=crm.shape.multi_currency,
    )


def _line(crm: Crm, view: MailboxView, one: _Asked, context: CrmContext | None) -> DryLine:
    records: tuple[RelatedRecord, ...] = ()
    people: tuple[str, ...] = ()
    judgement = _judge(view, one, None)
    if context is not None:
        matches = match_people(one.everyone, context, salesforce_user_id=crm.user_id)
        known = Known(bool(matches.people), len(context.suggested_accounts), thread_record=False)
        judgement = _judge(view, one, known)
        if judgement.waits:
            chosen = automatic_choice(
                matches,
                context,
                filed_by=judgement.rule,
                salesforce_user_id=crm.user_id,
                subject=one.message.subject,
            )
            records, people = chosen.records, tuple(match.person.name for match in matches.people if match.linked)
        if judgement.waits and context.filed is not None:
            judgement = replace(judgement, outcome=Decision.Outcome.CAPTURED, rule="duplicate")
    sender = one.message.from_
    return DryLine(
        provider_id=one.message.provider_id,
        subject=one.message.subject,
        sender=(sender.name or sender.address) if sender else "",
        received_at=one.message.received_at,
        outcome=str(judgement.outcome),
        rule=judgement.rule,
        inputs=judgement.inputs,
        records=records,
        people=people,
    )
