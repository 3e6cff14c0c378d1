"""The audit trail: read, filtered, and taken out as JSON lines, which is recorded itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from accounts.administration.base import Needs, Read
from accounts.administration.people import principal_name
from accounts.administration.place import Place, here_of
from permissions.audit import actions
from permissions.audit.export import export_lines
from permissions.audit.models import AuditEntry
from permissions.models import Principal

_ACTORS = {
    "user": gettext_lazy("a person"),
    "service": gettext_lazy("background work"),
    "staff": gettext_lazy("the vendor's staff"),
    "operator": gettext_lazy("an operator"),
    "product": gettext_lazy("the product itself"),
    "command": gettext_lazy("somebody on the machine"),
    "unknown": gettext_lazy("somebody unknown"),
}


class ActionFilter(admin.SimpleListFilter):
    title = gettext_lazy("what happened")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(one.name, one.name) for one in sorted(actions.actions(), key=lambda one: one.name)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class ActorFilter(admin.SimpleListFilter):
    title = gettext_lazy("by whom")
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(_ACTORS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(actor_kind=self.value()) if self.value() else queryset


class ObjectFilter(admin.SimpleListFilter):
    title = gettext_lazy("about what")
    parameter_name = "about"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in sorted(actions.OBJECT_KINDS)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(object_kind=self.value()) if self.value() else queryset


class ExportForm(forms.Form):
    since = forms.DateField(label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(
        label=gettext_lazy("To and with"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    action = forms.ChoiceField(label=gettext_lazy("What happened"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named: Any = self.fields["action"]
        named.choices = [("", _("everything")), *((one.name, one.name) for one in actions.actions())]


@admin.register(AuditEntry)
class AuditPage(Read):
    title = gettext_lazy("Audit trail")
    tells = gettext_lazy("What happened, by whom and to what. Nothing here can be changed or deleted, by nobody.")
    empty = gettext_lazy("Nothing fits.")
    room, order, kind = "access", 90, "audit"
    needs = Needs(view="audit.view")
    resource_field = "root"
    list_display = ("number", "at", "happened", "who", "about")
    list_display_links = ("number", "at")
    list_filter = (("at", admin.DateFieldListFilter), ActionFilter, ActorFilter, ObjectFilter)
    search_fields = ("object_id", "actor", "on_behalf")
    search_help_text = gettext_lazy("The id of a person, of an object, or of a staff session.")
    ordering = ("-number",)
    sortable_by = ()
    fields = ("number", "at", "happened", "who", "about", "on_behalf", "previous", "hash")
    readonly_fields = fields
    change_list_template = "administration/audit_list.html"

    def more_urls(self, name: str) -> list[URLPattern]:
        site: Any = self.admin_site
        return [path("export/", site.guarded(self.export, "audit.export"), name=f"{name}_export")]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By an id, as a whole."""
        words = search_term.strip()
        if not words:
            return queryset, False
        found = Q(object_id=words)
        with contextlib.suppress(ValueError):
            found |= Q(actor=UUID(words)) | Q(on_behalf=UUID(words))
        return queryset.filter(found), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        said = {"may_export": here_of(request).may("audit.export"), "export_query": _asked_for(request)}
        response: Any = super().changelist_view(request, {**said, **(extra_context or {})})
        listed = getattr(response, "context_data", None) or {}
        if "cl" in listed:
            self._name_actors(listed["cl"].result_list)
        return response

    def _name_actors(self, entries: Iterable[Any]) -> None:
        entries = list(entries)
        ids = {entry.actor for entry in entries if entry.actor is not None}
        known = {one.pk: principal_name(one) for one in Principal.objects.filter(pk__in=ids).select_related("user")}
        for entry in entries:
            entry.actor_name = known.get(entry.actor, "")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        entry = super().get_object(request, object_id, from_field)
        if entry is not None:
            self._name_actors([entry])
        return entry

    def name_of(self, obj: AuditEntry) -> str:
        return _("Entry %(number)d") % {"number": obj.number}

    @admin.display(description=gettext_lazy("what happened"))
    def happened(self, obj: AuditEntry) -> str:
        try:
            return gettext(actions.action(obj.action).tells)
        except actions.UnknownAction:
            return obj.action

    @admin.display(description=gettext_lazy("by"))
    def who(self, obj: Any) -> str:
        kind = str(_ACTORS.get(obj.actor_kind, obj.actor_kind))
        name = getattr(obj, "actor_name", "")
        return f"{name} ({kind})" if name and obj.actor_kind != "user" else name or kind

    @admin.display(description=gettext_lazy("about"))
    def about(self, obj: AuditEntry) -> str:
        return f"{obj.object_kind} {obj.object_id}".strip()

    def parts_of(self, place: Place, obj: Any) -> list[SafeString]:
        return [
            render_to_string("administration/detail.html", {"detail": sorted(obj.detail.items()), "action": obj.action})
        ]

    def export(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """GET: asks of what. POST: the lines."""
        place = here_of(request)
        place.require("audit.export", place.here.resource)
        asked = request.POST if request.method == "POST" else request.GET
        form = ExportForm(asked if asked else None)
        if request.method != "POST" or not form.is_valid():
            values = {
                **self.admin_site.each_context(request),
                "title": _("Take the audit trail out"),
                "list_title": self.title,
                "list_address": self.list_address,
                "form": form,
            }
            return render(request, "administration/export.html", values)
        given = form.cleaned_data
        lines = export_lines(
            place.here.resource_id,
            by=place.doer,
            since=_begin(given["since"]),
            until=_begin(given["until"] + timedelta(days=1)) if given["until"] else None,
            action=given["action"] or None,
        )
        return HttpResponse(
            list(lines),
            content_type="application/x-ndjson",
            headers={"Content-Disposition": 'attachment; filename="audit.jsonl"'},
        )


def _asked_for(request: HttpRequest) -> str:
    """What the list is filtered by, as the page for taking it out understands it: its action and its days."""
    asked = {"action": request.GET.get("action", "")}
    with contextlib.suppress(ValueError):
        asked["since"] = datetime.fromisoformat(request.GET.get("at__gte", "")).date().isoformat()
    with contextlib.suppress(ValueError):
        until = datetime.fromisoformat(request.GET.get("at__lt", "")).date() - timedelta(days=1)
        asked["until"] = until.isoformat()
    return urlencode({name: value for name, value in asked.items() if value})


def _begin(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day is not None else None
