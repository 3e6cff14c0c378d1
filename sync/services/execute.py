"""Carrying out one claimed intent: writing an email, storing a file, taking a record back.

Each is idempotent: it looks for what an earlier try may have left before it writes. Errors of providers go to the one
handler in `sync.services.outcomes`.
"""

from __future__ import annotations

import hashlib
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.actor import Actor
from accounts.errors import NotConnected
from accounts.trail import record_own
from permissions.audit.recording import gathered
from sync.crm import FiledRecords
from sync.errors import Ambiguous, Forbidden, Gone, NeedsReconnect, ProviderError, Refused
from sync.mail import Attachment, AttachmentKind, Message
from sync.models import Activity, Intent, Item, Link, StoredFile, Tombstone
from sync.providers.salesforce.files import unlink_file
from sync.providers.salesforce.filing import find_email, remove_email, write_email
from sync.rules.content import looks_like_program
from sync.rules.participants import participants
from sync.services import leases, outcomes
from sync.services.capture_settings import settings_of
from sync.services.clients import Crm, mailbox_of
from sync.services.composing import email_filing
from sync.services.context import fresh_context, question_of
from sync.services.leases import Lease
from sync.services.links import Standing, record_links, settle_waiting
from sync.services.org_wide import org_wide
from sync.services.pane_layout import layout_of
from sync.services.party import party_of
from sync.services.placing import FileToStore, OutOfReach, PlacedFile, put_file, take_files_back
from sync.services.reading import records as beside
from sync.services.versions import changed
from sync.services.wake import wake

SETTLE = timedelta(minutes=1)
SAME_FILE_WAIT = timedelta(seconds=5)
_BLOCK = 64 * 1024


def run_email(actor: Actor, crm: Crm, intent: Intent, lease: Lease, *, message: Message | None = None) -> None:
    """③–⑤ of `sync.services.filing`. Leaves the intent done, parked, or waiting for its next try."""
    try:
        _run_email(actor, crm, intent, lease, message)
    except NotConnected as error:
        outcomes.handle(intent, lease, NeedsReconnect(system=error.system))
    except ProviderError as error:
        outcomes.handle(intent, lease, error)


def _run_email(actor: Actor, crm: Crm, intent: Intent, lease: Lease, message: Message | None) -> None:
    activity = intent.activity
    if message is None:
        item = _item(actor, activity)
        message = mailbox_of(actor, item.provider).find_message(item_id=item.provider_id)
    everyone = participants(message, party_of(actor))
    question = question_of(crm, layout_of(actor), everyone, activity.identity, message.subject)
    context = fresh_context(crm, question)
    existing = context.filed
    # An earlier try may have written it without hearing so; on the first one somebody else did.
    ours = intent.attempts > 1
    if not crm.shape.enhanced_email or "email" in context.failed:
        existing = find_email(crm.client, activity.identity, enhanced=crm.shape.enhanced_email)
    unseen = False
    if existing is None:
        existing = org_wide(crm, [activity.identity]).get(activity.identity)
        # What our own earlier try wrote, its author sees.
        unseen = existing is not None
    if existing is None:
        if not leases.prolong(lease):
            return  # reading took too long and another took over: what follows is theirs to write
        filing = email_filing(
            crm,
            message,
            everyone,
            context,
            intent.choice,
            activity,
            blind_copies=settings_of(actor).link_blind_copies,
        )
        try:
            records = write_email(
                crm.client,
                filing,
                enhanced=crm.shape.enhanced_email,
                closed_status=crm.shape.closed_task_status,
                shared_activities=crm.shape.shared_activities,
            )
        except Ambiguous:
            existing = find_email(crm.client, activity.identity, enhanced=crm.shape.enhanced_email)
            if existing is None:
                # It may still be on its way: the next try looks again before it writes.
                raise
            ours = True
    if existing is not None:
        records = FiledRecords(
            email_id=existing.id,
            object_name="EmailMessage" if crm.shape.enhanced_email else "Task",
            found=not ours,
        )
    beside.forget(crm)
    if record_links(actor, [Standing(intent, lease, records, existing, unseen)]):
        settle_waiting(activity)
        intent.refresh_from_db()


