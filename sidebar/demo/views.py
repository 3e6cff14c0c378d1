"""The demo's pages and what its script asks for.

Open to whoever reaches this machine's own address: the people and their mail are invented, and their passwords are
written in the README. Nothing here exists without `ALONGSIDE_SANDBOX`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

import httpx
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from pydantic import BaseModel, ValidationError

from permissions.declare import public
from sidebar.demo import letters, mailbox, proxy
from sidebar.demo.facts import Person, sandbox
from sidebar.demo.records import record_page
from sidebar.demo.signing_in import SignInFailed, access_token
from sidebar.demo.signing_in import account as account_of
from sidebar.demo.signing_in import nested_token as nested_token_of

P = ParamSpec("P")

because = "the demo's people and mail are invented, and it exists beside the sandbox only"

BODY_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


class NestedRequest(BaseModel):
    clientId: str
    scope: str


def for_person(
    view: Callable[Concatenate[HttpRequest, Person, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Gives the view the person of the address; what the sandbox does not give is told as JSON."""

    @wraps(view)
    def found(request: HttpRequest, person: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            known = sandbox().person(person)
            if known is None:
                raise Http404
            return view(request, known, *args, **kwargs)
        except mailbox.MailNotRead as error:
            return _trouble(_("The sandbox's mail did not answer as expected."), 404 if error.status == 404 else 502)
        except SignInFailed as error:
            return _trouble(str(error), 502)
        except (httpx.HTTPError, OSError):
            return _trouble(_("The sandbox does not answer."), 502)

    return found


@public(because)
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The mail client's page."""
    try:
        facts = sandbox()
    except OSError:
        return render(request, "demo/no_sandbox.html", status=503)
    people = [person for person in facts.users if person.suite == "microsoft"]
    people.sort(key=lambda person: person.role != "rep")
    return render(
        request,
        "demo/inbox.html",
        {
            "people": people,
            "mail_report": facts.mail_report,
            "salesforce_url": facts.salesforce_login_url,
        },
    )


@public(because)
@require_safe
@for_person
def folders(request: HttpRequest, person: Person) -> HttpResponse:
    return JsonResponse({"folders": mailbox.folders(person)})


@public(because)
@require_safe
@for_person
def messages(request: HttpRequest, person: Person) -> HttpResponse:
    skip = request.GET.get("skip", "0")
    if not (skip.isascii() and skip.isdigit() and len(skip) < 7):
        raise Http404
    return JsonResponse(mailbox.messages(person, request.GET.get("folder", ""), int(skip)))


@public(because)
@require_safe
@for_person
def item(request: HttpRequest, person: Person) -> HttpResponse:
    return JsonResponse(mailbox.item(person, request.GET.get("id", "")))


@public(because)
@require_safe
@for_person
def body(request: HttpRequest, person: Person) -> HttpResponse:
    """One email's body as a page of its own, for a sandboxed frame: no script, nothing from elsewhere."""
    html = mailbox.body(person, request.GET.get("id", ""))
    response = render(request, "demo/body.html", {"html": html, "dark": request.GET.get("theme") == "dark"})
    response.headers["Content-Security-Policy"] = BODY_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@public(because)
@require_safe
@for_person
def record(request: HttpRequest, person: Person) -> HttpResponse:
    """What Salesforce shows at the address `at`."""
    page = record_page(person, request.GET.get("at", ""))
    if page is None:
        raise Http404
    return render(request, "demo/record.html", {"record": page})


@public(because)
@require_safe
@for_person
def internet_headers(request: HttpRequest, person: Person) -> HttpResponse:
    return JsonResponse({"value": mailbox.internet_headers(person, request.GET.get("id", ""))})


@public(because)
@require_safe
@for_person
def attachment(request: HttpRequest, person: Person) -> HttpResponse:
    found = mailbox.attachment(person, request.GET.get("id", ""), request.GET.get("attachment", ""))
    return JsonResponse({"value": found})


@public(because)
@csrf_exempt
@require_POST
@for_person
def send(request: HttpRequest, person: Person) -> HttpResponse:
    """The message that is written in the page goes out, as far as the sandbox's mailboxes reach."""
    only_our_own_pages(request)
    try:
        return JsonResponse(letters.send(person, letters.Letter.model_validate_json(request.body)))
    except ValidationError:
        return _trouble(_("The message is not well formed."), 400)
    except letters.LetterRefused as error:
        return _trouble(str(error), 400)


@public(because)
@require_safe
@for_person
def account(request: HttpRequest, person: Person) -> HttpResponse:
    """The account of the mail client, as MSAL's bridge is told of it."""
    return JsonResponse(account_of(person))


@public(because)
@csrf_exempt
@require_POST
@for_person
def nested_token(request: HttpRequest, person: Person) -> HttpResponse:
    """What Outlook answers nested app authentication."""
    only_our_own_pages(request)
    try:
        asked = NestedRequest.model_validate_json(request.body)
    except ValidationError:
        return _trouble(_("The request is not well formed."), 400)
    return JsonResponse(nested_token_of(person, asked.clientId, asked.scope))


@public(because)
@csrf_exempt
@require_POST
@for_person
def token(request: HttpRequest, person: Person) -> HttpResponse:
    """What Outlook gives to `Office.auth.getAccessToken`: the person's access token for our own API."""
    only_our_own_pages(request)
    return JsonResponse({"token": access_token(person, f"openid profile offline_access {sandbox().microsoft_scope}")})


@public(because)
@csrf_exempt
@require_http_methods(["GET", "POST"])
def signing_in(request: HttpRequest, service: str, path: str) -> HttpResponse:
    """A page of the sandbox's own sign-in."""
    try:
        return proxy.forward(request, service, path)
    except (httpx.HTTPError, OSError):
        return _trouble(_("The sandbox does not answer."), 502)


def only_our_own_pages(request: HttpRequest) -> None:
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise Http404


def _trouble(sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"detail": sentence}, status=status)
