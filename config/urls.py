"""All addresses. Each view below declares the permission it needs, or why it needs none."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from config.probes import healthz, readyz

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("sync.urls")),
    path("", include("sidebar.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("sign-in/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
