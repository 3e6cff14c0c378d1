"""Staff sessions, as the organisation sees them: who asked why, who let them in until when, and what they saw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import staff
from accounts.administration.base import Needs, Read
from accounts.administration.place import Place
from accounts.administration.steps import Step, StepForm
from accounts.models import StaffSession
from permissions.audit.models import AuditEntry

_SEEN_SHOWN = 200


def _choices() -> list[tuple[int, str]]:
    return [
        (
            minutes,
            _("half an hour")
            if minutes == 30
            else ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60},
        )
        for minutes in staff.CHOICES
    ]


class ApproveForm(StepForm):
    minutes = forms.TypedChoiceField(
        label=gettext_lazy("For how long"),
        coerce=int,
        choices=_choices,
        initial=60,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("From now. It ends by itself then, and you can end it earlier."),
    )


def approve(place: Place, row: StaffSession, given: Mapping[str, Any]) -> None:
    staff.approve(row.pk, place.user, minutes=given["minutes"])


def decline(place: Place, row: StaffSession, _given: Mapping[str, Any]) -> None:
    staff.decline(row.pk, place.user)


def end(place: Place, row: StaffSession, _given: Mapping[str, Any]) -> None:
    staff.end(row.pk, place.user)


@admin.register(StaffSession)
class StaffSessionPage(Read):
    title = gettext_lazy("Access of the vendor's support")
    tells = gettext_lazy(
        "The vendor's staff see nothing of your organisation unless you let them. They never see what stands in an "
        "email, nor a password or token, and they change nothing. All they open is listed."
    )
    empty = gettext_lazy("Nobody has asked.")
    room, order, kind = "access", 5, "staff-session"
    needs = Needs(view="staff.view")
    list_display = ("who", "state", "reason", "asked_at", "until")
    list_filter = ("state",)
    search_fields = ("staff__email", "staff__name", "reason")
    list_select_related = ("staff", "organisation__resource", "answered_by", "ended_by")
    ordering = ("-asked_at",)
    fields = (
        "who",
        "reason",
        "state",
        "asked_at",
        "answered_by",
        "answered_at",
        "until",
        "begun_at",
        "ended_at",
        "ended",
    )
    readonly_fields = fields
    steps = (
        Step(
            "approve",
            gettext_lazy("Approve"),
            "staff.approve",
            gettext_lazy("They may look at your organisation's pages, read-only, and you see what they open."),
            gettext_lazy("Approved."),
            approve,
            form=ApproveForm,
            on="one",
            offered=lambda row: row.state == StaffSession.State.ASKED,
        ),
        Step(
            "decline",
            gettext_lazy("Decline"),
            "staff.approve",
            gettext_lazy("They see nothing, and may ask again."),
            gettext_lazy("Declined."),
            decline,
            on="one",
            offered=lambda row: row.state == StaffSession.State.ASKED,
        ),
        Step(
            "end",
            gettext_lazy("End now"),
            "staff.approve",
            gettext_lazy("They see nothing more from this moment on."),
            gettext_lazy("Ended."),
            end,
            on="one",
            danger=True,
            offered=lambda row: bool(row.is_running),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def name_of(self, obj: StaffSession) -> str:
        return f"{self.who(obj)}: “{obj.reason}”"

    @admin.display(description=gettext_lazy("who"), ordering="staff__name")
    def who(self, obj: StaffSession) -> str:
        return obj.staff.name or obj.staff.email

    @admin.display(description=gettext_lazy("ended by"))
    def ended(self, obj: StaffSession) -> str:
        if obj.ended_at is None:
            return "–"
        return (obj.ended_by.name or obj.ended_by.email) if obj.ended_by is not None else _("itself")

    def parts_of(self, place: Place, obj: Any) -> list[SafeString]:
        seen = AuditEntry.objects.filter(root=place.here.resource_id, on_behalf=obj.pk, action="record.seen")
        values = {"seen": seen.order_by("-number")[:_SEEN_SHOWN], "count": seen.count(), "begun": obj.begun_at}
        return [render_to_string("administration/staff_seen.html", values)]
