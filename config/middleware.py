"""Which middleware runs where.

Panes, the API and probes live without cookies: sessions and Django's own users do not exist there, which is both the
rule (a cookie alone is never enough) and the shortest way through. Pages of administrators have them all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

Handler = Callable[[HttpRequest], HttpResponse]

#: Pages for people who sign in with a cookie. Everything else is served without one.
COOKIE_PREFIXES = ("/admin/", "/sign-in/")
#: Pages that a mail client frames.
PANE_PREFIXES = ("/pane/", "/connect/")


def uses_cookies(request: HttpRequest) -> bool:
    return request.path_info.startswith(COOKIE_PREFIXES)


class RoutedSessionMiddleware(SessionMiddleware):
    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return super().__call__(request) if uses_cookies(request) else self.get_response(request)


class RoutedAuthenticationMiddleware(AuthenticationMiddleware):
    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return super().__call__(request) if uses_cookies(request) else self.get_response(request)


class RoutedMessageMiddleware(MessageMiddleware):
    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return super().__call__(request) if uses_cookies(request) else self.get_response(request)


class PaneLocaleMiddleware(LocaleMiddleware):
    """The language of a pane is that of the mail client (Accept-Language); no cookie is read or set."""

    def process_request(self, request: HttpRequest) -> None:
        if uses_cookies(request):
            super().process_request(request)
            return
        language = translation.get_language_from_request(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language


class FramingMiddleware:
    """Who may frame a page: pane routes the mail clients, everything else nobody."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(PANE_PREFIXES):
            response._csp_replace = {"frame-ancestors": list(settings.PANE_FRAME_ANCESTORS)}  # type: ignore[attr-defined]
            response.xframe_options_exempt = True
        elif uses_cookies(request):
            response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")
        return response
