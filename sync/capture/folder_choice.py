"""The folders (labels) that a person may choose to file from besides Inbox and Sent, as a tree to tick.

Microsoft    the folders that the engine knows; a chosen one with those below it
Gmail        the labels, asked of the mailbox: everything is filed from anyway, but for categories and chats
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.preferences import Setting, effective
from sync.capture import steering
from sync.mail import FolderKind
from sync.models import Collection, Mailbox
from sync.rules.scope import FolderPlace, inherited_kind
from sync.services.clients import mailbox_client

_CLOSED = frozenset({FolderKind.TRASH, FolderKind.JUNK, FolderKind.DRAFTS})
_ALWAYS = (FolderKind.INBOX, FolderKind.SENT)


class UnknownFolder(ValueError):
    """A folder that the mailbox does not have, or that is never filed from."""


@dataclass(frozen=True, slots=True)
class FolderLine:
    """One folder of the tree, in reading order. `always`: filed from whatever is chosen. `depth` counts from 0."""

    id: str
    name: str
    depth: int
    always: bool
    chosen: bool


def folder_lines(actor: Actor, mailbox: Mailbox) -> list[FolderLine]:
    """Inbox and Sent first, then by name, those below a folder under it. Gmail's raise sync.errors.*, NotConnected."""
    places, names = _places(mailbox)
    chosen = frozenset(effective(actor.user).texts("chosen_folders"))
    known = {place.id: place for place in places}
    below: dict[str, list[FolderPlace]] = {}
    for place in places:
        if inherited_kind(place.id, known) not in _CLOSED:
            below.setdefault(place.parent_id if place.parent_id in known else "", []).append(place)
    lines: list[FolderLine] = []

    def add(parent_id: str, depth: int) -> None:
        for place in sorted(below.get(parent_id, ()), key=lambda one: (_rank(one), names[one.id].casefold())):
            lines.append(FolderLine(place.id, names[place.id], depth, place.kind in _ALWAYS, chosen=place.id in chosen))
            add(place.id, depth + 1)

    add("", 0)
    return lines


def choose_folders(actor: Actor, mailbox_id: UUID, folder_ids: Iterable[str]) -> Setting:
    """Files from these of one mailbox from now on; what is chosen of another stays.

    Raises UnknownFolder, accounts.preferences.Locked, policy.NotFound, and as `folder_lines`.
    """
    mailbox = steering.own_mailbox(actor, mailbox_id)
    shown = {line.id for line in folder_lines(actor, mailbox)}
    wanted = list(dict.fromkeys(folder_ids))
    if not shown.issuperset(wanted):
        raise UnknownFolder(
            gettext("This mailbox has no such folder. Look again, and choose from those that are shown.")
        )
    others = [one for one in effective(actor.user).texts("chosen_folders") if one not in shown]
    return steering.choose(actor, "chosen_folders", [*others, *wanted])


def _places(mailbox: Mailbox) -> tuple[list[FolderPlace], dict[str, str]]:
    if mailbox.provider == "gmail":
        folders = [one for one in mailbox_client(mailbox).folders("").folders if not one.removed]
        # Inbox and Sent are filed from like everything else: only what is left out unless it is chosen can be chosen.
        places = [FolderPlace(one.id, one.parent_id, one.kind) for one in folders if one.kind not in _ALWAYS]
        return places, {one.id: _label(one.id, one.name) for one in folders}
    rows = list(Collection.objects.filter(mailbox=mailbox, kind=Collection.Kind.MAIL).exclude(remote_id=""))
    places = [FolderPlace(row.remote_id, row.parent_remote_id, FolderKind(row.folder_kind)) for row in rows]
    return places, {row.remote_id: row.name for row in rows}


def _label(label_id: str, name: str) -> str:
    """Gmail's own labels are named in capitals (`CATEGORY_PROMOTIONS`); a nested one shows its last part."""
    if label_id.startswith("CATEGORY_") or label_id == "CHAT":
        return label_id.removeprefix("CATEGORY_").capitalize()
    return name.rpartition("/")[2] or name


def _rank(place: FolderPlace) -> int:
    return _ALWAYS.index(place.kind) if place.kind in _ALWAYS else len(_ALWAYS)
