"""The partials of records in the pane; each stands in its own place of the view.

    home, search ─► the list (#records-list)        record, form, step ─► the record's place (#records-record)

What goes wrong is a designed state in the part's place, with an honest HTTP status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.authentication import ActorRequest, bearer_required
from permissions.declare import requires
from sidebar import states
from sidebar.records.display import shown_sections
from sidebar.records.inputs import drawn
from sidebar.records.lists import grouped
from sidebar.records.reading_forms import conversion_of, first_choice, given_of, sent_of
from sidebar.records.words import singular
from sidebar.zones import in_zone
from sync.providers.salesforce.ids import long_id
from sync.providers.salesforce.soap import Converted
from sync.services.records.converting import ConvertForm, ConvertSent, convert, convert_form
from sync.services.records.forms import RecordForm, edit_form, new_form
from sync.services.records.kept import at_hand, pin_record
from sync.services.records.reading import may, see_record
from sync.services.records.search import look_up, search_records
from sync.services.records.writing import Saved, create_record, update_record

P = ParamSpec("P")


def part(
    view: Callable[Concatenate[ActorRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A partial for a signed-in person: an expected error is answered with its state, in the part's place."""

    @wraps(view)
    def told(request: ActorRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except states.EXPECTED as error:
            state = states.state_of(error)
            response = render(request, "pane/records/problem.html", {"state": state}, status=state.status)
            if getattr(request, "stays", False):
                response.headers["HX-Retarget"] = "#record-problem"
            if state.retry_after is not None:
                response.headers["Retry-After"] = str(state.retry_after)
            return response

    return csrf_exempt(in_zone(bearer_required(told)))


@requires("record.view")
@require_safe
@part
def search(request: ActorRequest) -> HttpResponse:
    """What `q` finds; with too little to search for, what is at hand."""
    text = request.GET.get("q", "")[:255]
    found = search_records(request.actor, text)
    if found.too_short:
        values = {"hand": at_hand(request.actor), "text": text.strip()}
        values["creatable"] = _creatable(request, found.object_names)
        return render(request, "pane/records/at_hand.html", values)
    values = {"groups": grouped(found.records, text), "count": len(found.records), "text": text.strip()}
    values["creatable"] = _creatable(request, found.object_names)
    return render(request, "pane/records/found.html", values)


def _creatable(request: ActorRequest, object_names: tuple[str, ...]) -> list[tuple[str, str]]:
    """(name, what people call it) of those objects of which new records may be made."""
    if not may(request.actor, "record.create"):
        return []
    return [(name, singular(name)) for name in object_names]


@requires("record.view")
@require_safe
@part
def record(request: ActorRequest, record_id: str) -> HttpResponse:
    """A record by the org's own layout."""
    return _record(request, record_id)


@requires("record.view")
@require_POST
@part
def pin(request: ActorRequest, record_id: str) -> HttpResponse:
    """Pins the record, or lets it go: its button."""
    wanted = request.POST.get("pinned") == "true"
    pin_record(request.actor, record_id, pinned=wanted)
    return render(request, "pane/records/pin.html", {"record_id": record_id, "pinned": wanted})


@requires("record.edit")
@require_http_methods(["GET", "HEAD", "POST"])
@part
def edit(request: ActorRequest, record_id: str) -> HttpResponse:
    """The form of a record; sent, the record, or the form with what is wrong."""
    if request.method != "POST":
        return _form(request, edit_form(request.actor, record_id))
    with staying(request):
        answer = update_record(request.actor, record_id, sent_of(request.POST))
        return _saved(request, answer, forget=f"record:{record_id}")


@requires("record.create")
@require_http_methods(["GET", "HEAD", "POST"])
@part
def new(request: ActorRequest, object_name: str) -> HttpResponse:
    """The form for a new record, after the choice of its type where there is one; sent, the record."""
    if request.method != "POST":
        given = given_of(request.GET)
        chosen = long_id(request.GET.get("record_type", ""))
        form = new_form(request.actor, object_name, record_type_id=chosen, given=given)
        if form.record_types and not form.sections:
            values = {"form": form, "defaults": request.GET.get("defaults", "")}
            return render(request, "pane/records/types.html", values)
        return _form(request, form)
    with staying(request):
        answer = create_record(request.actor, object_name, sent_of(request.POST))
        return _saved(request, answer, forget=f"create:{object_name}")


@requires("record.view")
@require_safe
@part
def lookup(request: ActorRequest) -> HttpResponse:
    """What `q` finds for a lookup, among the objects that it leads to (`objects`, with commas)."""
    names = tuple(name for name in request.GET.get("objects", "").split(",") if name)[:5]
    found = look_up(request.actor, request.GET.get("q", "")[:255], names)
    text = request.GET.get("q", "").strip()
    values = {"groups": grouped(found.records, text), "too_short": found.too_short, "text": text}
    return render(request, "pane/records/options.html", values)


@contextmanager
def staying(request: ActorRequest) -> Iterator[None]:
    """What goes wrong while a form is sent stands at its foot, and the form stays as it is."""
    request.stays = True  # type: ignore[attr-defined]
    yield


def _record(request: ActorRequest, record_id: str, **saved: str) -> HttpResponse:
    seen = see_record(request.actor, record_id)
    values = {"seen": seen, "sections": shown_sections(seen.sections), **saved}
    return render(request, "pane/records/record.html", values)


def _form(request: ActorRequest, form: RecordForm, status: int = 200) -> HttpResponse:
    return render(request, "pane/records/form.html", {"form": form, "sections": drawn(form)}, status=status)


def _saved(request: ActorRequest, answer: Saved | RecordForm, *, forget: str) -> HttpResponse:
    if isinstance(answer, RecordForm):
        return _form(request, answer, status=409 if answer.notice == "conflict" else 422)
    return _record(request, answer.record_id, saved=answer.record_id, forget=forget)


@requires("lead.convert")
@require_http_methods(["GET", "HEAD", "POST"])
@part
def convert_view(request: ActorRequest, record_id: str) -> HttpResponse:
    """What becomes of a lead; sent, the records that it became."""
    if request.method != "POST":
        return _conversion(request, record_id, convert_form(request.actor, record_id), None)
    with staying(request):
        sent = conversion_of(request.POST)
        return _conversion(request, record_id, convert(request.actor, record_id, sent), sent)


def _conversion(
    request: ActorRequest, lead_id: str, answer: ConvertForm | Converted, sent: ConvertSent | None
) -> HttpResponse:
    if isinstance(answer, Converted):
        values = {"made": answer, "lead_id": lead_id, "is_new": sent is not None}
        return render(request, "pane/records/converted.html", values)
    values = {"form": answer, "sent": sent or first_choice(answer)}
    return render(request, "pane/records/convert.html", values, status=422 if sent else 200)
