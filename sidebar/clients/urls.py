"""Addresses of what people install."""

from __future__ import annotations

from django.urls import path

from sidebar.clients import views

urlpatterns = [
    path("clients/outlook/", views.outlook, name="client-outlook"),
    path("clients/outlook/manifest.xml", views.outlook_manifest, name="client-outlook-manifest"),
]
