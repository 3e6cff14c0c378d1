"""Query options of the message collection: `$select`, `$filter`, `$orderby`, `$expand`, `$top`, `$skip`, `$count`.

What the sandbox does not know is refused, never ignored.
https://learn.microsoft.com/graph/query-parameters
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.datastructures import QueryParams

from sandbox.microsoft.errors import GraphError, bad_request, unknown_property
from sandbox.microsoft.mailbox import Mailbox, StoredMessage
from sandbox.microsoft.representation import (
    ATTACHMENT_PROPERTIES,
    FILE_PROPERTIES,
    MESSAGE_PROPERTIES,
)

Test = Callable[[StoredMessage], bool]
Narrowing = Callable[[Mailbox], list[StoredMessage]]

_MEETING_PROPERTIES = frozenset(
    (
        "meetingMessageType",
        "isOutOfDate",
        "isAllDay",
        "isDelegated",
        "type",
        "startDateTime",
        "endDateTime",
        "location",
        "recurrence",
    )
)
_FILE_PREFIX = "microsoft.graph.fileAttachment/"
_SORTABLE: dict[str, Callable[[StoredMessage], Any]] = {
    "receivedDateTime": lambda message: message.received,
    "sentDateTime": lambda message: message.sent,
    "createdDateTime": lambda message: message.created,
    "lastModifiedDateTime": lambda message: message.modified,
    "subject": lambda message: message.parsed.subject.lower(),
    "isRead": lambda message: message.is_read,
    "from/emailAddress/address": lambda message: _address(message),
    "from/emailAddress/name": lambda message: message.parsed.from_.name.lower() if message.parsed.from_ else "",
}


def _address(message: StoredMessage) -> str:
    return message.parsed.from_.address.lower() if message.parsed.from_ else ""


@dataclass(frozen=True)
class Expand:
    """`attachments` holds the selected attachment properties (empty = all); `extended` the property ids asked for."""

    attachments: tuple[str, ...] | None = None
    extended: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """`narrowed` gives the few messages that can fit, where the filter names a Message-ID or a thread."""

    select: tuple[str, ...] | None = None
    tests: tuple[Test, ...] = ()
    narrowed: Narrowing | None = None
    order: tuple[tuple[Callable[[StoredMessage], Any], bool], ...] = ()
    expand: Expand = field(default_factory=Expand)
    top: int | None = None
    skip: int = 0
    count: bool = False


def allow(params: QueryParams, *names: str) -> None:
    """Refuses options that the resource does not take, and options given twice."""
    for name in params:
        if name not in names:
            raise bad_request(f"The query parameter '{name}' is not supported.", "BadRequest")
        if len(params.getlist(name)) > 1:
            raise bad_request(f"Query parameter '{name}' is specified multiple times, but should be only once.")


def whole_number(params: QueryParams, name: str, least: int, most: int) -> int | None:
    raw = params.get(name)
    if raw is None:
        return None
    if not re.fullmatch(r"-?\d{1,9}", raw) or not least <= int(raw) <= most:
        text = f"Invalid value '{raw}' for {name} query option found. It must be a whole number in [{least}, {most}]."
        raise bad_request(text, "ErrorInvalidUrlQuery")
    return int(raw)


def names(raw: str | None, known: frozenset[str] | tuple[str, ...], type_name: str) -> tuple[str, ...] | None:
    """The properties of `$select`, each of them known to the type."""
    if raw is None:
        return None
    chosen = tuple(name.strip() for name in raw.split(","))
    for name in chosen:
        if name not in known:
            raise unknown_property(name, type_name)
    return chosen


def message_select(raw: str | None) -> tuple[str, ...] | None:
    chosen = None if raw is None else tuple(name.strip() for name in raw.split(","))
    for name in chosen or ():
        derived = re.fullmatch(r"microsoft\.graph\.eventMessage(?:Request|Response)?/(\w+)", name)
        if name not in MESSAGE_PROPERTIES and not (derived and derived[1] in _MEETING_PROPERTIES):
            raise unknown_property(name, "message")
    return chosen


def attachment_select(raw: str | None) -> tuple[str, ...] | None:
    if raw is None:
        return None
    chosen = tuple(name.strip() for name in raw.split(","))
    for name in chosen:
        bare = name.removeprefix(_FILE_PREFIX)
        if name not in ATTACHMENT_PROPERTIES and not (name != bare and bare in FILE_PROPERTIES):
            raise unknown_property(bare, "attachment")
    return chosen


def message_query(params: QueryParams, *more: str) -> Query:
    """Reads all options of a message collection. Raises the service's 400 for what it would refuse."""
    allow(params, "$select", "$filter", "$orderby", "$expand", "$top", "$skip", "$count", *more)
    filtered = params.get("$filter")
    tests, used = message_filter(filtered) if filtered is not None else ((), frozenset[str]())
    order = _order(params.get("$orderby"), used if filtered is not None else None)
    counted = params.get("$count")
    if counted not in (None, "true", "false"):
        raise bad_request(f"Invalid value '{counted}' for $count query option found.")
    return Query(
        select=message_select(params.get("$select")),
        tests=tests,
        narrowed=None if filtered is None else _narrowing(filtered),
        order=order,
        expand=message_expand(params.get("$expand")),
        top=whole_number(params, "$top", 1, 1000),
        skip=whole_number(params, "$skip", 0, 10_000_000) or 0,
        count=counted == "true",
    )