def run_undo(actor: Actor, crm: Crm, intent: Intent, lease: Lease) -> None:
    """Deletes what was made for one filing of an activity and leaves a tombstone.

    The intent's key names the record: an undo that was put off takes back nothing that was filed after it.
    """
    activity = intent.activity
    links = list(Link.objects.filter(activity=activity))
    email = next((link for link in links if link.part == Link.Part.EMAIL and link.undo_key == intent.key), None)
    if email is None:
        leases.finish(lease, Intent.State.DONE)
        return
    tasks = tuple(link.record_id for link in links if link.part == Link.Part.TASK)
    try:
        take_files_back(crm, activity)
        remove_email(crm.client, FiledRecords(email_id=email.record_id, object_name=email.object_name, task_ids=tasks))
    except ProviderError as error:
        outcomes.handle(intent, lease, error)
        return
    beside.forget(crm)
    with gathered():
        # Always the email's intent first: whoever locks both does it in this order.
        filed = Intent.objects.select_for_update().filter(activity=activity, kind=Intent.Kind.EMAIL).first()
        if leases.held(lease) is None:
            return
        if Link.objects.filter(pk=email.pk).exists():
            anew = intent.choice.get("anew")
            _forget(actor, activity, links, None if anew else Tombstone.Side.PANE)
            _tell_undone(actor, email, len(tasks), "filed-anew" if anew else "undone")
            if filed is not None and anew:
                _begin_anew(filed, actor, anew)
            elif filed is not None:
                Intent.objects.filter(pk=filed.pk).update(state=Intent.State.UNDONE, finished_at=timezone.now())
        leases.finish(lease, Intent.State.DONE)


def _tell_undone(actor: Actor, email: Link, tasks: int, reason: str) -> None:
    detail = {"record": email.record_id, "tasks": tasks, "reason": reason}
    record_own(actor, "filing.undone", ("email", email.activity_id), **detail)


def _begin_anew(filed: Intent, actor: Actor, choice: dict[str, Any]) -> None:
    """Taken back to be filed in another way: that is due now, in the transaction that forgot the old record."""
    filed.state, filed.reason, filed.words = Intent.State.WAITING, "", ""
    filed.user, filed.choice, filed.automatic = actor.user, choice, False
    filed.due_at, filed.finished_at, filed.attempts = timezone.now(), None, 0
    filed.save()
    wake(filed)


def undo_under_way(link: Link) -> bool:
    waiting = [Intent.State.WAITING, Intent.State.CLAIMED]
    return Intent.objects.filter(activity_id=link.activity_id, key=link.undo_key, state__in=waiting).exists()


def settle_deleted(actor: Actor, crm: Crm, activity: Activity, intent: Intent, choice: dict[str, object]) -> bool:
    """Whether the record of a finished filing was deleted in Salesforce; then the intent is due again, as chosen now.

    Not while it is being taken back: its record is gone then because we deleted it.
    """
    link = Link.objects.filter(activity=activity, part=Link.Part.EMAIL).first()
    if link is not None:
        if undo_under_way(link) or link.filed_by_id != actor.user.id or timezone.now() - link.created_at < SETTLE:
            return False
        if find_email(crm.client, activity.identity, enhanced=crm.shape.enhanced_email) is not None:
            return False
    with transaction.atomic():
        locked = Intent.objects.select_for_update().get(pk=intent.pk)
        if locked.state != Intent.State.DONE or (link is not None and undo_under_way(link)):
            return False
        _forget(actor, activity, list(Link.objects.filter(activity=activity)), Tombstone.Side.SALESFORCE)
        locked.state, locked.due_at, locked.attempts = Intent.State.WAITING, timezone.now(), 0
        locked.user, locked.choice = actor.user, choice
        locked.save(update_fields=["state", "due_at", "attempts", "user", "choice"])
        changed(activity)
        gone = None if link is None else link.record_id
        record_own(actor, "filing.again", ("email", activity.pk), record=gone, reason="deleted-in-salesforce")
    return True


def _forget(actor: Actor, activity: Activity, links: list[Link], side: Tombstone.Side | None) -> None:
    if side is not None:
        Tombstone.objects.bulk_create(
            Tombstone(
                organisation=actor.organisation,
                activity=activity,
                side=side,
                record_id=link.record_id,
                actor=actor.user,
            )
            for link in links
        )
    Link.objects.filter(pk__in=[link.pk for link in links]).delete()
    Intent.objects.filter(activity=activity, kind=Intent.Kind.FILE).update(state=Intent.State.UNDONE)


def run_file(actor: Actor, crm: Crm, intent: Intent, lease: Lease) -> None:
    """⑥ Stores one attachment on the email's record, once per org for the same content and name."""
    link = Link.objects.filter(activity=intent.activity, part=Link.Part.EMAIL).first()
    if link is None:
        leases.finish(lease, Intent.State.UNDONE)
        return
    try:
        with leases.kept(lease):
            _store_file(actor, crm, intent, lease, link)
    except (Refused, Forbidden) as error:
        if leases.finish(lease, Intent.State.PARKED, reason="file-refused", words=error.message):
            outcomes.raise_issue(intent, "file-refused", error.message)
    except NotConnected as error:
        outcomes.handle(intent, lease, NeedsReconnect(system=error.system))
    except ProviderError as error:
        outcomes.handle(intent, lease, error)


