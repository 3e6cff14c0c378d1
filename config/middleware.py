"""Which middleware runs where.

Panes, the API and probes live without cookies: sessions and Django's own users do not exist there, which is both the
rule (a cookie alone is never enough) and the shortest way through. Pages of administrators have them all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from accounts import language as language_of
from permissions import isolation

Handler = Callable[[HttpRequest], HttpResponse]

#: Pages for people who sign in with a cookie. Everything else is served without one.
COOKIE_PREFIXES = ("/admin/", "/sign-in/")
#: Pages that a mail client frames. Gmail's has a list of its own.
PANE_PREFIXES = ("/pane/", "/connect/")
GMAIL_PREFIX = "/pane/gmail/"
#: Pages and partials without any secret in them.
COMPRESSED_PREFIXES = ("/pane/",)


log = structlog.get_logger("config.middleware")


def uses_cookies(request: HttpRequest) -> bool:
    return request.path_info.startswith(COOKIE_PREFIXES)


class IsolationMiddleware:
    """Each request begins with nobody's rows; who signs in says whose it is for."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with isolation.nobodys():
            return self.get_response(request)


class PaneCompressionMiddleware(GZipMiddleware):
    """What panes are answered is sent compressed.

    Their answers hold no secret that a length could tell (the session is in a header, and there is no CSRF token), and
    no page elsewhere can have them asked for. Django adds a random length besides.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not request.path_info.startswith(COMPRESSED_PREFIXES):
            return response
        return super().process_response(request, response)


class RoutedSessionMiddleware(SessionMiddleware):
    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return super().__call__(request) if uses_cookies(request) else self.get_response(request)


class RoutedAuthenticationMiddleware(AuthenticationMiddleware):
    """Whose cookie it is. The pages of the administration then enter the organisation that they show."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if not uses_cookies(request):
            return self.get_response(request)
        with isolation.every_organisation("who signed in, and where they may look, is found out first"):
            return super().__call__(request)


class RoutedMessageMiddleware(MessageMiddleware):
    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return super().__call__(request) if uses_cookies(request) else self.get_response(request)


class PaneLocaleMiddleware(LocaleMiddleware):
    """The language that the client says, or the browser; no cookie is read or set. A person's own goes before it."""

    def process_request(self, request: HttpRequest) -> None:
        language = language_of.of_request(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language


class FramingMiddleware:
    """Who may frame a page: pane routes the mail clients, everything else nobody."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(PANE_PREFIXES):
            response._csp_replace = _framing(request.path_info)  # type: ignore[attr-defined]
            response.xframe_options_exempt = True
        elif uses_cookies(request):
            response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
            # Without one a browser sends `Origin: null` with a form, which Django's CSRF check does not take.
            response.headers["Referrer-Policy"] = "same-origin"
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _framing(path: str) -> dict[str, list[str]]:
    if path.startswith(GMAIL_PREFIX):
        # Office.js has no business there.
        return {"frame-ancestors": list(settings.GMAIL_FRAME_ANCESTORS), "script-src": ["'self'"]}
    return {"frame-ancestors": list(settings.PANE_FRAME_ANCESTORS)}


class RefusalsMiddleware:
    """Tells the log who was refused what: the route as it is declared, never the address that was asked for.

    A 404 counts where a row was named: whether it is another organisation's, or none, is not told to anybody. TRACE is
    refused here, whatever a view would make of it.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "TRACE":
            return HttpResponseNotAllowed(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
        response = self.get_response(request)
        match = request.resolver_match
        if match is not None and (response.status_code in (401, 403) or (response.status_code == 404 and match.kwargs)):
            who = _who(request)
            log.warning(
                "access.refused",
                status=response.status_code,
                method=request.method,
                route=match.route,
                user=str(who.pk) if who is not None else None,
            )
        return response


def _who(request: HttpRequest) -> Any:
    """The user of the pane's session or of the cookie; None for nobody."""
    actor = getattr(request, "actor", None)
    user = actor.user if actor is not None else getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None
