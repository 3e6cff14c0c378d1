"""What the pane shows of the open email: its people in Salesforce, what is open with them, and its status."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import System
from sync.crm import CrmContext
from sync.mail import MessageHint
from sync.models import Activity, Intent, Item, Link
from sync.providers.salesforce.urls import record_url
from sync.rules.business import BusinessChoice, ThreadFiling, choose_business_record
from sync.rules.content import FileChoice, choose_files
from sync.rules.eligibility import Cause, Facts, may_file
from sync.rules.participants import Participant, participants
from sync.rules.people import Matches, match_people
from sync.services.clients import Crm, connection_of, crm_of
from sync.services.context import ReadContext, context_for, fresh_context, message_identifier_of, question_of
from sync.services.execute import undo_under_way
from sync.services.party import party_of
from sync.services.status import EmailStatus, StatusKind, filed_sentence, filed_status, names_of


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
    stale_reason: str = ""


def open_email(actor: Actor, hint: MessageHint) -> OpenEmail:
    """The context and status of an email, from the client's hints: at most one Salesforce call, no mailbox call.

    Raises sync.errors.* and accounts.errors.NotConnected.
    """
    require_own(actor, "email.view")
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    party = party_of(actor)
    everyone = participants(hint, party)
    identifier = message_identifier_of(hint)
    question = question_of(crm, everyone, identifier, hint.subject)
    read = context_for(crm, question)
    activity = _activity(actor, crm, identifier)
    if activity is not None and _outdated(actor, activity, read.crm):
        read = ReadContext(fresh_context(crm, question), False, "")
    matches = match_people(everyone, read.crm, salesforce_user_id=crm.user_id)
    choice = choose_business_record(
        matches,
        read.crm,
        salesforce_user_id=crm.user_id,
        subject=hint.subject,
        body="",
        thread=thread_filing(actor, crm, hint.conversation_id, read.crm),
    )
    return OpenEmail(
        hint=hint,
        participants=everyone,
        matches=matches,
        crm=read.crm,
        choice=choice,
        files=choose_files(hint.attachments),
        status=email_status(actor, crm, hint, everyone, read.crm, matches, party.internal_domains, activity),
        from_cache=read.from_cache,
        instance_url=crm.instance_url,
        stale_reason=read.stale_reason,
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
    facts = Facts(participants=everyone, known_people=bool(matches.people), internal_domains=internal_domains)
    verdict = may_file(hint, facts, Cause.BUTTON)
    if verdict.answer == "cannot":
        return EmailStatus(StatusKind.CANNOT, verdict.sentence, rule=verdict.rule)
    by_itself = may_file(hint, facts, Cause.MODE)
    return EmailStatus(StatusKind.WILL_NOT, by_itself.sentence, rule=by_itself.rule)


def activity_status(actor: Actor, crm: Crm, activity: Activity, context: CrmContext | None) -> EmailStatus | None:
    """The status of an activity of the ledger; None when nothing was ever asked of it."""
    intent = Intent.objects.filter(activity=activity, kind=Intent.Kind.EMAIL).first()
    link = Link.objects.filter(activity=activity, part=Link.Part.EMAIL).first()
    filing_id = str(activity.id)
    if link is not None:
        if undo_under_way(link):
            return EmailStatus(StatusKind.FILING, "Being taken back.", rule="undone", filing_id=filing_id)
        if deleted_in_salesforce(actor, crm, link, context):
            return EmailStatus(
                StatusKind.NOT_FILED,
                "Not filed: its record was deleted in Salesforce. It can be filed again.",
                rule="deleted-in-salesforce",
                filing_id=filing_id,
            )
        return filed_status(actor, crm, activity, link, context)
    if intent is None:
        return None
    if intent.state in {Intent.State.WAITING, Intent.State.CLAIMED}:
        if intent.user_id != actor.user.id:
            return EmailStatus(StatusKind.FILING, "A colleague is filing it.", rule="button", filing_id=filing_id)
        return EmailStatus(StatusKind.FILING, waiting_sentence(intent), rule="button", filing_id=filing_id)
    if intent.state == Intent.State.UNDONE:
        return EmailStatus(
            StatusKind.UNDONE, "Taken back. It stays so unless you file it again.", rule="undone", filing_id=filing_id
        )
    if intent.state == Intent.State.PARKED and intent.user_id == actor.user.id:
        return EmailStatus(StatusKind.NOT_FILED, parked_sentence(intent), rule=intent.reason, filing_id=filing_id)
    return None


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
        "throttled": "Salesforce is busy. It is filed by itself as soon as Salesforce takes it.",
        "quota-spent": "Salesforce takes no more calls today. It is filed as soon as it takes some again.",
        "unavailable": "Salesforce does not answer. It is filed as soon as it does.",
        "ambiguous": "Salesforce did not confirm. We look whether it arrived before we write again.",
    }
    return sentences.get(intent.reason, "Filing…")


def parked_sentence(intent: Intent) -> str:
    words = f" “{intent.words}”" if intent.words else ""
    sentences = {
        "salesforce-refused": f"Not filed: Salesforce refused it.{words}",
        "forbidden": f"Not filed: Salesforce does not allow you this.{words}",
        "needs-reconnect": f"Not filed. {intent.words}",
        "fetch-failed": "Not filed: the email is no longer in the mailbox.",
    }
    return sentences.get(intent.reason, f"Not filed.{words}")


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
