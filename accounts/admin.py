"""Operators' pages: organisations, users and the state of connections. No secret is shown, nor can one be set.

Signing in is allauth's, with a second factor where one is set up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest

from accounts.models import Connection, InternalDomain, MicrosoftTenant, Organisation, User

if TYPE_CHECKING:  # the classes take parameters in the stubs alone
    _TenantInline = admin.TabularInline[MicrosoftTenant, Organisation]
    _DomainInline = admin.TabularInline[InternalDomain, Organisation]
    _OrganisationAdmin = admin.ModelAdmin[Organisation]
    _UserAdmin = admin.ModelAdmin[User]
    _ConnectionAdmin = admin.ModelAdmin[Connection]
else:
    _TenantInline = _DomainInline = admin.TabularInline
    _OrganisationAdmin = _UserAdmin = _ConnectionAdmin = admin.ModelAdmin

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


class _NotMadeHere:
    """Rows that services make, with what belongs to them; and that are not deleted by a click."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MicrosoftTenantInline(_TenantInline):
    model = MicrosoftTenant
    extra = 0


class InternalDomainInline(_DomainInline):
    model = InternalDomain
    extra = 0


@admin.register(Organisation)
class OrganisationAdmin(_NotMadeHere, _OrganisationAdmin):
    list_display = ("name", "provision_users", "created_at")
    search_fields = ("name",)
    fields = ("name", "provision_users", "created_at")
    readonly_fields = ("created_at",)
    inlines: ClassVar = [MicrosoftTenantInline, InternalDomainInline]


@admin.register(User)
class UserAdmin(_NotMadeHere, _UserAdmin):
    list_display = ("email", "name", "organisation", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff", "organisation")
    search_fields = ("email", "name")
    fields = (
        "email",
        "name",
        "organisation",
        "microsoft_tenant_id",
        "microsoft_oid",
        "salesforce_username",
        "is_active",
        "created_at",
        "last_login",
    )
    readonly_fields = ("email", "organisation", "microsoft_tenant_id", "microsoft_oid", "created_at", "last_login")


@admin.register(Connection)
class ConnectionAdmin(_NotMadeHere, _ConnectionAdmin):
    list_display = ("user", "system", "state", "external_username", "connected_at")
    list_filter = ("system", "state", "organisation")
    fields = (
        "organisation",
        "user",
        "system",
        "state",
        "external_username",
        "external_user_id",
        "instance_url",
        "connected_at",
        "access_expires_at",
        "token_number",
    )
    readonly_fields = fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
