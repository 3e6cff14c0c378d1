"""From what a form sends to what Salesforce takes, and back; what cannot be is said at its field.

A form speaks in texts: dates as 2026-11-28, moments as 2026-11-28T10:30 in the person's zone, numbers with a point,
a checked box as `true`, several values with a semicolon between them. The empty text is nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sync.providers.salesforce.ids import long_id
from sync.services.records.fields import NUMBERS, Kind, RecordField

LONGEST: Final = 131_072
#: Schemes that a link of a field may have.
SCHEMES: Final = frozenset({"http", "https"})


class Unfit(ValueError):
    """A text that the field cannot hold; the message is for people."""


def as_text(kind: Kind, value: Any) -> str:
    """A value as the form writes it."""
    if value is None:
        return ""
    match kind:
        case Kind.CHECKBOX:
            return "true" if value is True else ""
        case Kind.DATETIME:
            moment = moment_of(value)
            return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M") if moment else ""
        case Kind.TIME:
            return str(value)[:5]
        case _ if kind in NUMBERS:
            return number_text(value)
    return str(value).replace("\r\n", "\n")


def to_value(field: RecordField, text: str) -> Any:
    """What Salesforce takes for a text of the form; None for the empty one. Raises Unfit."""
    if field.kind is Kind.CHECKBOX:
        return text == "true"
    text = _printable(text, lines=field.kind is Kind.TEXTAREA)
    if not text.strip():
        return None
    match field.kind:
        case Kind.DATE:
            return _date(text)
        case Kind.DATETIME:
            return _moment(text)
        case Kind.TIME:
            return _time(text)
        case Kind.PICKLIST:
            return _chosen(field, text)
        case Kind.MULTIPICKLIST:
            return ";".join(_chosen(field, one) for one in text.split(";") if one)
        case Kind.REFERENCE:
            return _reference(text)
        case Kind.URL:
            return _fitting(field, _link(text.strip()))
        case _ if field.kind in NUMBERS:
            return _number(field, text)
    return _fitting(field, text if field.kind is Kind.TEXTAREA else text.strip())


def check_dependents(fields: Mapping[str, RecordField], texts: Mapping[str, str]) -> dict[str, str]:
    """Messages for values that may not be chosen with what their controlling field says."""
    wrong = {}
    for name, field in fields.items():
        if not field.controller or not texts.get(name):
            continue
        says = texts.get(field.controller, "")
        if field.controller in fields and fields[field.controller].kind is Kind.CHECKBOX:
            says = "true" if says == "true" else "false"
        allowed = {option.value for option in field.options if says in option.valid_for}
        if any(one not in allowed for one in texts[name].split(";") if one):
            label = fields[field.controller].label if field.controller in fields else field.controller
            wrong[name] = _("This does not go with what is chosen for %(field)s.") % {"field": label}
    return wrong


def moment_of(value: Any) -> datetime | None:
    """A moment as Salesforce writes it: 2026-11-28T09:30:00.000Z or …+0000."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def number_text(value: Any) -> str:
    """A number without exponent and without zeros that say nothing."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return ""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def safe_link(value: str) -> str:
    """The address that a link field leads to; "" where it is none that may be followed."""
    value = value.strip()
    if "://" not in value and not value.lower().startswith(("javascript:", "data:", "vbscript:", "mailto:", "file:")):
        value = "https://" + value
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme.lower() in SCHEMES and parts.netloc else ""


def _printable(text: str, *, lines: bool) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "\n\t" if lines else ""
    return "".join(letter for letter in text if letter in kept or unicodedata.category(letter) not in ("Cc", "Cs"))


def _fitting(field: RecordField, text: str) -> str:
    most = field.length or LONGEST
    too_many = len(text.encode("utf-16-le")) // 2 - most
    if too_many > 0:
        raise Unfit(ngettext("%(n)d character too long.", "%(n)d characters too long.", too_many) % {"n": too_many})
    return text


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise Unfit(_("This is not a date.")) from None


def _time(text: str) -> str:
    try:
        return time.fromisoformat(text.strip()).strftime("%H:%M:%S.000Z")
    except ValueError:
        raise Unfit(_("This is not a time.")) from None


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Unfit(_("This is not a date and time.")) from None
    if moment.tzinfo is None:
        moment = timezone.make_aware(moment)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _number(field: RecordField, text: str) -> int | float:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise Unfit(_("This is not a number.")) from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 18:
        raise Unfit(_("This number is too large."))
    exponent = number.normalize().as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    if decimals > field.scale:
        words = ngettext("At most %(n)d decimal.", "At most %(n)d decimals.", field.scale) % {"n": field.scale}
        raise Unfit(words if field.scale else _("Only whole numbers."))
    if field.precision and abs(number) >= Decimal(10) ** max(1, field.precision - field.scale):
        raise Unfit(_("This number is too large."))
    return int(number) if decimals == 0 else float(number)


def _chosen(field: RecordField, text: str) -> str:
    """One of the values that may be chosen; what the record has already may stay though it is offered no more."""
    allowed = {option.value for option in field.options}
    already = str(field.value or "").split(";")
    if allowed and text not in allowed and text not in already:
        raise Unfit(_("This value cannot be chosen."))
    return text


def _reference(text: str) -> str:
    found = long_id(text.strip())
    if not found:
        raise Unfit(_("Choose a record from the list."))
    return found


def _link(text: str) -> str:
    if not safe_link(text):
        raise Unfit(_("This is not a web address."))
    return text
