"""`manage.py connect_service microsoft|salesforce …`: gives an organisation its own grant; again, to change it."""

from __future__ import annotations

import argparse
import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import service_grants
from accounts.models import Organisation, ServiceCredential
from permissions.declare import requires


@requires("organisation.change")
class Command(BaseCommand):
    help = "Store the key by which an organisation's mailboxes or its Salesforce integration user are reached."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        kinds = parser.add_subparsers(dest="kind", required=True)
        microsoft = kinds.add_parser("microsoft", help="Graph with application permissions and a certificate")
        microsoft.add_argument("--tenant", required=True, help="the Entra tenant's id")
        microsoft.add_argument("--certificate", required=True, type=Path, help="the certificate as PEM")
        salesforce = kinds.add_parser("salesforce", help="an integration user by JWT bearer")
        salesforce.add_argument("--username", required=True, help="the integration user's username")
        for kind in (microsoft, salesforce):
            kind.add_argument("--organisation", required=True, help="its name or id")
            kind.add_argument("--key", required=True, type=Path, help="the private key as PEM, without a passphrase")
            kind.add_argument("--client-id", default="", help="the application, where it is not that of the settings")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = _organisation(options["organisation"])
        try:
            credential = _connect(organisation, options)
        except service_grants.ServiceRefused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(f"{credential.get_kind_display()} of {organisation.name} works and is stored.")


def _connect(organisation: Organisation, options: dict[str, Any]) -> ServiceCredential:
    shared = {"private_key": _text(options["key"]), "client_id": options["client_id"]}
    if options["kind"] == "microsoft":
        return service_grants.connect_microsoft(
            organisation, tenant_id=options["tenant"], certificate=_text(options["certificate"]), **shared
        )
    return service_grants.connect_salesforce(organisation, username=options["username"], **shared)


def _organisation(named: str) -> Organisation:
    try:
        found = Organisation.objects.filter(pk=uuid.UUID(named))
    except ValueError:
        found = Organisation.objects.filter(name=named)
    if len(found) != 1:
        raise CommandError(f"{len(found)} organisations are called so; name one, by its id if need be.")
    return found[0]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise CommandError(f"{path} cannot be read as PEM.") from None
