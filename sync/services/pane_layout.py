"""What a person's pane shows: which objects in which order, and for each its fields, filters and actions.

    the default ─► organisation ─► preset ─► user (`accounts.preferences`) ─► PaneLayout ─► what Salesforce is asked
                                                                                     └─► what cards show

Objects and fields are called by their API names everywhere. A field that the person may not read, or that is not there
any more, is left out of the question and named in `missing_fields`: the rest of the pane shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from accounts import pane_settings, preference_names
from accounts.actor import Actor
from accounts.preferences import Preferences, Setting, Source, effective
from sync.providers.salesforce import soql
from sync.providers.salesforce.schema import CustomAbout, FieldAbout


class Action(StrEnum):
    """What a card offers."""

    TASK = "task"
    CALL = "call"
    NOTE = "note"
    FOLLOW_UP = "follow-up"
    EDIT = "edit"
    OPEN = "open"
    CREATE = "create"
    CONVERT = "convert"


class Facet(StrEnum):
    """What is settled by a setting of its own, by its name among the preferences."""

    OBJECTS = "pane_objects"
    FIELDS = "pane_fields"
    FILTERS = "pane_filters"
    ACTIONS = "pane_actions"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which records of an object show. What is not the object's to filter is None.

    `closed_days`: closed ones too, as long as they were closed (a case: opened) within so many days; 0: open ones only.
    `own_only`: those that the person owns. `by_domain`: accounts that only a domain points at. `beside_contact`: leads
    whose address a contact has as well. What the email is filed on, or will be, shows all the same.
    """

    closed_days: int | None = None
    own_only: bool | None = None
    by_domain: bool | None = None
    beside_contact: bool | None = None


@dataclass(frozen=True, slots=True)
class ObjectLayout:
    """One object. `collapsed` are at most four fields, `expanded` those that follow once the card is opened."""

    name: str
    shown: bool
    collapsed: tuple[str, ...]
    expanded: tuple[str, ...]
    filters: Filters
    actions: tuple[Action, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        return (*self.collapsed, *self.expanded)


@dataclass(frozen=True, slots=True)
class Decided:
    """Who settled a facet: default, organisation, preset or user; `locked`: not the person's to change."""

    facet: Facet
    source: Source
    locked: bool
    preset: str = ""


@dataclass(frozen=True, slots=True)
class PaneLayout:
    """`objects` are the shown ones in their order, then the others. `version` changes with anything of it."""

    objects: tuple[ObjectLayout, ...]
    decided: tuple[Decided, ...]
    version: str

    def of(self, name: str) -> ObjectLayout:
        """An object's layout; for one that is not named anywhere (a further custom object) the default, not shown."""
        return next((one for one in self.objects if one.name == name), None) or _object(name, False, {}, {}, {}, {})

    def who(self, facet: Facet) -> Decided:
        return next(one for one in self.decided if one.facet is facet)

    @property
    def shown(self) -> tuple[ObjectLayout, ...]:
        return tuple(one for one in self.objects if one.shown)


#: As the pane is where nobody has settled anything.
DEFAULT_FIELDS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "Contact": (("Title", "AccountId", "Email", "Phone"), ("MobilePhone", "LastActivityDate")),
    "Lead": (("Title", "Company", "Email", "Phone"), ("MobilePhone", "Status", "LastActivityDate")),
    "Account": (("Type", "BillingCountry"), ("Industry", "Website", "Phone")),
    "Opportunity": (("StageName", "Amount", "CloseDate"), ()),
    "Case": (("Status", "CreatedDate"), ("Priority",)),
}
_PERSON = (Action.TASK, Action.CALL, Action.NOTE, Action.OPEN, Action.FOLLOW_UP, Action.EDIT)
_RECORD = (Action.OPEN, Action.TASK, Action.CALL, Action.NOTE, Action.FOLLOW_UP, Action.EDIT)
DEFAULT_ACTIONS: Final[Mapping[str, tuple[Action, ...]]] = {
    "Contact": _PERSON,
    "Lead": (*_PERSON, Action.CONVERT),
    "Account": (*_RECORD, Action.CREATE),
}
#: The names behind lookups that are known without asking describe.
_KNOWN_PATHS: Final[Mapping[str, str]] = {
    "AccountId": "Account.Name",
    "ContactId": "Contact.Name",
    "OwnerId": "Owner.Name",
}


def layout_of(actor: Actor) -> PaneLayout:
    """The layout that counts for a person. One query."""
    return layout_from(effective(actor.user), preset=actor.user.preset.name if actor.user.preset else "")


def default_layout() -> PaneLayout:
    """The layout where nobody has settled anything."""
    settings = {
        name: Setting(name, one.default, Source.DEFAULT, locked=False)
        for name, one in preference_names.definitions().items()
    }
    return layout_from(Preferences(settings))


