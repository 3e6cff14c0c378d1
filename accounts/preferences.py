"""Settings as they are for one user: organisation → preset → user, the later one counts, unless an earlier is forced.

    forced by the organisation? ── yes ──► that one, locked
      └─ forced by the preset? ── yes ──► that one, locked
           └─ the user's own choice ──► else the preset's ──► else the organisation's ──► else the default

What users (or presets) may not set at all is locked for them as well. Names and kinds: `accounts.preference_names`.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.history.recording import recorded
from accounts.models import PreferenceValue, Preset, User
from accounts.preference_names import BadValue, Kind, Level, UnknownSetting, check, definition, definitions
from accounts.trail import doer
from permissions import policy

__all__ = [
    "BadValue",
    "Locked",
    "Preferences",
    "Setting",
    "Source",
    "UnknownSetting",
    "assign_preset",
    "choose",
    "effective",
    "effective_for",
    "explain",
    "explain_all",
    "set_for_organisation",
    "set_for_preset",
    "withdraw",
]


class Locked(Exception):
    """A setting that the user may not change. `sentence` is for people."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        self.sentence = gettext("An administrator has set this for you.")


class Source(enum.Enum):
    """Where a value comes from."""

    DEFAULT = "default"
    ORGANISATION = "organisation"
    PRESET = "preset"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is for a user. `locked`: not theirs to change."""

    name: str
    value: Any
    source: Source
    locked: bool


class Preferences(Mapping[str, Any]):
    """All settings of one user at one moment. Keep it for one piece of work, not longer."""

    __slots__ = ("_settings",)

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        self._settings = dict(settings)

    def __getitem__(self, name: str) -> Any:
        try:
            return self._settings[name].value
        except KeyError:
            raise UnknownSetting(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)

    def __contains__(self, name: object) -> bool:
        return name in self._settings

    def setting(self, name: str) -> Setting:
        """With its source and lock. Raises UnknownSetting."""
        definition(name)
        return self._settings[name]

    def text(self, name: str) -> str:
        """A choice, a text or a folder's name."""
        value = self[name]
        if not isinstance(value, str):
            raise TypeError(f"{name} is no text.")
        return value

    def number(self, name: str) -> int:
        value = self[name]
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name} is no number.")
        return value

    def flag(self, name: str) -> bool:
        value = self[name]
        if not isinstance(value, bool):
            raise TypeError(f"{name} is not yes or no.")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self[name]
        if not isinstance(value, list | tuple):
            raise TypeError(f"{name} is no list.")
        return tuple(value)

    def by_object(self, name: str) -> Mapping[str, Any]:
        """A setting of the pane (`accounts.pane_settings`) that is said per object."""
        value = self[name]
        if not isinstance(value, Mapping):
            raise TypeError(f"{name} is not said per object.")
        return value

    def day(self, name: str) -> dt.date | None:
        """None where no day is chosen."""
        value = self.text(name)
        return dt.date.fromisoformat(value) if value else None


def effective(user: User) -> Preferences:
    """All settings of a user. One query."""
    return effective_for([user])[user.pk]


def effective_for(users: Iterable[User]) -> dict[UUID, Preferences]:
    """All settings of several users, by the user's id. One query."""
    users = list(users)
    return resolved(users, layers_of(users))


#: A value and whether it is forced.
Layer = tuple[Any, bool]
#: By organisation, preset (none: not a preset's), user (none: not a user's) and name.
Layers = Mapping[tuple[object, object, object, str], Layer]


def layers_of(users: Iterable[User], *, presets: Iterable[int] = ()) -> dict[tuple[object, object, object, str], Layer]:
    """What counts for these users, and what presets say that they may be given. One query."""
    users = list(users)
    presets = {*presets, *(user.preset_id for user in users if user.preset_id is not None)}
    rows = PreferenceValue.objects.filter(organisation__in={user.organisation_id for user in users}).filter(
        Q(preset__isnull=True, user__isnull=True) | Q(preset__in=presets) | Q(user__in=[user.pk for user in users])
    )
    return {
        (organisation_id, preset_id, user_id, name): (value, forced)
        for organisation_id, preset_id, user_id, name, value, forced in rows.values_list(
            "organisation_id", "preset_id", "user_id", "name", "value", "forced"
        )
    }


