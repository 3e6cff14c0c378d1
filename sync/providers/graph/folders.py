"""The folders of a mailbox, and which kind of folder a folder is: its id is compared with those of the well-known ones.

A folder's id belongs to one mailbox and never changes its kind, so what was found out is kept for the process.
https://learn.microsoft.com/graph/api/resources/mailfolder
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from sync import errors
from sync.mail import FolderKind
from sync.providers.graph import batch, cursors
from sync.providers.graph.cursors import Cursor
from sync.providers.graph.errors import unreadable
from sync.providers.graph.queries import FOLDER_FIELDS, PAGE, with_query
from sync.providers.graph.transport import GraphTransport, as_model
from sync.providers.graph.wire import GraphFolder
from sync.providers.mailbox import Folder, FolderPage

WELL_KNOWN = (
    ("inbox", FolderKind.INBOX),
    ("sentitems", FolderKind.SENT),
    ("deleteditems", FolderKind.TRASH),
    ("junkemail", FolderKind.JUNK),
    ("drafts", FolderKind.DRAFTS),
)
_SEARCH_FOLDER = "#microsoft.graph.mailSearchFolder"
_NEEDED = frozenset({"displayName", "parentFolderId"})
_MOST = 20_000
_lock = threading.Lock()
_kinds: OrderedDict[tuple[str, str], FolderKind] = OrderedDict()


class FolderKinds:
    """The kinds of one mailbox's folders, at most one call for the life of this object."""

    def __init__(self, graph: GraphTransport) -> None:
        self._graph = graph
        self._asked = False

    def of(self, folder_id: str) -> FolderKind:
        self.learn((folder_id,))
        return _get(self._graph.origin, folder_id) or FolderKind.OTHER

    def learn(self, folder_ids: Iterable[str]) -> None:
        """Finds out the kinds of these folders, so that `of` needs no call for them."""
        unknown = [one for one in dict.fromkeys(folder_ids) if one and _get(self._graph.origin, one) is None]
        if unknown and not self._asked:
            self._ask()
        for folder_id in unknown:
            if _get(self._graph.origin, folder_id) is None:
                _keep(self._graph.origin, folder_id, FolderKind.OTHER)

    def _ask(self) -> None:
        """https://learn.microsoft.com/graph/api/mailfolder-get"""
        paths = [with_query(self._graph.folder_path(name), {"$select": "id"}) for name, _ in WELL_KNOWN]
        answers = batch.get_parts(self._graph, paths)
        for (_, kind), answer in zip(WELL_KNOWN, answers, strict=True):
            # A mailbox may lack one of them, such as an archive without junk.
            if isinstance(answer, errors.Gone):
                continue
            if isinstance(answer, errors.ProviderError):
                raise answer
            _keep(self._graph.origin, as_model(GraphFolder, answer).id, kind)
        self._asked = True


def read_page(graph: GraphTransport, kinds: FolderKinds, text: str) -> FolderPage:
    """The next page of the folders, or of what changed among them. Hidden and search folders are left out.

    https://learn.microsoft.com/graph/api/mailfolder-delta
    """
    cursor = cursors.parsed(text) if text else Cursor("full", graph.origin + _first(graph))
    whole = cursor.phase == "full"
    page = cursors.page_behind(graph, cursor.link, prefer=PAGE)
    rows = _completed(graph, page.value)
    found = [_folder(row, kinds) for row in rows]
    done = bool(page.delta_link)
    if not done and not page.next_link:
        raise unreadable()
    following = Cursor("changes", page.delta_link) if done else Cursor(cursor.phase, page.next_link)
    # In a list of everything a folder that is left out need not be told of.
    shown = [folder for folder in found if not (whole and folder.removed)]
    return FolderPage(tuple(shown), following.text(), done=done, whole=whole)


def forget() -> None:
    """Empties what is kept."""
    with _lock:
        _kinds.clear()


def _first(graph: GraphTransport) -> str:
    return with_query(graph.root + "/mailFolders/delta", {"$select": ",".join(FOLDER_FIELDS)})


def _completed(graph: GraphTransport, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A changed folder may come with its changes alone; a name that was not told is no empty name."""
    bare = [str(row.get("id")) for row in rows if "@removed" not in row and not row.keys() >= _NEEDED]
    whole: dict[str, dict[str, Any]] = {}
    for some in _slices(bare):
        paths = [with_query(graph.folder_path(one), {"$select": ",".join(FOLDER_FIELDS)}) for one in some]
        for folder_id, answer in zip(some, batch.get_parts(graph, paths), strict=True):
            if isinstance(answer, errors.Gone):
                whole[folder_id] = {"id": folder_id, "@removed": {}}
            elif isinstance(answer, errors.ProviderError):
                raise answer
            else:
                whole[folder_id] = answer
    return [whole.get(str(row.get("id")), row) for row in rows]


def _slices(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + batch.MOST] for start in range(0, len(ids), batch.MOST))


def _folder(row: dict[str, Any], kinds: FolderKinds) -> Folder:
    try:
        folder = GraphFolder.model_validate(row)
    except ValidationError:
        raise unreadable() from None
    if "@removed" in row or folder.is_hidden or folder.odata_type == _SEARCH_FOLDER:
        return Folder(folder.id, removed=True)
    return Folder(
        id=folder.id,
        name=folder.display_name,
        parent_id=folder.parent_folder_id,
        kind=kinds.of(folder.id),
        count=folder.total_item_count,
    )


def _get(origin: str, folder_id: str) -> FolderKind | None:
    with _lock:
        return _kinds.get((origin, folder_id))


def _keep(origin: str, folder_id: str, kind: FolderKind) -> None:
    with _lock:
        _kinds[origin, folder_id] = kind
        while len(_kinds) > _MOST:
            _kinds.popitem(last=False)
