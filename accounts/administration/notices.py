"""What stands above each page: that staff look on, or that one looks on as staff."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts import staff
from accounts.administration.place import ENTER, place_of
from accounts.models import StaffSession


def of(request: HttpRequest) -> dict[str, Any]:
    """`staff_now`: the sessions that run in the organisation, for its own people who enter here. One query."""
    place = place_of(request)
    if place is None:
        return {}
    running: list[StaffSession] = []
    if place.organisation is not None and not place.is_operator and place.may(ENTER):
        running = staff.looking_now(place.organisation)
    return {"place": place, "staff_now": running, "may_end_staff": place.may("staff.approve")}
