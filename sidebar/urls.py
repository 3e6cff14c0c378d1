"""Addresses of the pane, its JSON twins and, beside the sandbox only, the demo."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from sidebar import api, compose, shell, views
from sidebar.clients.urls import urlpatterns as client_urls
from sidebar.customise.urls import urlpatterns as customise_urls
from sidebar.reading.urls import urlpatterns as reading_urls
from sidebar.records.urls import urlpatterns as record_urls
from sidebar.syncpage.urls import urlpatterns as sync_urls

app_name = "sidebar"

urlpatterns: list[URLPattern | URLResolver] = [
    path("pane/outlook/", shell.outlook, name="outlook"),
    path("pane/gmail/", shell.gmail, name="gmail"),
    path("pane/context/", views.context, name="context"),
    path("pane/filings/", views.filings, name="filings"),
    path("pane/filings/<uuid:filing_id>/", views.filing, name="filing"),
    path("pane/filings/<uuid:filing_id>/undo/", views.undo, name="undo"),
    path("pane/filings/<uuid:filing_id>/again/", views.again, name="again"),
    path("pane/filings/<uuid:filing_id>/stop/", views.stop, name="stop"),
    path("pane/filings/<uuid:filing_id>/follow/", views.follow, name="follow"),
    path("pane/filings/<uuid:filing_id>/unfollow/", views.unfollow, name="unfollow"),
    path("pane/compose/", compose.compose, name="compose"),
    path("api/v1/compose/", compose.ComposeView.as_view(), name="api-compose"),
    path("api/v1/context/", api.ContextView.as_view(), name="api-context"),
    path("api/v1/filings/", api.FilingsView.as_view(), name="api-filings"),
    path("api/v1/filings/<uuid:filing_id>/", api.FilingView.as_view(), name="api-filing"),
    path("api/v1/filings/<uuid:filing_id>/undo/", api.UndoView.as_view(), name="api-undo"),
    path("api/v1/filings/<uuid:filing_id>/stop/", api.StopView.as_view(), name="api-stop"),
    path("api/v1/filings/<uuid:filing_id>/follow/", api.FollowView.as_view(), name="api-follow"),
    *reading_urls,
    *customise_urls,
    *sync_urls,
    *client_urls,
    *record_urls,
]

if settings.ALONGSIDE_SANDBOX:
    urlpatterns.append(path("demo/", include("sidebar.demo.urls")))
