"""What the pane shows of the open email: its people in Salesforce, what is open with them, and its status."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.core.cache import cache
from django.db.models import Q
from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import System
from sync.crm import CrmContext
from sync.mail import MessageHint
from sync.models import Activity, Decision, Intent, Item, Link, Mailbox, Sighting
from sync.providers.salesforce.urls import record_url
from sync.rules.business import BusinessChoice, ThreadFiling, automatic_choice, choose_business_record
from sync.rules.content import FileChoice, choose_files
from sync.rules.eligibility import Cause, Facts, Mode, may_file
from sync.rules.identity import identity_hash
from sync.rules.left_out import LeftOut, left_out
from sync.rules.participants import Participant, participants, with_mailbox
from sync.rules.people import Matches, match_people
from sync.rules.sentences import standing_sentence
from sync.said import in_the_readers_language
from sync.services.capture_settings import settings_of
from sync.services.clients import GMAIL, Crm, connection_of, crm_of, provider_of
from sync.services.completing import completed
from sync.services.context import ReadContext, context_for, fresh_context, message_identifier_of, question_of
from sync.services.execute import undo_under_way
from sync.services.pane_layout import PaneLayout, layout_of
from sync.services.party import party_of
from sync.services.reading.offered import offered
from sync.services.reading.pane_state import habits_of
from sync.services.reading.touched import with_touched
from sync.services.relating import only, types_for
from sync.services.status import EmailStatus, StatusKind, filed_sentence, filed_status, names_of

FACTS_SECONDS = 30


@dataclass(frozen=True, slots=True)
class OpenEmail:
    """Everything of one painted email. `version` changes with whatever of it may change."""

    hint: MessageHint
    participants: tuple[Participant, ...]
    matches: Matches
    crm: CrmContext
    choice: BusinessChoice
    files: tuple[FileChoice, ...]
    status: EmailStatus
    from_cache: bool
    instance_url: str
    layout: PaneLayout
    salesforce_user_id: str
    stale_reason: str = ""
    left_out: tuple[LeftOut, ...] = ()


def open_email(actor: Actor, hint: MessageHint) -> OpenEmail:
    """The context and status of an email, from the client's hints: at most one Salesforce call, no mailbox call
    (in Gmail one, where its page shows no people and the ledger does not know the email).

    Raises WrongMailbox, sync.errors.* and accounts.errors.NotConnected.
    """
    require_own(actor, "email.view")
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    hint = completed(actor, hint)
    party = with_mailbox(party_of(actor), hint.mailbox)
    everyone = participants(hint, party)
    identifier = message_identifier_of(hint)
    layout = layout_of(actor)
    question = question_of(crm, layout, everyone, identifier, hint.subject)
    read = context_for(crm, question)
    activity = _activity(actor, crm, identifier)
    if activity is not None and _outdated(actor, activity, read.crm):
        read = ReadContext(fresh_context(crm, question), False, "")
    read = replace(read, crm=with_touched(crm, read.crm))
    chosen_of = habits_of(actor).person_of
    matches = match_people(everyone, read.crm, salesforce_user_id=crm.user_id, chosen_of=chosen_of)
    # All of it is shown; ticked at first is only what this person may file onto.
    candidates = only(read.crm, types_for(actor, {one.object_name for one in read.crm.custom}))
    thread = thread_filing(actor, crm, hint.conversation_id, candidates)
    choice = choose_business_record(
        matches, candidates, salesforce_user_id=crm.user_id, subject=hint.subject, body="", thread=thread
    )
    status = email_status(actor, crm, hint, everyone, read.crm, matches, party.internal_domains, activity)
    if status.kind is StatusKind.WILL_FILE:
        coming = automatic_choice(
            matches,
            candidates,
            filed_by=status.rule,
            salesforce_user_id=crm.user_id,
            subject=hint.subject,
            thread=thread,
        )
        status = replace(status, records=coming.records)
    return OpenEmail(
        hint=hint,
        participants=everyone,
        matches=matches,
        crm=read.crm,
        choice=choice,
        files=choose_files(hint.attachments),
        status=status,
        from_cache=read.from_cache,
        instance_url=crm.instance_url,
        layout=offered(actor, layout),
        salesforce_user_id=crm.user_id,
        stale_reason=read.stale_reason,
        left_out=left_out(everyone, party, matches, hint.mailbox),
    )


def _activity(actor: Actor, crm: Crm, identifier: str) -> Activity | None:
    if not identifier:
        return None
    known = Activity.objects.filter(organisation=actor.organisation, salesforce_org=crm.org, identity=identifier)
    return known.first()


def _outdated(actor: Actor, activity: Activity, context: CrmContext) -> bool:
    """Whether a colleague filed the email after this was read: what this person may see of it must be asked anew."""
    if context.filed is not None or context.read_at is None:
        return False
    theirs = Link.objects.filter(activity=activity, part=Link.Part.EMAIL, created_at__gt=context.read_at)
    return theirs.exclude(filed_by=actor.user).exists()


def email_status(
    actor: Actor,
    crm: Crm,
    hint: MessageHint,
    everyone: tuple[Participant, ...],
    context: CrmContext,
    matches: Matches,
    internal_domains: frozenset[str],
    activity: Activity | None,
) -> EmailStatus:
    """The status as the ledger and Salesforce know it; for an email that neither knows, what the rules say."""
    if activity is not None:
        status = activity_status(actor, crm, activity, context)
        if status is not None:
            return status
    if context.filed is not None:
        return EmailStatus(
            StatusKind.FILED,
            filed_sentence(context.filed.related),
            rule="duplicate",
            records=context.filed.related,
            url=record_url(crm.instance_url, context.filed.id),
        )
    mailbox = mailbox_facts(actor, hint)
    facts = Facts(
        participants=everyone,
        known_people=bool(matches.people),
        domain_accounts=len(context.suggested_accounts),
        internal_domains=internal_domains,
        mode=mailbox.mode,
        before_window=mailbox.window_from is not None
        and hint.sent_at is not None
        and hint.sent_at < mailbox.window_from,
    )
    verdict = may_file(hint, facts, Cause.BUTTON)
    if verdict.answer == "cannot":
        return EmailStatus(StatusKind.CANNOT, gettext(verdict.sentence), rule=verdict.rule)
    decided = decided_status(actor, hint)
    if decided is not None:
        return decided
    by_itself = may_file(hint, facts, Cause.MODE)
    if by_itself.answer == "yes":
        # The engine sees it in a moment; then it says when.
        return EmailStatus(StatusKind.WILL_FILE, gettext(by_itself.sentence), rule=by_itself.rule)
    return EmailStatus(StatusKind.WILL_NOT, gettext(by_itself.sentence), rule=by_itself.rule)


def decided_status(actor: Actor, hint: MessageHint) -> EmailStatus | None:
    """What the engine decided of the open email, where it has read it: it knows what a hint does not tell."""
    key = identity_hash(hint.internet_message_id)
    known = Q(item__identity_hash=key) if key else Q(pk__in=())
    if provider_of(actor) == GMAIL:
        known |= Q(item__provider=GMAIL, item__provider_id=hint.item_key)
    mine = Decision.objects.filter(known, item__user=actor.user)
    decision = mine.exclude(outcome=Decision.Outcome.WAITING).order_by("-decided_at").first()
    if decision is None or decision.outcome == Decision.Outcome.CAPTURED:
        return None
    sentence = standing_sentence(decision.outcome, decision.rule, decision.inputs)
    return EmailStatus(StatusKind.WILL_NOT, sentence, rule=decision.rule)


@dataclass(frozen=True, slots=True)
class MailboxFacts:
    """What the pane has to know of the actor's mailbox: what it files by itself, and since when."""

    mode: Mode
    window_from: datetime | None


