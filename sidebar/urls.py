"""Addresses of the pane, its JSON twins and, beside the sandbox only, the demo."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from sidebar import api, views

app_name = "sidebar"

urlpatterns: list[URLPattern | URLResolver] = [
    path("pane/outlook/", views.outlook, name="outlook"),
    path("pane/context/", views.context, name="context"),
    path("pane/filings/", views.filings, name="filings"),
    path("pane/filings/<uuid:filing_id>/", views.filing, name="filing"),
    path("pane/filings/<uuid:filing_id>/undo/", views.undo, name="undo"),
    path("api/v1/context/", api.ContextView.as_view(), name="api-context"),
    path("api/v1/filings/", api.FilingsView.as_view(), name="api-filings"),
    path("api/v1/filings/<uuid:filing_id>/", api.FilingView.as_view(), name="api-filing"),
    path("api/v1/filings/<uuid:filing_id>/undo/", api.UndoView.as_view(), name="api-undo"),
]

if settings.ALONGSIDE_SANDBOX:
    urlpatterns.append(path("demo/", include("sidebar.demo.urls")))
