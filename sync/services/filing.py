"""The button: from a press in the pane to exactly one record in Salesforce.

    press ─► fetch the message from the person's own mailbox (what the client said is a hint)
          ─► ① one transaction: activity, item, sighting, decision, intent          (nothing written outside yet)
          ─► ② claim the intent                          (one of many presses wins; the others wait for its answer)
          ─► ③ look up as that person: does Salesforce hold this message already?                     [one call]
          ─► ④ write EmailMessage, relations and Tasks, all or none                                   [one call]
          ─► ⑤ one transaction: links, intent done, file intents; the worker is woken on commit
          ─► ⑥ each file is a step of its own                                             [one call for each]

Killed before ①, nothing happened. Killed from ① on, the intent stands: its lease ends, the sweeper (or the next press,
or the pane's own question how it goes) claims it and goes through ③ again, which finds what ④ may have written.
A write without an answer (`Ambiguous`) takes the same road. `lease_token` keeps a process that wakes up late from
recording anything after another took over.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from dataclasses import replace
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import System, User
from accounts.trail import record_own
from permissions import policy
from sync.capture.follows import NothingToFollow, follow, unfollow
from sync.capture.mailboxes import veto
from sync.mail import Message, MessageHint
from sync.models import Activity, Decision, Intent, Issue, Item, Link, Sighting
from sync.providers.salesforce.filing import find_email
from sync.rules.eligibility import Cause, Facts, may_file
from sync.rules.identity import computed_identity, identity_hash, message_fingerprint, message_identity
from sync.rules.participants import participants
from sync.rules.sentences import standing_sentence
from sync.said import in_the_readers_language
from sync.services import flight, leases
from sync.services.choosing import BadChoice, FilingRequest, chosen
from sync.services.clients import Crm, connection_of, crm_of, mailbox_of, provider_of
from sync.services.completing import completed
from sync.services.context import fresh_context, known_context, message_identifier_of, question_of
from sync.services.execute import SETTLE, run_email, run_undo, settle_deleted
from sync.services.open_email import activity_status
from sync.services.pane_layout import layout_of
from sync.services.party import party_of
from sync.services.status import EmailStatus, StatusKind

WAIT_SECONDS = 8.0
_POLL_SECONDS = 0.05
EMAIL_KEY = "email"
_PRESSED_AGAIN = frozenset({Intent.State.PARKED, Intent.State.UNDONE, Intent.State.SKIPPED})


def file_email(actor: Actor, request: FilingRequest) -> EmailStatus:
    """File the email as chosen; pressing again is answered with the same record.

    Raises BadChoice, accounts.errors.NotConnected and sync.errors.* where the person has to do something first.
    """
    require_own(actor, "email.file")
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    request = replace(request, hint=completed(actor, request.hint))
    # Presses of one person on one email go one after the other: the first does the work, the rest read its answer.
    pressed = hashlib.sha256((request.hint.internet_message_id or request.hint.item_key).encode()).hexdigest()
    with flight.alone(f"press:{actor.organisation.id}:{actor.user.id}:{pressed}"):
        own = _own_filing(actor, crm, request.hint)
        if own is not None and not _replaces(request, own):
            return own
        return _file(actor, crm, request)


def _replaces(request: FilingRequest, own: EmailStatus) -> bool:
    """Whether the press takes the place of what is filed; pressed twice, the second finds another record there."""
    return (
        bool(request.replaces)
        and Link.objects.filter(activity=UUID(own.filing_id), part=Link.Part.EMAIL, record_id=request.replaces).exists()
    )


def _own_filing(actor: Actor, crm: Crm, hint: MessageHint) -> EmailStatus | None:
    """The answer to a press on what this person has just filed, without any call."""
    identifier = message_identifier_of(hint)
    link = (
        Link.objects.filter(
            organisation=actor.organisation,
            part=Link.Part.EMAIL,
            filed_by=actor.user,
            created_at__gt=timezone.now() - SETTLE,
            activity__salesforce_org=crm.org,
            activity__identity=identifier,
            activity__sightings__item__user=actor.user,
        )
        .select_related("activity")
        .first()
    )
    if not identifier or link is None:
        return None
    question = question_of(crm, layout_of(actor), participants(hint, party_of(actor)), identifier, hint.subject)
    return activity_status(actor, crm, link.activity, known_context(crm, question))


def _file(actor: Actor, crm: Crm, request: FilingRequest) -> EmailStatus:
    mailbox = mailbox_of(actor, provider_of(actor))
    message = mailbox.find_message(item_id=request.hint.item_key, internet_message_id=request.hint.internet_message_id)
    party = party_of(actor)
    everyone = participants(message, party)
    verdict = may_file(
        message,
        Facts(
            participants=everyone,
            # Whom the person chose is checked below; whom Salesforce knows was shown.
            known_people=True,
            record_chosen=bool(request.record_ids),
            confirmed=request.confirmed,
            internal_domains=party.internal_domains,
        ),
        Cause.BUTTON,
    )
    if verdict.answer == "cannot":
        _decide_alone(actor, message, mailbox.provider, Decision.Outcome.SKIPPED, verdict.rule)
        return EmailStatus(StatusKind.CANNOT, gettext(verdict.sentence), rule=verdict.rule)
    if verdict.answer == "confirm":
        return EmailStatus(
            StatusKind.NOT_FILED, verdict.sentence, rule=verdict.rule, needs_confirmation=verdict.sentence
        )
    if verdict.answer == "choose":
        raise BadChoice(verdict.sentence)
    if not (request.record_ids or request.person_ids):
        raise BadChoice(gettext("Choose at least one person or record to file it to."))
    choice = chosen(actor, crm, everyone, message, request)
    if request.follow:
        choice["follow"] = True
    if request.replaces:
        _take_the_place(actor, crm, message_identity(message), request.replaces, choice)
    activity, intent = _record_intent(actor, crm, message, mailbox.provider, choice)
    status = _carry_out(actor, crm, activity, intent, message, choice)
    return _followed(actor, activity, status) if request.follow else status


def _take_the_place(actor: Actor, crm: Crm, identity: str, replaced: str, choice: dict[str, object]) -> None:
    """Takes the record back and has the email filed as chosen now: one intent carries both, so neither is lost.

    Relations of a record in Salesforce cannot be changed: a later, better choice is another record.
    """
    link = Link.objects.filter(
        activity__salesforce_org=crm.org, activity__identity=identity, part=Link.Part.EMAIL, record_id=replaced
    ).first()
    if link is None or link.found or link.filed_by_id != actor.user.id:
        return
    require_own(actor, "email.undo")
    with transaction.atomic():
        list(Intent.objects.select_for_update().filter(activity=link.activity_id, kind=Intent.Kind.EMAIL))
        intent, made = Intent.objects.select_for_update().get_or_create(
            activity_id=link.activity_id,
            key=link.undo_key,
            defaults={
                "organisation": actor.organisation,
                "user": actor.user,
                "kind": Intent.Kind.UNDO,
                "choice": {"anew": choice},
            },
        )
        if not made and intent.state in {Intent.State.PARKED, Intent.State.UNDONE, Intent.State.DONE}:
            _reset(intent, actor.user, {"anew": choice})
    lease = leases.claim(intent)
    if lease:
        run_undo(actor, crm, intent, lease)
    else:
        _wait(intent)


def _followed(actor: Actor, activity: Activity, status: EmailStatus) -> EmailStatus:
    """The conversation is followed, whoever pressed first. (Where it is not filed yet, its filing sees to that.)"""
    if status.kind is not StatusKind.FILED or status.following_until is not None:
        return status
    with contextlib.suppress(NothingToFollow):
        return replace(status, can_follow=False, following_until=follow(actor, activity).until)
    return status


def follow_filing(actor: Actor, filing_id: UUID) -> EmailStatus:
    """Follow the conversation of a filed email. Raises NothingToFollow, policy.NotFound, policy.Denied."""
    activity = _activity(actor, "email.file", filing_id)
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    follow(actor, activity)
    return _status(actor, crm, activity)


def unfollow_filing(actor: Actor, filing_id: UUID) -> EmailStatus:
    """Stop following it; what is filed stays. Raises policy.NotFound, policy.Denied."""
    activity = _activity(actor, "email.file", filing_id)
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    unfollow(actor, activity)
    return _status(actor, crm, activity)


def stop_filing(actor: Actor, filing_id: UUID) -> EmailStatus:
    """Stop an email that waits to be filed by itself, in each of the actor's mailboxes that holds it.

    Where it is filed already, or nothing waits, the status says so. Raises policy.NotFound, policy.Denied.
    """
    activity = _activity(actor, "email.file", filing_id)
    mine = Item.objects.filter(user=actor.user, sighting__activity=activity).select_related("sighting__activity")
    with transaction.atomic():
        stopped = [item for item in mine if veto(item)]
        if stopped:
            record_own(actor, "filing.stopped", ("email", activity.pk), user=actor.user.pk)
    return _stopped(actor, activity) or filing_status(actor, filing_id)


def _stopped(actor: Actor, activity: Activity) -> EmailStatus | None:
    """What the person's own mailbox decided, while the email is not filed: its rest may wait in a colleague's."""
    if Link.objects.filter(activity=activity, part=Link.Part.EMAIL).exists():
        return None
    mine = Decision.objects.filter(item__user=actor.user, item__sighting__activity=activity, rule="veto").first()
    if mine is None:
        return None
    sentence = standing_sentence(mine.outcome, mine.rule, mine.inputs)
    return EmailStatus(StatusKind.WILL_NOT, sentence, rule=mine.rule, filing_id=str(activity.id))


def filing_status(actor: Actor, filing_id: UUID) -> EmailStatus:
    """How a filing stands; takes it over where whoever worked on it is gone. Raises policy.NotFound."""
    activity = _activity(actor, "email.view", filing_id)
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    intent = Intent.objects.filter(activity=activity, kind=Intent.Kind.EMAIL, user=actor.user).first()
    # What nobody pressed for has no choice yet: its batch makes it.
    if intent is not None and not intent.automatic and intent.state in {Intent.State.WAITING, Intent.State.CLAIMED}:
        lease = leases.claim(intent)
        if lease:
            run_email(actor, crm, intent, lease)
    return _status(actor, crm, activity)


def undo_filing(actor: Actor, filing_id: UUID) -> EmailStatus:
    """Take the record back, with the Tasks made for it. It stays undone: only the button files it again."""
    activity = _activity(actor, "email.undo", filing_id)
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    link = Link.objects.filter(activity=activity, part=Link.Part.EMAIL).first()
    if link is None or link.found:
        return _status(actor, crm, activity)
    if link.filed_by_id != actor.user.id and not _may_see(crm, activity):
        # Whoever does not see a record is told that it does not exist: that is no sign that it is gone.
        return _status(actor, crm, activity)
    with transaction.atomic():
        list(Intent.objects.select_for_update().filter(activity=activity, kind=Intent.Kind.EMAIL))
        if not Link.objects.filter(pk=link.pk).exists():
            return _status(actor, crm, activity)
        intent, made = Intent.objects.select_for_update().get_or_create(
            activity=activity,
            key=link.undo_key,
            defaults={"organisation": actor.organisation, "user": actor.user, "kind": Intent.Kind.UNDO},
        )
        # Done while its record stands: that one came back from Salesforce's recycle bin.
        if not made and intent.state in {Intent.State.PARKED, Intent.State.UNDONE, Intent.State.DONE}:
            _reset(intent, actor.user, intent.choice)
    lease = leases.claim(intent)
    if lease:
        run_undo(actor, crm, intent, lease)
    else:
        _wait(intent)
    intent.refresh_from_db()
    if intent.state == Intent.State.PARKED:
        status = _status(actor, crm, activity)
        words = in_the_readers_language(intent.words)
        if intent.reason != "needs-reconnect":
            words = gettext("Salesforce refused it. “%(words)s”") % {"words": words}
        return EmailStatus(
            status.kind,
            gettext("Not taken back: %(words)s") % {"words": words},
            rule=intent.reason,
            filing_id=status.filing_id,
            records=status.records,
            url=status.url,
            files=status.files,
            can_undo=True,
        )
    return _status(actor, crm, activity)


def _record_intent(
    actor: Actor, crm: Crm, message: Message, provider: str, choice: dict[str, object]
) -> tuple[Activity, Intent]:
    """① What is to be written stands in the database before anything is written elsewhere."""
    identity, fingerprint = message_identity(message), message_fingerprint(message)
    with transaction.atomic():
        activity, _ = Activity.objects.get_or_create(
            salesforce_org=crm.org,
            identity=identity,
            defaults={"organisation": actor.organisation, "fingerprint": fingerprint},
        )
        if activity.fingerprint != fingerprint:
            # Another message claims this Message-ID: nobody can occupy someone's record.
            impostor_of, identity = activity, computed_identity(message)
            activity, _ = Activity.objects.get_or_create(
                salesforce_org=crm.org,
                identity=identity,
                defaults={"organisation": actor.organisation, "fingerprint": fingerprint},
            )
            Issue.objects.get_or_create(
                organisation=actor.organisation,
                user=actor.user,
                activity=activity,
                reason=Issue.Reason.SAME_MESSAGE_ID,
                settled_at=None,
                defaults={"words": str(impostor_of.id)},
            )
        item = see_item(actor, message, provider, activity)
        intent, made = Intent.objects.select_for_update().get_or_create(
            activity=activity,
            key=EMAIL_KEY,
            defaults={
                "organisation": actor.organisation,
                "user": actor.user,
                "kind": Intent.Kind.EMAIL,
                "choice": choice,
            },
        )
        waits_by_itself = intent.automatic and intent.state == Intent.State.WAITING
        if not made and (waits_by_itself or intent.state in _PRESSED_AGAIN):
            # A filing by the button takes exactly what the person chose.
            _reset(intent, actor.user, choice)
        mine = made or intent.user_id == actor.user.id
        Decision.objects.update_or_create(
            item=item,
            defaults={
                "organisation": actor.organisation,
                "outcome": Decision.Outcome.CAPTURED,
                "rule": "button" if mine else "duplicate",
                "inputs": {"people": len(choice["people"]), "records": len(choice["records"])},  # type: ignore[arg-type]
                "decided_at": timezone.now(),
            },
        )
    return activity, intent


def see_item(actor: Actor, message: Message, provider: str, activity: Activity | None) -> Item:
    """The row of this message in the actor's mailbox, and its sighting of the activity."""
    item, _ = Item.objects.get_or_create(
        user=actor.user,
        provider=provider,
        provider_id=message.provider_id,
        defaults={
            "organisation": actor.organisation,
            "conversation_id": message.conversation_id,
            "received_at": message.received_at,
            "identity_hash": identity_hash(message.internet_message_id),
        },
    )
    if activity is not None:
        Sighting.objects.update_or_create(
            item=item, defaults={"organisation": actor.organisation, "activity": activity}
        )
    return item


