"""The zone of the person who looks: their client tells it with each request, and moments are written in it."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

P = ParamSpec("P")

HEADER = "X-Time-Zone"


def zone_of(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """None where the client tells none, or one that is not known here."""
    name = request.headers.get(HEADER, "")
    return zoneinfo.ZoneInfo(name) if name in _known() else None


def in_zone(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view in the person's zone."""

    @wraps(view)
    def zoned(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        with timezone.override(zone_of(request)):
            return view(request, *args, **kwargs)

    return zoned


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
