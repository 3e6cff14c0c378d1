"""The desk of the vendor's staff: organisations' names, and asking one of them for access. Nothing else is theirs.

desk ─► ask (with a reason) ─► … approved ─► look ─► the organisation's pages, read-only ─► leave, or end
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import staff
from accounts.administration.place import STAFF_SESSION, Place, place_of
from accounts.models import Organisation, StaffSession
from permissions import isolation, policy

if TYPE_CHECKING:
    from accounts.administration.site import AdministrationSite

P = ParamSpec("P")
_SHOWN = 50
_BECAUSE = "of the vendor's staff, whom nobody has given anything yet: the view lets in nobody else"


class AskForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why do you need to look?"),
        help_text=gettext_lazy("The organisation's administrators read it and decide by it."),
        min_length=10,
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def urls(site: AdministrationSite) -> list[URLPattern]:
    return [
        path("desk/", site.open_to(desk, _BECAUSE), name="desk"),
        path("desk/<uuid:organisation_id>/ask/", site.open_to(ask, _BECAUSE), name="desk-ask"),
        path("desk/sessions/<uuid:session_id>/look/", site.open_to(look, _BECAUSE), name="desk-look"),
        path("desk/sessions/<uuid:session_id>/end/", site.open_to(end, _BECAUSE), name="desk-end"),
        path("desk/leave/", site.open_to(leave, _BECAUSE), name="desk-leave"),
    ]


def _operator(
    view: Callable[Concatenate[HttpRequest, Place, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Lets in the vendor's staff alone: others 403, nobody signed in to where one enters."""

    @wraps(view)
    def let_in(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        place = place_of(request)
        if place is None:
            return HttpResponseRedirect(reverse("admin:enter"))
        if not staff.is_operator(place.user):
            raise policy.Denied(gettext("Only the vendor's staff have a desk."))
        return view(request, place, *args, **kwargs)

    return let_in


@_operator
def desk(request: HttpRequest, place: Place) -> HttpResponse:
    staff.close_over()
    words = request.GET.get("q", "").strip()[:100]
    named = Organisation.objects.filter(name__icontains=words) if words else Organisation.objects.all()
    page = Paginator(named.only("id", "name").order_by("name", "pk"), _SHOWN).get_page(request.GET.get("page"))
    mine = StaffSession.objects.filter(staff=place.user).select_related("organisation").order_by("-asked_at")
    values = {"page": page, "words": words, "sessions": mine[:20], "title": _("Your desk")}
    return _render(request, "administration/desk.html", values)


@_operator
def ask(request: HttpRequest, place: Place, organisation_id: UUID) -> HttpResponse:
    organisation = get_object_or_404(Organisation.objects.only("id", "name", "resource_id"), pk=organisation_id)
    form = AskForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with isolation.for_organisation(organisation.pk):
                staff.ask(place.user, organisation, form.cleaned_data["reason"])
        except staff.CannotStep as cannot:
            form.add_error(None, str(cannot))
        else:
            messages.success(request, _("Asked. Its administrators see your request now."))
            return HttpResponseRedirect(reverse("admin:desk"))
    title = _("Ask %(name)s for access") % {"name": organisation.name}
    return _render(request, "administration/ask.html", {"form": form, "title": title, "organisation": organisation})


@_operator
@require_POST
def look(request: HttpRequest, place: Place, session_id: UUID) -> HttpResponse:
    try:
        session = staff.begin(session_id, place.user)
    except staff.CannotStep as cannot:
        messages.error(request, str(cannot))
        return HttpResponseRedirect(reverse("admin:desk"))
    request.session[STAFF_SESSION] = str(session.pk)
    request.session.cycle_key()
    return HttpResponseRedirect(reverse("admin:index"))


@_operator
@require_POST
def end(request: HttpRequest, place: Place, session_id: UUID) -> HttpResponse:
    """One's own: another's is not found, whoever asks."""
    get_object_or_404(StaffSession, pk=session_id, staff=place.user)
    try:
        staff.end(session_id, place.user)
    except staff.CannotStep as cannot:
        messages.error(request, str(cannot))
    else:
        messages.success(request, _("Ended. You see nothing of it any more."))
    request.session.pop(STAFF_SESSION, None)
    return HttpResponseRedirect(reverse("admin:desk"))


@_operator
@require_POST
def leave(request: HttpRequest, place: Place) -> HttpResponse:
    """Back to the desk; the session runs on until its end."""
    request.session.pop(STAFF_SESSION, None)
    return HttpResponseRedirect(reverse("admin:desk"))


def _render(request: HttpRequest, template: str, values: dict[str, Any]) -> HttpResponse:
    from accounts.administration.site import the_site

    return render(request, template, {**the_site().each_context(request), **values})