def facts_key(actor: Actor) -> str:
    return f"mailbox-facts:{actor.organisation.id}:{actor.user.id}"


def mailbox_facts(actor: Actor, hint: MessageHint) -> MailboxFacts:
    """From the cache for some seconds, since every open email asks. Where nothing is read, nothing is filed."""
    key = facts_key(actor)
    known = cache.get(key)
    if known is None:
        window = (
            Mailbox.objects.filter(user=actor.user, state=Mailbox.State.ACTIVE)
            .order_by("provider")
            .values_list("window_from", flat=True)
            .first()
        )
        mode = settings_of(actor).mode if window else Mode.OFF
        known = [str(mode), window.isoformat() if window else ""]
        cache.set(key, known, FACTS_SECONDS)
    return MailboxFacts(Mode(known[0]), datetime.fromisoformat(known[1]) if known[1] else None)


def activity_status(actor: Actor, crm: Crm, activity: Activity, context: CrmContext | None) -> EmailStatus | None:
    """The status of an activity of the ledger; None when nothing was ever asked of it."""
    intent = Intent.objects.filter(activity=activity, kind=Intent.Kind.EMAIL).first()
    link = Link.objects.filter(activity=activity, part=Link.Part.EMAIL).first()
    filing_id = str(activity.id)
    if link is not None:
        if undo_under_way(link):
            return EmailStatus(StatusKind.FILING, gettext("Being taken back."), rule="undone", filing_id=filing_id)
        if deleted_in_salesforce(actor, crm, link, context):
            return EmailStatus(
                StatusKind.NOT_FILED,
                gettext("Not filed: its record was deleted in Salesforce. It can be filed again."),
                rule="deleted-in-salesforce",
                filing_id=filing_id,
            )
        return filed_status(actor, crm, activity, link, context)
    if intent is None:
        return None
    if intent.automatic and intent.state == Intent.State.WAITING:
        return waiting_status(actor, activity, intent)
    if intent.state in {Intent.State.WAITING, Intent.State.CLAIMED}:
        if intent.user_id != actor.user.id:
            if not Sighting.objects.filter(activity=activity, item__user=actor.user).exists():
                return elsewhere_status()
            return EmailStatus(
                StatusKind.FILING, gettext("A colleague is filing it."), rule="button", filing_id=filing_id
            )
        return EmailStatus(StatusKind.FILING, waiting_sentence(intent), rule="button", filing_id=filing_id)
    if intent.state == Intent.State.UNDONE:
        return EmailStatus(
            StatusKind.UNDONE,
            gettext("Taken back. It stays so unless you file it again."),
            rule="undone",
            filing_id=filing_id,
        )
    if intent.state == Intent.State.PARKED and intent.user_id == actor.user.id:
        return EmailStatus(StatusKind.NOT_FILED, parked_sentence(intent), rule=intent.reason, filing_id=filing_id)
    return None


