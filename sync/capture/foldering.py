"""The folders of a mailbox: which of them become collections, and from which mail is filed by itself.

watched      every folder but trash, junk and drafts, and those below them: read for marks
in scope     of these the Inbox, Sent and the chosen ones, with those below
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from sync.capture.claims import LEASE, Claim, locked
from sync.capture.view import MailboxView
from sync.mail import FolderKind
from sync.models import Collection, Mailbox
from sync.providers.mailbox import Folder, FolderPage
from sync.rules.scope import FolderPlace, scoped_folder_ids, watched_folder_ids
from sync.services.wake import wake_collection


def store_folders(view: MailboxView, claim: Claim, page: FolderPage) -> bool:
    """One page of the list of folders, with its cursor. False when the claim was lost."""
    with transaction.atomic():
        collection = locked(claim)
        if collection is None:
            return False
        if page.whole and not collection.cursor:
            collection.generation += 1
        for folder in page.folders:
            _store_folder(view.mailbox, folder, collection.generation)
        if page.whole and page.done:
            stale = Collection.objects.filter(mailbox=view.mailbox, kind=Collection.Kind.MAIL)
            stale.exclude(remote_id="").filter(generation_seen__lt=collection.generation).delete()
        collection.cursor = page.cursor
        collection.lease_until = timezone.now() + LEASE
        collection.full_read = False
        collection.save(update_fields=["cursor", "generation", "lease_until", "full_read"])
        if page.done:
            settle_scope(view.mailbox, view.settings.chosen_folders)
    return True


def settle_scope(mailbox: Mailbox, chosen: frozenset[str]) -> None:
    """What is watched and what is filed from, anew: after the folders or the choice of them changed."""
    rows = list(Collection.objects.filter(mailbox=mailbox, kind=Collection.Kind.MAIL).exclude(remote_id=""))
    places = [FolderPlace(row.remote_id, row.parent_remote_id, FolderKind(row.folder_kind)) for row in rows]
    scoped, watched = scoped_folder_ids(places, chosen), watched_folder_ids(places)
    now = timezone.now()
    for row in rows:
        due = row.due_at if row.remote_id in watched else None
        if row.remote_id in watched and row.due_at is None:
            due = now
            wake_collection(row.pk)
        if (row.in_scope, row.due_at) != (row.remote_id in scoped, due):
            row.in_scope, row.due_at = row.remote_id in scoped, due
            row.save(update_fields=["in_scope", "due_at"])


def _store_folder(mailbox: Mailbox, folder: Folder, generation: int) -> None:
    mine = Collection.objects.filter(mailbox=mailbox, kind=Collection.Kind.MAIL, remote_id=folder.id)
    if folder.removed:
        mine.delete()
        return
    Collection.objects.update_or_create(
        mailbox=mailbox,
        kind=Collection.Kind.MAIL,
        remote_id=folder.id,
        defaults={
            "organisation_id": mailbox.organisation_id,
            "parent_remote_id": folder.parent_id,
            "name": folder.name[:255],
            "folder_kind": folder.kind.value,
            "generation_seen": generation,
        },
    )
