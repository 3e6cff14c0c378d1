"""The start page: what needs somebody's attention, each with the list that it leads to."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import staff
from accounts.administration import seen
from accounts.administration.place import Place, here_of
from accounts.administration.site import Attention, the_site
from accounts.models import Connection, StaffSession
from permissions import policy


def start(request: HttpRequest) -> HttpResponse:
    place, site = here_of(request), the_site()
    staff.close_over(place.here)
    found = [line for ask in site.attention for line in ask(place)]
    seen.note(place, "organisation", page="start")
    values = {
        **site.each_context(request),
        "title": _("What needs attention"),
        "waiting": [line for line in found if line.count],
        "well": [line for line in found if not line.count],
    }
    return render(request, "administration/start.html", values)


def staff_requests(place: Place) -> list[Attention]:
    if not place.may("staff.view"):
        return []
    asked = StaffSession.objects.filter(organisation=place.here, state=StaffSession.State.ASKED)
    return [
        Attention(
            _("Requests of the vendor's support"),
            asked.count(),
            reverse("admin:accounts_staffsession_changelist") + "?state__exact=asked",
            _("They see nothing until you approve."),
        )
    ]


def connections_to_renew(place: Place) -> list[Attention]:
    if not place.may("connection.view"):
        return []
    theirs = policy.scope(place.principal_id, "connection.view", Connection.objects.filter(organisation=place.here))
    return [
        Attention(
            _("Connections to renew"),
            theirs.filter(state=Connection.State.NEEDS_RECONNECT, user__is_active=True).count(),
            reverse("admin:accounts_connection_changelist") + "?state__exact=needs_reconnect",
            _("Their person has to sign in again; nothing of theirs is filed until then."),
        )
    ]
