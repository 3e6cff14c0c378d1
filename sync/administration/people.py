"""People with their state: what they have connected, when their mailbox was last read, what they must decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, Max, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import presets, signing_in, teams
from accounts.actor import Actor
from accounts.administration.base import Administered, Needs
from accounts.administration.pages.presets import OWN
from accounts.administration.people import resource_name, team_choices
from accounts.administration.place import Place, here_of
from accounts.administration.steps import Step, StepForm
from accounts.models import Connection, Organisation, PaneSession, Preset, Team, User
from accounts.services import create_user
from permissions.audit.recording import record
from permissions.models import Authorization
from permissions.services import CannotChange
from sync.models import Issue
from sync.services.offboarding import offboard, take_back

_TONES = {"active": "good", "needs_reconnect": "warn", "disconnected": ""}
_STATES = {
    "active": gettext_lazy("connected"),
    "needs_reconnect": gettext_lazy("to renew"),
    "disconnected": gettext_lazy("not connected"),
}


class AddForm(StepForm):
    email = forms.EmailField(label=gettext_lazy("Email address"), max_length=254)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)


class MoveForm(StepForm):
    team = forms.ChoiceField(label=gettext_lazy("Team"), required=False)

    def settle(self) -> None:
        named: Any = self.fields["team"]
        named.choices = [("", gettext_lazy("no team")), *team_choices(self.place)]


class PresetForm(StepForm):
    preset = forms.ChoiceField(label=gettext_lazy("Preset"), required=False)
    own = forms.ChoiceField(
        label=gettext_lazy("Their own choices"), choices=OWN, initial=presets.Own.KEEP.value, widget=forms.RadioSelect
    )

    def settle(self) -> None:
        named: Any = self.fields["preset"]
        mine = Preset.objects.filter(organisation=self.place.here).order_by("name").values_list("pk", "name")
        named.choices = [("", gettext_lazy("no preset")), *((str(pk), name) for pk, name in mine)]


def add(place: Place, _row: None, given: Mapping[str, Any]) -> str:
    place.require("user.change", place.here.resource)
    try:
        with transaction.atomic():
            made = create_user(
                place.here, email=given["email"], name=given["name"], reason="made by an administrator", by=place.doer
            )
    except IntegrityError:
        raise CannotChange(_("Somebody has this address already.")) from None
    return reverse("admin:accounts_user_change", args=[made.pk])


def deactivate(place: Place, row: User, _given: Mapping[str, Any]) -> None:
    if row.pk == place.user.pk:
        raise CannotChange(_("Another administrator has to do this to you."))
    offboard(row, by=place.doer)


def sign_out(place: Place, row: User, _given: Mapping[str, Any]) -> None:
    if row.pk == place.user.pk:
        raise CannotChange(_("Another administrator has to do this to you."))
    signing_in.end_sessions_of(row, by=place.doer)


def activate(place: Place, row: User, _given: Mapping[str, Any]) -> None:
    take_back(row, by=place.doer)


def move(place: Place, row: User, given: Mapping[str, Any]) -> None:
    team = Team.objects.get(pk=given["team"], organisation=place.here) if given["team"] else None
    teams.move(Actor.of(place.user), row, team)


def assign(place: Place, row: User, given: Mapping[str, Any]) -> None:
    preset = Preset.objects.get(pk=given["preset"], organisation=place.here) if given["preset"] else None
    presets.assign(Actor.of(place.user), preset, users=[row], own=presets.Own(given["own"]))


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("renew", gettext_lazy("A connection to renew")),
            ("issues", gettext_lazy("Open issues")),
            ("none", gettext_lazy("Nothing connected")),
            ("off", gettext_lazy("Deactivated")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        connected = Connection.objects.filter(user=OuterRef("pk")).exclude(state=Connection.State.DISCONNECTED)
        match self.value():
            case "renew":
                return queryset.filter(
                    pk__in=Connection.objects.filter(state=Connection.State.NEEDS_RECONNECT).values("user")
                )
            case "issues":
                return queryset.filter(open_issues__gt=0)
            case "none":
                return queryset.exclude(Exists(connected))
            case "off":
                return queryset.filter(is_active=False)
        return queryset


class TeamFilter(admin.SimpleListFilter):
    title = gettext_lazy("team")
    parameter_name = "team"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return team_choices(here_of(request))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(resource__parent__team=self.value()) if self.value() else queryset


class PresetFilter(admin.SimpleListFilter):
    title = gettext_lazy("preset")
    parameter_name = "preset"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        mine = Preset.objects.filter(organisation=here_of(request).here).order_by("name").values_list("pk", "name")
        return [(str(pk), name) for pk, name in mine]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(preset=self.value()) if (self.value() or "").isdigit() else queryset


@admin.register(User)
class PeoplePage(Administered):
    title = gettext_lazy("People")
    tells = gettext_lazy("Everybody of your organisation, with what they have connected and what waits for them.")
    room, order, kind = "people", 10, "user"
    needs = Needs(view="user.view", change="user.change")
    list_display = ("person", "team", "preset", "connected", "last_read", "open_issue_count", "active")
    list_filter = (StateFilter, TeamFilter, PresetFilter)
    search_fields = ("email", "name", "aliases__address")
    search_help_text = gettext_lazy("A name or an address.")
    list_select_related = ("resource__parent__team", "preset")
    ordering = ("name", "email")
    fields = (
        *("email", "name", "team", "preset", "active"),
        *("salesforce_username", "google_address", "google_sub", "microsoft_tenant_id", "microsoft_oid", "created_at"),
    )
    readonly_fields = ("email", "team", "preset", "active", "created_at")
    labels: ClassVar[dict[str, Any]] = {
        "salesforce_username": gettext_lazy("Their Salesforce user"),
        "google_address": gettext_lazy("Their Google account"),
        "google_sub": gettext_lazy("Their id at Google; empty: taken from their first sign-in"),
        "microsoft_tenant_id": gettext_lazy("Their Microsoft 365 tenant"),
        "microsoft_oid": gettext_lazy("Their id there"),
    }
    steps = (
        Step(
            "add",
            gettext_lazy("Add somebody"),
            "user.change",
            gettext_lazy("They may sign in from now on, and work with their own mailbox as a sales rep."),
            gettext_lazy("Added."),
            add,
            form=AddForm,
            on="none",
        ),
        Step(
            "move",
            gettext_lazy("Move to a team"),
            "team.change",
            gettext_lazy("They leave the team that they are in. What was given on the new one counts at once."),
            gettext_lazy("Moved."),
            move,
            form=MoveForm,
        ),
        Step(
            "preset",
            gettext_lazy("Give a preset"),
            "preset.assign",
            gettext_lazy("In the place of the preset they have now. It counts at once."),
            gettext_lazy("Given."),
            assign,
            form=PresetForm,
        ),
        Step(
            "sign-out",
            gettext_lazy("Sign out everywhere"),
            "user.offboard",
            gettext_lazy("Their panes and pages are signed out at once. They may sign in again."),
            gettext_lazy("Signed out."),
            sign_out,
            offered=lambda row: bool(row.is_active),
        ),
        Step(
            "deactivate",
            gettext_lazy("Deactivate"),
            "user.offboard",
            gettext_lazy(
                "They are signed out everywhere at once and cannot sign in. Their mailbox is read no more, and the "
                "access to it and to Salesforce is given back. What is filed stays filed."
            ),
            gettext_lazy("Deactivated."),
            deactivate,
            danger=True,
            offered=lambda row: bool(row.is_active),
        ),
        Step(
            "activate",
            gettext_lazy("Let in again"),
            "user.offboard",
            gettext_lazy("They may sign in again, and have to connect Salesforce and their mailbox anew."),
            gettext_lazy("Let in again."),
            activate,
            offered=lambda row: not row.is_active,
        ),
    )

    def of_organisation(self, rows: QuerySet[Any], organisation: Organisation) -> Any:
        issues = Issue.objects.filter(user=OuterRef("pk"), settled_at__isnull=True).order_by().values("user")
        return (
            super()
            .of_organisation(rows, organisation)
            .select_related(*self.list_select_related)
            .annotate(
                last_read_at=Max("mailboxes__last_success_at"),
                open_issues=Coalesce(Subquery(issues.annotate(n=Count("pk")).values("n")), 0),
            )
            .prefetch_related(
                Prefetch("connections", Connection.objects.order_by("system"), to_attr="their_connections")
            )
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not form.changed_data:
            return
        place = here_of(request)
        obj.save(update_fields=form.changed_data)
        record(
            "user.changed",
            root=place.here.resource_id,
            by=place.doer,
            on=("user", obj.pk),
            detail={"fields": form.changed_data},
        )

    def name_of(self, obj: User) -> str:
        return obj.name or obj.email

    @admin.display(description=gettext_lazy("person"), ordering="name")
    def person(self, obj: User) -> Any:
        return format_html('{}<span class="under">{}</span>', obj.name, obj.email) if obj.name else obj.email

    @admin.display(description=gettext_lazy("team"), ordering="resource__parent__team__name")
    def team(self, obj: User) -> str:
        above = obj.resource.parent if obj.resource is not None else None
        found = getattr(above, "team", None) if above is not None else None
        return found.name if found is not None else "–"

    @admin.display(description=gettext_lazy("connections"))
    def connected(self, obj: Any) -> Any:
        said = [
            (_TONES[one.state], one.get_system_display(), _STATES[one.state])
            for one in obj.their_connections
            if one.state != Connection.State.DISCONNECTED
        ]
        return format_html_join(" ", '<span class="badge badge--{}">{} {}</span>', said) or "–"

    @admin.display(description=gettext_lazy("mailbox last read"), ordering="last_read_at")
    def last_read(self, obj: Any) -> Any:
        return obj.last_read_at

    @admin.display(description=gettext_lazy("open issues"), ordering="open_issues")
    def open_issue_count(self, obj: Any) -> int:
        return int(obj.open_issues)

    @admin.display(description=gettext_lazy("may sign in"), boolean=True, ordering="is_active")
    def active(self, obj: User) -> bool:
        return obj.is_active

    def parts_of(self, place: Place, obj: Any) -> list[SafeString]:
        given = Authorization.objects.in_force().filter(principal=obj.principal_id, root=place.here.resource_id)
        given = given.select_related("own_role", "resource__team", "resource__user")
        through = Authorization.objects.in_force().filter(principal__memberships__member=obj.principal_id)
        through = through.select_related("own_role", "principal", "resource__team", "resource__user")
        now_open = PaneSession.objects.filter(user=obj, revoked_at__isnull=True).filter(expires_at__gt=timezone.now())
        values = {
            "connections": [(one, _STATES[one.state], _TONES[one.state]) for one in obj.their_connections],
            "mailboxes": list(obj.mailboxes.all()) if place.may("collection.view", obj.resource) else [],
            "issues": obj.open_issues,
            "issues_address": f"{reverse('admin:sync_issue_changelist')}?q={obj.email}",
            "sessions": now_open.count(),
            "given": [(one.role_title, resource_name(one.resource), "") for one in given]
            + [(one.role_title, resource_name(one.resource), one.principal.name) for one in through],
            "may_see_grants": place.may("grant.view"),
        }
        return [render_to_string("administration/person.html", values)]
