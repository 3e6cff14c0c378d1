"""What was changed in the configuration, and going back: each time shown first as what would happen, then confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actor import Actor
from accounts.administration.base import Needs, Read
from accounts.administration.place import Place, here_of
from accounts.history import kinds
from accounts.history.reading import lines_of
from accounts.history.restoring import CannotRestore, Outcome, restore_object, restore_organisation
from accounts.models import ConfigurationChange, Organisation
from permissions import policy

_KINDS = {
    kinds.ORGANISATION: gettext_lazy("the organisation"),
    kinds.SETTING: gettext_lazy("settings"),
    kinds.PRESET: gettext_lazy("presets"),
    kinds.PRESET_OF_USER: gettext_lazy("who has which preset"),
    kinds.TEAM: gettext_lazy("teams"),
    kinds.TEAM_OF_USER: gettext_lazy("who is in which team"),
    kinds.DOMAIN: gettext_lazy("internal domains"),
    kinds.TENANT: gettext_lazy("Microsoft tenants"),
    kinds.GOOGLE_DOMAIN: gettext_lazy("Google domains"),
    kinds.BLOCK_ENTRY: gettext_lazy("the block list"),
    kinds.ALIAS: gettext_lazy("aliases"),
}


class KindFilter(admin.SimpleListFilter):
    title = gettext_lazy("what was changed")
    parameter_name = "what"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(_KINDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class MomentForm(forms.Form):
    moment = forms.DateTimeField(
        label=gettext_lazy("To how it was on"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
        input_formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"],
    )


@admin.register(ConfigurationChange)
class HistoryPage(Read):
    title = gettext_lazy("What changed")
    tells = gettext_lazy("Each change of the settings, presets, teams, domains, block list and aliases.")
    empty = gettext_lazy("Nothing was changed.")
    room, order, kind = "organisation", 90, "history"
    needs = Needs(view="history.view")
    resource_field = "organisation__resource"
    list_display = ("at", "who", "how")
    list_display_links = ("at",)
    list_filter = (("at", admin.DateFieldListFilter), KindFilter)
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("at", "who", "how")
    readonly_fields = fields
    change_list_template = "administration/history_list.html"

    def more_urls(self, name: str) -> list[URLPattern]:
        site: Any = self.admin_site
        return [
            path("back/", site.guarded(self.all_back, "history.restore"), name=f"{name}_all_back"),
            path("<int:object_id>/back/", site.guarded(self.one_back, "history.restore"), name=f"{name}_back"),
        ]

    def of_organisation(self, rows: QuerySet[Any], organisation: Organisation) -> QuerySet[Any]:
        return super().of_organisation(rows, organisation).select_related("organisation__resource")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        place = here_of(request)
        may = place.may("history.restore", place.here.resource)
        response: Any = super().changelist_view(request, {"may_restore": may, **(extra_context or {})})
        listed = getattr(response, "context_data", None) or {}
        if "cl" in listed:
            _name(place.here, listed["cl"].result_list)
        return response

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        change = super().get_object(request, object_id, from_field)
        if change is not None:
            _name(here_of(request).here, [change])
        return change

    def name_of(self, obj: Any) -> str:
        return str(obj.line.title) if hasattr(obj, "line") else str(obj)

    def links_of(self, place: Place, obj: Any) -> list[tuple[str, str]]:
        if not place.may("history.restore", place.here.resource):
            return []
        return [(_("Put it back to what it was before"), reverse(f"{_ADDRESS}_back", args=[obj.pk]))]

    @admin.display(description=gettext_lazy("by"))
    def who(self, obj: Any) -> str:
        return str(obj.line.who)

    @admin.display(description=gettext_lazy("what"))
    def how(self, obj: Any) -> SafeString:
        return format_html_join("; ", "{}", ((sentence,) for sentence in obj.line.sentences))

    def one_back(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """GET: what would happen. POST: it happens."""
        place = here_of(request)
        change = self.scoped(place, self.needs.view).filter(pk=object_id).first()
        if change is None:
            raise Http404
        actor = _actor(place)
        return self._go_back(request, lambda rehearsal: restore_object(actor, change, rehearsal=rehearsal))

    def all_back(self, request: HttpRequest) -> HttpResponse:
        """GET without a moment asks for one, with it says what would happen. POST: it happens."""
        place = here_of(request)
        actor = _actor(place)
        given = request.POST if request.method == "POST" else request.GET
        form = MomentForm(given if "moment" in given else None)
        if not form.is_valid():
            return self._show(request, form=form, status=422 if form.is_bound else 200)
        moment = form.cleaned_data["moment"]
        return self._go_back(
            request, lambda rehearsal: restore_organisation(actor, place.here, moment, rehearsal=rehearsal), form
        )

    def _go_back(
        self, request: HttpRequest, go: Callable[[bool], Outcome], form: MomentForm | None = None
    ) -> HttpResponse:
        try:
            outcome = go(request.method != "POST")
        except CannotRestore as refused:
            return self._show(request, form=form, problem=str(refused), status=422)
        if request.method != "POST":
            return self._show(request, form=form, outcome=outcome)
        messages.success(request, _("It is as it was."))
        for one in outcome.left:
            messages.warning(request, f"{one.title}: {one.reason}")
        return HttpResponseRedirect(self.list_address)

    def _show(
        self,
        request: HttpRequest,
        *,
        form: MomentForm | None = None,
        outcome: Outcome | None = None,
        problem: str = "",
        status: int = 200,
    ) -> HttpResponse:
        values = {
            **self.admin_site.each_context(request),
            "title": _("Go back to a moment") if form is not None else _("Put one thing back"),
            "list_title": self.title,
            "list_address": self.list_address,
            "form": form,
            "outcome": outcome,
            "problem": problem,
        }
        return render(request, "administration/going_back.html", values, status=status)


_ADDRESS = "admin:accounts_configurationchange"


def _actor(place: Place) -> Actor:
    """Raises policy.Denied for the vendor's staff, who change nothing."""
    if place.is_operator:
        raise policy.Denied("history.restore")
    place.require("history.restore", place.here.resource)
    return Actor.of(place.user)


def _name(organisation: Organisation, changes: Iterable[Any]) -> None:
    """Gives each change of a page its words, with a few queries for all of them."""
    changes = list(changes)
    for change, line in zip(changes, lines_of(organisation, changes), strict=True):
        change.line = line
