"""Coming in and leaving.

An organisation's own people come from the pane, where they are signed in already:

    press ─► a ticket for this purpose (a minute, once) ─► /admin/enter/#ticket ─► POST ─► a cookie session, new key

The fragment reaches no server and no log. The vendor's staff sign in with a password and a second factor (allauth),
which they are asked to set up before anything else.
How long a session may last, and that nobody else holds one, is watched at each request (`SessionLimitsMiddleware`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import structlog
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts import signing_in, staff
from accounts.administration.place import ENTER, Place
from accounts.models import SessionTicket, User
from accounts.trail import record_refusal
from permissions.audit.recording import record

IDLE: Final = timedelta(hours=8)
ABSOLUTE: Final = timedelta(hours=24)
#: The session row is written this often at most.
_NOTED_EACH: Final = timedelta(minutes=1)
_BEGUN, _SEEN = "begun_at", "seen_at"
BACKEND: Final = "accounts.administration.entering.TicketBackend"

log = structlog.get_logger("accounts.administration")


class TicketBackend(BaseBackend):
    """Who came in by a ticket. It takes no password: `authenticate` lets nobody in."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        return None

    def get_user(self, user_id: Any) -> User | None:
        """None once they were deactivated: the session is nobody's then."""
        people = User.objects.select_related("organisation__resource", "principal", "resource")
        return people.filter(pk=user_id, is_active=True, organisation__isnull=False).first()


def enter(request: HttpRequest) -> HttpResponse:
    """GET: the page whose script hands over the ticket. POST `ticket`: begins the session, or says why not."""
    if request.method != "POST":
        return _page(request)
    try:
        with transaction.atomic():
            user = signing_in.spend_ticket(request.POST.get("ticket", ""), SessionTicket.Purpose.ADMINISTRATION)
    except signing_in.TicketRefused:
        log.warning("administration.ticket_refused")
        record_refusal(request, reason="ticket", stage="administration")
        return _page(request, problem="ticket", status=401)
    place = Place(user, user.organisation)
    if not place.may(ENTER):
        raise PermissionDenied(ENTER)
    begin(request, user, backend=BACKEND)
    with transaction.atomic():
        record(
            "signed-in", root=place.here.resource_id, by=place.doer, on=("user", user.pk), detail={"factor": "ticket"}
        )
    return HttpResponseRedirect(reverse("admin:index"))


def begin(request: HttpRequest, user: User, *, backend: str) -> None:
    """Whatever session there was is gone, with all that it held."""
    request.session.flush()
    login(request, user, backend=backend)
    _start(request)


def to_enter(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:enter"))


def leave(request: HttpRequest) -> HttpResponse:
    """POST: ends the session; of the vendor's staff not what they were let in for."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("admin:enter"))
    logout(request)  # which the audit trail hears of (accounts.signing_in_trail)
    return HttpResponseRedirect(reverse("admin:enter"))


def _page(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    return render(request, "administration/enter.html", {"problem": problem}, status=status)


class SessionLimitsMiddleware:
    """Ends cookie sessions that are idle or old, and those of people who may not hold one. Behind authentication.

    An organisation's user holds one by a ticket alone, and sees nothing of the pages of passwords.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not hasattr(request, "session"):  # a page without a cookie (config.middleware)
            return self.get_response(request)
        user = request.user
        if user.is_authenticated:
            if not _may_hold(request, user) or _is_over(request):
                logout(request)
            elif user.organisation_id is not None and request.path_info.startswith("/sign-in/"):
                return HttpResponseRedirect(reverse("admin:index"))
            elif _lacks_a_factor(request, user):
                return HttpResponseRedirect(reverse("mfa_activate_totp"))
        response = self.get_response(request)
        if request.user.is_authenticated and _BEGUN not in request.session:
            _start(request)  # it was begun within this request, by a password
        return response


def _may_hold(request: HttpRequest, user: User) -> bool:
    by_ticket = request.session.get("_auth_user_backend") == BACKEND
    return by_ticket if user.organisation_id is not None else staff.is_operator(user) and not by_ticket


def _lacks_a_factor(request: HttpRequest, user: User) -> bool:
    """Whether one of the vendor's staff asks for a page of the administration before they have a second factor."""
    asked = request.path_info.startswith("/admin/") and request.path_info != reverse("admin:logout")
    by_password = user.organisation_id is None and settings.ALONGSIDE_STAFF_SECOND_FACTOR
    return asked and by_password and not is_mfa_enabled(user)


def _is_over(request: HttpRequest) -> bool:
    now = timezone.now().timestamp()
    begun, seen = request.session.get(_BEGUN), request.session.get(_SEEN)
    if begun is None or seen is None:
        return True
    if now - begun >= ABSOLUTE.total_seconds() or now - seen >= IDLE.total_seconds():
        return True
    if now - seen >= _NOTED_EACH.total_seconds():
        request.session[_SEEN] = now
    return False


def _start(request: HttpRequest) -> None:
    request.session[_BEGUN] = request.session[_SEEN] = timezone.now().timestamp()