def _decide_alone(actor: Actor, message: Message, provider: str, outcome: Decision.Outcome, rule: str) -> None:
    with transaction.atomic():
        item = see_item(actor, message, provider, None)
        Decision.objects.update_or_create(
            item=item,
            defaults={
                "organisation": actor.organisation,
                "outcome": outcome,
                "rule": rule,
                "decided_at": timezone.now(),
            },
        )


def _reset(intent: Intent, user: User, choice: dict[str, object]) -> None:
    """A person presses again: what was parked or undone is due anew, as chosen now."""
    intent.user, intent.choice = user, choice
    intent.state, intent.reason, intent.words = Intent.State.WAITING, "", ""
    intent.due_at, intent.finished_at, intent.attempts = timezone.now(), None, 0
    intent.automatic = False
    fields = ["user", "choice", "state", "reason", "words", "due_at", "finished_at", "attempts", "automatic"]
    intent.save(update_fields=fields)


def _carry_out(
    actor: Actor, crm: Crm, activity: Activity, intent: Intent, message: Message, choice: dict[str, object]
) -> EmailStatus:
    """②–⑤ here and now if this press wins the claim; else wait for the one that did."""
    if intent.state == Intent.State.DONE and settle_deleted(actor, crm, activity, intent, choice):
        intent.refresh_from_db()
    if intent.user_id == actor.user.id:
        if intent.state == Intent.State.WAITING and intent.reason not in {"", "ambiguous"}:
            # A person is waiting: what was put off is tried now. (What may still be on its way is not.)
            Intent.objects.filter(pk=intent.pk, state=Intent.State.WAITING).update(due_at=timezone.now())
        lease = leases.claim(intent)
        if lease:
            run_email(actor, crm, intent, lease, message=message)
            return _status(actor, crm, activity, message)
    _wait(intent)
    return _status(actor, crm, activity, message)


