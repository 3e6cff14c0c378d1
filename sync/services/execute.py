"""Carrying out one claimed intent: writing an email, storing a file, taking a record back.

Each is idempotent: it looks for what an earlier try may have left before it writes. Errors of providers go to the one
handler in `sync.services.outcomes`.
"""

from __future__ import annotations

import hashlib
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.errors import NotConnected
from sync.crm import FiledEmail, FiledRecords
from sync.errors import Ambiguous, Forbidden, Gone, NeedsReconnect, ProviderError, Refused
from sync.mail import Attachment, AttachmentKind, Message
from sync.models import Activity, Intent, Item, Link, StoredFile, Tombstone
from sync.providers.salesforce.files import unlink_file
from sync.providers.salesforce.filing import find_email, remove_email, write_email
from sync.rules.content import MAX_FILE_BYTES, looks_like_program
from sync.rules.participants import participants
from sync.services import leases, outcomes
from sync.services.clients import Crm, mailbox_of
from sync.services.composing import email_filing
from sync.services.context import fresh_context, question_of
from sync.services.leases import Lease
from sync.services.party import party_of
from sync.services.placing import FileToStore, put_file, take_files_back
from sync.services.versions import changed, conversation_changed
from sync.services.wake import wake

SETTLE = timedelta(minutes=1)
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
        message = mailbox_of(actor).find_message(item_id=_item(actor, activity).provider_id)
    question = question_of(crm, participants(message, party_of(actor)), activity.identity, message.subject)
    context = fresh_context(crm, question)
    existing = context.filed
    # An earlier try may have written it without hearing so; on the first one somebody else did.
    ours = intent.attempts > 1
    if not crm.shape.enhanced_email or "email" in context.failed:
        existing = find_email(crm.client, activity.identity, enhanced=crm.shape.enhanced_email)
    if existing is None:
        if not leases.prolong(lease):
            return  # reading took too long and another took over: what follows is theirs to write
        filing = email_filing(crm, message, participants(message, party_of(actor)), context, intent.choice, activity)
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
    record_links(actor, intent, lease, records, existing)


def record_links(
    actor: Actor, intent: Intent, lease: Lease, records: FiledRecords, existing: FiledEmail | None
) -> bool:
    """⑤ The links, the end of the intent and its file intents, in one transaction. False when the lease was lost."""
    with transaction.atomic():
        held = leases.held(lease)
        if held is None:
            return False
        related = [[record.object_name, record.id] for record in existing.related] if existing else None
        base = {"organisation": actor.organisation, "filed_by": actor.user, "found": records.found}
        Link.objects.update_or_create(
            activity=intent.activity,
            part=Link.Part.EMAIL,
            defaults={
                **base,
                "object_name": records.object_name,
                "record_id": records.email_id,
                "related": related if related else intent.choice.get("records", []) or _people_of(intent),
            },
        )
        for task_id in records.task_ids:
            Link.objects.update_or_create(
                activity=intent.activity,
                record_id=task_id,
                defaults={**base, "part": Link.Part.TASK, "object_name": "Task"},
            )
        for number, entry in enumerate(intent.choice.get("files", [])):
            _plan_file(actor, intent, number, entry)
        leases.finish(lease, Intent.State.DONE)
        conversation_changed(intent.activity)
    intent.refresh_from_db()
    return True


def _people_of(intent: Intent) -> list[list[str]]:
    return [[entry["object_name"], entry["id"]] for entry in intent.choice.get("people", [])]


