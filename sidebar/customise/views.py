"""The partials of the page on which a person arranges their pane.

    GET objects ─► the list ─┬─ POST step, save ─► the list        GET an object ─► its form, with a preview
                             └─ an object ─► POST step ─► the form, drafted   POST save, reset ─► the form

A draft is kept by its form alone: the server writes nothing before `do=save`.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.authentication import ActorRequest
from accounts.preferences import BadValue, Locked
from permissions.declare import requires
from sidebar import states
from sidebar.customise import forms, models
from sidebar.syncpage.views import part
from sync.providers.salesforce.ids import long_id
from sync.services import customising

METHODS = ["GET", "HEAD", "POST"]


@requires("mailbox.sync")
@require_http_methods(METHODS)
@part
def objects(request: ActorRequest) -> HttpResponse:
    """The objects; POST `do`: `up:NAME`, `down:NAME`, `save` or `reset`."""
    said, problem = "", None
    order: tuple[str, ...] = ()
    shown: frozenset[str] | None = None
    if request.method == "POST":
        step, _sep, name = request.POST.get("do", "").partition(":")
        try:
            if step == "reset":
                customising.reset_objects(request.actor)
                said = _("As your organisation has it.")
            else:
                order, shown = forms.objects_of(request.POST)
                order = forms.moved(order, name, {"up": -1, "down": 1}.get(step, 0))
                if step == "save":
                    customising.save_objects(request.actor, [one for one in order if one in shown])
                    said = _("Saved.")
                    order, shown = (), None
        except (BadValue, Locked) as error:
            problem = states.state_of(error)
    listed = models.objects_out(customising.objects_layout(request.actor), order=order, shown=shown)
    values = {"listed": listed, "said": said, "problem": problem, "focus": request.POST.get("do", "")}
    return _rendered(request, "pane/customise/objects.html", values, problem)


@requires("mailbox.sync")
@require_http_methods(METHODS)
@part
def one_object(request: ActorRequest, object_name: str) -> HttpResponse:
    """One object's form; POST `do`: a step of `sync.services.customising.stepped`, `save`, `reset`, or `look`.

    `sample` is a record of the open email to show it with.
    """
    said, problem, draft = "", None, None
    sample = (request.POST if request.method == "POST" else request.GET).get("sample", "")
    now = customising.arrangement(request.actor, object_name, sample_id=sample)
    if request.method == "POST":
        step, _sep, what = request.POST.get("do", "").partition(":")
        try:
            if step == "reset":
                customising.reset(request.actor, object_name)
                said = _("As your organisation has it.")
            else:
                given = forms.free(forms.draft_of(request.POST, now.layout), now)
                if step == "save":
                    customising.save(request.actor, given)
                    said = _("Saved. It counts from the next email you open.")
                else:
                    draft = customising.stepped(given, step, what or request.POST.get("field", ""))
        except (BadValue, Locked) as error:
            problem = states.state_of(error)
        now = customising.arrangement(request.actor, object_name, draft, sample_id=sample)
    values = {
        "object": models.object_out(now),
        "said": said,
        "problem": problem,
        "drafted": draft is not None,
        "focus": request.POST.get("do", ""),
        "sample": long_id(sample),
    }
    return _rendered(request, "pane/customise/object.html", values, problem)


def _rendered(
    request: HttpRequest, template: str, values: dict[str, object], problem: states.State | None
) -> HttpResponse:
    return render(request, template, values, status=problem.status if problem else 200)