def _may_see(crm: Crm, activity: Activity) -> bool:
    """Whether Salesforce shows this person the record of an activity. One call."""
    return find_email(crm.client, activity.identity, enhanced=crm.shape.enhanced_email) is not None


def _wait(intent: Intent) -> None:
    """Until whoever works on it is done, for some seconds."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        state = Intent.objects.filter(pk=intent.pk).values_list("state", "reason").first()
        if state is None or state[0] not in {Intent.State.WAITING, Intent.State.CLAIMED}:
            return
        if state[0] == Intent.State.WAITING and state[1]:
            return
        time.sleep(_POLL_SECONDS)


def _activity(actor: Actor, permission: str, filing_id: UUID) -> Activity:
    """The activity, if it was seen in the actor's own mailbox. Raises policy.NotFound, policy.Denied."""
    require_own(actor, permission)
    seen = policy.scope(actor.principal_id, permission, Sighting.objects.filter(activity_id=filing_id))
    sighting = seen.filter(item__user=actor.user).select_related("activity").first()
    if sighting is None:
        raise policy.NotFound
    return sighting.activity


def _status(actor: Actor, crm: Crm, activity: Activity, message: Message | None = None) -> EmailStatus:
    """The status after the work. Whether a colleague's record may be named is asked of Salesforce as this person."""
    context = None
    theirs = Link.objects.filter(activity=activity, part=Link.Part.EMAIL).exclude(filed_by=actor.user).exists()
    if message is not None:
        everyone = participants(message, party_of(actor))
        question = question_of(crm, layout_of(actor), everyone, activity.identity, message.subject)
        context = fresh_context(crm, question) if theirs else known_context(crm, question)
    status = activity_status(actor, crm, activity, context)
    return status or EmailStatus(StatusKind.NOT_FILED, gettext("Not filed."), filing_id=str(activity.id))
