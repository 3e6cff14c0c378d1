"""The pane: a shell without data, then partials for the open email and its filing.

    shell ─► POST context ─► body, status, foot
                 └─► POST filings ─► foot, status ─► GET filing … ─► foot, status
                                          └─► POST undo, stop, follow, unfollow ─► foot, status

Each answer says in `X-Item-Key` and `X-Generation` which open email it belongs to; the client drops the others. What
goes wrong is a designed state with an honest HTTP status. Only the bearer header says who asks: no page elsewhere can
make a browser ask in someone's name, so CSRF tokens have nothing to guard.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.actor import Actor
from accounts.authentication import ActorRequest, bearer_required
from permissions.declare import requires
from sidebar import painted, presentation, states
from sidebar.answers import SAFE_GENERATION, answer, state_answer
from sidebar.hints import read_context, read_filing
from sidebar.zones import in_zone
from sync.services.filing import (
    file_email,
    filing_status,
    follow_filing,
    stop_filing,
    undo_filing,
    unfollow_filing,
)
from sync.services.open_email import open_email
from sync.services.reading.pane_state import habits_of
from sync.services.status import EmailStatus


@requires("email.view")
@csrf_exempt
@require_POST
@in_zone
@bearer_required
def context(request: ActorRequest) -> HttpResponse:
    """Body, status and foot for the open email; form fields `hint` (JSON) and `generation`."""
    try:
        place = painted.place_of(request.actor, request.POST)
        found = painted.find(place)
        generation = request.POST.get("generation", "0")
        if found is None or not SAFE_GENERATION.fullmatch(generation):
            asked = read_context(request.POST)
            opened = open_email(request.actor, asked.hint)
            generation = asked.generation
            page = presentation.page(opened, asked.unreadable, habits_of(request.actor))
            found = painted.paint(page, asked.hint.item_key, request)
            painted.keep(place, opened, found)
    except states.EXPECTED as error:
        return state_answer(request, states.state_of(error), "pane/state_answer.html")
    response = HttpResponse(found.for_generation(generation))
    response.headers["X-Item-Key"] = found.item_key
    response.headers["X-Generation"] = generation
    return response


@requires("email.file")
@csrf_exempt
@require_POST
@in_zone
@bearer_required
def filings(request: ActorRequest) -> HttpResponse:
    """Files the open email; fields as `context`, and lists `person`, `record`, `attachment`, and `confirmed`."""
    try:
        asked, wanted = read_filing(request.POST)
        status = file_email(request.actor, wanted)
    except states.EXPECTED as error:
        return state_answer(request, states.state_of(error), "pane/foot_error.html")
    return answer(
        request,
        "pane/step.html",
        {"foot": presentation.foot(status), "status": presentation.status_line(status)},
        item_key=asked.hint.item_key,
        generation=asked.generation,
    )


@requires("email.view")
@require_safe
@in_zone
@bearer_required
def filing(request: ActorRequest, filing_id: UUID) -> HttpResponse:
    """How a filing stands: foot and status."""
    try:
        status = filing_status(request.actor, filing_id)
    except states.EXPECTED as error:
        return state_answer(request, states.state_of(error), "pane/foot_error.html", filing_id=filing_id, doing="look")
    return answer(
        request,
        "pane/step.html",
        {"foot": presentation.foot(status), "status": presentation.status_line(status), "poll_delay": "2s"},
    )


@requires("email.undo")
@csrf_exempt
@require_POST
@in_zone
@bearer_required
def undo(request: ActorRequest, filing_id: UUID) -> HttpResponse:
    """Takes a filing back: foot and status."""
    return _step(request, undo_filing, filing_id, doing="undo")


@requires("email.file")
@csrf_exempt
@require_POST
@in_zone
@bearer_required
def stop(request: ActorRequest, filing_id: UUID) -> HttpResponse:
    """Stops an email that waits to be filed by itself: foot and status."""
    return _step(request, stop_filing, filing_id, doing="stop")


@requires("email.file")
@require_safe
@in_zone
@bearer_required
def again(request: ActorRequest, filing_id: UUID) -> HttpResponse:
    """Frees the ticks of a filed email: the foot, with the press that takes the place of its record."""
    try:
        status = filing_status(request.actor, filing_id)
    except states.EXPECTED as error:
        return state_answer(request, states.state_of(error), "pane/foot_error.html", filing_id=filing_id, doing="look")
    foot = presentation.foot_again(status) if status.replaceable else presentation.foot(status)
    return answer(request, "pane/foot.html", {"foot": foot})


@requires("email.file")
@csrf_exempt
@require_POST
@in_zone
@bearer_required
def follow(request: ActorRequest, filing_id: UUID) -> HttpResponse:
    """Follows the conversation of a filed email: foot and status."""
    return _step(request, follow_filing, filing_id, doing="follow")


@requires("email.file")
@csrf_exempt
@require_POST
@in_zone
@bearer_required
def unfollow(request: ActorRequest, filing_id: UUID) -> HttpResponse:
    """Stops following it: foot and status."""
    return _step(request, unfollow_filing, filing_id, doing="follow")


def _step(
    request: ActorRequest, act: Callable[[Actor, UUID], EmailStatus], filing_id: UUID, *, doing: str
) -> HttpResponse:
    try:
        status = act(request.actor, filing_id)
    except states.EXPECTED as error:
        return state_answer(request, states.state_of(error), "pane/foot_error.html", filing_id=filing_id, doing=doing)
    return answer(
        request,
        "pane/step.html",
        {"foot": presentation.foot(status), "status": presentation.status_line(status)},
    )