def _order(raw: str | None, filtered: frozenset[str] | None) -> tuple[tuple[Callable[[StoredMessage], Any], bool], ...]:
    if raw is None:
        return ()
    order: list[tuple[Callable[[StoredMessage], Any], bool]] = []
    for piece in raw.split(","):
        words = piece.split()
        if not words or words[0] not in _SORTABLE or words[1:] not in ([], ["asc"], ["desc"]):
            raise bad_request(f"The $orderby clause '{piece.strip()}' is not valid.", "ErrorInvalidUrlQuery")
        # The store sorts by what it filters by, and by nothing before that.
        if filtered is not None and words[0] not in filtered:
            text = "The restriction or sort order is too complex for this operation."
            raise GraphError(400, "InefficientFilter", text)
        order.append((_SORTABLE[words[0]], words[1:] == ["desc"]))
    return tuple(order)


_CLAUSE = re.compile(
    r"\s*(?P<name>[A-Za-z]+(?:/[A-Za-z]+)*)\s+(?P<op>eq|ne|ge|gt|le|lt)\s+(?P<value>'(?:[^']|'')*'|[^\s']+)\s*"
)
_ANY = re.compile(r"\s*categories/any\(\s*(\w+)\s*:\s*(\w+)\s+eq\s+('(?:[^']|'')*')\s*\)\s*")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "ge": lambda left, right: left >= right,
    "gt": lambda left, right: left > right,
    "le": lambda left, right: left <= right,
    "lt": lambda left, right: left < right,
}
_DATES: dict[str, Callable[[StoredMessage], datetime]] = {
    "receivedDateTime": lambda message: message.received.replace(microsecond=0),
    "sentDateTime": lambda message: message.sent.replace(microsecond=0),
    "createdDateTime": lambda message: message.created.replace(microsecond=0),
    "lastModifiedDateTime": lambda message: message.modified.replace(microsecond=0),
}
_FLAGS: dict[str, Callable[[StoredMessage], bool]] = {
    "isRead": lambda message: message.is_read,
    "isDraft": lambda message: message.is_draft,
    "hasAttachments": lambda message: any(not part.is_inline for part in message.parts),
}


def message_filter(raw: str) -> tuple[tuple[Test, ...], frozenset[str]]:
    """Comparisons joined by `and`: the tests, and the names of the properties that they read."""
    tests: list[Test] = []
    used: set[str] = set()
    rest = raw
    while True:
        any_of, clause = _ANY.match(rest), _CLAUSE.match(rest)
        if any_of and any_of[1] == any_of[2]:
            tests.append(_has_category(_text(any_of[3])))
            used.add("categories")
            rest = rest[any_of.end() :]
        elif clause:
            tests.append(_comparison(clause["name"], clause["op"], clause["value"]))
            used.add(clause["name"])
            rest = rest[clause.end() :]
        else:
            raise bad_request(f"Invalid filter clause: {raw}")
        if not rest:
            return tuple(tests), frozenset(used)
        if not rest.startswith("and "):
            raise bad_request(f"Invalid filter clause: {raw}")
        rest = rest[4:]


_NARROW = re.compile(r"(?:^|\sand\s+)\s*(internetMessageId|conversationId)\s+eq\s+('(?:[^']|'')*')")


