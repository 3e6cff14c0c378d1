"""`manage.py provision_mailboxes ADDRESS …`: lets the organisation's own grant be used for these users' mailboxes."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import System, User
from accounts.services import CannotProvision, provision_mailbox, withdraw_mailbox
from permissions.audit.recording import COMMAND, gathered
from permissions.declare import requires


@requires("organisation.change")
class Command(BaseCommand):
    help = (
        "Put users' Microsoft 365 mailboxes on the allow-list of their organisation's own grant, or take them off it."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("addresses", nargs="+", metavar="ADDRESS")
        parser.add_argument("--withdraw", action="store_true", help="take them off the list")

    @gathered()
    def handle(self, *args: Any, **options: Any) -> None:
        for address in options["addresses"]:
            user = User.objects.filter(email__iexact=address, organisation__isnull=False).first()
            if user is None:
                raise CommandError(f"{address} is no user's address. Nothing was changed.")
            if options["withdraw"]:
                withdraw_mailbox(user, System.MICROSOFT, by=COMMAND)
                continue
            try:
                provision_mailbox(user, System.MICROSOFT, by=COMMAND)
            except CannotProvision as error:
                raise CommandError(f"{address}: {error} Nothing was changed.") from None
        self.stdout.write(
            f"{len(options['addresses'])} mailboxes {'withdrawn' if options['withdraw'] else 'provisioned'}."
        )
