"""Every permission there is, each with one sentence of what it allows, and the built-in roles.

A name is `object.verb`. A name that is not registered cannot be declared, granted or asked for. What an organisation
makes of roles of its own stands in `permissions.models.OwnRole`; it can hold only what people may be given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.utils.translation import gettext_noop


class UnknownPermission(LookupError):
    """A permission or role name that is not in the registry."""


@dataclass(frozen=True, slots=True)
class Permission:
    """`for_people`: may stand in a role that people hold; without it only background work may."""

    name: str
    allows: str
    for_people: bool = True


@dataclass(frozen=True, slots=True)
class Role:
    """`holders`: the kinds of principal (`Principal.Kind`) that may be given it."""

    name: str
    title: str
    permissions: frozenset[str] = field(default_factory=frozenset)
    holders: frozenset[str] = frozenset({"user", "group"})


_PERMISSIONS: Final[dict[str, Permission]] = {
    permission.name: permission
    for permission in (
        # One's own.
        Permission("session.own", gettext_noop("Hold and end one's own pane session.")),
        Permission(
            "email.view", gettext_noop("See the Salesforce context and the status of an email in one's own mailbox.")
        ),
        Permission("email.file", gettext_noop("File an email from one's own mailbox into Salesforce.")),
        Permission("email.undo", gettext_noop("Take back a filing made from one's own mailbox.")),
        Permission("mailbox.sync", gettext_noop("See and steer the synchronisation of one's own mailbox.")),
        Permission("connection.own", gettext_noop("Connect and disconnect one's own Salesforce user and mailbox.")),
        Permission("record.relate", gettext_noop("File emails onto records of a record type.")),
        Permission(
            "record.view",
            gettext_noop("Search and see Salesforce records in the pane, as Salesforce shows them to oneself."),
        ),
        Permission("record.create", gettext_noop("Create Salesforce records from the pane.")),
        Permission("record.edit", gettext_noop("Change Salesforce records from the pane.")),
        Permission(
            "activity.write", gettext_noop("Write notes, calls and tasks down on Salesforce records from the pane.")
        ),
        Permission("lead.convert", gettext_noop("Convert leads from the pane.")),
        # Administration.
        Permission("administration.enter", gettext_noop("Enter the administration pages.")),
        Permission("organisation.view", gettext_noop("See an organisation, its domains and its settings.")),
        Permission("organisation.change", gettext_noop("Change an organisation's domains and settings.")),
        Permission("team.change", gettext_noop("Make, rename and delete teams, and move users between them.")),
        Permission("preset.view", gettext_noop("See presets and who has them.")),
        Permission("preset.change", gettext_noop("Make, change and delete presets.")),
        Permission("preset.assign", gettext_noop("Give a user a preset, or take it away.")),
        Permission("user.view", gettext_noop("See users and their state.")),
        Permission("user.change", gettext_noop("Make and change users.")),
        Permission("user.offboard", gettext_noop("End a user's access and whatever runs in their name.")),
        Permission("connection.view", gettext_noop("See the state of users' connections, never a secret.")),
        Permission("connection.disconnect", gettext_noop("Disconnect a user's connection.")),
        Permission("role.view", gettext_noop("See roles and what they hold.")),
        Permission("role.change", gettext_noop("Make, change and delete an organisation's own roles.")),
        Permission("grant.view", gettext_noop("See who holds which role on what.")),
        Permission("grant.give", gettext_noop("Give and revoke roles.")),
        Permission("group.change", gettext_noop("Make and delete groups, and say who belongs to them.")),
        Permission("staff.view", gettext_noop("See the vendor's staff sessions.")),
        Permission("staff.approve", gettext_noop("Approve a staff session, refuse it, or end it.")),
        Permission("issue.view", gettext_noop("See the issues of mailboxes.")),
        Permission("issue.settle", gettext_noop("Try again what an issue speaks of, or set it aside.")),
        Permission(
            "collection.view",
            gettext_noop("See the status of mailboxes' synchronisation and of each of their folders."),
        ),
        Permission(
            "collection.steer", gettext_noop("Pause, force, re-run and re-initialise mailboxes' synchronisation.")
        ),
        Permission("audit.view", gettext_noop("Read the audit trail.")),
        Permission("audit.export", gettext_noop("Take the audit trail out as a file.")),
        Permission("history.view", gettext_noop("See who changed which setting, and when.")),
        Permission("history.restore", gettext_noop("Put settings back to what they were.")),
        Permission("why.ask", gettext_noop("Ask why somebody may or may not do something.")),
        # Background work.
        Permission(
            "filing.recover",
            gettext_noop("Finish filings that were interrupted, in the name of who began them."),
            for_people=False,
        ),
        Permission(
            "capture.run",
            gettext_noop("Read mailboxes and file what the rules say, in the name of their users."),
            for_people=False,
        ),
    )
}

_REP = frozenset(
    {
        *("session.own", "email.view", "email.file", "email.undo", "mailbox.sync", "connection.own"),
        *("record.view", "record.create", "record.edit", "lead.convert", "activity.write"),
    }
)
_SEEN_BY_SUPPORT = frozenset(
    {
        *("administration.enter", "organisation.view", "preset.view", "user.view", "connection.view", "role.view"),
        *("grant.view", "why.ask", "staff.view", "issue.view", "collection.view"),
    }
)
_SEEN_BY_AUDITORS = _SEEN_BY_SUPPORT | {"audit.view", "audit.export", "history.view"}
_ADMINISTERED = frozenset(
    {
        *("organisation.change", "team.change", "preset.change", "preset.assign", "user.change", "user.offboard"),
        *("connection.disconnect", "role.change", "grant.give", "group.change", "staff.approve"),
        *("issue.settle", "collection.steer", "history.restore"),
    }
)

#: What a staff session of the vendor gives, and nothing else can.
STAFF_ROLE: Final = "support"
#: A grant to staff that has no end, or lasts longer, never counts.
STAFF_AT_MOST: Final = timedelta(hours=4)

_ROLES: Final[dict[str, Role]] = {
    role.name: role
    for role in (
        Role("rep", gettext_noop("Sales rep"), _REP),
        Role("record_filer", gettext_noop("Files onto records"), frozenset({"record.relate"})),
        # On a team or an organisation a grant covers every mailbox below: what is one's own stays with the rep.
        Role(
            "team_lead",
            gettext_noop("Team lead"),
            frozenset(
                {
                    *("administration.enter", "user.view", "connection.view", "issue.view", "issue.settle"),
                    *("collection.view", "collection.steer"),
                }
            ),
        ),
        Role("administrator", "Administrator", _SEEN_BY_AUDITORS | _ADMINISTERED),
        Role("auditor", "Auditor", _SEEN_BY_AUDITORS),
        Role(
            "integration",
            gettext_noop("Background work"),
            frozenset({"filing.recover", "capture.run"}),
            holders=frozenset({"service"}),
        ),
        # Read-only, and neither what stands in an email nor a secret.
        Role(STAFF_ROLE, gettext_noop("Vendor's support"), _SEEN_BY_SUPPORT, holders=frozenset({"staff"})),
    )
}


def permission(name: str) -> Permission:
    """The registered permission of that name. Raises UnknownPermission."""
    try:
        return _PERMISSIONS[name]
    except KeyError:
        raise UnknownPermission(f"No permission is called {name!r}: register it in permissions/registry.py.") from None


def permissions() -> tuple[Permission, ...]:
    return tuple(_PERMISSIONS.values())


def role(name: str) -> Role:
    """The built-in role of that name. Raises UnknownPermission."""
    try:
        return _ROLES[name]
    except KeyError:
        raise UnknownPermission(f"No role is called {name!r}.") from None


def roles() -> tuple[Role, ...]:
    return tuple(_ROLES.values())


def roles_with(permission_name: str) -> tuple[str, ...]:
    """Names of the roles that hold a permission. Raises UnknownPermission."""
    wanted = permission(permission_name).name
    return tuple(name for name, held in _ROLES.items() if wanted in held.permissions)
