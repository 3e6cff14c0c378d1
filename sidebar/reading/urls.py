"""Addresses of what is opened beside an email, and of its JSON twins. A record's place is its id in Salesforce."""

from __future__ import annotations

from django.urls import path

from sidebar.reading import added, api, habits, references, unknown, views, writing_views

_PANE = "pane/reading/<str:record_id>"
_API = "api/v1/reading/<str:record_id>"

urlpatterns = [
    path("pane/reading/references/", references.references, name="reading-references"),
    path("api/v1/reading/references/", references.ReferencesView.as_view(), name="api-reading-references"),
    path("pane/reading/added/", added.added, name="reading-added"),
    path("pane/reading/unknown/", unknown.unknown, name="reading-unknown"),
    path("pane/reading/block/", unknown.block, name="reading-block"),
    path("pane/reading/unblock/<int:entry_id>/", unknown.unblock, name="reading-unblock"),
    path("api/v1/reading/unknown/", unknown.UnknownView.as_view(), name="api-reading-unknown"),
    path("pane/reading/habits/", habits.habits, name="reading-habits"),
    path("pane/reading/order/", habits.order, name="reading-order"),
    path("api/v1/reading/habits/", habits.HabitsView.as_view(), name="api-reading-habits"),
    path("api/v1/reading/order/", habits.OrderView.as_view(), name="api-reading-order"),
    path(f"{_PANE}/timeline/", views.timeline, name="reading-timeline"),
    path(f"{_PANE}/related/", views.related, name="reading-related"),
    path(f"{_PANE}/write/<str:kind>/", writing_views.write, name="reading-write"),
    path(f"{_API}/timeline/", api.TimelineView.as_view(), name="api-reading-timeline"),
    path(f"{_API}/related/", api.RelatedView.as_view(), name="api-reading-related"),
    path(f"{_API}/write/<str:kind>/", api.WriteView.as_view(), name="api-reading-write"),
]
