"""A change as sentences for people: "Filing delay of preset 'Sales EMEA': 3 minutes → 0 minutes"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext, gettext_noop, ngettext

from accounts.history import kinds
from accounts.history.kinds import State
from accounts.models import ConfigurationChange, Preset, Team, User
from accounts.pane_settings import as_text
from accounts.preference_names import UnknownSetting, definition

_CHOICES: Final[Mapping[str, str]] = {
    "off": gettext_noop("nothing"),
    "known-people": gettext_noop("known people"),
    "same-domain": gettext_noop("known people and companies"),
    "everything-external": gettext_noop("everything external"),
}
_LISTED: Final = 8
NOT_SET: Final = gettext_noop("not set")


@dataclass(frozen=True, slots=True)
class Names:
    """What presets, teams and users are called, by their ids as text. Who is gone has no name any more."""

    presets: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)

    def preset(self, preset_id: object) -> str:
        name = self.presets.get(str(preset_id)) or gettext("a deleted one")
        return gettext("preset '%(name)s'") % {"name": name}

    def team(self, team_id: object) -> str:
        name = self.teams.get(str(team_id)) or gettext("a deleted one")
        return gettext("team '%(name)s'") % {"name": name}

    def user(self, user_id: object) -> str:
        return self.users.get(str(user_id), gettext("somebody who was deleted"))


@dataclass(frozen=True, slots=True)
class Told:
    """What words are made from: a ConfigurationChange, or a difference that is not recorded yet."""

    kind: str
    object_id: str
    before: State | None
    after: State | None

    @property
    def state(self) -> State:
        return self.after or self.before or {}


def names_for(organisation_id: UUID, told: Iterable[Told]) -> Names:
    """What the changes speak of, also what was deleted meanwhile. At most five queries."""
    presets: set[str] = set()
    teams: set[str] = set()
    users: set[str] = set()
    known: dict[str, str] = {}
    for one in told:
        for state in (one.before, one.after):
            if state is None:
                continue
            presets |= _present(state, "preset")
            teams |= _present(state, "team")
            users |= _present(state, "user")
            if one.kind in (kinds.PRESET, kinds.TEAM):
                known[f"{one.kind}:{one.object_id}"] = state["name"]
        if one.kind in (kinds.PRESET_OF_USER, kinds.TEAM_OF_USER):
            users.add(one.object_id)
    people = User.objects.filter(organisation=organisation_id, pk__in=users) if users else ()
    return Names(
        presets=_named(organisation_id, kinds.PRESET, presets, known),
        teams=_named(organisation_id, kinds.TEAM, teams, known),
        users={str(user.pk): user.name or user.email for user in people},
    )


def title(one: Told, names: Names) -> str:
    """What was changed, such as: Filing delay of preset 'Sales EMEA'."""
    match one.kind:
        case kinds.ORGANISATION:
            return gettext("The organisation")
        case kinds.TEAM:
            return gettext("Team '%(name)s'") % {"name": one.state["name"]}
        case kinds.DOMAIN:
            return gettext("Internal domain %(name)s") % {"name": one.state["domain"]}
        case kinds.TENANT:
            return gettext("Microsoft tenant %(name)s") % {"name": one.state["tenant"]}
        case kinds.GOOGLE_DOMAIN:
            return gettext("Google domain %(name)s") % {"name": one.state["domain"]}
        case kinds.PRESET:
            return gettext("Preset '%(name)s'") % {"name": one.state["name"]}
        case kinds.SETTING:
            return f"{setting_title(one.state['name'])} {_level(one.state, names)}"
        case kinds.BLOCK_ENTRY:
            return gettext("%(value)s on the block list") % {"value": one.state["value"]}
        case kinds.ALIAS:
            return gettext("Alias %(address)s") % {"address": one.state["address"]}
        case kinds.PRESET_OF_USER:
            return gettext("Preset of %(who)s") % {"who": names.user(one.object_id)}
        case _:
            return gettext("Team of %(who)s") % {"who": names.user(one.object_id)}


def sentences(one: Told, names: Names) -> tuple[str, ...]:
    """What is different, one sentence for each thing."""
    head, before, after = title(one, names), one.before, one.after
    match one.kind:
        case kinds.SETTING:
            return tuple(_setting(head, before, after))
        case kinds.ORGANISATION:
            return tuple(_organisation(before or {}, after or {}))
        case kinds.PRESET | kinds.TEAM if before and after:
            sentence = gettext("%(what)s is called '%(name)s' now")
            return (sentence % {"what": title(replace(one, after=before), names), "name": after["name"]},)
        case kinds.PRESET_OF_USER:
            return (f"{head}: {_or_none(before, 'preset', names)} → {_or_none(after, 'preset', names)}",)
        case kinds.TEAM_OF_USER:
            return (f"{head}: {_or_none(before, 'team', names)} → {_or_none(after, 'team', names)}",)
        case kinds.ALIAS:
            earlier, later = (names.user(state["user"]) if state else gettext("nobody") for state in (before, after))
            return (f"{head}: {earlier} → {later}",)
        case kinds.PRESET | kinds.TEAM:
            return (f"{head}: {gettext('made') if after else gettext('deleted')}",)
        case _:
            return (f"{head}: {gettext('added') if after else gettext('taken away')}",)


def setting_title(name: str) -> str:
    """What people call a setting, also one that exists no more."""
    try:
        return gettext(definition(name).title) if definition(name).title else name
    except UnknownSetting:
        return name


def value_text(name: str, value: Any) -> str:
    """A setting's value as people read it, such as: 3 minutes."""
    if value is None or value == "":
        return gettext("empty")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, int):
        return _counted(name, value)
    if isinstance(value, list | tuple):
        shown = ", ".join(str(one) for one in value[:_LISTED])
        more = len(value) - _LISTED
        if more > 0:
            return gettext("%(shown)s and %(more)d more") % {"shown": shown, "more": more}
        return shown or gettext("none")
    if isinstance(value, Mapping):
        return as_text(value) or gettext("none")
    return gettext(_CHOICES[value]) if value in _CHOICES else str(value)


