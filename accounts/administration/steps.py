"""What a page does: each step has a page of its own that says what it will do, asks for what it needs, and confirms.

    a button of a row, or rows that were ticked ─► the step's page ─► confirmed ─► done, row by row ─► said

Each row is asked of the policy with the step's own permission. Of a row that the person may not see the answer is 404,
of one that they see and may not do this to, 403.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext

from accounts import preferences, presets, staff, teams
from accounts.administration.place import Place, here_of
from permissions import registry
from permissions.services import CannotChange

if TYPE_CHECKING:
    from accounts.administration.base import Administered

#: No more rows at once: as many as a page of a list holds, twice.
MOST = 100
#: What a step may be refused with; the message is for people.
REFUSED = (
    CannotChange,
    presets.CannotChangePreset,
    teams.CannotChangeTeam,
    staff.CannotStep,
    ValidationError,
    preferences.BadValue,
)


class StepForm(forms.Form):
    """What a step asks for. `place` and `rows` say what there is to choose from."""

    def __init__(self, *args: Any, place: Place, rows: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.place, self.rows = place, rows
        self.settle()

    def settle(self) -> None:
        """For choices that depend on the organisation."""


Do = Callable[[Place, Any, Mapping[str, Any]], "str | None"]


@dataclass(frozen=True, slots=True)
class Step:
    """`do` is called for each row, or once with None; it gives an address to go on to, or nothing.

    `on`: "rows" (one or many), "one", or "none" for what makes a new row. `tells`: what it will do. `offered`: whether
    it makes sense for a row.
    """

    name: str
    title: Any
    permission: str
    tells: Any
    done: Any
    do: Do
    form: type[StepForm] | None = None
    on: Literal["rows", "one", "none"] = "rows"
    danger: bool = False
    offered: Callable[[Any], bool] = lambda row: True

    def __post_init__(self) -> None:
        registry.permission(self.permission)


def steps_offered(page: Administered, place: Place, row: Any) -> list[Step]:
    """Those that make sense for a row and that the person may take on it."""
    resource = page.resource_of(row)
    return [
        step for step in page.steps if step.on != "none" and step.offered(row) and place.may(step.permission, resource)
    ]


class StepPage:
    """The page of a step."""

    def __init__(self, page: Administered, step: Step) -> None:
        self.page, self.step = page, step
        self.__name__ = f"{page.opts.model_name}_{step.name}"

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """GET, and POST without `confirmed`: asks. POST with it: does."""
        place, given = here_of(request), request.POST if request.method == "POST" else request.GET
        rows = self._rows(place, given.getlist("row")[: MOST + 1])
        return self._answer(request, place, rows)

    def from_list(self, model_admin: Administered, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        """As an action of Django's list: the rows were ticked there."""
        place = here_of(request)
        rows = self._rows(place, [str(pk) for pk in queryset.values_list("pk", flat=True)[: MOST + 1]])
        return self._ask(request, place, rows, self._form(place, rows, None))

    def _rows(self, place: Place, ids: Sequence[str]) -> list[Any]:
        if self.step.on == "none":
            place.require(self.step.permission)
            return []
        if not ids or len(ids) > (MOST if self.step.on == "rows" else 1):
            raise Http404
        try:
            seen = {str(row.pk): row for row in self.page.scoped(place, self.page.needs.view).filter(pk__in=ids)}
        except (ValueError, ValidationError):
            raise Http404 from None
        if set(seen) != set(ids):
            raise Http404
        for row in seen.values():
            place.require(self.step.permission, self.page.resource_of(row))
        return [seen[pk] for pk in dict.fromkeys(ids)]

    def _form(self, place: Place, rows: Sequence[Any], data: Any) -> StepForm | None:
        return self.step.form(data, place=place, rows=rows) if self.step.form is not None else None

    def _answer(self, request: HttpRequest, place: Place, rows: list[Any]) -> HttpResponse:
        confirmed = request.method == "POST" and "confirmed" in request.POST
        form = self._form(place, rows, request.POST if confirmed else None)
        if not confirmed or (form is not None and not form.is_valid()):
            return self._ask(request, place, rows, form)
        values = form.cleaned_data if form is not None else {}
        problems, done, led = [], 0, None
        for row in rows or [None]:
            try:
                led = self.step.do(place, row, values)
                done += 1
            except REFUSED as refused:
                problems.append(
                    _sentence(refused)
                    if row is None or len(rows) == 1
                    else f"{self.page.name_of(row)}: {_sentence(refused)}"
                )
        if problems and not done:
            return self._ask(request, place, rows, form, problems)
        for problem in problems:
            messages.error(request, problem)
        many = ngettext("%(count)d row.", "%(count)d rows.", done) % {"count": done} if len(rows) > 1 else ""
        messages.success(request, f"{self.step.done} {many}".strip())
        return HttpResponseRedirect(led or self._back(rows))

    def _back(self, rows: Sequence[Any]) -> str:
        name = f"admin:{self.page.opts.app_label}_{self.page.opts.model_name}"
        if len(rows) == 1 and self.page.model._default_manager.filter(pk=rows[0].pk).exists():
            return reverse(f"{name}_change", args=[rows[0].pk])
        return reverse(f"{name}_changelist")

    def _ask(
        self, request: HttpRequest, place: Place, rows: list[Any], form: StepForm | None, problems: Sequence[str] = ()
    ) -> HttpResponse:
        name = f"{self.page.opts.app_label}_{self.page.opts.model_name}"
        values = {
            **self.page.admin_site.each_context(request),
            "title": self.step.title,
            "step": self.step,
            "address": reverse(f"admin:{name}_{self.step.name}"),
            "list_title": self.page.title,
            "list_address": reverse(f"admin:{name}_changelist"),
            "rows": [(row.pk, self.page.name_of(row)) for row in rows],
            "form": form,
            "problems": problems,
            "back": self._back(rows),
        }
        wrong = bool(problems) or (form is not None and form.is_bound and not form.is_valid())
        return render(request, "administration/step.html", values, status=422 if wrong else 200)


def _sentence(refused: Exception) -> str:
    if isinstance(refused, ValidationError):
        return " ".join(refused.messages)
    return str(getattr(refused, "sentence", "") or refused)
