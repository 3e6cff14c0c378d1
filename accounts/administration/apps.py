"""Our own site in the place of Django's (https://docs.djangoproject.com/en/5.2/ref/contrib/admin/#overriding-default-admin-site)."""

from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    default_site = "accounts.administration.site.AdministrationSite"