def _plan_file(actor: Actor, intent: Intent, number: int, entry: dict[str, str]) -> None:
    left_out = bool(entry["reason"])
    planned, _ = Intent.objects.update_or_create(
        activity=intent.activity,
        key=f"file:{number:03}:{hashlib.sha256(entry['key'].encode()).hexdigest()[:32]}",
        defaults={
            "organisation": actor.organisation,
            "user": actor.user,
            "kind": Intent.Kind.FILE,
            "choice": entry,
            "state": Intent.State.PARKED if left_out else Intent.State.WAITING,
            "reason": "file-left-out" if left_out else "",
            "words": entry["words"] if left_out else "",
            "due_at": timezone.now(),
            "attempts": 0,
            "finished_at": None,
        },
    )
    if not left_out:
        wake(planned)


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
    with transaction.atomic():
        # Always the email's intent first: whoever locks both does it in this order.
        filed = Intent.objects.select_for_update().filter(activity=activity, kind=Intent.Kind.EMAIL).first()
        if leases.held(lease) is None:
            return
        if Link.objects.filter(pk=email.pk).exists():
            _forget(actor, activity, links, Tombstone.Side.PANE)
            if filed is not None:
                Intent.objects.filter(pk=filed.pk).update(state=Intent.State.UNDONE, finished_at=timezone.now())
        leases.finish(lease, Intent.State.DONE)


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
    return True


def _forget(actor: Actor, activity: Activity, links: list[Link], side: Tombstone.Side) -> None:
    Tombstone.objects.bulk_create(
        Tombstone(
            organisation=actor.organisation, activity=activity, side=side, record_id=link.record_id, actor=actor.user
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
    mailbox = mailbox_of(actor)
    message = mailbox.find_message(item_id=_item(actor, intent.activity).provider_id)
    attachment = next((one for one in message.attachments if one.key == intent.choice["key"]), None)
    if attachment is None:
        raise Gone("The attachment is no longer part of the email.")
    name = _file_name(attachment)
    folder = Path(settings.ALONGSIDE_VAR) / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    # On disk, never in memory: a file is as large as the organisation allows.
    with tempfile.TemporaryFile(dir=folder) as spool:
        with mailbox.open_attachment(message, attachment) as blocks:
            size, sha256, md5, program = _spool(spool, blocks)
        if program or size == 0 or size > MAX_FILE_BYTES:
            reason = "It starts like a program." if program else "It is empty." if not size else "It is too large."
            leases.finish(lease, Intent.State.PARKED, reason="file-left-out", words=reason)
            return
        name_hash = hashlib.sha256(name.encode()).hexdigest()
        stored = StoredFile.objects.filter(salesforce_org=crm.org, sha256=sha256, name_hash=name_hash).first()
        file = FileToStore(name, attachment.content_type, size, md5, spool)
        placed = put_file(crm, link, file, stored=stored.document_id if stored else "", look=intent.attempts > 1)
    with transaction.atomic():
        held = leases.held(lease)
        if held is not None:
            held.choice = {**held.choice, "place": placed.place, "document": placed.document_id}
            held.save(update_fields=["choice"])
            StoredFile.objects.update_or_create(
                salesforce_org=crm.org,
                sha256=sha256,
                name_hash=name_hash,
                defaults={"organisation": actor.organisation, "document_id": placed.document_id},
            )
            leases.finish(lease, Intent.State.DONE, words=placed.words)
    if held is None and placed.place and Intent.objects.filter(pk=intent.pk, state=Intent.State.UNDONE).exists():
        # Taken back while it was on its way: it goes from where the email's deletion does not reach.
        unlink_file(crm.client, document_id=placed.document_id, record_id=placed.place)


def _spool(spool: BinaryIO, blocks: object) -> tuple[int, str, str, bool]:
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
        if size > MAX_FILE_BYTES or program:
            break
    return size, sha256.hexdigest(), md5.hexdigest(), program


def _file_name(attachment: Attachment) -> str:
    name = attachment.name or "attachment"
    is_message = attachment.kind is AttachmentKind.MESSAGE
    return f"{name}.eml" if is_message and not name.lower().endswith(".eml") else name


def _item(actor: Actor, activity: Activity) -> Item:
    item = Item.objects.filter(user=actor.user, sighting__activity=activity).first()
    if item is None:
        raise Gone("The email is no longer in the mailbox.")
    return item
