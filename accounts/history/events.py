"""What the audit trail is told of a difference: that it was changed, never what to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast
from uuid import UUID

from accounts.history import kinds
from accounts.history.kinds import Snapshot
from permissions.audit.recording import Doer, Event

#: Made, changed, gone.
_ACTIONS: Final[Mapping[str, tuple[str, str, str]]] = {
    kinds.ORGANISATION: ("organisation.made", "organisation.changed", "organisation.changed"),
    kinds.TEAM: ("team.made", "team.changed", "team.deleted"),
    kinds.DOMAIN: ("domain.added", "domain.added", "domain.removed"),
    kinds.TENANT: ("tenant.added", "tenant.added", "tenant.removed"),
    kinds.GOOGLE_DOMAIN: ("google-domain.added", "google-domain.added", "google-domain.removed"),
    kinds.PRESET: ("preset.made", "preset.changed", "preset.deleted"),
    kinds.SETTING: ("setting.changed", "setting.changed", "setting.withdrawn"),
    kinds.BLOCK_ENTRY: ("block.added", "block.added", "block.removed"),
    # An alias that goes over to another person.
    kinds.ALIAS: ("alias.added", "alias.added", "alias.removed"),
    kinds.PRESET_OF_USER: ("preset.assigned", "preset.assigned", "preset.assigned"),
    kinds.TEAM_OF_USER: ("user.moved", "user.moved", "user.moved"),
}
#: What an entry is about, where it is not called as the kind is.
_OBJECTS: Final[Mapping[str, str]] = {kinds.PRESET_OF_USER: "user", kinds.TEAM_OF_USER: "user"}


def event(before: Snapshot | None, after: Snapshot | None, root: UUID, by: Doer, cloned: Mapping[int, int]) -> Event:
    """The entry of one difference. `cloned`: the preset that a new one was made from, by the new one's number."""
    one = cast(Snapshot, after or before)
    made, changed, gone = _ACTIONS[one.key.kind]
    action = gone if after is None else made if before is None else changed
    about: UUID | str | int = one.state["name"] if one.key.kind == kinds.SETTING else one.row
    on = (_OBJECTS.get(one.key.kind, one.key.kind), about)
    return Event(action, root, by, on, _detail(action, before, after, cloned))


def _detail(
    action: str, before: Snapshot | None, after: Snapshot | None, cloned: Mapping[int, int]
) -> Mapping[str, Any]:
    one = cast(Snapshot, after or before)
    match action:
        case "organisation.changed" | "team.changed" | "preset.changed":
            earlier = before.state if before else {}
            return {"fields": [name for name, value in one.state.items() if earlier.get(name) != value]}
        case "preset.made":
            return {"from": cloned.get(int(one.key.object_id))}
        case "setting.changed" | "setting.withdrawn":
            level = one.key.object_id.partition(":")[0]
            told = {"level": level, "preset": one.state["preset"], "user": one.state["user"]}
            return told if after is None else {**told, "forced": one.state["forced"]}
        case "block.added":
            return {"domain": "@" not in one.state["value"]}
        case "alias.added" | "alias.removed":
            return {"user": one.state["user"]}
        case "preset.assigned":
            return {"user": one.key.object_id, "preset": after.state["preset"] if after else None}
        case "user.moved":
            return {"team": after.state["team"] if after else None}
        case _:
            return {}
