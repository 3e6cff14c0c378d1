"""The pane: a shell without data, then partials for the open email and its filing.

    shell ─► POST context ─► body, status, foot
                 └─► POST filings ─► foot, status ─► GET filing … ─► foot, status
                                          └─► POST undo ─► foot, status

Each answer says in `X-Item-Key` and `X-Generation` which open email it belongs to; the client drops the others. What
goes wrong is a designed state with an honest HTTP status. Only the bearer header says who asks: no page elsewhere can
make a browser ask in someone's name, so CSRF tokens have nothing to guard.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.authentication import ActorRequest, bearer_required
from permissions.declare import public, requires
from sidebar import painted, presentation, states
from sidebar.hints import read_context, read_filing
from sync.services.filing import file_email, filing_status, undo_filing
from sync.services.open_email import open_email

_SAFE_KEY = re.compile(r"[\x21-\x7e]{1,1024}")
_SAFE_GENERATION = re.compile(r"[0-9]{1,12}")


@public("the shell holds no data")
@require_safe
def outlook(request: HttpRequest) -> HttpResponse:
    """The pane's page in Outlook: skeleton, scripts, and the words of the states that the client finds out itself."""
    response = render(
        request, "pane/outlook.html", {"office_js_url": settings.OFFICE_JS_URL, "client_states": client_states()}
    )
    # The shell holds no data and changes with the release only.
    response.headers["Cache-Control"] = "private, max-age=300"
    return response


def client_states() -> tuple[tuple[str, str, str], ...]:
    """(name, symbol, sentence of the status line) of each state that the client shows by itself."""
    return (
        ("no-item", "state-mail", _("Ready.")),
        ("draft", "state-mail", _("Cannot be filed because it is a draft.")),
        ("unsupported", "state-mail", _("Not an email.")),
        ("offline", "state-offline", _("Offline.")),
        ("expired", "state-key", _("Signed out.")),
        ("sign-in-failed", "state-key", _("Not signed in.")),
        ("server-down", "state-error", _("No answer.")),
        ("error", "state-error", _("Could not be looked up.")),
        ("forbidden", "state-lock", _("Not allowed.")),
    )


@requires("email.view")
@csrf_exempt
@require_POST
@bearer_required
def context(request: ActorRequest) -> HttpResponse:
    """Body, status and foot for the open email; form fields `hint` (JSON) and `generation`."""
    try:
        place = painted.place_of(request.actor, request.POST)
        answer = painted.find(place)
        generation = request.POST.get("generation", "0")
        if answer is None or not _SAFE_GENERATION.fullmatch(generation):
            asked = read_context(request.POST)
            opened = open_email(request.actor, asked.hint)
            generation = asked.generation
            page = presentation.page(opened, asked.unreadable)
            answer = painted.paint(page, asked.hint.item_key, request)
            painted.keep(place, opened, answer)
    except states.EXPECTED as error:
        return _state(request, states.state_of(error), "pane/state_answer.html")
    response = HttpResponse(answer.for_generation(generation))
    response.headers["X-Item-Key"] = answer.item_key
    response.headers["X-Generation"] = generation
    return response


@requires("email.file")
@csrf_exempt
@require_POST
@bearer_required
def filings(request: ActorRequest) -> HttpResponse:
    """Files the open email; fields as `context`, and lists `person`, `record`, `attachment`, and `confirmed`."""
    try:
        asked, wanted = read_filing(request.POST)
        status = file_email(request.actor, wanted)
    except states.EXPECTED as error:
        return _state(request, states.state_of(error), "pane/foot_error.html")
    return _answer(
        request,
        "pane/step.html",
        {"foot": presentation.foot(status), "status": presentation.status_line(status)},
        item_key=asked.hint.item_key,
        generation=asked.generation,
    )


@requires("email.view")
@require_safe
@bearer_required
def filing(request: ActorRequest, filing_id: UUID) -> HttpResponse:
    """How a filing stands: foot and status."""
    try:
        status = filing_status(request.actor, filing_id)
    except states.EXPECTED as error:
        return _state(request, states.state_of(error), "pane/foot_error.html", filing_id=filing_id, doing="look")
    return _answer(
        request,
        "pane/step.html",
        {"foot": presentation.foot(status), "status": presentation.status_line(status), "poll_delay": "2s"},
    )


@requires("email.undo")
@csrf_exempt
@require_POST
@bearer_required
def undo(request: ActorRequest, filing_id: UUID) -> HttpResponse:
    """Takes a filing back: foot and status."""
    try:
        status = undo_filing(request.actor, filing_id)
    except states.EXPECTED as error:
        return _state(request, states.state_of(error), "pane/foot_error.html", filing_id=filing_id, doing="undo")
    return _answer(
        request,
        "pane/step.html",
        {"foot": presentation.foot(status), "status": presentation.status_line(status)},
    )


def _answer(
    request: HttpRequest,
    template: str,
    values: dict[str, Any],
    *,
    item_key: str = "",
    generation: str = "",
    status: int = 200,
) -> HttpResponse:
    """A partial that says whom it belongs to: as validated, else as the request's headers say it."""
    item_key = item_key or _echo(request, "X-Item-Key", _SAFE_KEY)
    generation = generation or _echo(request, "X-Generation", _SAFE_GENERATION)
    values |= {"item_key": item_key, "generation": generation}
    response = render(request, template, values, status=status)
    response.headers["X-Item-Key"] = item_key
    response.headers["X-Generation"] = generation
    return response


def _state(request: HttpRequest, state: states.State, template: str, **values: object) -> HttpResponse:
    response = _answer(request, template, {"state": state, **values}, status=state.status)
    if state.retry_after is not None:
        response.headers["Retry-After"] = str(state.retry_after)
    return response


def _echo(request: HttpRequest, header: str, safe: re.Pattern[str]) -> str:
    value = request.headers.get(header, "")
    return value if safe.fullmatch(value) else ""