def _narrowing(raw: str) -> Narrowing | None:
    found = _NARROW.search(raw) if raw.count("'") == 2 else None
    if found is None:
        return None
    text = _text(found[2])
    if found[1] == "internetMessageId":
        return lambda mailbox: mailbox.with_message_id(text)
    return lambda mailbox: mailbox.in_thread(text)


def _text(quoted: str) -> str:
    if not quoted.startswith("'"):
        raise bad_request(f"Invalid filter clause: a text stands in single quotes, not {quoted}.")
    return quoted[1:-1].replace("''", "'")


def _has_category(wanted: str) -> Test:
    lowered = wanted.lower()
    return lambda message: bool(message.categories) and lowered in [name.lower() for name in message.categories]


def _comparison(name: str, operator: str, value: str) -> Test:
    compare = _COMPARE[operator]
    if name in _DATES:
        read_date, moment = _DATES[name], instant(value)
        return lambda message: compare(read_date(message), moment)
    if operator not in ("eq", "ne"):
        raise bad_request(f"Invalid filter clause: '{operator}' does not fit '{name}'.")
    if name in _FLAGS:
        if value not in ("true", "false"):
            raise bad_request(f"Invalid filter clause: '{value}' is not a Boolean.")
        read_flag, flag = _FLAGS[name], value == "true"
        return lambda message: compare(read_flag(message), flag)
    if name == "internetMessageId":
        text = _text(value)
        return lambda message: compare(message.message_id, text)
    if name == "conversationId":
        from sandbox.microsoft.ids import conversation_id

        text = _text(value)
        return lambda message: compare(conversation_id(message.mailbox, message.conversation), text)
    if name == "from/emailAddress/address":
        text = _text(value).lower()
        return lambda message: compare(_address(message), text)
    if name == "subject":
        text = _text(value)
        return lambda message: compare(message.parsed.subject, text)
    raise unknown_property(name, "message")


def instant(value: str) -> datetime:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d))?", value):
        raise bad_request(f"Invalid filter clause: '{value}' is not a date.")
    whole = value if "T" in value else f"{value}T00:00:00Z"
    whole = re.sub(r"\.(\d{6})\d", r".\1", whole)
    try:
        return datetime.fromisoformat(whole)
    except ValueError as error:
        raise bad_request(f"Invalid filter clause: '{value}' is not a date.") from error


_EXPAND_ITEM = re.compile(r"(?P<name>\w+)(?:\((?P<options>(?:[^()']|'[^']*')*)\))?(?:,\s*|$)")
_EXTENDED_FILTER = re.compile(r"id eq '([^']+)'(?: or (?=id)|$)")


def message_expand(raw: str | None) -> Expand:
    """`attachments`, with or without `$select`; `singleValueExtendedProperties` with a `$filter` of ids."""
    attachments: tuple[str, ...] | None = None
    extended: tuple[str, ...] = ()
    position = 0
    while raw is not None and position < len(raw):
        found = _EXPAND_ITEM.match(raw, position)
        if not found:
            raise bad_request(f"Parsing OData Select and Expand failed: {raw}", "RequestBroker--ParseUri")
        position = found.end()
        options = found["options"] or ""
        if found["name"] == "attachments":
            chosen = options.removeprefix("$select=") if options.startswith("$select=") else None
            if options and chosen is None:
                raise bad_request(f"Parsing OData Select and Expand failed: {options}", "RequestBroker--ParseUri")
            attachments = attachment_select(chosen) or ()
        elif found["name"] == "singleValueExtendedProperties":
            extended = _extended_ids(options)
        else:
            raise unknown_property(found["name"], "message")
    return Expand(attachments, extended)


def _extended_ids(options: str) -> tuple[str, ...]:
    clause = options.removeprefix("$filter=")
    wanted: list[str] = []
    position = 0
    while position < len(clause) and clause != options:
        found = _EXTENDED_FILTER.match(clause, position)
        if not found:
            break
        wanted.append(found[1])
        position = found.end()
    if not wanted or position < len(clause):
        text = "The filter expression for $expand does not match to a single extended property and a value."
        raise bad_request(text, "ErrorInvalidUrlQueryFilter")
    for name in wanted:
        if not re.fullmatch(
            r"(?:Integer|String|Boolean|SystemTime|Binary|Long|Short) (?:0x[0-9A-Fa-f]{1,8}|\{.*)", name
        ):
            raise bad_request(f"PropertyId values may only be in one of the defined formats: '{name}'.")
    return tuple(wanted)
