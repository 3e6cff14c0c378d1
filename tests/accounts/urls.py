"""The addresses of this room, with those of the administrators' login."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("accounts.urls")),
    path("sign-in/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
