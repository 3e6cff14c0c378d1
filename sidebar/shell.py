"""The pane's page: skeleton, scripts, and the words of the states that the client finds out by itself.

One page for each mail client that it can stand in; which one it is, is a parameter of the page. It holds no data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import microsoft
from permissions.declare import public


@dataclass(frozen=True, slots=True)
class Host:
    """`script`: the module that speaks to it, among the static files. `looks`: whose tokens the page takes."""

    name: str
    script: str
    looks: str


OUTLOOK: Final = Host("outlook", "pane/hosts/outlook.js", "fluent")
GMAIL: Final = Host("gmail", "pane/hosts/frame.js", "google")


@public("the shell holds no data")
@require_safe
def outlook(request: HttpRequest) -> HttpResponse:
    """In Outlook: Office.js is in the page."""
    return _shell(
        request,
        OUTLOOK,
        office_js_url=settings.OFFICE_JS_URL,
        client_id=settings.MICROSOFT_CLIENT_ID,
        authority=f"{settings.MICROSOFT_LOGIN_URL}/organizations",
        scope=microsoft.own_scope(),
        sign_in_url=reverse("sign-in"),
    )


@public("the shell holds no data")
@require_safe
def gmail(request: HttpRequest) -> HttpResponse:
    """In Gmail: the extension is in the window around the page, and speaks over the host bridge."""
    return _shell(request, GMAIL, host_origins=" ".join(settings.GMAIL_HOST_ORIGINS))


def _shell(request: HttpRequest, host: Host, **values: str) -> HttpResponse:
    response = render(request, "pane/shell.html", {"host": host, "client_states": client_states(), **values})
    # The shell changes with the release only.
    response.headers["Cache-Control"] = "private, max-age=300"
    return response


def client_states() -> tuple[tuple[str, str, str], ...]:
    """(name, symbol, sentence of the status line) of each state that the client shows by itself."""
    return (
        ("no-item", "state-mail", _("Ready.")),
        ("no-host", "state-error", _("No answer.")),
        ("appointment", "state-mail", _("An appointment.")),
        ("unsupported", "state-mail", _("Not an email.")),
        ("invalid", "state-error", _("Could not be read.")),
        ("offline", "state-offline", _("Offline.")),
        ("expired", "state-key", _("Signed out.")),
        ("sign-in", "state-key", _("Not signed in.")),
        ("sign-in-own-server", "state-key", _("Not signed in.")),
        ("mismatch", "state-lock", _("Another mailbox.")),
        ("sign-in-failed", "state-key", _("Not signed in.")),
        ("server-down", "state-error", _("No answer.")),
        ("error", "state-error", _("Could not be looked up.")),
        ("forbidden", "state-lock", _("Not allowed.")),
    )
