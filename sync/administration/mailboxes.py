"""Mailboxes and their issues: how reading stands, and what an administrator does about it.

The vendor's staff see states, counts and reasons: neither the names of folders nor what providers said, in which words
of a person may stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actor import Actor
from accounts.administration.base import Needs, Read
from accounts.administration.place import Place, place_of
from accounts.administration.steps import Step, StepForm
from accounts.models import Organisation
from permissions.audit.recording import record
from permissions.services import CannotChange
from sync.capture import issues, mailboxes, steering
from sync.capture.scheduling import hurry
from sync.capture.standing import BEHIND, standing_of
from sync.models import ApiBudget, Collection, Issue, Mailbox

_PROVIDERS = {"graph": gettext_lazy("Microsoft 365"), "gmail": gettext_lazy("Gmail")}
_STATES = {
    "reading": gettext_lazy("Being read for the first time."),
    "current": gettext_lazy("Up to date."),
    "waiting": gettext_lazy("Up to date; some emails wait to be filed."),
    "behind": gettext_lazy("Behind: reading or filing is late."),
    "paused": gettext_lazy("Paused: nothing is read or filed."),
    "reconnect": gettext_lazy("A connection has to be renewed by its person."),
    "needs_reconnect": gettext_lazy("A connection has to be renewed by its person."),
    "ended": gettext_lazy("Disconnected: it is not read."),
}


class SinceForm(StepForm):
    since = forms.DateField(label=gettext_lazy("From which day"), widget=forms.DateInput(attrs={"type": "date"}))

    def clean_since(self) -> Any:
        since = self.cleaned_data["since"]
        if since > timezone.localdate():
            raise ValidationError(_("Choose a day that has been."))
        return since


def _steered(step: str, do: Callable[[Mailbox, Mapping[str, Any]], int | bool | None]) -> Callable[..., None]:
    """Does it, says so to the audit trail, and lets nothing count that the person's pane painted before."""

    def steer(place: Place, row: Mailbox, given: Mapping[str, Any]) -> None:
        with transaction.atomic():
            done = do(row, given)
            if done is False:
                raise CannotChange(_("It was so already."))
            record(
                "collection.steered",
                root=place.here.resource_id,
                by=place.doer,
                on=("mailbox", row.pk),
                detail={"step": step, "user": row.user_id, "emails": done if type(done) is int else None},
            )
        steering.forget(Actor.of(row.user))

    return steer


def _alive(row: Mailbox) -> bool:
    return row.state != Mailbox.State.ENDED


class LateFilter(admin.SimpleListFilter):
    title = gettext_lazy("late")
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Behind"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return late(queryset) if self.value() else queryset


def late(rows: QuerySet[Mailbox]) -> QuerySet[Mailbox]:
    """Those that should have been read some minutes ago, and were not."""
    overdue = Collection.objects.filter(due_at__lt=timezone.now() - BEHIND).values("mailbox")
    return rows.filter(state=Mailbox.State.ACTIVE, pk__in=overdue)


