"""The page that says how to install the Outlook add-in, and the manifest itself.

Both are open: Outlook and the Microsoft 365 admin center fetch the manifest without signing in, and it names nothing
but this deployment's own address.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from permissions.declare import public
from sidebar.clients.manifest import VERSION, manifest

because = "whoever installs the add-in has no session yet, and it names no data"


@public(because)
@require_safe
def outlook(request: HttpRequest) -> HttpResponse:
    """How it is installed: Microsoft 365, Exchange on premises, one person for themselves."""
    parts = urlsplit(settings.ALONGSIDE_PUBLIC_URL)
    values = {
        "address": f"{settings.ALONGSIDE_PUBLIC_URL}{reverse('sidebar:client-outlook-manifest')}",
        "version": VERSION,
        "secure": parts.scheme == "https",
        "application": settings.MICROSOFT_CLIENT_ID,
        "resource": f"api://{parts.netloc}/{settings.MICROSOFT_CLIENT_ID}",
        "scope": settings.MICROSOFT_SCOPE.rpartition("/")[2],
        "host": parts.netloc,
    }
    return render(request, "clients/outlook.html", values)


@public(because)
@require_safe
def outlook_manifest(request: HttpRequest) -> HttpResponse:
    """The XML manifest of this deployment."""
    response = HttpResponse(manifest(), content_type="application/xml; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="alongside-outlook.xml"'
    response.headers["Cache-Control"] = "private, max-age=300"
    return response
