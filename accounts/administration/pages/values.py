"""Settings of the organisation and of presets: every one on one page, each settled or left to what stands above.

A setting that is forced shows as locked to everybody below. What is left out counts as it does above, or by default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from accounts import pane_settings, preferences, presets
from accounts.actor import Actor
from accounts.administration import seen
from accounts.administration.place import Place, here_of
from accounts.administration.site import the_site
from accounts.history.recording import recorded
from accounts.history.words import value_text
from accounts.models import PreferenceValue, Preset
from accounts.preference_names import BadValue, Definition, Kind, Level, check, definitions
from permissions import policy

#: A person's own matter: ids of folders, which nobody could choose for others. The pane's settings have their own page.
_OWN: Final = frozenset({"chosen_folders", *pane_settings.NAMES})


class SettingsForm(forms.Form):
    """Three fields for each setting: whether it is settled here, its value, whether it is forced."""

    def __init__(
        self, *args: Any, level: Level, settled: dict[str, PreferenceValue], changeable: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.level = level
        self.lines = [one for one in definitions().values() if one.lowest >= level and one.name not in _OWN]
        for one in self.lines:
            row = settled.get(one.name)
            value = row.value if row is not None else one.default
            self.fields[f"{one.name}-settled"] = forms.BooleanField(
                required=False, initial=row is not None, label=gettext_lazy("Settled here")
            )
            self.fields[one.name] = _field(one, value)
            self.fields[f"{one.name}-forced"] = forms.BooleanField(
                required=False,
                initial=row is not None and row.forced,
                label=gettext_lazy("Nobody below chooses otherwise"),
            )
            for field in (one.name, f"{one.name}-settled", f"{one.name}-forced"):
                self.fields[field].disabled = not changeable

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "name": one.name,
                "title": gettext(one.title) or one.name,
                "decides": gettext(one.decides),
                "default": value_text(one.name, one.default),
                "settled": self[f"{one.name}-settled"],
                "value": self[one.name],
                "forced": self[f"{one.name}-forced"],
            }
            for one in self.lines
        ]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for one in self.lines:
            if given.get(f"{one.name}-settled"):
                try:
                    given[one.name] = check(one.name, _read(one, given.get(one.name)), self.level)
                except BadValue as wrong:
                    self.add_error(one.name, ValidationError(wrong.sentence))
        return given


def _field(one: Definition, value: Any) -> forms.Field:
    if one.kind is Kind.CHOICE:
        choices = [(choice, value_text(one.name, choice)) for choice in one.choices]
        return forms.ChoiceField(choices=choices, initial=value, required=False, label=gettext(one.title))
    if one.kind is Kind.NUMBER:
        return forms.IntegerField(
            initial=value, min_value=one.least, max_value=one.most, required=False, label=gettext(one.title)
        )
    if one.kind is Kind.FLAG:
        yes = [("yes", gettext_lazy("yes")), ("no", gettext_lazy("no"))]
        return forms.ChoiceField(
            choices=yes, initial="yes" if value else "no", required=False, label=gettext(one.title)
        )
    if one.kind is Kind.DATE:
        return forms.CharField(
            initial=value, required=False, label=gettext(one.title), widget=forms.DateInput(attrs={"type": "date"})
        )
    if one.kind is Kind.LIST:
        words = forms.Textarea(attrs={"rows": 2})
        return forms.CharField(
            initial=", ".join(value),
            required=False,
            label=gettext(one.title),
            widget=words,
            help_text=gettext_lazy("Separated by commas."),
        )
    return forms.CharField(initial=value, required=False, label=gettext(one.title), max_length=one.most or None)


def _read(one: Definition, given: Any) -> Any:
    if one.kind is Kind.FLAG:
        return given == "yes"
    if one.kind is Kind.LIST:
        return [word.strip() for word in str(given or "").replace("\n", ",").split(",") if word.strip()]
    return given if given is not None else ""


def settings_view(_of: type[Preset] | None) -> Callable[..., HttpResponse]:
    """The page for the organisation, or, with `Preset`, for one of its presets."""

    def view(request: HttpRequest, object_id: int = 0) -> HttpResponse:
        place = here_of(request)
        preset = None
        if _of is not None:
            preset = Preset.objects.filter(organisation=place.here, pk=object_id).first()
            if preset is None:
                raise Http404
        return _settings(request, place, preset)

    return view


def _settings(request: HttpRequest, place: Place, preset: Preset | None) -> HttpResponse:
    permission = "organisation.change" if preset is None else "preset.change"
    may = place.may(permission, place.here.resource)
    if request.method == "POST" and not may:
        raise policy.Denied(permission)
    level = Level.ORGANISATION if preset is None else Level.PRESET
    rows = PreferenceValue.objects.filter(organisation=place.here, preset=preset, user=None)
    settled = {row.name: row for row in rows}
    form = SettingsForm(
        request.POST if request.method == "POST" else None, level=level, settled=settled, changeable=may
    )
    here = _address(preset)
    if request.method == "POST" and form.is_valid():
        _save(place, preset, form, settled)
        messages.success(request, _("Saved. It counts from now on."))
        return HttpResponseRedirect(here)
    site = the_site()
    seen.note(place, "setting", page="settings", rows=len(settled))
    if preset is None:
        back, back_title = reverse("admin:accounts_organisation_changelist"), _("Organisation")
        title = _("Settings of %(name)s") % {"name": place.here.name}
    else:
        back, back_title = reverse("admin:accounts_preset_change", args=[preset.pk]), preset.name
        title = _("Settings of the preset %(name)s") % {"name": preset.name}
    values = {
        **site.each_context(request),
        "title": title,
        "form": form,
        "may": may,
        "back": back,
        "back_title": back_title,
    }
    return render(request, "administration/settings.html", values, status=422 if form.is_bound else 200)


def _address(preset: Preset | None) -> str:
    if preset is None:
        return reverse("admin:accounts_organisation_settings")
    return reverse("admin:accounts_preset_settings", args=[preset.pk])


def _save(place: Place, preset: Preset | None, form: SettingsForm, settled: dict[str, PreferenceValue]) -> None:
    """Only what is otherwise than before, as one step of the history."""
    actor = Actor.of(place.user)
    given = form.cleaned_data
    with recorded(place.doer):
        for one in form.lines:
            row = settled.get(one.name)
            forced = bool(given[f"{one.name}-forced"])
            if not given[f"{one.name}-settled"]:
                if row is not None:
                    presets.unset(actor, preset, one.name)
                continue
            if row is not None and (row.value, row.forced) == (given[one.name], forced):
                continue
            if preset is None:
                preferences.set_for_organisation(actor, one.name, given[one.name], forced=forced)
            else:
                preferences.set_for_preset(actor, preset, one.name, given[one.name], forced=forced)
