"""The settings of the pane: which objects, which of their fields, filters and actions, in which order.

Four settings of `accounts.preference_names`. The first is a list; the others say it per object, and an object that a
level does not name is as the level above has it:

    pane_objects   ["Contact", "Opportunity", "Invoice__c"]                           shown, in this order
    pane_fields    {"Contact": {"collapsed": ["Title"], "expanded": ["Department"]}}   at most four collapsed
    pane_filters   {"Opportunity": {"closed_days": 30, "own_only": true}}
    pane_actions   {"Contact": ["task", "open"]}                                      offered, in this order

Keys are API names as Salesforce's describe has them. Whether a person may read a field is Salesforce's to say, later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

STANDARD_OBJECTS: Final = ("Contact", "Lead", "Account", "Opportunity", "Case")
ACTIONS: Final = ("task", "call", "note", "follow-up", "edit", "open", "create", "convert")
#: An action that only one object has.
ONLY_FOR: Final[Mapping[str, str]] = {"convert": "Lead", "create": "Account"}
#: Filters by object; any other object (a custom one) has those under "".
FILTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Contact": (),
    "Lead": ("beside_contact",),
    "Account": ("by_domain",),
    "Opportunity": ("closed_days", "own_only"),
    "Case": ("closed_days", "own_only"),
    "": ("own_only",),
}
MOST_COLLAPSED: Final = 4
MOST_EXPANDED: Final = 12
MOST_OBJECTS: Final = 20
MOST_DAYS: Final = 3650

# A custom object's name, which may have the prefix of a package:
# https://help.salesforce.com/s/articleView?id=platform.dev_object_def.htm
_CUSTOM: Final = re.compile(r"[A-Za-z](?!.*____)[A-Za-z0-9_]{0,60}__c\Z")
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}\Z")
NAMES: Final = ("pane_objects", "pane_fields", "pane_filters", "pane_actions")


class Unfit(Exception):
    """A value that such a setting cannot have. `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def is_object(name: object) -> bool:
    return isinstance(name, str) and (name in STANDARD_OBJECTS or bool(_CUSTOM.match(name)))


def is_field(name: object) -> bool:
    return isinstance(name, str) and bool(_FIELD.match(name))


def filters_of(object_name: str) -> tuple[str, ...]:
    return FILTERS.get(object_name, FILTERS[""])


def actions_of(object_name: str) -> tuple[str, ...]:
    return tuple(one for one in ACTIONS if ONLY_FOR.get(one, object_name) == object_name)


def objects(value: object) -> list[str]:
    """`pane_objects` as it is kept. Raises Unfit."""
    if not isinstance(value, list | tuple) or len(value) > MOST_OBJECTS or not all(map(is_object, value)):
        raise Unfit("objects")
    return list(dict.fromkeys(value))


def fields(value: object) -> dict[str, Any]:
    """`pane_fields` as it is kept: a field stands once. Raises Unfit."""
    kept: dict[str, Any] = {}
    for name, places in _by_object(value):
        if not isinstance(places, Mapping) or not set(places) <= {"collapsed", "expanded"}:
            raise Unfit("fields")
        collapsed = _names(places.get("collapsed", ()), MOST_COLLAPSED)
        expanded = _names(places.get("expanded", ()), MOST_EXPANDED)
        kept[name] = {"collapsed": collapsed, "expanded": [one for one in expanded if one not in collapsed]}
    return kept


def filters(value: object) -> dict[str, Any]:
    """`pane_filters` as it is kept. Raises Unfit."""
    kept: dict[str, Any] = {}
    for name, chosen in _by_object(value):
        if not isinstance(chosen, Mapping) or not set(chosen) <= set(filters_of(name)):
            raise Unfit("filters")
        for which, what in chosen.items():
            days = which == "closed_days"
            if isinstance(what, bool) == days or not isinstance(what, int) or not 0 <= what <= MOST_DAYS:
                raise Unfit("filters")
        kept[name] = dict(chosen)
    return kept


def actions(value: object) -> dict[str, Any]:
    """`pane_actions` as it is kept. Raises Unfit."""
    kept: dict[str, Any] = {}
    for name, chosen in _by_object(value):
        if not isinstance(chosen, list | tuple) or not all(isinstance(one, str) for one in chosen):
            raise Unfit("actions")
        if not set(chosen) <= set(actions_of(name)):
            raise Unfit("actions")
        kept[name] = list(dict.fromkeys(chosen))
    return kept


def _by_object(value: object) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, Mapping) or len(value) > MOST_OBJECTS or not all(map(is_object, value)):
        raise Unfit("objects")
    return value.items()


def _names(value: object, most: int) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > most or not all(map(is_field, value)):
        raise Unfit("fields")
    return list(dict.fromkeys(value))


def as_text(value: Mapping[str, Any]) -> str:
    """A setting that is said per object, on one line: `Contact: Title, Email / Phone; Opportunity: own_only`."""
    return "; ".join(f"{name}: {_part(part)}" for name, part in value.items())


def _part(part: Any) -> str:
    if not isinstance(part, Mapping):
        return ", ".join(map(str, part)) or "–"
    if "collapsed" in part:
        return " / ".join(", ".join(part.get(place, ())) or "–" for place in ("collapsed", "expanded"))
    return ", ".join(f"{name} {int(what)}" if what is not True else name for name, what in part.items()) or "–"
