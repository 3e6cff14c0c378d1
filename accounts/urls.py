"""Addresses of signing in and connecting."""

from __future__ import annotations

from django.urls import path

from accounts import api, views

urlpatterns = [
    path("api/v1/sessions/", api.SessionsView.as_view(), name="sessions"),
    path("api/v1/connections/", api.ConnectionsView.as_view(), name="connections"),
    path("api/v1/connections/salesforce/", api.SalesforceConnectionView.as_view(), name="connect-salesforce"),
    path("api/v1/connections/salesforce/finish/", api.FinishSalesforceView.as_view(), name="finish-salesforce"),
    # Before the ticket's address: these words are no tickets.
    path("connect/salesforce/callback/", views.callback, name="connect-callback"),
    path("connect/salesforce/confirm/", views.confirm, name="connect-confirm"),
    path("connect/salesforce/<str:ticket>/", views.open_ticket, name="connect-open"),
]
