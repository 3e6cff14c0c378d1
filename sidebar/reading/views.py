"""A record's activities and related lists, in the place of the card that asked for them."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.authentication import ActorRequest
from accounts.models import Connection, System
from permissions.declare import requires
from sidebar.answers import answer
from sidebar.reading.parts import part
from sync.services.reading.records import page_of, related_of, timeline_of

_MOST_PAGES = 100


@requires("email.view")
@require_safe
@part
def timeline(request: ActorRequest, record_id: str) -> HttpResponse:
    """What is planned, and a page (`page`, from 0) of what is past."""
    found = timeline_of(request.actor, record_id)
    number = request.GET.get("page", "")
    page = int(number) if number.isascii() and number.isdigit() and int(number) < _MOST_PAGES else 0
    shown, follows = page_of(found, page)
    values = {
        "timeline": shown,
        "record_id": record_id,
        "page": page,
        "next_page": page + 1 if follows else None,
        "instance_url": instance_url_of(request),
    }
    return answer(request, "pane/reading/timeline.html", values)


@requires("email.view")
@require_safe
@part
def related(request: ActorRequest, record_id: str) -> HttpResponse:
    """Every related list, folded to its first entries."""
    found = related_of(request.actor, record_id)
    values = {"related": found, "record_id": record_id, "instance_url": instance_url_of(request)}
    return answer(request, "pane/reading/related.html", values)


def instance_url_of(request: ActorRequest) -> str:
    """Where the person opens records: their own org's address."""
    connected = Connection.objects.filter(user=request.actor.user, system=System.SALESFORCE)
    return connected.values_list("instance_url", flat=True).first() or ""
