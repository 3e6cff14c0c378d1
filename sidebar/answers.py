"""Partials of the pane: each says which open email it belongs to, and what went wrong is a designed state."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sidebar import states

_SAFE_KEY = re.compile(r"[\x21-\x7e]{1,1024}")
SAFE_GENERATION = re.compile(r"[0-9]{1,12}")


def answer(
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
    generation = generation or _echo(request, "X-Generation", SAFE_GENERATION)
    values |= {"item_key": item_key, "generation": generation}
    response = render(request, template, values, status=status)
    response.headers["X-Item-Key"] = item_key
    response.headers["X-Generation"] = generation
    return response


def state_answer(request: HttpRequest, state: states.State, template: str, **values: object) -> HttpResponse:
    response = answer(request, template, {"state": state, **values}, status=state.status)
    if state.retry_after is not None:
        response.headers["Retry-After"] = str(state.retry_after)
    return response


def nothing(request: HttpRequest) -> HttpResponse:
    """Done, and nothing to paint."""
    response = HttpResponse(status=204)
    response.headers["X-Item-Key"] = _echo(request, "X-Item-Key", _SAFE_KEY)
    response.headers["X-Generation"] = _echo(request, "X-Generation", SAFE_GENERATION)
    return response


def _echo(request: HttpRequest, header: str, safe: re.Pattern[str]) -> str:
    value = request.headers.get(header, "")
    return value if safe.fullmatch(value) else ""
