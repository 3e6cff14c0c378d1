"""Where the reading of a mailbox stands.

full: the history id pinned, then pages of ids; those whose heads are not read yet wait here
 └─ every page listed, nothing waiting ──► changes: history from the pinned id, page by page, for ever
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Literal

from sync.errors import CursorExpired


@dataclass(frozen=True, slots=True)
class Cursor:
    """`history` is where the changes go on; `page` is the page of ids, or of history, that comes next.

    `query` and `total` are the full read's; `listed` counts its ids so far, `through` says that it has them all.
    """

    phase: Literal["full", "changes"]
    history: str
    page: str = ""
    waiting: tuple[str, ...] = ()
    query: str = ""
    total: int = 0
    listed: int = 0
    through: bool = False

    @property
    def text(self) -> str:
        told = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(told, separators=(",", ":"))

    @classmethod
    def of(cls, text: str) -> Cursor:
        """Raises `CursorExpired` for a text that is none: then everything is read anew."""
        try:
            told = json.loads(text)
            cursor = cls(**{**told, "waiting": tuple(told.get("waiting", ()))})
        except (ValueError, TypeError, AttributeError):
            raise CursorExpired("The cursor cannot be read.", code="CURSOR") from None
        if cursor.phase not in ("full", "changes") or not all(_fits(cursor, one.name) for one in fields(cursor)):
            raise CursorExpired("The cursor cannot be read.", code="CURSOR")
        return cursor


def _fits(cursor: Cursor, name: str) -> bool:
    value = getattr(cursor, name)
    if name == "waiting":
        return all(isinstance(one, str) for one in value)
    kind = {"total": int, "listed": int, "through": bool}.get(name, str)
    return isinstance(value, kind)