def layout_from(chosen: Preferences, *, preset: str = "") -> PaneLayout:
    """The layout of settings that may be somebody's, or a preset's; `preset` is its name for people."""
    named = chosen.texts(Facet.OBJECTS)
    fields, filters, actions = (chosen.by_object(one) for one in (Facet.FIELDS, Facet.FILTERS, Facet.ACTIONS))
    everything = dict.fromkeys([*named, *pane_settings.STANDARD_OBJECTS, *fields, *filters, *actions])
    days = {"Opportunity": chosen.number("opportunity_days"), "Case": chosen.number("case_days")}
    objects = tuple(_object(name, name in named, fields, filters, actions, days) for name in everything)
    settled = [(facet, chosen.setting(facet)) for facet in Facet]
    decided = tuple(
        Decided(facet, one.source, one.locked, preset if one.source is Source.PRESET else "") for facet, one in settled
    )
    return PaneLayout(objects, decided, _version(objects))


def _object(
    name: str,
    shown: bool,
    fields: Mapping[str, Any],
    filters: Mapping[str, Any],
    actions: Mapping[str, Any],
    days: Mapping[str, int],
) -> ObjectLayout:
    collapsed, expanded = DEFAULT_FIELDS.get(name, ((), ("OwnerId",)))
    own = fields.get(name)
    if own is not None:
        collapsed, expanded = tuple(own.get("collapsed", ())), tuple(own.get("expanded", ()))
    offered = actions.get(name)
    return ObjectLayout(
        name=name,
        shown=shown,
        collapsed=collapsed,
        expanded=expanded,
        filters=_filters(name, filters.get(name, {}), days.get(name, 0)),
        actions=DEFAULT_ACTIONS.get(name, _RECORD) if offered is None else tuple(map(Action, offered)),
    )


def _filters(name: str, chosen: Mapping[str, Any], days: int) -> Filters:
    defaults = {"closed_days": days, "own_only": False, "by_domain": True, "beside_contact": True}
    return Filters(**{one: chosen.get(one, defaults[one]) for one in pane_settings.filters_of(name)})


def _version(objects: Iterable[ObjectLayout]) -> str:
    told = [
        [one.name, one.shown, one.collapsed, one.expanded, repr(one.filters), [str(a) for a in one.actions]]
        for one in objects
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def needs_describe(layout: PaneLayout) -> bool:
    """Whether a field is configured of which only describe can tell that it is there, and what it is called."""
    return any(not _known(one.name, name) for one in _asked(layout) for name in one.fields)


def further_fields(layout: PaneLayout, about: Mapping[str, Iterable[FieldAbout]]) -> soql.Fields:
    """What a context has to ask for beside what it always reads; `about` is what this person may read, if known."""
    further = []
    for one in _asked(layout):
        readable = {field.name: field.path for field in about.get(one.name, ())}
        pairs = []
        # Of several contacts with one address, the owner tells them apart.
        owner = ("OwnerId",) if one.name == "Contact" else ()
        for name in dict.fromkeys((*one.fields, *owner)):
            path = readable.get(name) or (_KNOWN_PATHS.get(name) if _known(one.name, name) else None)
            if path and (path != name or name not in soql.FIELDS[one.name]):
                pairs.append((name, path))
        if pairs:
            further.append((one.name, tuple(pairs)))
    return tuple(further)


def custom_objects(layout: PaneLayout) -> tuple[str, ...]:
    """The objects of the org's own that the pane shows."""
    return tuple(one.name for one in layout.shown if one.name not in soql.FIELDS)


def children_asked(layout: PaneLayout, about: Iterable[CustomAbout]) -> tuple[soql.Children, ...]:
    """How the records of these objects are asked for along each of their lookups, as far as the person may read them.

    An object that points twice at accounts comes along the first.
    """
    asked: dict[tuple[str, str], soql.Children] = {}
    for one in about:
        readable = {field.name: field.path for field in one.fields}
        fields = tuple((name, readable[name]) for name in layout.of(one.name).fields if name in readable)
        for parent, field, relationship in one.lookups:
            if field in readable:
                found = soql.Children(one.name, one.label, parent, relationship, fields, "OwnerId" in readable)
                asked.setdefault((one.name, parent), found)
    return tuple(asked.values())


def missing_fields(layout: PaneLayout, about: Mapping[str, Iterable[FieldAbout]]) -> tuple[tuple[str, str], ...]:
    """(object, field) of what is configured and this person cannot be shown, as far as `about` tells."""
    return tuple(
        (one.name, name)
        for one in layout.shown
        if about.get(one.name)
        for name in one.fields
        if name not in {field.name for field in about[one.name]}
    )


def _asked(layout: PaneLayout) -> Iterable[ObjectLayout]:
    """The objects that an email's context asks for."""
    return (one for one in layout.shown if one.name in soql.FIELDS)


def _known(object_name: str, name: str) -> bool:
    return name in soql.FIELDS[object_name]
