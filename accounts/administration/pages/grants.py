"""Who holds which role on what: given with a reason, for a time or until it is revoked; groups and own roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from accounts.administration.base import Needs, Read
from accounts.administration.people import PersonField, find_person, principal_name, resource_choices, resource_name
from accounts.administration.place import Place
from accounts.administration.steps import Step, StepForm
from accounts.models import Organisation, User
from permissions import registry, services
from permissions.models import Authorization, GroupMembership, OwnRole, Principal, Resource
from permissions.services import CannotChange

_DAYS = (
    ("", gettext_lazy("until it is revoked")),
    ("1", gettext_lazy("a day")),
    ("7", gettext_lazy("a week")),
    ("30", gettext_lazy("30 days")),
    ("365", gettext_lazy("a year")),
)


def built_in_for_people() -> list[registry.Role]:
    return [role for role in registry.roles() if "user" in role.holders]


class GiveForm(StepForm):
    person = PersonField(required=False)
    group = forms.ChoiceField(label=gettext_lazy("or group"), required=False)
    role = forms.ChoiceField(label=gettext_lazy("Role"))
    resource = forms.ChoiceField(label=gettext_lazy("On"))
    days = forms.ChoiceField(label=gettext_lazy("For"), choices=_DAYS, required=False)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, min_length=3)

    def settle(self) -> None:
        root = self.place.here.resource_id
        groups = Principal.objects.filter(kind=Principal.Kind.GROUP, root=root).order_by("name")
        own = OwnRole.objects.filter(root=root).order_by("title")
        fields: dict[str, Any] = self.fields
        fields["group"].choices = [("", "–"), *((str(one.pk), one.name) for one in groups)]
        fields["role"].choices = [
            *((role.name, gettext(role.title)) for role in built_in_for_people()),
            *((f"own:{role.pk}", role.title) for role in own),
        ]
        fields["resource"].choices = resource_choices(self.place)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if bool(given.get("person")) == bool(given.get("group")):
            raise ValidationError(_("Name a person or choose a group, one of the two."))
        if given.get("person"):
            try:
                given["principal"] = find_person(self.place, given["person"]).principal
            except ValidationError as error:
                self.add_error("person", error)
        else:
            given["principal"] = Principal.objects.get(pk=given["group"], root=self.place.here.resource_id)
        return given


def give(place: Place, _row: None, given: Mapping[str, Any]) -> str:
    """With `grant.give` on the resource itself, no more than one holds there. Raises policy.Denied, CannotChange."""
    root = place.here.resource_id
    resource = Resource.objects.get(Q(root=root) | Q(pk=root), pk=given["resource"])
    place.require("grant.give", resource)
    role: str | OwnRole = given["role"]
    if isinstance(role, str) and role.startswith("own:"):
        role = OwnRole.objects.get(pk=role.removeprefix("own:"), root=root)
    _no_more_than_own(place, _held_by(role), resource)
    until = timezone.now() + timedelta(days=int(given["days"])) if given.get("days") else None
    grantor = place.user.principal
    made = services.grant(given["principal"], role, resource, reason=given["reason"], grantor=grantor, until=until)
    return reverse("admin:permissions_authorization_change", args=[made.pk])


def _held_by(role: str | OwnRole) -> frozenset[str]:
    if isinstance(role, OwnRole):
        return frozenset(role.permissions.values_list("name", flat=True))
    return registry.role(role).permissions


def _no_more_than_own(place: Place, names: Iterable[str], resource: Resource) -> None:
    """What everybody has for their own work may be given by whoever gives; of the rest only what they hold."""
    own_work = registry.role("rep").permissions | registry.role("record_filer").permissions
    for name in sorted(set(names) - own_work):
        if not place.may(name, resource):
            raise CannotChange(
                _("You cannot give what you do not hold: %(allows)s")
                % {"allows": gettext(registry.permission(name).allows)}
            )


def revoke(place: Place, row: Authorization, _given: Mapping[str, Any]) -> None:
    if row.principal_id == place.principal_id and row.role == "administrator":
        raise CannotChange(_("Another administrator has to take your own role from you."))
    services.revoke(row, by=place.user.principal)


def _stands(row: Authorization) -> bool:
    return row.revoked_at is None and (row.until is None or row.until > timezone.now())


class StandingFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("now", gettext_lazy("Counts now")), ("over", gettext_lazy("Over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        counts = Q(revoked_at__isnull=True) & (Q(until__isnull=True) | Q(until__gt=now))
        if self.value() == "now":
            return queryset.filter(counts)
        return queryset.exclude(counts) if self.value() == "over" else queryset


class RoleFilter(admin.SimpleListFilter):
    title = gettext_lazy("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(role.name, gettext(role.title)) for role in registry.roles()] + [("own", gettext_lazy("An own role"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "own":
            return queryset.filter(own_role__isnull=False)
        return queryset.filter(role=self.value()) if self.value() else queryset


@admin.register(Authorization)
class GrantPage(Read):
    title = gettext_lazy("Roles that were given")
    tells = gettext_lazy(
        "Who may do what, by whom and why. A role on the organisation or a team counts for everything below."
    )
    room, order, kind = "access", 10, "authorization"
    needs = Needs(view="grant.view")
    resource_field = "resource"
    list_display = ("holder", "role_title", "on", "since", "end", "reason")
    list_filter = (StandingFilter, RoleFilter, "principal__kind")
    search_fields = ("principal__user__email", "principal__user__name", "principal__name", "reason")
    list_select_related = (
        *("principal__user", "own_role", "resource__team", "resource__user"),
        *("grantor__user", "approver__user", "revoked_by__user"),
    )
    ordering = ("-since",)
    fields = ("holder", "role_title", "on", "since", "end", "reason", "given_by", "approved_by", "taken_by")
    readonly_fields = fields
    steps = (
        Step(
            "give",
            gettext_lazy("Give a role"),
            "grant.give",
            gettext_lazy("They may do what the role holds at once, also on pages that are open now."),
            gettext_lazy("Given."),
            give,
            form=GiveForm,
            on="none",
        ),
        Step(
            "revoke",
            gettext_lazy("Revoke"),
            "grant.give",
            gettext_lazy("What this role allowed ends at once, also on pages that are open now and in work under way."),
            gettext_lazy("Revoked."),
            revoke,
            danger=True,
            offered=_stands,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def name_of(self, obj: Authorization) -> str:
        return f"{principal_name(obj.principal)}: {obj.role_title}"

    @admin.display(description=gettext_lazy("who"), ordering="principal__user__email")
    def holder(self, obj: Authorization) -> str:
        return principal_name(obj.principal)

    @admin.display(description=gettext_lazy("role"), ordering="role")
    def role_title(self, obj: Authorization) -> str:
        return obj.role_title

    @admin.display(description=gettext_lazy("on"))
    def on(self, obj: Authorization) -> str:
        return resource_name(obj.resource)

    @admin.display(description=gettext_lazy("until"), ordering="until")
    def end(self, obj: Authorization) -> Any:
        if obj.revoked_at is not None:
            return _("revoked %(at)s") % {"at": _at(obj.revoked_at)}
        return _at(obj.until) if obj.until is not None else _("it is revoked")

    @admin.display(description=gettext_lazy("given by"))
    def given_by(self, obj: Authorization) -> str:
        return principal_name(obj.grantor)

    @admin.display(description=gettext_lazy("approved by"))
    def approved_by(self, obj: Authorization) -> str:
        return principal_name(obj.approver)

    @admin.display(description=gettext_lazy("revoked by"))
    def taken_by(self, obj: Authorization) -> str:
        return principal_name(obj.revoked_by)


class GroupForm(StepForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)


class MemberForm(StepForm):
    person = PersonField()

    def clean_person(self) -> User:
        return find_person(self.place, self.cleaned_data["person"])


def make_group(place: Place, _row: None, given: Mapping[str, Any]) -> str:
    group = services.create_group(place.here.resource, given["name"], by=place.user.principal)
    return reverse("admin:permissions_principal_change", args=[group.pk])


def put_in(place: Place, row: Principal, given: Mapping[str, Any]) -> None:
    services.add_to_group(row, given["person"].principal, by=place.user.principal)


def take_out(place: Place, row: Principal, given: Mapping[str, Any]) -> None:
    if row.name == services.EVERYONE:
        raise CannotChange(_("Everyone belongs to this group. Revoke what it was given instead."))
    services.remove_from_group(row, given["person"].principal, by=place.user.principal)


def delete_group(place: Place, row: Principal, _given: Mapping[str, Any]) -> None:
    services.delete_group(row, by=place.user.principal)


def _not_everyone(row: Principal) -> bool:
    return row.name != services.EVERYONE


@admin.register(Principal)
class GroupPage(Read):
    title = gettext_lazy("Groups")
    tells = gettext_lazy("What a group is given, everybody in it holds.")
    room, order, kind = "access", 20, "group"
    needs = Needs(view="grant.view")
    resource_field = "root"
    list_display = ("name", "people")
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name",)
    readonly_fields = fields
    steps = (
        Step(
            "make",
            gettext_lazy("Make a group"),
            "group.change",
            gettext_lazy("It holds nobody and nothing at first."),
            gettext_lazy("Made."),
            make_group,
            form=GroupForm,
            on="none",
        ),
        Step(
            "put-in",
            gettext_lazy("Put somebody in"),
            "group.change",
            gettext_lazy("They hold what the group was given, at once."),
            gettext_lazy("Put in."),
            put_in,
            form=MemberForm,
            on="one",
            offered=_not_everyone,
        ),
        Step(
            "take-out",
            gettext_lazy("Take somebody out"),
            "group.change",
            gettext_lazy("What the group was given ends for them at once."),
            gettext_lazy("Taken out."),
            take_out,
            form=MemberForm,
            on="one",
            danger=True,
            offered=_not_everyone,
        ),
        Step(
            "delete",
            gettext_lazy("Delete"),
            "group.change",
            gettext_lazy("What it was given ends for everybody in it, at once."),
            gettext_lazy("Deleted."),
            delete_group,
            danger=True,
            offered=_not_everyone,
        ),
    )

    def of_organisation(self, rows: QuerySet[Any], organisation: Organisation) -> Any:
        groups = rows.filter(root=organisation.resource_id, kind=Principal.Kind.GROUP).select_related("root")
        return groups.annotate(member_count=Count("memberships"))

    @admin.display(description=gettext_lazy("people"))
    def people(self, obj: Any) -> int:
        return int(obj.member_count)

    def parts_of(self, place: Place, obj: Any) -> list[SafeString]:
        members = (
            GroupMembership.objects.filter(group=obj.pk).select_related("member__user").order_by("member__user__email")
        )
        given = (
            Authorization.objects.in_force()
            .filter(principal=obj.pk)
            .select_related("own_role", "resource__team", "resource__user")
        )
        values = {
            "members": [principal_name(one.member) for one in members[:200]],
            "count": members.count(),
            "given": [(one.pk, one.role_title, resource_name(one.resource)) for one in given],
        }
        return [render_to_string("administration/group.html", values)]


class CloneForm(StepForm):
    source = forms.ChoiceField(label=gettext_lazy("Begins as"))
    title = forms.CharField(label=gettext_lazy("Title"), max_length=100)

    def settle(self) -> None:
        own = OwnRole.objects.filter(root=self.place.here.resource_id).order_by("title")
        fields: dict[str, Any] = self.fields
        fields["source"].choices = [
            *((role.name, gettext(role.title)) for role in built_in_for_people()),
            *((f"own:{role.pk}", role.title) for role in own),
        ]


class PermissionsForm(StepForm):
    title = forms.CharField(label=gettext_lazy("Title"), max_length=100)
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("Allows"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def settle(self) -> None:
        fields: dict[str, Any] = self.fields
        fields["permissions"].choices = [
            (one.name, gettext(one.allows)) for one in registry.permissions() if one.for_people
        ]
        row: OwnRole = self.rows[0]
        self.initial = {"title": row.title, "permissions": list(row.permissions.values_list("name", flat=True))}


def clone_role(place: Place, _row: None, given: Mapping[str, Any]) -> str:
    source: str | OwnRole = given["source"]
    if isinstance(source, str) and source.startswith("own:"):
        source = OwnRole.objects.get(pk=source.removeprefix("own:"), root=place.here.resource_id)
    _no_more_than_own(place, _held_by(source), place.here.resource)
    made = services.clone_role(place.here.resource, source, title=given["title"], by=place.user.principal)
    return reverse("admin:permissions_ownrole_change", args=[made.pk])


def edit_role(place: Place, row: OwnRole, given: Mapping[str, Any]) -> None:
    added = set(given["permissions"]) - _held_by(row)
    _no_more_than_own(place, added, place.here.resource)
    services.edit_role(row, title=given["title"], permissions=given["permissions"], by=place.user.principal)


def delete_role(place: Place, row: OwnRole, _given: Mapping[str, Any]) -> None:
    services.delete_role(row, by=place.user.principal)


@admin.register(OwnRole)
class OwnRolePage(Read):
    title = gettext_lazy("Own roles")
    tells = gettext_lazy("Roles that your organisation has made for itself, beside the built-in ones.")
    empty = gettext_lazy("The built-in roles are enough for most. An own role begins as a copy of one of them.")
    room, order, kind = "access", 30, "role"
    needs = Needs(view="role.view")
    resource_field = "root"
    list_display = ("title", "began_as", "allows_count", "created_at")
    search_fields = ("title",)
    ordering = ("title",)
    fields = ("title", "began_as", "created_at")
    readonly_fields = fields
    steps = (
        Step(
            "make",
            gettext_lazy("Make a role"),
            "role.change",
            gettext_lazy("It begins as a copy; change then what it allows."),
            gettext_lazy("Made."),
            clone_role,
            form=CloneForm,
            on="none",
        ),
        Step(
            "change",
            gettext_lazy("Change what it allows"),
            "role.change",
            gettext_lazy("It counts at once for everybody who holds it."),
            gettext_lazy("Changed."),
            edit_role,
            form=PermissionsForm,
            on="one",
        ),
        Step(
            "delete",
            gettext_lazy("Delete"),
            "role.change",
            gettext_lazy("A role that somebody holds stays: revoke it there first."),
            gettext_lazy("Deleted."),
            delete_role,
            danger=True,
        ),
    )

    def of_organisation(self, rows: QuerySet[Any], organisation: Organisation) -> Any:
        return super().of_organisation(rows, organisation).select_related("root").annotate(held=Count("permissions"))

    @admin.display(description=gettext_lazy("began as"))
    def began_as(self, obj: OwnRole) -> str:
        titles = {role.name: gettext(role.title) for role in registry.roles()}
        return titles.get(obj.cloned_from, obj.cloned_from)

    @admin.display(description=gettext_lazy("permissions"))
    def allows_count(self, obj: Any) -> int:
        return int(obj.held)

    def parts_of(self, place: Place, obj: Any) -> list[SafeString]:
        held = set(obj.permissions.values_list("name", flat=True))
        allows = [one for one in registry.permissions() if one.name in held]
        return [render_to_string("administration/role.html", {"allows": allows})]


def _at(moment: Any) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")
