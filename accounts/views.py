"""The dialog that connects a system: pages on our own domain around the provider's sign-in.

No cookie is read: each page is reached with a secret that is good once. Answers are never kept by a browser.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from accounts import connecting, extension
from accounts.models import System
from permissions.declare import public


@public("the single-use ticket in the address is what is checked")
@never_cache
@require_GET
def open_ticket(request: HttpRequest, system: System, ticket: str) -> HttpResponse:
    named = request.GET.get("extension", "")
    try:
        address = connecting.open_ticket(system, ticket, extension_id=named if extension.is_ours(named) else "")
    except connecting.ConnectingRefused as refused:
        return _problem(request, refused)
    return HttpResponseRedirect(address)


@public("the single-use state that came back is what is checked")
@never_cache
@require_GET
def callback(request: HttpRequest, system: System) -> HttpResponse:
    given = request.GET
    try:
        question = connecting.returned(
            system,
            state=given.get("state", ""),
            code=given.get("code", ""),
            error=given.get("error", ""),
            issuer=given.get("iss"),
        )
    except connecting.ConnectingRefused as refused:
        return _problem(request, refused)
    said = {"question": question, "confirm_url": reverse(f"connect-{system}-confirm")}
    return render(request, "connect/confirm.html", said)


@public("the single-use secret in the form is what is checked; it also is what keeps other pages from sending it")
@csrf_exempt
@never_cache
@require_POST
def confirm(request: HttpRequest, system: System) -> HttpResponse:
    try:
        code = connecting.confirm(system, request.POST.get("secret", ""))
    except connecting.ConnectingRefused as refused:
        return _problem(request, refused)
    said = {"code": code, "system": system, **_window(connecting.window_of(system, code))}
    return render(request, "connect/done.html", said)


def _problem(request: HttpRequest, refused: connecting.ConnectingRefused) -> HttpResponse:
    said = {
        "sentence": refused.sentence,
        "reason": refused.reason,
        "system": refused.system,
        **_window(refused.extension_id),
    }
    return render(request, "connect/problem.html", said, status=200 if refused.reason == "denied" else 400)


def _window(extension_id: str) -> dict[str, str]:
    """Who receives what the dialog says: our extension at its address, or the one origin through Office.js."""
    if extension_id:
        return {"back": extension.address_of(extension_id, extension.CONNECTED_PATH)}
    parts = urlsplit(settings.ALONGSIDE_PUBLIC_URL)
    return {"office_js_url": settings.OFFICE_JS_URL, "pane_origin": f"{parts.scheme}://{parts.netloc}"}
