"""Every setting there is, each with one sentence of what it decides, what it may be, and who may change it.

A name that is not registered can neither be stored nor asked for.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext, gettext_noop

from accounts import pane_settings


class UnknownSetting(LookupError):
    """A setting's name that is not registered."""


class BadValue(Exception):
    """A value that the setting cannot have, or not at that level. `sentence` is for people."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(name)
        self.name = name
        self.sentence = sentence


class Level(enum.IntEnum):
    """Who sets a value; the later one counts, unless an earlier one is forced."""

    ORGANISATION = 1
    PRESET = 2
    USER = 3


class Kind(enum.Enum):
    CHOICE = "choice"
    NUMBER = "number"
    FLAG = "flag"
    TEXT = "text"
    DATE = "date"  # ISO 8601, or empty
    LIST = "list"  # of texts
    OBJECTS = "objects"  # a list of API names
    MAP = "map"  # by API name; what a level does not name is as the level above has it


@dataclass(frozen=True, slots=True)
class Definition:
    """One setting. `least` and `most` bound a number, the length of a text, or how many texts a list holds.

    `lowest` is the last level that may set it: USER for everybody, PRESET and ORGANISATION for administrators. `title`
    is what people call it, `unit` what stands behind its number, once and several times.
    """

    name: str
    kind: Kind
    default: Any
    decides: str
    lowest: Level = Level.USER
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 0
    pattern: str = ""
    title: str = ""
    unit: tuple[str, str] = ("", "")


#: Those that the product speaks (`LANGUAGES` of the settings).
LANGUAGES: Final = ("en", "de", "fr", "es", "ar")
AUTO_FILE_MODES: Final = ("off", "known-people", "same-domain", "everything-external")
_EXTENSION: Final = r"[a-z0-9][a-z0-9_+-]{0,15}"

_DEFINITIONS: Final[dict[str, Definition]] = {
    definition.name: definition
    for definition in (
        Definition(
            "auto_file_mode",
            Kind.CHOICE,
            "known-people",
            gettext_noop("Which emails are filed without anybody pressing a button."),
            choices=AUTO_FILE_MODES,
            title=gettext_noop("Filing by itself"),
        ),
        Definition(
            "auto_file_delay_minutes",
            Kind.NUMBER,
            3,
            gettext_noop("How long an email waits before it is filed by itself, so that a person can stop it."),
            most=1440,
            title=gettext_noop("Filing delay"),
            unit=("minute", "minutes"),
        ),
        Definition(
            "mark_name",
            Kind.TEXT,
            "Salesforce",
            gettext_noop("The category (Outlook) or label (Gmail) that asks for an email to be filed."),
            least=1,
            most=100,
            title=gettext_noop("Name of the mark"),
        ),
        Definition(
            "chosen_folders",
            Kind.LIST,
            (),
            gettext_noop("Folders or labels, by the provider's ids, that are read besides Inbox and Sent."),
            most=500,
            title=gettext_noop("Further folders"),
        ),
        Definition(
            "backfill_from",
            Kind.DATE,
            "",
            gettext_noop("From which day on emails are filed by themselves; empty: six days back."),
            title=gettext_noop("File emails since"),
        ),
        Definition(
            "follow_days",
            Kind.NUMBER,
            90,
            gettext_noop("How many days after its last email a followed thread ends."),
            Level.PRESET,
            least=1,
            most=730,
            title=gettext_noop("End of followed threads"),
            unit=("day", "days"),
        ),
        Definition(
            "link_blind_copies",
            Kind.FLAG,
            False,
            gettext_noop("Whether people in Bcc are linked, which shows them to everyone who sees the record."),
            Level.ORGANISATION,
            title=gettext_noop("Link blind copies"),
        ),
        Definition(
            "max_file_mib",
            Kind.NUMBER,
            25,
            gettext_noop("How large a file may be that is filed, in MiB."),
            Level.PRESET,
            least=1,
            most=100,
            title=gettext_noop("Largest file"),
            unit=("MiB", "MiB"),
        ),
        Definition(
            "allowed_extensions",
            Kind.LIST,
            (),
            gettext_noop(
                "The only file extensions that are filed, without their dot; empty: all that are not dangerous."
            ),
            Level.PRESET,
            most=200,
            pattern=_EXTENSION,
            title=gettext_noop("Allowed file extensions"),
        ),
        Definition(
            "opportunity_days",
            Kind.NUMBER,
            365,
            gettext_noop("How many days after closing an opportunity is still offered."),
            Level.PRESET,
            most=3650,
            title=gettext_noop("Closed opportunities offered"),
            unit=("day", "days"),
        ),
        Definition(
            "case_days",
            Kind.NUMBER,
            90,
            gettext_noop("How many days old a closed case may be to be offered."),
            Level.PRESET,
            most=3650,
            title=gettext_noop("Closed cases offered"),
            unit=("day", "days"),
        ),
        Definition(
            "salesforce_background_percent",
            Kind.NUMBER,
            60,
            gettext_noop("How much of Salesforce's daily calls background work may use."),
            Level.ORGANISATION,
            least=5,
            most=80,
            title=gettext_noop("Salesforce calls for background work"),
            unit=("percent", "percent"),
        ),
        Definition(
            "poll_minutes",
            Kind.NUMBER,
            15,
            gettext_noop("How often a mailbox is looked at when nothing told of a change."),
            Level.PRESET,
            least=5,
            most=60,
            title=gettext_noop("Looking at mailboxes"),
            unit=("minute", "minutes"),
        ),
        Definition(
            "language",
            Kind.CHOICE,
            "",
            gettext_noop("The language of the pane and the pages; empty: that of the mail client or browser."),
            choices=("", *LANGUAGES),
            title="Language",
        ),
        Definition(
            "pane_objects",
            Kind.OBJECTS,
            pane_settings.STANDARD_OBJECTS,
            gettext_noop("Which objects the pane shows, and in which order."),
            title=gettext_noop("Objects in the pane"),
        ),
        Definition(
            "pane_fields",
            Kind.MAP,
            {},
            gettext_noop("Which fields a card shows at once, and which once it is opened."),
            title=gettext_noop("Fields in the pane"),
        ),
        Definition(
            "pane_filters",
            Kind.MAP,
            {},
            gettext_noop("Which records of an object the pane shows."),
            title=gettext_noop("Filters in the pane"),
        ),
        Definition(
            "pane_actions",
            Kind.MAP,
            {},
            gettext_noop("Which actions a card offers, and in which order."),
            title=gettext_noop("Actions in the pane"),
        ),
    )
}


def definition(name: str) -> Definition:
    """The registered setting of that name. Raises UnknownSetting."""
    try:
        return _DEFINITIONS[name]
    except KeyError:
        raise UnknownSetting(f"No setting is called {name!r}: register it in accounts/preference_names.py.") from None


def definitions() -> Mapping[str, Definition]:
    return _DEFINITIONS


def check(name: str, value: object, level: Level) -> Any:
    """The value as it is kept. Raises UnknownSetting, BadValue."""
    asked = definition(name)
    if level > asked.lowest:
        raise BadValue(name, _OR_PRESET[asked.lowest]() % {"name": name})
    return _CHECKS[asked.kind](asked, value)


_OR_PRESET: Final = {
    Level.ORGANISATION: lambda: gettext("%(name)s is set for the whole organisation only."),
    Level.PRESET: lambda: gettext("%(name)s is set for the whole organisation or a preset only."),
}


def _told(asked: Definition) -> dict[str, Any]:
    return {"name": asked.name, "least": asked.least, "most": asked.most}


def _choice(asked: Definition, value: object) -> str:
    if not isinstance(value, str) or value not in asked.choices:
        raise BadValue(
            asked.name,
            gettext("%(name)s is one of: %(choices)s.") % {"name": asked.name, "choices": ", ".join(asked.choices)},
        )
    return value


def _number(asked: Definition, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not asked.least <= value <= asked.most:
        raise BadValue(asked.name, gettext("%(name)s is a whole number from %(least)d to %(most)d.") % _told(asked))
    return value


def _flag(asked: Definition, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadValue(asked.name, gettext("%(name)s is yes or no.") % _told(asked))
    return value


def _text(asked: Definition, value: object) -> str:
    if not isinstance(value, str) or not asked.least <= len(value.strip()) <= asked.most or not value.isprintable():
        raise BadValue(asked.name, gettext("%(name)s is one line of %(least)d to %(most)d characters.") % _told(asked))
    return value.strip()


def _date(asked: Definition, value: object) -> str:
    if value == "":
        return ""
    try:
        if not isinstance(value, str) or len(value) != len("2026-11-28"):
            raise ValueError
        return dt.date.fromisoformat(value).isoformat()
    except ValueError:
        raise BadValue(
            asked.name, gettext("%(name)s is a day written as 2026-11-28, or empty.") % _told(asked)
        ) from None


def _list(asked: Definition, value: object) -> list[str]:
    sentence = gettext("%(name)s is a list of at most %(most)d different texts.") % _told(asked)
    if not isinstance(value, list | tuple) or len(value) > asked.most:
        raise BadValue(asked.name, sentence)
    kept: list[str] = []
    for one in value:
        if not isinstance(one, str) or not 0 < len(one) <= 512 or not one.isprintable():
            raise BadValue(asked.name, sentence)
        if asked.pattern:
            one = one.strip().lower().removeprefix(".")
            if not re.fullmatch(asked.pattern, one):
                raise BadValue(asked.name, gettext("%(name)s holds words such as pdf or docx.") % _told(asked))
        if one not in kept:
            kept.append(one)
    return kept


def _pane(asked: Definition, value: object) -> Any:
    try:
        return _PANE[asked.name](value)
    except pane_settings.Unfit as unfit:
        limits = {
            "objects": pane_settings.MOST_OBJECTS,
            "collapsed": pane_settings.MOST_COLLAPSED,
            "expanded": pane_settings.MOST_EXPANDED,
            "days": pane_settings.MOST_DAYS,
        }
        raise BadValue(asked.name, gettext(_UNFIT[unfit.reason]) % limits) from None


_PANE: Final = {
    "pane_objects": pane_settings.objects,
    "pane_fields": pane_settings.fields,
    "pane_filters": pane_settings.filters,
    "pane_actions": pane_settings.actions,
}
_UNFIT: Final = {
    "objects": gettext_noop("The pane shows at most %(objects)d objects, each by its API name."),
    "fields": gettext_noop(
        "A card has at most %(collapsed)d fields, and %(expanded)d more once it is opened, each by its API name."
    ),
    "filters": gettext_noop("A filter is one that the object has: yes or no, or days from 0 to %(days)d."),
    "actions": gettext_noop("An action is one that the object has."),
}
_CHECKS: Final = {
    Kind.CHOICE: _choice,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.TEXT: _text,
    Kind.DATE: _date,
    Kind.LIST: _list,
    Kind.OBJECTS: _pane,
    Kind.MAP: _pane,
}
