"""Values of a record as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from html import unescape
from urllib.parse import quote

import nh3
from django.utils import formats
from django.utils.translation import gettext as _

from sync.providers.salesforce.ids import long_id
from sync.providers.salesforce.searching import PREFIXES
from sync.services.records.fields import NUMBERS, Item, Kind, RecordField, Section
from sync.services.records.values import moment_of, number_text, safe_link


@dataclass(frozen=True, slots=True)
class Shown:
    """A value: its text, an address that it leads to, a record that it opens, or a moment that the browser words."""

    text: str
    href: str = ""
    outside: bool = False
    record_id: str = ""
    moment: datetime | None = None
    lines: bool = False


@dataclass(frozen=True, slots=True)
class ShownItem:
    label: str
    values: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class ShownSection:
    heading: str
    items: tuple[ShownItem, ...]


def shown_sections(sections: Iterable[Section]) -> tuple[ShownSection, ...]:
    """What a record holds; items and sections without a value are left out."""
    made = []
    for section in sections:
        items = tuple(item for item in map(_item, section.items) if item.values)
        if items:
            made.append(ShownSection(section.heading, items))
    return tuple(made)


def _item(item: Item) -> ShownItem:
    fields = [field for field in item.fields if not field.is_empty]
    if item.name.endswith("Address"):
        lines = "\n".join(text for text in (shown(field).text for field in fields) if text)
        return ShownItem(item.label, (Shown(lines, lines=True),) if lines else ())
    if item.name:
        words = " ".join(shown(field).text for field in fields)
        return ShownItem(item.label, (Shown(words),) if words else ())
    return ShownItem(item.label, tuple(shown(field) for field in fields))


def shown(field: RecordField) -> Shown:
    """One value that is not empty."""
    text = field.display or str(field.value)
    match field.kind:
        case Kind.CHECKBOX:
            return Shown(_("Yes"))
        case Kind.DATE:
            return Shown(_day(str(field.value)) or text)
        case Kind.DATETIME:
            return Shown(text, moment=moment_of(field.value))
        case Kind.TIME if not field.display:
            return Shown(_hour(str(field.value)) or text)
        case Kind.EMAIL:
            return Shown(text, href=f"mailto:{quote(text, safe='@')}")
        case Kind.PHONE:
            digits = "".join(letter for letter in text if letter in "+0123456789*#,;")
            return Shown(text, href=f"tel:{quote(digits, safe='+*#,;')}" if digits else "")
        case Kind.URL:
            return Shown(text, href=safe_link(str(field.value)), outside=True)
        case Kind.REFERENCE:
            return Shown(text, record_id=_opens(field))
        case Kind.MULTIPICKLIST:
            return Shown(", ".join(text.split(";")))
        case Kind.HTML:
            return Shown(plain(str(field.value)), lines=True)
        case Kind.TEXTAREA:
            return Shown(text, lines=True)
        case _ if field.kind in NUMBERS and not field.display:
            return Shown(number_text(field.value))
    return Shown(text)


def plain(html: str) -> str:
    """The words of a formatted text."""
    broken = html.replace("<br>", "\n").replace("<br/>", "\n").replace("</p>", "\n").replace("</div>", "\n")
    return unescape(nh3.clean(broken, tags=set(), clean_content_tags={"script", "style"})).strip()


def _day(text: str) -> str:
    try:
        return str(formats.date_format(date.fromisoformat(text), "DATE_FORMAT"))
    except ValueError:
        return ""


def _hour(text: str) -> str:
    """Salesforce has hours of the day in no zone, though it writes a Z after them."""
    try:
        return str(formats.time_format(time.fromisoformat(text.removesuffix("Z")), "TIME_FORMAT"))
    except ValueError:
        return ""


def _opens(field: RecordField) -> str:
    """The id of a record that can be opened here: users and queues cannot."""
    found = long_id(str(field.value))
    openable = {*PREFIXES.values()} - {PREFIXES["Task"], PREFIXES["Event"]}
    custom = any(name.endswith("__c") for name in field.references)
    return found if found and (found[:3] in openable or custom) else ""
