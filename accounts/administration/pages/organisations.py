"""The organisation itself, with its tenants and domains; and its teams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.validators import RegexValidator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from accounts import teams
from accounts.actor import Actor
from accounts.administration.base import Administered, Inline, Needs, Read
from accounts.administration.pages.values import settings_view
from accounts.administration.people import PersonField, find_person
from accounts.administration.place import Place, here_of
from accounts.administration.steps import Step, StepForm
from accounts.models import GoogleDomain, InternalDomain, MicrosoftTenant, Organisation, Team, User

_DOMAIN = RegexValidator(
    r"^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
    gettext_lazy("Write a domain such as example.com."),
)
_TENANT = RegexValidator(
    r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", gettext_lazy("Write the tenant's id, 36 characters.")
)


class DomainForm(forms.ModelForm):  # type: ignore[type-arg]
    domain = forms.CharField(label=gettext_lazy("Domain"), max_length=253)

    def clean_domain(self) -> str:
        domain = str(self.cleaned_data["domain"]).strip().lower().removeprefix("@").removeprefix("*.")
        _DOMAIN(domain)
        return domain


class TenantForm(forms.ModelForm):  # type: ignore[type-arg]
    tenant_id = forms.CharField(label=gettext_lazy("Tenant's id"), max_length=36)

    def clean_tenant_id(self) -> str:
        tenant_id = str(self.cleaned_data["tenant_id"]).strip().lower()
        _TENANT(tenant_id)
        return tenant_id


class DomainInline(Inline):
    model = InternalDomain
    form = DomainForm
    verbose_name_plural = gettext_lazy("Domains of your own people")
    fields = ("domain",)


class TenantInline(Inline):
    model = MicrosoftTenant
    form = TenantForm
    verbose_name_plural = gettext_lazy("Microsoft 365 tenants that people sign in from")
    fields = ("tenant_id",)


class GoogleInline(Inline):
    model = GoogleDomain
    form = DomainForm
    verbose_name_plural = gettext_lazy("Google Workspace domains that people sign in from")
    fields = ("domain",)


@admin.register(Organisation)
class OrganisationPage(Administered):
    title = gettext_lazy("Organisation")
    room, order, kind = "organisation", 10, "organisation"
    needs = Needs(view="organisation.view", change="organisation.change")
    list_display = ("name", "provision_users", "created_at")
    fields = ("name", "provision_users", "created_at")
    readonly_fields = ("created_at",)
    inlines: ClassVar[list[Any]] = [TenantInline, GoogleInline, DomainInline]
    labels: ClassVar[dict[str, Any]] = {
        "provision_users": gettext_lazy("Let in whoever signs in from these tenants and domains")
    }

    def of_organisation(self, rows: QuerySet[Any], organisation: Organisation) -> Any:
        return rows.filter(pk=organisation.pk).select_related("resource")

    def more_urls(self, name: str) -> list[URLPattern]:
        site: Any = self.admin_site
        return [path("settings/", site.guarded(settings_view(None), "organisation.view"), name=f"{name}_settings")]

    def links_of(self, place: Place, obj: Any) -> list[tuple[str, str]]:
        return [(gettext("Settings"), reverse("admin:accounts_organisation_settings"))]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one: its own page."""
        return HttpResponseRedirect(reverse("admin:accounts_organisation_change", args=[here_of(request).here.pk]))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On the organisation as a whole, not on a part of it."""
        place = here_of(request)
        return place.may(self.needs.change, place.here.resource)


class TeamForm(StepForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)

    def settle(self) -> None:
        if self.rows:
            self.initial = {"name": self.rows[0].name}


class JoinForm(StepForm):
    person = PersonField()

    def clean_person(self) -> User:
        return find_person(self.place, self.cleaned_data["person"])


def make(place: Place, _row: None, given: Mapping[str, Any]) -> str:
    team = teams.make(Actor.of(place.user), given["name"])
    return reverse("admin:accounts_team_change", args=[team.pk])


def rename(place: Place, row: Team, given: Mapping[str, Any]) -> None:
    teams.rename(Actor.of(place.user), row, given["name"])


def join(place: Place, row: Team, given: Mapping[str, Any]) -> None:
    teams.move(Actor.of(place.user), given["person"], row)


def delete(place: Place, row: Team, _given: Mapping[str, Any]) -> None:
    teams.delete(Actor.of(place.user), row)


@admin.register(Team)
class TeamPage(Read):
    title = gettext_lazy("Teams")
    tells = gettext_lazy("A role that is given on a team counts for the mailboxes of its people.")
    empty = gettext_lazy("Without teams every role is given on one mailbox or on the whole organisation.")
    room, order, kind = "people", 20, "team"
    needs = Needs(view="user.view")
    list_display = ("name", "people")
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name",)
    readonly_fields = fields
    steps = (
        Step(
            "make",
            gettext_lazy("Make a team"),
            "team.change",
            gettext_lazy("It holds nobody at first."),
            gettext_lazy("Made."),
            make,
            form=TeamForm,
            on="none",
        ),
        Step(
            "rename",
            gettext_lazy("Rename"),
            "team.change",
            gettext_lazy("What was given on it stays."),
            gettext_lazy("Renamed."),
            rename,
            form=TeamForm,
            on="one",
        ),
        Step(
            "join",
            gettext_lazy("Put somebody in"),
            "team.change",
            gettext_lazy(
                "They leave the team that they are in. What was given on this team counts for their mailbox at once."
            ),
            gettext_lazy("Put in."),
            join,
            form=JoinForm,
            on="one",
        ),
        Step(
            "delete",
            gettext_lazy("Delete"),
            "team.change",
            gettext_lazy("Its people are in no team then, and what was given on it ends."),
            gettext_lazy("Deleted."),
            delete,
            danger=True,
        ),
    )

    def of_organisation(self, rows: QuerySet[Any], organisation: Organisation) -> Any:
        mine = super().of_organisation(rows, organisation).select_related("resource", "organisation__resource")
        return mine.annotate(people_count=Count("resource__children__user"))

    @admin.display(description=gettext_lazy("people"))
    def people(self, obj: Any) -> int:
        return int(obj.people_count)

    def parts_of(self, place: Place, obj: Any) -> list[SafeString]:
        people = User.objects.filter(resource__parent=obj.resource_id, organisation=place.here).order_by(
            "name", "email"
        )
        values = {"people": [(one.pk, one.name or one.email) for one in people[:200]], "count": people.count()}
        return [render_to_string("administration/team.html", values)]