@admin.register(Mailbox)
class MailboxPage(Read):
    title = gettext_lazy("Mailboxes")
    tells = gettext_lazy("How far each mailbox is read. What you do here does not touch what is filed.")
    empty = gettext_lazy("A mailbox shows here once its person has connected it and Salesforce.")
    room, order, kind = "sync", 10, "mailbox"
    needs = Needs(view="collection.view")
    list_display = ("owner", "where", "state", "last_success_at", "late_by", "issue_count")
    list_filter = ("state", "provider", LateFilter)
    search_fields = ("user__email", "user__name")
    list_select_related = ("user__organisation", "user__resource", "connection")
    ordering = ("user__name", "user__email", "provider")
    fields = ("owner", "where", "state", "reason", "window_from", "initial_done_at", "last_success_at", "last_hint_at")
    readonly_fields = fields
    steps = (
        Step(
            "pause",
            gettext_lazy("Pause"),
            "collection.steer",
            gettext_lazy("Nothing is read or filed until you resume it. How far it was read is kept."),
            gettext_lazy("Paused."),
            _steered("paused", lambda row, _given: mailboxes.pause(row, reason="administrator")),
            offered=lambda row: row.state == Mailbox.State.ACTIVE,
        ),
        Step(
            "resume",
            gettext_lazy("Resume"),
            "collection.steer",
            gettext_lazy("It goes on where it stopped."),
            gettext_lazy("It goes on."),
            _steered("resumed", lambda row, _given: mailboxes.resume(row)),
            offered=lambda row: row.state == Mailbox.State.PAUSED,
        ),
        Step(
            "force",
            gettext_lazy("Look now"),
            "collection.steer",
            gettext_lazy("Everything of it is due at once. A paused mailbox stays paused."),
            gettext_lazy("It is looked at now."),
            _steered("forced", lambda row, _given: _nothing(hurry(row))),
            offered=_alive,
        ),
        Step(
            "again",
            gettext_lazy("Read again from a day"),
            "collection.steer",
            gettext_lazy(
                "What was received since then is read anew, and what was not filed is judged anew. What is filed "
                "stays; what a person stopped or took back stays so."
            ),
            gettext_lazy("It is read again."),
            _steered("read-again", lambda row, given: mailboxes.read_again(row, given["since"])),
            form=SinceForm,
            offered=_alive,
        ),
        Step(
            "anew",
            gettext_lazy("Begin anew"),
            "collection.steer",
            gettext_lazy(
                "Forgets how far each list was read and reads everything in full, which may take hours. What is filed "
                "or decided stays so."
            ),
            gettext_lazy("It begins anew."),
            _steered("re-initialised", lambda row, _given: mailboxes.begin_anew(row)),
            danger=True,
            offered=_alive,
        ),
    )

    def of_organisation(self, rows: QuerySet[Any], organisation: Organisation) -> Any:
        return (
            super()
            .of_organisation(rows, organisation)
            .select_related(*self.list_select_related)
            .annotate(
                due=Min("collections__due_at"),
                open_issues=Count("issues", filter=Q(issues__settled_at__isnull=True), distinct=True),
            )
        )

    def name_of(self, obj: Mailbox) -> str:
        return f"{obj.user.name or obj.user.email}, {self.where(obj)}"

    @admin.display(description=gettext_lazy("person"), ordering="user__name")
    def owner(self, obj: Mailbox) -> str:
        return obj.user.name or obj.user.email

    @admin.display(description=gettext_lazy("at"), ordering="provider")
    def where(self, obj: Mailbox) -> str:
        return str(_PROVIDERS.get(obj.provider, obj.provider))

    @admin.display(description=gettext_lazy("late by"), ordering="due")
    def late_by(self, obj: Any) -> str:
        if obj.state != Mailbox.State.ACTIVE or obj.due is None or obj.due > timezone.now() - BEHIND:
            return "–"
        return timesince(obj.due, depth=1)

    @admin.display(description=gettext_lazy("open issues"), ordering="open_issues")
    def issue_count(self, obj: Any) -> int:
        return int(obj.open_issues)

    def parts_of(self, place: Place, obj: Any) -> list[SafeString]:
        told = standing_of(Actor.of(obj.user), obj)
        lists = Collection.objects.filter(mailbox=obj).order_by("kind", "name")[:200]
        values = {
            "state": _STATES.get(told.state, told.state),
            "told": told,
            "lists": [
                (
                    (one.folder_kind if place.is_operator else one.name or one.folder_kind)
                    if one.kind == Collection.Kind.MAIL
                    else one.get_kind_display(),
                    one,
                )
                for one in lists
            ],
        }
        return [render_to_string("administration/mailbox.html", values)]


def _nothing(_value: object) -> None:
    return None


def again(place: Place, row: Issue, _given: Mapping[str, Any]) -> None:
    if not issues.try_again(row, by=place.doer):
        raise CannotChange(_("Trying again does not settle this: it takes its person, or time."))


