"""Values between JSON and the store: dates as `date`, moments as aware UTC `datetime`, ids with 18 characters."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import NUMBERS, TEXT, Field, SObject

_DATETIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:?\d\d)?\Z",
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")
_EMAIL = re.compile(r"[^\s@\"(),:;<>\[\]\\]+@[^\s@\"(),:;<>\[\]\\.]+(\.[^\s@\"(),:;<>\[\]\\.]+)+\Z")


def parse_datetime(text: str) -> datetime | None:
    """The moment that an ISO 8601 text names (UTC where it names no zone), or None."""
    found = _DATETIME.match(text)
    if not found:
        return None
    zone = found[8] or "Z"
    zone = "+00:00" if zone == "Z" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    micro = (found[7] or "0").ljust(6, "0")
    base = f"{found[1]}-{found[2]}-{found[3]}T{found[4]}:{found[5]}:{found[6] or '00'}.{micro}{zone}"
    try:
        return datetime.fromisoformat(base).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_date(text: str) -> date | None:
    """The day that a text begins with, or None."""
    if not _DATE.match(text[:10]) or (len(text) > 10 and parse_datetime(text) is None):
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _wrong(field: Field, value: object) -> SalesforceError:
    token = {str: "VALUE_STRING", bool: "VALUE_TRUE" if value else "VALUE_FALSE", int: "VALUE_NUMBER_INT"}.get(
        type(value), "VALUE_NUMBER_FLOAT" if isinstance(value, float) else "START_OBJECT"
    )
    shown = value if isinstance(value, (str, int, float)) else "{}"
    return SalesforceError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {field.type} from {token} value {shown} or request may be missing a required"
        f" field at [line:1, column:2]",
    )


def parse(field: Field, value: Any) -> Any:
    """The stored form of a JSON value of this field.

    Raises `SalesforceError` JSON_PARSER_ERROR for a value of another type and MALFORMED_ID for what is no id.
    """
    if value is None:
        return None
    if field.type in TEXT:
        return _text(field, value)
    if field.type in NUMBERS:
        return _number(field, value)
    if field.type == "boolean":
        return _boolean(field, value)
    if not isinstance(value, str):
        raise _wrong(field, value)
    if value == "" and field.type != "base64":
        return None
    if field.type in ("id", "reference"):
        found = ids.normalise(value)
        if found is None:
            raise SalesforceError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", [field.name])
        return found
    moment: date | None
    if field.type == "datetime":
        moment = parse_datetime(value)
    elif field.type == "date":
        moment = parse_date(value)
    else:
        return value
    if moment is None:
        raise _wrong(field, value)
    return moment


def _text(field: Field, value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        raise _wrong(field, value)
    # Salesforce trims text and stores an empty one as null; half of a surrogate pair is no character.
    value = value.encode("utf-8", "replace").decode("utf-8")
    trimmed = value.strip() if field.type != "textarea" else value
    return trimmed or None


def _number(field: Field, value: Any) -> int | float:
    if isinstance(value, bool):
        raise _wrong(field, value)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise _wrong(field, value) from None
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _wrong(field, value)
    if field.type == "int":
        if value != int(value):
            raise _wrong(field, value)
        return int(value)
    return float(value)


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
        return value.lower() in ("true", "1")
    raise _wrong(field, value)


def is_email(value: str) -> bool:
    """Whether Salesforce takes this for an address."""
    return len(value) <= 254 and bool(_EMAIL.match(value)) and ".." not in value.partition("@")[0]


def render(value: Any) -> Any:
    """The JSON form of a stored value: `2026-11-23T21:00:00.000+0000`, `2026-11-23`, or the value itself."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}+0000"
    if isinstance(value, date):
        return value.isoformat()
    return value


def address(sobject: SObject, field: Field, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The compound value of an address field, or None where all its parts are empty."""
    prefix = field.name.removesuffix("Address")
    parts = {part: row.get(prefix + part) for part in ("City", "Country", "PostalCode", "State", "Street")}
    if not any(parts.values()):
        return None
    return {
        "city": parts["City"],
        "country": parts["Country"],
        "geocodeAccuracy": None,
        "latitude": None,
        "longitude": None,
        "postalCode": parts["PostalCode"],
        "state": parts["State"],
        "street": parts["Street"],
    }
