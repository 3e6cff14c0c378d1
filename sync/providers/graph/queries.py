"""What is asked of Graph: the fields, and values as they stand in an address. A value is data, never part of a query.

https://learn.microsoft.com/graph/query-parameters
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from django.utils.translation import gettext_noop

from sync import errors

HEAD_FIELDS = (
    *("id", "internetMessageId", "conversationId", "subject", "from", "sender", "replyTo"),
    *("toRecipients", "ccRecipients", "bccRecipients", "sentDateTime", "receivedDateTime"),
    *("internetMessageHeaders", "parentFolderId", "isDraft", "categories"),
)
# By their ids, heads also tell where each opens.
LINKED_FIELDS = (*HEAD_FIELDS, "webLink")
MESSAGE_FIELDS = (*HEAD_FIELDS, "body", "hasAttachments")
ATTACHMENT_FIELDS = ("id", "name", "size", "contentType", "isInline", "microsoft.graph.fileAttachment/contentId")
FOLDER_FIELDS = ("id", "displayName", "parentFolderId", "totalItemCount", "isHidden")
SENSITIVITY_PROPERTY = "Integer 0x36"
PAGE_SIZE = 200
PAGE = f"odata.maxpagesize={PAGE_SIZE}"
_SENSITIVITY = "singleValueExtendedProperties($filter=id eq '" + SENSITIVITY_PROPERTY + "')"


def heads_query() -> dict[str, str]:
    return {"$select": ",".join(HEAD_FIELDS), "$expand": _SENSITIVITY}


def linked_heads_query() -> dict[str, str]:
    return {"$select": ",".join(LINKED_FIELDS), "$expand": _SENSITIVITY}


def message_query() -> dict[str, str]:
    return {"$select": ",".join(MESSAGE_FIELDS), "$expand": _SENSITIVITY}


def attachments_query() -> dict[str, str]:
    return {"$select": ",".join(ATTACHMENT_FIELDS)}


def with_query(path: str, query: Mapping[str, str]) -> str:
    """A path with its query, every value quoted, as a part of a batch or a first link names it."""
    return path + "?" + urlencode(query, quote_via=quote, safe="$,()/")


def segment(identifier: str) -> str:
    """An id as one segment of a path.

    Raises Gone for what would name another path whatever its quoting.
    """
    if identifier in {"", ".", ".."}:
        raise errors.Gone(gettext_noop("The email is no longer in the mailbox."), code="ErrorInvalidIdMalformed")
    return quote(identifier, safe="")


def literal(value: str) -> str:
    """A text in a `$filter`. https://learn.microsoft.com/graph/query-parameters#escaping-single-quotes"""
    return "'" + value.replace("'", "''") + "'"


def instant(moment: datetime) -> str:
    """A point in time in a `$filter`, in whole seconds; the fraction is dropped."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def keywords(text: str) -> str:
    """A `$search` for mail that holds all words of the text; "" where there is none.

    Only letters, marks and digits remain, so nothing of the text can be an operator, a property or the end of the
    search: KQL reads AND, OR, NOT and NEAR in capitals alone.
    https://learn.microsoft.com/graph/search-query-parameter#using-search-on-message-collections
    """
    kept = (letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in text.lower())
    words = " ".join("".join(kept).split())
    return '"' + words + '"' if words else ""
