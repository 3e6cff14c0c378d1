"""Connections and the organisation's own grants: their state, and never a secret of them, not even masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy

from accounts import connecting
from accounts.administration.base import Needs, Read
from accounts.administration.place import Place
from accounts.administration.steps import Step
from accounts.models import Connection, ProvisionedMailbox, ServiceCredential, System
from accounts.services import withdraw_mailbox


def disconnect(place: Place, row: Connection, _given: Mapping[str, Any]) -> None:
    """The tokens are forgotten here, and the grant is ended at the provider; a mailbox leaves the allow-list."""
    if row.kind == Connection.Kind.SERVICE:
        withdraw_mailbox(row.user, System(row.system), by=place.doer)
    else:
        connecting.disconnect(row.user, System(row.system), by=place.doer)


@admin.register(Connection)
class ConnectionPage(Read):
    title = gettext_lazy("Connections")
    tells = gettext_lazy("Which systems people have connected, and which of them have to be connected again.")
    empty = gettext_lazy("Nobody has connected anything yet: each person does so in the pane.")
    room, order, kind = "people", 30, "connection"
    needs = Needs(view="connection.view")
    list_display = ("user", "system", "state", "kind", "external_username", "connected_at")
    list_filter = ("state", "system", "kind")
    search_fields = ("user__email", "user__name", "external_username")
    list_select_related = ("user", "resource")
    ordering = ("user__email", "system")
    fields = (
        *("user", "system", "kind", "state", "external_username", "external_user_id", "instance_url"),
        *("granted_scopes", "connected_at", "access_expires_at"),
    )
    readonly_fields = fields
    steps = (
        Step(
            "disconnect",
            gettext_lazy("Disconnect"),
            "connection.disconnect",
            gettext_lazy(
                "Its tokens are forgotten and its access is ended at the provider. What is filed stays filed; nothing "
                "more is read or filed with it until the person connects it again."
            ),
            gettext_lazy("Disconnected."),
            disconnect,
            danger=True,
            offered=lambda row: row.state != Connection.State.DISCONNECTED,
        ),
    )

    def name_of(self, obj: Connection) -> str:
        return f"{obj.user.name or obj.user.email}: {obj.get_system_display()}"


@admin.register(ServiceCredential)
class CredentialPage(Read):
    title = gettext_lazy("Access for many at once")
    tells = gettext_lazy(
        "What the organisation itself may reach. It is set up on the machine: manage.py connect_service."
    )
    room, order, kind = "organisation", 40, "credential"
    needs = Needs(view="connection.view")
    resource_field = "organisation__resource"
    list_display = ("kind", "state", "subject", "created_at")
    list_filter = ("kind", "state")
    list_select_related = ("organisation__resource",)
    ordering = ("kind",)
    fields = ("system", "kind", "state", "client_id", "subject", "external_user_id", "instance_url", "created_at")
    readonly_fields = fields

    def name_of(self, obj: ServiceCredential) -> str:
        return str(obj.get_kind_display())


@admin.register(ProvisionedMailbox)
class ProvisionedPage(Read):
    title = gettext_lazy("Mailboxes it may reach")
    tells = gettext_lazy(
        "One that is not listed is never asked for. The list is made by manage.py provision_mailboxes."
    )
    room, order, kind = "organisation", 50, "mailbox"
    needs = Needs(view="connection.view")
    resource_field = "user__resource"
    list_display = ("user", "system", "address", "created_at")
    list_filter = ("system",)
    search_fields = ("user__email", "address")
    list_select_related = ("user__resource",)
    ordering = ("user__email",)
    fields = ("user", "system", "external_id", "address", "created_at")
    readonly_fields = fields

    def name_of(self, obj: ProvisionedMailbox) -> str:
        return obj.address
