"""`manage.py configuration history|restore`: what was changed in an organisation's configuration, and going back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.history.reading import history
from accounts.history.restoring import CannotRestore, Outcome, restore_object, restore_organisation
from accounts.models import ConfigurationChange, Organisation
from permissions.audit.recording import COMMAND
from permissions.declare import requires


@requires("history.restore")
class Command(BaseCommand):
    help = "Shows what was changed in an organisation's configuration, or puts it back. A rehearsal unless --really."

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        shown = steps.add_parser("history", help="what was changed, the newest first")
        shown.add_argument("--organisation", type=UUID, required=True, help="the id of an organisation")
        shown.add_argument("--since", type=_moment, metavar="WHEN", help="2026-11-28T09:30:00Z; no zone: the server's")
        shown.add_argument("--until", type=_moment, metavar="WHEN")
        shown.add_argument("--limit", type=int, default=50, help="how many changes at most (50)")
        back = steps.add_parser("restore", help="put back one change, or everything to a point in time")
        back.add_argument("--organisation", type=UUID, required=True, help="the id of an organisation")
        which = back.add_mutually_exclusive_group(required=True)
        which.add_argument("--to", type=_moment, metavar="WHEN", help="everything as it was then")
        which.add_argument("--change", type=int, metavar="NUMBER", help="what this change changed, as it was before")
        back.add_argument("--really", action="store_true", help="do it; without this it is only listed")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = Organisation.objects.filter(pk=options["organisation"]).first()
        if organisation is None:
            raise CommandError("There is no such organisation.")
        if options["step"] == "history":
            self._show(organisation, options)
        else:
            self._restore(organisation, options)

    def _show(self, organisation: Organisation, options: dict[str, Any]) -> None:
        page = history(
            COMMAND, organisation, since=options["since"], until=options["until"], size=max(1, options["limit"])
        )
        for line in page.lines:
            when = timezone.localtime(line.at).isoformat(timespec="seconds")
            for sentence in line.sentences:
                self.stdout.write(f"{line.id}  {when}  {line.who}: {sentence}")
        if page.older is not None:
            self.stdout.write("There is more: name --until, or a higher --limit.")

    def _restore(self, organisation: Organisation, options: dict[str, Any]) -> None:
        rehearsal = not options["really"]
        try:
            if options["to"] is not None:
                outcome = restore_organisation(COMMAND, organisation, options["to"], rehearsal=rehearsal)
            else:
                change = ConfigurationChange.objects.filter(organisation=organisation, pk=options["change"]).first()
                if change is None:
                    raise CommandError("This organisation has no such change.")
                outcome = restore_object(COMMAND, change, rehearsal=rehearsal)
        except CannotRestore as error:
            raise CommandError(str(error)) from None
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        for done in outcome.done:
            for sentence in done.sentences:
                self.stdout.write(sentence)
        for left in outcome.left:
            self.stdout.write(f"Left as it is: {left.title}: {left.reason}")
        count = len(outcome.done)
        things = "1 thing" if count == 1 else f"{count} things"
        if outcome.rehearsal:
            self.stdout.write(f"{things} would be put back. Nothing was changed: say --really.")
        else:
            self.stdout.write(f"{things} put back.")


def _moment(text: str) -> datetime:
    found = parse_datetime(text)
    if found is None:
        raise ValueError(text)
    return found if timezone.is_aware(found) else timezone.make_aware(found)