def resolved(users: Iterable[User], layers: Layers) -> dict[UUID, Preferences]:
    """All settings of users, by their id, where these layers are what counts."""
    return {user.pk: Preferences({name: _resolve(user, name, layers) for name in definitions()}) for user in users}


def of_organisation(organisation_id: UUID, name: str) -> Any:
    """What the organisation has settled of a setting that is its alone, else the default. One query."""
    row = PreferenceValue.objects.filter(organisation=organisation_id, preset=None, user=None, name=name).first()
    return _frozen(definition(name).default if row is None else row.value)


def explain(user: User, name: str) -> Setting:
    """One setting with where it comes from and whether it is locked. Raises UnknownSetting."""
    definition(name)
    return effective(user).setting(name)


def explain_all(user: User) -> tuple[Setting, ...]:
    """Every setting, in the order of the registry. One query."""
    found = effective(user)
    return tuple(found.setting(name) for name in definitions())


def choose(actor: Actor, name: str, value: object) -> Setting:
    """The user's own choice. Raises UnknownSetting, Locked, BadValue, policy.Denied."""
    user = _may_steer(actor)
    with recorded(doer(actor)):
        if explain(user, name).locked:
            raise Locked(name)
        PreferenceValue.objects.update_or_create(
            organisation=actor.organisation,
            user=user,
            preset=None,
            name=name,
            defaults={"value": check(name, value, Level.USER)},
        )
        return explain(user, name)


def withdraw(actor: Actor, name: str) -> Setting:
    """Takes the user's own choice back: from here on it is as the preset or the organisation has it."""
    user = _may_steer(actor)
    definition(name)
    with recorded(doer(actor)):
        PreferenceValue.objects.filter(user=user, name=name).delete()
    return explain(user, name)


def set_for_organisation(actor: Actor, name: str, value: object, *, forced: bool = False) -> None:
    """For everybody; forced: nobody chooses otherwise. Raises UnknownSetting, BadValue, policy.Denied."""
    policy.require(actor.principal_id, "organisation.change", actor.organisation.resource)
    with recorded(doer(actor)):
        PreferenceValue.objects.update_or_create(
            organisation=actor.organisation,
            user=None,
            preset=None,
            name=name,
            defaults={"value": check(name, value, Level.ORGANISATION), "forced": forced},
        )


def set_for_preset(actor: Actor, preset: Preset, name: str, value: object, *, forced: bool = False) -> None:
    """For the users of a preset. Raises UnknownSetting, BadValue, policy.Denied, policy.NotFound."""
    policy.require(actor.principal_id, "preset.change", preset.organisation.resource)
    with recorded(doer(actor)):
        PreferenceValue.objects.update_or_create(
            organisation=preset.organisation,
            user=None,
            preset=preset,
            name=name,
            defaults={"value": check(name, value, Level.PRESET), "forced": forced},
        )


def assign_preset(actor: Actor, user: User, preset: Preset | None) -> None:
    """Gives a user a preset, or none. Raises policy.Denied, policy.NotFound; ValueError for another organisation's."""
    policy.require(actor.principal_id, "preset.assign", actor.organisation.resource)
    if user.organisation_id != actor.organisation.pk:
        raise policy.NotFound
    if preset is not None and preset.organisation_id != user.organisation_id:
        raise policy.NotFound
    user.preset = preset
    with recorded(doer(actor)):
        user.save(update_fields=["preset"])


def _may_steer(actor: Actor) -> User:
    if actor.user.resource is None:
        raise policy.NotFound
    policy.require(actor.principal_id, "mailbox.sync", actor.user.resource)
    return actor.user


def _resolve(user: User, name: str, found: Layers) -> Setting:
    asked = definition(name)
    own = user.organisation_id
    layers = (
        (Level.ORGANISATION, Source.ORGANISATION, found.get((own, None, None, name))),
        (Level.PRESET, Source.PRESET, found.get((own, user.preset_id, None, name)) if user.preset_id else None),
        (Level.USER, Source.USER, found.get((own, None, user.pk, name))),
    )
    setting = Setting(name, _frozen(asked.default), Source.DEFAULT, locked=asked.lowest < Level.USER)
    for level, source, layer in layers:
        if layer is None or level > asked.lowest:
            continue
        value, forced = layer
        if asked.kind is Kind.MAP:
            value = {**setting.value, **value}
        setting = Setting(name, _frozen(value), source, locked=forced or setting.locked)
        if forced:
            break
    return setting


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
