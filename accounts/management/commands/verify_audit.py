"""`manage.py verify_audit`: recomputes the audit trail; a line for each thing that does not fit, exit status 1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from accounts.management.audit_chain import add_chain, root_of
from permissions.audit import guards, verifying
from permissions.audit.models import chain_of
from permissions.audit.verifying import Anchor, Finding
from permissions.declare import requires


@requires("audit.view")
class Command(BaseCommand):
    help = "Recomputes the chains of the audit trail, or an export of one (all chains when none is named)."

    def add_arguments(self, parser: CommandParser) -> None:
        add_chain(parser)
        parser.add_argument("--all", action="store_true", help="every chain, as without any argument")
        parser.add_argument("--file", type=Path, help="an export, verified with nothing but itself and the anchors")
        parser.add_argument(
            "--anchor",
            action="append",
            default=[],
            metavar="[CHAIN:]NUMBER:HASH",
            help="a head that was noted elsewhere; may be given several times",
        )
        parser.add_argument("--anchors", type=Path, help="a file of such anchors, as --print-anchors prints them")
        parser.add_argument("--print-anchors", action="store_true", help="print the heads, to be kept elsewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["print_anchors"]:
            for anchor in verifying.anchors():
                self.stdout.write(str(anchor))
            return
        found = 0
        for finding in self._findings(options):
            found += 1
            self.stdout.write(str(finding))
        if found:
            raise CommandError("One thing does not fit." if found == 1 else f"{found} things do not fit.")
        self.stdout.write("The audit trail is whole.")

    def _findings(self, options: dict[str, Any]) -> Iterator[Finding | str]:
        known = _anchors(options)
        if options["file"] is not None:
            with _opened(options["file"]) as lines:
                try:
                    yield from verifying.verify_file(lines, known)
                except (ValueError, KeyError, TypeError):
                    raise CommandError("This file is no export of an audit trail, or a line of it is broken.") from None
            return
        for name in guards.missing(connection):
            yield f"The database refuses changes no more: its trigger {name} is missing or switched off."
        named = options["organisation"] or options["no_organisation"]
        chains = [chain_of(root_of(options))] if named else verifying.chains()
        if not named:
            chains += sorted({anchor.chain for anchor in known} - set(chains))
        for chain in chains:
            yield from verifying.verify(chain, known)


def _anchors(options: dict[str, Any]) -> list[Anchor]:
    named = options["organisation"] or options["no_organisation"]
    chain = chain_of(root_of(options)) if named else None
    texts: list[str] = list(options["anchor"])
    if options["anchors"] is not None:
        with _opened(options["anchors"]) as lines:
            texts += [line for line in lines if line.strip()]
    try:
        return [Anchor.read(text, chain) for text in texts]
    except ValueError:
        raise CommandError(
            "An anchor is CHAIN:NUMBER:HASH, or NUMBER:HASH together with --organisation or --no-organisation."
        ) from None


def _opened(path: Path) -> Any:
    try:
        return path.open(encoding="utf-8")
    except OSError:
        raise CommandError(f"{path} cannot be read.") from None
