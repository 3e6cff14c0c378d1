"""What a person sends of an arrangement, read strictly: a draft per object, or the list of objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.http import QueryDict

from accounts import pane_settings
from accounts.preference_names import Level, check
from sync.services.customising import Arrangement
from sync.services.pane_layout import Action, Facet, Filters, ObjectLayout


def draft_of(form: QueryDict, now: ObjectLayout) -> ObjectLayout:
    """The draft that a form carries: lists `collapsed` and `expanded` in their order, `order` of all actions and
    `action` of the offered ones, filters by their names. Raises BadValue where it is none.
    """
    offered = set(form.getlist("action"))
    actions = [one for one in dict.fromkeys(form.getlist("order")) if one in offered]
    filters: dict[str, Any] = {}
    for name in pane_settings.filters_of(now.name):
        text = form.get(name, "")
        if name == "closed_days":
            filters[name] = _days(text) if name in form else now.filters.closed_days
        else:
            filters[name] = text == "on"
    return draft(now, form.getlist("collapsed"), form.getlist("expanded"), filters, actions)


def draft(
    now: ObjectLayout,
    collapsed: Sequence[str],
    expanded: Sequence[str],
    filters: Mapping[str, Any],
    actions: Sequence[str],
) -> ObjectLayout:
    """Raises BadValue where it is nothing that a pane can show."""
    fields = {"collapsed": list(collapsed), "expanded": list(expanded)}
    kept = check("pane_fields", {now.name: fields}, Level.USER)[now.name]
    sieves = check("pane_filters", {now.name: dict(filters)}, Level.USER)[now.name]
    offered = check("pane_actions", {now.name: list(actions)}, Level.USER)[now.name]
    return replace(
        now,
        collapsed=tuple(kept["collapsed"]),
        expanded=tuple(kept["expanded"]),
        filters=replace(now.filters, **sieves) if sieves else Filters(),
        actions=tuple(map(Action, offered)),
    )


def free(wanted: ObjectLayout, now: Arrangement) -> ObjectLayout:
    """The draft with what is locked as it counts: a disabled part of the form is not sent."""
    layout = now.layout
    if now.decided.who(Facet.FIELDS).locked:
        wanted = replace(wanted, collapsed=layout.collapsed, expanded=layout.expanded)
    if now.decided.who(Facet.FILTERS).locked:
        wanted = replace(wanted, filters=layout.filters)
    if now.decided.who(Facet.ACTIONS).locked:
        wanted = replace(wanted, actions=layout.actions)
    return wanted


def _days(text: str) -> int:
    """-1, which no filter takes, for what is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1


def objects_of(form: QueryDict) -> tuple[tuple[str, ...], frozenset[str]]:
    """`order` of all objects and `shown` among them. Raises BadValue."""
    order = check("pane_objects", form.getlist("order"), Level.USER)
    return tuple(order), frozenset(form.getlist("shown")) & frozenset(order)


def moved(order: Sequence[str], name: str, by: int) -> tuple[str, ...]:
    """The order with one object a place up (-1) or down (1); as it was where there is no such place."""
    some = list(order)
    place = some.index(name) if name in some else -1
    if place >= 0 and 0 <= place + by < len(some):
        some[place], some[place + by] = some[place + by], some[place]
    return tuple(some)
