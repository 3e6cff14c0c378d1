"""People and things, as these pages name them, and how a person is chosen in a form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.administration.place import Place
from accounts.models import Team, User
from permissions.models import Principal, Resource


class PersonField(forms.CharField):
    """A person of the organisation, by their address. The form calls `find` with the place."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "label": gettext_lazy("Person"),
                "help_text": gettext_lazy("Their email address."),
                "max_length": 254,
                "widget": forms.EmailInput(attrs={"autocomplete": "off"}),
                **kwargs,
            }
        )


def find_person(place: Place, address: str) -> User:
    """Raises ValidationError."""
    people = User.objects.select_related("principal", "resource").filter(organisation=place.here)
    found = people.filter(email__iexact=address.strip()).first()
    if found is None:
        raise ValidationError(_("Nobody of the organisation has this address."))
    return found


def team_choices(place: Place) -> list[tuple[str, str]]:
    return [
        (str(pk), name)
        for pk, name in Team.objects.filter(organisation=place.here).order_by("name").values_list("pk", "name")
    ]


def resource_choices(place: Place) -> list[tuple[str, str]]:
    """What most roles are given on: the organisation, or one of its teams."""
    teams = Team.objects.filter(organisation=place.here).order_by("name").values_list("resource", "name")
    return [
        (str(place.here.resource_id), _("the whole organisation")),
        *((str(resource), _("the team %(name)s") % {"name": name}) for resource, name in teams),
    ]


def principal_name(principal: Principal | None) -> str:
    """With `user` joined. The product itself where there is none."""
    if principal is None:
        return "–"
    if principal.kind == Principal.Kind.GROUP:
        return _("the group %(name)s") % {"name": principal.name}
    user = getattr(principal, "user", None)
    return (user.name or user.email) if user is not None else str(principal)


def resource_name(resource: Resource) -> str:
    """With organisation, team and user joined."""
    if resource.kind == Resource.Kind.ORGANISATION:
        return _("the whole organisation")
    team, user = getattr(resource, "team", None), getattr(resource, "user", None)
    if team is not None:
        return _("the team %(name)s") % {"name": team.name}
    if user is not None:
        return _("the mailbox of %(name)s") % {"name": user.name or user.email}
    return resource.name or resource.get_kind_display()
