"""Presets: settings that an administrator gives to several people at once. Made, cloned, assigned, and their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from accounts import presets
from accounts.actor import Actor
from accounts.administration.base import Needs, Read
from accounts.administration.pages.values import settings_view
from accounts.administration.people import find_person, team_choices
from accounts.administration.place import Place
from accounts.administration.steps import Step, StepForm
from accounts.history.words import setting_title, value_text
from accounts.models import Organisation, Preset, Team, User

OWN = (
    (presets.Own.KEEP.value, gettext_lazy("What they chose themselves stays, where the preset does not force it")),
    (presets.Own.OVERRIDE.value, gettext_lazy("What they chose themselves is taken back: the preset counts")),
)


class NameForm(StepForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)


class AssignForm(StepForm):
    team = forms.ChoiceField(label=gettext_lazy("To a team"), required=False)
    people = forms.CharField(
        label=gettext_lazy("or to people"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Their email addresses, one a line."),
    )
    own = forms.ChoiceField(
        label=gettext_lazy("Their own choices"), choices=OWN, initial=presets.Own.KEEP.value, widget=forms.RadioSelect
    )

    def settle(self) -> None:
        named: Any = self.fields["team"]
        named.choices = [("", "–"), *team_choices(self.place)]

    def clean_people(self) -> list[User]:
        words = self.cleaned_data["people"].replace(",", "\n").split("\n")
        return [find_person(self.place, word) for word in words[:200] if word.strip()]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not given.get("team") and not given.get("people") and not self.errors:
            raise ValidationError(gettext_lazy("Choose a team, or name people."))
        return given


def make(place: Place, _row: None, given: Mapping[str, Any]) -> str:
    made = presets.make(Actor.of(place.user), given["name"])
    return reverse("admin:accounts_preset_settings", args=[made.pk])


def rename(place: Place, row: Preset, given: Mapping[str, Any]) -> None:
    presets.rename(Actor.of(place.user), row, given["name"])


def clone(place: Place, row: Preset, given: Mapping[str, Any]) -> str:
    made = presets.clone(Actor.of(place.user), row, given["name"])
    return reverse("admin:accounts_preset_change", args=[made.pk])


def assign(place: Place, row: Preset, given: Mapping[str, Any]) -> None:
    team = Team.objects.get(pk=given["team"], organisation=place.here) if given["team"] else None
    own = presets.Own(given["own"])
    presets.assign(Actor.of(place.user), row, users=given["people"], team=team, own=own)


def delete(place: Place, row: Preset, _given: Mapping[str, Any]) -> None:
    presets.delete(Actor.of(place.user), row)


@admin.register(Preset)
class PresetPage(Read):
    title = gettext_lazy("Presets")
    tells = gettext_lazy(
        "Settings for several people at once. What a preset leaves open counts as the organisation has it."
    )
    empty = gettext_lazy("Without presets everybody has the organisation's settings.")
    room, order, kind = "organisation", 20, "preset"
    needs = Needs(view="preset.view")
    list_display = ("name", "people", "settles")
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name",)
    readonly_fields = fields
    steps = (
        Step(
            "make",
            gettext_lazy("Make a preset"),
            "preset.change",
            gettext_lazy("It settles nothing at first, and nobody has it."),
            gettext_lazy("Made. Settle now what it is for."),
            make,
            form=NameForm,
            on="none",
        ),
        Step(
            "assign",
            gettext_lazy("Give it to people"),
            "preset.assign",
            gettext_lazy("They have it in the place of the preset they have now."),
            gettext_lazy("Given."),
            assign,
            form=AssignForm,
            on="one",
        ),
        Step(
            "clone",
            gettext_lazy("Copy"),
            "preset.change",
            gettext_lazy("A new preset with the same settings. Nobody has it yet."),
            gettext_lazy("Copied."),
            clone,
            form=NameForm,
            on="one",
        ),
        Step(
            "rename",
            gettext_lazy("Rename"),
            "preset.change",
            gettext_lazy("Everybody keeps it."),
            gettext_lazy("Renamed."),
            rename,
            form=NameForm,
            on="one",
        ),
        Step(
            "delete",
            gettext_lazy("Delete"),
            "preset.change",
            gettext_lazy("A preset that somebody has stays: give them another one first."),
            gettext_lazy("Deleted."),
            delete,
            danger=True,
        ),
    )

    def more_urls(self, name: str) -> list[URLPattern]:
        site: Any = self.admin_site
        return [
            path(
                "<int:object_id>/settings/", site.guarded(settings_view(Preset), "preset.view"), name=f"{name}_settings"
            )
        ]

    def of_organisation(self, rows: QuerySet[Any], organisation: Organisation) -> Any:
        mine = super().of_organisation(rows, organisation).select_related("resource")
        return mine.annotate(people_count=Count("users", distinct=True), value_count=Count("values", distinct=True))

    @admin.display(description=gettext_lazy("people"))
    def people(self, obj: Any) -> int:
        return int(obj.people_count)

    @admin.display(description=gettext_lazy("settings"))
    def settles(self, obj: Any) -> int:
        return int(obj.value_count)

    def parts_of(self, place: Place, obj: Any) -> list[SafeString]:
        values = [
            (setting_title(one.name), value_text(one.name, one.value), one.forced)
            for one in obj.values.order_by("name")
        ]
        people = obj.users.order_by("name", "email")
        said = {
            "preset": obj,
            "values": values,
            "people": [(one.pk, one.name or one.email) for one in people[:200]],
            "count": people.count(),
        }
        return [render_to_string("administration/preset.html", said)]
