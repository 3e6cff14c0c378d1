"""Presets: what an administrator settles for several users at once. Values themselves: `accounts.preferences`.

    make / clone ──► values, forced or free ──► assign to users or a team, keeping their own choices or overriding them
                          └──► preview: who would have it otherwise, before anybody does

Each function asks the policy and is recorded as one step; each step is one query, however many users there are. They
raise policy.Denied, policy.NotFound (another organisation's), and CannotChangePreset.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet, RestrictedError
from django.utils.translation import gettext, ngettext

from accounts import preferences
from accounts.actor import Actor
from accounts.history.recording import recorded
from accounts.history.words import setting_title, value_text
from accounts.models import PreferenceValue, Preset, Team, User
from accounts.preference_names import Level, check, definition
from accounts.preferences import Preferences
from accounts.trail import doer
from permissions import policy

_CHANGE: Final = "preset.change"
_BATCH: Final = 500


class CannotChangePreset(Exception):
    """What was asked for does not fit what stands. The message is for the administrator."""


class Own(enum.Enum):
    """What becomes of users' own choices of what the preset settles, when they are given it."""

    KEEP = "keep"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class PresetLine:
    """A preset as a list shows it: how many users have it, and how many settings it settles, and forces."""

    id: int
    name: str
    users: int
    settings: int
    forced: int


@dataclass(frozen=True, slots=True)
class EffectLine:
    """One setting that would be otherwise for so many people. `before`, `after` are texts such as "3 minutes"."""

    name: str
    title: str
    before: str
    after: str
    people: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What would be otherwise, and for how many people in all."""

    people: int
    lines: tuple[EffectLine, ...]

    @property
    def sentence(self) -> str:
        """12 people change: Filing delay 3 minutes → 0 minutes (9); Largest file 25 MiB → 10 MiB (12)."""
        if not self.people:
            return gettext("Nobody's settings change.")
        told = "; ".join(f"{one.title} {one.before} → {one.after} ({one.people})" for one in self.lines)
        sentence = ngettext("%(count)d person changes: %(told)s.", "%(count)d people change: %(told)s.", self.people)
        return sentence % {"count": self.people, "told": told}


def presets_of(actor: Actor) -> tuple[PresetLine, ...]:
    """The organisation's, by name. One query beside the policy's."""
    policy.require(actor.principal_id, "preset.view", actor.organisation.resource)
    rows = Preset.objects.filter(organisation=actor.organisation).order_by("name")
    return tuple(
        PresetLine(row.pk, row.name, row.has, row.settles, row.forces)
        for row in rows.annotate(
            has=Count("users", distinct=True),
            settles=Count("values", distinct=True),
            forces=Count("values", filter=Q(values__forced=True), distinct=True),
        )
    )


def make(actor: Actor, name: str) -> Preset:
    _require(actor, _CHANGE)
    with recorded(doer(actor)):
        return Preset.objects.create(organisation=actor.organisation, name=_free_name(actor, name))


def rename(actor: Actor, preset: Preset, name: str) -> Preset:
    _require(actor, _CHANGE, preset)
    with recorded(doer(actor)):
        preset.name = _free_name(actor, name, but=preset)
        preset.save(update_fields=["name"])
    return preset


def clone(actor: Actor, preset: Preset, name: str) -> Preset:
    """A new one with the same values, forced where they are. Nobody has it yet."""
    _require(actor, _CHANGE, preset)
    with recorded(doer(actor)) as recording:
        made = Preset.objects.create(organisation=actor.organisation, name=_free_name(actor, name))
        values = PreferenceValue.objects.filter(organisation=actor.organisation, preset=preset)
        PreferenceValue.objects.bulk_create(
            [
                PreferenceValue(
                    organisation=actor.organisation, preset=made, name=one.name, value=one.value, forced=one.forced
                )
                for one in values
            ],
            batch_size=_BATCH,
        )
        recording.cloned(made.pk, preset.pk)
    return made


def delete(actor: Actor, preset: Preset) -> None:
    """With its values. Raises CannotChangePreset while somebody has it."""
    _require(actor, _CHANGE, preset)
    try:
        with recorded(doer(actor)):
            preset.delete()
    except RestrictedError:
        raise CannotChangePreset(gettext("Somebody has this preset: give them another one first.")) from None


def unset(actor: Actor, preset: Preset | None, name: str) -> None:
    """The preset (none: the organisation) settles this no more. Raises UnknownSetting too."""
    _require(actor, _settles(preset), preset)
    definition(name)
    with recorded(doer(actor)):
        values = PreferenceValue.objects.filter(organisation=actor.organisation, preset=preset, user=None, name=name)
        values.delete()


def force(actor: Actor, preset: Preset | None, name: str) -> None:
    """Nobody below may choose otherwise than the preset (none: the organisation) says. Own choices stay, and wait."""
    _set_forced(actor, preset, name, forced=True)


def release(actor: Actor, preset: Preset | None, name: str) -> None:
    """Users' own choices count again."""
    _set_forced(actor, preset, name, forced=False)