def _store_file(actor: Actor, crm: Crm, intent: Intent, lease: Lease, link: Link) -> None:
    item = _item(actor, intent.activity)
    mailbox = mailbox_of(actor, item.provider)
    message = mailbox.find_message(item_id=item.provider_id)
    attachment = next((one for one in message.attachments if one.key == intent.choice["key"]), None)
    if attachment is None:
        raise Gone(gettext_noop("The attachment is no longer part of the email."))
    name = _file_name(attachment)
    folder = Path(settings.ALONGSIDE_VAR) / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    most = settings_of(actor).max_file_bytes
    # On disk, never in memory: a file is as large as the organisation allows.
    with tempfile.TemporaryFile(dir=folder) as spool:
        with mailbox.open_attachment(message, attachment) as blocks:
            size, sha256, md5, program = _spool(spool, blocks, most)
        if program or size == 0 or size > most:
            reason = (
                gettext_noop("It starts like a program.")
                if program
                else gettext_noop("It is empty.")
                if not size
                else gettext_noop("It is too large.")
            )
            leases.finish(lease, Intent.State.PARKED, reason="file-left-out", words=reason)
            return
        file = FileToStore(name, attachment.content_type, size, md5, spool)
        copy = _place_once(crm, intent, link, file, sha256)
        if copy is None:
            leases.release(lease, due_in=SAME_FILE_WAIT, reason="same-file", burn_attempt=False)
            return
        stored, placed = copy
    with transaction.atomic():
        held = leases.held(lease)
        if held is not None:
            held.choice = {**held.choice, "place": placed.place, "document": placed.document_id}
            held.save(update_fields=["choice"])
            StoredFile.objects.filter(pk=stored.pk).update(document_id=placed.document_id, claimed_by=None)
            leases.finish(lease, Intent.State.DONE, words=placed.words)
    if held is None and placed.place and Intent.objects.filter(pk=intent.pk, state=Intent.State.UNDONE).exists():
        # Taken back while it was on its way: it goes from where the email's deletion does not reach.
        unlink_file(crm.client, document_id=placed.document_id, record_id=placed.place)


def _place_once(
    crm: Crm, intent: Intent, link: Link, file: FileToStore, sha256: str
) -> tuple[StoredFile, PlacedFile] | None:
    """The file on its record, from the org's one copy, else from this user's own; None while another stores it."""
    look = intent.attempts > 1
    shared = claim_content(crm, intent, sha256, file.name)
    if shared is None:
        return None
    try:
        return shared, put_file(crm, link, file, stored=shared.document_id, look=look)
    except OutOfReach:
        own = claim_content(crm, intent, sha256, file.name, for_user=crm.user_id)
    if own is None:
        return None
    try:
        return own, put_file(crm, link, file, stored=own.document_id, look=look)
    except OutOfReach:
        # Even their own copy: it was deleted meanwhile.
        return own, put_file(crm, link, file, stored="", look=look)


def claim_content(crm: Crm, intent: Intent, sha256: str, name: str, *, for_user: str = "") -> StoredFile | None:
    """The row of this content, which holds it already or is this intent's to store; None while another stores it.

    So two emails with one file, in two workers, make one file; a worker that dies leaves the claim to its intent's next
    try, and an intent that was set aside leaves it to whoever comes.
    """
    row, _ = StoredFile.objects.get_or_create(
        salesforce_org=crm.org,
        sha256=sha256,
        name_hash=hashlib.sha256(name.encode()).hexdigest(),
        for_user=for_user,
        defaults={"organisation": intent.organisation, "document_id": "", "claimed_by": intent},
    )
    if row.document_id or row.claimed_by_id == intent.pk:
        return row
    claimer = row.claimed_by
    if claimer is not None and claimer.state in {Intent.State.WAITING, Intent.State.CLAIMED}:
        return None
    mine = StoredFile.objects.filter(pk=row.pk, claimed_by=row.claimed_by_id, document_id="").update(claimed_by=intent)
    return row if mine else None


def _spool(spool: BinaryIO, blocks: object, most: int) -> tuple[int, str, str, bool]:
    """Writes the blocks and gives (bytes, SHA-256, MD5 as Salesforce's Checksum, starts like a program)."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    size, program = 0, False
    for block in blocks:  # type: ignore[attr-defined]
        if size == 0:
            program = looks_like_program(block[:_BLOCK])
        size += len(block)
        sha256.update(block)
        md5.update(block)
        spool.write(block)
        if size > most or program:
            break
    return size, sha256.hexdigest(), md5.hexdigest(), program


def _file_name(attachment: Attachment) -> str:
    name = attachment.name or "attachment"
    is_message = attachment.kind is AttachmentKind.MESSAGE
    return f"{name}.eml" if is_message and not name.lower().endswith(".eml") else name


def _item(actor: Actor, activity: Activity) -> Item:
    item = Item.objects.filter(user=actor.user, sighting__activity=activity).first()
    if item is None:
        raise Gone(gettext_noop("The email is no longer in the mailbox."))
    return item
