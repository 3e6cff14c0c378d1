"""Addresses of records in the pane and of their JSON twins."""

from __future__ import annotations

from django.urls import path

from sidebar.records import api, views

urlpatterns = [
    path("pane/records/search/", views.search, name="records-search"),
    path("pane/records/lookup/", views.lookup, name="records-lookup"),
    path("pane/records/new/<str:object_name>/", views.new, name="records-new"),
    path("pane/records/r/<str:record_id>/", views.record, name="records-record"),
    path("pane/records/r/<str:record_id>/pin/", views.pin, name="records-pin"),
    path("pane/records/r/<str:record_id>/edit/", views.edit, name="records-edit"),
    path("pane/records/r/<str:record_id>/convert/", views.convert_view, name="records-convert"),
    path("api/v1/records/search/", api.SearchView.as_view(), name="api-records-search"),
    path("api/v1/records/at-hand/", api.AtHandView.as_view(), name="api-records-at-hand"),
    path("api/v1/records/new/<str:object_name>/", api.NewView.as_view(), name="api-records-new"),
    path("api/v1/records/r/<str:record_id>/", api.RecordView.as_view(), name="api-records-record"),
    path("api/v1/records/r/<str:record_id>/form/", api.EditView.as_view(), name="api-records-form"),
    path("api/v1/records/r/<str:record_id>/convert/", api.ConvertView.as_view(), name="api-records-convert"),
]
