"""`manage.py end_sessions`: signs one user, an organisation's users, or everybody out, at once."""

from __future__ import annotations

import argparse
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from accounts import cookie_sessions
from accounts.models import Organisation, User
from accounts.signing_in import end_sessions_of
from permissions.audit.recording import COMMAND
from permissions.declare import requires


@requires("user.offboard")
class Command(BaseCommand):
    help = "End all sessions, of the pane and of the administration pages. Those concerned may sign in again."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--user", metavar="ADDRESS")
        whose.add_argument("--organisation", type=uuid.UUID, metavar="ID")
        whose.add_argument("--everybody", action="store_true", help="operators too")

    def handle(self, *args: Any, **options: Any) -> None:
        users = User.objects.select_related("organisation")
        if options["user"]:
            users = users.filter(email__iexact=options["user"])
            if not users.exists():
                raise CommandError(f"{options['user']} is no user's address.")
        elif options["organisation"]:
            users = users.filter(organisation=options["organisation"])
            if not Organisation.objects.filter(pk=options["organisation"]).exists():
                raise CommandError("There is no such organisation.")
        holding = users.filter(
            Q(pane_sessions__revoked_at__isnull=True, pane_sessions__expires_at__gt=timezone.now())
            | Q(session_tickets__expires_at__gt=timezone.now())
            | Q(pk__in=cookie_sessions.holders())
        )
        ended = sum(end_sessions_of(user, by=COMMAND) for user in holding.distinct())
        self.stdout.write(f"{ended} sessions ended.")
