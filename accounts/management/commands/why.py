"""`manage.py why USER_EMAIL PERMISSION [RESOURCE]`: which grants let somebody do something, or what is missing."""

from __future__ import annotations

import argparse
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.naming import name_of
from permissions import policy, registry
from permissions.declare import requires
from permissions.models import Resource


@requires("why.ask")
class Command(BaseCommand):
    help = "Say which grants let a user do something, or what is missing."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("email", metavar="USER_EMAIL")
        parser.add_argument("permission", metavar="PERMISSION")
        parser.add_argument(
            "resource",
            nargs="?",
            metavar="RESOURCE",
            help="a resource's id, or the address of a mailbox's owner (default: the user's own mailbox)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.select_related("resource").filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"{options['email']} is no user's address.")
        try:
            why = policy.why(user.principal_id, options["permission"], _resource(user, options["resource"]))
        except registry.UnknownPermission:
            names = ", ".join(one.name for one in registry.permissions())
            raise CommandError(f"There is no permission {options['permission']}. There are: {names}.") from None
        if not user.is_active:
            self.stdout.write("This user is switched off and may do nothing, whatever was given:")
        for sentence in why.sentences(name_of):
            self.stdout.write(sentence)


def _resource(user: User, named: str | None) -> Resource:
    if not named:
        if user.resource is None:
            raise CommandError("An operator has no mailbox: name a resource.")
        return user.resource
    if "@" in named:
        owner = User.objects.select_related("resource").filter(email__iexact=named, resource__isnull=False).first()
        if owner is None or owner.resource is None:
            raise CommandError(f"{named} is no user's address.")
        return owner.resource
    try:
        return Resource.objects.get(pk=uuid.UUID(named))
    except (ValueError, Resource.DoesNotExist):
        raise CommandError(f"{named} is neither a resource's id nor an address.") from None