def assign(
    actor: Actor,
    preset: Preset | None,
    *,
    users: Iterable[User] = (),
    team: Team | None = None,
    own: Own = Own.KEEP,
) -> int:
    """Gives a preset, or none, to users and to all of a team; how many have another one than before.

    With Own.OVERRIDE their own choices of what the preset settles are withdrawn.
    """
    _require(actor, "preset.assign", preset)
    with recorded(doer(actor)):
        people = _people(actor, users, team)
        if own is Own.OVERRIDE and preset is not None:
            settled = PreferenceValue.objects.filter(organisation=actor.organisation, preset=preset)
            PreferenceValue.objects.filter(
                organisation=actor.organisation, user__in=people, name__in=list(settled.values_list("name", flat=True))
            ).delete()
        given = None if preset is None else preset.pk
        others = people.exclude(preset=preset) if preset is not None else people.filter(preset__isnull=False)
        return others.update(preset=given)


def preview_assign(
    actor: Actor,
    preset: Preset | None,
    *,
    users: Iterable[User] = (),
    team: Team | None = None,
    own: Own = Own.KEEP,
) -> Effect:
    """What `assign` would change. Three queries beside the policy's."""
    _require(actor, "preset.assign", preset)
    people = list(_people(actor, users, team))
    layers = preferences.layers_of(people, presets=[] if preset is None else [preset.pk])
    before = preferences.resolved(people, layers)
    if own is Own.OVERRIDE and preset is not None:
        settled = {name for _, preset_id, _, name in layers if preset_id == preset.pk}
        layers = {key: layer for key, layer in layers.items() if key[2] is None or key[3] not in settled}
    for user in people:
        user.preset_id = None if preset is None else preset.pk
    return _effect(before, preferences.resolved(people, layers))


def preview_value(actor: Actor, preset: Preset | None, name: str, value: object, *, forced: bool = False) -> Effect:
    """What it would change to set a value for a preset (none: for the organisation), or to force or release it there.

    Three queries beside the policy's. Raises UnknownSetting, BadValue too.
    """
    _require(actor, _settles(preset), preset)
    checked = check(name, value, Level.ORGANISATION if preset is None else Level.PRESET)
    people = User.objects.filter(organisation=actor.organisation)
    affected = list(people if preset is None else people.filter(preset=preset))
    layers = preferences.layers_of(affected)
    before = preferences.resolved(affected, layers)
    layers[(actor.organisation.pk, None if preset is None else preset.pk, None, name)] = (checked, forced)
    return _effect(before, preferences.resolved(affected, layers))


def _effect(before: Mapping[UUID, Preferences], after: Mapping[UUID, Preferences]) -> Effect:
    counted: Counter[tuple[str, str, str]] = Counter()
    people = 0
    for user_id, earlier in before.items():
        later = after[user_id]
        different = [name for name in earlier if earlier[name] != later[name]]
        people += bool(different)
        counted.update((name, _text(name, earlier), _text(name, later)) for name in different)
    return Effect(
        people,
        tuple(
            EffectLine(name, setting_title(name), was, will, count)
            for (name, was, will), count in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
        ),
    )


def _text(name: str, known: Preferences) -> str:
    value: Any = known[name]
    return value_text(name, value)


def _people(actor: Actor, users: Iterable[User], team: Team | None) -> QuerySet[User]:
    """Raises policy.NotFound where one of them is another organisation's."""
    users = list(users)
    owners = {user.organisation_id for user in users} | ({team.organisation_id} if team is not None else set())
    if owners - {actor.organisation.pk}:
        raise policy.NotFound
    chosen = Q(pk__in=[user.pk for user in users])
    if team is not None:
        chosen |= Q(resource__parent=team.resource_id)
    return User.objects.filter(chosen, organisation=actor.organisation)


def _set_forced(actor: Actor, preset: Preset | None, name: str, *, forced: bool) -> None:
    _require(actor, _settles(preset), preset)
    definition(name)
    with recorded(doer(actor)):
        values = PreferenceValue.objects.filter(organisation=actor.organisation, preset=preset, user=None, name=name)
        if not values.update(forced=forced):
            raise CannotChangePreset(gettext("Settle a value first: there is none to force."))


def _settles(preset: Preset | None) -> str:
    return _CHANGE if preset is not None else "organisation.change"


def _require(actor: Actor, permission: str, preset: Preset | None = None) -> None:
    if preset is not None and preset.organisation_id != actor.organisation.pk:
        raise policy.NotFound
    policy.require(actor.principal_id, permission, (preset or actor.organisation).resource)


def _free_name(actor: Actor, name: str, but: Preset | None = None) -> str:
    name = name.strip()
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise CannotChangePreset(gettext("A preset needs a name of at most 100 characters."))
    others = Preset.objects.filter(organisation=actor.organisation, name__iexact=name)
    if (others if but is None else others.exclude(pk=but.pk)).exists():
        raise CannotChangePreset(gettext("There is a preset called %(name)s already.") % {"name": name})
    return name
