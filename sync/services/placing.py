"""Where a file stands in Salesforce: on the email's record, or beside it where that takes none.

An EmailMessage that was sent can be closed to files for this user (INSUFFICIENT_ACCESS_OR_READONLY). Then the file goes
to the first record that the email was filed to, so that it is not lost, and undo takes it from there again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import BinaryIO

from django.core.cache import cache
from django.utils.translation import gettext_noop

from sync.errors import Forbidden, Gone, Refused
from sync.models import Activity, Intent, Link
from sync.providers.salesforce.files import attach_file, find_file, link_file, unlink_file
from sync.services.clients import Crm
from sync.services.org_wide import integration_client

CLOSED_SECONDS = 3600
BESIDE_WORDS = gettext_noop(
    "Salesforce takes no files on this email: it stands on the record that the email was filed to."
)
_EMAIL = "EmailMessage"


class OutOfReach(Exception):
    """The stored document is there, or may be, and nobody at hand can put it on this record."""


class Reach(Enum):
    """What became of putting a stored document on a record."""

    LINKED = auto()
    GONE = auto()
    OUT = auto()


@dataclass(frozen=True, slots=True)
class FileToStore:
    """`stream` can be read again from its beginning; `md5` is in hex."""

    name: str
    content_type: str
    size: int
    md5: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """`place` is the record that holds the file instead of the email; empty where the email does."""

    document_id: str
    place: str = ""
    words: str = ""


def put_file(crm: Crm, link: Link, file: FileToStore, *, stored: str, look: bool) -> PlacedFile:
    """Puts a file on the email's record, else on the first record that the email was filed to.

    `stored` is the document that holds this content already (or nothing); `look` says that an earlier try may have
    left the file there. Raises sync.errors.*, and OutOfReach where that document cannot be used: nothing was stored.
    """
    closed = f"closed-to-files:{crm.org.organisation_id}:{crm.org.org_id}:{crm.user_id}"
    beside = str(link.related[0][1]) if link.object_name == _EMAIL and link.related else ""
    if not (beside and cache.get(closed)):
        try:
            return PlacedFile(_put(crm, link.record_id, file, stored, look))
        except (Forbidden, OutOfReach):
            # The email is closed to files, or the document is out of reach on the record beside it too.
            if not beside:
                raise
    placed = PlacedFile(_put(crm, beside, file, stored, look), beside, BESIDE_WORDS)
    cache.set(closed, 1, CLOSED_SECONDS)
    return placed


def take_files_back(crm: Crm, activity: Activity) -> None:
    """Takes files from the records beside an email; those on the email go with it. One call each to look, one each."""
    done = Intent.objects.filter(
        organisation=activity.organisation,
        activity__salesforce_org=activity.salesforce_org,
        kind=Intent.Kind.FILE,
        state=Intent.State.DONE,
    )
    for choice in done.filter(activity=activity).values_list("choice", flat=True):
        place, document = choice.get("place", ""), choice.get("document", "")
        if not place:
            continue
        # Another email's file of the same content may stand there too.
        shared = done.exclude(activity=activity).filter(choice__place=place, choice__document=document)
        if not shared.exists():
            unlink_file(crm.client, document_id=document, record_id=place)


def _put(crm: Crm, record_id: str, file: FileToStore, stored: str, look: bool) -> str:
    reach = _link_stored(crm, stored, record_id) if stored else Reach.GONE
    if reach is Reach.LINKED:
        return stored
    if reach is Reach.OUT:
        raise OutOfReach
    if look and (found := find_file(crm.client, record_id=record_id, name=file.name, md5=file.md5)):
        return found
    file.stream.seek(0)
    return attach_file(
        crm.client,
        record_id=record_id,
        name=file.name,
        stream=file.stream,
        size=file.size,
        content_type=file.content_type,
    )


def _link_stored(crm: Crm, stored: str, record_id: str) -> Reach:
    """Puts the stored file on this record too: as this person, else as the integration user, who sees every document.

    The person holds the same bytes in their mailbox, so nothing is shown to anyone that they could not have uploaded.
    """
    try:
        link_file(crm.client, document_id=stored, record_id=record_id)
    except (Gone, Forbidden, Refused):
        everyone = integration_client(crm.org)
    else:
        return Reach.LINKED
    if everyone is None:
        return Reach.OUT
    try:
        link_file(everyone, document_id=stored, record_id=record_id)
    except Gone:
        return Reach.GONE
    except (Forbidden, Refused):
        return Reach.OUT
    return Reach.LINKED
