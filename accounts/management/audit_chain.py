"""Naming a chain of the audit trail on the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from accounts.models import Organisation


def add_chain(parser: ArgumentParser, *, required: bool = False) -> None:
    which = parser.add_mutually_exclusive_group(required=required)
    which.add_argument("--organisation", type=UUID, help="the id of an organisation")
    which.add_argument("--no-organisation", action="store_true", help="events of no organisation: operators, refusals")


def root_of(options: dict[str, Any]) -> UUID | None:
    """The root of the chain that was named. Raises CommandError for an unknown organisation."""
    if options["organisation"] is None:
        return None
    root = Organisation.objects.filter(pk=options["organisation"]).values_list("resource_id", flat=True).first()
    if root is None:
        raise CommandError("There is no such organisation.")
    return root
