"""Whether an email was written by a machine: answers, lists, bulk, bounces, receipts.

`Auto-Submitted` https://www.rfc-editor.org/rfc/rfc3834 · `List-Id` https://www.rfc-editor.org/rfc/rfc2919
"""

from __future__ import annotations

import re

from sync.mail import Message, MessageHint
from sync.rules.participants import domain_listed

_ANGLES = re.compile(r"<([^<>]*)>")
# Exchange's classes of bounces, receipts and absence notes: all that a hint can tell.
_CLASSES = ("report.", "ipm.note.rules.ooftemplate", "ipm.note.rules.replytemplate", "ipm.recall.report")


def is_automatic(mail: Message | MessageHint, internal_domains: frozenset[str]) -> bool:
    """By the headers of a message, or the item class of a hint. The organisation's own mailing lists do not count."""
    if isinstance(mail, MessageHint):
        return mail.item_class.lower().startswith(_CLASSES)
    list_id = mail.header("List-Id")
    from_own_list = list_id is not None and domain_listed(list_domain(list_id), internal_domains)
    precedence = _first_word(mail.header("Precedence"))
    return (
        _first_word(mail.header("Auto-Submitted")) not in {"", "no"}
        or precedence in {"bulk", "junk"}
        or (precedence == "list" and not from_own_list)
        or (list_id is not None and not from_own_list)
        or _is_null(mail.header("Return-Path"))
        or _first_word(mail.header("Content-Type")) == "multipart/report"
    )


def list_domain(list_id: str) -> str:
    """The identifier within a List-Id, which ends in the list's domain: `Team <team.lists.example>`."""
    angles = _ANGLES.findall(list_id)
    return (angles[-1] if angles else list_id).strip().strip('"').rstrip(".").lower()


def _first_word(value: str | None) -> str:
    return re.split(r"[\s;(]", (value or "").strip().lower(), maxsplit=1)[0]


def _is_null(return_path: str | None) -> bool:
    return return_path is not None and "".join(return_path.split()) == "<>"
