"""How a person arranges their pane: a draft per object, shown with live data, then kept as their own choice.

    layout_of ─► draft ── a step (up, down, away, add) ─► draft ── save ─► preferences ─► painted anew
                   └─► preview: a record of this object, read as the person        └─► reset: as the preset has it

Nothing is written before `save`. What an administrator has forced is refused (`Locked`), whatever a client sends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext

from accounts import pane_settings, preferences
from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.errors import NotConnected
from accounts.models import PreferenceValue
from permissions import policy
from sync.errors import ProviderError
from sync.providers.salesforce import soql
from sync.providers.salesforce.ids import long_id
from sync.providers.salesforce.schema import FieldAbout
from sync.providers.salesforce.wire import Record
from sync.services import flight
from sync.services.clients import Crm, crm_of
from sync.services.context import readable_fields
from sync.services.pane_layout import Action, Facet, Filters, ObjectLayout, PaneLayout, layout_of
from sync.services.records.caches import key_of, own_version
from sync.services.versions import user_changed

SAMPLE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Sample:
    """A record for the preview: its name, and what it says by API name. Empty where there is none to show."""

    name: str = ""
    values: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Arrangement:
    """One object as it is arranged: `about` are the fields to choose from, `unreadable` whether they could not be read.

    `own`: the facets in which the person has a choice of their own for this object.
    """

    layout: ObjectLayout
    decided: PaneLayout
    about: tuple[FieldAbout, ...]
    unreadable: bool
    own: frozenset[Facet]
    sample: Sample

    @property
    def missing(self) -> tuple[str, ...]:
        """What is configured and cannot be shown to this person."""
        if self.unreadable:
            return ()
        known = {field.name for field in self.about}
        return tuple(name for name in self.layout.fields if name not in known)


def arrangement(actor: Actor, name: str, draft: ObjectLayout | None = None, *, sample_id: str = "") -> Arrangement:
    """One object, as it counts or as it is drafted. At most two calls, both kept; a third where the record to show it
    with (`sample_id`, of the open email) is none that the person may see.

    Raises policy.NotFound for what is no object.
    """
    require_own(actor, "mailbox.sync")
    if not pane_settings.is_object(name):
        raise policy.NotFound
    decided = layout_of(actor)
    layout = draft or decided.of(name)
    crm, about = _about(actor, name)
    return Arrangement(
        layout=layout,
        decided=decided,
        about=about,
        unreadable=not about,
        own=_own(actor, name),
        sample=_sample(crm, name, about, sample_id) if crm and about else Sample(),
    )


def stepped(layout: ObjectLayout, step: str, what: str) -> ObjectLayout:
    """A draft after a step. `up`, `down`, `away`, `add` concern a field, `action-up` and `action-down` an action.

    What cannot be done (up from the top) changes nothing. Between the places a field goes over: up from the top of the
    expanded it is collapsed, and pushes the last of four collapsed out.
    """
    collapsed, expanded, actions = list(layout.collapsed), list(layout.expanded), list(layout.actions)
    if step == "add" and pane_settings.is_field(what) and what not in layout.fields:
        if len(collapsed) < pane_settings.MOST_COLLAPSED:
            collapsed.append(what)
        elif len(expanded) < pane_settings.MOST_EXPANDED:
            expanded.append(what)
    elif step == "away":
        collapsed, expanded = ([one for one in some if one != what] for some in (collapsed, expanded))
    elif step in ("up", "down") and what in layout.fields:
        _move_field(collapsed, expanded, what, -1 if step == "up" else 1)
    elif step in ("action-up", "action-down") and what in set(actions):
        _move(actions, actions.index(Action(what)), -1 if step == "action-up" else 1)
    return replace(layout, collapsed=tuple(collapsed), expanded=tuple(expanded), actions=tuple(actions))


def _move_field(collapsed: list[str], expanded: list[str], what: str, by: int) -> None:
    if what in collapsed and by > 0 and collapsed[-1] == what:
        if len(expanded) < pane_settings.MOST_EXPANDED:
            expanded.insert(0, collapsed.pop())
    elif what in expanded and by < 0 and expanded[0] == what:
        pushed = collapsed.pop() if len(collapsed) == pane_settings.MOST_COLLAPSED else ""
        collapsed.append(expanded.pop(0))
        if pushed:
            expanded.insert(0, pushed)
    else:
        some = collapsed if what in collapsed else expanded
        _move(some, some.index(what), by)


def _move(some: list[Any], place: int, by: int) -> None:
    if 0 <= place + by < len(some):
        some[place], some[place + by] = some[place + by], some[place]


def save(actor: Actor, layout: ObjectLayout) -> None:
    """The person's own choice for one object, where it is otherwise than what counts. Raises Locked, BadValue."""
    now = layout_of(actor).of(layout.name)
    given: dict[Facet, tuple[bool, Any]] = {
        Facet.FIELDS: (
            (now.collapsed, now.expanded) != (layout.collapsed, layout.expanded),
            {"collapsed": list(layout.collapsed), "expanded": list(layout.expanded)},
        ),
        Facet.FILTERS: (now.filters != layout.filters, _told(layout.filters)),
        Facet.ACTIONS: (now.actions != layout.actions, [str(one) for one in layout.actions]),
    }
    for facet, (changed, value) in given.items():
        if changed:
            own = dict(_own_value(actor, facet))
            own[layout.name] = value
            preferences.choose(actor, facet, own)
    user_changed(actor.organisation.pk, actor.user.pk)