def _counted(name: str, value: int) -> str:
    """A number with what it counts: 3 minutes."""
    try:
        unit = definition(name).unit[0]
    except UnknownSetting:
        unit = ""
    match unit:
        case "minute":
            return ngettext("%(count)d minute", "%(count)d minutes", value) % {"count": value}
        case "day":
            return ngettext("%(count)d day", "%(count)d days", value) % {"count": value}
        case "percent":
            return gettext("%(count)d percent") % {"count": value}
        case _:
            return f"{value} {unit}".rstrip()


def _setting(head: str, before: State | None, after: State | None) -> Iterable[str]:
    earlier = value_text(before["name"], before["value"]) if before else gettext(NOT_SET)
    later = value_text(after["name"], after["value"]) if after else gettext(NOT_SET)
    if earlier != later or (before and after and before["value"] != after["value"]):
        yield f"{head}: {earlier} → {later}"
    was, now = bool(before and before["forced"]), bool(after and after["forced"])
    if was != now:
        yield f"{head}: {gettext('nobody below may choose otherwise') if now else gettext('free to choose again')}"


def _organisation(before: State, after: State) -> Iterable[str]:
    if before.get("name") != after.get("name"):
        yield f"{gettext('Name of the organisation')}: {before.get('name')} → {after.get('name')}"
    if before.get("provision_users") != after.get("provision_users"):
        earlier, later = (value_text("", state.get("provision_users")) for state in (before, after))
        yield f"{gettext('Users are made at their first sign-in')}: {earlier} → {later}"


def _level(state: State, names: Names) -> str:
    if state["user"] is not None:
        return gettext("of %(who)s") % {"who": names.user(state["user"])}
    if state["preset"] is None:
        return gettext("of the organisation")
    return gettext("of %(who)s") % {"who": names.preset(state["preset"])}


def _or_none(state: State | None, what: str, names: Names) -> str:
    if state is None:
        return gettext("none")
    known = names.presets if what == "preset" else names.teams
    return f"'{known.get(str(state[what])) or gettext('a deleted one')}'"


def _present(state: State, name: str) -> set[str]:
    value = state.get(name)
    return set() if value is None else {str(value)}


def _named(organisation_id: UUID, kind: str, wanted: set[str], known: Mapping[str, str]) -> dict[str, str]:
    """Names by id: as they are called now, else as they were called last."""
    if not wanted:
        return {}
    rows = (Preset if kind == kinds.PRESET else Team).objects.filter(organisation=organisation_id, pk__in=wanted)
    found = {str(pk): name for pk, name in rows.values_list("pk", "name")}
    gone = wanted - found.keys()
    if gone:
        last = ConfigurationChange.objects.filter(organisation=organisation_id, kind=kind, object_id__in=gone)
        for object_id, state in last.order_by("pk").values_list("object_id", "before"):
            if state is not None:
                found[object_id] = state["name"]
    return {**{one: known[f"{kind}:{one}"] for one in gone if f"{kind}:{one}" in known}, **found}
