"""The shape of every partial in here: a bearer session, the person's zone, and errors told in the part's own place."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.authentication import ActorRequest, bearer_required
from sidebar import states
from sidebar.answers import state_answer
from sidebar.zones import in_zone

P = ParamSpec("P")


def part(
    view: Callable[Concatenate[ActorRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A partial for a signed-in person: an expected error is answered with its state, where the part would stand."""

    @wraps(view)
    def told(request: ActorRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except states.EXPECTED as error:
            again = request.get_full_path() if request.method == "GET" else ""
            return state_answer(request, states.state_of(error), "pane/reading/problem.html", again=again)

    return csrf_exempt(in_zone(bearer_required(told)))
