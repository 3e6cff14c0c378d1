"""How people call a principal or a resource: the ground floor knows neither users nor mailboxes."""

from __future__ import annotations

from accounts.models import Connection, Organisation, Team, User
from permissions.models import Principal, Resource


def name_of(thing: Principal | Resource) -> str:
    """One query, or two; for pages and commands that name a few."""
    if isinstance(thing, Principal):
        user = User.objects.filter(principal=thing).first()
        return user.email if user is not None else str(thing)
    return _resource_name(thing) or str(thing)


def _resource_name(resource: Resource) -> str:
    if resource.kind == Resource.Kind.ORGANISATION:
        organisation = Organisation.objects.filter(resource=resource).first()
        return organisation.name if organisation is not None else ""
    if resource.kind == Resource.Kind.TEAM:
        team = Team.objects.filter(resource=resource).first()
        return f"the team {team.name}" if team is not None else ""
    if resource.kind == Resource.Kind.MAILBOX:
        user = User.objects.filter(resource=resource).first()
        return f"the mailbox of {user.email}" if user is not None else ""
    if resource.kind == Resource.Kind.CONNECTION:
        connection = Connection.objects.select_related("user").filter(resource=resource).first()
        return f"the {connection.system} connection of {connection.user.email}" if connection is not None else ""
    return f"records of the type {resource.name}" if resource.kind == Resource.Kind.RECORD_TYPE else resource.name