def reset(actor: Actor, name: str) -> None:
    """One object as the preset or the organisation has it."""
    for facet in (Facet.FIELDS, Facet.FILTERS, Facet.ACTIONS):
        own = dict(_own_value(actor, facet))
        if name not in own:
            continue
        del own[name]
        if own and not preferences.explain(actor.user, facet).locked:
            preferences.choose(actor, facet, own)
        else:
            preferences.withdraw(actor, facet)
    user_changed(actor.organisation.pk, actor.user.pk)


def allowed_objects(actor: Actor) -> tuple[str, ...]:
    """What a person may choose from: the standard objects, and those of the org's own that the organisation or the
    preset names in any setting of the pane. One query.
    """
    above = {place: layer for place, layer in preferences.layers_of([actor.user]).items() if place[2] is None}
    settled = preferences.resolved([actor.user], above)[actor.user.pk]
    named = [name for facet in (Facet.FIELDS, Facet.FILTERS, Facet.ACTIONS) for name in settled.by_object(facet)]
    return tuple(dict.fromkeys([*settled.texts(Facet.OBJECTS), *pane_settings.STANDARD_OBJECTS, *named]))


def objects_layout(actor: Actor) -> PaneLayout:
    """The person's layout, with all objects that they may add. Two queries."""
    layout = layout_of(actor)
    known = {one.name for one in layout.objects}
    further = tuple(layout.of(name) for name in allowed_objects(actor) if name not in known)
    return replace(layout, objects=(*layout.objects, *further))


def save_objects(actor: Actor, shown: Sequence[str]) -> None:
    """Which objects the pane shows, in their order. Raises Locked, BadValue: also for an object of the org's own that
    the organisation does not allow.
    """
    strange = sorted(set(shown) - set(allowed_objects(actor)))
    if strange:
        sentence = gettext("Your organisation has not allowed these objects in the pane: %(names)s.")
        raise preferences.BadValue(Facet.OBJECTS, sentence % {"names": ", ".join(strange)})
    if [one.name for one in layout_of(actor).shown] != list(shown):
        preferences.choose(actor, Facet.OBJECTS, list(shown))
        user_changed(actor.organisation.pk, actor.user.pk)


def reset_objects(actor: Actor) -> None:
    preferences.withdraw(actor, Facet.OBJECTS)
    user_changed(actor.organisation.pk, actor.user.pk)


def _told(filters: Filters) -> dict[str, Any]:
    return {name: value for name in Filters.__dataclass_fields__ if (value := getattr(filters, name)) is not None}


def _own_value(actor: Actor, facet: Facet) -> Mapping[str, Any]:
    row = PreferenceValue.objects.filter(organisation=actor.organisation, user=actor.user, name=facet).first()
    value: Mapping[str, Any] = row.value if row is not None else {}
    return value


def _own(actor: Actor, name: str) -> frozenset[Facet]:
    rows = PreferenceValue.objects.filter(organisation=actor.organisation, user=actor.user, name__in=list(Facet))
    return frozenset(Facet(row.name) for row in rows if row.name != Facet.OBJECTS and name in row.value)


def _about(actor: Actor, name: str) -> tuple[Crm | None, tuple[FieldAbout, ...]]:
    """What there is to choose from; nothing where Salesforce is not connected or does not answer."""
    try:
        crm = crm_of(actor)
        names = [*soql.FIELDS] if name in soql.FIELDS else [name]
        return crm, readable_fields(crm, names).get(name, ())
    except (ProviderError, NotConnected):
        return None, ()


def _sample(crm: Crm, name: str, about: Sequence[FieldAbout], record_id: str = "") -> Sample:
    """A record of this object with all that it says: the one asked for, else the one that was changed last."""
    paths = tuple(dict.fromkeys(["Id", *(field.path for field in about[:200])]))
    wanted = long_id(record_id)
    try:
        records = _read(crm, name, soql.seen(name, paths, wanted), wanted) if wanted else []
        records = records or _read(crm, name, soql.last_seen(name, paths), "")
    except ProviderError:
        return Sample()
    if not records:
        return Sample()
    record = Record.model_validate(records[0])
    values = {one.name: one.value for one in record.values([(field.name, field.path) for field in about])}
    title = values.get("Name") or values.get("CaseNumber") or values.get("Subject") or ""
    return Sample(str(title), values)


def _read(crm: Crm, name: str, query: str, record_id: str) -> list[dict[str, Any]]:
    """One call, kept for five minutes."""
    key = key_of(crm, "sample", own_version(crm), name, record_id)

    def load() -> tuple[str, float]:
        return json.dumps(crm.client.query(query)[:1]), SAMPLE_SECONDS

    found: list[dict[str, Any]] = json.loads(flight.fetch(key, load).value)
    return found
