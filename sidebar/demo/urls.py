"""Addresses of the demo; they exist beside the sandbox only."""

from __future__ import annotations

from django.urls import path

from sidebar.demo import gmail_views, views

urlpatterns = [
    path("", views.inbox, name="demo"),
    path("salesforce/<path:path>", views.signing_in, {"service": "salesforce"}, name="demo-salesforce"),
    path("microsoft/<path:path>", views.signing_in, {"service": "microsoft"}, name="demo-microsoft"),
    path("gmail/", gmail_views.page, name="demo-gmail"),
    path("gmail/<str:person>/messages/", gmail_views.messages, name="demo-gmail-messages"),
    path("gmail/<str:person>/thread/", gmail_views.thread, name="demo-gmail-thread"),
    path("gmail/<str:person>/body/", gmail_views.body, name="demo-gmail-body"),
    path("gmail/<str:person>/token/", gmail_views.token, name="demo-gmail-token"),
    path("<str:person>/folders/", views.folders, name="demo-folders"),
    path("<str:person>/messages/", views.messages, name="demo-messages"),
    path("<str:person>/item/", views.item, name="demo-item"),
    path("<str:person>/body/", views.body, name="demo-body"),
    path("<str:person>/record/", views.record, name="demo-record"),
    path("<str:person>/internet-headers/", views.internet_headers, name="demo-internet-headers"),
    path("<str:person>/attachment/", views.attachment, name="demo-attachment"),
    path("<str:person>/send/", views.send, name="demo-send"),
    path("<str:person>/account/", views.account, name="demo-account"),
    path("<str:person>/nested-token/", views.nested_token, name="demo-nested-token"),
    path("<str:person>/token/", views.token, name="demo-token"),
]
