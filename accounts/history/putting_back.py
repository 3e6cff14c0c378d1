"""Writing states back, kind by kind, a few queries each. What cannot be is left, with the reason.

Runs inside `recorded()`, which sees what is different in the end: a name that is free for a moment leaves no trace.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from accounts import teams
from accounts.history import kinds
from accounts.history.kinds import State, setting_id
from accounts.history.words import Told
from accounts.models import (
    AddressAlias,
    BlockEntry,
    GoogleDomain,
    InternalDomain,
    MicrosoftTenant,
    Organisation,
    PreferenceValue,
    Preset,
    Team,
    User,
)
from accounts.preference_names import BadValue, Level, UnknownSetting, check

_PERSON_GONE: Final = gettext_noop("This person was deleted.")
_PRESET_GONE: Final = gettext_noop("The preset does not exist: put it back first.")
_TEAM_GONE: Final = gettext_noop("The team does not exist: put it back first.")
_IN_USE: Final = gettext_noop("Somebody has it still.")
_NAME_TAKEN: Final = gettext_noop("Another one has this name.")
_TENANT: Final = gettext_noop(
    "Who may sign in is not decided by going back: provision the tenant, or take it away, yourself."
)
_GOOGLE_DOMAIN: Final = gettext_noop(
    "Who may sign in is not decided by going back: allow the domain, or take it away, yourself."
)
_BATCH: Final = 500

Targets = Mapping[tuple[str, str], State | None]


class Back:
    """`targets`: by kind and object id what it is to be; None: not there. `left`: what was not done, and why."""

    def __init__(self, organisation: Organisation, targets: Targets) -> None:
        self.left: list[tuple[Told, str]] = []
        self._organisation = organisation
        self._targets = targets
        wanted = {one for (kind, named), state in targets.items() for one in _people(kind, named, state)}
        users = User.objects.filter(organisation=organisation, pk__in=wanted)
        self._users = {str(pk): preset_id for pk, preset_id in users.values_list("pk", "preset_id")}

    def put(self) -> None:
        self._own_fields()
        going_teams, going_presets = self._named(Team, kinds.TEAM), self._named(Preset, kinds.PRESET)
        self._presets_of_users()
        self._teams_of_users()
        self._delete_presets(going_presets)
        self._delete_teams(going_teams)
        self._settings()
        self._plain(InternalDomain, kinds.DOMAIN, "domain")
        self._plain(BlockEntry, kinds.BLOCK_ENTRY, "value")
        self._aliases()
        self._leave_sign_in(MicrosoftTenant, kinds.TENANT, "tenant_id", "tenant", gettext(_TENANT))
        self._leave_sign_in(GoogleDomain, kinds.GOOGLE_DOMAIN, "domain", "domain", gettext(_GOOGLE_DOMAIN))

    def _of(self, kind: str) -> dict[str, State | None]:
        return {named: state for (one, named), state in self._targets.items() if one == kind}

    def _leave(self, kind: str, named: str, state: State | None, reason: str, now: State | None = None) -> None:
        self.left.append((Told(kind, named, now, state), reason))

    def _own_fields(self) -> None:
        state = self._of(kinds.ORGANISATION).get(str(self._organisation.pk))
        if state is not None:
            Organisation.objects.filter(pk=self._organisation.pk).update(**state)

    def _named(self, model: type[Team] | type[Preset], kind: str) -> dict[str, str]:
        """Makes and renames teams or presets; by id, what those are called that are to go."""
        targets = self._of(kind)
        if not targets:
            return {}
        rows = {str(row.pk): row for row in model.objects.filter(organisation=self._organisation)}
        wanted = {named: state["name"] for named, state in targets.items() if state is not None}
        going = {named: rows[named].name for named, state in targets.items() if state is None and named in rows}
        # Who keeps a name may have one that is wanted; each that gives way keeps its own, which may be wanted too.
        while True:
            kept = {row.name.casefold() for named, row in rows.items() if named not in wanted and named not in going}
            refused = [named for named, name in wanted.items() if name.casefold() in kept]
            if not refused:
                break
            for named in refused:
                now = {"name": rows[named].name} if named in rows else None
                self._leave(kind, named, {"name": wanted.pop(named)}, gettext(_NAME_TAKEN), now)
        moving = {named for named in wanted if named in rows and rows[named].name != wanted[named]} | going.keys()
        for named in moving:
            model.objects.filter(pk=named).update(name=f"going back {uuid.uuid4().hex}")
        for named, name in wanted.items():
            if named in moving:
                model.objects.filter(pk=named).update(name=name)
            elif named not in rows and model is Preset:
                Preset.objects.create(pk=int(named), organisation=self._organisation, name=name)
            elif named not in rows:
                teams.placed(self._organisation, Team(pk=UUID(named), name=name))
        return going

    def _presets_of_users(self) -> None:
        there = set(Preset.objects.filter(organisation=self._organisation).values_list("pk", flat=True))
        by_preset: dict[int | None, list[str]] = {}
        for user, state in self._of(kinds.PRESET_OF_USER).items():
            preset_id = None if state is None else state["preset"]
            now = self._users.get(user)
            if user not in self._users:
                if state is not None:
                    self._leave(kinds.PRESET_OF_USER, user, state, gettext(_PERSON_GONE))
            elif preset_id == now:
                continue
            elif preset_id is not None and preset_id not in there:
                self._leave(kinds.PRESET_OF_USER, user, state, gettext(_PRESET_GONE), {"preset": now} if now else None)
            else:
                by_preset.setdefault(preset_id, []).append(user)
        for preset_id, users in by_preset.items():
            User.objects.filter(organisation=self._organisation, pk__in=users).update(preset=preset_id)

    def _teams_of_users(self) -> None:
        found = Team.objects.filter(organisation=self._organisation).select_related("resource")
        places = {str(team.pk): team.resource for team in found}
        by_team: dict[str | None, list[str]] = {}
        for user, state in self._of(kinds.TEAM_OF_USER).items():
            team = None if state is None else state["team"]
            if user not in self._users:
                if state is not None:
                    self._leave(kinds.TEAM_OF_USER, user, state, gettext(_PERSON_GONE))
            elif team is not None and team not in places:
                self._leave(kinds.TEAM_OF_USER, user, state, gettext(_TEAM_GONE))
            else:
                by_team.setdefault(team, []).append(user)
        for team, users in by_team.items():
            place = self._organisation.resource if team is None else places[team]
            teams.move_to(User.objects.filter(organisation=self._organisation, pk__in=users), place)

    def _delete_presets(self, going: dict[str, str]) -> None:
        rows = Preset.objects.filter(organisation=self._organisation, pk__in=going)
        used = {str(pk) for pk in rows.filter(users__isnull=False).values_list("pk", flat=True)}
        rows.exclude(pk__in=used).delete()
        for named in used:
            self._keep(Preset, kinds.PRESET, named, going[named])

    def _delete_teams(self, going: dict[str, str]) -> None:
        for team in Team.objects.filter(organisation=self._organisation, pk__in=going).select_related("resource"):
            if team.resource.children.exists():
                self._keep(Team, kinds.TEAM, str(team.pk), going[str(team.pk)])
            else:
                teams.remove(team)

    def _keep(self, model: type[Team] | type[Preset], kind: str, named: str, name: str) -> None:
        """What cannot go is called again what it was; where that name is taken by now, nearly so."""
        others = model.objects.filter(organisation=self._organisation)
        if others.filter(name__iexact=name).exists():
            name = f"{name[:80]} ({named[:8]})"
        others.filter(pk=named).update(name=name)
        self._leave(kind, named, None, gettext(_IN_USE), {"name": name})

    def _settings(self) -> None:
        targets = self._of(kinds.SETTING)
        if not targets:
            return
        named = {named.rpartition(":")[2] for named in targets}
        rows = {
            setting_id(row.preset_id, row.user_id, row.name): row
            for row in PreferenceValue.objects.filter(organisation=self._organisation, name__in=named)
        }
        presets = set(Preset.objects.filter(organisation=self._organisation).values_list("pk", flat=True))
        gone = [rows[one].pk for one, state in targets.items() if state is None and one in rows]
        PreferenceValue.objects.filter(pk__in=gone).delete()
        made, changed = [], []
        for one, state in targets.items():
            row = rows.get(one)
            if state is None or (row is not None and (row.value, row.forced) == (state["value"], state["forced"])):
                continue
            reason = self._refused(state, presets)
            if reason:
                now = None if row is None else {**state, "value": row.value, "forced": row.forced}
                self._leave(kinds.SETTING, one, state, reason, now)
            elif row is None:
                made.append(self._value(state))
            else:
                row.value, row.forced = state["value"], state["forced"]
                changed.append(row)
        PreferenceValue.objects.bulk_create(made, batch_size=_BATCH)
        PreferenceValue.objects.bulk_update(changed, ["value", "forced"], batch_size=_BATCH)

    def _refused(self, state: State, presets: set[int]) -> str:
        if state["user"] is not None and state["user"] not in self._users:
            return gettext(_PERSON_GONE)
        if state["preset"] is not None and state["preset"] not in presets:
            return gettext(_PRESET_GONE)
        level = Level.USER if state["user"] else Level.PRESET if state["preset"] else Level.ORGANISATION
        try:
            check(state["name"], state["value"], level)
        except UnknownSetting:
            return gettext("There is no such setting any more.")
        except BadValue as error:
            return gettext("It may not be this any more: %(why)s") % {"why": error.sentence}
        return ""

    def _value(self, state: State) -> PreferenceValue:
        return PreferenceValue(
            organisation=self._organisation,
            preset_id=state["preset"],
            user_id=None if state["user"] is None else UUID(state["user"]),
            name=state["name"],
            value=state["value"],
            forced=state["forced"],
        )

    def _plain(self, model: type[InternalDomain] | type[BlockEntry], kind: str, field: str) -> None:
        """What is there or is not, and says nothing else."""
        targets = self._of(kind)
        if not targets:
            return
        rows: Any = model.objects.filter(organisation=self._organisation, **{f"{field}__in": targets})
        if model is BlockEntry:
            rows = rows.filter(user=None)
        there = set(rows.values_list(field, flat=True))
        rows.filter(**{f"{field}__in": _gone(targets)}).delete()
        missing = [one for one, state in targets.items() if state is not None and one not in there]
        made: Any = [model(organisation=self._organisation, **{field: one}) for one in missing]
        model.objects.bulk_create(made, batch_size=_BATCH)

    def _aliases(self) -> None:
        targets = self._of(kinds.ALIAS)
        if not targets:
            return
        rows = AddressAlias.objects.filter(organisation=self._organisation, address__in=targets)
        there = {row.address: row for row in rows}
        rows.filter(address__in=_gone(targets)).delete()
        for address, state in targets.items():
            row = there.get(address)
            if state is None or (row is not None and str(row.user_id) == state["user"]):
                continue
            if state["user"] not in self._users:
                now = None if row is None else {"user": str(row.user_id), "address": address}
                self._leave(kinds.ALIAS, address, state, gettext(_PERSON_GONE), now)
                continue
            row = row or AddressAlias(organisation=self._organisation, address=address)
            row.user_id = UUID(state["user"])
            row.save()

    def _leave_sign_in(
        self, model: type[MicrosoftTenant] | type[GoogleDomain], kind: str, field: str, told: str, reason: str
    ) -> None:
        """Who may sign in: what is different is said, and left as it is."""
        targets = self._of(kind)
        rows: Any = model.objects.filter(organisation=self._organisation, **{f"{field}__in": targets})
        there = set(rows.values_list(field, flat=True)) if targets else set()
        for named, state in targets.items():
            if (state is not None) != (named in there):
                self._leave(kind, named, state, reason, {told: named} if named in there else None)


def _gone(targets: Mapping[str, State | None]) -> list[str]:
    return [one for one, state in targets.items() if state is None]


def _people(kind: str, named: str, state: State | None) -> Iterable[str]:
    if kind in (kinds.PRESET_OF_USER, kinds.TEAM_OF_USER):
        yield named
    elif state is not None and state.get("user") is not None:
        yield state["user"]
