"""Which kind of folder a folder is, by comparing its id with those of the well-known ones.

A folder's id belongs to one mailbox and never changes its kind, so what was found out is kept for the process.
https://learn.microsoft.com/graph/api/resources/mailfolder
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from sync.mail import FolderKind

# In the order of where mail is opened; each is asked for only while the folder is not found.
WELL_KNOWN = (
    ("inbox", FolderKind.INBOX),
    ("sentitems", FolderKind.SENT),
    ("deleteditems", FolderKind.TRASH),
    ("junkemail", FolderKind.JUNK),
    ("drafts", FolderKind.DRAFTS),
)
_MOST = 20_000
_lock = threading.Lock()
_kinds: OrderedDict[tuple[str, str], FolderKind] = OrderedDict()


def kind_of(origin: str, folder_id: str, well_known: Callable[[str], str]) -> FolderKind:
    """`well_known` gives the id of a folder by its well-known name, "" where the mailbox lacks it."""
    if not folder_id:
        return FolderKind.OTHER
    known = _get(origin, folder_id)
    if known is not None:
        return known
    for name, kind in WELL_KNOWN:
        found = well_known(name)
        if found:
            _keep(origin, found, kind)
        if found == folder_id:
            return kind
    _keep(origin, folder_id, FolderKind.OTHER)
    return FolderKind.OTHER


def forget() -> None:
    """Empties what is kept."""
    with _lock:
        _kinds.clear()


def _get(origin: str, folder_id: str) -> FolderKind | None:
    with _lock:
        return _kinds.get((origin, folder_id))


def _keep(origin: str, folder_id: str, kind: FolderKind) -> None:
    with _lock:
        _kinds[origin, folder_id] = kind
        while len(_kinds) > _MOST:
            _kinds.popitem(last=False)
