"""Addresses of the page on which a person arranges their pane."""

from __future__ import annotations

from django.urls import path

from sidebar.customise import api, views

urlpatterns = [
    path("pane/customise/", views.objects, name="customise"),
    path("pane/customise/<str:object_name>/", views.one_object, name="customise-object"),
    path("api/v1/pane-layout/", api.LayoutView.as_view(), name="api-pane-layout"),
    path("api/v1/pane-layout/<str:object_name>/", api.ObjectView.as_view(), name="api-pane-object"),
]
