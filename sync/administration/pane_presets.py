"""The pane of a preset, or of the whole organisation: objects, fields, filters and actions, settled or forced.

The same settings as a person's own (`sync.services.pane_layout`), with what would change for how many people shown
before it is saved. Fields are written by their API names: which of them a person may read is Salesforce's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import pane_settings, preferences, presets
from accounts.actor import Actor
from accounts.administration import seen
from accounts.administration.place import Place, here_of
from accounts.administration.site import the_site
from accounts.history.recording import recorded
from accounts.models import PreferenceValue, Preset, User
from accounts.preference_names import BadValue, Level, check, definition
from permissions import policy
from sync.services.pane_layout import DEFAULT_ACTIONS, DEFAULT_FIELDS, Facet, default_layout
from sync.services.versions import user_changed

_PLACES: Final = ("collapsed", "expanded")
_FILTERS: Final = {
    "closed_days": gettext_lazy("Closed ones too, for so many days (0: open ones only)"),
    "own_only": gettext_lazy("Only those that the person owns"),
    "by_domain": gettext_lazy("Suggest those that have the email's domain"),
    "beside_contact": gettext_lazy("Also those whose address a contact has"),
}


class PaneForm(forms.Form):
    """For each facet whether it is settled here and forced; what it says, object by object."""

    def __init__(self, *args: Any, settled: Mapping[str, PreferenceValue], changeable: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = {name: row.value for name, row in settled.items()}
        for facet in Facet:
            row = settled.get(facet)
            self.fields[f"{facet}-settled"] = forms.BooleanField(
                required=False, initial=row is not None, label=gettext_lazy("Settled here")
            )
            self.fields[f"{facet}-forced"] = forms.BooleanField(
                required=False,
                initial=row is not None and row.forced,
                label=gettext_lazy("Nobody below chooses otherwise"),
            )
        self.fields[Facet.OBJECTS] = _names(now.get(Facet.OBJECTS, pane_settings.STANDARD_OBJECTS))
        self.objects = list(dict.fromkeys([*pane_settings.STANDARD_OBJECTS, *now.get(Facet.OBJECTS, ())]))
        for name in self.objects:
            self._object(name, now)
        for field in self.fields.values():
            field.disabled = not changeable

    def _object(self, name: str, now: Mapping[str, Any]) -> None:
        fields = now.get(Facet.FIELDS, {}).get(name) or dict(
            zip(_PLACES, DEFAULT_FIELDS.get(name, ((), ())), strict=True)
        )
        for place in _PLACES:
            self.fields[f"{name}-{place}"] = _names(fields.get(place, ()))
        offered = now.get(Facet.ACTIONS, {}).get(name, DEFAULT_ACTIONS.get(name, default_layout().of(name).actions))
        self.fields[f"{name}-actions"] = _names(map(str, offered), ", ".join(pane_settings.actions_of(name)))
        chosen = now.get(Facet.FILTERS, {}).get(name, {})
        standing = default_layout().of(name).filters
        for which in pane_settings.filters_of(name):
            value = chosen.get(which, getattr(standing, which))
            self.fields[f"{name}-{which}"] = (
                forms.IntegerField(initial=value, min_value=0, max_value=3650, label=_FILTERS[which], required=False)
                if which == "closed_days"
                else forms.BooleanField(initial=value, required=False, label=_FILTERS[which])
            )

    def facets(self) -> list[dict[str, Any]]:
        return [
            {
                "title": _(definition(facet).title),
                "decides": _(definition(facet).decides),
                "settled": self[f"{facet}-settled"],
                "forced": self[f"{facet}-forced"],
                "objects": self[facet] if facet is Facet.OBJECTS else None,
                "parts": [(name, list(self._parts(facet, name))) for name in self.objects]
                if facet is not Facet.OBJECTS
                else [],
            }
            for facet in Facet
        ]

    def _parts(self, facet: Facet, name: str) -> Iterable[Any]:
        parts = {Facet.FIELDS: _PLACES, Facet.ACTIONS: ("actions",), Facet.FILTERS: pane_settings.filters_of(name)}
        return (self[f"{name}-{part}"] for part in parts[facet])

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        values: dict[str, Any] = {
            Facet.OBJECTS: _listed(given.get(Facet.OBJECTS)),
            Facet.FIELDS: {
                name: {place: _listed(given.get(f"{name}-{place}")) for place in _PLACES} for name in self.objects
            },
            Facet.ACTIONS: {name: _listed(given.get(f"{name}-actions")) for name in self.objects},
            Facet.FILTERS: {
                name: {which: given.get(f"{name}-{which}") for which in pane_settings.filters_of(name)}
                for name in self.objects
            },
        }
        for facet, value in values.items():
            if given.get(f"{facet}-settled"):
                try:
                    given[f"{facet}-value"] = check(facet, value, Level.PRESET)
                except BadValue as wrong:
                    self.add_error(f"{facet}-settled", ValidationError(wrong.sentence))
        return given


def _names(value: Iterable[str], help_text: str = "") -> forms.CharField:
    return forms.CharField(initial=", ".join(value), required=False, max_length=2000, help_text=help_text)


def _listed(text: Any) -> list[str]:
    return [word.strip() for word in str(text or "").split(",") if word.strip()]


def pane_view(request: HttpRequest, object_id: int) -> HttpResponse:
    """The pane of one preset: looked at with `preset.view`, changed with `preset.change`."""
    place = here_of(request)
    preset = Preset.objects.filter(organisation=place.here, pk=object_id).select_related("resource").first()
    if preset is None:
        raise Http404
    may = place.may("preset.change", preset.resource)
    if request.method == "POST" and not may:
        raise policy.Denied("preset.change")
    rows = PreferenceValue.objects.filter(organisation=place.here, preset=preset, user=None, name__in=list(Facet))
    settled = {row.name: row for row in rows}
    form = PaneForm(request.POST if request.method == "POST" else None, settled=settled, changeable=may)
    told: list[str] = []
    if form.is_bound and form.is_valid():
        if "preview" not in request.POST:
            _save(place, preset, form.cleaned_data, settled)
            messages.success(request, _("Saved. It counts from now on."))
            return HttpResponseRedirect(reverse("admin:accounts_preset_pane", args=[preset.pk]))
        told = _effects(place, preset, form.cleaned_data)
    seen.note(place, "setting", page="settings", rows=len(settled))
    values = {
        **the_site().each_context(request),
        "title": _("The pane of the preset %(name)s") % {"name": preset.name},
        "form": form,
        "may": may,
        "told": told,
        "back": reverse("admin:accounts_preset_change", args=[preset.pk]),
        "back_title": preset.name,
    }
    return render(request, "administration/pane.html", values, status=422 if form.errors else 200)


def _effects(place: Place, preset: Preset, given: Mapping[str, Any]) -> list[str]:
    """What saving would change, and for how many people."""
    actor = Actor.of(place.user)
    return [
        presets.preview_value(
            actor, preset, facet, given[f"{facet}-value"], forced=bool(given[f"{facet}-forced"])
        ).sentence
        for facet in Facet
        if given[f"{facet}-settled"]
    ] or [_("Nothing is settled here.")]


def _save(place: Place, preset: Preset, given: Mapping[str, Any], settled: Mapping[str, PreferenceValue]) -> None:
    """Only what is otherwise than before, as one step of the history; the people's panes are painted anew."""
    actor = Actor.of(place.user)
    with recorded(place.doer):
        for facet in Facet:
            row = settled.get(facet)
            forced = bool(given[f"{facet}-forced"])
            if not given[f"{facet}-settled"]:
                if row is not None:
                    presets.unset(actor, preset, facet)
            elif row is None or (row.value, row.forced) != (given[f"{facet}-value"], forced):
                preferences.set_for_preset(actor, preset, facet, given[f"{facet}-value"], forced=forced)
    for user_id in User.objects.filter(preset=preset).values_list("pk", flat=True):
        user_changed(place.here.pk, user_id)
