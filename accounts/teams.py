"""Teams: made, renamed and deleted, and users moved between them. What is given on a team covers who is in it."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.history.recording import recorded
from accounts.models import Organisation, Team, User
from accounts.trail import doer
from permissions import policy
from permissions.models import Resource
from permissions.services import create_resource, move_resource


class CannotChangeTeam(Exception):
    """What was asked for does not fit what stands. The message is for the administrator."""


def make(actor: Actor, name: str) -> Team:
    """Raises CannotChangeTeam, policy.Denied."""
    policy.require(actor.principal_id, "team.change", actor.organisation.resource)
    with recorded(doer(actor)):
        return placed(actor.organisation, Team(name=_free_name(actor, name)))


def rename(actor: Actor, team: Team, name: str) -> Team:
    """Raises CannotChangeTeam, policy.Denied, policy.NotFound."""
    _require(actor, team)
    with recorded(doer(actor)):
        team.name = _free_name(actor, name, but=team)
        team.save(update_fields=["name"])
    return team


def delete(actor: Actor, team: Team) -> None:
    """Who is in it stands below the organisation again; what was given on the team is gone. Raises policy.Denied,
    policy.NotFound.
    """
    _require(actor, team)
    with recorded(doer(actor)):
        move_to(User.objects.filter(resource__parent=team.resource_id), actor.organisation.resource)
        remove(team)


def move(actor: Actor, user: User, team: Team | None) -> None:
    """Puts a user into a team, or into none. Raises policy.Denied, policy.NotFound."""
    policy.require(actor.principal_id, "team.change", actor.organisation.resource)
    if user.organisation_id != actor.organisation.pk:
        raise policy.NotFound
    if team is not None:
        _require(actor, team)
    with recorded(doer(actor)):
        place = actor.organisation.resource if team is None else team.resource
        move_to(User.objects.filter(pk=user.pk), place)


def placed(organisation: Organisation, team: Team) -> Team:
    """Makes a team with its place in the tree, inside `recorded()`. Whether somebody may, callers ask first."""
    team.organisation = organisation
    team.resource = create_resource(Resource.Kind.TEAM, organisation.resource)
    team.save(force_insert=True)
    return team


def remove(team: Team) -> None:
    """Deletes an empty team with its place and the grants on it, inside `recorded()`. Callers ask first."""
    place = team.resource
    team.delete()
    place.delete()


def move_to(users: QuerySet[User], place: Resource) -> None:
    """Moves the mailboxes of a queryset of users, inside `recorded()`. Callers ask first."""
    with recorded() as recording:
        pks = recording.about_to_write(users)
        for user in User.objects.filter(pk__in=pks).select_related("resource"):
            if user.resource is not None and user.resource.parent_id != place.pk:
                move_resource(user.resource, place)


def _require(actor: Actor, team: Team) -> None:
    if team.organisation_id != actor.organisation.pk:
        raise policy.NotFound
    policy.require(actor.principal_id, "team.change", actor.organisation.resource)


def _free_name(actor: Actor, name: str, but: Team | None = None) -> str:
    name = name.strip()
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise CannotChangeTeam(gettext("A team needs a name of at most 100 characters."))
    others = Team.objects.filter(organisation=actor.organisation, name__iexact=name)
    if (others if but is None else others.exclude(pk=but.pk)).exists():
        raise CannotChangeTeam(gettext("There is a team called %(name)s already.") % {"name": name})
    return name
