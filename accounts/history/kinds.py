"""What of which row is configuration, and under which name it is remembered. A secret's field is never listed here.

A row is remembered by what it means, not by its number: `user:3f…:poll_minutes` is the same setting after it was taken
back and chosen again. What a state holds is plain JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that is configured, across all its changes."""

    organisation_id: UUID
    kind: str
    object_id: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A thing as a row has it. `row`: the row's own key, for the audit trail. `user_id`: the person it is about."""

    key: Key
    state: State
    row: UUID | int
    user_id: UUID | None = None


ORGANISATION: Final = "organisation"
TEAM: Final = "team"
DOMAIN: Final = "domain"
TENANT: Final = "tenant"
GOOGLE_DOMAIN: Final = "google-domain"
PRESET: Final = "preset"
SETTING: Final = "setting"
BLOCK_ENTRY: Final = "block-entry"
ALIAS: Final = "alias"
PRESET_OF_USER: Final = "user-preset"
TEAM_OF_USER: Final = "user-team"

KINDS: Final = (
    ORGANISATION,
    TEAM,
    DOMAIN,
    TENANT,
    GOOGLE_DOMAIN,
    PRESET,
    SETTING,
    BLOCK_ENTRY,
    ALIAS,
    PRESET_OF_USER,
    TEAM_OF_USER,
)


def setting_id(preset_id: int | None, user_id: UUID | None, name: str) -> str:
    """The `object_id` of a setting at its level."""
    if user_id is not None:
        return f"user:{user_id}:{name}"
    return f"organisation:{name}" if preset_id is None else f"preset:{preset_id}:{name}"


def _organisation(row: Any) -> Iterator[Snapshot]:
    state = {"name": row.name, "provision_users": row.provision_users}
    yield Snapshot(Key(row.pk, ORGANISATION, str(row.pk)), state, row.pk)


def _team(row: Any) -> Iterator[Snapshot]:
    yield Snapshot(Key(row.organisation_id, TEAM, str(row.pk)), {"name": row.name}, row.pk)


def _domain(row: Any) -> Iterator[Snapshot]:
    yield Snapshot(Key(row.organisation_id, DOMAIN, row.domain), {"domain": row.domain}, row.pk)


def _tenant(row: Any) -> Iterator[Snapshot]:
    yield Snapshot(Key(row.organisation_id, TENANT, row.tenant_id), {"tenant": row.tenant_id}, row.pk)


def _google_domain(row: Any) -> Iterator[Snapshot]:
    yield Snapshot(Key(row.organisation_id, GOOGLE_DOMAIN, row.domain), {"domain": row.domain}, row.pk)


def _preset(row: Any) -> Iterator[Snapshot]:
    yield Snapshot(Key(row.organisation_id, PRESET, str(row.pk)), {"name": row.name}, row.pk)


def _setting(row: Any) -> Iterator[Snapshot]:
    state = {
        "preset": row.preset_id,
        "user": _text(row.user_id),
        "name": row.name,
        "value": row.value,
        "forced": row.forced,
    }
    named = setting_id(row.preset_id, row.user_id, row.name)
    yield Snapshot(Key(row.organisation_id, SETTING, named), state, row.pk, row.user_id)


def _block_entry(row: Any) -> Iterator[Snapshot]:
    # Whom a person never wants filed is theirs: an administrator does not read it.
    if row.user_id is None:
        yield Snapshot(Key(row.organisation_id, BLOCK_ENTRY, row.value), {"value": row.value}, row.pk)


def _alias(row: Any) -> Iterator[Snapshot]:
    state = {"user": str(row.user_id), "address": row.address}
    yield Snapshot(Key(row.organisation_id, ALIAS, row.address), state, row.pk, row.user_id)


def _user(row: Any) -> Iterator[Snapshot]:
    if row.organisation_id is None:
        return
    if row.preset_id is not None:
        of_preset = Key(row.organisation_id, PRESET_OF_USER, str(row.pk))
        yield Snapshot(of_preset, {"preset": row.preset_id}, row.pk, row.pk)
    team = getattr(row.resource.parent, "team", None)
    if team is not None:
        of_team = Key(row.organisation_id, TEAM_OF_USER, str(row.pk))
        yield Snapshot(of_team, {"team": str(team.pk)}, row.pk, row.pk)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Recipe:
    """`fields`: those whose change is a change of configuration. `joined`: relations that the states are read with."""

    states: Callable[[Any], Iterator[Snapshot]]
    fields: frozenset[str]
    joined: tuple[str, ...] = ()


#: By the model's name in `accounts`.
_RECIPES: Final[Mapping[str, Recipe]] = {
    "organisation": Recipe(_organisation, frozenset({"name", "provision_users"})),
    "team": Recipe(_team, frozenset({"name"})),
    "internaldomain": Recipe(_domain, frozenset({"domain"})),
    "microsofttenant": Recipe(_tenant, frozenset({"tenant_id"})),
    "googledomain": Recipe(_google_domain, frozenset({"domain"})),
    "preset": Recipe(_preset, frozenset({"name"})),
    "preferencevalue": Recipe(_setting, frozenset({"preset", "user", "name", "value", "forced"})),
    "blockentry": Recipe(_block_entry, frozenset({"user", "value"})),
    "addressalias": Recipe(_alias, frozenset({"user", "address"})),
    "user": Recipe(_user, frozenset({"preset", "resource"}), ("resource__parent__team",)),
}
MODELS: Final = frozenset(_RECIPES)


def recipe(model_name: str) -> Recipe:
    """Raises LookupError for a model that holds no configuration."""
    return _RECIPES[model_name]
