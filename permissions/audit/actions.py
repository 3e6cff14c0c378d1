"""Every action that can be recorded, with one sentence of what it tells and what its detail may hold.

A name that is not here cannot be recorded, nor a detail that is not listed: what reaches the trail is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext_noop

from permissions.audit.shapes import (
    BadShape,
    Shape,
    api_name,
    api_names,
    client,
    code,
    codes,
    count,
    flag,
    ident,
    moment,
    one_of,
    salesforce_id,
)


class UnknownAction(LookupError):
    """An action, object kind or actor kind that is not in the registry."""


class BadDetail(ValueError):
    """A detail that the action does not list, or whose value has another shape. The message never holds the value."""


@dataclass(frozen=True, slots=True)
class Action:
    name: str
    tells: str
    detail: Mapping[str, Shape] = field(default_factory=dict)


#: Who acts. `product`: nobody asked for it; `unknown`: somebody who was not let in; `command`: who has the machine.
ACTOR_KINDS: Final = frozenset({"user", "service", "staff", "operator", "product", "command", "unknown"})

#: What an entry is about.
OBJECT_KINDS: Final = frozenset(
    {
        "alias",
        "audit",
        "authorization",
        "block-entry",
        "collection",
        "connection",
        "credential",
        "domain",
        "email",
        "factor",
        "google-domain",
        "group",
        "history",
        "issue",
        "key",
        "mailbox",
        "organisation",
        "preset",
        "principal",
        "record",
        "resource",
        "role",
        "session",
        "setting",
        "staff-session",
        "team",
        "tenant",
        "user",
    }
)

_GRANT: Final[Mapping[str, Shape]] = {
    "role": code,
    "role_id": ident,
    "principal": ident,
    "resource": ident,
    "until": moment,
    "approver": ident,
    "cause": code,
}
_SETTING: Final[Mapping[str, Shape]] = {
    "level": one_of("organisation", "preset", "user"),
    "forced": flag,
    "preset": count,
    "user": ident,
}
_SYSTEM: Final[Mapping[str, Shape]] = {"system": code, "user": ident, "service": flag, "reason": code}
_MEMBER: Final[Mapping[str, Shape]] = {"principal": ident}
_CHANGED: Final[Mapping[str, Shape]] = {"fields": codes}
_FACTOR: Final[Mapping[str, Shape]] = {"kind": code}
_FILING: Final[Mapping[str, Shape]] = {
    "automatic": flag,
    "found": flag,
    "record": salesforce_id,
    "tasks": count,
    "user": ident,
    "reason": code,
}
_RECORD: Final[Mapping[str, Shape]] = {"object": api_name, "fields": api_names, "duplicate": flag}
_STAFF: Final[Mapping[str, Shape]] = {
    "staff": ident,
    "minutes": count,
    "until": moment,
    "role": code,
    "resource": ident,
    "cause": code,
}
_RANGE: Final[Mapping[str, Shape]] = {"rows": count, "since": moment, "until": moment, "action": code, "number": count}

_ACTIONS: Final[dict[str, Action]] = {
    action.name: action
    for action in (
        # Who may do what.
        Action("grant.given", gettext_noop("A principal was given a role on a resource."), _GRANT),
        Action("grant.revoked", gettext_noop("A grant was ended before its time."), _GRANT),
        Action("role.made", gettext_noop("An organisation's own role was made."), {"permissions": codes, "from": code}),
        Action(
            "role.changed",
            gettext_noop("What an organisation's own role allows was changed."),
            {"added": codes, "gone": codes},
        ),
        Action("role.deleted", gettext_noop("An organisation's own role was deleted.")),
        Action("group.made", gettext_noop("A group was made."), _CHANGED),
        Action("group.changed", gettext_noop("A group was changed."), _CHANGED),
        Action("group.deleted", gettext_noop("A group was deleted.")),
        Action("group.joined", gettext_noop("A principal was put into a group."), _MEMBER),
        Action("group.left", gettext_noop("A principal was taken out of a group."), _MEMBER),
        Action("team.made", gettext_noop("A team was made."), _MEMBER),
        Action("team.changed", gettext_noop("A team was changed."), _CHANGED),
        Action("team.deleted", gettext_noop("A team was deleted.")),
        Action("team.joined", gettext_noop("A user was put into a team."), _MEMBER),
        Action("team.left", gettext_noop("A user was taken out of a team."), _MEMBER),
        # Signing in.
        Action("signed-in", gettext_noop("Somebody signed in to the administration pages."), {"factor": code}),
        Action("signed-out", gettext_noop("Somebody signed out of the administration pages.")),
        Action(
            "sign-in.refused",
            gettext_noop("Somebody was not let in."),
            {"reason": code, "stage": code, "client": client},
        ),
        Action("session.begun", gettext_noop("A pane's session was begun."), {"client": code}),
        Action("session.ended", gettext_noop("A pane's session was ended by its own user.")),
        Action(
            "session.revoked",
            gettext_noop("A user's sessions were ended for them."),
            {"sessions": count, "cause": code},
        ),
        Action("factor.added", gettext_noop("A second factor was set up."), _FACTOR),
        Action("factor.removed", gettext_noop("A second factor was taken away."), _FACTOR),
        Action("password.changed", gettext_noop("A password was changed."), {"cause": code}),
        # Connections and secrets.
        Action("connection.connected", gettext_noop("A system was connected."), _SYSTEM),
        Action(
            "connection.disconnected",
            gettext_noop("A system was disconnected, and its tokens were forgotten."),
            _SYSTEM,
        ),
        Action(
            "connection.refused",
            gettext_noop("A system was not connected, or its provider ended the connection."),
            _SYSTEM,
        ),
        Action(
            "mailbox.provisioned",
            gettext_noop("A mailbox was put on the allow-list of the organisation's own grant."),
            _SYSTEM,
        ),
        Action("mailbox.withdrawn", gettext_noop("A mailbox was taken off that allow-list."), _SYSTEM),
        Action("secret.stored", gettext_noop("A secret of a whole organisation was stored or replaced."), _SYSTEM),
        Action(
            "secret.used",
            gettext_noop("A kept secret was opened to ask a provider for a new token."),
            {"system": code, "kind": code, "user": ident},
        ),
        Action("secret.rotated", gettext_noop("Data keys were wrapped with a newer key."), {"keys": count}),
        # What leaves.
        Action("export.made", gettext_noop("Data was exported."), {"kind": code, "rows": count, "user": ident}),
        Action("audit.exported", gettext_noop("The audit trail was exported."), _RANGE),
        Action(
            "record.seen", gettext_noop("Vendor staff saw a record in a staff session."), {"kind": code, "rows": count}
        ),
        # Configuration.
        Action("organisation.made", gettext_noop("An organisation was made.")),
        Action("organisation.changed", gettext_noop("An organisation was changed."), _CHANGED),
        Action("setting.changed", gettext_noop("A setting was changed."), _SETTING),
        Action(
            "setting.withdrawn", gettext_noop("A setting was taken back: what stands above it counts again."), _SETTING
        ),
        Action("preset.made", gettext_noop("A preset was made."), {"from": count}),
        Action("preset.changed", gettext_noop("A preset was changed."), _CHANGED),
        Action(
            "preset.assigned", gettext_noop("A user was given a preset, or none."), {"user": ident, "preset": count}
        ),
        Action("preset.deleted", gettext_noop("A preset was deleted.")),
        Action(
            "block.added",
            gettext_noop("An address or a domain was put on a block list."),
            {"domain": flag, "user": ident},
        ),
        Action("block.removed", gettext_noop("An entry was taken off a block list."), {"user": ident}),
        Action("alias.added", gettext_noop("A user was given a further address."), {"user": ident}),
        Action("alias.removed", gettext_noop("A further address of a user was taken away."), {"user": ident}),
        Action("domain.added", gettext_noop("A domain was declared internal.")),
        Action("domain.removed", gettext_noop("A domain is internal no more.")),
        Action("tenant.added", gettext_noop("A Microsoft tenant was provisioned.")),
        Action("tenant.removed", gettext_noop("A Microsoft tenant is provisioned no more.")),
        Action("google-domain.added", gettext_noop("People of a Google Workspace domain may sign in.")),
        Action("google-domain.removed", gettext_noop("People of a Google Workspace domain may sign in no more.")),
        Action("user.made", gettext_noop("A user was made."), {"cause": code}),
        Action(
            "user.bound",
            gettext_noop("A user was recognised at their first sign-in, and is known by it from now on."),
            _SYSTEM,
        ),
        Action("user.changed", gettext_noop("A user was changed."), _CHANGED),
        Action("user.deactivated", gettext_noop("A user may not sign in any more."), {"cause": code}),
        Action("user.activated", gettext_noop("A user may sign in again.")),
        Action("user.moved", gettext_noop("A user was moved to another team."), {"team": ident}),
        Action("user.deleted", gettext_noop("A user was deleted.")),
        Action(
            "history.restored",
            gettext_noop("Configuration was restored to an earlier point."),
            {"until": moment, "rows": count},
        ),
        # Work.
        Action("filing.made", gettext_noop("An email was filed in Salesforce."), _FILING),
        Action("filing.undone", gettext_noop("A filed email was taken back from Salesforce."), _FILING),
        Action("filing.stopped", gettext_noop("An email that waited to be filed by itself was stopped."), _FILING),
        Action("filing.again", gettext_noop("An email that was deleted in Salesforce is to be filed again."), _FILING),
        Action("record.created", gettext_noop("A Salesforce record was created from the pane."), _RECORD),
        Action("record.changed", gettext_noop("A Salesforce record was changed from the pane."), _RECORD),
        Action(
            "activity.written",
            gettext_noop("A note, a call or a task was written down on a Salesforce record from the pane."),
            {"kind": code, "record": salesforce_id, "found": flag},
        ),
        Action(
            "lead.converted",
            gettext_noop("A lead was converted from the pane."),
            {"account": salesforce_id, "contact": salesforce_id, "opportunity": salesforce_id},
        ),
        Action("follow.begun", gettext_noop("A conversation is followed: what comes in it is filed."), {"user": ident}),
        Action("follow.ended", gettext_noop("A conversation is followed no more."), {"user": ident}),
        Action(
            "collection.steered",
            gettext_noop("Reading a mailbox was paused, resumed, hurried or begun anew."),
            {
                "step": one_of(
                    "opened", "paused", "resumed", "hurried", "read-again", "forced", "re-initialised", "ended"
                ),
                "emails": count,
                "user": ident,
                "cause": code,
            },
        ),
        Action(
            "issue.settled",
            gettext_noop("What a person had to decide was tried again or left."),
            {"how": code, "reason": code, "user": ident},
        ),
        # Vendor staff.
        Action("staff.asked", gettext_noop("Vendor staff asked for access, with a reason."), _STAFF),
        Action("staff.approved", gettext_noop("An administrator approved a staff session."), _STAFF),
        Action("staff.declined", gettext_noop("An administrator declined a staff session."), _STAFF),
        Action("staff.begun", gettext_noop("Vendor staff began an approved session."), _STAFF),
        Action("staff.ended", gettext_noop("A staff session was ended."), _STAFF),
    )
}


def action(name: str) -> Action:
    """The registered action of that name. Raises UnknownAction."""
    try:
        return _ACTIONS[name]
    except KeyError:
        raise UnknownAction(f"No action is called {name!r}: register it in permissions/audit/actions.py.") from None


def actions() -> tuple[Action, ...]:
    return tuple(_ACTIONS.values())


def checked(name: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """The detail as it is kept; what is None is left out. Raises UnknownAction, BadDetail."""
    known = action(name)
    kept: dict[str, Any] = {}
    for key, value in detail.items():
        shape = known.detail.get(key)
        if shape is None:
            raise BadDetail(f"{name} lists no such detail.")
        if value is None:
            continue
        try:
            kept[key] = shape(value)
        except BadShape as error:
            raise BadDetail(f"{name}: {key}: {error}") from None
    return kept
