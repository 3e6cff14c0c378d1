"""A record's configured fields as facts of its card: those that always show, and those that an opened card adds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from urllib.parse import urlsplit

from sidebar.presentation.cards import Fact
from sync.crm import Account, Case, CustomRecord, Opportunity, Person, field_value

#: Fields with words and a look of their own, by API name.
_KINDS = {
    "Email": "email",
    "Phone": "phone",
    "MobilePhone": "mobile",
    "Status": "status",
    "LastActivityDate": "last-activity",
    "Website": "website",
}
Subject = Person | Account | Opportunity | Case | CustomRecord


def facts(record: Subject, names: Iterable[str]) -> tuple[Fact, ...]:
    """The named fields in their order; those that say nothing are left out."""
    return tuple(fact for name in names if (fact := _fact(record, name)) is not None)


def person_facts(
    person: Person, collapsed: Sequence[str], expanded: Sequence[str]
) -> tuple[Sequence[Fact], Sequence[Fact]]:
    """(always, opened): title and company stand in a line of their own; further addresses come once it is opened."""
    own_line = {"Title", "AccountId", "Company"}
    others = [Fact("email", other, f"mailto:{other}") for other in person.emails[1:]]
    more = list(facts(person, (name for name in expanded if name not in own_line)))
    place = next((n for n, fact in enumerate(more) if fact.kind == "last-activity"), len(more))
    return facts(person, (name for name in collapsed if name not in own_line)), [*more[:place], *others, *more[place:]]


def tel(number: str) -> str:
    digits = "".join(letter for letter in number if letter.isascii() and (letter.isdigit() or letter == "+"))
    return f"tel:{digits}" if digits else ""


def _fact(record: Subject, name: str) -> Fact | None:
    value = field_value(record, name)
    if value is None or value == "":
        return None
    kind = _KINDS.get(name, "field")
    label = label_of(name) if kind == "field" else ""
    if isinstance(value, bool):
        return Fact("flag", "yes" if value else "no", label=label or label_of(name))
    text = str(value)
    if kind == "email":
        return Fact(kind, text, f"mailto:{text}")
    if kind in {"phone", "mobile"}:
        return Fact(kind, text, tel(text))
    if kind == "website":
        return Fact(kind, text, _web(text))
    day = _day(text)
    if day is not None:
        return Fact(kind, "", day=day, label=label)
    return Fact(kind, text, label=label)


def label_of(name: str) -> str:
    """A field's API name made readable; words for the common ones stand in the templates."""
    words = name.removesuffix("__c").replace("_", " ")
    spaced = "".join(
        f" {one}" if one.isupper() and n and words[n - 1].islower() else one for n, one in enumerate(words)
    )
    return spaced.removesuffix(" Id").strip()


def _day(text: str) -> date | None:
    """The day of a date or a moment in ISO 8601; None for other texts."""
    try:
        return date.fromisoformat(text[:10]) if len(text) == 10 or text[10:11] == "T" else None
    except ValueError:
        return None


def _web(text: str) -> str:
    """A web address that a link may lead to; people leave its scheme out."""
    address = text if "//" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in {"http", "https"} and parts.hostname else ""
