"""The dialog in which somebody signs in to the pane: its first page leads to Microsoft, its last one to the pane."""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import dialog
from accounts.errors import ProviderUnavailable
from permissions.declare import public

log = structlog.get_logger("accounts.dialog")

_SENTENCES = {
    "challenge": _("This window was not opened by the pane. Close it and press Sign in there."),
    "state": _(
        "This answer does not belong to a sign-in that was begun here. Close this window and press Sign in again."
    ),
    "denied": _("You were not signed in: access was not allowed."),
    "provider": _("Microsoft could not go on with the sign-in. Press Sign in again, or ask your administrator."),
    "unavailable": _("Microsoft did not answer. Press Sign in again in a moment."),
}


@public("nobody has signed in yet; the challenge is the pane's, and leads to nothing without its verifier")
@never_cache
@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """The dialog's first page, on our own domain as Office wants it."""
    try:
        return HttpResponseRedirect(dialog.begin(request.GET.get("challenge", "")))
    except dialog.Refused as refused:
        return _done(request, problem=refused.reason)
    except ProviderUnavailable:
        return _done(request, problem="unavailable")


@public("the single-use state that came back is what is checked")
@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Microsoft's answer; the one-time code goes to the pane."""
    try:
        return _done(request, code=dialog.returned(request.GET.dict()))
    except dialog.Refused as refused:
        log.warning("dialog.refused", reason=refused.reason)
        return _done(request, problem=refused.reason)


def _done(request: HttpRequest, *, code: str = "", problem: str = "") -> HttpResponse:
    parts = urlsplit(settings.ALONGSIDE_PUBLIC_URL)
    said = {
        "code": code,
        "problem": problem,
        "sentence": _SENTENCES.get(problem, ""),
        "office_js_url": settings.OFFICE_JS_URL,
        "pane_origin": f"{parts.scheme}://{parts.netloc}",
    }
    status = 200 if not problem or problem == "denied" else 503 if problem == "unavailable" else 400
    return render(request, "connect/signed_in.html", said, status=status)