def waiting_status(actor: Actor, activity: Activity, intent: Intent) -> EmailStatus | None:
    """An email that waits to be filed by itself: in this person's mailbox, or only in a colleague's."""
    decisions = list(Decision.objects.filter(item__user=actor.user, item__sighting__activity=activity))
    if not decisions:
        return elsewhere_status(None if intent.reason else intent.due_at)
    # In two mailboxes of one person it may wait in one and be skipped in the other.
    mine = next((one for one in decisions if one.outcome == Decision.Outcome.WAITING), decisions[0])
    filing_id = str(activity.id)
    sentence = standing_sentence(mine.outcome, mine.rule, mine.inputs)
    if mine.outcome != Decision.Outcome.WAITING:
        return EmailStatus(StatusKind.WILL_NOT, sentence, rule=mine.rule, filing_id=filing_id)
    return EmailStatus(
        StatusKind.WILL_FILE,
        waiting_sentence(intent) if intent.reason else sentence,
        rule=mine.rule,
        filing_id=filing_id,
        can_stop=True,
        # What was put off is filed as soon as it can be: there is nothing to count down to.
        due_at=None if intent.reason else intent.due_at,
    )


def elsewhere_status(due_at: datetime | None = None) -> EmailStatus:
    """An email that another mailbox files, not read in this person's own yet: theirs to press, not to stop.

    Names no filing: how one goes is told only to those in whose mailbox it was read.
    """
    sentence = standing_sentence(Decision.Outcome.WAITING, "duplicate", {})
    return EmailStatus(StatusKind.WILL_FILE, sentence, rule="duplicate", due_at=due_at)


def deleted_in_salesforce(actor: Actor, crm: Crm, link: Link, context: CrmContext | None) -> bool:
    """Whether somebody deleted the record there: its own author reads and does not find it any more."""
    return bool(
        context is not None
        and crm.shape.enhanced_email
        and link.filed_by_id == actor.user.id
        and context.filed is None
        and "email" not in context.failed
        and context.read_at is not None
        and context.read_at > link.created_at
    )


def waiting_sentence(intent: Intent) -> str:
    sentences = {
        "throttled": gettext("Salesforce is busy. It is filed by itself as soon as Salesforce takes it."),
        "quota-spent": gettext("Salesforce takes no more calls today. It is filed as soon as it takes some again."),
        "unavailable": gettext("Salesforce does not answer. It is filed as soon as it does."),
        "ambiguous": gettext("Salesforce did not confirm. We look whether it arrived before we write again."),
    }
    return sentences.get(intent.reason, gettext("Filing…"))


def parked_sentence(intent: Intent) -> str:
    words = in_the_readers_language(intent.words)
    quoted = f" “{words}”" if words else ""
    sentences = {
        "salesforce-refused": gettext("Not filed: Salesforce refused it.") + quoted,
        "forbidden": gettext("Not filed: Salesforce does not allow you this.") + quoted,
        "needs-reconnect": f"{gettext('Not filed.')} {words}",
        "fetch-failed": gettext("Not filed: the email is no longer in the mailbox."),
    }
    return sentences.get(intent.reason, gettext("Not filed.") + quoted)


def thread_filing(actor: Actor, crm: Crm, conversation_id: str, context: CrmContext) -> ThreadFiling | None:
    """What the newest filed email of the same conversation in the actor's mailbox was filed to.

    A colleague may have filed it: only what Salesforce shows this person is named.
    """
    if not conversation_id:
        return None
    link = (
        Link.objects.filter(
            organisation=actor.organisation,
            part=Link.Part.EMAIL,
            activity__salesforce_org=crm.org,
            activity__sightings__item__in=Item.objects.filter(user=actor.user, conversation_id=conversation_id),
        )
        .select_related("activity")
        .order_by("-created_at")
        .first()
    )
    if link is None:
        return None
    intent = Intent.objects.filter(activity=link.activity, kind=Intent.Kind.EMAIL).first()
    shown = names_of(context)
    return ThreadFiling(
        records=tuple((name, record) for name, record in link.related if record in shown),
        address_hashes=tuple(intent.choice.get("external_hashes", [])) if intent else (),
    )
