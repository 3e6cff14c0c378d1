"""The Gmail-shaped page around the pane: for people who try the product in a browser without the extension.

Open to whoever reaches this machine's own address, like the rest of the demo.
"""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from permissions.declare import public
from sidebar.demo import google
from sidebar.demo.facts import Person, sandbox
from sidebar.demo.views import BODY_POLICY, because, for_person, only_our_own_pages

_NONCE = re.compile(r"[A-Za-z0-9_-]{22,64}")


@public(because)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The mail client's page."""
    try:
        facts = sandbox()
    except OSError:
        return render(request, "demo/no_sandbox.html", status=503)
    people = [person for person in facts.users if person.suite == "google"]
    return render(request, "demo/gmail.html", {"people": people, "salesforce_url": facts.salesforce_login_url})


@public(because)
@require_safe
@for_person
def messages(request: HttpRequest, person: Person) -> HttpResponse:
    view = request.GET.get("view", "inbox")
    if person.suite != "google" or view not in google.VIEWS:
        raise Http404
    return JsonResponse(google.rows(person, view, request.GET.get("page", "")))


@public(because)
@require_safe
@for_person
def thread(request: HttpRequest, person: Person) -> HttpResponse:
    if person.suite != "google":
        raise Http404
    return JsonResponse(google.thread(person, request.GET.get("id", "")))


@public(because)
@require_safe
@for_person
def body(request: HttpRequest, person: Person) -> HttpResponse:
    """One email's body as a page of its own, for a sandboxed frame."""
    if person.suite != "google":
        raise Http404
    html = google.body(person, request.GET.get("id", ""))
    response = render(request, "demo/body.html", {"html": html, "dark": request.GET.get("theme") == "dark"})
    response.headers["Content-Security-Policy"] = BODY_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


# No cookie is looked at, but the browser's own word of where the request comes from (`only_our_own_pages`); the
# people are the sandbox's.
@public(because)
@csrf_exempt
@require_POST
@for_person
def token(request: HttpRequest, person: Person) -> HttpResponse:
    """What the extension gets by its sign-in: the person's ID token for us, with the nonce that was asked for."""
    only_our_own_pages(request)
    nonce = request.POST.get("nonce", "")
    if person.suite != "google" or not _NONCE.fullmatch(nonce):
        raise Http404
    return JsonResponse({"token": google.identity_token(person, nonce)})
