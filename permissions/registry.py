"""Every permission there is, each with one sentence of what it allows, and the built-in roles.

A name is `object.verb`. A name that is not registered cannot be declared, granted or asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


class UnknownPermission(LookupError):
    """A permission or role name that is not in the registry."""


@dataclass(frozen=True, slots=True)
class Permission:
    name: str
    allows: str


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    title: str
    permissions: frozenset[str] = field(default_factory=frozenset)


_PERMISSIONS: Final[dict[str, Permission]] = {
    permission.name: permission
    for permission in (
        Permission("session.own", "Hold and end one's own pane session."),
        Permission("email.view", "See the Salesforce context and the status of an email in one's own mailbox."),
        Permission("email.file", "File an email from one's own mailbox into Salesforce."),
        Permission("email.undo", "Take back a filing made from one's own mailbox."),
        Permission("connection.own", "Connect and disconnect one's own Salesforce user and mailbox."),
        Permission("filing.recover", "Finish filings that were interrupted, in the name of who began them."),
        Permission("organisation.administer", "Change an organisation's settings and see its users and connections."),
    )
}

_REP = frozenset({"session.own", "email.view", "email.file", "email.undo", "connection.own"})

_ROLES: Final[dict[str, Role]] = {
    role.name: role
    for role in (
        Role("rep", "Sales rep", _REP),
        # On an organisation a grant covers every mailbox below: what is one's own stays with the rep.
        Role("administrator", "Administrator", frozenset({"organisation.administer"})),
        Role("integration", "Background work", frozenset({"filing.recover"})),
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
