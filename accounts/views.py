"""The dialog that connects Salesforce: pages on our own domain around Salesforce's sign-in.

No cookie is read: each page is reached with a secret that is good once. Answers are never kept by a browser.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from accounts import connecting
from permissions.declare import public


@public("the single-use ticket in the address is what is checked")
@never_cache
@require_GET
def open_ticket(request: HttpRequest, ticket: str) -> HttpResponse:
    try:
        address = connecting.open_ticket(ticket)
    except connecting.ConnectingRefused as refused:
        return _problem(request, refused)
    return HttpResponseRedirect(address)


@public("the single-use state that came back is what is checked")
@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    given = request.GET
    try:
        question = connecting.returned(
            state=given.get("state", ""),
            code=given.get("code", ""),
            error=given.get("error", ""),
            issuer=given.get("iss"),
        )
    except connecting.ConnectingRefused as refused:
        return _problem(request, refused)
    return render(request, "connect/confirm.html", {"question": question})


@public("the single-use secret in the form is what is checked; it also is what keeps other pages from sending it")
@csrf_exempt
@never_cache
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    try:
        code = connecting.confirm(request.POST.get("secret", ""))
    except connecting.ConnectingRefused as refused:
        return _problem(request, refused)
    return render(request, "connect/done.html", {"code": code, **_office()})


def _problem(request: HttpRequest, refused: connecting.ConnectingRefused) -> HttpResponse:
    said = {"sentence": refused.sentence, "reason": refused.reason, **_office()}
    return render(request, "connect/problem.html", said, status=200 if refused.reason == "denied" else 400)


def _office() -> dict[str, str]:
    """Where Office.js is, and the one origin that may receive what the dialog says."""
    parts = urlsplit(settings.ALONGSIDE_PUBLIC_URL)
    return {"office_js_url": settings.OFFICE_JS_URL, "pane_origin": f"{parts.scheme}://{parts.netloc}"}
