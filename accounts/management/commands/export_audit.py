"""`manage.py export_audit`: the audit trail of an organisation as JSON lines, on standard output."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.management.audit_chain import add_chain, root_of
from permissions.audit.actions import UnknownAction
from permissions.audit.export import export_lines
from permissions.audit.recording import COMMAND
from permissions.declare import requires


@requires("audit.export")
class Command(BaseCommand):
    help = "Writes the audit trail of an organisation as JSON lines. That it was exported is recorded."

    def add_arguments(self, parser: CommandParser) -> None:
        add_chain(parser, required=True)
        parser.add_argument("--from", dest="since", type=_moment, help="2026-01-31 or 2026-01-31T09:30, in UTC")
        parser.add_argument("--until", type=_moment, help="up to there, and not that moment itself")
        parser.add_argument("--action", help="one action alone, such as grant.given")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = {name: options[name] for name in ("since", "until", "action")}
        try:
            lines = export_lines(root_of(options), by=COMMAND, **asked)
        except UnknownAction as error:
            raise CommandError(str(error)) from None
        for line in lines:
            self.stdout.write(line, ending="")


def _moment(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
