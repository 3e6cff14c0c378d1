"""Addresses of the demo; they exist beside the sandbox only."""

from __future__ import annotations

from django.urls import path

from sidebar.demo import views

urlpatterns = [
    path("", views.inbox, name="demo"),
    path("salesforce/<path:path>", views.salesforce, name="demo-salesforce"),
    path("<str:person>/folders/", views.folders, name="demo-folders"),
    path("<str:person>/messages/", views.messages, name="demo-messages"),
    path("<str:person>/item/", views.item, name="demo-item"),
    path("<str:person>/body/", views.body, name="demo-body"),
    path("<str:person>/record/", views.record, name="demo-record"),
    path("<str:person>/token/", views.token, name="demo-token"),
]
