"""Addresses of signing in and connecting."""

from __future__ import annotations

from django.urls import URLPattern, path

from accounts import api, connecting, dialog_views, extension_views, views
from accounts.models import System


def _callback(system: System) -> URLPattern:
    """Google's answers are for the extension's sign-in too."""
    address, name = f"connect/{system}/callback/", f"connect-{system}-callback"
    if system == System.GOOGLE:
        return path(address, extension_views.callback, name=name)
    return path(address, views.callback, {"system": system}, name=name)


def _connecting(system: System) -> list[URLPattern]:
    own = {"system": system}
    return [
        path(f"api/v1/connections/{system}/", api.ConnectView.as_view(system=system), name=f"connect-{system}"),
        path(f"api/v1/connections/{system}/finish/", api.FinishView.as_view(system=system), name=f"finish-{system}"),
        # Before the ticket's address: these words are no tickets.
        _callback(system),
        path(f"connect/{system}/confirm/", views.confirm, own, name=f"connect-{system}-confirm"),
        path(f"connect/{system}/<str:ticket>/", views.open_ticket, own, name=f"connect-{system}-open"),
    ]


urlpatterns = [
    path("api/v1/sessions/", api.SessionsView.as_view(), name="sessions"),
    path("api/v1/sessions/ticket/", api.TicketView.as_view(), name="session-ticket"),
    path("connect/microsoft/sign-in/", dialog_views.begin, name="sign-in"),
    path("connect/microsoft/callback/", dialog_views.callback, name="sign-in-callback"),
    path("extension/authorize/", extension_views.authorize, name="extension-authorize"),
    path("extension/token/", extension_views.token, name="extension-token"),
    path("api/v1/connections/", api.ConnectionsView.as_view(), name="connections"),
    *(pattern for system in connecting.SYSTEMS for pattern in _connecting(system)),
]