def leave(place: Place, row: Issue, _given: Mapping[str, Any]) -> None:
    issues.leave(row, by=place.doer)


class OpenFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", gettext_lazy("Settled")), ("all", gettext_lazy("All"))]

    def choices(self, changelist: Any) -> Any:
        found = list(super().choices(changelist))
        found[0]["display"] = _("Open")
        return found

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(settled_at__isnull=self.value() != "no")


@admin.register(Issue)
class IssuePage(Read):
    title = gettext_lazy("Issues")
    tells = gettext_lazy("What a person has to know or decide. Their person sees it too, with the email it is about.")
    empty = gettext_lazy("No open issues.")
    room, order, kind = "sync", 20, "issue"
    needs = Needs(view="issue.view")
    list_display = ("what", "owner", "created_at", "settled")
    list_filter = (OpenFilter, "reason")
    search_fields = ("user__email", "user__name")
    list_select_related = ("user", "organisation", "mailbox", "item__collection", "activity")
    ordering = ("-created_at",)
    readonly_fields = ("what", "reason", "owner", "created_at", "settled", "said")
    steps = (
        Step(
            "again",
            gettext_lazy("Try again"),
            "issue.settle",
            gettext_lazy("What it speaks of is due at once. If it fails again, it shows here again."),
            gettext_lazy("It is tried again."),
            again,
            offered=lambda row: row.settled_at is None and row.reason not in issues.NOT_RETRIED,
        ),
        Step(
            "leave",
            gettext_lazy("Leave it"),
            "issue.settle",
            gettext_lazy("Nothing is tried. The email stays as it is."),
            gettext_lazy("Left as it is."),
            leave,
            offered=lambda row: row.settled_at is None,
        ),
    )

    def of_organisation(self, rows: QuerySet[Any], organisation: Organisation) -> Any:
        mine = super().of_organisation(rows, organisation).select_related("user__resource", *self.list_select_related)
        return mine.defer("item__envelope")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        place = place_of(request)
        shown = ("what", "reason", "owner", "created_at", "settled")
        return shown if place is None or place.is_operator else (*shown, "said")

    def name_of(self, obj: Issue) -> str:
        return issues.sentence_of(obj.reason)

    @admin.display(description=gettext_lazy("what"), ordering="reason")
    def what(self, obj: Issue) -> str:
        return issues.sentence_of(obj.reason)

    @admin.display(description=gettext_lazy("person"), ordering="user__name")
    def owner(self, obj: Issue) -> str:
        return obj.user.name or obj.user.email

    @admin.display(description=gettext_lazy("settled"), ordering="settled_at")
    def settled(self, obj: Issue) -> str:
        return str(obj.get_settled_how_display()) if obj.settled_at is not None else "–"

    @admin.display(description=gettext_lazy("in the provider's words"))
    def said(self, obj: Issue) -> str:
        return obj.words or "–"


@admin.register(ApiBudget)
class BudgetPage(Read):
    title = gettext_lazy("Calls to Salesforce")
    tells = gettext_lazy("How much of its daily calls each Salesforce org has used, by all who call it.")
    empty = gettext_lazy("It shows here once somebody has connected Salesforce.")
    room, order, kind = "sync", 30, "organisation"
    needs = Needs(view="collection.view")
    list_display = ("org", "used", "allowed", "share", "seen_at", "spent_until")
    list_select_related = ("salesforce_org", "organisation__resource")
    ordering = ("salesforce_org__org_id",)
    fields = ("org", "used", "allowed", "share", "seen_at", "spent_until")
    readonly_fields = fields

    def name_of(self, obj: ApiBudget) -> str:
        return obj.salesforce_org.org_id

    @admin.display(description=gettext_lazy("org"))
    def org(self, obj: ApiBudget) -> str:
        return obj.salesforce_org.org_id

    @admin.display(description=gettext_lazy("share"))
    def share(self, obj: ApiBudget) -> str:
        return f"{round(100 * obj.used / obj.allowed)} %" if obj.allowed else "–"
