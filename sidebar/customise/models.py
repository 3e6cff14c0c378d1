"""What the page and its JSON twin say of an arrangement. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from accounts import pane_settings
from accounts.preferences import Source
from sidebar.customise.words import action_label, field_label
from sidebar.records.words import plural
from sync.services.customising import Arrangement
from sync.services.pane_layout import Action, Facet, PaneLayout


@dataclass(frozen=True, slots=True)
class FieldLine:
    """`missing`: Salesforce does not let this person read it, or it is not there any more. `value`: of the sample."""

    name: str
    label: str
    missing: bool
    value: str | int | float | bool | None
    kind: str


@dataclass(frozen=True, slots=True)
class ActionLine:
    name: str
    label: str
    offered: bool


@dataclass(frozen=True, slots=True)
class FieldChoice:
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Who:
    """Who settled something: default, organisation, preset (with its name) or user; locked: not the person's."""

    source: Source
    locked: bool
    preset: str


@dataclass(frozen=True, slots=True)
class FilterValues:
    closed_days: int | None
    own_only: bool | None
    by_domain: bool | None
    beside_contact: bool | None


@dataclass(frozen=True, slots=True)
class ObjectOut:
    """One object as it is arranged; `choices` are the fields that can be added."""

    name: str
    title: str
    shown: bool
    collapsed: tuple[FieldLine, ...]
    expanded: tuple[FieldLine, ...]
    choices: tuple[FieldChoice, ...]
    filters: FilterValues
    actions: tuple[ActionLine, ...]
    fields_who: Who
    filters_who: Who
    actions_who: Who
    own: bool
    unreadable: bool
    sample_name: str


@dataclass(frozen=True, slots=True)
class ObjectLine:
    name: str
    title: str
    shown: bool


@dataclass(frozen=True, slots=True)
class ObjectsOut:
    """The objects, shown ones first in their order."""

    objects: tuple[ObjectLine, ...]
    who: Who
    own: bool


def objects_out(layout: PaneLayout, *, order: tuple[str, ...] = (), shown: frozenset[str] | None = None) -> ObjectsOut:
    """The objects as they count, or as a draft has them in `order`."""
    names = order or tuple(one.name for one in layout.objects)
    now = frozenset(one.name for one in layout.shown) if shown is None else shown
    who = _who(layout, Facet.OBJECTS)
    return ObjectsOut(
        tuple(ObjectLine(name, plural(name), name in now) for name in names), who, who.source is Source.USER
    )


def object_out(one: Arrangement) -> ObjectOut:
    layout = one.layout
    offered = [str(action) for action in layout.actions]
    others = [action for action in pane_settings.actions_of(layout.name) if action not in offered]
    chosen = set(layout.fields)
    return ObjectOut(
        name=layout.name,
        title=plural(layout.name),
        shown=layout.shown,
        collapsed=tuple(_line(one, name) for name in layout.collapsed),
        expanded=tuple(_line(one, name) for name in layout.expanded),
        choices=tuple(FieldChoice(field.name, field.label) for field in one.about if field.name not in chosen),
        filters=FilterValues(
            layout.filters.closed_days, layout.filters.own_only, layout.filters.by_domain, layout.filters.beside_contact
        ),
        actions=tuple(ActionLine(Action(name), action_label(name), name in offered) for name in [*offered, *others]),
        fields_who=_who(one.decided, Facet.FIELDS),
        filters_who=_who(one.decided, Facet.FILTERS),
        actions_who=_who(one.decided, Facet.ACTIONS),
        own=bool(one.own),
        unreadable=one.unreadable,
        sample_name=one.sample.name,
    )


def _line(one: Arrangement, name: str) -> FieldLine:
    kind = next((field.type for field in one.about if field.name == name), "")
    value = (one.sample.values or {}).get(name)
    return FieldLine(name, field_label(name, one.about), name in one.missing, value, kind)


def _who(layout: PaneLayout, facet: Facet) -> Who:
    decided = layout.who(facet)
    return Who(decided.source, decided.locked, decided.preset)
