"""What a value in an entry may look like. There is no shape for free text, so that no subject or address fits one.

Each shape gives the value as it is kept (plain JSON), or raises BadShape.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

Shape = Callable[[Any], Any]

#: A name out of a registry in code: of a role, a permission, a setting, a rule, a reason.
_CODE: Final = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*")
_CODE_LENGTH: Final = 40
_SALESFORCE_ID: Final = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_API_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_CLIENT: Final = re.compile(r"[0-9a-f]{16}")
_MOST: Final = 2**53 - 1
_LIST: Final = 64
_FIELDS: Final = 500


class BadShape(ValueError):
    """A value that does not belong into an entry. The message never holds the value."""


def ident(value: Any) -> str:
    """An id of the product's own rows."""
    if isinstance(value, UUID):
        return str(value)
    try:
        if isinstance(value, str) and str(UUID(value)) == value:
            return value
    except ValueError:
        pass
    raise BadShape("no id")


def code(value: Any) -> str:
    """A name that stands in code, such as `email.file` or `needs-reconnect`."""
    if isinstance(value, str) and len(value) <= _CODE_LENGTH and _CODE.fullmatch(value):
        return str(value)
    raise BadShape("no name out of code")


def codes(value: Any) -> list[str]:
    if isinstance(value, list | tuple | set | frozenset) and len(value) <= _LIST:
        return sorted(code(one) for one in value)
    raise BadShape("no list of names out of code")


def count(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST:
        return int(value)
    raise BadShape("no count")


def flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise BadShape("neither yes nor no")


def moment(value: Any) -> str:
    """A moment, kept as UTC to the second: 2026-01-31T09:30:00Z."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    raise BadShape("no moment")


def salesforce_id(value: Any) -> str:
    if isinstance(value, str) and _SALESFORCE_ID.fullmatch(value):
        return value
    raise BadShape("no Salesforce id")


def api_name(value: Any) -> str:
    """The name of an object or a field in Salesforce, such as `Contact` or `Renewal_Date__c`; never its value."""
    if isinstance(value, str) and _API_NAME.fullmatch(value):
        return value
    raise BadShape("no name of an object or a field")


def api_names(value: Any) -> list[str]:
    if isinstance(value, list | tuple | set | frozenset) and len(value) <= _FIELDS:
        return sorted(api_name(one) for one in value)
    raise BadShape("no list of names of fields")


def client(value: Any) -> str:
    """The first 16 hexadecimal digits of a keyed hash of a client's network address."""
    if isinstance(value, str) and _CLIENT.fullmatch(value):
        return value
    raise BadShape("no hash of a client")


def one_of(*allowed: str) -> Shape:
    def check(value: Any) -> str:
        if isinstance(value, str) and value in allowed:
            return str(value)
        raise BadShape("not one of the names it may be")

    return check


def object_id(value: Any) -> str:
    """What an entry is about: an id, a row's number, a name out of code, a Salesforce id, or nothing."""
    if isinstance(value, int):
        return str(count(value))
    if value == "":
        return ""
    for shape in (ident, code, salesforce_id):
        try:
            return str(shape(value))
        except BadShape:
            continue
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        return value
    raise BadShape("no id of an object")
