"""Why can, or cannot, somebody do something: the answer with the grants that decide, or those that almost do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from accounts.administration import seen
from accounts.administration.people import PersonField, find_person, principal_name, resource_choices, resource_name
from accounts.administration.place import Place, here_of
from accounts.administration.site import the_site
from accounts.models import User
from permissions import policy, registry
from permissions.models import Principal, Resource


class AskForm(forms.Form):
    person = PersonField(label=gettext_lazy("Who"))
    permission = forms.ChoiceField(label=gettext_lazy("Does what"))
    resource = forms.CharField(
        label=gettext_lazy("On what"), widget=forms.Select, help_text=gettext_lazy("Or on somebody's mailbox:")
    )
    mailbox = PersonField(
        label=gettext_lazy("Mailbox of"),
        required=False,
        help_text=gettext_lazy("Their email address; leave it empty otherwise."),
    )

    def __init__(self, *args: Any, place: Place, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.place = place
        fields: dict[str, Any] = self.fields
        fields["permission"].choices = [
            (one.name, f"{one.name} – {gettext(one.allows)}") for one in registry.permissions() if one.for_people
        ]
        self.known = dict(resource_choices(place))
        fields["resource"].widget.choices = list(self.known.items())

    def clean_person(self) -> User:
        return find_person(self.place, self.cleaned_data["person"])

    def clean_mailbox(self) -> User | None:
        address = self.cleaned_data["mailbox"]
        return find_person(self.place, address) if address else None

    def clean_resource(self) -> Resource:
        chosen = self.cleaned_data["resource"]
        if chosen not in self.known:
            raise ValidationError(_("Choose one of the list."))
        return Resource.objects.get(pk=UUID(chosen))


def why(request: HttpRequest) -> HttpResponse:
    place, site = here_of(request), the_site()
    place.require("why.ask", place.here.resource)
    form = AskForm(request.GET if request.GET else None, place=place)
    said: list[str] = []
    allowed = False
    if request.GET and form.is_valid():
        given = form.cleaned_data
        mailbox = given["mailbox"]
        resource = mailbox.resource if mailbox is not None else given["resource"]
        answer = policy.why(given["person"].principal, given["permission"], resource)
        allowed, said = answer.allowed, answer.sentences(_name_of)
        seen.note(place, "user", given["person"].pk, page="why")
    values = {
        **site.each_context(request),
        "title": _("Why can, or cannot, somebody do something?"),
        "form": form,
        "said": said,
        "allowed": allowed,
    }
    return render(request, "administration/why.html", values)


def _name_of(thing: Principal | Resource) -> str:
    return principal_name(thing) if isinstance(thing, Principal) else resource_name(thing)
