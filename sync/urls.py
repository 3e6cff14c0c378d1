"""Addresses of the providers' pushes."""

from __future__ import annotations

from django.urls import path

from sync import webhooks

urlpatterns = [
    path("webhooks/graph/", webhooks.graph, name="webhook-graph"),
    path("webhooks/gmail/", webhooks.gmail, name="webhook-gmail"),
]
